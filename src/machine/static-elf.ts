/**
 * Sections as a static ELF executable, for every CPU of this room: either class, either byte order, no tool, no Node.
 *
 *     ELF header | two program headers | sections, each at a multiple of 8 | .shstrtab | section headers
 *
 * One PT_LOAD maps everything up to the last section R and X at BASE_ADDRESS, the headers included; PT_GNU_STACK says that
 * the stack is not executable. Nothing is writable but the stack.
 * @see System V gABI, "Object Files" and "Program Loading"
 */
import type { Arch } from '../arch/index.ts';
import { unreachable } from '../diag/index.ts';
import { alignUp, ByteView } from '../num/index.ts';

export interface StaticSection {
  readonly name: string;
  readonly data: Uint8Array;
  readonly executable: boolean;
}

/** Where sections start, in the file and in memory. */
export const SECTION_ALIGN = 8;

/** A multiple of every page size up to 64 KiB, above what any system reserves at the bottom (vm.mmap_min_addr). */
const BASE_ADDRESS = 0x40_0000;
const LARGEST_PAGE = 0x1_0000;

/** Sizes of Elf32_* and Elf64_*. */
const SIZES = { 32: { ehdr: 52, phdr: 32, shdr: 40 }, 64: { ehdr: 64, phdr: 56, shdr: 64 } } as const;

const ET_EXEC = 2;
const PT_LOAD = 1;
const PT_GNU_STACK = 0x6474_e551;
const PF = { X: 1, W: 2, R: 4 } as const;
const SHT = { NULL: 0, PROGBITS: 1, STRTAB: 3 } as const;
const SHF = { ALLOC: 2, EXECINSTR: 4 } as const;

/** Writes fields one after another; a word is an address, an offset or a size, as wide as the class. */
class Writer {
  readonly #view: ByteView;
  readonly #bits: 32 | 64;
  #at: number;

  constructor(view: ByteView, bits: 32 | 64, at: number) {
    this.#view = view;
    this.#bits = bits;
    this.#at = at;
  }

  u16(...values: readonly number[]): void {
    for (const value of values) {
      this.#view.setU16(this.#at, value);
      this.#at += 2;
    }
  }

  u32(...values: readonly number[]): void {
    for (const value of values) {
      this.#view.setU32(this.#at, value);
      this.#at += 4;
    }
  }

  words(...values: readonly number[]): void {
    for (const value of values) {
      if (this.#bits === 64) this.#view.setU64(this.#at, BigInt(value));
      else this.#view.setU32(this.#at, value);
      this.#at += this.#bits / 8;
    }
  }
}

/** An executable that starts at the first byte of its one executable section. e_flags is 0: no ABI here needs another. */
export function staticElf(arch: Arch, sections: readonly StaticSection[]): Uint8Array {
  const { class: bits, endian, machine } = arch.elf;
  const size = SIZES[bits];

  const offsets: number[] = [];
  let end = size.ehdr + 2 * size.phdr;
  for (const { data } of sections) {
    offsets.push(alignUp(end, SECTION_ALIGN));
    end = alignUp(end, SECTION_ALIGN) + data.length;
  }
  const loaded = end;
  const text = sections.findIndex((section) => section.executable);
  if (text < 0) unreachable('no section is executable');

  const names = `\0${[...sections.map((section) => section.name), '.shstrtab'].join('\0')}\0`;
  const shoff = alignUp(loaded + names.length, SECTION_ALIGN);
  const shnum = sections.length + 2;
  const view = new ByteView(new Uint8Array(shoff + shnum * size.shdr), endian);
  sections.forEach(({ data }, i) => {
    view.bytes.set(data, offsets[i]);
  });
  view.bytes.set(
    Array.from(names, (c) => c.charCodeAt(0)),
    loaded,
  );

  // e_ident: magic, class, data, version; OSABI (System V), ABI version and padding are 0.
  view.bytes.set([0x7f, 0x45, 0x4c, 0x46, bits / 32, endian === 'little' ? 1 : 2, 1]);
  const ehdr = new Writer(view, bits, 16);
  ehdr.u16(ET_EXEC, machine);
  ehdr.u32(1);
  ehdr.words(BASE_ADDRESS + (offsets[text] ?? 0), size.ehdr, shoff);
  ehdr.u32(0);
  ehdr.u16(size.ehdr, size.phdr, 2, size.shdr, shnum, shnum - 1);

  const phdr = (index: number, type: number, flags: number, base: number, length: number, align: number) => {
    const out = new Writer(view, bits, size.ehdr + index * size.phdr);
    out.u32(type);
    if (bits === 64) out.u32(flags);
    out.words(0, base, base, length, length);
    if (bits === 32) out.u32(flags);
    out.words(align);
  };
  phdr(0, PT_LOAD, PF.R | PF.X, BASE_ADDRESS, loaded, LARGEST_PAGE);
  phdr(1, PT_GNU_STACK, PF.R | PF.W, 0, 0, 16);

  const shdr = (index: number, name: string, type: number, flags: number, offset: number, length: number) => {
    const out = new Writer(view, bits, shoff + index * size.shdr);
    out.u32(name === '' ? 0 : names.indexOf(`\0${name}\0`) + 1, type);
    out.words(flags, flags === 0 ? 0 : BASE_ADDRESS + offset, offset, length);
    out.u32(0, 0);
    out.words(type === SHT.PROGBITS ? SECTION_ALIGN : type === SHT.STRTAB ? 1 : 0, 0);
  };
  sections.forEach(({ name, data, executable }, i) => {
    const flags = SHF.ALLOC | (executable ? SHF.EXECINSTR : 0);
    shdr(i + 1, name, SHT.PROGBITS, flags, offsets[i] ?? 0, data.length);
  });
  shdr(shnum - 1, '.shstrtab', SHT.STRTAB, 0, loaded, names.length);
  return view.bytes;
}
