import * as assert from 'uvu/assert';
import {
  addSection,
  extractSection,
  injectSections,
  isBeneath,
  readElf,
  removeSection,
  undoInjection,
} from '../../src/elf/index.ts';
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

      test(`${title}: several sections, each replaced in turn, without growing`, () => {
        const two = put(first, TEXT, '.other');
        const both = injectSections(before, [
          { name: NAME, data: SHORT },
          { name: '.other', data: TEXT },
        ]);
        sameBytes(two, both);
        sameBytes(put(put(put(two, LONG), LONG, '.other'), SHORT), put(put(before, SHORT), LONG, '.other'));
        sameBytes(extractSection(put(two, LONG), '.other'), TEXT);
      });

      test(`${title}: removed without a trace`, () => {
        sameBytes(removeSection(first, NAME), before);
        sameBytes(undoInjection(first), before);
        throwsCode(() => undoInjection(before), 'ELF_UNDO_MISSING');
        throwsCode(() => removeSection(before, NAME), 'ELF_SECTION_MISSING');
      });

      test(`${title}: one of two removed leaves the other, as if alone`, () => {
        const two = put(first, TEXT, '.other');
        sameBytes(removeSection(two, '.other'), first);
        sameBytes(removeSection(two, NAME), put(before, TEXT, '.other'));
        sameBytes(undoInjection(two), before);
        throwsCode(() => removeSection(two, '.comment'), 'ELF_SECTION_BENEATH');
        throwsCode(() => removeSection(two, '.seccompc_undo'), 'ELF_SECTION_BENEATH');
      });

      test(`${title}: a section that was there is back after the removal`, () => {
        const own = [...usualSections(kind), { name: NAME, data: LONG, align: 8 }];
        const there = makeElf({ ...kind, names, sections: own }).bytes;
        const over = put(there, SHORT);
        sameBytes(extractSection(over, NAME), SHORT);
        assert.is(namesOf(over).filter((name) => name === NAME).length, 1);
        assert.ok(isBeneath(readElf(over), NAME));
        sameBytes(put(over, SHORT), over);
        sameBytes(removeSection(over, NAME), there);
      });

      test(`${title}: a section of another origin is removed, in place`, () => {
        const more = [{ name: '.foreign', data: LONG, align: 8 }, ...usualSections(kind).slice(4), { name: '.last' }];
        const there = makeElf({ ...kind, names, sections: [...usualSections(kind).slice(0, 4), ...more] }).bytes;
        const gone = removeSection(there, '.foreign');
        throwsCode(() => extractSection(gone, '.foreign'), 'ELF_SECTION_MISSING');
        assert.equal(
          namesOf(gone),
          namesOf(there).map((name) => (name === '.foreign' ? '' : name)),
        );
        sameBytes(extractSection(gone, '.comment'), extractSection(there, '.comment'));
        sameBytes(removeSection(put(gone, SHORT), NAME), gone);
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
        segments: 0,
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
    throwsCode(() => extractSection(image.with({ 'shdr[1].sh_size': 1n << 60n }), '.text'), 'ELF_SECTION_OUTSIDE');
    throwsCode(() => extractSection(image.with({ e_shoff: 0, e_shnum: 0 }), '.text'), 'ELF_SECTION_MISSING');
  });
});
