/**
 * The rules of one call, out of those of two policies.
 *
 * Always right is the product: each rule of A with each of B (and with "no rule", the default action, behind the last of
 * each), both their conditions, in lexicographic order. Of those that hold for a call the first is then the pair of the
 * two first ones. But it needs "the first rule that holds decides", which only seccompc reads, where ranges overlap; and
 * it is long. So forms that the dialect reads as they stand are tried first, each held against the diagram that is meant.
 */
import { compareStrictness } from '../arch/index.ts';
import type { Diagrams, Node } from '../diagram/index.ts';
import type { U32 } from '../num/index.ts';
import { canonicalRules, conditionKey } from '../policy/canonical.ts';
import { exampleArguments, implies } from '../policy/conditions.ts';
import type { ArchPolicy, Condition, PolicyRule } from '../policy/index.ts';
import { argumentRegions, callMeaning } from '../prove/index.ts';
import { conditionsOfRegion } from './regions.ts';

/** `merge` allows what either side allows, `intersect` what both allow. */
export type How = 'merge' | 'intersect';

/**
 * Of two result words the looser (merge) or the stricter one (intersect), in the kernel's order of actions. Where both
 * are the same action with other data (two errnos), the first side's.
 */
export function combinedWord(how: How, a: U32, b: U32): U32 {
  const by = compareStrictness(a, b);
  return (how === 'merge' ? by < 0 : by > 0) ? b : a;
}

/** Where the rules of a synthetic policy stand: nowhere, until its text is read. */
export const NOWHERE: PolicyRule['origin'] = { ruleIndex: 0, span: { start: 0, end: 0 } };

/** More pairs than this are not multiplied out: the call is refused. */
const MOST_PAIRS = 20_000;

const isOrdered = (rules: readonly PolicyRule[], otherwise: U32): boolean => canonicalRules(rules, otherwise).ordered;

/** Conditions of both, without those that another one implies; undefined when nothing can meet them. */
function bothConditions(a: readonly Condition[], b: readonly Condition[]): readonly Condition[] | undefined {
  const all = [...new Map([...a, ...b].map((c) => [conditionKey(c), c])).values()];
  if (exampleArguments(all) === undefined) return undefined;
  let left: readonly Condition[] = all;
  for (const condition of all) {
    const others = left.filter((c) => c !== condition);
    if (others.length > 0 && implies(others, [condition])) left = others;
  }
  return left;
}

function product(
  how: How,
  a: readonly PolicyRule[],
  b: readonly PolicyRule[],
  defaults: readonly [U32, U32],
): readonly PolicyRule[] | undefined {
  const withLast = (rules: readonly PolicyRule[], action: U32): readonly PolicyRule[] => [
    ...rules,
    { action, conditions: [], origin: NOWHERE },
  ];
  if ((a.length + 1) * (b.length + 1) > MOST_PAIRS) return undefined;
  return withLast(a, defaults[0]).flatMap((l) =>
    withLast(b, defaults[1]).flatMap((r) => {
      const conditions = bothConditions(l.conditions, r.conditions);
      const action = combinedWord(how, l.action, r.action);
      return conditions === undefined ? [] : [{ action, conditions, origin: NOWHERE }];
    }),
  );
}

/** Disjoint boxes of argument values, straight from the diagram; undefined when they are too many. */
function boxes(d: Diagrams, meant: Node, words: readonly U32[], otherwise: U32): readonly PolicyRule[] | undefined {
  const rules: PolicyRule[] = [];
  for (const action of words.filter((word) => word !== otherwise)) {
    const { regions, complete } = argumentRegions(
      d,
      d.where(meant, (word) => word === action),
    );
    if (!complete) return undefined;
    for (const region of regions) {
      const all = conditionsOfRegion(region);
      if (all === undefined) return undefined;
      rules.push(...all.map((conditions) => ({ action, conditions, origin: NOWHERE })));
    }
  }
  return rules;
}

export interface CallRules {
  readonly rules: readonly PolicyRule[];
  /** The dialect's own reading would not do. */
  readonly ordered: boolean;
}

/** What one side says of a call. */
export interface SideCall {
  readonly rules: readonly PolicyRule[];
  /** What the call gets where no rule holds. */
  readonly otherwise: U32;
}

/**
 * Rules that mean exactly `meant` with the default action behind them, the plainest that were found.
 * Undefined when none was: that is refused, by name.
 */
export function combinedRules(
  d: Diagrams,
  how: How,
  arch: Pick<ArchPolicy, 'defaultAction'>,
  sides: readonly [SideCall, SideCall],
  meant: Node,
  words: readonly U32[],
): CallRules | undefined {
  const [a, b] = sides;
  const { defaultAction } = arch;
  if (d.isLeaf(meant)) return { rules: [{ action: d.wordOf(meant), conditions: [], origin: NOWHERE }], ordered: false };
  const attempts: readonly (() => readonly PolicyRule[] | undefined)[] = [
    () => a.rules,
    () => b.rules,
    () => [...a.rules, ...b.rules],
    () => product(how, a.rules, b.rules, [a.otherwise, b.otherwise]),
    () => boxes(d, meant, words, defaultAction),
  ];
  let ordered: CallRules | undefined;
  for (const attempt of attempts) {
    const rules = attempt();
    if (rules === undefined || callMeaning(d, arch, rules) !== meant) continue;
    if (!isOrdered(rules, defaultAction)) return { rules, ordered: false };
    ordered ??= { rules, ordered: true };
  }
  return ordered;
}
