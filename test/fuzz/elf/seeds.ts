/**
 * The good files that mutations start from: small, both classes and byte orders, one for each road that the writer can
 * take. Injected ones are made with the verbs themselves, so what undoes an injection is mutated too. gcc's own files
 * come last, where there is a gcc: no case of the others depends on them.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addSection, type InjectOptions, type NewSection } from '../../../src/elf/index.ts';
import { KINDS, type Kind, makeElf, type SectionSpec, TEXT, usualSections } from '../../elf/image.ts';

/** The section that injected seeds hold, and what it holds. */
export const NAME = '.seccomp_rules';
export const DATA: Uint8Array = Uint8Array.from({ length: 24 }, (_, i) => 0xa0 + i);

export interface Seed {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** For an injected file: the file before, which removing NAME has to give back. */
  readonly original?: Uint8Array;
}

const PT = {
  null: 0,
  load: 1,
  dynamic: 2,
  interp: 3,
  note: 4,
  phdr: 6,
  property: 0x6474e553,
  pax: 0x65041580,
} as const;
/** Load address; the second PT_LOAD follows a page further on. */
const BASE = 0x10000;
const PAGE = 0x1000;
const EM_X86_64 = 62;
const EM_386 = 3;
const EM_S390 = 22;

interface Spare {
  readonly name: string;
  /** Segments besides interpreter, dynamic section and the two loaded ones. */
  readonly segments: readonly (keyof typeof PT)[];
}

/** What the writer can do for a loaded section: take the slot of a segment that nobody needs, or move the table. */
const SPARES: readonly Spare[] = [
  { name: 'PT_NULL', segments: ['phdr', 'null'] },
  { name: 'PT_PAX_FLAGS', segments: ['pax'] },
  { name: 'a note that PT_GNU_PROPERTY doubles', segments: ['note', 'property'] },
  { name: 'no spare header, PT_PHDR', segments: ['phdr'] },
  { name: 'no spare header', segments: [] },
];

/** DT_FLAGS_1 with DF_1_PIE, and the end: what tells a program from a library. */
function dynamic({ cls, endian }: Kind): Uint8Array {
  const word = cls / 8;
  const view = new DataView(new ArrayBuffer(4 * word));
  for (const [i, value] of [0x6ffffffb, 0x08000000, 0, 0].entries()) {
    if (cls === 64) view.setBigUint64(i * word, BigInt(value), endian === 'little');
    else view.setUint32(i * word, value, endian === 'little');
  }
  return new Uint8Array(view.buffer);
}

/** A position-independent program with the segments of a real one; its headers stand behind the ELF header. */
export function richElf(kind: Kind, spare: Spare): Uint8Array {
  const wide = kind.cls === 64;
  const phsize = wide ? 56 : 32;
  const types = [...(spare.segments.includes('phdr') ? (['phdr'] as const) : []), 'interp', 'load', 'load', 'dynamic']
    .concat(spare.segments.filter((type) => type !== 'phdr'))
    .map((type) => type as keyof typeof PT);
  const note = Uint8Array.from({ length: 32 }, (_, i) => i);
  const sections: readonly SectionSpec[] = [
    // Not a section in the end: its header becomes a null one, and its bytes the program header table.
    { name: '.phdrs', data: new Uint8Array(types.length * phsize), align: 4 },
    { name: '.interp', flags: 2, data: new TextEncoder().encode('/lib/ld.so\0') },
    { name: '.note.gnu.property', type: 7, flags: 2, data: note, align: 8 },
    { name: '.text', flags: 6, data: TEXT, align: 16 },
    { name: '.dynamic', type: 6, flags: 3, data: dynamic(kind), align: 8 },
    { name: '.data', flags: 3, data: TEXT, align: 8 },
    { name: '.bss', type: 8, flags: 3, data: new Uint8Array(64), align: 8 },
    { name: '.comment', data: new TextEncoder().encode('made by hand\0'), flags: 0x30 },
  ];
  const image = makeElf({ ...kind, segments: 0, sections });
  const little = kind.endian === 'little';
  const get = (name: string): number => {
    const field = image.fields.find((f) => f.name === name)!;
    const view = new DataView(image.bytes.buffer);
    if (field.size === 8) return Number(view.getBigUint64(field.at, little));
    return field.size === 4 ? view.getUint32(field.at, little) : view.getUint16(field.at, little);
  };
  const place = (index: number) => ({ at: get(`shdr[${index}].sh_offset`), size: get(`shdr[${index}].sh_size`) });
  const [table, interp, notes, code, dyn, data] = [1, 2, 3, 4, 5, 6].map(place) as Record<'at' | 'size', number>[];
  const high = BASE + PAGE;
  const changes: Record<string, number> = {
    e_type: 3,
    e_machine: wide ? (little ? EM_X86_64 : EM_S390) : little ? EM_386 : EM_S390,
    e_entry: BASE + code!.at,
    e_phoff: table!.at,
    e_phentsize: phsize,
    e_phnum: types.length,
    'shdr[1].sh_type': 0,
    'shdr[5].sh_addr': high + dyn!.at,
    'shdr[6].sh_addr': high + data!.at,
    'shdr[7].sh_addr': high + data!.at + data!.size,
  };
  const bytes = image.with(changes);
  const view = new DataView(bytes.buffer);
  let loads = 0;
  for (const [i, type] of types.entries()) {
    const [at, size, base, flags, align, more] = ((): readonly number[] => {
      switch (type) {
        case 'load':
          loads += 1;
          if (loads === 1) return [0, code!.at + code!.size, BASE, 5, PAGE, 0];
          return [dyn!.at, data!.at + data!.size - dyn!.at, high, 6, PAGE, 64];
        case 'phdr':
          return [table!.at, table!.size, BASE, 4, 8, 0];
        case 'interp':
          return [interp!.at, interp!.size, BASE, 4, 1, 0];
        case 'dynamic':
          return [dyn!.at, dyn!.size, high, 6, 8, 0];
        case 'note':
        case 'property':
          return [notes!.at, notes!.size, BASE, 4, 8, 0];
        case 'null':
        case 'pax':
          return [0, 0, 0, 0, 8, 0];
        default:
          return type satisfies never;
      }
    })() as [number, number, number, number, number, number];
    const address = base === 0 ? 0 : base + at;
    const values = [at, address, address, size, size + more, align];
    const start = table!.at + i * phsize;
    view.setUint32(start, PT[type], little);
    view.setUint32(start + (wide ? 4 : 24), flags, little);
    for (const [n, value] of values.entries()) {
      if (wide) view.setBigUint64(start + 8 + n * 8, BigInt(value), little);
      else view.setUint32(start + (n < 5 ? 4 + n * 4 : 28), value, little);
    }
  }
  return bytes;
}

