/**
 * Takes a section out of the header table. The last header goes away; one in the middle becomes a null header, because
 * symbols and other sections count the headers by index. The data goes with it only when it stands in the file's own
 * tail; elsewhere it stays behind as bytes that nothing names.
 */
import { fail } from '../diag/collector.ts';
import { quoted } from '../diag/escape.ts';
import { ByteView } from '../num/bytes.ts';
import { applyEdit, type Edit, Tail } from './edit.ts';
import { SHF_GROUP, SHN_LORESERVE, SHT_DYNSYM, SHT_NULL, SHT_SYMTAB, SHT_SYMTAB_SHNDX, type Shdr } from './format.ts';
import { checkDisposable, checkRewritable, ownTail } from './layout.ts';
import { putNamesBack } from './name-table.ts';
import { type ElfFile, type ReadOptions, readElf } from './read.ts';
import { theSection } from './section.ts';

/** SHT_NULL: an inactive header, all of it zero. */
const NULL_HEADER: Shdr = {
  sh_name: 0,
  sh_type: SHT_NULL,
  sh_flags: 0n,
  sh_addr: 0n,
  sh_offset: 0n,
  sh_size: 0n,
  sh_link: 0,
  sh_info: 0,
  sh_addralign: 0n,
  sh_entsize: 0n,
};

/** `removeSection` as an Edit, for a file that is not in memory. */
export function planRemove(elf: ElfFile, name: string): Edit {
  checkRewritable(elf);
  const target = theSection(elf, name);
  checkDisposable(elf, target);
  if ((target.sh_flags & SHF_GROUP) !== 0n || symbolsReferTo(elf, target.index)) {
    const message = `a symbol or a section group refers to section ${target.index} ${quoted(name)}`;
    const help = 'objcopy --remove-section rewrites the symbols too';
    fail({ code: 'ELF_SECTION_USED', file: elf.file, byteOffset: target.headerOffset, message, help });
  }
  const tail = new Tail(elf, ownTail(elf, target) ?? elf.source.size);
  const sections: readonly Shdr[] = elf.sections;
  const last = target.index === sections.length - 1;
  const headers = last ? sections.slice(0, -1) : sections.with(target.index, NULL_HEADER);
  const { shstrndx } = elf;
  return tail.finish(putNamesBack(tail, { table: namesWithout(elf, target.sh_name), headers, shstrndx }), shstrndx);
}

/** The name table without its last string when that is the one, and no other section's name lies in it. */
function namesWithout(elf: ElfFile, sh_name: number): Uint8Array {
  const { table } = elf.names;
  const isLast = table.indexOf(0, sh_name) === table.length - 1;
  const uses = elf.sections.filter((s) => s.sh_type !== SHT_NULL && s.sh_name >= sh_name).length;
  return isLast && uses === 1 && table[sh_name - 1] === 0 ? table.subarray(0, sh_name) : table;
}

/** st_shndx is 16 bits; an index that does not fit stands in the SHT_SYMTAB_SHNDX section, one word a symbol. */
function symbolsReferTo(elf: ElfFile, index: number): boolean {
  const [entry, at] = elf.class === 64 ? [24, 6] : [16, 14];
  return elf.sections.some((s) => {
    const symbols = s.sh_type === SHT_SYMTAB || s.sh_type === SHT_DYNSYM;
    if ((!symbols && s.sh_type !== SHT_SYMTAB_SHNDX) || s.sh_size === 0n) return false;
    const view = new ByteView(elf.source.read(Number(s.sh_offset), Number(s.sh_size)), elf.endian);
    const step = symbols ? entry : 4;
    for (let i = 0; i + step <= view.bytes.length; i += step) {
      if (symbols ? index < SHN_LORESERVE && view.u16(i + at) === index : view.u32(i) === index) return true;
    }
    return false;
  });
}

/**
 * Removes the section of this name; every other section keeps its index, place and bytes. `elf` is not changed.
 *
 * The result is not the file from before the section was added: the tables are written anew behind it.
 * @returns the new file
 * @throws SeccompcError: what `addSection` refuses about a file, ELF_SECTION_MISSING, ELF_SECTION_TWICE,
 *   ELF_SECTION_LOADED (mapped at run time), ELF_SECTION_USED (symbols or sections refer to it)
 */
export function removeSection(elf: Uint8Array, name: string, options: ReadOptions = {}): Uint8Array {
  return applyEdit(elf, planRemove(readElf(elf, options), name));
}
