import * as assert from 'uvu/assert';
import { addSection, extractSection, type NewSection, planInject, readElf, readElfFrom } from '../../src/elf/index.ts';
import { suite, throwsCode } from '../suite.ts';
import { differences, KINDS, type Kind, makeElf, sameBytes, TEXT, usualSections } from './image.ts';
import { secondReader } from './second-reader.ts';

const NAME = '.seccomp_rules';
const DATA = Uint8Array.from({ length: 24 }, (_, i) => 255 - i);
const add = (bytes: Uint8Array, data: Uint8Array = DATA, replace = false) =>
  addSection(bytes, { name: NAME, data }, { replace });
const trailing = (length: number, last = 0) => {
  const bytes = new Uint8Array(length);
  bytes[length - 1] = last;
  return bytes;
};

/** Fields of a good file that add has to read, broken. */
const broken = [
  { name: 'no section table', change: { e_shoff: 0, e_shnum: 0, e_shstrndx: 0 }, code: 'ELF_NO_SECTIONS' },
  { name: 'no name table', change: { e_shstrndx: 0 }, code: 'ELF_SHSTRNDX' },
  { name: 'a name outside the table', change: { 'shdr[3].sh_name': 0x1000 }, code: 'ELF_NAME_OUTSIDE' },
  { name: 'a section that leaves the file', change: { 'shdr[5].sh_size': 0x7fff_ffff }, code: 'ELF_SECTION_OUTSIDE' },
  { name: 'a section behind the file', change: { 'shdr[5].sh_offset': 0x7fff_ffff }, code: 'ELF_SECTION_OUTSIDE' },
  { name: 'a segment that leaves the file', change: { 'phdr[0].p_filesz': 0x7fff_ffff }, code: 'ELF_SEGMENT_OUTSIDE' },
];

const tails = [
  { name: '4,095 zeros are padding', bytes: trailing(4095), code: undefined },
  { name: '4,096 zeros are data', bytes: trailing(4096), code: 'ELF_TRAILING' },
  { name: 'one byte that is not zero is data', bytes: trailing(1, 1), code: 'ELF_TRAILING' },
  { name: 'a byte behind zeros is data', bytes: trailing(100, 1), code: 'ELF_TRAILING' },
];

const sections: readonly { name: string; section: Partial<NewSection>; code: string }[] = [
  { name: 'an empty name', section: { name: '' }, code: 'ELF_SECTION_NAME' },
  { name: 'a name with NUL', section: { name: '.a\0b' }, code: 'ELF_SECTION_NAME' },
  { name: 'the name of the name table', section: { name: '.shstrtab' }, code: 'ELF_SECTION_NAME' },
  { name: 'the name of the undo record', section: { name: '.seccompc_undo' }, code: 'ELF_SECTION_NAME' },
  { name: 'an alignment of 3', section: { align: 3 }, code: 'ELF_SECTION_FIELD' },
  { name: 'an alignment of 0', section: { align: 0 }, code: 'ELF_SECTION_FIELD' },
  { name: 'an alignment of 2^31', section: { align: 2 ** 31 }, code: 'ELF_SECTION_FIELD' },
  { name: 'an entry size of -1', section: { entrySize: -1 }, code: 'ELF_SECTION_FIELD' },
  { name: 'SHT_NOBITS', section: { type: 8 }, code: 'ELF_SECTION_FIELD' },
  { name: 'SHT_NULL', section: { type: 0 }, code: 'ELF_SECTION_FIELD' },
  { name: 'SHF_ALLOC', section: { flags: 2 }, code: 'ELF_SECTION_FIELD' },
  { name: 'flags of 65 bits', section: { flags: 1n << 64n }, code: 'ELF_SECTION_FIELD' },
  { name: 'flags of a half', section: { flags: 0.5 }, code: 'ELF_SECTION_FIELD' },
  { name: 'a name that is there', section: { name: '.comment' }, code: 'ELF_SECTION_EXISTS' },
];

const RECORD = '.seccompc_undo';

