/**
 * Small ELF files of both classes and byte orders, made here field by field: nothing of src/elf/ is used, so an error in
 * its tables cannot hide in the images that test it.
 */
export interface Kind {
  readonly cls: 32 | 64;
  readonly endian: 'little' | 'big';
}

export const KINDS: readonly (Kind & { readonly name: string })[] = [
  { name: '64-bit little-endian', cls: 64, endian: 'little' },
  { name: '64-bit big-endian', cls: 64, endian: 'big' },
  { name: '32-bit little-endian', cls: 32, endian: 'little' },
  { name: '32-bit big-endian', cls: 32, endian: 'big' },
];

/** A header field in the image: 'e_shoff', 'phdr[0].p_offset', 'shdr[3].sh_name'. */
export interface Field {
  readonly name: string;
  readonly at: number;
  readonly size: 2 | 4 | 8;
}

export interface Image {
  readonly bytes: Uint8Array;
  readonly fields: readonly Field[];
  /** Writes a field in a copy of the bytes. */
  readonly with: (changes: Readonly<Record<string, number | bigint>>) => Uint8Array;
}

export interface SectionSpec {
  readonly name: string;
  readonly type?: number;
  readonly flags?: number;
  readonly data?: Uint8Array;
  readonly link?: number;
  readonly info?: number;
  readonly entsize?: number;
  readonly align?: number;
}

export interface ImageOptions extends Kind {
  /** Sections besides the null section and, unless `names` says otherwise, .shstrtab behind them. */
  readonly sections?: readonly SectionSpec[];
  /** Own: a .shstrtab of its own. Shared: in .strtab, with the symbols' names. Loaded: .shstrtab is SHF_ALLOC. */
  readonly names?: 'own' | 'shared' | 'loaded';
  /** How many program headers: 1 unless stated. The first is a PT_LOAD of code, the others are all zero (PT_NULL). */
  readonly segments?: number;
  /** Bytes behind the section header table. */
  readonly trailing?: Uint8Array;
}

export const TEXT: Uint8Array = Uint8Array.from({ length: 24 }, (_, i) => 0x90 + i);
const text = (s: string) => new TextEncoder().encode(s);

/** One undefined and one defined symbol: st_name 0 and 1, the second in section 1. */
function symbols({ cls, endian }: Kind): Uint8Array {
  const entry = cls === 64 ? 24 : 16;
  const view = new DataView(new ArrayBuffer(2 * entry));
  view.setUint32(entry, 1, endian === 'little');
  view.setUint16(entry + (cls === 64 ? 6 : 14), 1, endian === 'little');
  return new Uint8Array(view.buffer);
}

/** What a linker leaves: code, .bss, a symbol table with its strings, a comment. */
export function usualSections(kind: Kind): readonly SectionSpec[] {
  return [
    { name: '.text', flags: 6, data: TEXT, align: 16 },
    { name: '.bss', type: 8, flags: 3, data: new Uint8Array(4096) },
    { name: '.symtab', type: 2, data: symbols(kind), link: 4, info: 1, entsize: kind.cls === 64 ? 24 : 16, align: 8 },
    { name: '.strtab', type: 3, data: text('\0main\0') },
    { name: '.comment', data: text('made by hand\0'), flags: 0x30 },
  ];
}

const EHDR = (w: 4 | 8) =>
  [
    ['e_type', 2],
    ['e_machine', 2],
    ['e_version', 4],
    ['e_entry', w],
    ['e_phoff', w],
    ['e_shoff', w],
    ['e_flags', 4],
    ['e_ehsize', 2],
    ['e_phentsize', 2],
    ['e_phnum', 2],
    ['e_shentsize', 2],
    ['e_shnum', 2],
    ['e_shstrndx', 2],
  ] as const;
const PHDR64 = [
  ['p_type', 4],
  ['p_flags', 4],
  ['p_offset', 8],
  ['p_vaddr', 8],
  ['p_paddr', 8],
  ['p_filesz', 8],
  ['p_memsz', 8],
  ['p_align', 8],
] as const;
const PHDR32 = [
  ['p_type', 4],
  ['p_offset', 4],
  ['p_vaddr', 4],
  ['p_paddr', 4],
  ['p_filesz', 4],
  ['p_memsz', 4],
  ['p_flags', 4],
  ['p_align', 4],
] as const;
const SHDR = (w: 4 | 8) =>
  [
    ['sh_name', 4],
    ['sh_type', 4],
    ['sh_flags', w],
    ['sh_addr', w],
    ['sh_offset', w],
    ['sh_size', w],
    ['sh_link', 4],
    ['sh_info', 4],
    ['sh_addralign', w],
    ['sh_entsize', w],
  ] as const;

