/**
 * Reads the ELF header and the two tables. Refuses only what it has to read: a real file may hold odd values in fields
 * that nobody looks at. Section names are read on first use (names.ts); what lies in the sections is never read here.
 */
import type { Code } from '../diag/codes.ts';
import { fail } from '../diag/collector.ts';
import { ByteView, type Endian } from '../num/bytes.ts';
import { hex } from '../num/u32.ts';
import {
  EHDR,
  type Ehdr,
  EI_CLASS,
  EI_DATA,
  EI_NIDENT,
  EI_VERSION,
  type ElfClass,
  ET_DYN,
  ET_EXEC,
  ET_REL,
  EV_CURRENT,
  PHDR,
  type Phdr,
  PN_XNUM,
  readRecord,
  SHDR,
  SHN_XINDEX,
  type Shdr,
} from './format.ts';
import { SectionNames } from './names.ts';
import { type ElfSource, inFile, sourceOf } from './source.ts';

/** A section header, where it stands, and the section's name. */
export class Section implements Shdr {
  readonly index: number;
  /** Where the header itself starts in the file. */
  readonly headerOffset: number;
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
  readonly #names: SectionNames;

  /** @internal */
  // Field by field: spreading a header into each of 66,000 sections takes ten times as long.
  constructor(header: Shdr, index: number, headerOffset: number, names: SectionNames) {
    this.index = index;
    this.headerOffset = headerOffset;
    this.sh_name = header.sh_name;
    this.sh_type = header.sh_type;
    this.sh_flags = header.sh_flags;
    this.sh_addr = header.sh_addr;
    this.sh_offset = header.sh_offset;
    this.sh_size = header.sh_size;
    this.sh_link = header.sh_link;
    this.sh_info = header.sh_info;
    this.sh_addralign = header.sh_addralign;
    this.sh_entsize = header.sh_entsize;
    this.#names = names;
  }

  /** From the name table, decoded as UTF-8; throws ELF_NAMES when the table cannot be read. */
  get name(): string {
    return this.#names.text(this.index);
  }
}

/** A readable ELF file. All offsets are bytes from the start of the file. */
export interface ElfFile {
  /** Shown in messages. */
  readonly file: string | undefined;
  readonly source: ElfSource;
  readonly class: ElfClass;
  readonly endian: Endian;
  /** e_type: ET_REL 1, ET_EXEC 2 or ET_DYN 3. */
  readonly type: number;
  /** e_machine, an EM_* value. */
  readonly machine: number;
  /** e_flags; tells n32 from o32, hard float from soft ... */
  readonly flags: number;
  /** e_entry: the address of the first instruction, 0 for none. */
  readonly entry: bigint;
  readonly header: Ehdr;
  /** Empty for relocatable objects. */
  readonly segments: readonly Phdr[];
  /** Empty when the file has no section header table; else [0] is the null section. */
  readonly sections: readonly Section[];
  /** Index of the section name table; not checked before a name is asked for. */
  readonly shstrndx: number;
  readonly names: SectionNames;
}

export interface ReadOptions {
  /** The file's name, for messages. */
  readonly file?: string | undefined;
}

/** The help where nothing but another copy of the file can help. */
export const DAMAGED = 'the file is damaged or cut short; copy or build it again';

/** Far above any real file: a table of them has 16 MiB. */
export const SECTIONS_MAX: number = 1 << 18;

/** What is known once e_ident is read. */
interface Context {
  readonly source: ElfSource;
  readonly class: ElfClass;
  readonly endian: Endian;
  readonly refuse: (code: Code, byteOffset: number, message: string, help?: string) => never;
}

function readIdent(source: ElfSource, file: string | undefined): Context {
  const refuse: Context['refuse'] = (code, byteOffset, message, help = DAMAGED) =>
    fail({ code, file, byteOffset, message, help });
  const ident = source.read(0, Math.min(EI_NIDENT, source.size));
  const magic = [0x7f, 0x45, 0x4c, 0x46];
  const wrong = magic.findIndex((byte, i) => i < ident.length && ident[i] !== byte);
  if (wrong >= 0) {
    refuse(
      'ELF_MAGIC',
      wrong,
      'not an ELF file: it does not start with 7f 45 4c 46',
      'scripts and archives have no sections: name the program they start; a raw filter is read by seccompc check, disasm and explain',
    );
  }
  if (ident.length < EI_NIDENT)
    refuse('ELF_SHORT', source.size, `the file has ${source.size} bytes; e_ident alone has 16`);

  const [cls, data, version] = [ident[EI_CLASS], ident[EI_DATA], ident[EI_VERSION]];
  if (cls !== 1 && cls !== 2) refuse('ELF_CLASS', EI_CLASS, `EI_CLASS is ${cls}; it is 1 (32 bit) or 2 (64 bit)`);
  if (data !== 1 && data !== 2)
    refuse('ELF_DATA', EI_DATA, `EI_DATA is ${data}; it is 1 (little-endian) or 2 (big-endian)`);
  if (version !== EV_CURRENT) refuse('ELF_VERSION', EI_VERSION, `EI_VERSION is ${version}; the only version is 1`);
  return { source, class: cls === 1 ? 32 : 64, endian: data === 1 ? 'little' : 'big', refuse };
}

