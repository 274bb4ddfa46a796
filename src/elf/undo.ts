/**
 * The undo record: how a file was before sections were injected, in a section of its own (SHF_EXCLUDE: linkers drop it).
 * All that is injected stands in one tail behind the kept bytes; the record holds the few header bytes that were
 * overwritten and the old size. Adding, replacing and removing start from the file before, which is never built: an
 * `ElfSource` that reads through the record shows it. So a file injected twice is one injected once.
 *
 *      0  "seccompc"                            8 bytes
 *      8  version                               u32, 1
 *     12  trailing: 0 refuse, 1 end, 2 offset   u32
 *     16  size before                           u64
 *     24  keep: bytes in front of the tail      u64
 *     32  size after                            u64
 *     40  program header overwritten            u32, its index; all ones for none
 *     44  count of injected sections            u32
 *     48  ELF header before                     64 bytes (52 in ELFCLASS32, then zeros)
 *    112  program header before                 56 bytes (32 in ELFCLASS32, then zeros)
 *    168  SHA-256 of the injected sections' data, one after the other
 *    200  index of each injected section        u32 each
 *      .  SHA-256 of all bytes above
 *
 * Numbers are in the file's byte order. The record is not trusted: it can change six fields of the ELF header and one
 * program header, nothing else, and only when the file before that it leads to holds every section that is not injected.
 * Where another tool has rewritten the file since (strip, objcopy), the record no longer fits and is called stale: the
 * file then counts as one that was never injected.
 */
import { fail } from '../diag/collector.ts';
import { SeccompcError } from '../diag/error.ts';
import { ByteView } from '../num/bytes.ts';
import { sha256 } from '../num/sha256.ts';
import { type Edit, headerPatches, type Patch } from './edit.ts';
import { entrySection } from './entry.ts';
import {
  EHDR,
  type Ehdr,
  PHDR,
  type Phdr,
  PT_LOAD,
  PT_NULL,
  PT_PHDR,
  readRecord,
  SHT_NOBITS,
  SHT_NULL,
  writeRecord,
} from './format.ts';
import { endOfElf, isFilled, sectionEnd, segmentAt, segmentEnd, type Trailing } from './layout.ts';
import { freeSlot } from './load.ts';
import { type ElfFile, readElfFrom, type Section } from './read.ts';
import { findSection, UNDO_SECTION } from './section.ts';
import type { ElfSource } from './source.ts';

const MAGIC = new TextEncoder().encode('seccompc');
const VERSION = 1;
const AT = {
  version: 8,
  trailing: 12,
  before: 16,
  keep: 24,
  after: 32,
  slot: 40,
  count: 44,
  ehdr: 48,
  phdr: 112,
  sha: 168,
  list: 200,
};
const DIGEST = 32;
const NO_SLOT = 0xffff_ffff;
/** No injected section has a larger alignment: what comes from the file is not trusted to place data. */
const ALIGN_MAX = 0x10000n;
/** Bytes that are looked at together. */
const CHUNK = 1 << 16;
/** More sections than anyone injects. */
export const LIST_MAX: number = 1024;
const TRAILING: readonly Trailing[] = ['refuse', 'keep-end', 'keep-offset'];

export interface UndoRecord {
  readonly trailing: Trailing;
  readonly sizeBefore: number;
  readonly keep: number;
  readonly sizeAfter: number;
  readonly header: Ehdr;
  readonly slot: { readonly index: number; readonly segment: Phdr } | undefined;
  readonly injected: readonly number[];
  readonly digest: Uint8Array;
}

/** Injected sections, and the file before them. */
export interface Injection {
  readonly record: UndoRecord;
  /** In the order in which they were put in. */
  readonly sections: readonly Section[];
  readonly before: ElfFile;
  /** What gives the kept bytes back. */
  readonly patches: readonly Patch[];
}

export type Undo =
  | { readonly state: 'none' }
  | { readonly state: 'stale'; readonly why: string; readonly section: Section }
  | { readonly state: 'intact'; readonly injection: Injection; readonly section: Section };

export function undoRecordSize(injected: number): number {
  return AT.list + 4 * injected + DIGEST;
}

