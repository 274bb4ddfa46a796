/** What the kernel accepts and the author cannot have meant. */
import { ACTION_NAMES, actionOf, dataOf, MAX_ERRNO, SECCOMP_RET_ERRNO } from '../arch/index.ts';
import type { Diagnostic } from '../diag/index.ts';
import { hex } from '../num/index.ts';
import type { CheckedProgram } from './program.ts';

/** Return words that do something else than they say; places are instructions. */
export function findings(program: CheckedProgram): readonly Diagnostic[] {
  return program.insns.flatMap((insn, pc): Diagnostic[] => {
    if (insn.code !== 0x06) return [];
    const action = actionOf(insn.k);
    if (!ACTION_NAMES.has(action)) {
      const message = `returns ${hex(insn.k)}, whose upper half ${hex(action)} is no action: the kernel kills the process`;
      const help = 'an errno goes into the lower 16 bits: SECCOMP_RET_ERRNO | EACCES, not EACCES << 16';
      return [{ code: 'RET_UNKNOWN_ACTION', severity: 'warning', pc, message, help }];
    }
    if (action === SECCOMP_RET_ERRNO && dataOf(insn.k) > MAX_ERRNO) {
      const message = `returns errno ${dataOf(insn.k)}; the kernel makes it ${MAX_ERRNO}`;
      return [{ code: 'RET_ERRNO_CAPPED', severity: 'warning', pc, message }];
    }
    return [];
  });
}
