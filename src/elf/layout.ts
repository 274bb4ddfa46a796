/**
 * Where things lie in a file: its end as an ELF, what stands behind that end, and whether its tail can be written anew
 * without touching anything else. Every verb that writes asks here first.
 */
import { fail } from '../diag/collector.ts';
import { quoted } from '../diag/escape.ts';
import {
  EHDR,
  PHDR,
  type Phdr,
  PT_NULL,
  SHDR,
  SHF_ALLOC,
  SHF_INFO_LINK,
  SHT_NOBITS,
  SHT_NULL,
  SHT_REL,
  SHT_RELA,
  type Shdr,
} from './format.ts';
import { DAMAGED, type ElfFile, type Section } from './read.ts';
import { inFile } from './source.ts';

/** Fewer zeros than this behind the end are padding (signing tools and linkers round up to a page). */
const PADDING_MAX = 4096;
/** No gap in a tail that `Tail` wrote is wider: the section header table is aligned to 8. */
export const TABLE_ALIGN = 8;

/** One past a section's last byte in the file; .bss and null sections have none. */
function sectionEnd(s: Shdr): bigint {
  return s.sh_type === SHT_NOBITS ? s.sh_offset : s.sh_offset + s.sh_size;
}

function segmentEnd(p: Phdr): bigint {
  return p.p_offset + p.p_filesz;
}

/** Sections that name bytes or an address; null headers are inactive whatever their other fields say. */
function activeSections(elf: ElfFile): readonly Section[] {
  return elf.sections.filter((s) => s.sh_type !== SHT_NULL);
}

/** Segments that hold bytes of the file. */
function filledSegments(elf: ElfFile): readonly Phdr[] {
  return elf.segments.filter((p) => p.p_type !== PT_NULL && p.p_filesz > 0n);
}

function phdrsEnd(elf: ElfFile): number {
  return elf.segments.length === 0 ? 0 : Number(elf.header.e_phoff) + elf.segments.length * PHDR[elf.class].size;
}

function shdrsEnd(elf: ElfFile): number {
  return Number(elf.header.e_shoff) + elf.sections.length * SHDR[elf.class].size;
}

/**
 * Makes sure that a file may be written anew: it has sections with readable names, all of them and all segments lie in
 * the file, and nothing of another kind follows the ELF.
 * @throws ELF_NO_SECTIONS, ELF_NAMES, ELF_SECTIONS, ELF_SEGMENTS, ELF_TRAILING
 */
export function checkRewritable(elf: ElfFile): void {
  const { file, source } = elf;
  if (elf.sections.length === 0) {
    const help = 'the section headers were stripped (sstrip, UPX); inject before that step';
    const message = 'e_shoff is 0: the file has no section header table, so a section could not be found';
    fail({ code: 'ELF_NO_SECTIONS', file, byteOffset: EHDR[elf.class].at.e_shoff, message, help });
  }
  elf.names.checkAll();

  for (const s of activeSections(elf)) checkInside(elf, s);
  for (const [index, p] of elf.segments.entries()) {
    if (p.p_type === PT_NULL || p.p_filesz === 0n || inFile(source.size, p.p_offset, p.p_filesz)) continue;
    const range = `${p.p_filesz} bytes from byte ${p.p_offset}`;
    const message = `segment ${index} (${range}) leaves the file of ${source.size} bytes`;
    const byteOffset = Number(elf.header.e_phoff) + index * PHDR[elf.class].size + PHDR[elf.class].at.p_offset;
    fail({ code: 'ELF_SEGMENTS', file, byteOffset, message, help: DAMAGED });
  }
  checkTrailing(elf);
}

/** Throws ELF_SECTIONS when the section's bytes leave the file. */
export function checkInside({ class: cls, file, source }: ElfFile, s: Section): void {
  if (s.sh_type === SHT_NOBITS || s.sh_size === 0n || inFile(source.size, s.sh_offset, s.sh_size)) return;
  const range = `${s.sh_size} bytes from byte ${s.sh_offset}`;
  const message = `section ${s.index} ${quoted(s.name)} (${range}) leaves the file of ${source.size} bytes`;
  const byteOffset = s.headerOffset + SHDR[cls].at.sh_offset;
  fail({ code: 'ELF_SECTIONS', file, byteOffset, message, help: DAMAGED });
}

/** One past the last byte that a header, a table, a section or a segment names. */
export function endOfElf(elf: ElfFile): number {
  let end = Math.max(EHDR[elf.class].size, phdrsEnd(elf), shdrsEnd(elf));
  for (const s of activeSections(elf)) {
    if (s.sh_type !== SHT_NOBITS && s.sh_size > 0n) end = Math.max(end, Number(sectionEnd(s)));
  }
  for (const p of filledSegments(elf)) end = Math.max(end, Number(segmentEnd(p)));
  return end;
}

