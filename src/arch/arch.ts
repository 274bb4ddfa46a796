/**
 * The ABIs that a filter can name: what the kernel puts into seccomp_data.arch for them, their byte order and word size,
 * and which numbers they use. One row each; everything else in this room is derived from these rows.
 */
import type { Endian, U32 } from '../num/index.ts';
import type { SyscallTable } from './syscalls.gen.ts';

/** Linux include/uapi/linux/audit.h: the top bits of an audit token, over the ELF machine number. */
const LE = 0x4000_0000;
const B64 = 0x8000_0000;
const MIPS_N32 = 0x2000_0000;

/** x32 numbers carry this bit; they share AUDIT_ARCH_X86_64. @see Linux arch/x86/include/uapi/asm/unistd.h */
export const X32_SYSCALL_BIT = 0x4000_0000 as U32;

/** How an ELF file says that it is of this ABI. */
export interface ElfIdentity {
  /** e_machine. */
  readonly machine: number;
  readonly class: 32 | 64;
  readonly endian: Endian;
  /** e_flags & mask must equal value: tells MIPS o32 and n32 apart. */
  readonly flags?: { readonly mask: number; readonly value: number };
}

export interface Arch {
  readonly name: ArchName;
  /** AUDIT_ARCH_*, the word at byte 4 of seccomp_data. */
  readonly audit: U32;
  /** The constant of the OCI runtime-spec. */
  readonly scmp: string;
  /** Names under which Docker's includes.arches may mean it (Go's GOARCH first, then what profiles really write). */
  readonly goNames: readonly string[];
  readonly endian: Endian;
  /** Width of a register of this ABI in bits: a 32-bit ABI passes the low word of each argument only (x32 included). */
  readonly wordBits: 32 | 64;
  readonly table: SyscallTable;
  readonly elf: ElfIdentity;
  /** The 64-bit ABI whose kernel also runs this one; itself when it is a kernel's native ABI. */
  readonly native: ArchName;
  /**
   * Numbers, ascending, that are calls of another ABI although the token is this one's. A 64-bit MIPS kernel tells its three
   * ABIs' calls apart by the number alone: an n64 program that makes call 4064 gets o32's getppid, and a filter is shown the
   * token of n64. @see Linux v6.1 arch/mips/kernel/scall64-o32.S handle_sys()
   */
  readonly otherNumbers: readonly NumberRange[];
}

/** Both ends included. */
export interface NumberRange {
  readonly first: number;
  readonly last: number;
}

export type ArchName =
  | 'x86_64'
  | 'i386'
  | 'x32'
  | 'arm'
  | 'aarch64'
  | 'mips'
  | 'mipsel'
  | 'mips64'
  | 'mipsel64'
  | 'mips64n32'
  | 'mipsel64n32'
  | 'ppc'
  | 'ppc64'
  | 'ppc64le'
  | 's390'
  | 's390x'
  | 'riscv64'
  | 'loongarch64'
  | 'parisc'
  | 'parisc64'
  | 'm68k'
  | 'sh'
  | 'sheb';

interface Row {
  readonly token: number;
  readonly go: string;
  readonly word: 32 | 64;
  readonly table: SyscallTable;
  /** e_machine; also the low bits of the audit token. */
  readonly machine: number;
  readonly class: 32 | 64;
  readonly endian: Endian;
  readonly flags?: ElfIdentity['flags'];
  readonly native?: ArchName;
  readonly scmp?: string;
}

/** @see Linux arch/mips/include/uapi/asm/unistd.h __NR_Linux: 4000 of o32, 5000 of n64, 6000 of n32. */
const MIPS_NUMBERS: Readonly<Partial<Record<SyscallTable, number>>> = { mips: 4000, mips64: 5000, mips64n32: 6000 };

function otherNumbers(table: SyscallTable): readonly NumberRange[] {
  const own = MIPS_NUMBERS[table];
  const others = own === undefined ? [] : Object.values(MIPS_NUMBERS).filter((first) => first !== own);
  return others.map((first) => ({ first, last: first + 999 }));
}

