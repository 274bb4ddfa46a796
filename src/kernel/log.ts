/**
 * What the checker looked at, instruction by instruction: a log in the spirit of the eBPF verifier's, which the kernel
 * does not give for classic BPF.
 */
import type { RawInsn } from '../bpf/index.ts';
import { type Refusal, refusalOf } from './check.ts';
import { RULES } from './rules.ts';
import { firstUnsetLoad } from './scratch.ts';

export interface LogLine {
  readonly pc: number;
  /** What was asked of the instruction. */
  readonly asked: readonly string[];
  /** Slots that are surely stored before it, bit i for M[i]; undefined where the pass did not come. */
  readonly stored: number | undefined;
}

export interface CheckLog {
  /** Up to the instruction that is refused, or all of them. */
  readonly lines: readonly LogLine[];
  readonly refusal: Refusal | undefined;
}

/** The log of checking these records; the verdict is that of `check`. */
export function checkLog(insns: readonly RawInsn[]): CheckLog {
  const refusal = refusalOf(insns);
  const stored = new Map<number, number>();
  // The kernel comes to scratch memory only when every instruction is in order.
  if (refusal === undefined || refusal.code === 'INSN_MEM_UNSET')
    firstUnsetLoad(insns, (pc, mask) => stored.set(pc, mask));
  const last = refusal === undefined ? insns.length - 1 : Math.min(refusal.pc, insns.length - 1);
  const lines = insns.slice(0, last + 1).map((insn, pc) => {
    const asked = RULES.filter((rule) => rule.applies(insn)).map((rule) => rule.asks);
    if (insn.code === 0x60 || insn.code === 0x61) asked.push(`M[${insn.k}] stored before`);
    if (pc === insns.length - 1) asked.push('a return at the end');
    return { pc, asked, stored: stored.get(pc) };
  });
  return { lines, refusal };
}
