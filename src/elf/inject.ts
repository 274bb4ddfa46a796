/**
 * Puts sections into a finished file and leaves every byte of it where it was, but for a few header fields.
 *
 * Behind the old end come the data, the undo record, a name table with the new names, and a section header table with
 * the new headers, last. The old tables stay behind unused: moving anything would break what refers to it by offset.
 * A file that has been injected before is first seen as it was before that (undo.ts), and what it carried is put in
 * again together with what is new: so nothing grows, and the same sections always give the same file.
 */
import { fail } from '../diag/collector.ts';
import { unreachable } from '../diag/error.ts';
import { quoted } from '../diag/escape.ts';
import { applyEdit, type Edit, type EhdrChange, Tail } from './edit.ts';
import { checkEntry, type EntryCode, entryHeader, entrySection } from './entry.ts';
import { sectionBytes } from './extract.ts';
import { SHF_ALLOC, SHF_EXCLUDE, SHT_PROGBITS, type Shdr } from './format.ts';
import { checkDisposable, checkRewritable, checkTrailing, endOfElf, type Trailing } from './layout.ts';
import { MAX_PADDING, type Part, type Placed, planSegment, type Segment } from './load.ts';
import { movableNames, putNames } from './name-table.ts';
import { appendName } from './names.ts';
import { type ElfFile, type ReadOptions, readElf, SECTIONS_MAX, type Section } from './read.ts';
import { findSection, type NewSection, nameBytes, newHeader, UNDO_SECTION } from './section.ts';
import { digestOf, type Injection, LIST_MAX, planWhole, undoOf, undoRecordBytes, undoRecordSize } from './undo.ts';

export interface InjectOptions extends ReadOptions {
  /** When a section of this name is there: take its place instead of refusing. */
  readonly replace?: boolean | undefined;
  /** Code that runs first; it lies behind the loaded sections, in the same segment. */
  readonly entry?: EntryCode | undefined;
  /** Names of injected sections that go; those that are not there do not matter. */
  readonly without?: readonly string[] | undefined;
  /** What to do with data behind the ELF; as at the last injection, or 'refuse', unless stated. */
  readonly trailing?: Trailing | undefined;
  /** Bytes of zeros that the file may grow by where a loaded section needs its program headers moved; 16 MiB unless stated. */
  readonly maxPadding?: number | undefined;
}

/** What is carried over goes through memory. */
const CARRIED_MAX = 1 << 28;

/** A section with its header fields but for name and place. */
interface Injected {
  readonly name: string;
  readonly data: Uint8Array;
  readonly header: Omit<Shdr, 'sh_name' | 'sh_offset'>;
}

/**
 * `injectSections` as an Edit, for a file that is not in memory.
 * @param elf what `readElf` gave
 * @param sections names and bytes
 * @param options as for `injectSections`
 * @returns what changes; `applyEdit` makes the file of it
 * @throws SeccompcError as `injectSections`: ELF_*
 */
export function planInject(elf: ElfFile, sections: readonly NewSection[], options: InjectOptions = {}): Edit {
  const added = sections.map((s) => ({ name: s.name, data: s.data, header: newHeader(s, elf) }));
  refuseTwice(elf, added);
  checkRewritable(elf);
  const undo = undoOf(elf);
  if (undo.state !== 'intact') {
    if (added.length === 0 && options.entry === undefined)
      return { keep: elf.source.size, patches: [], pieces: [], size: elf.source.size };
    if (!options.replace) for (const s of added) refuseExisting(elf, s.name);
    return layOut(elf, added, { ...options, trailing: options.trailing ?? 'refuse' });
  }
  const { injection } = undo;
  const { trailing } = injection.record;
  if (options.trailing !== undefined && options.trailing !== trailing) {
    fail({
      code: 'ELF_TRAILING',
      file: elf.file,
      byteOffset: injection.record.keep,
      message: `the file was injected with ${trailing} for what follows the ELF, not with ${options.trailing}`,
      help: 'remove what was injected first (seccompc elf remove)',
    });
  }
  if (!options.replace) for (const s of added) refuseExisting(elf, s.name);
  const all = merged(elf, injection, added, options);
  if (all.length === 0 && options.entry === undefined) return planWhole(elf, injection);
  checkRewritable(injection.before);
  return rebased(elf, injection, layOut(injection.before, all, { ...options, trailing }));
}

function refuseTwice(elf: ElfFile, added: readonly Injected[]): void {
  const names = added.map((s) => s.name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice === undefined) return;
  const message = `two of the new sections are named ${quoted(twice)}`;
  fail({ code: 'ELF_SECTION_NAME', file: elf.file, message, help: 'give each its own name' });
}