/** The section is there, once, with this data; every other section is as it was; no byte moved. */
function holdsBoth(before: Uint8Array, after: Uint8Array, kind: Kind, data: Uint8Array = DATA): void {
  assert.equal(differences(before, after, kind), []);
  sameBytes(extractSection(after, NAME), data);
  const [old, now] = [secondReader(before), secondReader(after)];
  const kept = now.sections.filter((s) => ![NAME, RECORD, '.shstrtab'].includes(s.header.name));
  assert.equal(
    kept,
    old.sections.filter((s) => s.header.name !== '.shstrtab'),
  );
  const [added, ...more] = now.sections.filter((s) => s.header.name === NAME);
  assert.is(more.length, 0);
  sameBytes(new Uint8Array(added!.data), data);
  assert.is(added!.header.addralign, 8);
  assert.is(added!.header.entsize, 8);
  assert.is(added!.header.offset % 8, 0);
  assert.is(now.header.shoff % 8, 0);
}

suite('elf/add', (test) => {
  for (const kind of KINDS) {
    const image = makeElf(kind);

    test(`${kind.name}: every byte keeps its place`, () => {
      const before = image.bytes.slice();
      const after = add(image.bytes);
      sameBytes(image.bytes, before, 'the input was written to');
      holdsBoth(before, after, kind);
      const elf = readElf(after);
      const added = elf.sections.at(-2)!;
      assert.is(added.name, NAME);
      assert.is(added.sh_type, 1);
      assert.is(added.sh_flags, 0n);
      assert.is(added.sh_addr, 0n);
      sameBytes(extractSection(after, '.text'), TEXT);
      // The old name table's header moves with its table; the index stays.
      assert.is(elf.sections[elf.shstrndx]!.name, '.shstrtab');
      assert.is(elf.shstrndx, 6);
    });

    test(`${kind.name}: the caller's fields`, () => {
      const section = { name: '.note', data: DATA, align: 64, entrySize: 0, type: 7, flags: 0x8000_0000 };
      const added = readElf(addSection(image.bytes, section)).sections.at(-2)!;
      assert.is(added.sh_type, 7);
      assert.is(added.sh_flags, 0x8000_0000n);
      assert.is(added.sh_addralign, 64n);
      assert.is(added.sh_offset % 64n, 0n);
      assert.is(added.sh_entsize, 0n);
    });

    test(`${kind.name}: no data, and a name that is no ASCII`, () => {
      const after = addSection(image.bytes, { name: '.règles', data: new Uint8Array() });
      assert.is(readElf(after).sections.at(-2)!.name, '.règles');
      assert.is(extractSection(after, '.règles').length, 0);
    });

    test(`${kind.name}: two sections, one after the other`, () => {
      const one = add(image.bytes);
      const two = addSection(one, { name: '.other', data: TEXT });
      assert.equal(differences(image.bytes, two, kind), []);
      holdsBoth(image.bytes, addSection(add(image.bytes), { name: NAME, data: TEXT }, { replace: true }), kind, TEXT);
      sameBytes(extractSection(two, NAME), DATA);
      sameBytes(extractSection(two, '.other'), TEXT);
    });

    test(`${kind.name}: a relocatable object without segments`, () => {
      const object = makeElf({ ...kind, segments: 0 });
      holdsBoth(object.bytes, add(object.bytes), kind);
    });

    test(`${kind.name}: names among the symbols' strings get a table of their own`, () => {
      const shared = makeElf({ ...kind, names: 'shared' });
      const after = add(shared.bytes);
      holdsBoth(shared.bytes, after, kind);
      const elf = readElf(after);
      assert.is(elf.sections[elf.shstrndx]!.name, '.shstrtab');
      sameBytes(extractSection(after, '.strtab'), extractSection(shared.bytes, '.strtab'));
      assert.not.match(new TextDecoder().decode(extractSection(after, '.shstrtab')), /main/);
    });

    test(`${kind.name}: a loaded name table stays where it is`, () => {
      const loaded = makeElf({ ...kind, names: 'loaded' });
      const after = add(loaded.bytes);
      assert.equal(differences(loaded.bytes, after, kind), []);
      const elf = readElf(after);
      assert.is(elf.shstrndx, 7);
      assert.is(elf.sections[6]!.sh_offset, readElf(loaded.bytes).sections[6]!.sh_offset);
      assert.equal(
        elf.sections.map((s) => s.name),
        ['', ...usualSections(kind).map((s) => s.name), '.shstrtab', '.shstrtab', NAME, RECORD],
      );
    });

    test(`${kind.name}: the count crosses 0xff00`, () => {
      for (const count of [0xfefc, 0xfefd, 0xfefe, 0xfeff, 0xff00]) {
        const many = Array.from({ length: count - 1 }, (_, i) => ({ name: i === 0 ? '.text' : `.s${i}` }));
        const before = makeElf({ ...kind, sections: many }).bytes;
        const after = add(before);
        const elf = readElf(after);
        assert.equal(differences(before, after, kind), []);
        // The null section, the new one and the record besides.
        assert.is(elf.sections.length, count + 3);
        assert.is(elf.header.e_shnum, count + 3 < 0xff00 ? count + 3 : 0);
        assert.is(elf.header.e_shstrndx, count < 0xff00 ? count : 0xffff);
        assert.is(elf.sections[0]!.sh_size, count + 3 < 0xff00 ? 0n : BigInt(count + 3));
        assert.is(elf.sections[0]!.sh_link, count < 0xff00 ? 0 : count);
        sameBytes(extractSection(after, NAME), DATA);
      }
    });

    for (const r of broken) {
      test(`${kind.name}: ${r.name} is refused`, () => throwsCode(() => add(image.with(r.change)), r.code));
    }
    for (const r of tails) {
      test(`${kind.name}: ${r.name}`, () => {
        const bytes = makeElf({ ...kind, trailing: r.bytes }).bytes;
        if (r.code !== undefined) throwsCode(() => add(bytes), r.code);
        else holdsBoth(bytes, add(bytes), kind);
      });
    }
    for (const r of sections) {
      const section = { name: NAME, data: DATA, ...r.section };
      test(`${kind.name}: ${r.name} is refused`, () => throwsCode(() => addSection(image.bytes, section), r.code));
    }
    test(`${kind.name}: a name that stands twice is refused`, () => {
      const twice = makeElf({ ...kind, sections: [...usualSections(kind), { name: NAME }, { name: NAME }] }).bytes;
      throwsCode(() => add(twice), 'ELF_SECTION_TWICE');
      throwsCode(() => add(twice, DATA, true), 'ELF_SECTION_TWICE');
      throwsCode(() => extractSection(twice, NAME), 'ELF_SECTION_TWICE');
    });
  }

  test('flags of 33 bits fit 64-bit files only', () => {
    const section = { name: NAME, data: DATA, flags: 1n << 32n };
    assert.is(readElf(addSection(makeElf(KINDS[0]!).bytes, section)).sections.at(-2)!.sh_flags, 1n << 32n);
    throwsCode(() => addSection(makeElf(KINDS[2]!).bytes, section), 'ELF_SECTION_FIELD');
  });

  test('null sections have no name and no bytes, whatever they say', () => {
    const image = makeElf(KINDS[0]!);
    const odd = image.with({ 'shdr[5].sh_type': 0, 'shdr[5].sh_name': 0xffff, 'shdr[5].sh_offset': 1n << 60n });
    sameBytes(extractSection(add(odd), NAME), DATA);
  });

  test('a segment that is null or empty may lie anywhere', () => {
    const image = makeElf(KINDS[0]!);
    sameBytes(extractSection(add(image.with({ 'phdr[0].p_type': 0, 'phdr[0].p_offset': 1n << 60n })), NAME), DATA);
    sameBytes(extractSection(add(image.with({ 'phdr[0].p_filesz': 0, 'phdr[0].p_offset': 1n << 60n })), NAME), DATA);
  });

  test('a 32-bit file cannot grow beyond 4 GiB; a 64-bit one can', () => {
    // The middle of the file is never read, so a source may only claim to have it.
    const huge = (kind: Kind, size: number) => {
      const { bytes } = makeElf({ ...kind, trailing: new Uint8Array(64) });
      const last = bytes.subarray(bytes.length - 64);
      const read = (at: number, length: number) =>
        at >= bytes.length ? last.subarray(0, length) : bytes.subarray(at, at + length);
      const grown = makeElf(kind).with({ 'shdr[5].sh_size': size - Number(readElf(bytes).sections[5]!.sh_offset) });
      return readElfFrom({
        size,
        read: (at, length) => (at < grown.length ? grown.subarray(at, at + length) : read(at, length)),
      });
    };
    const section = { name: NAME, data: DATA };
    throwsCode(() => planInject(huge(KINDS[2]!, 0xffff_ff00), [section]), 'ELF_TOO_LARGE');
    const edit = planInject(huge(KINDS[0]!, 0xffff_ff00), [section]);
    assert.is(edit.keep, 0xffff_ff00);
    assert.ok(edit.size - edit.keep < 4096);
  });
});
