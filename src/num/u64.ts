/** 64-bit values as bigint, and their two 32-bit halves, which is all that classic BPF can load. */
import { type U32, u32 } from './u32.ts';

export const U64_MAX = 0xffff_ffff_ffff_ffffn;
const LOW = 0xffff_ffffn;

/** Bits 32 to 63. */
export function high32(value: bigint): U32 {
  return u32(Number((value >> 32n) & LOW));
}

/** Bits 0 to 31. */
export function low32(value: bigint): U32 {
  return u32(Number(value & LOW));
}

/** The 64-bit value with these halves. */
export function join64(high: U32, low: U32): bigint {
  return (BigInt(high) << 32n) | BigInt(low);
}