function refuseExisting(elf: ElfFile, name: string): void {
  const old = findSection(elf, name);
  if (old === undefined) return;
  const message = `section ${old.index} is named ${quoted(name)} already (${old.sh_size} bytes)`;
  const help = 'replace it (seccompc elf replace; `replace` in the library), or choose another name';
  fail({ code: 'ELF_SECTION_EXISTS', file: elf.file, byteOffset: old.headerOffset, message, help });
}

/** What the file carries and what is new, the new in the place of what has its name. */
function merged(
  elf: ElfFile,
  injection: Injection,
  added: readonly Injected[],
  options: InjectOptions,
): readonly Injected[] {
  const stays = injection.sections.filter((s) => !options.without?.includes(s.name) && s.name !== options.entry?.name);
  const code = entrySection(elf, stays);
  if (code !== undefined) {
    const message = `the program starts in section ${quoted(code.name)}, whose code depends on where the other sections lie`;
    const help = 'build it again (seccompc build --into ELF --enforce), or remove all (seccompc elf remove)';
    fail({ code: 'ELF_ENFORCED', file: elf.file, byteOffset: code.headerOffset, message, help });
  }
  const carried = stays.map((s) => added.find((a) => a.name === s.name) ?? carriedOf(elf, s));
  return [...carried, ...added.filter((a) => !carried.includes(a))];
}

function carriedOf(elf: ElfFile, section: Section): Injected {
  const { name, sh_type, sh_flags, sh_size, sh_addralign, sh_entsize } = section;
  const header = { sh_type, sh_flags, sh_addr: 0n, sh_size, sh_link: 0, sh_info: 0, sh_addralign, sh_entsize };
  return { name, data: sectionBytes(elf, name, CARRIED_MAX), header };
}

/** An Edit of the file before as an Edit of the file that is there. */
function rebased(elf: ElfFile, injection: Injection, edit: Edit): Edit {
  const shift = elf.source.size - injection.before.source.size;
  const rest = edit.rest && { from: edit.rest.from + shift, to: edit.rest.to + shift };
  return { ...edit, patches: [...injection.patches, ...edit.patches], rest };
}

/** The file with these sections and an undo record. `elf` can be rewritten and carries no injection of ours. */
function layOut(
  elf: ElfFile,
  sections: readonly Injected[],
  options: InjectOptions & { readonly trailing: Trailing },
): Edit {
  if (options.trailing === 'refuse') checkTrailing(elf);
  refuseTooMany(elf, sections.length);
  const tail = new Tail(elf, options.trailing === 'keep-end' ? endOfElf(elf) : elf.source.size);

  const { segment, all, places, ehdr } = putData(elf, tail, sections, options);
  const undo = new Uint8Array(undoRecordSize(all.length)); // filled in when the size is known
  const undoHeader = {
    sh_type: SHT_PROGBITS,
    sh_flags: SHF_EXCLUDE,
    sh_addr: 0n,
    sh_size: BigInt(undo.length),
    sh_link: 0,
    sh_info: 0,
    sh_addralign: 8n,
    sh_entsize: 0n,
  };
  const undoPlace = { sh_offset: BigInt(tail.put(undo, 8)), sh_addr: 0n };

  // New headers come last, so that the indexes in symbols, sh_link and sh_info keep their meaning.
  const names = movableNames(elf);
  let { table } = names;
  const headers = [...names.headers];
  const indexes = [...all, { name: UNDO_SECTION, header: undoHeader }].map(({ name, header }, i) => {
    const place = places[i] ?? undoPlace;
    const old = findSection(elf, name);
    if (old !== undefined) {
      checkDisposable(elf, old);
      headers[old.index] = { ...header, ...place, sh_name: headers[old.index]!.sh_name };
      return old.index;
    }
    const grown = appendName(table, nameBytes(name));
    table = grown.table;
    return headers.push({ ...header, ...place, sh_name: grown.start }) - 1;
  });
  const edit = tail.finish(putNames(tail, { ...names, headers, table }), names.shstrndx, {
    ehdr,
    patches: segment?.patches ?? [],
    keepRest: options.trailing === 'keep-end',
  });
  const record = undoRecordBytes(elf, {
    trailing: options.trailing,
    sizeBefore: elf.source.size,
    keep: tail.keep,
    sizeAfter: edit.size,
    header: elf.header,
    slot: segment?.slot,
    injected: indexes.slice(0, -1),
    digest: digestOf(all.map((s) => s.data)),
  });
  undo.set(record);
  return edit;
}

/** What could be written, but not be read again. */
function refuseTooMany(elf: ElfFile, count: number): void {
  // Besides the sections themselves, the undo record and perhaps a name table of its own.
  const isTooMany = count > LIST_MAX || elf.sections.length + count + 2 > SECTIONS_MAX;
  if (!isTooMany) return;
  const message = `${count} injected sections in a file of ${elf.sections.length}; at most ${LIST_MAX}, and ${SECTIONS_MAX} in all, are read again`;
  fail({ code: 'ELF_TOO_LARGE', file: elf.file, message, help: 'put the data into fewer sections' });
}

