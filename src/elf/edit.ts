/**
 * A change to a file, as data: keep its first bytes, overwrite a few header fields among them, append a tail. Whoever
 * holds the file applies it: `applyEdit` in memory, a file layer by copying and writing the tail.
 */
import { fail } from '../diag/collector.ts';
import { alignUp, ByteView } from '../num/bytes.ts';
import { EHDR, type Ehdr, fieldBytes, SHDR, SHN_LORESERVE, SHN_XINDEX, type Shdr, writeRecord } from './format.ts';
import type { ElfFile } from './read.ts';

/** The section header table is aligned for its widest field, in both classes. */
const TABLE_ALIGN = 8;

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

/**
 * Makes the file that a plan describes.
 * @param bytes the old file, which the plan was made for; it is not changed
 * @param edit what `planInject`, `planRemove` or `planUndo` gave
 * @returns the new file. Never throws: of other bytes than the plan's it makes no file.
 */
export function applyEdit(bytes: Uint8Array, edit: Edit): Uint8Array {
  const out = new Uint8Array(edit.size);
  out.set(bytes.subarray(0, edit.keep));
  for (const piece of [...edit.patches, ...edit.pieces]) out.set(piece.bytes, piece.byteOffset);
  const { rest } = edit;
  if (rest !== undefined) out.set(bytes.subarray(rest.from, rest.to), edit.size - (rest.to - rest.from));
  return out;
}

/** Header fields that an injection may change; an undo record may change these back and no others. */
export const CHANGEABLE = ['e_entry', 'e_phoff', 'e_shoff', 'e_phnum', 'e_shnum', 'e_shstrndx'] as const;
export type EhdrChange = Partial<Pick<Ehdr, (typeof CHANGEABLE)[number]>>;

/** The patches that give a header these fields. */
export function headerPatches(elf: ElfFile, change: EhdrChange): readonly Patch[] {
  const form = EHDR[elf.class];
  return CHANGEABLE.filter((name) => change[name] !== undefined && change[name] !== elf.header[name]).map((name) => ({
    byteOffset: form.at[name],
    bytes: fieldBytes(form, elf.endian, name, change[name]!),
  }));
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

  /** One past the last byte so far. */
  get end(): number {
    return this.#end;
  }

  /** Appends bytes at the next multiple of `align` (a power of two); returns their offset in the file. */
  put(bytes: Uint8Array, align: number): number {
    return this.putAt(alignUp(this.#end, align), bytes);
  }

  /** Puts bytes at this offset, not before the end; what lies between stays zero. */
  putAt(byteOffset: number, bytes: Uint8Array): number {
    if (bytes.length > 0) this.#pieces.push({ byteOffset, bytes });
    this.#end = byteOffset + bytes.length;
    return byteOffset;
  }

  /**
   * Appends the section header table, points the ELF header at it, and lets what followed the kept bytes follow again
   * when `keepRest`. Throws ELF_TOO_LARGE.
   */
  finish(
    headers: readonly Shdr[],
    shstrndx: number,
    more: { readonly ehdr?: EhdrChange; readonly patches?: readonly Patch[]; readonly keepRest?: boolean } = {},
  ): Edit {
    const elf = this.#elf;
    const form = SHDR[elf.class];
    const table = new ByteView(new Uint8Array(headers.length * form.size), elf.endian);
    const numbered = [countsInSectionZero(headers, shstrndx), ...headers.slice(1)];
    for (const [index, header] of numbered.entries()) writeRecord(form, table, index * form.size, header);
    const shoff = this.put(table.bytes, TABLE_ALIGN);
    const rest = more.keepRest && this.keep < elf.source.size ? { from: this.keep, to: elf.source.size } : undefined;
    const size = this.#end + (rest ? rest.to - rest.from : 0);
    checkSize(elf, size, shoff);

    const change = {
      ...more.ehdr,
      e_shoff: BigInt(shoff),
      e_shnum: headers.length < SHN_LORESERVE ? headers.length : 0,
      e_shstrndx: shstrndx < SHN_LORESERVE ? shstrndx : SHN_XINDEX,
    };
    const patches = [...headerPatches(elf, change), ...(more.patches ?? [])];
    return { keep: this.keep, patches, pieces: this.#pieces, rest, size };
  }
}

/** ELFCLASS32 cannot name a byte at or behind 4 GiB. */
function checkSize(elf: ElfFile, size: number, byteOffset: number): void {
  if (elf.class === 64 || size <= 0xffff_ffff) return;
  const message = `with the section the file would have ${size} bytes; the offsets of ELFCLASS32 end at 4 GiB`;
  fail({ code: 'ELF_TOO_LARGE', file: elf.file, byteOffset, message, help: 'strip debug sections first' });
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
