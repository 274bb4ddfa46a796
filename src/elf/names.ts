/**
 * The section name table: a block of NUL-terminated strings that sh_name points into. It is read and checked on first
 * use, so a file with broken names can still be looked at. Names are compared as bytes: two names that are no UTF-8 may
 * decode to the same text.
 */
import type { Code } from '../diag/codes.ts';
import { fail } from '../diag/collector.ts';
import { EHDR, type ElfClass, SHDR, SHT_NULL, SHT_STRTAB, type Shdr } from './format.ts';
import { type ElfSource, inFile } from './source.ts';

interface NamedHeaders {
  readonly file: string | undefined;
  readonly source: ElfSource;
  readonly class: ElfClass;
  /** e_shoff: where the first header stands. */
  readonly tableOffset: number;
  readonly headers: readonly Shdr[];
  readonly shstrndx: number;
}

/** Names that symbols share are the largest: those of a browser with debug symbols have 100 MB. */
const TABLE_MAX = 1n << 28n;
/**
 * Of a name so many bytes are decoded, and compared where two tables differ: thousands of headers may share one of 100 MB.
 * The longest of real programs have a few hundred.
 */
const NAME_MAX = 1 << 12;
const HELP = 'the section names are damaged, so no section can be told from another; build the file again';

export class SectionNames {
  readonly #of: NamedHeaders;
  #table: Uint8Array | undefined;
  #shared: { readonly other: SectionNames; readonly end: number } | undefined;

  constructor(of: NamedHeaders) {
    this.#of = of;
  }

  /** The whole table, ending in NUL. Throws ELF_SHSTRNDX, ELF_NAMES_END and what else is wrong with it. */
  get table(): Uint8Array {
    this.#table ??= this.#read();
    return this.#table;
  }

  /** The name of the section with this index, as bytes without NUL. */
  bytes(index: number): Uint8Array {
    const start = this.#start(index);
    return this.table.subarray(start, this.table.indexOf(0, start));
  }

