/** Differences with values worked out by hand: kind, rows, regions, counts, and which call is shown. */
import * as assert from 'uvu/assert';
import { arch } from '../../src/arch/index.ts';
import { assemble } from '../../src/bpf/index.ts';
import type { CheckedProgram } from '../../src/kernel/index.ts';
import { type ChangeKind, difference, holdsFor, prove } from '../../src/prove/index.ts';
import { suite } from '../suite.ts';
import { program } from './subjects.ts';

const X86_64 = 0xc000_003e;
const ALLOW = 0x7fff_0000;
const EPERM = 0x0005_0001;

const made = (text: string): CheckedProgram => program(assemble(text));
const always = (word: number) => made(`ret #0x${word.toString(16)}`);

const kinds: readonly { readonly left: number; readonly right: number; readonly kind: ChangeKind }[] = [
  { left: EPERM, right: ALLOW, kind: 'LOOSENED' },
  { left: ALLOW, right: EPERM, kind: 'TIGHTENED' },
  { left: EPERM, right: EPERM + 1, kind: 'CHANGED' },
  { left: 0x8000_0000, right: 0, kind: 'LOOSENED' },
  { left: 0, right: 0x8001_0000, kind: 'TIGHTENED' },
  { left: 0x0003_0007, right: 0x0003_0000, kind: 'CHANGED' },
  { left: 0x7ffc_0000, right: ALLOW, kind: 'LOOSENED' },
  { left: 0x7ff0_0000, right: 0x7fc0_0000, kind: 'TIGHTENED' },
];

/** ALLOW on x86_64, except for what `body` (which sees A = nr) returns; EPERM elsewhere. */
const onX86 = (body: string) =>
  made(`ld [4]\n jeq #0x${X86_64.toString(16)}, on, bad\non: ld [0]\n${body}\nok: ret #0x7fff0000\nbad: ret #0x50001`);

suite('prove/difference', (test) => {
  for (const { left, right, kind } of kinds) {
    test(`0x${left.toString(16)} to 0x${right.toString(16)} is ${kind}`, () => {
      const found = difference(always(left), always(right));
      assert.not(found.undecided);
      if (found.undecided) return;
      assert.equal(
        found.changes.map((c) => [c.kind, c.words, c.arch.kind, c.nr.kind, c.count]),
        [[kind, [left, right], 'any', 'any', 1n << 512n]],
      );
    });
  }

  test('equal programs have no changes', () => {
    const found = difference(always(EPERM), always(EPERM));
    assert.equal(found, { equal: true, count: 0n, changes: [] });
  });

  test('numbers in a row are one row; the example is the smallest real call, and arguments are boxes', () => {
    const left = onX86(
      'jge #40, next, ok\nnext: jgt #44, ok, arg\narg: ld [24]\n jge #5, more, ok\nmore: jgt #9, ok, bad',
    );
    const found = difference(left, onX86('ja ok'));
    assert.not(found.undecided);
    if (found.undecided) return;
    assert.is(found.changes.length, 1);
    const change = found.changes[0];
    assert.is(change?.kind, 'LOOSENED');
    assert.equal(change?.arch, { kind: 'range', first: BigInt(X86_64), last: BigInt(X86_64) });
    assert.equal(change?.nr, { kind: 'range', first: 40n, last: 44n });
    assert.is(change?.count, (5n * 5n) << (512n - 96n));
    assert.is(change?.example.data.nr, 40);
    assert.equal(change?.example.data.args, [0n, 5n, 0n, 0n, 0n, 0n]);
    const regions = change?.arguments?.regions.map(({ args }) => [...args]);
    assert.is(change?.arguments?.complete, true);
    const values = [{ kind: 'range', first: 5n, last: 9n }];
    assert.equal(regions, [[[1, [{ part: 'low', not: false, values }]]]]);
  });

  test('calls 335 and 336 are compared, and said to be outside', () => {
    const left = onX86('jeq #335, bad, next\nnext: jeq #336, bad, ok');
    const right = onX86('ja ok');
    const proof = prove(left, right);
    assert.ok(!proof.proved && !proof.undecided);
    if (proof.proved || proof.undecided) return;
    assert.equal(proof.outside, { arch: X86_64, numbers: [335, 336], equal: false });
    assert.is(proof.count, 2n << 448n);
    const found = difference(left, right);
    assert.ok(!found.undecided && found.changes.length === 1 && found.changes[0]?.outside === true);
  });

  test('a call that filters see is shown before one that they do not', () => {
    const proof = prove(onX86('jeq #335, bad, next\nnext: jeq #400, bad, ok'), onX86('ja ok'));
    assert.ok(!proof.proved && !proof.undecided && proof.counterexample.data.nr === 400);
  });

  test('both byte orders read the same fields from different places', () => {
    const text = (byteOffset: number) => assemble(`ld [${byteOffset}]\n jeq #7, y, n\ny: ret #0\nn: ret #1`);
    assert.is(prove(program(text(16), 'little'), program(text(20), 'big')).proved, true);
    assert.is(prove(program(text(16), 'little'), program(text(16), 'big')).proved, false);
    assert.is(prove(program(text(8), 'big'), program(text(12), 'little')).proved, true);
    assert.is(prove(program(text(0), 'big'), program(text(0), 'little')).proved, true);
  });

  test('returned words kept bit by bit: kinds follow the signed action', () => {
    const found = difference(made('ld [0]\n ret a'), made('ld [0]\n xor #0x80000000\n ret a'));
    assert.not(found.undecided);
    if (found.undecided) return;
    const rows = found.changes.map(({ kind, count, example }) => [kind, count, example.data.nr >= 0x8000_0000]);
    assert.equal(rows.sort(), [
      ['LOOSENED', 1n << 511n, true],
      ['TIGHTENED', 1n << 511n, false],
    ]);
  });

  test('a statement about computed words: decided where the region leaves few of them', () => {
    const sum = made('ld [0]\n add #1\n ret a');
    const region = { calls: [{ arch: arch('x86_64').audit, nr: 41 }] };
    const is42 = { region, predicate: (word: number) => word === 42 };
    const everywhere = { region: {}, predicate: (word: number) => word === 42 };
    const [one, all] = holdsFor(sum, [is42, everywhere]);
    assert.equal(one, { holds: true });
    assert.ok(all && !all.holds && all.undecided);
  });
});
