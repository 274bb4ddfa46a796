/**
 * What the program headers make of a file, as a kernel and a loader read them: what kind of file it is, where a section
 * stands in memory, and whether another tool has broken the headers themselves. Section headers are claims here: what
 * they say of addresses is held against the segments.
 *
 * Weak spot: a program whose headers nobody looks at (no C library) may leave them unmapped; it is told by its having
 * neither PT_INTERP, PT_PHDR nor PT_TLS, and its headers directly behind the ELF header.
 */
import type { Diagnostic } from '../diag/index.ts';
import { type ElfFile, kindOf, type Section } from '../elf/index.ts';
import { hex } from '../num/index.ts';

/** Where a section's bytes are when the program runs. */
export type Mapping =
  /** In the file only, and it says so. */
  | { readonly kind: 'unmapped' }
  /** An object's sections get their places from the linker. */
  | { readonly kind: 'object' }
  /** SHF_ALLOC is set, but no PT_LOAD holds the bytes. */
  | { readonly kind: 'claimed' }
  | {
      readonly kind: 'mapped';
      /** Computed from the segment; to be added to the base of a 'pie'. */
      readonly address: bigint;
      /** Index of the PT_LOAD. */
      readonly segment: number;
      readonly writable: boolean;
      /** SHF_ALLOC and sh_addr say the same. */
      readonly agrees: boolean;
    };

const ET = { rel: 1 };
const PT = { load: 1, interp: 3, phdr: 6, tls: 7 };
const PF_W = 2;
const SHF_ALLOC = 2n;
const SHT_NOBITS = 8;
/** The smallest page of any machine. */
const PAGE = 4096n;

type Segment = ElfFile['segments'][number];

/** A PT_LOAD and its index among the program headers. */
type Load = Segment & { readonly index: number };

function loadsOf(elf: ElfFile): readonly Load[] {
  return elf.segments.map((p, index) => ({ ...p, index })).filter((p) => p.p_type === PT.load);
}

const holdsBytes = (p: Segment, offset: bigint, size: bigint): boolean =>
  p.p_offset <= offset && offset + size <= p.p_offset + p.p_filesz;

/** Where the program headers put a section; its own header is only compared with that. */
export function mappingOf(elf: ElfFile, s: Section): Mapping {
  if (elf.type === ET.rel) return { kind: 'object' };
  const isClaimed = (s.sh_flags & SHF_ALLOC) !== 0n;
  const isEmpty = s.sh_size === 0n || s.sh_type === SHT_NOBITS;
  const load = isEmpty ? undefined : loadsOf(elf).find((p) => holdsBytes(p, s.sh_offset, s.sh_size));
  if (load === undefined) return { kind: isClaimed && !isEmpty ? 'claimed' : 'unmapped' };
  const address = load.p_vaddr + s.sh_offset - load.p_offset;
  const writable = (load.p_flags & PF_W) !== 0;
  return { kind: 'mapped', address, segment: load.index, writable, agrees: isClaimed && s.sh_addr === address };
}

/** Offsets of e_phoff in the ELF header, by class. @see gABI 4.1 chapter 4 */
const AT_PHOFF = { 32: 28, 64: 32 } as const;
const EHDR_SIZE = { 32: 52, 64: 64 } as const;
const PHDR_SIZE = { 32: 32, 64: 56 } as const;

const CURE = 'strip first and inject last: build the program again, strip it, then inject';

/**
 * Program headers with which the file does not start, or crashes later: what strip and its relatives make of a file whose
 * headers were moved to make room for a loaded section. At most one fault, the first.
 * @see Linux 6.12 fs/binfmt_elf.c load_elf_binary(): AT_PHDR; glibc 2.36 elf/dl-load.c
 */
export function headerFault(elf: ElfFile): Diagnostic | undefined {
  if (elf.type === ET.rel || elf.segments.length === 0) return undefined;
  const at = (index: number) => Number(elf.header.e_phoff) + index * PHDR_SIZE[elf.class];
  const fault = (byteOffset: number, message: string): Diagnostic => ({
    code: 'INSPECT_HEADERS',
    severity: 'error',
    file: elf.file,
    byteOffset,
    message,
    help: CURE,
  });
  const loads = loadsOf(elf);
  if (loads.length === 0) {
    return fault(AT_PHOFF[elf.class], 'no program header is a PT_LOAD: nothing of the file would be mapped');
  }
  const shifted = loads.find((p) => p.p_filesz > 0n && (p.p_vaddr - p.p_offset) % PAGE !== 0n);
  if (shifted !== undefined) {
    const message = `segment ${shifted.index} (byte ${shifted.p_offset}, address ${hex(shifted.p_vaddr)}) cannot be mapped: offset and address differ within a page`;
    return fault(at(shifted.index), message);
  }
  const sorted = loads.toSorted((a, b) => (a.p_vaddr < b.p_vaddr ? -1 : 1));
  for (const [i, p] of sorted.entries()) {
    const below = sorted[i - 1];
    if (below === undefined || p.p_vaddr >= below.p_vaddr + below.p_memsz) continue;
    const end = below.p_vaddr + below.p_memsz;
    const message = `segment ${p.index} at ${hex(p.p_vaddr)} lies over segment ${below.index}, which ends at ${hex(end)}`;
    return fault(at(p.index), message);
  }
  return tableFault(elf, loads, fault);
}

/** Whether a program finds its own headers at the address that the kernel tells it (AT_PHDR). */
function tableFault(
  elf: ElfFile,
  loads: readonly Load[],
  fault: (byteOffset: number, message: string) => Diagnostic,
): Diagnostic | undefined {
  const { e_phoff } = elf.header;
  const own = elf.segments.find((p) => p.p_type === PT.phdr);
  const isRead = elf.segments.some((p) => p.p_type === PT.interp || p.p_type === PT.tls);
  const isMoved = e_phoff !== BigInt(EHDR_SIZE[elf.class]);
  if (kindOf(elf) === 'library' || !(own || isRead || isMoved)) return undefined;

  const place = AT_PHOFF[elf.class];
  const size = BigInt(elf.segments.length * PHDR_SIZE[elf.class]);
  const holder = loads.find((p) => holdsBytes(p, e_phoff, size));
  if (holder === undefined) {
    return fault(place, `the program headers at byte ${e_phoff} are in no PT_LOAD, so the program does not find them`);
  }
  const address = e_phoff - holder.p_offset + holder.p_vaddr;
  if (own !== undefined && own.p_vaddr !== address) {
    const message = `the program headers are mapped at ${hex(address)}; PT_PHDR says ${hex(own.p_vaddr)}`;
    return fault(Number(e_phoff) + elf.segments.indexOf(own) * PHDR_SIZE[elf.class], message);
  }
  const first = loads[0] as Load;
  const before518 = first.p_vaddr - first.p_offset + e_phoff;
  if (address === before518) return undefined;
  const message = `the program headers are mapped at ${hex(address)}; Linux before 5.18 and qemu-user tell the program ${hex(before518)}`;
  return fault(place, message);
}
