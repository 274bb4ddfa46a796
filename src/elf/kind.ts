/** What kind of file an ELF is, as loaders take it. */
import { ByteView } from '../num/bytes.ts';
import { DF_1_PIE, DT_FLAGS_1, DT_NULL, DT_SONAME, ET_DYN, ET_REL, PT_DYNAMIC, PT_INTERP } from './format.ts';
import type { ElfFile } from './read.ts';
import { inFile } from './source.ts';

/** 'program': at a fixed address. 'pie': a program that may lie anywhere. 'object': not linked yet. */
export type FileKind = 'program' | 'pie' | 'library' | 'object';

/** Tables of dynamic entries have a few dozen. */
const DYNAMIC_MAX = 1 << 16;

/** ET_DYN is a program when it says so (DF_1_PIE), asks for a loader and has no name of a library, or is not dynamic. */
export function kindOf(elf: ElfFile): FileKind {
  if (elf.type === ET_REL) return 'object';
  if (elf.type !== ET_DYN) return 'program';
  const dynamic = elf.segments.find((p) => p.p_type === PT_DYNAMIC);
  if (dynamic === undefined || !inFile(elf.source.size, dynamic.p_offset, dynamic.p_filesz)) return 'pie';
  const width = elf.class / 8;
  const size = Math.min(Number(dynamic.p_filesz), DYNAMIC_MAX);
  const view = new ByteView(elf.source.read(Number(dynamic.p_offset), size), elf.endian);
  const word = (at: number) => (width === 8 ? view.u64(at) : BigInt(view.u32(at)));
  let isProgram = elf.segments.some((p) => p.p_type === PT_INTERP);
  for (let at = 0; at + 2 * width <= size && word(at) !== DT_NULL; at += 2 * width) {
    if (word(at) === DT_SONAME) return 'library';
    if (word(at) === DT_FLAGS_1 && (word(at + width) & DF_1_PIE) !== 0n) isProgram = true;
  }
  return isProgram ? 'pie' : 'library';
}
