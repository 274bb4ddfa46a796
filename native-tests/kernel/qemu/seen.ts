/** What a filter is shown of a call, by ABI; `shownWords` asks the kernel for it, so that this is no matter of belief. */
import { type ArchName, arch, type SeccompData } from '../../../src/arch/index.ts';
import { records } from '../../machine/tools.ts';
import type { Call, Group } from './batch.ts';
import type { Abi } from './machines.ts';

const O32: readonly ArchName[] = ['mips', 'mipsel'];
const MIPS64: readonly ArchName[] = ['mips64', 'mips64n32', 'mipsel64', 'mipsel64n32'];
/** o32's syscall(2), which makes the call whose number is its first argument. */
const O32_SYSCALL = 4000;
/** o32's numbers up to Linux 6.1; a later kernel has more. */
const O32_NUMBERS = { first: O32_SYSCALL, last: 4450 };

export function seenBy(abi: Abi, { nr, args }: Call): SeccompData {
  const { audit } = arch(abi.name);
  const shown = args.map((value) => {
    if (abi.shown === 'whole') return value;
    return abi.shown === 'low' ? value & 0xffff_ffffn : BigInt.asUintN(64, BigInt.asIntN(32, value));
  });
  const data = (number: number, [a = 0n, b = 0n, c = 0n, d = 0n, e = 0n, f = 0n]: readonly bigint[]): SeccompData => ({
    nr: number >>> 0,
    arch: audit,
    instructionPointer: 0n,
    args: [a, b, c, d, e, f],
  });
  // Linux v6.1 arch/s390/kernel/syscall.c __do_syscall(): the number is 16 bits wide.
  if (abi.name === 's390x' || abi.name === 's390') return data(nr & 0xffff, shown);
  // Linux v6.1 arch/mips/include/asm/syscall.h: filters see the call behind syscall(2).
  const indirect = nr === O32_SYSCALL && (O32.includes(abi.name) || MIPS64.includes(abi.name));
  const number = indirect ? Number(shown[0]! & 0xffff_ffffn) : nr;
  return data(number, indirect && O32.includes(abi.name) ? shown.slice(1) : shown);
}

/**
 * How many arguments are shown as they are in registers. n64 and n32 programs can make o32's calls: the number alone
 * decides that, and the last two arguments are then looked for on the stack.
 */
export function argumentsInRegisters(abi: Abi, { nr }: Call): number {
  return MIPS64.includes(abi.name) && nr >= O32_NUMBERS.first && nr <= O32_NUMBERS.last ? 4 : 6;
}

const SHIFTS = [0, 12, 24];
const WORDS = 16;

/** Filters that return a word of seccomp_data, twelve bits at a time, as an errno. */
export function wordGroups(calls: readonly Call[], endian: 'little' | 'big'): readonly Group[] {
  return Array.from({ length: WORDS }, (_, word) =>
    SHIFTS.map((shift) => ({
      filter: records(
        [
          [0x20, 0, 0, 4 * word],
          [0x74, 0, 0, shift],
          [0x54, 0, 0, 0xfff],
          [0x44, 0, 0, 0x5_0000],
          [0x16, 0, 0, 0],
        ],
        endian,
      ),
      calls,
    })),
  ).flat();
}

/** The data of call `i`, from the answers to `wordGroups`. */
export function shownWords(answers: readonly Uint16Array[], i: number, endian: 'little' | 'big'): SeccompData {
  const words = Array.from({ length: WORDS }, (_, word) =>
    SHIFTS.reduce((sum, shift, n) => {
      const bits = (0x1_0000 - answers[SHIFTS.length * word + n]![i]!) & 0xffff;
      return (sum | (bits << shift)) >>> 0;
    }, 0),
  );
  const wide = (at: number) => {
    const [low, high] = endian === 'big' ? [words[at + 1]!, words[at]!] : [words[at]!, words[at + 1]!];
    return (BigInt(high) << 32n) | BigInt(low);
  };
  return {
    nr: words[0]!,
    arch: words[1]!,
    instructionPointer: wide(2),
    args: [wide(4), wide(6), wide(8), wide(10), wide(12), wide(14)],
  };
}
