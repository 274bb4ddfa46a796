/** Differences by ABI and call, and sets of argument values in the form that a person would choose. */
import * as fc from 'fast-check';
import * as assert from 'uvu/assert';
import { arch } from '../../src/arch/index.ts';
import { assemble } from '../../src/bpf/index.ts';
import { run } from '../../src/kernel/index.ts';
import { evaluate } from '../../src/policy/index.ts';
import { byArch, callSet, difference, type FieldValues } from '../../src/prove/index.ts';
import { suite } from '../suite.ts';
import { program, smallPolicy, THREE } from './subjects.ts';

const ALLOW_ALL = program(assemble('ret #0x7fff0000'));

/** The argument values at which `ld` and tests from `body` end at `bad`, on every call. */
function valuesOf(body: string): readonly (readonly [number, readonly FieldValues[]])[] {
  const found = difference(ALLOW_ALL, program(assemble(`${body}\nok: ret #0x7fff0000\nbad: ret #0x50001`)));
  if (found.undecided || found.changes.length !== 1) throw new Error('one change is expected');
  return found.changes[0]?.arguments?.regions.flatMap(({ args }) => [...args]) ?? [];
}

const range = (first: bigint, last = first) => ({ kind: 'range' as const, first, last });
const low = (not: boolean, ...values: FieldValues['values']): FieldValues => ({ part: 'low', not, values });

const fields: readonly { name: string; body: string; values: readonly FieldValues[] }[] = [
  {
    name: 'two values side by side',
    body: 'ld [16]\n jge #0x26, a, ok\na: jgt #0x27, ok, bad',
    values: [low(false, range(0x26n, 0x27n))],
  },
  { name: 'all but one', body: 'ld [16]\n jeq #1, ok, bad', values: [low(true, range(1n))] },
  {
    name: 'all but two',
    body: 'ld [16]\n jeq #1, ok, a\na: jeq #9, ok, bad',
    values: [low(true, range(1n), range(9n))],
  },
  {
    name: 'two of many',
    body: 'ld [16]\n jeq #1, bad, a\na: jeq #9, bad, ok',
    values: [low(false, range(1n), range(9n))],
  },
  {
    name: 'any of some bits',
    body: 'ld [16]\n jset #0x7e020000, bad, ok',
    values: [low(true, { kind: 'masked', mask: 0x7e02_0000n, value: 0n })],
  },
  {
    name: 'none of some bits',
    body: 'ld [16]\n jset #0x7e020000, ok, bad',
    values: [low(false, { kind: 'masked', mask: 0x7e02_0000n, value: 0n })],
  },
  {
    name: 'a low half that another high half hides',
    body: 'ld [16]\n jeq #0x26, a, ok\na: ld [20]\n jeq #0, ok, bad',
    values: [{ part: 'high', not: false, values: [range(1n, 0xffff_ffffn)] }, low(false, range(0x26n))],
  },
  {
    name: 'a 64-bit value',
    body: 'ld [16]\n jeq #0x26, a, ok\na: ld [20]\n jeq #1, bad, ok',
    values: [{ part: 'all', not: false, values: [range(0x1_0000_0026n)] }],
  },
];

suite('prove/rows', (test) => {
  for (const { name, body, values } of fields) {
    test(`values in words: ${name}`, () => assert.equal(valuesOf(body), [[0, values]]));
  }

  test('every part is one call, the parts are all of the difference, and each example shows it', () => {
    const left = smallPolicy({ arches: THREE });
    const right = smallPolicy({ arches: ['x86_64', 'i386'], unknownArch: 'errno' });
    const found = difference(left, right);
    assert.not(found.undecided);
    if (found.undecided) return;
    const parts = byArch(found);
    assert.is(
      parts.reduce((n, { count }) => n + count, 0n),
      found.count,
    );
    for (const { example, words } of parts) {
      const both = [evaluate(left, example.data), evaluate(right, example.data)];
      assert.equal(both, example.words);
      assert.equal(both, words);
      assert.is.not(both[0], both[1]);
    }
    assert.ok(parts.some((p) => p.arch?.name === 'x32' && p.call === 'read'));
    assert.ok(parts.some((p) => p.arch === undefined));
    assert.not.ok(parts.some((p) => p.arch?.name === 'x86_64'));
  });

  test('random numbers and values: parts and programs agree on every example', () => {
    const body = (nr: number, k: number, more: number) =>
      `ld [4]\n jeq #0xc000003e, a, ok\na: ld [0]\n jge #${nr}, b, ok\nb: jgt #${nr + more}, ok, c\nc: ld [24]\n jeq #${k}, bad, ok\nok: ret #0x7fff0000\nbad: ret #0x50001`;
    const numbers = fc.oneof(fc.nat({ max: 480 }), fc.constantFrom(0x4000_0000, 0x3fff_fffe, 0xffff_fff0));
    fc.assert(
      fc.property(numbers, fc.nat(), fc.nat({ max: 15 }), (nr, k, more) => {
        const right = program(assemble(body(nr, k, more)));
        const found = difference(ALLOW_ALL, right);
        if (found.undecided) throw new Error(found.why);
        const parts = byArch(found);
        assert.is(
          parts.reduce((n, part) => n + part.count, 0n),
          found.count,
        );
        for (const { example } of parts) assert.is(run(right, example.data), example.words[1]);
      }),
      { numRuns: 60 },
    );
  });

  test('calls 335 and 336 are apart from their neighbours', () => {
    const text =
      'ld [4]\n jeq #0xc000003e, a, ok\na: ld [0]\n jge #334, b, ok\nb: jgt #337, ok, bad\nok: ret #0x7fff0000\nbad: ret #0x50001';
    const found = difference(ALLOW_ALL, program(assemble(text)));
    assert.not(found.undecided);
    if (found.undecided) return;
    assert.equal(
      byArch(found).map(({ call, outside, numbers }) => [call, outside, numbers]),
      [
        ['rseq', false, 1n],
        ['uprobe', true, 1n],
        ['uretprobe', true, 1n],
        [undefined, false, 1n],
      ],
    );
  });

  test('most calls of an ABI are said by those that are left out', () => {
    const text = 'ld [4]\n jeq #0xc000003e, a, ok\na: ld [0]\n jeq #0, ok, bad\nok: ret #0x7fff0000\nbad: ret #0x50001';
    const found = difference(ALLOW_ALL, program(assemble(text)));
    assert.not(found.undecided);
    if (found.undecided) return;
    const own = byArch(found).filter((p) => p.arch?.name === 'x86_64');
    assert.equal(callSet(arch('x86_64'), own), { calls: ['read'], except: true, others: 'all' });
  });
});
