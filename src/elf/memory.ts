/** What stands where when the program runs, by its PT_LOAD segments alone. */
import { type Phdr, PT_LOAD } from './format.ts';
import type { ElfFile } from './read.ts';

/** Machines whose pages are 4 KiB: i386, x86-64, arm, s390, riscv. Others may have pages of up to 64 KiB. */
const SMALL_PAGES: ReadonlySet<number> = new Set([3, 62, 40, 22, 243]);
const SMALLEST = 0x1000n;

/**
 * The largest page of the machine, but no more than the program's own segments keep to: a program linked for 4 KiB pages
 * starts on no others, and its base may be a multiple of 4 KiB only.
 */
export function pageSize({ machine, segments }: Pick<ElfFile, 'machine' | 'segments'>): bigint {
  const largest = SMALL_PAGES.has(machine) ? SMALLEST : 0x10000n;
  const own = segments
    .filter((p) => p.p_type === PT_LOAD)
    .map((p) => p.p_align)
    .reduce((least, align) => (align < least ? align : least), largest);
  return own < SMALLEST ? SMALLEST : own;
}

/**
 * Whether several PT_LOADs map the pages of [address, address + size). Segments are mapped by whole pages, each over
 * what
 * is there: the bytes of the last one stand there, also where it claims a few bytes elsewhere in the page only.
 * @param elf what `readElf` gave
 * @param address as the file has it, without the base of a PIE
 * @param size in bytes
 * @returns true where the bytes of the file may not be those in memory. Never throws.
 * @see Linux v6.12 fs/binfmt_elf.c elf_map(), MAP_FIXED
 */
export function isMappedTwice(elf: ElfFile, address: bigint, size: bigint): boolean {
  const page = pageSize(elf);
  const touches = (p: Phdr) =>
    p.p_vaddr / page <= (address + size - 1n) / page && address / page <= (p.p_vaddr + p.p_memsz - 1n) / page;
  return elf.segments.filter((p) => p.p_type === PT_LOAD && p.p_memsz > 0n && touches(p)).length > 1;
}

/**
 * The segment whose bytes in the file hold all of [address, address + size).
 * @param elf what `readElf` gave
 * @param address as the file has it, without the base of a PIE
 * @param size in bytes
 * @returns the PT_LOAD; undefined for none. Never throws.
 * @see Linux v6.12 fs/binfmt_elf.c elf_load()
 */
export function loadAt(elf: ElfFile, address: bigint, size: bigint): Phdr | undefined {
  return elf.segments.find(
    (p) => p.p_type === PT_LOAD && p.p_vaddr <= address && address + size <= p.p_vaddr + p.p_filesz,
  );
}

/**
 * The bytes that stand at an address when the program starts.
 * @param elf what `readElf` gave
 * @param address as the file has it, without the base of a PIE
 * @param size in bytes
 * @returns the bytes, perhaps the source's own; undefined when they are not from the file. Never throws.
 * @see Linux v6.12 fs/binfmt_elf.c elf_load()
 */
export function memoryAt(elf: ElfFile, address: bigint, size: number): Uint8Array | undefined {
  const load = loadAt(elf, address, BigInt(size));
  if (load === undefined) return undefined;
  const offset = load.p_offset + address - load.p_vaddr;
  return offset + BigInt(size) <= BigInt(elf.source.size) ? elf.source.read(Number(offset), size) : undefined;
}
