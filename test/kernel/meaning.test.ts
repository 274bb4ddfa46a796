/** Words, stacks, outcomes, cost and the kernel's cache: rows with values worked out by hand from the kernel's text. */
import * as assert from 'uvu/assert';
import type { SeccompData } from '../../src/arch/index.ts';
import type { RawInsn } from '../../src/bpf/index.ts';
import {
  budgetLeft,
  type CheckedProgram,
  check,
  ebpfLength,
  findings,
  isConstAllow,
  longestPath,
  outcome,
  run,
  runStack,
  trace,
} from '../../src/kernel/index.ts';
import { suite } from '../suite.ts';

const i = (code: number, k = 0, jt = 0, jf = 0): RawInsn => ({ code, jt, jf, k });
const ret = (k: number) => i(0x06, k);
const RET_A = i(0x16);
const data: SeccompData = {
  nr: -1,
  arch: 0xc000_003e,
  instructionPointer: 0x1122_3344_5566_7788n,
  args: [0x0102_0304_0506_0708n, 2n, 3n, 4n, 5n, 0xffff_ffff_0000_0000n],
};

function program(raw: readonly RawInsn[], endian: 'little' | 'big' = 'little'): CheckedProgram {
  const verdict = check(raw, { endian });
  if (!verdict.ok) throw new Error(verdict.message);
  return verdict.program;
}

const words: readonly {
  readonly name: string;
  readonly raw: readonly RawInsn[];
  readonly word: number;
  readonly big?: number;
}[] = [
  { name: 'nr is the low 32 bits, unsigned', raw: [i(0x20, 0), RET_A], word: 0xffff_ffff },
  { name: 'arch', raw: [i(0x20, 4), RET_A], word: 0xc000_003e },
  { name: 'instruction pointer at 8', raw: [i(0x20, 8), RET_A], word: 0x5566_7788, big: 0x1122_3344 },
  {
    name: 'argument 0 at 16: low word first on little-endian',
    raw: [i(0x20, 16), RET_A],
    word: 0x0506_0708,
    big: 0x0102_0304,
  },
  { name: 'argument 5 at 60', raw: [i(0x20, 60), RET_A], word: 0xffff_ffff, big: 0 },
  { name: 'len is 64', raw: [i(0x80), RET_A], word: 64 },
  { name: 'A and X start at 0', raw: [i(0x0c), RET_A], word: 0 },
  { name: 'add wraps', raw: [i(0x00, 0xffff_ffff), i(0x04, 2), RET_A], word: 1 },
  { name: 'sub wraps', raw: [i(0x14, 1), RET_A], word: 0xffff_ffff },
  { name: 'mul wraps', raw: [i(0x00, 0xffff_ffff), i(0x24, 0xffff_ffff), RET_A], word: 1 },
  { name: 'div is unsigned', raw: [i(0x00, 0xffff_fffe), i(0x34, 2), RET_A], word: 0x7fff_ffff },
  { name: 'div by X = 0 returns 0 at once', raw: [i(0x00, 9), i(0x3c), ret(0x7fff_0000)], word: 0 },
  { name: 'neg', raw: [i(0x00, 1), i(0x84), RET_A], word: 0xffff_ffff },
  { name: 'shift by X takes 5 bits, as on x86', raw: [i(0x00, 1), i(0x01, 33), i(0x6c), RET_A], word: 2 },
  { name: 'rsh is unsigned', raw: [i(0x00, 0x8000_0000), i(0x74, 31), RET_A], word: 1 },
  { name: 'jgt is unsigned', raw: [i(0x00, 0x8000_0000), i(0x25, 0x7fff_ffff, 0, 1), ret(1), ret(2)], word: 1 },
  { name: 'jge at equality', raw: [i(0x00, 7), i(0x35, 7, 0, 1), ret(1), ret(2)], word: 1 },
  { name: 'jset', raw: [i(0x00, 0x8000_0000), i(0x45, 0x8000_0000, 0, 1), ret(1), ret(2)], word: 1 },
  { name: 'comparison with X', raw: [i(0x00, 5), i(0x07), i(0x1d, 0, 0, 1), ret(1), ret(2)], word: 1 },
  { name: 'scratch memory', raw: [i(0x00, 5), i(0x02, 15), i(0x00, 6), i(0x61, 15), i(0x87), RET_A], word: 5 },
  {
    name: 'stx, tax, txa',
    raw: [i(0x01, 8), i(0x03, 0), i(0x60, 0), i(0x04, 1), i(0x07), i(0x00, 0), i(0x87), RET_A],
    word: 9,
  },
];

const stacks: readonly { readonly name: string; readonly oldestFirst: readonly number[]; readonly word: number }[] = [
  { name: 'no filter: the kernel kills', oldestFirst: [], word: 0x8000_0000 },
  { name: 'data on ALLOW is lost', oldestFirst: [0x7fff_0005], word: 0x7fff_0000 },
  { name: 'of equal actions the newest', oldestFirst: [0x0005_0001, 0x0005_0002], word: 0x0005_0002 },
  { name: 'ERRNO before ALLOW in any order', oldestFirst: [0x0005_0001, 0x7fff_0000], word: 0x0005_0001 },
  { name: 'KILL_PROCESS beats KILL_THREAD', oldestFirst: [0, 0x8000_0000], word: 0x8000_0000 },
  { name: 'an unknown word with the top bit beats KILL_THREAD', oldestFirst: [0, 0x8005_0000], word: 0x8005_0000 },
  { name: '0x10000 beats TRAP', oldestFirst: [0x0003_0000, 0x0001_0000], word: 0x0001_0000 },
  { name: 'KILL_PROCESS beats 0x80010000', oldestFirst: [0x8001_0000, 0x8000_0000], word: 0x8000_0000 },
];

