/**
 * Where things lie in a file: its end as an ELF, what stands behind that end, and what a section shares with others.
 * Every verb that writes asks here first.
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

/**
 * What to do with data behind the end of the ELF: refuse the file, keep it at the end of the new file (for what is found
 * by its distance from the end), or keep it where it is (for what is found by its offset).
 */
export type Trailing = 'refuse' | 'keep-end' | 'keep-offset';

/** Fewer zeros than this behind the end are padding (signing tools and linkers round up to a page). */
const PADDING_MAX = 4096;

/** One past a section's last byte in the file; .bss and null sections have none. */
export function sectionEnd(s: Shdr): bigint {
  return s.sh_type === SHT_NOBITS ? s.sh_offset : s.sh_offset + s.sh_size;
}

export function segmentEnd(p: Phdr): bigint {
  return p.p_offset + p.p_filesz;
}

/** Sections that name bytes or an address; null headers are inactive whatever their other fields say. */
export function activeSections(elf: ElfFile): readonly Section[] {
  return elf.sections.filter((s) => s.sh_type !== SHT_NULL);
}

/** True for sections that hold bytes of the file. */
export function isFilled(s: Shdr): boolean {
  return s.sh_type !== SHT_NULL && s.sh_type !== SHT_NOBITS && s.sh_size > 0n;
}

/** Segments that hold bytes of the file. */
export function filledSegments(elf: ElfFile): readonly Phdr[] {
  return elf.segments.filter((p) => p.p_type !== PT_NULL && p.p_filesz > 0n);
}

/** Where the header of segment `index` stands in the file. */
export function segmentAt(elf: ElfFile, index: number): number {
  return Number(elf.header.e_phoff) + index * PHDR[elf.class].size;
}

function shdrsEnd(elf: ElfFile): number {
  return Number(elf.header.e_shoff) + elf.sections.length * SHDR[elf.class].size;
}

/**
 * Makes sure that a file may be written anew: it has sections with readable names, and all of them and all segments lie
 * in the file. What follows the ELF is `checkTrailing`'s.
 * @throws ELF_NO_SECTIONS, ELF_SECTION_OUTSIDE, ELF_SEGMENT_OUTSIDE, and what is wrong with the names
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
    const byteOffset = segmentAt(elf, index) + PHDR[elf.class].at.p_offset;
    fail({ code: 'ELF_SEGMENT_OUTSIDE', file, byteOffset, message, help: DAMAGED });
  }
}

/** Throws ELF_SECTION_OUTSIDE when the section's bytes leave the file. */
export function checkInside({ class: cls, file, source }: ElfFile, s: Section): void {
  if (!isFilled(s) || inFile(source.size, s.sh_offset, s.sh_size)) return;
  const range = `${s.sh_size} bytes from byte ${s.sh_offset}`;
  const message = `section ${s.index} ${quoted(s.name)} (${range}) leaves the file of ${source.size} bytes`;
  const byteOffset = s.headerOffset + SHDR[cls].at.sh_offset;
  fail({ code: 'ELF_SECTION_OUTSIDE', file, byteOffset, message, help: DAMAGED });
}

/** One past the last byte that a header, a table, a section or a segment names. */
export function endOfElf(elf: ElfFile): number {
  const phdrsEnd = elf.segments.length === 0 ? 0 : segmentAt(elf, elf.segments.length);
  let end = Math.max(EHDR[elf.class].size, phdrsEnd, shdrsEnd(elf));
  for (const s of elf.sections) if (isFilled(s)) end = Math.max(end, Number(sectionEnd(s)));
  for (const p of filledSegments(elf)) end = Math.max(end, Number(segmentEnd(p)));
  return end;
}

/**
 * Self-extracting programs, AppImages, signed kernel modules and bundled scripts carry data behind the ELF and find it
 * by its distance from the end of the file, or by its offset: the caller says which. Throws ELF_TRAILING.
 */
export function checkTrailing(elf: ElfFile): void {
  const end = endOfElf(elf);
  const length = elf.source.size - end;
  if (length === 0) return;
  if (length < PADDING_MAX && elf.source.read(end, length).every((byte) => byte === 0)) return;
  const message = `${length} bytes follow the end of the ELF at byte ${end}`;
  const help =
    'a self-extracting program, an AppImage or a signed module finds them at its own end: inject before they are added, or keep them: --trailing keep-end (at the end) or keep-offset (where they are)';
  fail({ code: 'ELF_TRAILING', file: elf.file, byteOffset: end, message, help });
}

/** The name table is for section names alone and is not loaded, so it may be written anew at another place. */
export function namesCanMove(elf: ElfFile): boolean {
  const names = elf.sections[elf.shstrndx]!;
  const shared = activeSections(elf).some((s) => s.index !== names.index && s.sh_link === names.index);
  return !shared && (names.sh_flags & SHF_ALLOC) === 0n;
}

/** Refuses to replace or remove what the program maps when it runs, or what other headers point at. */
export function checkDisposable(elf: ElfFile, target: Section): void {
  const { file } = elf;
  const at = SHDR[elf.class].at;
  const name = `section ${target.index} ${quoted(target.name)}`;
  const overlaps = (p: Phdr) => p.p_offset < sectionEnd(target) && target.sh_offset < segmentEnd(p);
  if ((target.sh_flags & SHF_ALLOC) !== 0n || filledSegments(elf).some(overlaps)) {
    const message = `${name} is part of what is loaded at run time, and no undo record says that it was injected`;
    const help =
      'compiled or linked into the program: build without it; injected and stripped afterwards: strip first, inject last; else use another section name';
    fail({ code: 'ELF_SECTION_LOADED', file, byteOffset: target.headerOffset + at.sh_flags, message, help });
  }
  const align = target.sh_addralign;
  if (align !== 0n && (align & (align - 1n)) !== 0n) {
    const message = `sh_addralign of ${name} is ${align}, no power of two`;
    fail({
      code: 'ELF_SECTION_ALIGN',
      file,
      byteOffset: target.headerOffset + at.sh_addralign,
      message,
      help: DAMAGED,
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
