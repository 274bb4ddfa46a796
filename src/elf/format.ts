/**
 * The ELF structures as tables: each lists its fields in file order, and the offsets of both classes follow from the
 * widths. Only the program header orders its fields differently in 32 and 64 bit.
 * @see gABI 4.1 chapters 4 and 5; <elf.h> of glibc 2.36 (native-tests/elf compares the values)
 */
import { unreachable } from '../diag/error.ts';
import { ByteView, type Endian } from '../num/bytes.ts';

export type ElfClass = 32 | 64;

/** The ELF header after e_ident. Addresses and offsets are bigint in both classes. */
export interface Ehdr {
  readonly e_type: number;
  readonly e_machine: number;
  readonly e_version: number;
  readonly e_entry: bigint;
  readonly e_phoff: bigint;
  readonly e_shoff: bigint;
  readonly e_flags: number;
  readonly e_ehsize: number;
  readonly e_phentsize: number;
  readonly e_phnum: number;
  readonly e_shentsize: number;
  readonly e_shnum: number;
  readonly e_shstrndx: number;
}

/** A program header: one segment. */
export interface Phdr {
  readonly p_type: number;
  readonly p_flags: number;
  readonly p_offset: bigint;
  readonly p_vaddr: bigint;
  readonly p_paddr: bigint;
  readonly p_filesz: bigint;
  readonly p_memsz: bigint;
  readonly p_align: bigint;
}

/** A section header. */
export interface Shdr {
  readonly sh_name: number;
  readonly sh_type: number;
  readonly sh_flags: bigint;
  readonly sh_addr: bigint;
  readonly sh_offset: bigint;
  readonly sh_size: bigint;
  readonly sh_link: number;
  readonly sh_info: number;
  readonly sh_addralign: bigint;
  readonly sh_entsize: bigint;
}

/** Bytes of a field; `native` is 4 in ELFCLASS32 and 8 in ELFCLASS64. */
type Width = 2 | 4 | 'native';
type Fields<T> = { readonly [K in keyof T]-?: Width };

/** Where a structure's fields lie in one class. */
export interface Layout<T> {
  /** Bytes of the whole structure. */
  readonly size: number;
  /** Offset of each field from the structure's start. */
  readonly at: { readonly [K in keyof T]-?: number };
  readonly fields: readonly {
    readonly name: keyof T;
    readonly at: number;
    readonly bytes: 2 | 4 | 8;
    readonly big: boolean;
  }[];
}

const ehdr: Fields<Ehdr> = {
  e_type: 2,
  e_machine: 2,
  e_version: 4,
  e_entry: 'native',
  e_phoff: 'native',
  e_shoff: 'native',
  e_flags: 4,
  e_ehsize: 2,
  e_phentsize: 2,
  e_phnum: 2,
  e_shentsize: 2,
  e_shnum: 2,
  e_shstrndx: 2,
};

const phdr32: Fields<Phdr> = {
  p_type: 4,
  p_offset: 'native',
  p_vaddr: 'native',
  p_paddr: 'native',
  p_filesz: 'native',
  p_memsz: 'native',
  p_flags: 4,
  p_align: 'native',
};

const phdr64: Fields<Phdr> = {
  p_type: 4,
  p_flags: 4,
  p_offset: 'native',
  p_vaddr: 'native',
  p_paddr: 'native',
  p_filesz: 'native',
  p_memsz: 'native',
  p_align: 'native',
};

const shdr: Fields<Shdr> = {
  sh_name: 4,
  sh_type: 4,
  sh_flags: 'native',
  sh_addr: 'native',
  sh_offset: 'native',
  sh_size: 'native',
  sh_link: 4,
  sh_info: 4,
  sh_addralign: 'native',
  sh_entsize: 'native',
};

function layout<T>(widths: Fields<T>, cls: ElfClass, start = 0): Layout<T> {
  let offset = start;
  const fields = [];
  const at: Partial<Record<keyof T, number>> = {};
  for (const name of Object.keys(widths) as (keyof T)[]) {
    const width: Width = widths[name];
    const bytes = width === 'native' ? (cls === 64 ? 8 : 4) : width;
    fields.push({ name, at: offset, bytes, big: width === 'native' } as const);
    at[name] = offset;
    offset += bytes;
  }
  return { size: offset, at: at as Layout<T>['at'], fields };
}

