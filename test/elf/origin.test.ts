/** What a file was made of, by hand-made files: each piece of evidence by itself, and evidence that is damaged. */
import * as assert from 'uvu/assert';
import { SeccompcError } from '../../src/diag/index.ts';
import { interpreterOf, neededLibraries, type Origin, originOf, readElf } from '../../src/elf/index.ts';
import { suite } from '../suite.ts';
import { type Image, KINDS, type Kind, makeElf, type SectionSpec } from './image.ts';

const PT = { load: 1, dynamic: 2, interp: 3, note: 4 } as const;
const LITTLE: Kind = { cls: 64, endian: 'little' };
const text = (s: string) => new TextEncoder().encode(s);
const CODE: SectionSpec = { name: '.text', flags: 6, data: new Uint8Array(64).fill(0x90), align: 16 };

function words({ cls, endian }: Kind, width: 4 | 'native', values: readonly number[]): Uint8Array {
  const size = width === 4 || cls === 32 ? 4 : 8;
  const view = new DataView(new ArrayBuffer(size * values.length));
  for (const [i, value] of values.entries()) {
    if (size === 4) view.setUint32(4 * i, value, endian === 'little');
    else view.setBigUint64(8 * i, BigInt(value), endian === 'little');
  }
  return new Uint8Array(view.buffer);
}

const joined = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));

/** An ELF note with a name of up to four bytes, and 16 bytes. */
const note = (kind: Kind, name: string, type: number, sizes: readonly [number, number] = [4, 16]): Uint8Array =>
  joined(words(kind, 4, [...sizes, type]), text(name.padEnd(4, '\0')), new Uint8Array(16));

/** Segments that hold the sections of these names; the first PT_LOAD holds everything. */
function withSegments(
  kind: Kind,
  sections: readonly SectionSpec[],
  segments: Readonly<Record<string, number>>,
): Uint8Array {
  const image: Image = makeElf({ ...kind, sections: [CODE, ...sections], segments: 1 + Object.keys(segments).length });
  const elf = readElf(image.bytes);
  const changes: Record<string, number | bigint> = {
    'phdr[0].p_filesz': image.bytes.length,
    'phdr[0].p_memsz': image.bytes.length,
  };
  for (const [i, [name, type]] of Object.entries(segments).entries()) {
    const s = elf.sections.find((one) => one.name === name)!;
    changes[`phdr[${i + 1}].p_type`] = type;
    changes[`phdr[${i + 1}].p_offset`] = s.sh_offset;
    changes[`phdr[${i + 1}].p_vaddr`] = 0x10000n + s.sh_offset;
    changes[`phdr[${i + 1}].p_filesz`] = s.sh_size;
    changes[`phdr[${i + 1}].p_memsz`] = s.sh_size;
    changes[`phdr[${i + 1}].p_align`] = 4;
  }
  return image.with(changes);
}

const originOfBytes = (bytes: Uint8Array): Origin => originOf(readElf(bytes));
const short = ({ isDynamic, libc, language }: Origin) => [isDynamic ? 'dynamic' : 'static', libc, language];

function withLoader(kind: Kind, path: string): Uint8Array {
  return withSegments(kind, [{ name: '.interp', data: text(`${path}\0`) }], { '.interp': PT.interp });
}

/** A table of dynamic entries that names these libraries; its strings lie at `strings` from the segment's start. */
function withLibraries(kind: Kind, names: readonly string[], more: readonly SectionSpec[] = []): Uint8Array {
  const table = text(`\0${names.join('\0')}\0`);
  const at = names.map((_, i) => 1 + names.slice(0, i).reduce((sum, name) => sum + name.length + 1, 0));
  const sections = (address: number): readonly SectionSpec[] => [
    { name: '.interp', data: text('/lib64/ld-linux-x86-64.so.2\0'), align: 8 },
    { name: '.dynstr', data: table, align: 8 },
    {
      name: '.dynamic',
      data: words(kind, 'native', [5, address, 10, table.length, ...at.flatMap((offset) => [1, offset]), 0, 0]),
      align: 8,
    },
    ...more,
  ];
  const segments = { '.interp': PT.interp, '.dynamic': PT.dynamic };
  const first = readElf(withSegments(kind, sections(0), segments));
  const offset = Number(first.sections.find((s) => s.name === '.dynstr')!.sh_offset);
  return withSegments(kind, sections(0x10000 + offset), segments);
}