const EF_MIPS_ABI2 = 0x20;
const O32 = { mask: EF_MIPS_ABI2, value: 0 };
const N32 = { mask: EF_MIPS_ABI2, value: EF_MIPS_ABI2 };

// biome-ignore format: a table
const ROWS: Readonly<Record<ArchName, Row>> = {
  x86_64:      { token: B64 | LE | 62,            go: 'amd64',               word: 64, table: 'x86_64',      machine: 62,  class: 64, endian: 'little' },
  i386:        { token: LE | 3,                   go: '386 x86',             word: 32, table: 'i386',        machine: 3,   class: 32, endian: 'little', native: 'x86_64', scmp: 'X86' },
  x32:         { token: B64 | LE | 62,            go: 'x32 amd64p32',        word: 32, table: 'x32',         machine: 62,  class: 32, endian: 'little', native: 'x86_64' },
  arm:         { token: LE | 40,                  go: 'arm',                 word: 32, table: 'arm',         machine: 40,  class: 32, endian: 'little', native: 'aarch64' },
  aarch64:     { token: B64 | LE | 183,           go: 'arm64',               word: 64, table: 'aarch64',     machine: 183, class: 64, endian: 'little' },
  mips:        { token: 8,                        go: 'mips',                word: 32, table: 'mips',        machine: 8,   class: 32, endian: 'big',    flags: O32, native: 'mips64' },
  mipsel:      { token: LE | 8,                   go: 'mipsle mipsel',       word: 32, table: 'mips',        machine: 8,   class: 32, endian: 'little', flags: O32, native: 'mipsel64' },
  mips64:      { token: B64 | 8,                  go: 'mips64',              word: 64, table: 'mips64',      machine: 8,   class: 64, endian: 'big' },
  mipsel64:    { token: B64 | LE | 8,             go: 'mips64le mipsel64',   word: 64, table: 'mips64',      machine: 8,   class: 64, endian: 'little' },
  mips64n32:   { token: B64 | MIPS_N32 | 8,       go: 'mips64p32 mips64n32', word: 32, table: 'mips64n32',   machine: 8,   class: 32, endian: 'big',    flags: N32, native: 'mips64' },
  mipsel64n32: { token: B64 | MIPS_N32 | LE | 8,  go: 'mips64p32le mipsel64n32', word: 32, table: 'mips64n32', machine: 8, class: 32, endian: 'little', flags: N32, native: 'mipsel64' },
  ppc:         { token: 20,                       go: 'ppc',                 word: 32, table: 'ppc',         machine: 20,  class: 32, endian: 'big',    native: 'ppc64' },
  ppc64:       { token: B64 | 21,                 go: 'ppc64',               word: 64, table: 'ppc64',       machine: 21,  class: 64, endian: 'big' },
  ppc64le:     { token: B64 | LE | 21,            go: 'ppc64le',             word: 64, table: 'ppc64',       machine: 21,  class: 64, endian: 'little' },
  s390:        { token: 22,                       go: 's390',                word: 32, table: 's390',        machine: 22,  class: 32, endian: 'big',    native: 's390x' },
  s390x:       { token: B64 | 22,                 go: 's390x',               word: 64, table: 's390x',       machine: 22,  class: 64, endian: 'big' },
  riscv64:     { token: B64 | LE | 243,           go: 'riscv64',             word: 64, table: 'riscv64',     machine: 243, class: 64, endian: 'little' },
  loongarch64: { token: B64 | LE | 258,           go: 'loong64 loongarch64', word: 64, table: 'loongarch64', machine: 258, class: 64, endian: 'little' },
  parisc:      { token: 15,                       go: 'parisc hppa',         word: 32, table: 'parisc',      machine: 15,  class: 32, endian: 'big',    native: 'parisc64' },
  parisc64:    { token: B64 | 15,                 go: 'parisc64',            word: 64, table: 'parisc64',    machine: 15,  class: 64, endian: 'big' },
  m68k:        { token: 4,                        go: 'm68k',                word: 32, table: 'm68k',        machine: 4,   class: 32, endian: 'big' },
  sh:          { token: LE | 42,                  go: 'sh',                  word: 32, table: 'sh',          machine: 42,  class: 32, endian: 'little' },
  sheb:        { token: 42,                       go: 'sheb',                word: 32, table: 'sh',          machine: 42,  class: 32, endian: 'big' },
};

