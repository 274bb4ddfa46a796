/** Names and numbers of system calls per ABI, unpacked from the generated tables when first asked for. */
import type { Arch, ArchName } from './arch.ts';
import { SYSCALL_NAMES, SYSCALL_NUMBERS, SYSCALL_REMOVED, SYSCALL_SINCE, type SyscallTable } from './syscalls.gen.ts';
import { NARROW_PARAMETERS, POINTER_PARAMETERS } from './widths.gen.ts';

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

/**
 * The number that a name has on this ABI.
 * @param arch what `findArch` gave
 * @param name as the kernel's tables have it
 * @returns as `seccomp_data.nr` has it: x32 with bit 30 set; undefined when the ABI lacks it. Never throws.
 */
export function syscallNumber(arch: Arch, name: string): number | undefined {
  return numbers(arch.table).byName.get(name);
}

/**
 * The name of a number on this ABI.
 * @param arch what `findArch` gave
 * @param nr as `seccomp_data.nr` has it: x32 with bit 30 set
 * @returns the name; undefined for a number without one. Never throws.
 */
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

/** 'name mask name mask' by name. */
function masksOf(packed: string): ReadonlyMap<string, number> {
  const words = packed.split(' ');
  return new Map(words.flatMap((name, i) => (i % 2 === 0 ? [[name, Number(words[i + 1])] as const] : [])));
}

/** Whether bit `argIndex` is set for this call: what its ABI has counts before what all have. */
function isMarked(masks: ReadonlyMap<string, number>, arch: Arch, name: string, argIndex: number): boolean {
  const mask =
    masks.get(`${name}@${arch.name satisfies ArchName}`) ?? masks.get(`${name}@${arch.table}`) ?? masks.get(name) ?? 0;
  return ((mask >> argIndex) & 1) === 1;
}

let narrow: ReadonlyMap<string, number> | undefined;

/**
 * True when the kernel keeps only the low 32 bits of this parameter (argIndex 0 to 5) of this call: it is declared int,
 * unsigned or narrower, or cut on use. Always true on 32-bit ABIs, which pass 32-bit registers.
 */
export function isNarrowParameter(arch: Arch, name: string, argIndex: number): boolean {
  if (arch.wordBits === 32) return true;
  narrow ??= masksOf(NARROW_PARAMETERS);
  return isMarked(narrow, arch, name, argIndex);
}

let pointers: ReadonlyMap<string, number> | undefined;

/** True when this parameter (argIndex 0 to 5) is declared as a pointer: a filter sees an address, and not what is there. */
export function isPointerParameter(arch: Arch, name: string, argIndex: number): boolean {
  pointers ??= masksOf(POINTER_PARAMETERS);
  return isMarked(pointers, arch, name, argIndex);
}
