/**
 * Maps injected sections at run time, through one new PT_LOAD behind the last one in the address space.
 *
 * It needs a program header. A header that no loader looks at gives its slot: PT_NULL, Go's empty PT_PAX_FLAGS, or the
 * PT_NOTE that repeats PT_GNU_PROPERTY; then nothing moves. Else the table moves into the new segment, which then has to
 * stand in the file as far from its start as in memory (Linux before 5.18 computes AT_PHDR from e_phoff and the first
 * PT_LOAD alone), so a program with a large .bss costs zeros in the file.
 *
 *     slot    | file before | pad | sections |                offset = end of file, vaddr = next page + offset mod page
 *     moved   | file before | zeros up to the end of .bss | program headers | sections |      offset = vaddr - base
 *
 * Weak spot: a tool that rewrites the file afterwards (strip) does not know that the table has moved, and leaves a file
 * that does not start.
 * @see Linux 6.12 fs/binfmt_elf.c load_elf_binary(), create_elf_tables(); glibc 2.36 elf/dl-load.c (order, congruence)
 */
import type { Code } from '../diag/codes.ts';
import { fail } from '../diag/collector.ts';
import { alignUp, ByteView } from '../num/bytes.ts';
import type { EhdrChange, Patch, Tail } from './edit.ts';
import {
  EHDR,
  ET_REL,
  PF_R,
  PF_X,
  PHDR,
  type Phdr,
  PN_XNUM,
  PT_GNU_PROPERTY,
  PT_INTERP,
  PT_LOAD,
  PT_NOTE,
  PT_NULL,
  PT_PAX_FLAGS,
  PT_PHDR,
  writeRecord,
} from './format.ts';
import { kindOf } from './kind.ts';
import { segmentAt } from './layout.ts';
import { pageSize } from './memory.ts';
import { DAMAGED, type ElfFile } from './read.ts';

/** Zeros that a file may grow by so that its program headers can move; 99 of 100 system binaries need less than 4 MiB. */
export const MAX_PADDING: number = 16 << 20;

const BROKEN =
  'the file is damaged, or was stripped after an injection that moved its program headers: build it again; strip first, inject last';

export interface Placed {
  readonly offset: bigint;
  readonly address: bigint;
}

/** Bytes to map; or what makes them, once the place of the parts before and of its own start is known. */
export interface Part {
  readonly bytes: Uint8Array | ((own: bigint, before: readonly Placed[]) => Uint8Array);
  /** A power of two. */
  readonly align: number;
}

export interface Segment {
  /** Where each part went, in the given order. */
  readonly placed: readonly Placed[];
  readonly ehdr: EhdrChange;
  readonly patches: readonly Patch[];
  /** The program header that was overwritten; undefined when the table moved. */
  readonly slot: { readonly index: number; readonly segment: Phdr } | undefined;
}

function up(value: bigint, align: bigint): bigint {
  return ((value + align - 1n) / align) * align;
}

/** Puts the parts into the tail and makes the program header that maps them. Throws what `checkLoadable` does, ELF_ADDRESS_SPACE, ELF_PADDING. */
export function planSegment(elf: ElfFile, tail: Tail, parts: readonly Part[], maxPadding: number): Segment {
  const loads = checkLoadable(elf);
  const align = pageSize(elf);
  const memoryEnd = up(
    loads.reduce((end, p) => (p.p_vaddr + p.p_memsz > end ? p.p_vaddr + p.p_memsz : end), 0n),
    align,
  );
  const index = freeSlot(elf);
  return index === undefined
    ? movedTable(elf, tail, parts, { loads, align, memoryEnd, maxPadding })
    : inSlot(elf, tail, parts, { index, align, memoryEnd });
}

/** The index of a header that can be overwritten: behind the last PT_LOAD, since loaders want those sorted. */
export function freeSlot(elf: ElfFile): number | undefined {
  const property = elf.segments.find((p) => p.p_type === PT_GNU_PROPERTY);
  const isFree = (p: Phdr) =>
    p.p_type === PT_NULL ||
    (p.p_type === PT_PAX_FLAGS && p.p_filesz === 0n && p.p_memsz === 0n) ||
    (p.p_type === PT_NOTE && property?.p_offset === p.p_offset && property.p_filesz === p.p_filesz);
  const lastLoad = elf.segments.findLastIndex((p) => p.p_type === PT_LOAD);
  const found = elf.segments.findIndex((p, i) => i > lastLoad && isFree(p));
  return found < 0 ? undefined : found;
}

