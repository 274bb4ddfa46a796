import { fail } from '../diag/collector.ts';
import { quoted } from '../diag/escape.ts';
import { SHDR, SHT_NOBITS } from './format.ts';
import { checkInside } from './layout.ts';
import { type ElfFile, type ReadOptions, readElf } from './read.ts';
import { theSection } from './section.ts';

/** Sections are taken into memory whole. */
const MOST = 1 << 30;

/**
 * `extractSection` for a file that has been read already.
 * @param elf what `readElf` gave
 * @param name of the section
 * @param most the most bytes that are taken
 * @returns a copy
 * @throws SeccompcError ELF_SECTION_MISSING, ELF_SECTION_TWICE, ELF_SECTION_NOBITS, ELF_SECTION_OUTSIDE, ELF_TOO_LARGE
 */
export function sectionBytes(elf: ElfFile, name: string, most: number = MOST): Uint8Array {
  const s = theSection(elf, name);
  const at = SHDR[elf.class].at;
  const { file, source } = elf;
  if (s.sh_type === SHT_NOBITS) {
    const message = `section ${s.index} ${quoted(name)} has no bytes in the file (SHT_NOBITS)`;
    const help = 'it is filled with zeros when the program starts, or stands in a separate debug file';
    fail({ code: 'ELF_SECTION_NOBITS', file, byteOffset: s.headerOffset + at.sh_type, message, help });
  }
  checkInside(elf, s);
  if (s.sh_size > BigInt(most)) {
    const message = `section ${s.index} ${quoted(name)} has ${s.sh_size} bytes; more than ${most} are not read`;
    const help = 'is it the right section?';
    fail({ code: 'ELF_TOO_LARGE', file, byteOffset: s.headerOffset + at.sh_size, message, help });
  }
  // An empty section may claim any offset.
  return s.sh_size === 0n ? new Uint8Array() : source.read(Number(s.sh_offset), Number(s.sh_size)).slice();
}

/**
 * The bytes of the one section of this name, as they stand in the file (a compressed section stays compressed), copied.
 * Data behind the ELF and damaged other sections do not matter.
 * @param elf the bytes of the file; they are not changed
 * @param name of the section
 * @param options `file`: the name shown in diagnostics
 * @returns a copy
 * @throws SeccompcError: what `readElf` refuses, ELF_SECTION_MISSING, ELF_SECTION_TWICE,
 *   ELF_SECTION_NOBITS, ELF_SECTION_OUTSIDE, ELF_TOO_LARGE
 */
export function extractSection(elf: Uint8Array, name: string, options: ReadOptions = {}): Uint8Array {
  return sectionBytes(readElf(elf, options), name);
}
