/** The join: what the compiler makes is handed out only when the checker accepts it. */
import { compilePolicy } from '../compile/index.ts';
import { unreachable } from '../diag/index.ts';
import { type CheckedProgram, check } from '../kernel/index.ts';
import type { Policy } from '../policy/index.ts';

/**
 * Compiles a policy to classic BPF that the kernel accepts.
 *
 * @returns the program: `insns` (sock_filter records), `bytes` (8 per instruction, in the target's byte order), `endian`
 * @throws SeccompcError COMPILE_TOO_LONG when the policy does not fit 4096 instructions
 */
export function compile(policy: Policy): CheckedProgram {
  const made = compilePolicy(policy);
  const verdict = check(made.insns, { endian: made.endian });
  return verdict.ok ? verdict.program : unreachable(`the compiler made a program that is refused: ${verdict.message}`);
}
