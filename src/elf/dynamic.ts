/** What a file asks of a dynamic loader: which one, which libraries, and what its table of dynamic entries says. */
import { ByteView } from '../num/bytes.ts';
import { DT_NEEDED, DT_NULL, DT_STRSZ, DT_STRTAB, type Phdr, PT_DYNAMIC, PT_INTERP } from './format.ts';
import { memoryAt } from './memory.ts';
import type { ElfFile } from './read.ts';
import { inFile } from './source.ts';

/** Tables of dynamic entries have a few dozen; a path is shorter, and so are all names of libraries together. */
const MOST_BYTES = 1 << 16;

function bytesOf(elf: ElfFile, p: Phdr | undefined): Uint8Array | undefined {
  if (p === undefined || !inFile(elf.source.size, p.p_offset, p.p_filesz)) return undefined;
  return elf.source.read(Number(p.p_offset), Math.min(Number(p.p_filesz), MOST_BYTES));
}

function textAt(bytes: Uint8Array, from: number): string {
  const end = bytes.indexOf(0, from);
  return new TextDecoder().decode(bytes.subarray(from, end < 0 ? bytes.length : end));
}

/**
 * The dynamic loader that PT_INTERP names.
 * @param elf what `readElf` gave
 * @returns its path; undefined for static programs, and where the bytes lie outside of the file. Never throws.
 * @see gABI 4.1 chapter 5
 */
export function interpreterOf(elf: ElfFile): string | undefined {
  const bytes = bytesOf(
    elf,
    elf.segments.find((p) => p.p_type === PT_INTERP),
  );
  return bytes && textAt(bytes, 0);
}

/** Elf32_Dyn, Elf64_Dyn: pairs of a DT_* and its value, up to DT_NULL. Undefined for a file without a readable table. */
export function dynamicEntries(elf: ElfFile): readonly (readonly [tag: bigint, value: bigint])[] | undefined {
  const bytes = bytesOf(
    elf,
    elf.segments.find((p) => p.p_type === PT_DYNAMIC),
  );
  if (bytes === undefined) return undefined;
  const width = elf.class / 8;
  const view = new ByteView(bytes, elf.endian);
  const word = (at: number) => (width === 8 ? view.u64(at) : BigInt(view.u32(at)));
  const entries: (readonly [bigint, bigint])[] = [];
  for (let at = 0; at + 2 * width <= bytes.length && word(at) !== DT_NULL; at += 2 * width) {
    entries.push([word(at), word(at + width)]);
  }
  return entries;
}

/**
 * The names in DT_NEEDED.
 * @param elf what `readElf` gave
 * @returns in the order of the table; none where it cannot be read. Never throws.
 * @see gABI 4.1 chapter 5
 */
export function neededLibraries(elf: ElfFile): readonly string[] {
  const entries = dynamicEntries(elf) ?? [];
  const entry = (tag: bigint) => entries.find(([t]) => t === tag)?.[1];
  const [address, size] = [entry(DT_STRTAB), entry(DT_STRSZ)];
  if (address === undefined || size === undefined || size > BigInt(MOST_BYTES) * 256n) return [];
  const names = memoryAt(elf, address, Number(size));
  if (names === undefined) return [];
  return entries.flatMap(([tag, at]) => (tag === DT_NEEDED && at < size ? [textAt(names, Number(at))] : []));
}
