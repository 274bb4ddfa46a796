/**
 * What a test says of a call's arguments, as conditions of a region (prove/holds.ts). What it does not say means every
 * value.
 */
import type { Arch } from '../arch/index.ts';
import { fail, quoted } from '../diag/index.ts';
import { hex, U64_MAX } from '../num/index.ts';
import { type ConstantPlace, constantsIn } from '../policy/constants.ts';
import type { Condition } from '../policy/index.ts';
import type { Clause } from '../prove/index.ts';

/** The register, on a 32-bit ABI its low half: a number, or a name such as 'AF_ALG' or 'CLONE_NEWUSER|CLONE_NEWPID'. -1 is all ones. */
export type Value = number | bigint | string;

/** Values by a property. */
export type Matcher =
  | { readonly match: 'int'; readonly value: Value }
  | { readonly match: 'bits'; readonly mask: Value; readonly value: Value }
  | { readonly match: 'one of' | 'none of'; readonly values: readonly (Value | SingleMatcher)[] };
export type SingleMatcher = Extract<Matcher, { readonly match: 'int' | 'bits' }>;

/** By argument, 0 to 5: `{ 0: AF_UNIX }` or `[AF_UNIX]`. An argument that is absent or undefined: every value. */
export type Args = Readonly<Record<number, Value | Matcher | undefined>>;

/**
 * What the kernel makes of an `int`: every register whose low 32 bits are these.
 * @param value 32 bits, or a constant's name
 * @returns a matcher. Never throws: an expectation that takes it may, USAGE.
 */
export function int(value: Value): SingleMatcher {
  return { match: 'int', value };
}

/**
 * Registers by some of their bits: `bits(CLONE_NEWUSER)` is each one that has the flag.
 * @param mask the bits that are looked at, of 64
 * @param value what they have to be; all of the mask when absent
 * @returns a matcher. Never throws: an expectation that takes it may, USAGE.
 */
export function bits(mask: Value, value: Value = mask): SingleMatcher {
  return { match: 'bits', mask, value };
}

/**
 * Each of these values.
 * @param values registers, or `int` and `bits`
 * @returns a matcher. Never throws: an expectation that takes it may, USAGE.
 */
export function oneOf(...values: readonly (Value | SingleMatcher)[]): Matcher {
  return { match: 'one of', values };
}

/**
 * Every value but these.
 * @param values registers, or `int` and `bits`
 * @returns a matcher. Never throws: an expectation that takes it may, USAGE.
 */
export function noneOf(...values: readonly (Value | SingleMatcher)[]): Matcher {
  return { match: 'none of', values };
}

const SIGN = 1n << 63n;
const LOW = 0xffff_ffffn;
const usage = (message: string, help?: string): never => fail({ code: 'USAGE', message, help });

/** @throws SeccompcError USAGE for what is no argument of a call */
export function clausesOf(args: Args, arch: Arch, call: string | undefined): readonly Clause[] {
  const isOther = typeof args !== 'object' || args === null || (Symbol.iterator in args && !Array.isArray(args));
  if (isOther) return usage("arguments are an object, such as { 0: 'AF_UNIX' }");
  return Object.entries(args).flatMap(([key, wanted]): readonly Clause[] => {
    const argIndex = Number(key);
    if (!/^[0-5]$/.test(key)) return usage(`a call has the arguments 0 to 5, not ${quoted(key)}`);
    if (wanted === undefined) return [];
    const where: ConstantPlace = { call, arch, argIndex };
    if (!isMatcher(wanted)) return [{ oneOf: [[single(wanted, where)]] }];
    switch (wanted.match) {
      case 'int':
      case 'bits':
        return [{ oneOf: [[single(wanted, where)]] }];
      case 'one of':
      case 'none of': {
        if (wanted.values.length === 0) return usage(`argument ${key}: ${wanted.match} nothing is no value at all`);
        const each = wanted.values.map((value) => [single(value, where)]);
        return [{ oneOf: each, not: wanted.match === 'none of' }];
      }
      default:
        return wanted satisfies never;
    }
  });
}

function isMatcher(wanted: Value | Matcher): wanted is Matcher {
  return typeof wanted === 'object' && wanted !== null && 'match' in wanted;
}

function single(wanted: Value | SingleMatcher, where: ConstantPlace): Condition {
  // On a 32-bit ABI the kernel uses low halves, whatever 64-bit code has left above them.
  const narrow = where.arch.wordBits === 32;
  const base = { argIndex: where.argIndex, op: 'eq', mask: U64_MAX, narrow } as const;
  const cut = (value: bigint) => (narrow ? value & LOW : value);
  if (!isMatcher(wanted)) return { ...base, value: cut(wordOf(wanted, where)) };
  if (wanted.match === 'int') {
    const value = wordOf(wanted.value, where);
    const low = value & LOW;
    if (low !== value && BigInt.asUintN(64, BigInt.asIntN(32, low)) !== value) {
      return usage(`${hex(value)} is no int: it has more than 32 bits`);
    }
    return { ...base, value: low, narrow: true };
  }
  if (wanted.match !== 'bits') return usage('one of, none of: their values are numbers, names, int() and bits()');
  const mask = wordOf(wanted.mask, where);
  const value = wordOf(wanted.value, where);
  if ((value & ~mask) !== 0n) return usage(`no register has ${hex(value)} under the mask ${hex(mask)}`);
  return { ...base, op: 'masked_eq', mask: cut(mask), value: cut(value) };
}

/** The register; what is negative fills it. */
function wordOf(value: Value, where: ConstantPlace): bigint {
  if (typeof value === 'string') return constantsIn(value, where);
  if (typeof value === 'number' && !Number.isSafeInteger(value)) {
    return usage(`${value} is no whole number that a double holds`, 'write it as a bigint: 0x8000000000000000n');
  }
  if (typeof value !== 'number' && typeof value !== 'bigint') {
    return usage(`argument ${where.argIndex}: ${quoted(String(value))} is no number, no name and no matcher`);
  }
  const wide = BigInt(value);
  if (wide > U64_MAX || wide < -SIGN) return usage(`an argument has 64 bits; ${wide} does not fit`);
  return BigInt.asUintN(64, wide);
}

/** '38', 'int(AF_ALG)': as it was written. */
function written(wanted: Value | Matcher): string {
  if (!isMatcher(wanted)) return typeof wanted === 'bigint' ? hex(wanted) : String(wanted);
  switch (wanted.match) {
    case 'int':
      return `int(${written(wanted.value)})`;
    case 'bits':
      return `bits(${written(wanted.mask)}, ${written(wanted.value)})`;
    case 'one of':
    case 'none of':
      return `${wanted.match} ${wanted.values.map(written).join(', ')}`;
    default:
      return wanted satisfies never;
  }
}

/** 'socket(AF_ALG, *, …)': '*' and '…' are every value. */
export function callWritten(call: string, args: Args): string {
  const given = Object.entries(args).flatMap(([key, value]) => (value === undefined ? [] : [Number(key)]));
  const last = Math.max(-1, ...given);
  const shown = Array.from({ length: last + 1 }, (_, i) => {
    const value = args[i];
    return value === undefined ? '*' : written(value);
  });
  return `${call}(${[...shown, ...(last < 5 ? ['…'] : [])].join(', ')})`;
}
