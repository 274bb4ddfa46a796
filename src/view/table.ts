/** What is allowed, denied or conditional on an ABI, by category: each call judged for every argument value by proof. */
import {
  type Arch,
  CATEGORIES,
  type Category,
  categoryOf,
  describeWord,
  syscallNumber,
  syscallsOf,
} from '../arch/index.ts';
import { describeCondition, type Policy } from '../policy/index.ts';
import type { Judge } from '../prove/index.ts';

/** A call whose answer depends on its arguments, and its rules in words, where a policy tells them. */
export interface Conditional {
  readonly name: string;
  readonly when: readonly string[];
}

export interface Row {
  readonly category: Category;
  readonly allowed: readonly string[];
  readonly conditional: readonly Conditional[];
  readonly denied: readonly string[];
}

/** LOG and ALLOW run. The same functions each time: what they take is worked out once. */
const runs = (word: number): boolean => /^(ALLOW|LOG)/.test(describeWord(word));
const never = (word: number): boolean => !runs(word);

/** `policy`: what `judge` judges, where that is a policy; it gives the rules of conditional calls. */
export function rowsOf(arch: Arch, judge: Judge, policy?: Policy): readonly Row[] {
  const rows = new Map<Category, { allowed: string[]; conditional: Conditional[]; denied: string[] }>(
    CATEGORIES.map((category) => [category, { allowed: [], conditional: [], denied: [] }]),
  );
  const own = policy?.arches.find((a) => a.arch === arch);
  for (const name of [...syscallsOf(arch).keys()].sort()) {
    const nr = syscallNumber(arch, name) as number;
    const row = rows.get(categoryOf(name) ?? 'system');
    const region = { calls: [{ arch: arch.audit, nr }] };
    if (judge.holds({ region, predicate: runs }).holds) row?.allowed.push(name);
    else if (judge.holds({ region, predicate: never }).holds) row?.denied.push(name);
    else {
      const when = (own?.calls.get(nr)?.rules ?? []).map(
        (r) =>
          `${describeWord(r.action, arch)} when ${r.conditions.map(describeCondition).join(' and ') || 'nothing else holds'}`,
      );
      row?.conditional.push({ name, when });
    }
  }
  return [...rows]
    .map(([category, row]) => ({ category, ...row }))
    .filter((r) => r.allowed.length + r.conditional.length + r.denied.length > 0);
}
