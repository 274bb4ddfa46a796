/**
 * A change to a file, as data: keep its first bytes, overwrite a few header fields among them, append a tail. Whoever
 * holds the file applies it: `applyEdit` in memory, a file layer by copying and writing the tail.
 */
import { fail } from '../diag/collector.ts';
import { alignUp, ByteView } from '../num/bytes.ts';
import { EHDR, type Ehdr, fieldBytes, SHDR, SHN_LORESERVE, SHN_XINDEX, type Shdr, writeRecord } from './format.ts';
import { TABLE_ALIGN } from './layout.ts';
import type { ElfFile } from './read.ts';

export interface Patch {
  readonly byteOffset: number;
  readonly bytes: Uint8Array;
}

export interface Edit {
  /** The first `keep` bytes of the old file stay at the start of the new one. */
  readonly keep: number;
  /** Written over kept bytes, in this order: fields of the ELF header, or one program header. */
  readonly patches: readonly Patch[];
  /** Behind the kept bytes, in file order, none overlapping another; what lies between them is zeros. */
  readonly pieces: readonly Patch[];
  /** Bytes [from, to) of the old file that follow the last piece directly: a trailer that stays at the end. */
  readonly rest?: { readonly from: number; readonly to: number } | undefined;
  /** Bytes of the new file. */
  readonly size: number;
}

/** The new file; `bytes` is not changed. */
export function applyEdit(bytes: Uint8Array, edit: Edit): Uint8Array {
  const out = new Uint8Array(edit.size);
  out.set(bytes.subarray(0, edit.keep));
  for (const piece of [...edit.patches, ...edit.pieces]) out.set(piece.bytes, piece.byteOffset);
  const { rest } = edit;
  if (rest !== undefined) out.set(bytes.subarray(rest.from, rest.to), edit.size - (rest.to - rest.from));
  return out;
}

/** Collects what is appended behind the kept bytes. The section header table always comes last. */
export class Tail {
  readonly #elf: ElfFile;
  /** How many bytes of the old file stay. */
  readonly keep: number;
  readonly #pieces: Patch[] = [];
  #end: number;

  constructor(elf: ElfFile, keep: number) {
    this.#elf = elf;
    this.keep = keep;
    this.#end = keep;
  }

  /** Appends bytes at the next multiple of `align` (a power of two); returns their offset in the file. */
  put(bytes: Uint8Array, align: number): number {
    const byteOffset = alignUp(this.#end, align);
    this.#pieces.push({ byteOffset, bytes });
    this.#end = byteOffset + bytes.length;
    return byteOffset;
  }

  /** Appends the section header table and points the ELF header at it. */
  finish(headers: readonly Shdr[], shstrndx: number): Edit {
    const elf = this.#elf;
    const form = SHDR[elf.class];
    const table = new ByteView(new Uint8Array(headers.length * form.size), elf.endian);
    const numbered = [countsInSectionZero(headers, shstrndx), ...headers.slice(1)];
    for (const [index, header] of numbered.entries()) writeRecord(form, table, index * form.size, header);
    const shoff = this.put(table.bytes, TABLE_ALIGN);
    this.#checkSize(shoff);

    const changed: Partial<Ehdr> = {
      e_shoff: BigInt(shoff),
      e_shnum: headers.length < SHN_LORESERVE ? headers.length : 0,
      e_shstrndx: shstrndx < SHN_LORESERVE ? shstrndx : SHN_XINDEX,
    };
    const names = ['e_shoff', 'e_shnum', 'e_shstrndx'] as const;
    const ehdr = EHDR[elf.class];
    return {
      keep: this.keep,
      patches: names
        .filter((name) => changed[name] !== elf.header[name])
        .map((name) => ({ byteOffset: ehdr.at[name], bytes: fieldBytes(ehdr, elf.endian, name, changed[name]!) })),
      pieces: this.#pieces,
      size: this.#end,
    };
  }

  /** ELFCLASS32 cannot name a byte at or behind 4 GiB. */
  #checkSize(shoff: number): void {
    if (this.#elf.class === 64 || this.#end <= 0xffff_ffff) return;
    const message = `with the section the file would have ${this.#end} bytes; the offsets of ELFCLASS32 end at 4 GiB`;
    const help = 'strip debug sections first';
    fail({ code: 'ELF_TOO_LARGE', file: this.#elf.file, byteOffset: shoff, message, help });
  }
}

/**
 * Section 0 with the counts that do not fit the ELF header, and zeros where they do. Its sh_info (the count of segments
 * under PN_XNUM) stays.
 * @see gABI 4.1 chapter 4, e_shnum and e_shstrndx
 */
function countsInSectionZero(headers: readonly Shdr[], shstrndx: number): Shdr {
  return {
    ...headers[0]!,
    sh_size: headers.length < SHN_LORESERVE ? 0n : BigInt(headers.length),
    sh_link: shstrndx < SHN_LORESERVE ? 0 : shstrndx,
  };
}