export function makeElf(options: ImageOptions): Image {
  const { cls, endian, names = 'own', segments = 1, trailing = new Uint8Array() } = options;
  const w = cls === 64 ? 8 : 4;
  const [ehsize, phsize, shsize] = cls === 64 ? [64, 56, 64] : [52, 32, 40];
  const specs: SectionSpec[] = [{ name: '', type: 0, align: 0 }, ...(options.sections ?? usualSections(options))];
  if (names !== 'shared') specs.push({ name: '.shstrtab', type: 3, flags: names === 'loaded' ? 2 : 0 });
  const shstrndx = names === 'shared' ? specs.findIndex((s) => s.name === '.strtab') : specs.length - 1;

  // The name table: behind the symbols' strings when they share one.
  let table = names === 'shared' ? new TextDecoder().decode(specs[shstrndx]!.data) : '\0';
  const nameAt = specs.map((s) => {
    if (s.name === '') return 0;
    table += `${s.name}\0`;
    return table.length - s.name.length - 1;
  });
  specs[shstrndx] = { ...specs[shstrndx]!, data: text(table) };

  // Places: headers, sections in order, section header table.
  let end = ehsize + segments * phsize;
  const places = specs.map((s, index) => {
    if (index === 0) return 0;
    end = Math.ceil(end / (s.align ?? 1)) * (s.align ?? 1);
    const at = end;
    if (s.type !== 8) end += s.data?.length ?? 0;
    return at;
  });
  const loaded = places[1]! + (specs[1]!.data?.length ?? 0);
  const shoff = Math.ceil(end / 8) * 8;
  const bytes = new Uint8Array(shoff + specs.length * shsize + trailing.length);
  const view = new DataView(bytes.buffer);
  const fields: Field[] = [];
  const write = (at: number, size: 2 | 4 | 8, value: number | bigint, to = view) => {
    if (size === 2) to.setUint16(at, Number(value), endian === 'little');
    else if (size === 4) to.setUint32(at, Number(value), endian === 'little');
    else to.setBigUint64(at, BigInt(value), endian === 'little');
  };
  const record = (prefix: string, start: number, form: readonly (readonly [string, 2 | 4 | 8])[], values: number[]) => {
    let at = start;
    for (const [i, [name, size]] of form.entries()) {
      if (specs.length < 1000) fields.push({ name: prefix + name, at, size });
      write(at, size, values[i]!);
      at += size;
    }
  };

  bytes.set([0x7f, 0x45, 0x4c, 0x46, cls === 64 ? 2 : 1, endian === 'little' ? 1 : 2, 1]);
  const extended = specs.length >= 0xff00;
  const type = segments > 0 ? 2 : 1;
  const machine = cls === 64 ? (endian === 'little' ? 62 : 22) : endian === 'little' ? 3 : 8;
  const entry = segments > 0 ? 0x10000 + places[1]! : 0;
  const counts = [ehsize, segments > 0 ? phsize : 0, segments, shsize, extended ? 0 : specs.length];
  record('', 16, EHDR(w), [
    ...[type, machine, 1, entry, segments > 0 ? ehsize : 0, shoff, 0x1234],
    ...[...counts, shstrndx >= 0xff00 ? 0xffff : shstrndx],
  ]);
  for (let i = 0; i < segments; i++) {
    const values64 = [1, 5, 0, 0x10000, 0x10000, loaded, loaded, 0x1000];
    const values32 = [1, 0, 0x10000, 0x10000, loaded, loaded, 5, 0x1000];
    const values = (cls === 64 ? values64 : values32).map((value) => (i === 0 ? value : 0));
    record(`phdr[${i}].`, ehsize + i * phsize, cls === 64 ? PHDR64 : PHDR32, values);
  }
  for (const [index, s] of specs.entries()) {
    const size = index > 0 ? (s.data?.length ?? 0) : extended ? specs.length : 0;
    const link = index > 0 ? (s.link ?? 0) : shstrndx >= 0xff00 ? shstrndx : 0;
    const address = ((s.flags ?? 0) & 2) !== 0 ? 0x10000 + places[index]! : 0;
    record(`shdr[${index}].`, shoff + index * shsize, SHDR(w), [
      ...[nameAt[index]!, s.type ?? 1, s.flags ?? 0, address, places[index]!, size, link],
      ...[s.info ?? 0, s.align ?? 1, s.entsize ?? 0],
    ]);
    if (s.data !== undefined && s.type !== 8) bytes.set(s.data, places[index]!);
  }
  bytes.set(trailing, bytes.length - trailing.length);
  return {
    bytes,
    fields,
    with(changes) {
      const copy = bytes.slice();
      for (const [name, value] of Object.entries(changes)) {
        const field = fields.find((f) => f.name === name);
        if (field === undefined) throw new Error(`no field ${name}`);
        write(field.at, field.size, value, new DataView(copy.buffer));
      }
      return copy;
    },
  };
}

/** Byte ranges of e_shoff, and of e_shnum and e_shstrndx, which stand side by side. */
export function patchable({ cls }: Kind): readonly (readonly [from: number, to: number])[] {
  return cls === 64
    ? [
        [40, 48],
        [60, 64],
      ]
    : [
        [32, 36],
        [48, 52],
      ];
}

/** Offsets below `length` at which two files differ, those of the three patched fields left out. */
export function differences(
  before: Uint8Array,
  after: Uint8Array,
  kind: Kind,
  length: number = before.length,
): number[] {
  const allowed = patchable(kind);
  const found: number[] = [];
  for (let i = 0; i < length && found.length < 10; i++) {
    if (before[i] !== after[i] && !allowed.some(([from, to]) => i >= from && i < to)) found.push(i);
  }
  return found;
}

/** Compares bytes and names the first difference only: uvu would print both files. */
export function sameBytes(actual: Uint8Array, expected: Uint8Array, what = 'bytes'): void {
  if (Buffer.compare(actual, expected) === 0) return;
  const at = actual.findIndex((byte, i) => byte !== expected[i]);
  const where = at < 0 || at >= expected.length ? `lengths ${actual.length} and ${expected.length}` : `byte ${at}`;
  throw new Error(`${what} differ: ${where} (got ${actual[at]}, expected ${expected[at]})`);
}
