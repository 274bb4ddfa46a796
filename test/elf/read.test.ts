import * as assert from 'uvu/assert';
import { readElf } from '../../src/elf/index.ts';
import { suite, throwsCode } from '../suite.ts';
import { KINDS, makeElf, usualSections } from './image.ts';
import { secondReader } from './second-reader.ts';

/** One field of a good file changed, and what the reader says. */
const refused = [
  { name: 'a core dump', change: { e_type: 4 }, code: 'ELF_TYPE' },
  { name: 'no type', change: { e_type: 0 }, code: 'ELF_TYPE' },
  { name: 'a header shorter than its structure', change: { e_ehsize: 40 }, code: 'ELF_EHSIZE' },
  { name: 'program headers of another size', change: { e_phentsize: 48 }, code: 'ELF_PHENTSIZE' },
  { name: 'program headers in the ELF header', change: { e_phoff: 16 }, code: 'ELF_TABLES_OVERLAP' },
  { name: 'program headers behind the end', change: { e_phoff: 0x7fff_ffff }, code: 'ELF_PHDRS_OUTSIDE' },
  { name: 'more program headers than fit', change: { e_phnum: 0xfffe }, code: 'ELF_PHDRS_OUTSIDE' },
  { name: 'PN_XNUM without a count in section 0', change: { e_phnum: 0xffff }, code: 'ELF_PN_XNUM' },
  { name: 'PN_XNUM with a count', change: { e_phnum: 0xffff, 'shdr[0].sh_info': 0xffff }, code: 'ELF_PN_XNUM' },
  { name: 'section headers of another size', change: { e_shentsize: 48 }, code: 'ELF_SHENTSIZE' },
  { name: 'a count without a table', change: { e_shoff: 0 }, code: 'ELF_SHNUM' },
  { name: 'a table in the ELF header', change: { e_shoff: 8 }, code: 'ELF_TABLES_OVERLAP' },
  { name: 'a table over the program headers', change: { e_shoff: 80, e_shnum: 1 }, code: 'ELF_TABLES_OVERLAP' },
  { name: 'a table behind the end', change: { e_shoff: 0x7fff_ffff }, code: 'ELF_SHDRS_OUTSIDE' },
  { name: 'more section headers than fit', change: { e_shnum: 0xfeff }, code: 'ELF_SHDRS_OUTSIDE' },
  { name: 'no count in either place', change: { e_shnum: 0 }, code: 'ELF_SHNUM_EXTENDED' },
  {
    name: 'an absurd count in section 0',
    change: { e_shnum: 0, 'shdr[0].sh_size': 0xffff_fff0 },
    code: 'ELF_SHNUM_EXTENDED',
  },
];

/** Odd values in fields that nobody has to read. */
const accepted = [
  { name: 'another e_version', change: { e_version: 7 } },
  { name: 'a longer header', change: { e_ehsize: 128 } },
  { name: 'an entry outside every segment', change: { e_entry: 0x7777_7777 } },
  { name: 'a name table that is none', change: { e_shstrndx: 1 } },
  { name: 'a section that leaves the file', change: { 'shdr[5].sh_size': 0x7fff_ffff } },
  { name: 'a segment that leaves the file', change: { 'phdr[0].p_filesz': 0x7fff_ffff } },
  { name: 'no sections', change: { e_shoff: 0, e_shnum: 0, e_shstrndx: 0 } },
];

const names = [
  { name: 'section names: the index is out of range', change: { e_shstrndx: 60 }, code: 'ELF_SHSTRNDX' },
  { name: 'section names: no string table', change: { e_shstrndx: 1 }, code: 'ELF_SHSTRNDX' },
  { name: 'section names: none', change: { e_shstrndx: 0 }, code: 'ELF_SHSTRNDX' },
  {
    name: 'section names: the table leaves the file',
    change: { 'shdr[6].sh_size': 0x7fff_ffff },
    code: 'ELF_SECTION_OUTSIDE',
  },
  { name: 'section names: the table is empty', change: { 'shdr[6].sh_size': 0 }, code: 'ELF_NAMES_END' },
  { name: 'section names: no NUL at the end', change: { 'shdr[6].sh_size': 3 }, code: 'ELF_NAMES_END' },
  { name: 'section names: odd alignment', change: { 'shdr[6].sh_addralign': 3 }, code: 'ELF_SECTION_ALIGN' },
  { name: 'section names: a name outside', change: { 'shdr[1].sh_name': 0xffff_ffff }, code: 'ELF_NAME_OUTSIDE' },
];

