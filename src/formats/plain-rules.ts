/**
 * What a policy says of one call on one ABI, in the rules of the plain dialect: without an order, each with at most one
 * comparison of an argument. Where the order of the rules decides, each gets what those before it leave over.
 */
import type { U32 } from '../num/index.ts';
import { type CanonicalRules, canonicalRules, type Standing } from '../policy/canonical.ts';
import { smallestMatch } from '../policy/conditions.ts';
import type { Condition, PolicyRule } from '../policy/index.ts';
import { type Comparison, folded, negated, singleComparisons } from './comparisons.ts';

/** A rule for a call that is met when all of its comparisons hold, which are of different arguments. */
export interface PlainRule {
  readonly action: U32;
  readonly comparisons: readonly Comparison[];
}

/** Rules for one call beyond any that a person has written. */
const MOST_RULES = 2000;

function meets(conditions: readonly Condition[]): boolean {
  const args = new Set(conditions.map((c) => c.argIndex));
  return [...args].every((i) => smallestMatch(conditions.filter((c) => c.argIndex === i)) !== undefined);
}

/** The rules in an order of our own, without what never and what always holds. */
export function settledRules(rules: readonly PolicyRule[], defaultAction: U32): CanonicalRules {
  const kept = rules.flatMap((rule): readonly PolicyRule[] => {
    const conditions: Condition[] = [];
    for (const c of rule.conditions) {
      const f = folded(c);
      if (f === false) return [];
      if (f !== true) conditions.push(f);
    }
    return meets(conditions) ? [{ ...rule, conditions }] : [];
  });
  return canonicalRules(kept, defaultAction);
}

/** What is left of `box` outside `conditions`, in parts that exclude each other. */
function outside(box: readonly Condition[], conditions: readonly Condition[]): readonly (readonly Condition[])[] {
  const parts: (readonly Condition[])[] = [];
  let inside = box;
  for (const c of conditions) {
    for (const not of negated(c)) {
      const f = folded(not);
      if (f === false) continue;
      const part = f === true ? inside : [...inside, f];
      if (meets(part)) parts.push(part);
    }
    inside = [...inside, c];
  }
  return parts;
}

/** Rules that exclude each other, with the meaning of rules of which the first that holds decides. */
function withoutOrder(rules: readonly Standing[], defaultAction: U32): readonly Standing[] | undefined {
  const found: Standing[] = [];
  let left: readonly (readonly Condition[])[] = [[]];
  for (const { action, conditions } of rules) {
    const next: (readonly Condition[])[] = [];
    for (const box of left) {
      const both = [...box, ...conditions];
      if (!meets(both)) {
        next.push(box);
        continue;
      }
      if (action !== defaultAction) found.push({ action, conditions: both });
      next.push(...outside(box, conditions));
    }
    left = next;
    if (left.length + found.length > MOST_RULES) return undefined;
  }
  return found;
}

/** Every way to take one comparison of each argument; undefined where there are too many. */
function choices(parts: readonly (readonly Comparison[])[]): readonly (readonly Comparison[])[] | undefined {
  const size = parts.reduce((product, part) => product * part.length, 1);
  if (size > MOST_RULES) return undefined;
  return parts.reduce<readonly (readonly Comparison[])[]>(
    (all, part) => all.flatMap((chosen) => part.map((c) => [...chosen, c])),
    [[]],
  );
}

/**
 * The rules of one call as plain rules; whatever matches none gets the default action. Undefined where that takes more
 * rules than any profile has. `passes32`: the ABI passes 32 bits of each argument.
 */
export function plainRules(
  { rules, ordered }: CanonicalRules,
  defaultAction: U32,
  passes32: boolean,
): readonly PlainRule[] | undefined {
  const standing = ordered ? withoutOrder(rules, defaultAction) : rules;
  if (standing === undefined) return undefined;
  const found: PlainRule[] = [];
  for (const { action, conditions } of standing) {
    const args = [...new Set(conditions.map((c) => c.argIndex))].sort();
    const parts: (readonly Comparison[])[] = [];
    for (const i of args) {
      const single = singleComparisons(
        conditions.filter((c) => c.argIndex === i),
        passes32,
      );
      if (single === undefined) return undefined;
      parts.push(single);
    }
    const chosen = choices(parts);
    if (chosen === undefined || found.length + chosen.length > MOST_RULES) return undefined;
    for (const comparisons of chosen) found.push({ action, comparisons });
  }
  return found;
}