// biome-ignore format: a table
const outcomes = [
  [0x7fff_0000, { kind: 'executed', logged: false }], [0x7fff_1234, { kind: 'executed', logged: false }],
  [0x7ffc_0001, { kind: 'executed', logged: true }], [0x0005_0000, { kind: 'errno', errno: 0 }],
  [0x0005_0fff, { kind: 'errno', errno: 4095 }], [0x0005_ffff, { kind: 'errno', errno: 4095 }],
  [0x0003_ffff, { kind: 'trap', data: 65_535 }], [0x0000_0007, { kind: 'kill-thread' }],
  [0x8000_0000, { kind: 'kill-process', known: true }], [0x7ffe_0000, { kind: 'kill-process', known: false }],
  [0x000d_0000, { kind: 'kill-process', known: false }], [0x7fc0_0000, { kind: 'notify', data: 0 }],
  [0x7ff0_0009, { kind: 'trace', data: 9 }],
] as const;

const lengths: readonly { readonly name: string; readonly raw: readonly RawInsn[]; readonly length: number }[] = [
  { name: 'ret k', raw: [ret(0)], length: 5 },
  { name: 'ret a', raw: [RET_A], length: 4 },
  { name: 'div by X', raw: [i(0x3c), RET_A], length: 9 },
  { name: 'jump with jf only', raw: [i(0x15, 1, 0, 1), RET_A, RET_A], length: 6 },
  { name: 'jump with both', raw: [i(0x15, 1, 1, 2), RET_A, RET_A, RET_A], length: 8 },
  { name: 'jset with jf only', raw: [i(0x45, 1, 0, 1), RET_A, RET_A], length: 7 },
  { name: 'jset with neither', raw: [i(0x45, 1, 0, 0), RET_A], length: 5 },
  { name: 'k with the top bit', raw: [i(0x15, 0x8000_0000, 0, 1), RET_A, RET_A], length: 7 },
  { name: 'X form ignores k', raw: [i(0x1d, 0x8000_0000, 0, 1), RET_A, RET_A], length: 6 },
];

suite('kernel/meaning', (test) => {
  for (const w of words) {
    test(`word: ${w.name}`, () => {
      assert.is(run(program(w.raw), data), w.word);
      assert.is(run(program(w.raw, 'big'), data), w.big ?? w.word);
    });
  }
  for (const s of stacks)
    test(`stack: ${s.name}`, () =>
      assert.is(
        runStack(
          s.oldestFirst.map((k) => program([ret(k)])),
          data,
        ),
        s.word,
      ));
  for (const [word, wanted] of outcomes)
    test(`outcome of 0x${word.toString(16)}`, () => assert.equal(outcome(word), wanted));
  for (const l of lengths) test(`converted length: ${l.name}`, () => assert.is(ebpfLength(program(l.raw)), l.length));
  test('budget: 3641 times a lone return', () => {
    const one = program([ret(0x7fff_0000)]);
    assert.ok(budgetLeft(Array.from({ length: 3641 }, () => one)) >= 0);
    assert.ok(budgetLeft(Array.from({ length: 3642 }, () => one)) < 0);
  });
  test('trace and longest path', () => {
    const p = program([i(0x20, 0), i(0x15, 0xffff_ffff, 1, 0), i(0x04, 1), ret(3)]);
    assert.equal(trace(p, data), { word: 3, pcs: [0, 1, 3] });
    assert.is(longestPath(p), 4);
  });
  test('the cache: number and architecture only, and exactly ALLOW', () => {
    const dispatch = (leaf: readonly RawInsn[]) => program([i(0x20, 4), i(0x15, 62, 0, leaf.length), ...leaf, ret(0)]);
    assert.is(isConstAllow(dispatch([ret(0x7fff_0000)]), 62, 1), true);
    assert.is(isConstAllow(dispatch([ret(0x7fff_0000)]), 63, 1), false);
    assert.is(isConstAllow(dispatch([ret(0x7fff_0001)]), 62, 1), false);
    assert.is(isConstAllow(dispatch([ret(0x7ffc_0000)]), 62, 1), false);
    assert.is(
      isConstAllow(dispatch([i(0x20, 0), i(0x54, 1), i(0x45, 1, 1, 0), ret(0), ret(0x7fff_0000)]), 62, 1),
      true,
    );
    assert.is(isConstAllow(dispatch([i(0x20, 16), ret(0x7fff_0000)]), 62, 1), false);
    assert.is(isConstAllow(dispatch([i(0x07), ret(0x7fff_0000)]), 62, 1), false);
  });
  test('words that are no action, and errnos that are cut, are findings', () => {
    const p = program([ret(0x0005_0000 | (13 << 16)), ret(0x0005_1000), ret(0x0005_0fff)]);
    assert.equal(
      findings(p).map((d) => [d.code, d.pc]),
      [
        ['RET_UNKNOWN_ACTION', 0],
        ['RET_ERRNO_CAPPED', 1],
      ],
    );
  });
});