function readHeader(ctx: Context): Ehdr {
  const form = EHDR[ctx.class];
  if (ctx.source.size < form.size) {
    ctx.refuse('ELF_SHORT', ctx.source.size, `the file has ${ctx.source.size} bytes; the ELF header has ${form.size}`);
  }
  const header = readRecord(form, new ByteView(ctx.source.read(0, form.size), ctx.endian), 0);
  if (header.e_type !== ET_REL && header.e_type !== ET_EXEC && header.e_type !== ET_DYN) {
    const help = 'programs, shared objects and .o files can take a section; core dumps cannot';
    ctx.refuse('ELF_TYPE', form.at.e_type, `e_type is ${hex(header.e_type)}; it is 1 (REL), 2 (EXEC) or 3 (DYN)`, help);
  }
  if (header.e_ehsize < form.size) {
    ctx.refuse('ELF_EHSIZE', form.at.e_ehsize, `e_ehsize is ${header.e_ehsize}; the header has ${form.size} bytes`);
  }
  return header;
}

/** The raw section headers, with both counts that section 0 holds when they do not fit the ELF header. */
function readSections(ctx: Context, header: Ehdr): { headers: readonly Shdr[]; shstrndx: number } {
  const form = SHDR[ctx.class];
  const at = EHDR[ctx.class].at;
  const offset = header.e_shoff;
  if (offset === 0n) {
    if (header.e_shnum !== 0) {
      ctx.refuse('ELF_SHNUM', at.e_shoff, `e_shoff is 0, but e_shnum says ${header.e_shnum} section headers`);
    }
    return { headers: [], shstrndx: header.e_shstrndx };
  }
  if (header.e_shentsize !== form.size) {
    const message = `e_shentsize is ${header.e_shentsize}; a section header has ${form.size} bytes in this class`;
    ctx.refuse('ELF_SHENTSIZE', at.e_shentsize, message);
  }
  if (offset < BigInt(EHDR[ctx.class].size)) {
    ctx.refuse(
      'ELF_TABLES_OVERLAP',
      at.e_shoff,
      `e_shoff is ${offset}: the section header table overlaps the ELF header`,
    );
  }
  const size = BigInt(form.size);
  if (!inFile(ctx.source.size, offset, size)) {
    ctx.refuse('ELF_SHDRS_OUTSIDE', at.e_shoff, `e_shoff is ${offset}, but the file ends at ${ctx.source.size}`);
  }
  const start = Number(offset);
  const readAt = (view: ByteView, index: number) => readRecord(form, view, index * form.size);
  const first = readAt(new ByteView(ctx.source.read(start, form.size), ctx.endian), 0);

  const extended = header.e_shnum === 0;
  const count = extended ? first.sh_size : BigInt(header.e_shnum);
  if (count === 0n) {
    ctx.refuse('ELF_SHNUM_EXTENDED', at.e_shnum, 'e_shnum is 0, and sh_size of section 0 gives no count either');
  }
  if (count > BigInt(SECTIONS_MAX)) {
    const message = `section 0 counts ${count} sections; more than ${SECTIONS_MAX} are not read`;
    ctx.refuse('ELF_SHNUM_EXTENDED', start + form.at.sh_size, message);
  }
  if (!inFile(ctx.source.size, offset, count * size)) {
    const where = extended ? start + form.at.sh_size : at.e_shnum;
    const message = `${count} section headers from byte ${offset} do not fit a file of ${ctx.source.size} bytes`;
    ctx.refuse(extended ? 'ELF_SHNUM_EXTENDED' : 'ELF_SHDRS_OUTSIDE', where, message);
  }
  const view = new ByteView(ctx.source.read(start, Number(count) * form.size), ctx.endian);
  return {
    headers: Array.from({ length: Number(count) }, (_, index) => readAt(view, index)),
    shstrndx: header.e_shstrndx === SHN_XINDEX ? first.sh_link : header.e_shstrndx,
  };
}