/** The record as bytes, as long as `undoRecordSize` says. */
export function undoRecordBytes(elf: ElfFile, record: UndoRecord): Uint8Array {
  const size = undoRecordSize(record.injected.length);
  const view = new ByteView(new Uint8Array(size), elf.endian);
  view.bytes.set(MAGIC);
  view.setU32(AT.version, VERSION);
  view.setU32(AT.trailing, TRAILING.indexOf(record.trailing));
  view.setU64(AT.before, BigInt(record.sizeBefore));
  view.setU64(AT.keep, BigInt(record.keep));
  view.setU64(AT.after, BigInt(record.sizeAfter));
  view.setU32(AT.slot, record.slot?.index ?? NO_SLOT);
  view.setU32(AT.count, record.injected.length);
  // e_ident is not among the fields; its place stays zero.
  writeRecord(EHDR[elf.class], view, AT.ehdr, record.header);
  if (record.slot) writeRecord(PHDR[elf.class], view, AT.phdr, record.slot.segment);
  view.bytes.set(record.digest, AT.sha);
  for (const [i, index] of record.injected.entries()) view.setU32(AT.list + 4 * i, index);
  view.bytes.set(sha256(view.bytes.subarray(0, size - DIGEST)), size - DIGEST);
  return view.bytes;
}

/** The digest of a record over the data of the sections in its order. */
export function digestOf(data: readonly Uint8Array[]): Uint8Array {
  const hash = sha256.create();
  for (const bytes of data) hash.update(bytes);
  return hash.digest();
}

/** Reads a record's own bytes; what it says of the file is checked by `undoOf`. Throws ELF_UNDO. */
function parseRecord(elf: ElfFile, section: Section): UndoRecord {
  const at = Number(section.sh_offset);
  const size = Number(section.sh_size);
  const refuse = (offset: number, why: string): never =>
    fail({
      code: 'ELF_UNDO',
      file: elf.file,
      // A section that leaves the file has no byte to point at but its header.
      byteOffset: at + size <= elf.source.size ? at + offset : section.headerOffset,
      message: `the undo record in ${UNDO_SECTION} is damaged: ${why}`,
      help: `build the file again, or take the record out (objcopy --remove-section ${UNDO_SECTION}): the file then counts as one that was never injected`,
    });
  if (!isFilled(section) || size < undoRecordSize(0) || size > undoRecordSize(LIST_MAX)) {
    return refuse(0, `it has ${section.sh_size} bytes`);
  }
  if (at + size > elf.source.size) return refuse(0, 'it leaves the file');
  const view = new ByteView(elf.source.read(at, size), elf.endian);
  if (MAGIC.some((byte, i) => view.u8(i) !== byte)) return refuse(0, 'it does not start with "seccompc"');
  if (view.u32(AT.version) !== VERSION) return refuse(AT.version, `its version is ${view.u32(AT.version)}, not 1`);
  const count = view.u32(AT.count);
  if (count > LIST_MAX || size !== undoRecordSize(count)) return refuse(AT.count, `it counts ${count} sections`);
  const digest = sha256(view.bytes.subarray(0, size - DIGEST));
  if (digest.some((byte, i) => byte !== view.u8(size - DIGEST + i))) {
    return refuse(size - DIGEST, 'its own SHA-256 does not match');
  }
  const trailing = TRAILING[view.u32(AT.trailing)] ?? refuse(AT.trailing, 'it names no way to treat trailing data');
  const index = view.u32(AT.slot);
  return {
    trailing,
    sizeBefore: Number(view.u64(AT.before)),
    keep: Number(view.u64(AT.keep)),
    sizeAfter: Number(view.u64(AT.after)),
    header: readRecord(EHDR[elf.class], view, AT.ehdr),
    slot: index === NO_SLOT ? undefined : { index, segment: readRecord(PHDR[elf.class], view, AT.phdr) },
    injected: Array.from({ length: count }, (_, i) => view.u32(AT.list + 4 * i)),
    digest: view.bytes.slice(AT.sha, AT.sha + DIGEST),
  };
}

