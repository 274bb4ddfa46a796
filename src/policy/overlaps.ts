/**
 * Which rules of one call get in each other's way: pairs with different actions whose conditions one call can meet.
 *
 * The rules are sorted by where their values of one argument begin, so that of a long list of single values only
 * neighbours are compared. Weak spot: rules that overlap in the argument used most but not in others are all compared,
 * each with each; hence the limit.
 */
import type { SeccompData } from '../arch/index.ts';
import { exampleArguments, hull } from './conditions.ts';
import type { PolicyRule } from './types.ts';

function mostUsedArgument(rules: readonly PolicyRule[]): number {
  const uses = [0, 0, 0, 0, 0, 0];
  for (const rule of rules) for (const c of rule.conditions) uses[c.argIndex] = (uses[c.argIndex] ?? 0) + 1;
  return uses.indexOf(Math.max(...uses));
}

/**
 * Reports each such pair, the rule that stands earlier first, with arguments that meet both; goes on as long as `report`
 * says true. Returns undefined, or the rule at which more than `mostPairs` pairs would have been looked at: then not all
 * were. How many are looked at does not depend on the order of the rules.
 */
export function overlaps<Rule extends PolicyRule>(
  rules: readonly Rule[],
  mostPairs: number,
  report: (earlier: Rule, later: Rule, example: SeccompData['args']) => boolean,
): Rule | undefined {
  if (rules.every((r) => r.action === rules[0]?.action)) return undefined;
  const swept = mostUsedArgument(rules);
  // Where some comparisons of the argument see 64 bits, one that sees 32 says nothing of where its values lie.
  const wide = rules.some((r) => r.conditions.some((c) => c.argIndex === swept && !c.narrow));
  const placed = rules
    .map((rule, order) => {
      const [low, high] = hull(rule.conditions.filter((c) => c.argIndex === swept && !(wide && c.narrow)));
      return { rule, order, low, high };
    })
    .filter(({ low, high }) => low <= high)
    .sort((a, b) => (a.low < b.low ? -1 : a.low > b.low ? 1 : a.order - b.order));
  let open: typeof placed = [];
  let pairs = 0;
  for (const next of placed) {
    open = open.filter((other) => other.high >= next.low);
    pairs += open.length;
    if (pairs > mostPairs) return next.rule;
    for (const other of open) {
      if (other.rule.action === next.rule.action) continue;
      const example = exampleArguments([...other.rule.conditions, ...next.rule.conditions]);
      if (example === undefined) continue;
      const [earlier, later] = other.order < next.order ? [other, next] : [next, other];
      if (!report(earlier.rule, later.rule, example)) return undefined;
    }
    open.push(next);
  }
  return undefined;
}