function readSegments(ctx: Context, header: Ehdr): readonly Phdr[] {
  const count = header.e_phnum;
  if (count === 0) return [];
  const form = PHDR[ctx.class];
  const { at, size } = EHDR[ctx.class];
  if (count === PN_XNUM) {
    const help = 'Linux runs no such file, and takes no table over 64 KiB; core dumps alone have so many';
    ctx.refuse('ELF_PN_XNUM', at.e_phnum, 'e_phnum is 0xffff (PN_XNUM): the count would stand in section 0', help);
  }
  if (header.e_phentsize !== form.size) {
    const message = `e_phentsize is ${header.e_phentsize}; a program header has ${form.size} bytes in this class`;
    ctx.refuse('ELF_PHENTSIZE', at.e_phentsize, message);
  }
  if (header.e_phoff < BigInt(size)) {
    const message = `e_phoff is ${header.e_phoff}: the program headers overlap the ELF header`;
    ctx.refuse('ELF_TABLES_OVERLAP', at.e_phoff, message);
  }
  if (!inFile(ctx.source.size, header.e_phoff, BigInt(count * form.size))) {
    const message = `${count} program headers from byte ${header.e_phoff} do not fit a file of ${ctx.source.size} bytes`;
    ctx.refuse('ELF_PHDRS_OUTSIDE', at.e_phoff, message);
  }
  const view = new ByteView(ctx.source.read(Number(header.e_phoff), count * form.size), ctx.endian);
  return Array.from({ length: count }, (_, index) => readRecord(form, view, index * form.size));
}

/** The two tables may not share bytes: a new section table would then leave half of the other meaning behind. */
function refuseOverlap(ctx: Context, header: Ehdr, segments: number, sections: number): void {
  if (segments === 0 || sections === 0) return;
  const segmentsEnd = header.e_phoff + BigInt(segments * PHDR[ctx.class].size);
  const sectionsEnd = header.e_shoff + BigInt(sections * SHDR[ctx.class].size);
  if (header.e_shoff >= segmentsEnd || header.e_phoff >= sectionsEnd) return;
  const message = `the section headers from byte ${header.e_shoff} overlap the program headers from byte ${header.e_phoff}`;
  ctx.refuse('ELF_TABLES_OVERLAP', EHDR[ctx.class].at.e_shoff, message);
}

/**
 * `readElf` for a file that is read in pieces: header and tables now, section names on first use.
 * @param source the file; what it throws when it is read comes through
 * @param options `file`: the name shown in diagnostics
 * @returns the file, read on
 * @throws SeccompcError as `readElf`: ELF_* with the byte offset of the field at fault
 * @see gABI 4.1 chapters 4 and 5
 */
export function readElfFrom(source: ElfSource, options: ReadOptions = {}): ElfFile {
  const ctx = readIdent(source, options.file);
  const header = readHeader(ctx);
  const { headers, shstrndx } = readSections(ctx, header);
  const segments = readSegments(ctx, header);
  refuseOverlap(ctx, header, segments.length, headers.length);

  const tableOffset = Number(header.e_shoff);
  const names = new SectionNames({ file: options.file, source, class: ctx.class, tableOffset, headers, shstrndx });
  const { size } = SHDR[ctx.class];
  const sections = headers.map((shdr, index) => new Section(shdr, index, tableOffset + index * size, names));
  return {
    file: options.file,
    source,
    class: ctx.class,
    endian: ctx.endian,
    type: header.e_type,
    machine: header.e_machine,
    flags: header.e_flags,
    entry: header.e_entry,
    header,
    segments,
    sections,
    shstrndx,
    names,
  };
}

/**
 * Reads an ELF file of either class and byte order.
 *
 * The bytes are read in place and must not change while the result is in use; nothing is written to them.
 * @param bytes the whole file
 * @param options `file`: the name shown in diagnostics
 * @returns header, segments, sections and where each stands
 * @throws SeccompcError with an ELF_* code and the byte offset of the field at fault
 * @see gABI 4.1 chapters 4 and 5
 */
export function readElf(bytes: Uint8Array, options: ReadOptions = {}): ElfFile {
  return readElfFrom(sourceOf(bytes), options);
}
