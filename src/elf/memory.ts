/** What stands where when the program runs, by its PT_LOAD segments alone. */
import { type Phdr, PT_LOAD } from './format.ts';
import type { ElfFile } from './read.ts';

/** The segment whose bytes in the file hold all of [address, address + size). */
export function loadAt(elf: ElfFile, address: bigint, size: bigint): Phdr | undefined {
  return elf.segments.find(
    (p) => p.p_type === PT_LOAD && p.p_vaddr <= address && address + size <= p.p_vaddr + p.p_filesz,
  );
}

/** The bytes that stand at this address when the program starts; undefined when they are not from the file. */
export function memoryAt(elf: ElfFile, address: bigint, size: number): Uint8Array | undefined {
  const load = loadAt(elf, address, BigInt(size));
  if (load === undefined) return undefined;
  const offset = load.p_offset + address - load.p_vaddr;
  return offset + BigInt(size) <= BigInt(elf.source.size) ? elf.source.read(Number(offset), size) : undefined;
}
