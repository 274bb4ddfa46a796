/** The rule for docstrings, on declarations that break it; api.test.ts holds all that the package hands out to it. */
import * as assert from 'uvu/assert';
import { docstringFaults } from '../../scripts/docstrings.mjs';
import { suite } from '../suite.ts';

const CODES = ['ELF_MAGIC', 'ELF_SHORT', 'USAGE'];
const GOOD = [
  'Reads one thing well.',
  '@param bytes the whole file, little-endian',
  '@returns what is in it',
  '@throws SeccompcError ELF_MAGIC',
  '@see Linux v6.12 fs/binfmt_elf.c load_elf_binary()',
];

const rows = [
  { name: 'all is said', lines: GOOD, faults: [] },
  { name: 'nothing is said', lines: [], faults: ['f: no docstring'] },
  { name: 'only tags', lines: GOOD.slice(1), faults: ['f: does not say what it does'] },
  { name: 'a parameter is left out', lines: GOOD.toSpliced(1, 1), faults: ['f: @param bytes'] },
  { name: 'a parameter without words', lines: GOOD.with(1, '@param bytes'), faults: ['f: @param bytes'] },
  { name: 'no word on the result', lines: GOOD.toSpliced(2, 1), faults: ['f: @returns'] },
  { name: 'no word on errors', lines: GOOD.toSpliced(3, 1), faults: ['f: @throws, or "never throws"'] },
  { name: 'it never throws', lines: GOOD.with(3, 'Never throws.'), faults: [] },
  {
    name: 'an error without a code',
    lines: GOOD.with(3, '@throws SeccompcError'),
    faults: ['f: codes of the SeccompcError'],
  },
  { name: 'a family of codes', lines: GOOD.with(3, '@throws SeccompcError ELF_*'), faults: [] },
  {
    name: 'a code that no error has',
    lines: GOOD.with(3, '@throws SeccompcError ELF_MAGICK'),
    faults: ['f: no error has the code ELF_MAGICK'],
  },
  { name: 'no source', lines: GOOD.slice(0, 4), faults: ['f: @see, its source'] },
  { name: 'a source without a version', lines: GOOD.with(4, '@see kernel/seccomp.c'), faults: ['f: @see, its source'] },
];

const comment = (lines: readonly string[]) => (lines.length === 0 ? '' : `/**\n * ${lines.join('\n * ')}\n */\n`);

suite('package/docstrings', (test) => {
  for (const { name, lines, faults } of rows)
    test(`a function: ${name}`, () => {
      const source = `${comment(lines)}export declare function f(bytes: Uint8Array): readonly [string, number];`;
      assert.equal(docstringFaults('f', [{ source }], 'kernel/check.d.ts', CODES), faults);
    });
  test('what mirrors nothing needs no source', () => {
    const source = `${comment(GOOD.slice(0, 4))}export declare function f(bytes: Uint8Array): string;`;
    assert.equal(docstringFaults('f', [{ source }], 'policy/parse.d.ts', CODES), []);
  });
  test('parameters of every shape are found', () => {
    const source = `${comment(['It takes many of them.', 'Never throws.'])}export declare function f<T extends { a: 1 }>(one: (x: number, y: T) => void, { two }: T, ...three: readonly (string | [T, T])[]): void;`;
    assert.equal(docstringFaults('f', [{ source }], 'policy/parse.d.ts', CODES), [
      'f: @param one',
      'f: @param options',
      'f: @param three',
    ]);
  });
  test('methods of a class are functions too; what is internal is not', () => {
    const source = `/** A class. */\nexport declare class C {\n\t#private;\n\t/** @internal */\n\tconstructor(a: string);\n\t/** Short. */\n\tadd(event: string): this;\n\tget size(): number;\n}`;
    assert.equal(docstringFaults('C', [{ source }], 'policy/parse.d.ts', CODES), [
      'C.add: does not say what it does',
      'C.add: @param event',
      'C.add: @throws, or "never throws"',
    ]);
  });
});
