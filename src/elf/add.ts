/**
 * Appends a section and leaves every byte of the file where it was, but for three fields of the ELF header.
 *
 * Behind the old end come the data, a name table with one more name, and a section header table with one more header,
 * last. The old tables stay behind unused: moving anything would break what refers to it by offset.
 */
import { fail } from '../diag/collector.ts';
import { quoted } from '../diag/escape.ts';
import { applyEdit, type Edit, Tail } from './edit.ts';
import { checkRewritable } from './layout.ts';
import { movableNames, putNames } from './name-table.ts';
import { appendName } from './names.ts';
import { type ElfFile, type ReadOptions, readElf } from './read.ts';
import { planReplace } from './replace.ts';
import { findSection, type NewSection, nameBytes, newHeader } from './section.ts';

export interface AddOptions extends ReadOptions {
  /** When a section of this name is there: take its place instead of refusing. */
  readonly replace?: boolean | undefined;
}

/** `addSection` as an Edit, for a file that is not in memory. */
export function planAdd(elf: ElfFile, section: NewSection, options: AddOptions = {}): Edit {
  const header = newHeader(section, elf);
  checkRewritable(elf);
  const old = findSection(elf, section.name);
  if (old !== undefined) {
    if (options.replace) return planReplace(elf, old, header, section.data);
    const message = `section ${old.index} is named ${quoted(section.name)} already (${old.sh_size} bytes)`;
    const help = 'ask for its replacement, or choose another name';
    fail({ code: 'ELF_SECTION_EXISTS', file: elf.file, byteOffset: old.headerOffset, message, help });
  }
  const tail = new Tail(elf, elf.source.size);
  const sh_offset = BigInt(tail.put(section.data, Number(header.sh_addralign)));
  const names = movableNames(elf);
  const { table, start } = appendName(names.table, nameBytes(section.name));
  const headers = putNames(tail, { ...names, table });
  // The new header comes last, so that the indexes in symbols, sh_link and sh_info keep their meaning.
  return tail.finish([...headers, { ...header, sh_name: start, sh_offset }], names.shstrndx);
}

/**
 * Adds a section that is not loaded: nothing of the program changes, and a reader finds the data through the section
 * header table. Every byte of `elf` keeps its place and value except e_shoff, e_shnum and e_shstrndx; `elf` itself is
 * not changed. With `replace`, a section of this name takes the new data and keeps its index; the same data again gives
 * the same bytes.
 *
 * @returns the new file
 * @throws SeccompcError, always before anything is made: what `readElf` refuses, ELF_NO_SECTIONS, ELF_NAMES,
 *   ELF_SECTIONS, ELF_SEGMENTS, ELF_TRAILING, ELF_SECTION_NAME, ELF_SECTION_FIELD, ELF_SECTION_EXISTS,
 *   ELF_SECTION_TWICE, ELF_TOO_LARGE; with `replace` also ELF_SECTION_LOADED and ELF_SECTION_USED
 * @see gABI 4.1 chapter 4
 */
export function addSection(elf: Uint8Array, section: NewSection, options: AddOptions = {}): Uint8Array {
  return applyEdit(elf, planAdd(readElf(elf, options), section, options));
}
