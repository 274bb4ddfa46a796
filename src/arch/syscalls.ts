/** Names and numbers of system calls per ABI, unpacked from the generated tables when first asked for. */
import type { Arch, ArchName } from './arch.ts';
import { SYSCALL_NAMES, SYSCALL_NUMBERS, SYSCALL_REMOVED, SYSCALL_SINCE, type SyscallTable } from './syscalls.gen.ts';
import { NARROW_PARAMETERS } from './widths.gen.ts';

interface Numbers {
  readonly byName: ReadonlyMap<string, number>;
  /** The first name in the table's order where several share a number. */
  readonly byNumber: ReadonlyMap<number, string>;
}

let allNames: readonly string[] | undefined;
const unpacked = new Map<SyscallTable, Numbers>();

function names(): readonly string[] {
  allNames ??= SYSCALL_NAMES.split(' ');
  return allNames;
}

function numbers(table: SyscallTable): Numbers {
  const known = unpacked.get(table);
  if (known) return known;
  const byName = new Map<string, number>();
  const byNumber = new Map<number, string>();
  const list = names();
  SYSCALL_NUMBERS[table].split(',').forEach((text, i) => {
    const name = list[i];
    if (text === '' || name === undefined) return;
    const nr = Number(text);
    byName.set(name, nr);
    if (!byNumber.has(nr)) byNumber.set(nr, name);
  });
  const made = { byName, byNumber };
  unpacked.set(table, made);
  return made;
}

/** The number that `name` has on this ABI (x32 with bit 30 set); undefined when the ABI lacks it. */
export function syscallNumber(arch: Arch, name: string): number | undefined {
  return numbers(arch.table).byName.get(name);
}

/** The name of a number on this ABI. */
export function syscallName(arch: Arch, nr: number): string | undefined {
  return numbers(arch.table).byNumber.get(nr);
}

/** Every (name, number) of this ABI. Names that share a number are all listed. */
export function syscallsOf(arch: Arch): ReadonlyMap<string, number> {
  return numbers(arch.table).byName;
}

let nameSet: ReadonlySet<string> | undefined;

/** True when some ABI, now or in the past, has a call of this name. */
export function isSyscallName(name: string): boolean {
  nameSet ??= new Set(names());
  return nameSet.has(name);
}

/** Every name of any ABI, sorted. */
export function syscallNames(): readonly string[] {
  return names();
}

function versionOf(packed: string, name: string): string | undefined {
  const at = names().indexOf(name);
  const version = at < 0 ? undefined : packed.split(',')[at];
  return version === '' ? undefined : version;
}

/** The kernel version ('5.11') that introduced a call, where it is known. */
export function syscallSince(name: string): string | undefined {
  return versionOf(SYSCALL_SINCE, name);
}

/** The kernel version that removed a call. */
export function syscallRemoved(name: string): string | undefined {
  return versionOf(SYSCALL_REMOVED, name);
}

let narrow: ReadonlyMap<string, number> | undefined;

/**
 * True when the kernel keeps only the low 32 bits of this parameter (argIndex 0 to 5) of this call: it is declared int,
 * unsigned or narrower, or cut on use. Always true on 32-bit ABIs, which pass 32-bit registers.
 */
export function isNarrowParameter(arch: Arch, name: string, argIndex: number): boolean {
  if (arch.wordBits === 32) return true;
  narrow ??= new Map(
    NARROW_PARAMETERS.split(' ')
      .map((_, i, all) => [all[i] as string, Number(all[i + 1])] as const)
      .filter((_, i) => i % 2 === 0),
  );
  const mask =
    narrow.get(`${name}@${arch.name satisfies ArchName}`) ??
    narrow.get(`${name}@${arch.table}`) ??
    narrow.get(name) ??
    0;
  return ((mask >> argIndex) & 1) === 1;
}