const loaders: readonly (readonly [string, Origin['libc']])[] = [
  ['/lib64/ld-linux-x86-64.so.2', 'glibc'],
  ['/lib/ld-linux.so.2', 'glibc'],
  ['/lib/ld-linux-aarch64.so.1', 'glibc'],
  ['/lib/ld-linux-armhf.so.3', 'glibc'],
  ['/lib/ld-linux-riscv64-lp64d.so.1', 'glibc'],
  ['/lib/ld64.so.1', 'glibc'],
  ['/lib64/ld64.so.2', 'glibc'],
  ['/nix/store/0c7-glibc-2.39/lib/ld-linux-x86-64.so.2', 'glibc'],
  ['/lib/ld-musl-x86_64.so.1', 'musl'],
  ['/lib/ld-musl-aarch64.so.1', 'musl'],
  ['/lib/ld-musl-riscv64-sf.so.1', 'musl'],
  ['/system/bin/linker64', undefined],
  ['/lib/ld-uClibc.so.0', undefined],
  ['/lib/klibc-pSXv8G6SpnXGkGt8d6Slj-mAElQ.so', undefined],
  ['/libexec/ld-elf.so.1', undefined],
  ['', undefined],
];

suite('elf/origin', (test) => {
  for (const [path, libc] of loaders)
    test(`the loader ${path}: ${libc ?? 'not known'}`, () => {
      const elf = readElf(withLoader(LITTLE, path));
      assert.is(interpreterOf(elf), path);
      assert.equal(short(originOf(elf)), ['dynamic', libc, undefined]);
    });

  for (const kind of KINDS) {
    test(`${kind.name}: libraries`, () => {
      assert.equal(neededLibraries(readElf(withLibraries(kind, ['libm.so.6', 'libc.so.6']))), [
        'libm.so.6',
        'libc.so.6',
      ]);
      assert.equal(neededLibraries(readElf(withLibraries(kind, []))), []);
    });
    test(`${kind.name}: the note of glibc's start code, with glibc behind it`, () => {
      const table: SectionSpec = { name: '__libc_IO_vtables', data: text('x') };
      const variable: SectionSpec = { name: '.rodata', data: text('..GLIBC_TUNABLES..') };
      const of = (data: Uint8Array, ...more: readonly SectionSpec[]) =>
        short(originOfBytes(withSegments(kind, [{ name: '.note.x', data }, ...more], { '.note.x': PT.note })));
      for (const part of [table, variable])
        assert.equal(of(note(kind, 'GNU', 1), part), ['static', 'glibc', undefined]);
      assert.equal(of(note(kind, 'GNU', 1)), ['static', undefined, undefined]);
      assert.equal(of(note(kind, 'GNU', 3), table, variable), ['static', undefined, undefined]);
      assert.equal(of(joined(note(kind, 'GNU', 3), note(kind, 'GNU', 1)), table), ['static', 'glibc', undefined]);
      assert.equal(of(note(kind, 'Go', 4)), ['static', 'none', 'go']);
      assert.equal(of(joined(note(kind, 'GNU', 1), note(kind, 'Go', 4)), table), ['static', 'glibc', 'go']);
    });
    test(`${kind.name}: notes of both alignments in one segment`, () => {
      const odd = joined(
        note(kind, 'GNU', 5),
        words(kind, 4, [4, 4, 3]),
        text('GNU\0'),
        new Uint8Array(4),
        note(kind, 'Go', 4),
      );
      assert.is(originOfBytes(withSegments(kind, [{ name: '.n', data: odd }], { '.n': PT.note })).language, 'go');
    });
    test(`${kind.name}: notes that claim more than there is end the list`, () => {
      for (const sizes of [
        [0xffff_ffff, 0xffff_ffff],
        [4, 0xffff_fff0],
        [0xffff_fff0, 0],
      ] as const) {
        const data = joined(note(kind, 'GNU', 9, sizes), note(kind, 'GNU', 1));
        assert.equal(short(originOfBytes(withSegments(kind, [{ name: '.n', data }], { '.n': PT.note }))), [
          'static',
          undefined,
          undefined,
        ]);
      }
    });
  }

  // biome-ignore format: a table
  const starts: readonly (readonly [string, number, readonly number[], boolean])[] = [
    ['x86_64', 62, [0x48, 0x31, 0xed, 0x48, 0x89, 0xe7, 0x48, 0x8d, 0x35, 1, 2, 3, 4, 0x48, 0x83, 0xe4, 0xf0, 0xe8], true],
    ["x86_64, glibc's", 62, [0xf3, 0x0f, 0x1e, 0xfa, 0x31, 0xed, 0x49, 0x89, 0xd1, 0x5e, 0x48, 0x89, 0xe2, 0x48, 0x83, 0xe4, 0xf0, 0x50], false],
    ['aarch64', 183, [0x1d, 0, 0x80, 0xd2, 0x1e, 0, 0x80, 0xd2, 0xe0, 3, 0, 0x91, 1, 2, 3, 4, 5, 6, 7, 8, 0x1f, 0xec, 0x7c, 0x92], true],
    ['riscv64', 243, [0x97, 0x21, 1, 0, 0x93, 0x81, 1, 0, 0x0a, 0x85], true],
    ['another machine', 21, [0x48, 0x31, 0xed, 0x48, 0x89, 0xe7, 0x48, 0x8d, 0x35, 1, 2, 3, 4, 0x48, 0x83, 0xe4, 0xf0, 0xe8], false],
  ];
  for (const [name, machine, code, isMusl] of starts)
    test(`the first instructions: ${name}`, () => {
      const data = new Uint8Array(64).fill(0x90);
      data.set(code, 4);
      const image = makeElf({ ...LITTLE, sections: [{ ...CODE, data }] });
      const elf = readElf(image.with({ e_machine: machine }));
      assert.is(originOf(elf, elf.entry + 4n).libc, isMusl ? 'musl' : undefined);
      assert.is(originOf(elf).libc, undefined, 'they do not stand where the program starts');
    });

  // Of no class but one: [sections, language, libc].
  const named: readonly (readonly [string, readonly SectionSpec[], Origin['language']])[] = [
    ['.gopclntab', [{ name: '.gopclntab', data: text('x') }], 'go'],
    ['a comment of rustc', [{ name: '.comment', data: text('GCC: (Debian) 12\0rustc version 1.63.0 (x)\0') }], 'rust'],
    ['a comment of gcc', [{ name: '.comment', data: text('GCC: (Debian) 12\0') }], undefined],
    ["a variable of Rust's", [{ name: '.rodata', flags: 2, data: text('..RUST_BACKTRACE=..') }], 'rust'],
    ['nearly so', [{ name: '.rodata', flags: 2, data: text('RUST_BACKTRAC RUST_BACKTRA') }], undefined],
  ];
  for (const [name, sections, language] of named)
    test(`what else tells a language: ${name}`, () => {
      assert.is(originOfBytes(withSegments(LITTLE, sections, {})).language, language);
    });
  test('a text is found wherever it stands, also across the pieces in which a file is read', () => {
    const piece = 1 << 20;
    for (const shift of [0, 1, 7, 13, 14, 200]) {
      const data = new Uint8Array(piece + 400);
      data.set(text('RUST_BACKTRACE'), piece - 232 + shift);
      assert.is(originOfBytes(withSegments(LITTLE, [{ name: '.rodata', data }], {})).language, 'rust', String(shift));
    }
  });
  test('the version of Go', () => {
    const info = (version: string) =>
      joined(
        Uint8Array.of(0xff),
        text(' Go buildinf:'),
        Uint8Array.of(8, 2),
        new Uint8Array(16),
        Uint8Array.of(version.length),
        text(version),
      );
    const versionOf = (data: Uint8Array) =>
      originOfBytes(withSegments(LITTLE, [{ name: '.go.buildinfo', data }], {})).goVersion;
    assert.equal(versionOf(info('go1.24.4')), [1, 24]);
    assert.equal(versionOf(info('go1.19.8')), [1, 19]);
    assert.equal(versionOf(info('devel go1.27-abc')), [1, 27]);
    assert.is(versionOf(info('weird')), undefined);
    assert.is(versionOf(text('go1.24.4')), undefined);
  });
  test('Go behind a loader uses a C library only where it asks for one', () => {
    const go: SectionSpec = { name: '.gopclntab', data: text('x') };
    assert.equal(short(originOfBytes(withLibraries(LITTLE, ['libc.so.6'], [go]))), ['dynamic', 'glibc', 'go']);
    assert.equal(short(originOfBytes(withLibraries(LITTLE, [], [go]))), ['dynamic', 'none', 'go']);
  });
  test('segments and tables outside the file are no evidence, and no fault', () => {
    const bytes = withLibraries(LITTLE, ['libc.so.6']);
    for (const changes of [{ p_offset: 0xffff_ffff_ffffn }, { p_filesz: 0xffff_ffff_ffffn }])
      for (const index of [1, 2]) {
        const [[name, value]] = Object.entries(changes) as [[string, bigint]];
        const view = new DataView(bytes.slice().buffer);
        view.setBigUint64(64 + 56 * index + (name === 'p_offset' ? 8 : 32), value, true);
        try {
          originOfBytes(new Uint8Array(view.buffer));
        } catch (error) {
          assert.instance(error, SeccompcError);
        }
      }
  });
  test('damaged anywhere, it says something or refuses as the reader does', () => {
    const bytes = withLibraries(LITTLE, ['libc.so.6'], [{ name: '.gopclntab', data: text('x') }]);
    for (let at = 0; at < bytes.length; at++)
      for (const value of [0, 0x7f, 0xff]) {
        const damaged = bytes.slice();
        damaged[at] = value;
        try {
          originOfBytes(damaged);
        } catch (error) {
          assert.instance(error, SeccompcError, `byte ${at}: ${error}`);
        }
      }
  });
});
