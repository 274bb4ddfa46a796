/**
 * An ELF reader for the judge, written from the gABI with nothing of src/elf/: an error in our tables cannot hide in
 * what judges them. It never throws; a file whose tables cannot be read gives undefined. File offsets are numbers
 * (beyond 2^53 they are inexact, and such an offset is outside of every file), addresses are bigint.
 */
export interface Range {
  readonly from: number;
  readonly to: number;
}

export interface SegmentView {
  /** Where the program header itself stands. */
  readonly at: number;
  readonly type: number;
  readonly flags: number;
  readonly offset: number;
  readonly vaddr: bigint;
  readonly filesz: number;
  readonly memsz: bigint;
  readonly align: bigint;
}

export interface SectionView {
  readonly index: number;
  /** Where the section header itself stands. */
  readonly at: number;
  readonly nameAt: number;
  readonly type: number;
  readonly flags: bigint;
  readonly addr: bigint;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
  readonly info: number;
}

export interface View {
  readonly bytes: Uint8Array;
  readonly cls: 32 | 64;
  readonly little: boolean;
  readonly machine: number;
  readonly phoff: number;
  readonly shoff: number;
  readonly shstrndx: number;
  readonly segments: readonly SegmentView[];
  readonly sections: readonly SectionView[];
}

/** Sizes of the three structures. */
export const SIZES = {
  32: { ehdr: 52, phdr: 32, shdr: 40 },
  64: { ehdr: 64, phdr: 56, shdr: 64 },
} as const;

/** A header field by its place, for mutations: 'e_shoff', 'phdr[0].p_offset', 'shdr[3].sh_name'. */
export interface Field {
  readonly name: string;
  readonly at: number;
  readonly size: 1 | 2 | 4 | 8;
}

const EHDR_FIELDS =
  'e_type:2 e_machine:2 e_version:4 e_entry:n e_phoff:n e_shoff:n e_flags:4 e_ehsize:2 e_phentsize:2 e_phnum:2 e_shentsize:2 e_shnum:2 e_shstrndx:2';
const PHDR_FIELDS = {
  32: 'p_type:4 p_offset:4 p_vaddr:4 p_paddr:4 p_filesz:4 p_memsz:4 p_flags:4 p_align:4',
  64: 'p_type:4 p_flags:4 p_offset:8 p_vaddr:8 p_paddr:8 p_filesz:8 p_memsz:8 p_align:8',
} as const;
const SHDR_FIELDS =
  'sh_name:4 sh_type:4 sh_flags:n sh_addr:n sh_offset:n sh_size:n sh_link:4 sh_info:4 sh_addralign:n sh_entsize:n';

function fieldsAt(prefix: string, start: number, form: string, cls: 32 | 64): Field[] {
  let at = start;
  return form.split(' ').map((text) => {
    const [name, width] = text.split(':') as [string, string];
    const size = (width === 'n' ? cls / 8 : Number(width)) as Field['size'];
    at += size;
    return { name: prefix + name, at: at - size, size };
  });
}

/** The fields of an ELF header behind e_ident, whose first one stands at `start`. */
export function ehdrFields(prefix: string, start: number, cls: 32 | 64): readonly Field[] {
  return fieldsAt(prefix, start, EHDR_FIELDS, cls);
}

export function phdrFields(prefix: string, start: number, cls: 32 | 64): readonly Field[] {
  return fieldsAt(prefix, start, PHDR_FIELDS[cls], cls);
}

/** Every field of every header of a good file, e_ident's bytes first. */
export function fieldsOf(view: View): readonly Field[] {
  const { cls, segments, sections } = view;
  const ident = Array.from({ length: 16 }, (_, at): Field => ({ name: `e_ident[${at}]`, at, size: 1 }));
  return [
    ...ident,
    ...ehdrFields('', 16, cls),
    ...segments.flatMap((p, i) => phdrFields(`phdr[${i}].`, p.at, cls)),
    ...sections.flatMap((s, i) => fieldsAt(`shdr[${i}].`, s.at, SHDR_FIELDS, cls)),
  ];
}

/** One field of any width up to 8 bytes, in the file's byte order. */
export function getField(bytes: Uint8Array, little: boolean, { at, size }: Field): bigint {
  let value = 0n;
  for (let i = 0; i < size; i++) value = (value << 8n) | BigInt(bytes[little ? at + size - 1 - i : at + i]!);
  return value;
}