function inSlot(
  elf: ElfFile,
  tail: Tail,
  parts: readonly Part[],
  { index, align, memoryEnd }: { readonly index: number; readonly align: bigint; readonly memoryEnd: bigint },
): Segment {
  const first = BigInt(Math.ceil(tail.end / 8) * 8);
  const shift = memoryEnd - (first / align) * align;
  const placed = putParts(tail, parts, shift);
  const { offset, address } = placed[0]!;
  const segment = load(elf, offset, address, BigInt(tail.end) - offset, align, hasCode(parts));
  return {
    placed,
    ehdr: {},
    patches: [{ byteOffset: segmentAt(elf, index), bytes: tableBytes(elf, [segment]) }],
    slot: { index, segment: elf.segments[index]! },
  };
}

/** A PT_LOAD and its index among the program headers. */
type Load = Phdr & { readonly index: number };

function putParts(tail: Tail, parts: readonly Part[], shift: bigint): readonly Placed[] {
  const placed: Placed[] = [];
  for (const { bytes, align } of parts) {
    const offset = alignUp(tail.end, Math.max(align, 8));
    const address = BigInt(offset) + shift;
    tail.putAt(offset, bytes instanceof Uint8Array ? bytes : bytes(address, placed));
    placed.push({ offset: BigInt(offset), address });
  }
  return placed;
}

/** Code alone depends on where it lies. */
function hasCode(parts: readonly Part[]): boolean {
  return parts.some((part) => !(part.bytes instanceof Uint8Array));
}

interface Room {
  readonly loads: readonly Load[];
  readonly align: bigint;
  readonly memoryEnd: bigint;
  readonly maxPadding: number;
}

function movedTable(
  elf: ElfFile,
  tail: Tail,
  parts: readonly Part[],
  { loads, align, memoryEnd, maxPadding }: Room,
): Segment {
  const { size } = PHDR[elf.class];
  const count = elf.segments.length + 1;
  const at = EHDR[elf.class].at;
  const refuse = (code: Code, byteOffset: number, message: string, help: string): never =>
    fail({ code, file: elf.file, byteOffset, message, help });
  if (count >= PN_XNUM) refuse('ELF_PN_XNUM', at.e_phnum, `${count} program headers are too many`, DAMAGED);

  const base = loads[0]!.p_vaddr - loads[0]!.p_offset;
  if (base % align !== 0n) {
    const message = `the program starts at 0x${base.toString(16)}, which is on no page, so no segment can follow it`;
    refuse('ELF_SEGMENT_CONGRUENCE', segmentAt(elf, loads[0]!.index), message, DAMAGED);
  }
  const wanted = memoryEnd - base;
  const end = BigInt(tail.end);
  const start = up(wanted > end ? wanted : end, 8n);
  const padding = start - end;
  if (padding > BigInt(maxPadding)) {
    const message = `the file would grow by ${padding} zeros, since its program headers have to move behind the end of .bss; ${maxPadding} are allowed`;
    refuse('ELF_PADDING', at.e_phoff, message, 'allow more (--max-padding), or leave --load out');
  }
  // Filled in below, when the end of the segment is known.
  const table = new Uint8Array(count * size);
  tail.putAt(Number(start), table);
  const placed = putParts(tail, parts, base);
  const ours = load(elf, start, base + start, BigInt(tail.end) - start, align, hasCode(parts));
  const tableSize = BigInt(count * size);
  const lastLoad = elf.segments.findLastIndex((p) => p.p_type === PT_LOAD);
  const moved = elf.segments.map((p) =>
    p.p_type === PT_PHDR
      ? { ...p, p_offset: start, p_vaddr: base + start, p_paddr: base + start, p_filesz: tableSize, p_memsz: tableSize }
      : p,
  );
  table.set(tableBytes(elf, [...moved.slice(0, lastLoad + 1), ours, ...moved.slice(lastLoad + 1)]));
  return {
    placed,
    ehdr: { e_phoff: start, e_phnum: count },
    patches: [],
    slot: undefined,
  };
}

function tableBytes(elf: ElfFile, segments: readonly Phdr[]): Uint8Array {
  const form = PHDR[elf.class];
  const view = new ByteView(new Uint8Array(segments.length * form.size), elf.endian);
  for (const [i, segment] of segments.entries()) writeRecord(form, view, i * form.size, segment);
  return view.bytes;
}

