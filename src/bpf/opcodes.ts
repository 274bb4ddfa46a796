/**
 * Opcodes of classic BPF, spelt as in Linux include/uapi/linux/bpf_common.h and filter.h, and the 41 that seccomp takes.
 *
 *   code, 16 bits:  |  mode / operation (3..4 bits)  |  size or source (1..2 bits)  |  class (3 bits)  |
 */

export const BPF_LD_IMM = 0x00;
export const BPF_LD_ABS = 0x20;
export const BPF_LD_MEM = 0x60;
export const BPF_LD_LEN = 0x80;
export const BPF_LDX_IMM = 0x01;
export const BPF_LDX_MEM = 0x61;
export const BPF_LDX_LEN = 0x81;
export const BPF_ST = 0x02;
export const BPF_STX = 0x03;
export const BPF_JA = 0x05;
export const BPF_JEQ_K = 0x15;
export const BPF_JGT_K = 0x25;
export const BPF_JGE_K = 0x35;
export const BPF_JSET_K = 0x45;
export const BPF_AND_K = 0x54;
export const BPF_RET_K = 0x06;
export const BPF_RET_A = 0x16;
export const BPF_TAX = 0x07;
export const BPF_TXA = 0x87;

/** Source bit: the operand is k (0) or the X register (8). */
export const BPF_X = 0x08;

export type AluOp = 'add' | 'sub' | 'mul' | 'div' | 'or' | 'and' | 'lsh' | 'rsh' | 'xor';
export type JumpOp = 'jeq' | 'jgt' | 'jge' | 'jset';

/** ALU operations that seccomp takes; MOD (0x94) is classic BPF's but not seccomp's. */
export const ALU_OPS: ReadonlyMap<number, AluOp> = new Map([
  [0x04, 'add'],
  [0x14, 'sub'],
  [0x24, 'mul'],
  [0x34, 'div'],
  [0x44, 'or'],
  [0x54, 'and'],
  [0x64, 'lsh'],
  [0x74, 'rsh'],
  [0xa4, 'xor'],
]);
export const BPF_NEG = 0x84;

export const JUMP_OPS: ReadonlyMap<number, JumpOp> = new Map([
  [BPF_JEQ_K, 'jeq'],
  [BPF_JGT_K, 'jgt'],
  [BPF_JGE_K, 'jge'],
  [BPF_JSET_K, 'jset'],
]);

/** True for the eight conditional jumps, K and X form. */
export function isConditionalJump(code: number): boolean {
  return JUMP_OPS.has(code & ~BPF_X);
}
