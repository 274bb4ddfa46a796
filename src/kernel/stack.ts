/** Several filters on one task: all are evaluated, the strictest action wins. */
import { compareStrictness, SECCOMP_RET_ALLOW, SECCOMP_RET_KILL_PROCESS, type SeccompData } from '../arch/index.ts';
import type { U32 } from '../num/index.ts';
import { run } from './interpret.ts';
import type { CheckedProgram } from './program.ts';

/**
 * The result word of a stack of filters, given in the order of installing. The kernel evaluates the newest first and
 * keeps a word when its action, compared as a signed number, is strictly smaller than the kept one: so of equal actions
 * the newest filter's data stays, and unknown words take part by their number. Data on ALLOW is lost: the kernel starts
 * from plain ALLOW. A task in filter mode without a filter is killed, so an empty stack gives KILL_PROCESS.
 * @param programs in the order of installing
 * @param data the call, as for `run`
 * @returns the result word: 32 bits
 * @throws TypeError for a program that `check` did not make
 * @see Linux v6.12 kernel/seccomp.c seccomp_run_filters()
 */
export function runStack(programs: readonly CheckedProgram[], data: SeccompData): U32 {
  if (programs.length === 0) return SECCOMP_RET_KILL_PROCESS;
  let kept: U32 = SECCOMP_RET_ALLOW;
  for (const program of programs.toReversed()) {
    const word = run(program, data);
    if (compareStrictness(word, kept) < 0) kept = word;
  }
  return kept;
}
