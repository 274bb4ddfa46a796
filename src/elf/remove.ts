/**
 * Takes sections out again. An injected one goes without a trace: the file before the injection is put back, with the
 * other injected sections if there are any. A section of another origin (objcopy's) loses its header, in place: the last
 * one goes away, one in the middle becomes a null header, because symbols and other sections count headers by index; its
 * data stays behind as bytes that nothing names, unless it ends the file.
 */
import { fail } from '../diag/collector.ts';
import { quoted } from '../diag/escape.ts';
import { ByteView } from '../num/bytes.ts';
import { applyEdit, type Edit, headerPatches } from './edit.ts';
import { SHDR, SHF_GROUP, SHN_LORESERVE, SHT_DYNSYM, SHT_SYMTAB, SHT_SYMTAB_SHNDX } from './format.ts';
import { planInject } from './inject.ts';
import { checkDisposable, checkRewritable, isFilled, sectionEnd, segmentEnd } from './layout.ts';
import { DAMAGED, type ElfFile, type ReadOptions, readElf, type Section } from './read.ts';
import { findSection, theSection, UNDO_SECTION } from './section.ts';
import { planWhole, undoOf } from './undo.ts';

/**
 * `removeSection` as an Edit, for a file that is not in memory.
 * @param elf what `readElf` gave
 * @param name of the section
 * @returns what changes; `applyEdit` makes the file of it
 * @throws SeccompcError as `removeSection`: ELF_SECTION_*, ELF_UNDO
 */
export function planRemove(elf: ElfFile, name: string): Edit {
  const undo = undoOf(elf);
  const target = theSection(elf, name);
  if (undo.state !== 'intact') return planDrop(elf, target);

  const { injection } = undo;
  const others = injection.sections.filter((s) => s.index !== target.index);
  if (others.length === injection.sections.length) {
    const isRecord = target.index === undo.section.index;
    const message = `section ${target.index} ${quoted(name)} ${isRecord ? 'is the undo record' : 'was in the file before the injection'}`;
    const help = `remove what was injected first: ${injection.sections.map((s) => quoted(s.name)).join(', ')}`;
    fail({ code: 'ELF_SECTION_BENEATH', file: elf.file, byteOffset: target.headerOffset, message, help });
  }
  return planInject(elf, [], { without: [name] });
}

/**
 * `undoInjection` as an Edit, for a file that is not in memory.
 * @param elf what `readElf` gave
 * @returns what changes; `applyEdit` makes the file of it
 * @throws SeccompcError ELF_UNDO_MISSING, ELF_UNDO
 */
export function planUndo(elf: ElfFile): Edit {
  const undo = undoOf(elf);
  if (undo.state === 'intact') return planWhole(elf, undo.injection);
  const none = undo.state === 'none';
  const message = none
    ? 'the file has no undo record: nothing was injected, or not by this tool'
    : `the undo record no longer fits the file: ${undo.why}`;
  const help = none
    ? 'there is nothing to take back'
    : 'sections that are not loaded can be removed by name (--section), a loaded one not any more: build the program again; strip first, inject last';
  return fail({ code: 'ELF_UNDO_MISSING', file: elf.file, message, help });
}

/** Takes away the header of a section that no undo record names. */
function planDrop(elf: ElfFile, target: Section): Edit {
  checkRewritable(elf);
  checkDisposable(elf, target);
  if ((target.sh_flags & SHF_GROUP) !== 0n || symbolsReferTo(elf, target.index)) {
    const message = `a symbol or a section group refers to section ${target.index} ${quoted(target.name)}`;
    const help = 'objcopy --remove-section rewrites the symbols too';
    fail({ code: 'ELF_SECTION_USED', file: elf.file, byteOffset: target.headerOffset, message, help });
  }
  const { size } = SHDR[elf.class];
  // A header that is all zero is SHT_NULL: inactive.
  const nulled = { byteOffset: target.headerOffset, bytes: new Uint8Array(size) };
  const isLast = target.index === elf.sections.length - 1 && elf.header.e_shnum > 1;
  const fewer = isLast ? headerPatches(elf, { e_shnum: elf.header.e_shnum - 1 }) : [];
  const end = endWithout(elf, target);
  const keep = Number(sectionEnd(target)) === elf.source.size && isFilled(target) ? end : elf.source.size;
  return { keep, patches: [nulled, ...fewer].filter((p) => p.byteOffset < keep), pieces: [], size: keep };
}