suite('elf/read', (test) => {
  for (const kind of KINDS) {
    const image = makeElf(kind);
    const { bytes } = image;

    test(`${kind.name}: header and tables`, () => {
      const elf = readElf(bytes);
      assert.is(elf.class, kind.cls);
      assert.is(elf.endian, kind.endian);
      assert.is(elf.type, 2);
      assert.is(elf.machine, { '64little': 62, '64big': 22, '32little': 3, '32big': 8 }[`${kind.cls}${kind.endian}`]);
      assert.is(elf.flags, 0x1234);
      assert.is(elf.segments.length, 1);
      assert.is(elf.segments[0]!.p_vaddr, 0x10000n);
      assert.is(elf.segments[0]!.p_flags, 5);
      assert.is(elf.entry, BigInt(0x10000) + elf.sections[1]!.sh_offset);
      const expected = ['', ...usualSections(kind).map((s) => s.name), '.shstrtab'];
      assert.equal(
        elf.sections.map((s) => s.name),
        expected,
      );
      assert.equal(
        secondReader(bytes).sections.map(({ header }) => [header.name, header.offset, header.size]),
        elf.sections.map((s) => [s.name, Number(s.sh_offset), Number(s.sh_size)]),
      );
    });

    test(`${kind.name}: 65,300 sections are counted in section 0`, () => {
      const sections = Array.from({ length: 0xff10 }, (_, i) => ({ name: i === 0 ? '.text' : `.s${i}` }));
      const elf = readElf(makeElf({ ...kind, sections }).bytes);
      assert.is(elf.header.e_shnum, 0);
      assert.is(elf.header.e_shstrndx, 0xffff);
      assert.is(elf.sections.length, 0xff12);
      assert.is(elf.shstrndx, 0xff11);
      assert.is(elf.sections[0xff10]!.name, '.s65295');
    });

    for (const r of refused) {
      test(`${kind.name}: ${r.name} is refused`, () => throwsCode(() => readElf(image.with(r.change)), r.code));
    }
    for (const r of accepted) {
      test(`${kind.name}: ${r.name} is read`, () => {
        assert.is(readElf(image.with(r.change)).class, kind.cls);
      });
    }
    for (const r of names) {
      test(`${kind.name}: ${r.name}`, () => {
        const elf = readElf(image.with(r.change));
        throwsCode(() => elf.sections[1]!.name, r.code);
      });
    }
  }

  const good = makeElf(KINDS[0]!).bytes;
  const ident = (at: number, value: number) => good.with(at, value);
  const idents = [
    { name: 'nothing', bytes: good.subarray(0, 0), code: 'ELF_SHORT' },
    { name: 'a script', bytes: new TextEncoder().encode('#!/bin/sh\n'), code: 'ELF_MAGIC' },
    { name: 'half a magic number', bytes: good.subarray(0, 3), code: 'ELF_SHORT' },
    { name: 'class 0', bytes: ident(4, 0), code: 'ELF_CLASS' },
    { name: 'class 3', bytes: ident(4, 3), code: 'ELF_CLASS' },
    { name: 'byte order 0', bytes: ident(5, 0), code: 'ELF_DATA' },
    { name: 'byte order 3', bytes: ident(5, 3), code: 'ELF_DATA' },
    { name: 'version 0', bytes: ident(6, 0), code: 'ELF_VERSION' },
    { name: 'a header cut short', bytes: good.subarray(0, 63), code: 'ELF_SHORT' },
  ];
  for (const r of idents) test(`${r.name} is refused`, () => throwsCode(() => readElf(r.bytes), r.code));

  test('a refusal names the file, the byte and what to do', () => {
    try {
      readElf(makeElf(KINDS[0]!).with({ e_shentsize: 1 }), { file: 'some/program' });
      assert.unreachable();
    } catch (error) {
      const [d] = (error as { diagnostics: readonly Record<string, unknown>[] }).diagnostics;
      assert.is(d!.file, 'some/program');
      assert.is(d!.byteOffset, 58);
      assert.type(d!.help, 'string');
    }
  });

  test('a view into a larger buffer is read from its own start', () => {
    const larger = new Uint8Array(good.length + 13);
    larger.set(good, 13);
    assert.is(readElf(larger.subarray(13)).sections.length, 7);
  });
});
