/**
 * The rules for single instructions, ported one by one. The kernel's union of two passes: bpf_check_classic() for classic
 * BPF at large, seccomp_check_filter() for what seccomp takes of it.
 * @see Linux v6.12 net/core/filter.c bpf_check_classic(), chk_code_allowed(); kernel/seccomp.c seccomp_check_filter()
 */
import { SECCOMP_DATA_SIZE } from '../arch/index.ts';
import { decode, type RawInsn } from '../bpf/index.ts';
import { isConditionalJump } from '../bpf/opcodes.ts';
import type { Code } from '../diag/index.ts';
import { hex } from '../num/index.ts';

/** Scratch memory slots. @see Linux include/uapi/linux/filter.h BPF_MEMWORDS */
export const BPF_MEMWORDS = 16;

export interface Rule {
  readonly code: Code;
  readonly applies: (insn: RawInsn) => boolean;
  readonly holds: (insn: RawInsn, pc: number, length: number) => boolean;
  /** What is wrong with an instruction for which the rule does not hold. */
  readonly say: (insn: RawInsn, pc: number, length: number) => string;
  /** What the rule asks, in a few words, for the log. */
  readonly asks: string;
  readonly help?: string;
}

/** Opcodes that classic BPF has and seccomp has not, for a better message. */
const KNOWN_ELSEWHERE: ReadonlyMap<number, string> = new Map([
  [0x94, 'MOD'],
  [0x9c, 'MOD by X'],
  [0x28, 'a half-word load'],
  [0x30, 'a byte load'],
  [0x40, 'an indirect word load (BPF_IND)'],
  [0x48, 'an indirect half-word load (BPF_IND)'],
  [0x50, 'an indirect byte load (BPF_IND)'],
  [0xb1, 'an IP header length load (BPF_MSH)'],
  [0x0e, 'RET X'],
  [0x8c, 'NEG with the X source bit'],
  [0x0d, 'JA with the X source bit'],
  [0x21, 'an absolute load into X'],
]);

/** Opcodes are whole 16-bit numbers; no bit is masked off. @see seccomp_check_filter() default case */
const opcode: Rule = {
  code: 'INSN_OPCODE',
  asks: 'one of the 41 opcodes',
  applies: () => true,
  holds: (i) => decode(i) !== undefined,
  say: (i) => {
    const known = KNOWN_ELSEWHERE.get(i.code);
    return known === undefined
      ? `opcode ${hex(i.code)} is no instruction that seccomp accepts`
      : `opcode ${hex(i.code)} is ${known}: classic BPF has it, seccomp refuses it`;
  },
  help: 'a filter sees only seccomp_data (number, architecture, arguments as values); it cannot follow a pointer, so paths and strings are out of reach',
};

/** @see seccomp_check_filter() BPF_LD | BPF_W | BPF_ABS: 32-bit aligned and not out of bounds */
const load: Rule = {
  code: 'INSN_LOAD',
  asks: 'a 32-bit word of seccomp_data',
  applies: (i) => i.code === 0x20,
  holds: (i) => i.k < SECCOMP_DATA_SIZE && i.k % 4 === 0,
  say: (i) => `loads at byte ${i.k}; seccomp_data has 32-bit words at 0, 4, ... 60`,
};

/** @see bpf_check_classic() BPF_ALU | BPF_DIV | BPF_K */
const divideByConstant: Rule = {
  code: 'INSN_DIV',
  asks: 'a divisor that is not 0',
  applies: (i) => i.code === 0x34,
  holds: (i) => i.k !== 0,
  say: () => 'divides by the constant 0',
};

/** Constant shifts of 32 or more; the operand is in bits. @see bpf_check_classic() BPF_LSH, BPF_RSH */
const shiftByConstant: Rule = {
  code: 'INSN_SHIFT',
  asks: 'a shift of 0 to 31',
  applies: (i) => i.code === 0x64 || i.code === 0x74,
  holds: (i) => i.k < 32,
  say: (i) => `shifts by ${i.k}; a 32-bit word has 32 bits, so the kernel takes 0 to 31`,
};

/** @see bpf_check_classic() BPF_LD | BPF_MEM, BPF_LDX | BPF_MEM, BPF_ST, BPF_STX */
const slot: Rule = {
  code: 'INSN_MEM',
  asks: 'a scratch slot 0 to 15',
  applies: (i) => i.code === 0x60 || i.code === 0x61 || i.code === 0x02 || i.code === 0x03,
  holds: (i) => i.k < BPF_MEMWORDS,
  say: (i) => `names scratch slot ${i.k}; there are 0 to ${BPF_MEMWORDS - 1}`,
};

/** Unsigned, so no jump goes backwards and none wraps around. @see bpf_check_classic() BPF_JMP | BPF_JA */
const always: Rule = {
  code: 'INSN_JUMP',
  asks: 'a target inside the program',
  applies: (i) => i.code === 0x05,
  holds: (i, pc, length) => i.k < length - pc - 1,
  say: (i, pc, length) => `jumps ${i.k} instructions ahead; ${length - pc - 1} follow`,
};

/** Both targets, whichever can be taken. @see bpf_check_classic() conditional jumps */
const conditional: Rule = {
  code: 'INSN_JUMP',
  asks: 'both targets inside the program',
  applies: (i) => isConditionalJump(i.code),
  holds: (i, pc, length) => pc + i.jt + 1 < length && pc + i.jf + 1 < length,
  say: (i, pc, length) => `jumps ${Math.max(i.jt, i.jf)} instructions ahead; ${length - pc - 1} follow`,
};

export const RULES: readonly Rule[] = [opcode, load, divideByConstant, shiftByConstant, slot, always, conditional];
