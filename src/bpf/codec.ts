/** sock_filter records to bytes and back, in either byte order. */
import { fail } from '../diag/index.ts';
import { ByteView, type Endian } from '../num/index.ts';
import type { RawInsn } from './insn.ts';

/** sizeof(struct sock_filter). */
export const INSN_SIZE = 8;

/**
 * The bytes of a program, 8 per instruction: code (16 bits), jt, jf (8 each), k (32).
 * @param insns sock_filter records, each field within its width
 * @param endian byte order of `code` and `k`: that of the machine which runs it
 * @returns `8 * insns.length` bytes. Never throws: nothing is judged here, `check` does.
 * @see Linux v6.12 include/uapi/linux/filter.h struct sock_filter
 */
export function encodeProgram(insns: readonly RawInsn[], endian: Endian): Uint8Array {
  const bytes = new Uint8Array(insns.length * INSN_SIZE);
  const view = new ByteView(bytes, endian);
  insns.forEach((insn, pc) => {
    const at = pc * INSN_SIZE;
    view.setU16(at, insn.code);
    view.setU8(at + 2, insn.jt);
    view.setU8(at + 3, insn.jf);
    view.setU32(at + 4, insn.k);
  });
  return bytes;
}

/**
 * The records in a program's bytes.
 * @param bytes 8 per instruction
 * @param endian byte order of `code` and `k`
 * @returns the records as they are; `check` judges them
 * @throws SeccompcError PROGRAM_BYTES when the size is not a whole number of records
 * @see Linux v6.12 include/uapi/linux/filter.h struct sock_filter
 */
export function decodeProgram(bytes: Uint8Array, endian: Endian): RawInsn[] {
  if (bytes.length % INSN_SIZE !== 0) {
    const whole = Math.floor(bytes.length / INSN_SIZE);
    fail({
      code: 'PROGRAM_BYTES',
      byteOffset: whole * INSN_SIZE,
      message: `${bytes.length} bytes hold ${whole} instructions and ${bytes.length % INSN_SIZE} bytes of another`,
      help: 'a classic BPF program is a multiple of 8 bytes; was the file cut?',
    });
  }
  const view = new ByteView(bytes, endian);
  return Array.from({ length: bytes.length / INSN_SIZE }, (_, pc) => {
    const at = pc * INSN_SIZE;
    return { code: view.u16(at), jt: view.u8(at + 2), jf: view.u8(at + 3), k: view.u32(at + 4) };
  });
}
