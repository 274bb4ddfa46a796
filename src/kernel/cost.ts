/**
 * What a filter costs: its length after conversion to eBPF, which the kernel counts against a budget for the whole stack,
 * and the classic instructions that one call runs.
 */
import type { RawInsn } from '../bpf/index.ts';
import { isConditionalJump } from '../bpf/opcodes.ts';
import { type CheckedProgram, codeOf } from './program.ts';

/** @see Linux v6.12 kernel/seccomp.c MAX_INSNS_PER_PATH: (1 << 18) / sizeof(struct sock_filter) */
export const MAX_INSNS_PER_PATH = 32_768;
/** What each installed filter counts besides its length. @see seccomp_attach_filter() */
const PENALTY = 4;
/** A = 0, X = 0, and the context pointer moved. @see net/core/filter.c bpf_convert_filter() */
const PROLOGUE = 3;

function converted({ code, jt, jf, k }: RawInsn): number {
  if (code === 0x3c) return 5; // division by X: a test for zero and a way out
  if (code === 0x06) return 2; // the constant is moved first
  if (!isConditionalJump(code)) return 1;
  const isJset = (code & 0xf0) === 0x40;
  // An eBPF jump falls through on one side. With jt == 0 the test is turned round, which JSET has no opposite for.
  const second = (jt !== 0 && jf !== 0) || (isJset && jt === 0 && jf !== 0) ? 1 : 0;
  // eBPF sign-extends its 32-bit constant: one with the top bit is moved to a register first.
  const move = (code & 0x08) === 0 && k >= 0x8000_0000 ? 1 : 0;
  return 1 + second + move;
}

/**
 * The number of eBPF instructions that the kernel makes of a program, without bpf_jit_harden.
 * @see Linux v6.12 net/core/filter.c bpf_convert_filter()
 */
export function ebpfLength(program: CheckedProgram): number {
  return program.insns.reduce((sum, insn) => sum + converted(insn), PROLOGUE);
}

/** Instructions of the budget that are left when these filters are installed; negative: the last one does not fit. */
export function budgetLeft(programs: readonly CheckedProgram[]): number {
  const lengths = programs.map(ebpfLength);
  const used = lengths.reduce((sum, length) => sum + length + PENALTY, 0);
  // The new filter's own penalty is not counted, those of the installed ones are.
  return MAX_INSNS_PER_PATH - (programs.length === 0 ? 0 : used - PENALTY);
}

/** True when filters installed in this order all fit; else the kernel answers ENOMEM to the first that does not. */
export function stackFits(programs: readonly CheckedProgram[]): boolean {
  return programs.every((_, i) => budgetLeft(programs.slice(0, i + 1)) >= 0);
}

/** The most instructions that any call can run, over every path whether or not it can be taken. */
export function longestPath(program: CheckedProgram): number {
  const { code, jt, jf, k } = codeOf(program);
  const longest = new Uint32Array(code.length);
  const at = (pc: number) => longest[pc] ?? 0;
  for (let pc = code.length - 1; pc >= 0; pc--) {
    const op = code[pc] ?? 0;
    if (op === 0x06 || op === 0x16) longest[pc] = 1;
    else if (op === 0x05) longest[pc] = 1 + at(pc + 1 + (k[pc] ?? 0));
    else if (isConditionalJump(op)) longest[pc] = 1 + Math.max(at(pc + 1 + (jt[pc] ?? 0)), at(pc + 1 + (jf[pc] ?? 0)));
    else longest[pc] = 1 + at(pc + 1);
  }
  return at(0);
}