/** An injected file and what it was before; undefined where the writer refuses the road. */
function inject(name: string, original: Uint8Array, section: Partial<NewSection>, options: InjectOptions = {}): Seed {
  return { name, bytes: addSection(original, { name: NAME, data: DATA, ...section }, options), original };
}

/** The seeds of one class and byte order. */
function handMade(kind: Kind & { readonly name: string }): readonly Seed[] {
  const plain = makeElf(kind).bytes;
  const shared = makeElf({ ...kind, names: 'shared' }).bytes;
  const loaded = makeElf({ ...kind, names: 'loaded' }).bytes;
  const object = makeElf({ ...kind, segments: 0 }).bytes;
  const trailer = makeElf({ ...kind, trailing: new TextEncoder().encode('a trailer that finds itself') }).bytes;
  const rich = SPARES.map((spare) => ({ name: spare.name, bytes: richElf(kind, spare) }));
  const [slot, , doubled, moved] = rich.map((r) => r.bytes) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  const richTrailer = new Uint8Array([...moved, ...trailer.subarray(-27)]);
  const load = { load: true };
  return [
    { name: 'plain', bytes: plain },
    { name: 'names shared', bytes: shared },
    { name: 'names loaded', bytes: loaded },
    { name: 'object', bytes: object },
    { name: 'trailer', bytes: trailer },
    ...rich,
    inject('appended', plain, {}),
    inject('appended, names shared', shared, {}),
    inject('appended, names loaded', loaded, {}),
    inject('appended, object', object, {}),
    inject('appended behind another', addSection(plain, { name: '.other', data: TEXT }), {}),
    inject('appended, kept at the end', trailer, {}, { trailing: 'keep-end' }),
    inject('appended, kept at its offset', trailer, {}, { trailing: 'keep-offset' }),
    inject('loaded over PT_NULL', slot, load),
    inject('loaded over a note', doubled, load),
    inject('loaded, table moved', moved, load),
    inject('loaded, kept at the end', richTrailer, load, { trailing: 'keep-end' }),
    inject('loaded, kept at its offset', richTrailer, load, { trailing: 'keep-offset' }),
  ].map((seed) => ({ ...seed, name: `${kind.name}, ${seed.name}` }));
}

/** The seeds made here, in an order that stays. */
export function handMadeSeeds(): readonly Seed[] {
  return KINDS.flatMap((kind) => handMade(kind).concat(usualWithGroup(kind)));
}

/** Relocations, a group and a symbol that refers to NAME: what stands in the way of taking it out. */
function usualWithGroup(kind: Kind & { readonly name: string }): Seed {
  const sections: readonly SectionSpec[] = [
    ...usualSections(kind),
    { name: NAME, data: DATA, align: 8 },
    { name: '.rela.text', type: 4, link: 3, info: 1, data: new Uint8Array(24), align: 8 },
    { name: '.group', type: 17, link: 3, info: 1, data: new Uint8Array(8), align: 4 },
  ];
  return { name: `${kind.name}, compiled in`, bytes: makeElf({ ...kind, sections }).bytes };
}

const SOURCE = 'static char zeros[9000]; int _start(void) { zeros[1] = 1; for (;;); }\n';
const SMALL = ['-nostdlib', '-O1', '-fno-asynchronous-unwind-tables', '-Wl,--build-id=none'];
const BUILDS = [
  { name: 'static', flags: ['-static', '-Wl,-z,noseparate-code'] },
  { name: 'PIE', flags: ['-pie', '-fPIE', '-Wl,-z,noseparate-code'] },
  { name: 'with a note', flags: ['-static', '-fcf-protection', '-Wl,-z,noseparate-code'] },
  { name: 'object', flags: ['-c'] },
] as const;

/** Tiny programs of this machine's gcc; none where there is no gcc, or it cannot make one. */
export function compiledSeeds(): readonly Seed[] {
  const folder = mkdtempSync(join(tmpdir(), 'seccompc-fuzz-'));
  const out = join(folder, 'out');
  try {
    return BUILDS.flatMap((build): readonly Seed[] => {
      try {
        execFileSync('gcc', ['-x', 'c', '-', ...SMALL, ...build.flags, '-o', out], { input: SOURCE, stdio: 'pipe' });
      } catch {
        return [];
      }
      const bytes = new Uint8Array(readFileSync(out));
      const seeds: Seed[] = [{ name: `gcc, ${build.name}`, bytes }];
      seeds.push(inject(`gcc, ${build.name}, appended`, bytes, {}));
      if (build.name !== 'object') seeds.push(inject(`gcc, ${build.name}, loaded`, bytes, { load: true }));
      return seeds;
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
