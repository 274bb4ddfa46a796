/**
 * The rules of one call in an order of our own, as far as their order means nothing: what `print.ts` prints.
 *
 * Two rules may change places when they have the same action, or when no call meets the conditions of both. All orders
 * that lead to each other by such steps become one: of the rules that none must stand before, the least always comes
 * next. Rules that change nothing go: what stands behind a rule without conditions, the second of two equal ones, and
 * a rule whose action the calls that it matches would get without it anyway.
 *
 * Weak spot: conditions are compared by what they say, not by what they mean ('less than 5' and 'at most 4' are two), and
 * beyond the limits below the order is left as it is.
 */
import type { U32 } from '../num/index.ts';
import { overlaps } from './overlaps.ts';
import type { Condition, ConditionOp, PolicyRule } from './types.ts';

/** A second or two of work; real calls have a dozen rules. */
const MOST_PAIRS = 100_000;
const MOST_OVERLAPS = 20_000;

export interface Standing {
  readonly action: U32;
  /** Sorted, each once. */
  readonly conditions: readonly Condition[];
}

export interface CanonicalRules {
  readonly rules: readonly Standing[];
  /** Only the rule "the first one that holds decides" gives these rules their meaning; the dialect's own would not. */
  readonly ordered: boolean;
}

const OPS: readonly ConditionOp[] = ['eq', 'ne', 'lt', 'le', 'gt', 'ge', 'masked_eq'];

/** Text that sorts conditions by argument, operator and values. */
export function conditionKey({ argIndex, op, value, mask, narrow }: Condition): string {
  const digits = (n: bigint) => n.toString(16).padStart(16, '0');
  return `${argIndex} ${OPS.indexOf(op)} ${digits(value)} ${digits(mask)} ${narrow ? 32 : 64}`;
}

interface Placed extends PolicyRule {
  readonly key: string;
}

/** Conditions sorted; without repeated rules and what stands behind a rule that always holds. */
function tidied(rules: readonly PolicyRule[]): readonly Placed[] {
  const found = new Map<string, Placed>();
  for (const rule of rules) {
    const byKey = new Map(rule.conditions.map((c) => [conditionKey(c), c]));
    const keys = [...byKey.keys()].sort();
    const conditions = keys.map((k) => byKey.get(k) as Condition);
    const key = `${keys.join(', ')} ${rule.action}`;
    if (!found.has(key)) found.set(key, { action: rule.action, conditions, origin: rule.origin, key });
    if (conditions.length === 0) break;
  }
  return [...found.values()];
}

/** For each rule those behind it that must stay there; undefined when that is too much work. */
function followers(rules: readonly Placed[]): ReadonlyMap<Placed, readonly Placed[]> | undefined {
  const found = new Map<Placed, Placed[]>();
  let count = 0;
  const gaveUpAt = overlaps(rules, MOST_PAIRS, (earlier, later) => {
    const list = found.get(earlier);
    if (list) list.push(later);
    else found.set(earlier, [later]);
    count += 1;
    return count <= MOST_OVERLAPS;
  });
  return gaveUpAt === undefined && count <= MOST_OVERLAPS ? found : undefined;
}

/** Always the rule with the least key next, of those before which no other one must stand. */
function leastFirst(rules: readonly Placed[], after: ReadonlyMap<Placed, readonly Placed[]>): readonly Placed[] {
  const waitsFor = new Map(rules.map((r) => [r, 0]));
  for (const rule of rules) for (const later of after.get(rule) ?? []) waitsFor.set(later, waitsFor.get(later)! + 1);
  /** Descending, so that the least is taken from the end. */
  const ready: Placed[] = [];
  const insert = (rule: Placed): void => {
    let [low, high] = [0, ready.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (ready[middle]!.key > rule.key) low = middle + 1;
      else high = middle;
    }
    ready.splice(low, 0, rule);
  };
  for (const rule of rules) if (waitsFor.get(rule) === 0) insert(rule);
  const sorted: Placed[] = [];
  for (let next = ready.pop(); next !== undefined; next = ready.pop()) {
    sorted.push(next);
    for (const later of after.get(next) ?? []) {
      const left = waitsFor.get(later)! - 1;
      waitsFor.set(later, left);
      if (left === 0) insert(later);
    }
  }
  return sorted;
}

/** True when the dialect reads the conditions of one rule as alternatives. */
function repeatsAnIndex({ conditions }: Standing): boolean {
  return new Set(conditions.map((c) => c.argIndex)).size < conditions.length;
}

/** The rules of one call, the first that holds deciding, else the default action. */
export function canonicalRules(rules: readonly PolicyRule[], defaultAction: U32): CanonicalRules {
  const tidy = tidied(rules);
  const always = tidy.find((r) => r.conditions.length === 0);
  const conditional = tidy.filter((r) => r !== always);
  const otherwise = always?.action ?? defaultAction;
  const last = otherwise === defaultAction ? [] : [always as Placed];
  const all = followers(conditional);
  if (all === undefined) return { rules: [...conditional, ...last], ordered: true };
  // Where no rule with another action follows, a call that meets the conditions gets this action either way.
  const needed = new Set(conditional.filter((r) => r.action !== otherwise || all.has(r)));
  const after = new Map(
    [...all].flatMap(([rule, list]) => {
      const left = list.filter((later) => needed.has(later));
      return left.length === 0 ? [] : [[rule, left] as const];
    }),
  );
  const sorted = leastFirst([...needed], after);
  const plain = sorted.length === 0 || (last.length === 0 && after.size === 0 && !sorted.some(repeatsAnIndex));
  return { rules: [...sorted, ...last], ordered: !plain };
}