/** Writes a field in place; the value is cut to its width. */
export function setField(bytes: Uint8Array, little: boolean, { at, size }: Field, value: bigint): void {
  let rest = value;
  for (let i = 0; i < size; i++) {
    bytes[little ? at + i : at + size - 1 - i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
}

/** Reads header and tables; undefined when they are not those of an ELF file, or leave the file. */
export function look(bytes: Uint8Array): View | undefined {
  const known = bytes.length >= 52 && bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46;
  if (!known || (bytes[4] !== 1 && bytes[4] !== 2) || (bytes[5] !== 1 && bytes[5] !== 2)) return undefined;
  const cls = bytes[4] === 2 ? 64 : 32;
  const wide = cls === 64;
  const size = SIZES[cls];
  if (bytes.length < size.ehdr) return undefined;
  const little = bytes[5] === 1;
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const u16 = (at: number) => data.getUint16(at, little);
  const u32 = (at: number) => data.getUint32(at, little);
  const address = (at: number) => (wide ? data.getBigUint64(at, little) : BigInt(u32(at)));
  const offset = (at: number) => (wide ? u32(little ? at + 4 : at) * 2 ** 32 + u32(little ? at : at + 4) : u32(at));

  const [phoff, shoff] = wide ? [offset(32), offset(40)] : [offset(28), offset(32)];
  const counts = wide ? 56 : 44;
  const shnum = u16(counts + 4);
  if (shoff !== 0 && shoff + size.shdr > bytes.length) return undefined;
  const [sizeAt, linkAt] = wide ? [32, 40] : [20, 24];
  const count = shoff === 0 ? 0 : shnum === 0 ? offset(shoff + sizeAt) : shnum;
  const phnum = u16(counts);
  const segmentCount = phnum === 0xffff && shoff !== 0 ? u32(shoff + linkAt + 4) : phnum;
  const fits = (start: number, n: number, each: number) => n === 0 || start + n * each <= bytes.length;
  if (!fits(phoff, segmentCount, size.phdr) || !fits(shoff, count, size.shdr)) return undefined;
  const shstrndx = u16(counts + 6);

  const segments = Array.from({ length: segmentCount }, (_, i): SegmentView => {
    const at = phoff + i * size.phdr;
    return {
      at,
      type: u32(at),
      flags: u32(at + (wide ? 4 : 24)),
      offset: offset(at + (wide ? 8 : 4)),
      vaddr: address(at + (wide ? 16 : 8)),
      filesz: offset(at + (wide ? 32 : 16)),
      memsz: address(at + (wide ? 40 : 20)),
      align: address(at + (wide ? 48 : 28)),
    };
  });
  const sections = Array.from({ length: count }, (_, index): SectionView => {
    const at = shoff + index * size.shdr;
    return {
      index,
      at,
      nameAt: u32(at),
      type: u32(at + 4),
      flags: address(at + 8),
      addr: address(at + (wide ? 16 : 12)),
      offset: offset(at + (wide ? 24 : 16)),
      size: offset(at + sizeAt),
      link: u32(at + linkAt),
      info: u32(at + linkAt + 4),
    };
  });
  const names = shstrndx === 0xffff && shoff !== 0 ? u32(shoff + linkAt) : shstrndx;
  return { bytes, cls, little, machine: u16(18), phoff, shoff, shstrndx: names, segments, sections };
}

/** The bytes of a section's name, as latin-1 text; undefined when it cannot be read. Null sections have none. */
export function nameOf(view: View, s: SectionView): string | undefined {
  const table = view.sections[view.shstrndx];
  if (table === undefined || s.type === 0 || s.nameAt >= table.size) return undefined;
  const limit = Math.min(table.offset + table.size, view.bytes.length);
  let text = '';
  for (let at = table.offset + s.nameAt; at < limit; at++) {
    const byte = view.bytes[at]!;
    if (byte === 0) return text;
    text += String.fromCharCode(byte);
  }
  return undefined;
}

/** Every section of this name. */
export function named(view: View, name: string): readonly SectionView[] {
  return view.sections.filter((s) => nameOf(view, s) === name);
}

/** The bytes that a section holds in the file; undefined when they leave it. SHT_NOBITS and null sections hold none. */
export function rangeOf(view: View, s: SectionView): Range | undefined {
  if (s.type === 0 || s.type === 8 || s.size === 0) return { from: 0, to: 0 };
  return s.offset + s.size <= view.bytes.length ? { from: s.offset, to: s.offset + s.size } : undefined;
}
