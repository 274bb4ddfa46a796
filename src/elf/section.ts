/** What a section is told by from outside: its name, and for a new one the fields that the caller may set. */
import { fail } from '../diag/collector.ts';
import { quoted } from '../diag/escape.ts';
import { U64_MAX } from '../num/u64.ts';
import { type ElfClass, SHF_ALLOC, SHT_NOBITS, SHT_NULL, SHT_PROGBITS, type Shdr } from './format.ts';
import type { ElfFile, Section } from './read.ts';

/** A section to add. Unless `load` says so nothing of it is mapped when the program runs: readers open the file. */
export interface NewSection {
  /** Not empty, no NUL, not `.shstrtab`. Written as UTF-8. */
  readonly name: string;
  readonly data: Uint8Array;
  /** sh_addralign and the alignment of the data in the file, in bytes: a power of two up to 65536; 8 unless stated. */
  readonly align?: number;
  /** sh_entsize in bytes, 0 for data without records; 8 unless stated (one sock_filter). */
  readonly entrySize?: number;
  /** sh_type, 32 bits; SHT_PROGBITS (1) unless stated. */
  readonly type?: number;
  /** sh_flags, as wide as the class; 0 unless stated. SHF_ALLOC is refused: `load` sets it where it is true. */
  readonly flags?: number | bigint;
  /** Map it, read-only, when the program runs, through a PT_LOAD of its own; sh_addr and SHF_ALLOC say where. */
  readonly load?: boolean;
}

const ALIGN_MAX = 0x10000;
const PAGE = 0x1000;
const NAMES = '.shstrtab';
/** The section that holds the undo record. */
export const UNDO_SECTION = '.seccompc_undo';

/** A new section's header fields but for its name and place. Throws ELF_SECTION_NAME or ELF_SECTION_FIELD. */
export function newHeader(section: NewSection, elf: ElfFile): Omit<Shdr, 'sh_name' | 'sh_offset'> {
  const { align = 8, entrySize = 8, type = SHT_PROGBITS } = section;
  const flags = wholeNumber(section.flags ?? 0);
  checkName(section.name, elf.file);
  const refuse = (message: string, help: string): never =>
    fail({ code: 'ELF_SECTION_FIELD', file: elf.file, message: `section ${quoted(section.name)}: ${message}`, help });

  if (!Number.isInteger(align) || align < 1 || align > ALIGN_MAX || (align & (align - 1)) !== 0) {
    refuse(`the alignment ${align} is no power of two from 1 to ${ALIGN_MAX}`, 'sock_filter records are aligned to 8');
  }
  if (section.load && section.data.length === 0) {
    refuse('a section without bytes cannot be loaded', 'give it data, or leave load out');
  }
  if (section.load && align > PAGE) {
    refuse(`the alignment ${align} is larger than a page of ${PAGE}`, 'a loaded section can be aligned to a page');
  }
  if (!isUnsigned(entrySize, 32))
    refuse(`the entry size ${entrySize} is no 32-bit number`, 'use 0 for data without records');
  if (!isUnsigned(type, 32) || type === SHT_NULL || type === SHT_NOBITS) {
    refuse(`the type ${type} holds no bytes of a file`, 'use SHT_PROGBITS (1) or SHT_NOTE (7)');
  }
  if (flags === undefined || flags < 0n || flags > maxOf(elf.class)) {
    refuse(`the flags ${section.flags} do not fit ${elf.class} bits`, 'use 0');
  }
  if ((flags! & SHF_ALLOC) !== 0n) {
    refuse('SHF_ALLOC says that it is loaded, which the flag alone does not bring about', 'ask for load');
  }
  return {
    sh_type: type,
    sh_flags: section.load ? flags! | SHF_ALLOC : flags!,
    sh_addr: 0n,
    sh_size: BigInt(section.data.length),
    sh_link: 0,
    sh_info: 0,
    sh_addralign: BigInt(align),
    sh_entsize: BigInt(entrySize),
  };
}

function wholeNumber(n: number | bigint): bigint | undefined {
  return typeof n === 'bigint' || Number.isSafeInteger(n) ? BigInt(n) : undefined;
}

function isUnsigned(n: number, bits: number): boolean {
  return Number.isInteger(n) && n >= 0 && n < 2 ** bits;
}

function maxOf(cls: ElfClass): bigint {
  return cls === 64 ? U64_MAX : 0xffff_ffffn;
}

/** A section is found by its name, so it needs one; the name table's and the undo record's would be found twice. */
function checkName(name: string, file: string | undefined): void {
  const why =
    name === ''
      ? 'is empty'
      : name.includes('\0')
        ? 'holds a NUL'
        : name === NAMES
          ? 'belongs to the name table'
          : name === UNDO_SECTION
            ? 'belongs to the undo record'
            : undefined;
  if (why === undefined) return;
  const help = "a name such as '.seccomp_rules'";
  fail({ code: 'ELF_SECTION_NAME', file, message: `the section name ${quoted(name)} ${why}`, help });
}

/** The section's name as it stands in a name table, without NUL. */
export function nameBytes(name: string): Uint8Array {
  return new TextEncoder().encode(name);
}

/**
 * The one section of a name.
 * @param elf what `readElf` gave
 * @param name of the section
 * @returns undefined for none
 * @throws SeccompcError ELF_SECTION_TWICE for several; ELF_NAME* and ELF_SHSTRNDX where names cannot be read
 */
export function findSection(elf: ElfFile, name: string): Section | undefined {
  const [first, second] = elf.names.indexesOf(nameBytes(name)).map((index) => elf.sections[index]!);
  if (second === undefined) return first;
  return fail({
    code: 'ELF_SECTION_TWICE',
    file: elf.file,
    byteOffset: second.headerOffset,
    message: `sections ${first!.index} and ${second.index} are both named ${quoted(name)}`,
    help: 'a reader may take either; build the file again, without one of them',
    related: [{ byteOffset: first!.headerOffset, message: 'the first one' }],
  });
}

/** `findSection` where the section must be there. Throws ELF_SECTION_MISSING too. */
export function theSection(elf: ElfFile, name: string): Section {
  const section = elf.sections.length === 0 ? undefined : findSection(elf, name);
  if (section !== undefined) return section;
  const named = elf.sections.filter((s) => s.sh_type !== SHT_NULL);
  // The last ones: what was added comes last.
  const shown = named.slice(-8).map((s) => quoted(s.name, 24));
  const help =
    named.length === 0 ? 'the file has no sections' : `it has ${named.length > 8 ? '... ' : ''}${shown.join(', ')}`;
  return fail({ code: 'ELF_SECTION_MISSING', file: elf.file, message: `no section is named ${quoted(name)}`, help });
}
