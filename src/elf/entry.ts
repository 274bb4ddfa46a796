/** Code that runs before the program's own: what e_entry leads to, and from where it goes on to where e_entry led before. */
import { fail } from '../diag/collector.ts';
import { EHDR, PF_X, PT_LOAD, SHF_ALLOC, SHF_EXECINSTR, SHT_PROGBITS, type Shdr } from './format.ts';
import type { ElfFile, Section } from './read.ts';

export interface EntryCode {
  /** Name of its section, which is loaded and executable. */
  readonly name: string;
  /** A power of two. */
  readonly align: number;
  /** The code for this place. */
  readonly make: (place: EntryPlace) => Uint8Array;
}

/** Addresses are the program's own: in a 'pie', from its base. */
export interface EntryPlace {
  readonly address: bigint;
  /** e_entry as it was. */
  readonly entry: bigint;
  /** Where a loaded section lies that is put in along with the code. */
  readonly addressOf: (section: string) => bigint;
}

/** Throws ELF_ENTRY unless the program starts in a segment that may be executed. */
export function checkEntry(elf: ElfFile): void {
  const { entry } = elf;
  const holds = elf.segments.some(
    (p) => p.p_type === PT_LOAD && (p.p_flags & PF_X) !== 0 && p.p_vaddr <= entry && entry < p.p_vaddr + p.p_filesz,
  );
  if (holds && entry !== 0n) return;
  const message =
    entry === 0n
      ? 'e_entry is 0: the file does not say where it starts'
      : `e_entry is 0x${entry.toString(16)}, which no executable segment holds`;
  const help = 'only a program that the kernel starts can enforce its own filter';
  fail({ code: 'ELF_ENTRY', file: elf.file, byteOffset: EHDR[elf.class].at.e_entry, message, help });
}

/** Header fields of the code's section but for its name and place. */
export function entryHeader(size: number, align: number): Omit<Shdr, 'sh_name' | 'sh_offset'> {
  return {
    sh_type: SHT_PROGBITS,
    sh_flags: SHF_ALLOC | SHF_EXECINSTR,
    sh_addr: 0n,
    sh_size: BigInt(size),
    sh_link: 0,
    sh_info: 0,
    sh_addralign: BigInt(align),
    sh_entsize: 0n,
  };
}

/** The injected section that e_entry leads to; a section that is not loaded has no address, and 0 is no entry. */
export function entrySection(elf: ElfFile, injected: readonly Section[]): Section | undefined {
  const isCode = ({ sh_flags, sh_addr }: Section) =>
    (sh_flags & SHF_EXECINSTR) !== 0n && (sh_flags & SHF_ALLOC) !== 0n && sh_addr !== 0n;
  return injected.find((s) => isCode(s) && s.sh_addr <= elf.entry && elf.entry < s.sh_addr + s.sh_size);
}
