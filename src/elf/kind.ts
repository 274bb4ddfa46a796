/** What kind of file an ELF is, as loaders take it. */
import { dynamicEntries } from './dynamic.ts';
import { DF_1_PIE, DT_FLAGS_1, DT_SONAME, ET_DYN, ET_REL, PT_INTERP } from './format.ts';
import type { ElfFile } from './read.ts';

/** 'program': at a fixed address. 'pie': a program that may lie anywhere. 'object': not linked yet. */
export type FileKind = 'program' | 'pie' | 'library' | 'object';

/**
 * How loaders take the file. ET_DYN is a program when it says so (DF_1_PIE), asks for a loader and has no name of a
 * library, or is not dynamic.
 * @param elf what `readElf` gave
 * @returns 'program', 'pie', 'library' or 'object'. Never throws.
 * @see gABI 4.1 chapter 5
 */
export function kindOf(elf: ElfFile): FileKind {
  if (elf.type === ET_REL) return 'object';
  if (elf.type !== ET_DYN) return 'program';
  const entries = dynamicEntries(elf);
  if (entries === undefined) return 'pie';
  if (entries.some(([tag]) => tag === DT_SONAME)) return 'library';
  const isProgram =
    elf.segments.some((p) => p.p_type === PT_INTERP) ||
    entries.some(([tag, value]) => tag === DT_FLAGS_1 && (value & DF_1_PIE) !== 0n);
  return isProgram ? 'pie' : 'library';
}