/** One past the last byte that anything but the target names. */
function endWithout(elf: ElfFile, target: Section): number {
  let end = Number(elf.header.e_shoff) + elf.sections.length * SHDR[elf.class].size;
  for (const s of elf.sections) if (s.index !== target.index && isFilled(s)) end = Math.max(end, Number(sectionEnd(s)));
  for (const p of elf.segments) if (p.p_filesz > 0n) end = Math.max(end, Number(segmentEnd(p)));
  return Math.min(end, elf.source.size);
}

/** Bytes of a symbol table that are looked at together. */
const CHUNK = 24 << 15;

/** st_shndx is 16 bits; an index that does not fit stands in the SHT_SYMTAB_SHNDX section, one word a symbol. */
function symbolsReferTo(elf: ElfFile, index: number): boolean {
  const [entry, at] = elf.class === 64 ? [24, 6] : [16, 14];
  const tables = elf.sections.filter((s) => [SHT_SYMTAB, SHT_DYNSYM, SHT_SYMTAB_SHNDX].includes(s.sh_type));
  const total = tables.reduce((sum, s) => sum + s.sh_size, 0n);
  if (total > BigInt(elf.source.size)) {
    const message = `the symbol tables have ${total} bytes together, more than the file: they overlap`;
    fail({ code: 'ELF_TOO_LARGE', file: elf.file, byteOffset: tables[0]!.headerOffset, message, help: DAMAGED });
  }
  return tables.some((s) => {
    const symbols = s.sh_type === SHT_SYMTAB || s.sh_type === SHT_DYNSYM;
    const step = symbols ? entry : 4;
    const end = Number(sectionEnd(s));
    for (let from = Number(s.sh_offset); from < end; from += CHUNK) {
      const view = new ByteView(elf.source.read(from, Math.min(CHUNK, end - from)), elf.endian);
      for (let i = 0; i + step <= view.bytes.length; i += step) {
        if (symbols ? index < SHN_LORESERVE && view.u16(i + at) === index : view.u32(i) === index) return true;
      }
    }
    return false;
  });
}

/**
 * Removes the section of this name. When it was injected and no other section was, the result is the file from before,
 * byte for byte; with others, it is the file with those alone. `elf` is not changed.
 * @param elf the bytes of the file; they are not changed
 * @param name of the section
 * @param options `file`: the name shown in diagnostics
 * @returns the new file
 * @throws SeccompcError: what `readElf` refuses, ELF_SECTION_MISSING, ELF_SECTION_TWICE, ELF_SECTION_BENEATH, ELF_UNDO;
 *   for a section that was not injected also ELF_SECTION_LOADED (mapped at run time), ELF_SECTION_USED (symbols or
 *   sections refer to it)
 */
export function removeSection(elf: Uint8Array, name: string, options: ReadOptions = {}): Uint8Array {
  return applyEdit(elf, planRemove(readElf(elf, options), name));
}

/**
 * Removes all that was injected: the file from before, byte for byte.
 * @param elf the file; it is not changed
 * @param options `file`: the name shown in diagnostics
 * @returns the file from before
 * @throws SeccompcError: what `readElf` refuses, ELF_UNDO_MISSING, ELF_UNDO
 */
export function undoInjection(elf: Uint8Array, options: ReadOptions = {}): Uint8Array {
  return applyEdit(elf, planUndo(readElf(elf, options)));
}

/**
 * Whether a section of this name would be there again after its removal: it took the place of another one's.
 * @param elf what `readElf` gave
 * @param name of the section
 * @returns false also where no such section is
 * @throws SeccompcError ELF_UNDO where the undo record is damaged; ELF_SECTION_TWICE
 */
export function isBeneath(elf: ElfFile, name: string): boolean {
  const undo = undoOf(elf);
  return name !== UNDO_SECTION && undo.state === 'intact' && findSection(undo.injection.before, name) !== undefined;
}