  /** The same as text, cut at 4096 bytes. Two names that are no UTF-8 may give the same. */
  text(index: number): string {
    return new TextDecoder().decode(this.#short(index));
  }

  /** Whether both have the same name; false also where that cannot be told within 4096 bytes. */
  isSame(index: number, other: SectionNames): boolean {
    const [start, others] = [this.#start(index), other.#start(index)];
    if (start === others && start <= this.#sharedWith(other)) return true;
    const [one, two] = [this.#short(index), other.#short(index)];
    return one.length < NAME_MAX && one.length === two.length && one.every((byte, i) => byte === two[i]);
  }

  #short(index: number): Uint8Array {
    const start = this.#start(index);
    const bytes = this.table.subarray(start, start + NAME_MAX);
    const end = bytes.indexOf(0);
    return end < 0 ? bytes : bytes.subarray(0, end);
  }

  /** Where the last name ends up to which both tables are the same; -1 for none. */
  #sharedWith(other: SectionNames): number {
    if (this.#shared?.other === other) return this.#shared.end;
    const [one, two] = [this.table, other.table];
    let length = 0;
    while (length < one.length && one[length] === two[length]) length++;
    const end = one.subarray(0, length).lastIndexOf(0);
    this.#shared = { other, end };
    return end;
  }

  /** Makes sure that every name can be read, and the table even where no header has a name. */
  checkAll(): void {
    void this.table;
    for (const [index, header] of this.#of.headers.entries()) {
      if (header.sh_type !== SHT_NULL) this.#start(index);
    }
  }

  /** Every section whose name is exactly these bytes (without NUL). Null headers have no name. */
  indexesOf(name: Uint8Array): readonly number[] {
    const found: number[] = [];
    for (const [index, header] of this.#of.headers.entries()) {
      if (header.sh_type === SHT_NULL) continue;
      const start = this.#start(index);
      if (this.table[start + name.length] === 0 && name.every((byte, i) => this.table[start + i] === byte)) {
        found.push(index);
      }
    }
    return found;
  }

  #start(index: number): number {
    const { file, class: cls, headers, tableOffset } = this.#of;
    const start = headers[index]!.sh_name;
    if (start < this.table.length) return start;
    const byteOffset = tableOffset + index * SHDR[cls].size + SHDR[cls].at.sh_name;
    const message = `sh_name of section ${index} is ${start}; the name table has ${this.table.length} bytes`;
    return fail({ code: 'ELF_NAME_OUTSIDE', file, byteOffset, message, help: HELP });
  }

  #read(): Uint8Array {
    const { file, source, class: cls, headers, shstrndx, tableOffset } = this.#of;
    const refuse = (code: Code, byteOffset: number, message: string): never =>
      fail({ code, file, byteOffset, message, help: HELP });

    const header = headers[shstrndx];
    if (header === undefined) {
      const message = `the name table is section ${shstrndx}, but there are ${headers.length} sections`;
      refuse('ELF_SHSTRNDX', EHDR[cls].at.e_shstrndx, message);
    }
    const { sh_type, sh_offset, sh_size, sh_addralign } = header!;
    const at = tableOffset + shstrndx * SHDR[cls].size;
    const field = SHDR[cls].at;
    if (sh_type !== SHT_STRTAB) {
      const message = `the name table is section ${shstrndx}, whose type is ${sh_type}; a string table is 3`;
      refuse('ELF_SHSTRNDX', at + field.sh_type, message);
    }
    if (!inFile(source.size, sh_offset, sh_size)) {
      const message = `the name table (${sh_size} bytes from byte ${sh_offset}) leaves the file of ${source.size} bytes`;
      refuse('ELF_SECTION_OUTSIDE', at + field.sh_offset, message);
    }
    if (sh_size === 0n) refuse('ELF_NAMES_END', at + field.sh_size, 'the name table is empty');
    if (sh_size > TABLE_MAX) {
      refuse(
        'ELF_TOO_LARGE',
        at + field.sh_size,
        `the name table has ${sh_size} bytes; more than ${TABLE_MAX} are not read`,
      );
    }
    if ((sh_addralign & (sh_addralign - 1n)) !== 0n && sh_addralign !== 0n) {
      const message = `sh_addralign of the name table is ${sh_addralign}, no power of two`;
      refuse('ELF_SECTION_ALIGN', at + field.sh_addralign, message);
    }
    const table = source.read(Number(sh_offset), Number(sh_size));
    if (table.at(-1) !== 0) {
      const message = 'the last name of the name table has no NUL at its end';
      refuse('ELF_NAMES_END', Number(sh_offset + sh_size) - 1, message);
    }
    return table;
  }
}

export interface CompactNames {
  readonly table: Uint8Array;
  /** The new sh_name of an old one. */
  readonly moved: ReadonlyMap<number, number>;
}

/**
 * A table of the names that headers use, taken from one that holds others too (a symbol table's strings).
 *
 * sh_name may point into the middle of a string (".text" inside ".rela.text"), so what is copied is each run from the
 * lowest used offset to its NUL. Runs never overlap: the result is no longer than the old table, whatever a hostile
 * file points at.
 */
export function compactNames(table: Uint8Array, used: readonly number[]): CompactNames {
  const runs: Uint8Array[] = [new Uint8Array(1)]; // the empty name at offset 0
  const moved = new Map<number, number>();
  let length = 1;
  let run = { start: 0, end: -1, to: 0 };
  for (const offset of [...new Set(used)].sort((a, b) => a - b)) {
    if (offset > run.end) {
      run = { start: offset, end: table.indexOf(0, offset), to: length };
      runs.push(table.subarray(run.start, run.end + 1));
      length += run.end + 1 - run.start;
    }
    moved.set(offset, run.to + offset - run.start);
  }
  return { table: concat(runs, length), moved };
}

/** A table with one more name behind; where the name starts. */
export function appendName(table: Uint8Array, name: Uint8Array): { table: Uint8Array; start: number } {
  return { table: concat([table, name], table.length + name.length + 1), start: table.length };
}

function concat(parts: readonly Uint8Array[], length: number): Uint8Array {
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