/** The file before, read through the record: kept bytes with the old header fields, then what followed them. */
function sourceBefore(elf: ElfFile, record: UndoRecord, patches: readonly Patch[]): ElfSource {
  const { source } = elf;
  const shift = record.sizeAfter - record.sizeBefore;
  return {
    size: record.sizeBefore,
    read(byteOffset, length) {
      const end = byteOffset + length;
      const bytes = new Uint8Array(length);
      const kept = Math.min(end, record.keep) - byteOffset;
      if (kept > 0) bytes.set(source.read(byteOffset, kept));
      for (const p of patches) {
        const from = Math.max(byteOffset, p.byteOffset);
        const to = Math.min(end, p.byteOffset + p.bytes.length);
        if (from < to) bytes.set(p.bytes.subarray(from - p.byteOffset, to - p.byteOffset), from - byteOffset);
      }
      const from = Math.max(byteOffset, record.keep);
      if (from < end) bytes.set(source.read(from + shift, end - from), from - byteOffset);
      return bytes;
    },
  };
}

/** Why the record does not describe this file; undefined when the sizes and indexes fit. */
function misfit(elf: ElfFile, record: UndoRecord, section: Section): string | undefined {
  const { sizeBefore, keep, sizeAfter } = record;
  if (sizeAfter !== elf.source.size) return `the file had ${sizeAfter} bytes then and has ${elf.source.size} now`;
  if (!(keep >= EHDR[elf.class].size && keep <= sizeBefore && sizeBefore <= sizeAfter))
    return 'its sizes contradict each other';
  if (record.trailing !== 'keep-end' && keep !== sizeBefore) return 'its sizes contradict each other';
  const tailEnd = sizeAfter - (sizeBefore - keep);
  const inTail = (s: Section) => Number(s.sh_offset) >= keep && Number(sectionEnd(s)) <= tailEnd;
  if (!inTail(section)) return 'it does not stand in the part that was appended';
  if (new Set(record.injected).size !== record.injected.length) return 'it names a section twice';
  for (const index of record.injected) {
    const s = elf.sections[index];
    if (s === undefined || index === 0 || index === section.index || index === elf.shstrndx)
      return 'it names other sections';
    if (s.sh_type === SHT_NULL || s.sh_type === SHT_NOBITS || !inTail(s)) return 'it names other sections';
    if (s.sh_addralign > ALIGN_MAX || (s.sh_addralign & (s.sh_addralign - 1n)) !== 0n)
      return 'an alignment was changed';
  }
  const places = record.injected
    .map((index) => elf.sections[index]!)
    .sort((a, b) => (a.sh_offset < b.sh_offset ? -1 : 1));
  if (places.some((s, i) => i > 0 && s.sh_offset < sectionEnd(places[i - 1]!))) return 'its sections overlap';
  if (record.slot && record.slot.index >= elf.segments.length) return 'it names a program header that is not there';
  return undefined;
}

const SAME_SECTION = ['sh_type', 'sh_flags', 'sh_addr', 'sh_offset', 'sh_size', 'sh_link', 'sh_info'] as const;
const SAME_SEGMENT = ['p_type', 'p_flags', 'p_offset', 'p_vaddr', 'p_filesz', 'p_memsz', 'p_align'] as const;

/** True for a PT_LOAD that maps nothing but what was appended. */
function isInTail(p: Phdr, { keep, sizeBefore, sizeAfter }: UndoRecord): boolean {
  return p.p_type === PT_LOAD && p.p_offset >= BigInt(keep) && segmentEnd(p) <= BigInt(sizeAfter - (sizeBefore - keep));
}

