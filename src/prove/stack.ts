/**
 * The meaning of several filters on one task: `runStack` said as a diagram. All are evaluated, newest first, and a word
 * takes the kept one's place when its action, as a signed number, is strictly smaller.
 * @see Linux kernel/seccomp.c seccomp_run_filters()
 */
import { compareStrictness, SECCOMP_RET_ALLOW, SECCOMP_RET_KILL_PROCESS } from '../arch/index.ts';
import type { Words } from '../diagram/index.ts';
import type { CheckedProgram } from '../kernel/index.ts';
import { type Meaning, stricterSet, toBits } from './meaning.ts';
import { meaningOfProgram } from './program.ts';

/** Filters that a task carries, in the order of installing. */
export interface FilterStack {
  readonly programs: readonly CheckedProgram[];
}

/** Throws LimitReached when the table of `words` is full. */
export function meaningOfStack({ programs }: FilterStack, words: Words): Meaning {
  const leaf = (word: number): Meaning => ({ kind: 'leaves', root: words.diagrams.leaf(word) });
  if (programs.length === 0) return leaf(SECCOMP_RET_KILL_PROCESS);
  return programs
    .toReversed()
    .map((program) => meaningOfProgram(program, words))
    .reduce((kept, next) => stricter(words, kept, next), leaf(SECCOMP_RET_ALLOW));
}

function stricter(words: Words, kept: Meaning, next: Meaning): Meaning {
  if (kept.kind === 'leaves' && next.kind === 'leaves') {
    const join = (k: number, n: number) => (compareStrictness(n, k) < 0 ? n : k);
    return { kind: 'leaves', root: words.diagrams.apply(kept.root, next.root, join) };
  }
  const [k, n] = [toBits(words, kept), toBits(words, next)];
  return { kind: 'bits', word: words.select(stricterSet(words, n, k), n, k) };
}