interface Place {
  readonly sh_offset: bigint;
  readonly sh_addr: bigint;
}

interface PutData {
  readonly segment: Segment | undefined;
  /** The given sections, and the one of the code that runs first. */
  readonly all: readonly Injected[];
  readonly places: readonly Place[];
  readonly ehdr: EhdrChange;
}

/** The sections' data into the tail, the loaded ones together in one segment with the code behind them. */
function putData(elf: ElfFile, tail: Tail, sections: readonly Injected[], options: InjectOptions): PutData {
  const isLoaded = (s: Injected) => (s.header.sh_flags & SHF_ALLOC) !== 0n;
  const loaded = sections.filter(isLoaded);
  const parts: Part[] = loaded.map((s) => ({ bytes: s.data, align: Number(s.header.sh_addralign) }));
  const { entry } = options;
  let code: Uint8Array = new Uint8Array();
  if (entry !== undefined) {
    const bytes = (address: bigint, before: readonly Placed[]) => {
      checkEntry(elf);
      const addressOf = (name: string) =>
        before[loaded.findIndex((s) => s.name === name)]?.address ?? unreachable(`no loaded section is named ${name}`);
      code = entry.make({ address, entry: elf.entry, addressOf });
      return code;
    };
    parts.push({ bytes, align: entry.align });
  }
  const segment = parts.length === 0 ? undefined : planSegment(elf, tail, parts, options.maxPadding ?? MAX_PADDING);
  const places = sections.map((s) => {
    const placed = segment?.placed[loaded.indexOf(s)];
    if (placed !== undefined) return { sh_offset: placed.offset, sh_addr: placed.address };
    return { sh_offset: BigInt(tail.put(s.data, Math.max(1, Number(s.header.sh_addralign)))), sh_addr: 0n };
  });
  const ehdr = segment?.ehdr ?? {};
  if (entry === undefined) return { segment, all: sections, places, ehdr };
  const own = segment!.placed.at(-1)!;
  const header = entryHeader(code.length, entry.align);
  return {
    segment,
    all: [...sections, { name: entry.name, data: code, header }],
    places: [...places, { sh_offset: own.offset, sh_addr: own.address }],
    ehdr: { ...ehdr, e_entry: own.address },
  };
}

/**
 * Puts sections into an ELF file. Those that are not loaded change nothing of the program: a reader finds them through
 * the section header table, and every byte of `elf` keeps its place and value except e_shoff, e_shnum and e_shstrndx.
 * Loaded ones are mapped read-only at sh_addr (plus the base, where the program has one) through a new PT_LOAD: one
 * program header changes, or e_phoff and e_phnum do. `removeSection` and `undoInjection` give back the file as it was,
 * byte for byte. The same sections give the same file, however often they are injected. `elf` itself is not changed.
 * @param elf the bytes of the file; they are not changed
 * @param sections names and bytes
 * @param options where they go, whether they are loaded
 * @returns the new file
 * @throws SeccompcError, always before anything is made: what `readElf` refuses; ELF_NO_SECTIONS, ELF_SECTION_OUTSIDE,
 *   ELF_SEGMENT_OUTSIDE, ELF_TRAILING, ELF_SECTION_NAME, ELF_SECTION_FIELD, ELF_SECTION_EXISTS, ELF_SECTION_TWICE,
 *   ELF_SECTION_LOADED, ELF_SECTION_USED, ELF_SECTION_ALIGN, ELF_TOO_LARGE, ELF_UNDO; for loaded sections also
 *   ELF_NOT_PROGRAM, ELF_NO_LOAD, ELF_SEGMENT_*, ELF_SEGMENTS_*, ELF_ADDRESS_SPACE, ELF_PADDING; for code that
 *   runs first ELF_ENTRY; where such code is in the file and none is given ELF_ENFORCED
 * @see gABI 4.1 chapters 4 and 5
 */
export function injectSections(
  elf: Uint8Array,
  sections: readonly NewSection[],
  options: InjectOptions = {},
): Uint8Array {
  return applyEdit(elf, planInject(readElf(elf, options), sections, options));
}

/**
 * `injectSections` for one section.
 * @param elf the file; it is not changed
 * @param section its name and bytes
 * @param options where it goes, whether it is loaded
 * @returns the new file
 * @throws SeccompcError as `injectSections`: ELF_*
 */
export function addSection(elf: Uint8Array, section: NewSection, options: InjectOptions = {}): Uint8Array {
  return injectSections(elf, [section], options);
}