function archOf(name: ArchName, row: Row): Arch {
  const { machine, class: elfClass, endian } = row;
  return Object.freeze({
    name,
    audit: (row.token >>> 0) as U32,
    scmp: `SCMP_ARCH_${row.scmp ?? name.toUpperCase()}`,
    goNames: row.go.split(' '),
    endian,
    wordBits: row.word,
    table: row.table,
    elf: { machine, class: elfClass, endian, ...(row.flags && { flags: row.flags }) },
    native: row.native ?? name,
    otherNumbers: otherNumbers(row.table),
  });
}

/** Every ABI, by name, in the order of the table above. */
export const ARCHES: ReadonlyMap<ArchName, Arch> = new Map(
  (Object.entries(ROWS) as [ArchName, Row][]).map(([name, row]) => [name, archOf(name, row)]),
);

export function arch(name: ArchName): Arch {
  return ARCHES.get(name) as Arch;
}

/**
 * The ABI that a name means: our own ('x86_64'), the OCI constant ('SCMP_ARCH_X86_64'), Go's ('amd64'), uname's or
 * Node's.
 * @param name in any case
 * @returns the ABI; undefined when none has that name. Never throws.
 */
export function findArch(name: string): Arch | undefined {
  return BY_ANY_NAME.get(name.toLowerCase());
}

const ALIASES: readonly (readonly [string, ArchName])[] = [
  ['x64', 'x86_64'],
  ['x86-64', 'x86_64'],
  ['i486', 'i386'],
  ['i586', 'i386'],
  ['i686', 'i386'],
  ['ia32', 'i386'],
  ['armv7l', 'arm'],
  ['armhf', 'arm'],
  ['mips64el', 'mipsel64'],
  ['mips64eln32', 'mipsel64n32'],
  ['powerpc', 'ppc'],
  ['powerpc64', 'ppc64'],
  ['powerpc64le', 'ppc64le'],
  ['ppc64el', 'ppc64le'],
  ['loong64', 'loongarch64'],
  ['hppa', 'parisc'],
  ['hppa64', 'parisc64'],
  ['sh4', 'sh'],
];

const BY_ANY_NAME: ReadonlyMap<string, Arch> = new Map([
  ...[...ARCHES.values()].flatMap((a) => [...a.goNames, a.scmp.toLowerCase(), a.name].map((n) => [n, a] as const)),
  ...ALIASES.map(([alias, name]) => [alias, arch(name)] as const),
]);

/** The ABIs that share an audit token: x86_64 and x32 do, every other token has one. */
export function archesOfAudit(audit: number): readonly Arch[] {
  return [...ARCHES.values()].filter((a) => a.audit === audit);
}

/**
 * The ABI of an ELF file from its header fields.
 * @param elf `machine` (e_machine), `class` in bits, `endian`, `flags` (e_flags): they tell x32, n32 and the like apart
 * @returns the ABI; undefined when no filter can be made for such a file. Never throws.
 * @see Linux v6.12 include/uapi/linux/audit.h AUDIT_ARCH_*
 */
export function archOfElf(elf: {
  readonly machine: number;
  readonly class: 32 | 64;
  readonly endian: Endian;
  readonly flags: number;
}): Arch | undefined {
  for (const a of ARCHES.values()) {
    const id = a.elf;
    if (id.machine !== elf.machine || id.class !== elf.class || id.endian !== elf.endian) continue;
    if (id.flags && (elf.flags & id.flags.mask) !== id.flags.value) continue;
    return a;
  }
  return undefined;
}

/**
 * The ABI of a running Node process, where it can have seccomp.
 * @param processArch what node calls it, `process.arch`
 * @param endian byte order of the machine: 'little' for `os.endianness()` LE
 * @returns the ABI; undefined where there is none. Never throws.
 */
export function archOfNode(processArch: string, endian: Endian): Arch | undefined {
  const found = findArch(processArch === 'ppc64' && endian === 'little' ? 'ppc64le' : processArch);
  return found?.endian === endian ? found : undefined;
}
