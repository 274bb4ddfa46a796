/**
 * The 32-bit words of classic BPF. JavaScript's bitwise operators yield signed results, so every word passes through
 * `u32` before it is stored or compared.
 */

declare const brand: unique symbol;

/** An unsigned 32-bit integer, 0 to 2^32-1. Only `u32` and `checkedU32` make one. */
export type U32 = number & { readonly [brand]: 'U32' };

/** The low 32 bits of `n`, as the kernel's `(u32)` cast takes them. */
export function u32(n: number): U32 {
  return (n >>> 0) as U32;
}

/** `n` itself when it is a whole number from 0 to 2^32-1, else undefined: for values from outside. */
export function checkedU32(n: unknown): U32 | undefined {
  return typeof n === 'number' && Number.isInteger(n) && n >= 0 && n <= 0xffff_ffff ? (n as U32) : undefined;
}

/** A word as a signed 32-bit integer, the kernel's `(s32)`. */
export function s32(n: number): number {
  return n | 0;
}

/** `0x` and lower-case digits without padding. */
export function hex(n: number | bigint): string {
  return `0x${n.toString(16)}`;
}