/** A PT_LOAD that is read, and run where there is code. Throws ELF_ADDRESS_SPACE. */
function load(elf: ElfFile, p_offset: bigint, p_vaddr: bigint, size: bigint, p_align: bigint, isCode: boolean): Phdr {
  const top = elf.class === 64 ? 1n << 64n : 1n << 32n;
  if (p_vaddr < 0n || up(p_vaddr + size, p_align) > top) {
    const message = `the new segment of ${size} bytes would lie at address 0x${p_vaddr.toString(16)}, beyond the address space`;
    const byteOffset = EHDR[elf.class].at.e_phoff;
    fail({ code: 'ELF_ADDRESS_SPACE', file: elf.file, byteOffset, message, help: 'leave --load out' });
  }
  const p_filesz = size;
  return {
    p_type: PT_LOAD,
    p_flags: isCode ? PF_R | PF_X : PF_R,
    p_offset,
    p_vaddr,
    p_paddr: p_vaddr,
    p_filesz,
    p_memsz: size,
    p_align,
  };
}

/**
 * The PT_LOADs, when a kernel and a loader would map them and one more.
 * @throws ELF_NOT_PROGRAM, ELF_NO_LOAD, ELF_SEGMENT_MEMSZ, ELF_SEGMENT_ALIGN, ELF_SEGMENT_CONGRUENCE,
 *   ELF_SEGMENTS_UNSORTED, ELF_SEGMENTS_OVERLAP, ELF_SEGMENT_TWICE, ELF_ADDRESS_SPACE
 */
function checkLoadable(elf: ElfFile): readonly Load[] {
  const form = PHDR[elf.class].at;
  const refuse = (code: Code, byteOffset: number, message: string, help = BROKEN): never =>
    fail({ code, file: elf.file, byteOffset, message, help });
  const append = 'without --load and --enforce the section is data of the file, which anything may carry';
  if (elf.type === ET_REL) {
    refuse('ELF_NOT_PROGRAM', EHDR[elf.class].at.e_type, 'a relocatable object is not loaded as it is', append);
  }
  const loads: readonly Load[] = elf.segments.map((p, index) => ({ ...p, index })).filter((p) => p.p_type === PT_LOAD);
  if (loads.length === 0) {
    refuse(
      'ELF_NO_LOAD',
      EHDR[elf.class].at.e_phnum,
      'the file has no PT_LOAD segment: nothing of it is mapped',
      append,
    );
  }
  if (kindOf(elf) === 'library') {
    const message = 'a shared library is mapped by a loader that may not expect a segment more';
    refuse('ELF_NOT_PROGRAM', EHDR[elf.class].at.e_type, message, append);
  }
  for (const type of [PT_INTERP, PT_PHDR]) {
    const second = elf.segments.map((p) => p.p_type === type).lastIndexOf(true);
    if (second > elf.segments.findIndex((p) => p.p_type === type)) {
      const message = `segment ${second} is a second ${type === PT_PHDR ? 'PT_PHDR' : 'PT_INTERP'}`;
      refuse('ELF_SEGMENT_TWICE', segmentAt(elf, second), message);
    }
  }
  const top = elf.class === 64 ? 1n << 64n : 1n << 32n;
  let before: Load | undefined;
  for (const p of loads) {
    const at = segmentAt(elf, p.index);
    const name = `segment ${p.index}`;
    if (p.p_filesz > p.p_memsz) {
      refuse(
        'ELF_SEGMENT_MEMSZ',
        at + form.p_filesz,
        `${name} has ${p.p_filesz} bytes in the file and ${p.p_memsz} in memory`,
      );
    }
    if ((p.p_align & (p.p_align - 1n)) !== 0n && p.p_align !== 0n) {
      refuse('ELF_SEGMENT_ALIGN', at + form.p_align, `p_align of ${name} is ${p.p_align}, no power of two`);
    }
    if (p.p_align > 1n && (p.p_vaddr - p.p_offset) % p.p_align !== 0n) {
      refuse('ELF_SEGMENT_CONGRUENCE', at + form.p_vaddr, `p_vaddr and p_offset of ${name} differ modulo p_align`);
    }
    if (p.p_vaddr + p.p_memsz > top) {
      refuse('ELF_ADDRESS_SPACE', at + form.p_vaddr, `${name} does not fit the address space`);
    }
    if (before !== undefined && p.p_vaddr < before.p_vaddr) {
      refuse(
        'ELF_SEGMENTS_UNSORTED',
        at + form.p_vaddr,
        `${name} lies below segment ${before.index}, which comes first`,
      );
    }
    if (before !== undefined && p.p_vaddr < before.p_vaddr + before.p_memsz) {
      refuse('ELF_SEGMENTS_OVERLAP', at + form.p_vaddr, `${name} overlaps segment ${before.index}`);
    }
    before = p;
  }
  return loads;
}
