/**
 * Gives a section other data; its index and name stay. The new data is appended, as for a new section. When the tail of
 * the file holds nothing but what is written anew, it is cut off first, so repeated builds do not grow the file.
 */
import { type Edit, Tail } from './edit.ts';
import type { Shdr } from './format.ts';
import { checkDisposable, ownTail } from './layout.ts';
import { putNamesBack } from './name-table.ts';
import type { ElfFile, Section } from './read.ts';

/**
 * `header` holds the new section's fields but for name and place; the file has passed `checkRewritable`.
 * Throws ELF_SECTION_LOADED, ELF_SECTION_USED, ELF_TOO_LARGE.
 */
export function planReplace(
  elf: ElfFile,
  old: Section,
  header: Omit<Shdr, 'sh_name' | 'sh_offset'>,
  data: Uint8Array,
): Edit {
  checkDisposable(elf, old);
  const tail = new Tail(elf, ownTail(elf, old) ?? elf.source.size);
  const sh_offset = BigInt(tail.put(data, Number(header.sh_addralign)));
  const sections: readonly Shdr[] = elf.sections;
  const headers = sections.with(old.index, { ...header, sh_name: old.sh_name, sh_offset });
  const { shstrndx } = elf;
  return tail.finish(putNamesBack(tail, { table: elf.names.table, headers, shstrndx }), shstrndx);
}
