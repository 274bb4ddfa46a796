/** The section name table of the new file: the old one, or a fresh one where that cannot move. */
import type { Tail } from './edit.ts';
import { SHT_NULL, SHT_STRTAB, type Shdr } from './format.ts';
import { namesCanMove } from './layout.ts';
import { appendName, compactNames } from './names.ts';
import type { ElfFile } from './read.ts';
import { nameBytes } from './section.ts';

/** A name table, and the headers whose sh_name points into it. The table's own header has no place yet. */
export interface NewNames {
  readonly table: Uint8Array;
  readonly headers: readonly Shdr[];
  readonly shstrndx: number;
}

/**
 * The file's own table when it may move. One that symbols share, or that the program maps, stays as it is: a fresh
 * table with the section names alone gets a header behind the others.
 */
export function movableNames(elf: ElfFile): NewNames {
  if (namesCanMove(elf)) return { table: elf.names.table, headers: elf.sections, shstrndx: elf.shstrndx };

  const used = elf.sections.filter((s) => s.sh_type !== SHT_NULL).map((s) => s.sh_name);
  const compact = compactNames(elf.names.table, used);
  const { table, start } = appendName(compact.table, nameBytes('.shstrtab'));
  const fresh: Shdr = {
    sh_name: start,
    sh_type: SHT_STRTAB,
    sh_flags: 0n,
    sh_addr: 0n,
    sh_offset: 0n,
    sh_size: 0n,
    sh_link: 0,
    sh_info: 0,
    sh_addralign: 1n,
    sh_entsize: 0n,
  };
  const renamed = elf.sections.map((s) => ({ ...s, sh_name: compact.moved.get(s.sh_name) ?? 0 }));
  return { table, headers: [...renamed, fresh], shstrndx: elf.sections.length };
}

/** Puts the table into the tail and its place into its header. */
export function putNames(tail: Tail, { table, headers, shstrndx }: NewNames): readonly Shdr[] {
  const sh_offset = BigInt(tail.put(table, 1));
  const own = { ...headers[shstrndx]!, sh_offset, sh_size: BigInt(table.length), sh_addralign: 1n };
  return headers.with(shstrndx, own);
}
