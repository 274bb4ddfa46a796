/** Numbers as tracers print them. */
import type { Arch } from '../arch/index.ts';
import type { TracedArg } from './types.ts';

const WHOLE = 0xffff_ffff_ffff_ffffn;
const LOW = 0xffff_ffffn;
/** Digits that fit into half a register. */
const HALF_DIGITS = 8;

/** A word of strace's raw mode: the whole register, of a 32-bit ABI its low half, the other half 0. */
export function rawWord(text: string): TracedArg | undefined {
  if (text !== '0' && !/^0x[0-9a-f]{1,16}$/.test(text)) return undefined;
  return { known: WHOLE, value: BigInt(text) };
}

/**
 * A number among symbolic arguments: decimal, hexadecimal, octal with a leading 0, NULL. What is printed of an int has
 * lost the register's high half; more than eight hexadecimal digits, or NULL, are a whole register.
 */
export function plainNumber(arch: Arch | undefined, text: string): TracedArg | undefined {
  if (text === 'NULL') return { known: WHOLE, value: 0n };
  const isHex = /^0x[0-9a-f]{1,16}$/.test(text);
  const isOctal = !isHex && /^0[0-7]{1,22}$/.test(text);
  if (!isHex && !isOctal && !/^-?[0-9]{1,20}$/.test(text)) return undefined;
  const value = isOctal ? BigInt(`0o${text.slice(1)}`) : text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text);
  const isWide = (isHex && text.length - 2 > HALF_DIGITS) || value > LOW;
  return whatIsKnown(arch, BigInt.asUintN(64, value), isWide);
}

/** Of a 32-bit ABI's register all is known with its low half. */
export function whatIsKnown(arch: Arch | undefined, value: bigint, isWide = false): TracedArg {
  if (arch?.wordBits === 32) return { known: WHOLE, value: value & LOW };
  return isWide ? { known: WHOLE, value } : { known: LOW, value: value & LOW };
}
