/**
 * The 512 variables of a diagram: the bits of one seccomp_data, in the order in which a diagram tests them. The order is
 * of fields, not of bytes, so diagrams of little- and big-endian programs compare like with like.
 *
 *   level   0..31   32..63   64..127               128..191       192..255  ...  448..511
 *           arch    nr       instruction pointer   argument 0     argument 1     argument 5
 *
 * The most significant bit of each field comes first; of 64-bit fields, therefore, the high word.
 */

/** Bits of struct seccomp_data, and the level of every leaf. */
export const LEVELS = 512;
export const LEVEL_ARCH = 0;
export const LEVEL_NR = 32;
export const LEVEL_INSTRUCTION_POINTER = 64;
export const LEVEL_ARGS = 128;

/** Level of the most significant bit of an argument (index 0 to 5); its low word starts 32 levels further down. */
export function levelOfArgument(argIndex: number): number {
  return LEVEL_ARGS + 64 * argIndex;
}

/** One input: sixteen words, word i holding levels 32 * i (its most significant bit) to 32 * i + 31. */
export type Input = Uint32Array;

/** The bit of `input` that a diagram tests at `level`: 0 or 1. */
export function bitAt(input: Input, level: number): number {
  return ((input[level >>> 5] as number) >>> (31 - (level & 31))) & 1;
}
