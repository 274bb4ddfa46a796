/**
 * strace's symbolic arguments, back to what the registers held, as far as the text tells it: constants by their names
 * (arch/symbols.ts), the macros that strace writes around them, and numbers anywhere.
 *
 * What is not known here is left open rather than guessed: a name that the ABI's headers do not have leaves the whole
 * argument unknown, and so does an argument that is printed elsewhere than its register stands (strace-layout.ts).
 */

import { parametersOf } from '../arch/constants.ts';
import { type Arch, symbolValue } from '../arch/index.ts';
import { plainNumber, whatIsKnown } from './numbers.ts';
import { registerOrder } from './strace-layout.ts';
import type { TracedArg } from './types.ts';

/** '3</etc/hosts>' and the like: what -y adds. */
const DECORATION = /^(-?\d+)<.*>$/s;
/** '0x3 /* PROT_READ|PROT_WRITE *\/': the number is the register's. */
const COMMENT = /\s*\/\*.*?\*\//gs;
/** 'flags=CLONE_VM|SIGCHLD' of clone, which has its arguments by name. */
const NAMED = /^([a-z_]+)=(.*)$/s;
/** The lowest byte of clone's flags is a signal. */
const SIGNAL_BYTE = 0xffn;
/** A file's mode, alone or behind flags, and a protocol of AF_PACKET: what is above sixteen bits is not printed. */
const SHORT = /(?:^|\|)0[0-7]+$|^htons\(/;
const ABOVE_SHORT = 0xffff_0000n;

/**
 * Registers 0 to 5 of a call from its arguments as strace prints them, in the order of printing. Undefined: nothing is
 * known of it.
 */
export function symbolicArguments(
  arch: Arch | undefined,
  name: string,
  texts: readonly string[],
): readonly (TracedArg | undefined)[] {
  if (name === 'clone') return cloneArguments(arch, texts);
  const registers: (TracedArg | undefined)[] = Array.from({ length: 6 }, () => undefined);
  for (const [position, register] of registerOrder(arch, name).entries()) {
    const text = texts[position];
    if (register !== undefined && text !== undefined)
      registers[register] = argument(arch, text, IPC_FLAGS.get(name) === register);
  }
  return registers;
}

/** strace writes no '|' between the flags that it has no name for and the mode: '0x2000' and '0203' are '0x20000203'. */
const IPC_FLAGS: ReadonlyMap<string, number> = new Map([
  ['msgget', 1],
  ['semget', 2],
  ['shmget', 2],
]);

function argument(arch: Arch | undefined, printed: string, hasGluedMode = false): TracedArg | undefined {
  const text = printed.replace(COMMENT, '');
  if (hasGluedMode && text.includes('0x')) return undefined;
  const found = plainNumber(arch, DECORATION.exec(text)?.[1] ?? text) ?? constant(arch, text);
  if (found === undefined || !SHORT.test(text)) return found;
  return { known: found.known & ~ABOVE_SHORT, value: found.value & ~ABOVE_SHORT };
}

function constant(arch: Arch | undefined, text: string): TracedArg | undefined {
  const value = arch === undefined ? undefined : valueOfNames(arch, text);
  return value === undefined ? undefined : whatIsKnown(arch, value);
}

/** clone's flags, wherever its ABI has them; of the others the printed order says nothing about registers. */
function cloneArguments(arch: Arch | undefined, texts: readonly string[]): readonly (TracedArg | undefined)[] {
  const flags = texts.map((text) => NAMED.exec(text)).find((found) => found?.[1] === 'flags')?.[2];
  if (arch === undefined || flags === undefined) return [];
  return parametersOf('clone', arch).map((parameter) =>
    parameter.name === 'flags' ? cloneFlags(arch, flags) : undefined,
  );
}

function cloneFlags(arch: Arch, printed: string): TracedArg | undefined {
  const whole = argument(arch, printed);
  if (whole !== undefined) return whole;
  // A signal whose number is not known here leaves the byte open that it is in.
  const words = printed.split('|');
  const flags = words.filter((word) => !/^SIG[A-Z0-9_]+$/.test(word));
  if (flags.length === words.length) return undefined;
  const rest = flags.length === 0 ? whatIsKnown(arch, 0n) : argument(arch, flags.join('|'));
  return rest && { known: rest.known & ~SIGNAL_BYTE, value: rest.value & ~SIGNAL_BYTE };
}

/** 'A or B': names of one number, as ioctl's requests have them. One that is known tells the value of all. */
function valueOfNames(arch: Arch, text: string): bigint | undefined {
  if (!text.includes(' or ')) return union(arch, text);
  const known = new Set(text.split(' or ').flatMap((one) => union(arch, one) ?? []));
  return known.size === 1 ? [...known][0] : undefined;
}

/** 'SOCK_STREAM|SOCK_CLOEXEC|0x10'. */
function union(arch: Arch, text: string): bigint | undefined {
  let value = 0n;
  for (const part of splitOutside(text, '|')) {
    const one = term(arch, part);
    if (one === undefined) return undefined;
    value |= one;
  }
  return value;
}

function term(arch: Arch, text: string): bigint | undefined {
  const [left, right] = splitOutside(text, '<<');
  if (right !== undefined) {
    const value = single(arch, left as string);
    const by = single(arch, right);
    return value === undefined || by === undefined || by > 31n ? undefined : BigInt.asUintN(32, value << by);
  }
  return single(arch, text);
}

const MACRO = /^([a-zA-Z_]\w*)\((.*)\)$/s;
/** Real-time signals, counted from the kernel's first. */
const REAL_TIME = /^SIGRT_(\d{1,2})$/;

function single(arch: Arch, text: string): bigint | undefined {
  const number = plainNumber(arch, text);
  if (number !== undefined) return BigInt.asUintN(32, number.value);
  const named = symbolValue(arch, text);
  if (named !== undefined) return BigInt(named);
  const first = symbolValue(arch, 'SIGRTMIN');
  const beyond = REAL_TIME.exec(text)?.[1];
  if (beyond !== undefined && first !== undefined) return BigInt(first + Number(beyond));
  const macro = MACRO.exec(text);
  const values = macro?.[2]?.split(', ').map((one) => union(arch, one));
  if (values === undefined || values.includes(undefined)) return undefined;
  return macroValue(arch, macro?.[1], values as readonly bigint[]);
}

function macroValue(arch: Arch, name: string | undefined, values: readonly bigint[]): bigint | undefined {
  const [a = 0n, b = 0n] = values;
  switch (name) {
    case '_IOC':
      return values.length === 4 ? requestOf(arch, values) : undefined;
    // The kernel's form of a device number. @see Linux include/linux/kdev_t.h new_encode_dev()
    case 'makedev':
      return values.length === 2
        ? BigInt.asUintN(32, (b & 0xffn) | ((a & 0xfffn) << 8n) | ((b >> 8n) << 20n))
        : undefined;
    case 'htons':
      if (values.length !== 1 || a > 0xffffn) return undefined;
      return arch.endian === 'big' ? a : ((a & 0xffn) << 8n) | (a >> 8n);
    // @see Linux include/uapi/linux/quota.h, include/uapi/linux/ioprio.h
    case 'QCMD':
      return values.length === 2 ? BigInt.asUintN(32, (a << 8n) | (b & 0xffn)) : undefined;
    case 'IOPRIO_PRIO_VALUE':
      return values.length === 2 ? BigInt.asUintN(32, (a << 13n) | b) : undefined;
    default:
      return undefined;
  }
}

/** _IOC(direction, type, number, size). @see Linux include/uapi/asm-generic/ioctl.h, and the shifts of each ABI */
function requestOf(
  arch: Arch,
  [direction = 0n, type = 0n, number = 0n, size = 0n]: readonly bigint[],
): bigint | undefined {
  const shifts = ['DIR', 'TYPE', 'NR', 'SIZE'].map((field) => symbolValue(arch, `_IOC_${field}SHIFT`));
  const fields = [direction, type, number, size].map((field, i) => field << BigInt(shifts[i] ?? 0));
  if (shifts.includes(undefined)) return undefined;
  return BigInt.asUintN(
    32,
    fields.reduce((all, field) => all | field, 0n),
  );
}

/** Cuts at a separator that stands in no parentheses. */
function splitOutside(text: string, separator: string): readonly string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '(') depth += 1;
    else if (text[i] === ')') depth -= 1;
    else if (depth === 0 && text.startsWith(separator, i)) {
      parts.push(text.slice(from, i));
      from = i + separator.length;
      i = from - 1;
    }
  }
  parts.push(text.slice(from));
  return parts;
}
