/**
 * Where strace prints an argument elsewhere than its register stands. Most calls have one for one; not those whose 64-bit
 * values are in two registers, of which it prints one number, and those of which it leaves out what an operation does not
 * use. What is not sure is not taken. native-tests/trace holds this against raw recordings.
 */
import { hasHiddenArguments } from '../arch/constants.ts';
import type { Arch } from '../arch/index.ts';

/** Printed position -> register; what is beyond the list, or undefined in it, says nothing of a register. */
export type Order = readonly (number | undefined)[];

const ONE_FOR_ONE: Order = [0, 1, 2, 3, 4, 5];

const EVERYWHERE: ReadonlyMap<string, Order> = new Map<string, Order>([
  // What stands third depends on the operation.
  ['futex', [0, 1]],
  ['ptrace', [0, 1]],
  // The mask alone, which is the third argument on some ABIs.
  ['sigsuspend', []],
]);

/** The position in the file is two words on every ABI; where a register has 64 bits the second is not used. */
const WIDE_REGISTERS: ReadonlyMap<string, Order> = new Map<string, Order>([
  ['preadv2', [0, 1, 2, 3, 5]],
  ['pwritev2', [0, 1, 2, 3, 5]],
]);

/** Up to the first value of 64 bits: whether two registers begin at an even one depends on the ABI. */
const NARROW_REGISTERS: ReadonlyMap<string, Order> = new Map<string, Order>([
  ['_llseek', [0, undefined, undefined, 4]],
  ['arm_fadvise64_64', [0]],
  ['arm_sync_file_range', [0]],
  ['fadvise64', [0]],
  ['fadvise64_64', [0]],
  ['fallocate', [0, 1]],
  ['fanotify_mark', [0, 1]],
  ['ftruncate64', [0]],
  ['lookup_dcookie', []],
  // Printed in bytes, passed in pages.
  ['mmap2', [0, 1, 2, 3, 4]],
  ['pread64', [0, 1, 2]],
  ['preadv', [0, 1, 2]],
  ['preadv2', [0, 1, 2]],
  ['pwrite64', [0, 1, 2]],
  ['pwritev', [0, 1, 2]],
  ['pwritev2', [0, 1, 2]],
  ['readahead', [0]],
  // The old form has a pointer to its arguments.
  ['select', []],
  ['sync_file_range', [0]],
  ['sync_file_range2', [0]],
  ['truncate64', [0]],
]);

/** Which registers the printed arguments are. Where the ABI is not known only what holds on each is taken. */
export function registerOrder(arch: Arch | undefined, name: string): Order {
  if (arch !== undefined && hasHiddenArguments(name, arch)) return [];
  const byWidth = arch?.wordBits === 64 ? WIDE_REGISTERS : NARROW_REGISTERS;
  return EVERYWHERE.get(name) ?? byWidth.get(name) ?? ONE_FOR_ONE;
}
