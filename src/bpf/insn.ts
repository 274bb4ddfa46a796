/**
 * One classic BPF instruction, raw and decoded.
 *
 *   struct sock_filter, 8 bytes:  | code u16 | jt u8 | jf u8 | k u32 |   in the target's byte order
 */
import { type U32, u32 } from '../num/index.ts';
import {
  ALU_OPS,
  type AluOp,
  BPF_JA,
  BPF_LD_ABS,
  BPF_LD_IMM,
  BPF_LD_LEN,
  BPF_LD_MEM,
  BPF_LDX_IMM,
  BPF_LDX_LEN,
  BPF_LDX_MEM,
  BPF_NEG,
  BPF_RET_A,
  BPF_RET_K,
  BPF_ST,
  BPF_STX,
  BPF_TAX,
  BPF_TXA,
  BPF_X,
  JUMP_OPS,
  type JumpOp,
} from './opcodes.ts';

/** struct sock_filter as it stands in memory: code 16 bits, jt and jf 8 bits (instructions skipped), k 32 bits. */
export interface RawInsn {
  readonly code: number;
  readonly jt: number;
  readonly jf: number;
  readonly k: number;
}

/** One instruction as the kernel understands it. `skip`, `jt`, `jf` count instructions skipped, not positions. */
export type Insn =
  | { readonly op: 'ld' | 'ldx'; readonly mode: 'imm'; readonly k: U32 }
  | { readonly op: 'ld'; readonly mode: 'abs'; readonly off: U32 } // A = u32 at byte `off` of seccomp_data
  | { readonly op: 'ld' | 'ldx'; readonly mode: 'mem'; readonly slot: U32 }
  | { readonly op: 'ld' | 'ldx'; readonly mode: 'len' } // 64, the size of seccomp_data
  | { readonly op: 'st' | 'stx'; readonly slot: U32 }
  | { readonly op: AluOp; readonly source: 'k'; readonly k: U32 }
  | { readonly op: AluOp; readonly source: 'x' }
  | { readonly op: 'neg' | 'tax' | 'txa' }
  | { readonly op: 'ja'; readonly skip: U32 }
  | { readonly op: JumpOp; readonly source: 'k'; readonly k: U32; readonly jt: number; readonly jf: number }
  | { readonly op: JumpOp; readonly source: 'x'; readonly jt: number; readonly jf: number }
  | { readonly op: 'ret'; readonly source: 'k'; readonly k: U32 }
  | { readonly op: 'ret'; readonly source: 'a' };

/**
 * The meaning of a raw instruction.
 * @param raw a record: `code` 16 bits, `jt` and `jf` 8, `k` 32
 * @returns undefined when the opcode is none of the 41 that seccomp takes. Never throws.
 * @see Linux v6.12 kernel/seccomp.c seccomp_check_filter()
 */
export function decode(raw: RawInsn): Insn | undefined {
  const k = u32(raw.k);
  const { code, jt, jf } = raw;
  switch (code) {
    case BPF_LD_IMM:
      return { op: 'ld', mode: 'imm', k };
    case BPF_LDX_IMM:
      return { op: 'ldx', mode: 'imm', k };
    case BPF_LD_ABS:
      return { op: 'ld', mode: 'abs', off: k };
    case BPF_LD_MEM:
      return { op: 'ld', mode: 'mem', slot: k };
    case BPF_LDX_MEM:
      return { op: 'ldx', mode: 'mem', slot: k };
    case BPF_LD_LEN:
      return { op: 'ld', mode: 'len' };
    case BPF_LDX_LEN:
      return { op: 'ldx', mode: 'len' };
    case BPF_ST:
      return { op: 'st', slot: k };
    case BPF_STX:
      return { op: 'stx', slot: k };
    case BPF_NEG:
      return { op: 'neg' };
    case BPF_TAX:
      return { op: 'tax' };
    case BPF_TXA:
      return { op: 'txa' };
    case BPF_JA:
      return { op: 'ja', skip: k };
    case BPF_RET_K:
      return { op: 'ret', source: 'k', k };
    case BPF_RET_A:
      return { op: 'ret', source: 'a' };
    default: {
      const alu = ALU_OPS.get(code & ~BPF_X);
      if (alu !== undefined) return code & BPF_X ? { op: alu, source: 'x' } : { op: alu, source: 'k', k };
      const jump = JUMP_OPS.get(code & ~BPF_X);
      if (jump === undefined) return undefined;
      return code & BPF_X ? { op: jump, source: 'x', jt, jf } : { op: jump, source: 'k', k, jt, jf };
    }
  }
}