/**
 * Self-extracting programs, AppImages, signed kernel modules and bundled scripts carry data behind the ELF and find it
 * by its distance from the end of the file: what is appended would hide it.
 */
function checkTrailing(elf: ElfFile): void {
  const end = endOfElf(elf);
  const length = elf.source.size - end;
  if (length === 0) return;
  if (length < PADDING_MAX && isZero(elf, end, elf.source.size)) return;
  const message = `${length} bytes follow the end of the ELF at byte ${end}`;
  const help =
    'a program that looks for data at its own end (self-extracting, AppImage, signed module) would no longer find it; inject before that data is added';
  fail({ code: 'ELF_TRAILING', file: elf.file, byteOffset: end, message, help });
}

function isZero(elf: ElfFile, from: number, to: number): boolean {
  return elf.source.read(from, to - from).every((byte) => byte === 0);
}

/** The name table is for section names alone and is not loaded, so it may be written anew at another place. */
export function namesCanMove(elf: ElfFile): boolean {
  const names = elf.sections[elf.shstrndx]!;
  const shared = activeSections(elf).some((s) => s.index !== names.index && s.sh_link === names.index);
  return !shared && (names.sh_flags & SHF_ALLOC) === 0n;
}

/**
 * Where the tail of the file starts that holds nothing but `target`, the name table (perhaps) and the section header
 * table, in this order; undefined when anything else reaches into it. Each byte from there on belongs to something that
 * is written anew when the target is replaced or removed, or is a zero that aligns the table, so cutting the file there
 * loses nothing. Files that we wrote end like this.
 */
export function ownTail(elf: ElfFile, target: Section): number | undefined {
  if (target.sh_type === SHT_NOBITS) return undefined;
  const start = Number(target.sh_offset);
  const tableAt = Number(elf.header.e_shoff);
  if (start < EHDR[elf.class].size || start < phdrsEnd(elf)) return undefined;
  if (tableAt < start || shdrsEnd(elf) !== elf.source.size) return undefined;
  if (filledSegments(elf).some((p) => segmentEnd(p) > target.sh_offset)) return undefined;

  const movable = namesCanMove(elf);
  const inTail = activeSections(elf).filter(
    (s) => s.index !== target.index && s.sh_type !== SHT_NOBITS && s.sh_size > 0n && sectionEnd(s) > target.sh_offset,
  );
  if (inTail.some((s) => s.index !== elf.shstrndx || !movable)) return undefined;

  let cursor = Number(sectionEnd(target));
  for (const next of [
    ...inTail.map((s) => ({ from: Number(s.sh_offset), to: Number(sectionEnd(s)) })),
    { from: tableAt, to: elf.source.size },
  ]) {
    const gap = next.from - cursor;
    if (gap < 0 || gap >= TABLE_ALIGN || !isZero(elf, cursor, next.from)) return undefined;
    cursor = next.to;
  }
  return start;
}

/** Refuses to replace or remove what the program maps when it runs, or what other headers point at. */
export function checkDisposable(elf: ElfFile, target: Section): void {
  const { file } = elf;
  const at = SHDR[elf.class].at;
  const name = `section ${target.index} ${quoted(target.name)}`;
  const overlaps = (p: Phdr) => p.p_offset < sectionEnd(target) && target.sh_offset < segmentEnd(p);
  if ((target.sh_flags & SHF_ALLOC) !== 0n || filledSegments(elf).some(overlaps)) {
    const help = 'it was compiled or linked into the program; build without it, or use another section name';
    const byteOffset = target.headerOffset + at.sh_flags;
    fail({
      code: 'ELF_SECTION_LOADED',
      file,
      byteOffset,
      message: `${name} is part of what is loaded at run time`,
      help,
    });
  }
  const help = 'use another section name';
  if (target.index === elf.shstrndx) {
    const message = `${name} holds the section names`;
    fail({ code: 'ELF_SECTION_USED', file, byteOffset: EHDR[elf.class].at.e_shstrndx, message, help });
  }
  for (const s of activeSections(elf)) {
    if (s.index === target.index) continue;
    const byInfo = s.sh_type === SHT_REL || s.sh_type === SHT_RELA || (s.sh_flags & SHF_INFO_LINK) !== 0n;
    if (s.sh_link !== target.index && !(byInfo && s.sh_info === target.index)) continue;
    const message = `section ${s.index} ${quoted(s.name)} refers to ${name}`;
    fail({ code: 'ELF_SECTION_USED', file, byteOffset: s.headerOffset + at.sh_link, message, help });
  }
}