/** e_ident fills the first 16 bytes. */
export const EI_NIDENT = 16;

type PerClass<T> = { readonly 32: Layout<T>; readonly 64: Layout<T> };
export const EHDR: PerClass<Ehdr> = { 32: layout(ehdr, 32, EI_NIDENT), 64: layout(ehdr, 64, EI_NIDENT) };
export const PHDR: PerClass<Phdr> = { 32: layout(phdr32, 32), 64: layout(phdr64, 64) };
export const SHDR: PerClass<Shdr> = { 32: layout(shdr, 32), 64: layout(shdr, 64) };

/** The structure that starts at byte `at` of the view; the caller has checked that it fits. */
export function readRecord<T>(form: Layout<T>, view: ByteView, at: number): T {
  const record: Partial<Record<keyof T, number | bigint>> = {};
  for (const f of form.fields) {
    const here = at + f.at;
    if (f.bytes === 8) record[f.name] = view.u64(here);
    else if (f.bytes === 4) record[f.name] = f.big ? BigInt(view.u32(here)) : view.u32(here);
    else record[f.name] = view.u16(here);
  }
  return record as T;
}

function put(view: ByteView, at: number, { bytes }: { readonly bytes: 2 | 4 | 8 }, value: number | bigint): void {
  if (bytes === 8) view.setU64(at, BigInt(value));
  else if (bytes === 4) view.setU32(at, Number(value));
  else view.setU16(at, Number(value));
}

/** The bytes of one field. A value that does not fit is cut to the field's width: the caller has checked it. */
export function fieldBytes<T>(form: Layout<T>, endian: Endian, name: keyof T, value: number | bigint): Uint8Array {
  const field = form.fields.find((f) => f.name === name) ?? unreachable(`no field ${String(name)}`);
  const view = new ByteView(new Uint8Array(field.bytes), endian);
  put(view, 0, field, value);
  return view.bytes;
}

/** Writes the structure at byte `at` of the view; values are cut as in `fieldBytes`. */
export function writeRecord<T>(form: Layout<T>, view: ByteView, at: number, record: T): void {
  for (const field of form.fields) put(view, at + field.at, field, record[field.name] as number | bigint);
}

export const EI_CLASS = 4;
export const EI_DATA = 5;
export const EI_VERSION = 6;
export const EV_CURRENT = 1;

export const ET_REL = 1;
export const ET_EXEC = 2;
export const ET_DYN = 3;

/** e_phnum when the count does not fit: section 0's sh_info holds it. */
export const PN_XNUM = 0xffff;
export const PT_NULL = 0;
export const PT_LOAD = 1;
export const PT_DYNAMIC = 2;
export const PT_INTERP = 3;
export const PT_NOTE = 4;
export const PT_PHDR = 6;
export const PT_GNU_PROPERTY = 0x6474e553;
/** PaX's flags; Go's linker leaves an empty one. Not in glibc's <elf.h>. */
export const PT_PAX_FLAGS = 0x65041580;
export const PF_X = 1;
export const PF_R = 4;

export const DT_NULL = 0n;
export const DT_NEEDED = 1n;
export const DT_STRTAB = 5n;
export const DT_STRSZ = 10n;
export const DT_SONAME = 14n;
export const DT_FLAGS_1 = 0x6ffffffbn;
export const DF_1_PIE = 0x08000000n;

export const SHN_UNDEF = 0;
/** First index that e_shnum, e_shstrndx and st_shndx cannot hold. */
export const SHN_LORESERVE = 0xff00;
/** e_shstrndx when the index does not fit: section 0's sh_link holds it. */
export const SHN_XINDEX = 0xffff;

export const SHT_NULL = 0;
export const SHT_PROGBITS = 1;
export const SHT_SYMTAB = 2;
export const SHT_STRTAB = 3;
export const SHT_RELA = 4;
export const SHT_NOTE = 7;
export const SHT_NOBITS = 8;
export const SHT_REL = 9;
export const SHT_DYNSYM = 11;
export const SHT_GROUP = 17;
export const SHT_SYMTAB_SHNDX = 18;

export const SHF_ALLOC = 0x2n;
export const SHF_EXECINSTR = 0x4n;
/** sh_info holds a section index. */
export const SHF_INFO_LINK = 0x40n;
export const SHF_GROUP = 0x200n;
/** A linker leaves the section out of what it makes. */
export const SHF_EXCLUDE = 0x80000000n;
