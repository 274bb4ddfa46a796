/**
 * The join: what the compiler makes is handed out only when the checker accepts it and the prover finds it equal to the
 * policy for every architecture, number and argument value. Neither shares code with the compiler.
 */
import { type CompileOptions as CostOptions, compilePolicy } from '../compile/index.ts';
import { type Diagnostic, SeccompcError, unreachable } from '../diag/index.ts';
import { type CheckedProgram, check } from '../kernel/index.ts';
import type { Policy } from '../policy/index.ts';
import { type Proof, type Proved, type ProveOptions, prove } from '../prove/index.ts';
import { describeCall, describeWords } from './describe.ts';

/** What the program costs (see compile/options.ts), and whether and how hard to prove it. Nothing here changes its meaning. */
export interface CompileOptions extends CostOptions, ProveOptions {
  /** Prove the program equal to the policy; true unless stated. */
  readonly prove?: boolean | undefined;
}

export interface Compiled {
  readonly program: CheckedProgram;
  /** Absent when the proof was not asked for. */
  readonly proof?: Proved | undefined;
}

/** What a proof that is none says about a program, as an error at the policy. */
function refused(proof: Exclude<Proof, Proved>, policy: Policy): Diagnostic {
  const where = { severity: 'error', source: policy.source } as const;
  if (proof.undecided) {
    return {
      ...where,
      code: 'PROOF_UNDECIDED',
      message: `the program could not be proved equal to the policy: ${proof.why}`,
      help: 'nothing was emitted; simplify the rules with many conditions, or take it unproved with --no-prove',
    };
  }
  const { data, words } = proof.counterexample;
  return {
    ...where,
    code: 'PROOF_FAILED',
    message: `the program is not equal to the policy: ${describeCall(data)} gets ${describeWords(words)}`,
    help: 'this is a bug in seccompc, please report it with the profile; nothing was emitted',
  };
}

/**
 * Compiles a policy to classic BPF that the kernel accepts and that is proved equal to the policy.
 *
 * @throws SeccompcError COMPILE_TOO_LONG when the policy does not fit 4096 instructions; PROOF_UNDECIDED, PROOF_FAILED
 */
export function compileProved(policy: Policy, options: CompileOptions = {}): Compiled {
  const made = compilePolicy(policy, options);
  const verdict = check(made.insns, { endian: made.endian });
  if (!verdict.ok) return unreachable(`the compiler made a program that is refused: ${verdict.message}`);
  const { program } = verdict;
  if (options.prove === false) return { program };
  const proof = prove(program, policy, options);
  if (proof.proved) return { program, proof };
  throw new SeccompcError([refused(proof, policy)]);
}

/**
 * Compiles a policy to classic BPF that the kernel accepts, proved equal to the policy unless `prove` is false.
 * @param policy what `resolvePolicy` gave
 * @param options what the program may cost; none changes its meaning
 * @returns the program: `insns` (sock_filter records), `bytes` (8 per instruction, in the target's byte order), `endian`
 * @throws SeccompcError COMPILE_TOO_LONG when the policy does not fit 4096 instructions; PROOF_UNDECIDED, PROOF_FAILED
 */
export function compile(policy: Policy, options: CompileOptions = {}): CheckedProgram {
  return compileProved(policy, options).program;
}
