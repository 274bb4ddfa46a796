/**
 * A program that denies nothing and logs what the given one would deny: every constant that it returns is exchanged, and
 * nothing else. So it takes the same path for every call, costs the same, and fits where the other fits; no compiler and
 * no profile is needed, and what `run` gives is known exactly:
 *
 *     ALLOW, LOG -> ALLOW        anything else, also words that are no action (the kernel kills for them) -> LOG
 *
 * LOG becomes ALLOW: a call that the filter lets through, and logs, is not one that it would deny.
 */
import { actionOf, SECCOMP_RET_ALLOW, SECCOMP_RET_LOG } from '../arch/index.ts';
import { unreachable } from '../diag/index.ts';
import { type CheckedProgram, check } from '../kernel/index.ts';

const RET_K = 0x06;
const RET_A = 0x16;
const DIV_X = 0x3c;

const RUNS: ReadonlySet<number> = new Set([SECCOMP_RET_ALLOW, SECCOMP_RET_LOG]);

/**
 * Undefined for a program that may return what is no constant: what it has computed, or the 0 of a division by zero, which
 * kills. Our compiler makes neither.
 */
export function logOnly(program: CheckedProgram): CheckedProgram | undefined {
  if (program.insns.some(({ code }) => code === RET_A || code === DIV_X)) return undefined;
  const insns = program.insns.map((insn) => {
    if (insn.code !== RET_K) return insn;
    return { ...insn, k: RUNS.has(actionOf(insn.k)) ? SECCOMP_RET_ALLOW : SECCOMP_RET_LOG };
  });
  const verdict = check(insns, { endian: program.endian });
  return verdict.ok
    ? verdict.program
    : unreachable(`other constants made a program that is refused: ${verdict.message}`);
}
