import * as assert from 'uvu/assert';
import { addSection, extractSection, readElf, removeSection } from '../../src/elf/index.ts';
import { suite, throwsCode } from '../suite.ts';
import { differences, KINDS, makeElf, sameBytes, TEXT, usualSections } from './image.ts';
import { secondReader } from './second-reader.ts';

const NAME = '.seccomp_rules';
const SHORT = Uint8Array.from({ length: 8 }, () => 7);
const LONG = Uint8Array.from({ length: 4096 }, (_, i) => i & 0xff);
const put = (bytes: Uint8Array, data: Uint8Array, name = NAME) => addSection(bytes, { name, data }, { replace: true });
const namesOf = (bytes: Uint8Array) => secondReader(bytes).sections.map((s) => s.header.name);

/** Sections that may be neither replaced nor removed: what they are in the usual image. */
const kept = [
  { name: '.text', code: 'ELF_SECTION_LOADED' },
  { name: '.bss', code: 'ELF_SECTION_LOADED' },
  { name: '.strtab', code: 'ELF_SECTION_USED' },
];

suite('elf/replace', (test) => {
  for (const kind of KINDS) {
    for (const names of ['own', 'shared', 'loaded'] as const) {
      const title = `${kind.name}, names ${names}`;
      const before = makeElf({ ...kind, names }).bytes;
      const first = put(before, SHORT);

      test(`${title}: the same again gives the same bytes`, () => {
        sameBytes(put(first, SHORT), first);
        sameBytes(put(put(first, SHORT), SHORT), first);
      });

      test(`${title}: other data, longer and shorter, without growing`, () => {
        const long = put(first, LONG);
        sameBytes(extractSection(long, NAME), LONG);
        sameBytes(long, put(before, LONG));
        sameBytes(put(long, SHORT), first);
        assert.equal(differences(before, long, kind), []);
      });

      test(`${title}: behind another section, then at the end`, () => {
        const two = put(first, TEXT, '.other');
        const moved = put(two, LONG);
        assert.equal(differences(two, moved, kind), []);
        sameBytes(extractSection(moved, NAME), LONG);
        sameBytes(extractSection(moved, '.other'), TEXT);
        assert.equal(namesOf(moved), namesOf(two));
        // Now the section and the header table are the tail, so the file grows no more.
        sameBytes(put(moved, LONG), moved);
        sameBytes(put(put(moved, SHORT), LONG), moved);
      });

      test(`${title}: removed`, () => {
        const gone = removeSection(first, NAME);
        throwsCode(() => extractSection(gone, NAME), 'ELF_SECTION_MISSING');
        assert.equal(differences(before, gone, kind), []);
        assert.not.ok(Buffer.from(gone).includes(NAME));
        assert.equal(
          namesOf(gone),
          namesOf(first).filter((name) => name !== NAME),
        );
        sameBytes(extractSection(put(gone, LONG), NAME), LONG);
      });

      test(`${title}: removed from the middle, the others keep their index`, () => {
        const two = put(first, TEXT, '.other');
        const gone = removeSection(two, NAME);
        assert.equal(differences(two, gone, kind), []);
        assert.equal(
          namesOf(gone),
          namesOf(two).map((name) => (name === NAME ? '' : name)),
        );
        sameBytes(extractSection(gone, '.other'), TEXT);
        throwsCode(() => removeSection(gone, NAME), 'ELF_SECTION_MISSING');
        sameBytes(extractSection(put(gone, LONG), NAME), LONG);
      });
    }

    const usual = makeElf(kind);
    for (const r of kept) {
      test(`${kind.name}: ${r.name} is neither replaced nor removed`, () => {
        throwsCode(() => put(usual.bytes, SHORT, r.name), r.code);
        throwsCode(() => removeSection(usual.bytes, r.name), r.code);
      });
    }

    test(`${kind.name}: a section that a symbol refers to is not removed`, () => {
      const { bytes } = makeElf({
        ...kind,
        segments: false,
        sections: [{ name: '.plain' }, ...usualSections(kind).slice(1)],
      });
      throwsCode(() => removeSection(bytes, '.plain'), 'ELF_SECTION_USED');
      sameBytes(extractSection(put(bytes, LONG, '.plain'), '.plain'), LONG);
    });

    test(`${kind.name}: a group member and a relocated section stay`, () => {
      const member = [...usualSections(kind), { name: '.member', flags: 0x200 }, { name: '.plain' }];
      throwsCode(() => removeSection(makeElf({ ...kind, sections: member }).bytes, '.member'), 'ELF_SECTION_USED');
      const relocated = [
        ...usualSections(kind),
        { name: '.plain' },
        { name: '.rela.plain', type: 4, link: 3, info: 6 },
      ];
      throwsCode(() => removeSection(makeElf({ ...kind, sections: relocated }).bytes, '.plain'), 'ELF_SECTION_USED');
    });

    // A tail that looks like ours but is not wholly ours is kept.
    const ours = makeElf({ ...kind, sections: [...usualSections(kind), { name: NAME, data: LONG, align: 8 }] });
    const tails = [
      { name: 'another section lies in it', change: { 'shdr[5].sh_offset': ours.bytes.length - 20 } },
      {
        name: 'a segment that is not loaded lies in it',
        change: { 'phdr[0].p_type': 4, 'phdr[0].p_offset': ours.bytes.length - 30 },
      },
    ];
    test(`${kind.name}: a tail of the section, the names and the table is written anew`, () => {
      const after = put(ours.bytes, SHORT);
      sameBytes(extractSection(after, NAME), SHORT);
      assert.ok(after.length < ours.bytes.length);
      assert.equal(differences(ours.bytes, after, kind, Number(readElf(ours.bytes).sections[6]!.sh_offset)), []);
    });
    for (const r of tails) {
      test(`${kind.name}: the tail is kept when ${r.name}`, () => {
        const before = ours.with({ 'phdr[0].p_filesz': 24, ...r.change });
        const after = put(before, SHORT);
        sameBytes(extractSection(after, NAME), SHORT);
        assert.equal(differences(before, after, kind), []);
      });
    }
    test(`${kind.name}: the tail is kept when a gap in it holds something`, () => {
      const size = Number(readElf(ours.bytes).sections[6]!.sh_size);
      for (const less of [4, 100]) {
        const before = ours.with({ 'shdr[6].sh_size': size - less });
        assert.equal(differences(before, put(before, SHORT), kind), []);
      }
    });
  }

  test('a section without bytes in the file has none to extract', () => {
    throwsCode(() => extractSection(makeElf(KINDS[0]!).bytes, '.bss'), 'ELF_SECTION_NOBITS');
  });

  test('what is extracted is a copy, from a Buffer too', () => {
    const bytes = Buffer.from(makeElf(KINDS[0]!).bytes);
    const before = Buffer.from(bytes);
    extractSection(bytes, '.text').fill(0);
    sameBytes(bytes, before);
    sameBytes(extractSection(bytes, '.text'), TEXT);
  });

  test('extract reads a file with data behind it and with other sections damaged', () => {
    const image = makeElf({ ...KINDS[0]!, trailing: SHORT });
    sameBytes(extractSection(image.with({ 'shdr[5].sh_size': 1n << 60n }), '.text'), TEXT);
    throwsCode(() => extractSection(image.with({ 'shdr[1].sh_size': 1n << 60n }), '.text'), 'ELF_SECTIONS');
    throwsCode(() => extractSection(image.with({ e_shoff: 0, e_shnum: 0 }), '.text'), 'ELF_SECTION_MISSING');
  });
});