/** Why removing the tail would lose more than was injected; undefined when all else is in the file before. */
function loses(elf: ElfFile, before: ElfFile, record: UndoRecord, own: Section): string | undefined {
  const ours = new Set([...record.injected, own.index, elf.shstrndx, 0]);
  for (const s of elf.sections) {
    if (ours.has(s.index)) continue;
    const old = before.sections[s.index];
    if (old === undefined || SAME_SECTION.some((key) => old[key] !== s[key])) return `section ${s.index} was changed`;
    if (s.sh_type !== SHT_NULL && !elf.names.isSame(s.index, before.names)) return `section ${s.index} was renamed`;
  }
  if (before.sections.length > elf.sections.length) return 'sections were taken away';
  const end = endOfElf(before);
  if (end > record.keep || (record.trailing === 'keep-end' && end !== record.keep)) return 'it leads to another end';
  if (record.slot && freeSlot(before) !== record.slot.index) return 'it names a program header that was in use';

  // The injected PT_LOAD stands in the slot, or behind the last PT_LOAD of a table that has moved.
  const moved = before.segments.length < elf.segments.length;
  const behindLoads = before.segments.findLastIndex((p) => p.p_type === PT_LOAD) + 1;
  const added = record.slot?.index ?? (moved ? behindLoads : undefined);
  if (added !== undefined && !isInTail(elf.segments[added]!, record)) return 'the program headers were changed';
  if (record.slot && before.header.e_phoff !== elf.header.e_phoff) return 'it names both another table and a slot';
  // PT_PHDR says where the table stands; it may differ only with a table that moved.
  const stays = (p: Phdr) => p.p_type !== PT_PHDR || before.header.e_phoff === elf.header.e_phoff;
  const now = elf.segments.filter((p, i) => stays(p) && i !== added);
  const then = before.segments.filter((p, i) => stays(p) && i !== record.slot?.index);
  const same = now.length === then.length && now.every((p, i) => SAME_SEGMENT.every((key) => p[key] === then[i]![key]));
  if (!same) return 'the program headers were changed';
  if (now.some((p) => p.p_type !== PT_NULL && p.p_filesz > 0n && segmentEnd(p) > BigInt(record.keep))) {
    return 'a segment reaches into the tail';
  }
  return isPadding(elf, record, own) ? undefined : 'something stands in front of what was appended';
}

/** Zeros alone stand between the kept bytes and the first of what was appended: else more than that would be cut off. */
function isPadding(elf: ElfFile, record: UndoRecord, own: Section): boolean {
  const first = [own.sh_offset, elf.header.e_shoff, ...record.injected.map((index) => elf.sections[index]!.sh_offset)];
  if (elf.header.e_phoff >= BigInt(record.keep)) first.push(elf.header.e_phoff);
  const end = Number(first.reduce((least, offset) => (offset < least ? offset : least)));
  for (let at = record.keep; at < end; at += CHUNK) {
    if (elf.source.read(at, Math.min(CHUNK, end - at)).some((byte) => byte !== 0)) return false;
  }
  return true;
}

/**
 * The undo record of a file and what it leads to.
 * @param elf what `readElf` gave
 * @returns the record and the file before it, or that there is none
 * @throws SeccompcError ELF_UNDO when there is a record and its own bytes are damaged; ELF_SECTION_TWICE
 */
export function undoOf(elf: ElfFile): Undo {
  const section = elf.sections.length === 0 ? undefined : findSection(elf, UNDO_SECTION);
  if (section === undefined) return { state: 'none' };
  const record = parseRecord(elf, section);
  const stale = (why: string): Undo => ({ state: 'stale', why, section });
  const unfit = misfit(elf, record, section);
  if (unfit !== undefined) return stale(unfit);

  // Where the program starts is given back only where injected code has taken it; else another tool has moved it.
  const sections = record.injected.map((index) => elf.sections[index]!);
  const { e_entry: _, ...fields } = record.header;
  const change = entrySection(elf, sections) === undefined ? fields : record.header;
  const patches = [...headerPatches(elf, change), ...slotPatch(elf, record)];
  try {
    const before = readElfFrom(sourceBefore(elf, record, patches), { file: elf.file });
    const lost = loses(elf, before, record, section);
    if (lost !== undefined) return stale(lost);
    return { state: 'intact', injection: { record, sections, before, patches }, section };
  } catch (error) {
    if (error instanceof SeccompcError) return stale('it does not lead to a readable file');
    throw error;
  }
}

/** The file before, whole, as an Edit. */
export function planWhole(elf: ElfFile, { record, patches }: Injection): Edit {
  const restSize = record.sizeBefore - record.keep;
  const rest = restSize === 0 ? undefined : { from: elf.source.size - restSize, to: elf.source.size };
  return { keep: record.keep, patches, pieces: [], rest, size: record.sizeBefore };
}

/** The program header that was overwritten, if its table still stands where it stood. */
function slotPatch(elf: ElfFile, { slot, header }: UndoRecord): readonly Patch[] {
  if (slot === undefined || header.e_phoff !== elf.header.e_phoff) return [];
  const view = new ByteView(new Uint8Array(PHDR[elf.class].size), elf.endian);
  writeRecord(PHDR[elf.class], view, 0, slot.segment);
  return [{ byteOffset: segmentAt(elf, slot.index), bytes: view.bytes }];
}
