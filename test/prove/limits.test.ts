/** Programs made to be hard: they end, and what is not decided is never called equal. */
import * as assert from 'uvu/assert';
import type { RawInsn } from '../../src/bpf/index.ts';
import type { CheckedProgram } from '../../src/kernel/index.ts';
import { difference, holdsFor, prove } from '../../src/prove/index.ts';
import { suite } from '../suite.ts';
import { processorClock } from '../support/time.ts';
import { insn, program } from './subjects.ts';

const LD_NR = insn(0x20, 0);
const RET_A = insn(0x16);
const ret = (k: number) => insn(0x06, k);
const spread = (i: number) => Math.imul(i, 0x9e37_79b1) >>> 0;

/** 2047 times: if A is this number, add something. Two ways at each step, none of which meet. */
function explosion(add: (i: number) => number, end: readonly RawInsn[]): CheckedProgram {
  const steps = Array.from({ length: 2046 }, (_, i) => [insn(0x15, 7 * i, 0, 1), insn(0x04, add(i))]);
  return program([LD_NR, ...steps.flat(), ...end]);
}

/** 4093 numbers that lead to one place, more than 255 instructions away from most of them. */
function jeqs(change: number): CheckedProgram {
  const tests = Array.from({ length: 2046 }, (_, i) => [
    insn(0x15, (spread(i) ^ (i === change ? 1 : 0)) >>> 0, 0, 1),
    ret(i % 5),
  ]);
  return program([LD_NR, ...tests.flat(), ret(0x7fff_0000)]);
}

/** Two arguments put together by an operation by X. */
function combined(code: number): CheckedProgram {
  return program([insn(0x20, 16), insn(0x07), insn(0x20, 24), insn(code), RET_A]);
}

/** The time is far above what it takes, so that a busy machine does not fail the test. */
function ends(body: () => void): void {
  const taken = processorClock();
  body();
  const seconds = taken() / 1000;
  assert.ok(seconds < 60, `took ${seconds.toFixed(1)} s`);
}

suite('prove/limits', (test) => {
  for (const [name, end] of [
    ['returned', [RET_A]],
    ['compared', [insn(0x15, 5, 0, 1), ret(0x7fff_0000), ret(0)]],
  ] as const) {
    test(`state explosion, the sum ${name}: ends`, () => {
      ends(() => {
        const proof = prove(
          explosion(() => 1, end),
          explosion(() => 1, end),
        );
        assert.ok(proof.proved || proof.undecided);
      });
    });
  }

  test('4096 comparisons: equal to themselves, and one changed number is found', () => {
    ends(() => {
      assert.is(prove(jeqs(-1), jeqs(-1)).proved, true);
      const proof = prove(jeqs(-1), jeqs(1234));
      assert.ok(!proof.proved && !proof.undecided);
      if (proof.proved || proof.undecided) return;
      assert.is(proof.counterexample.data.nr, Math.min(spread(1234), (spread(1234) ^ 1) >>> 0));
      assert.is(proof.count, 2n << 480n);
    });
  });

  const exact: readonly (readonly [number, string])[] = [
    [0x4c, 'or'],
    [0x5c, 'and'],
    [0xac, 'xor'],
    [0x6c, 'shift left'],
    [0x7c, 'shift right'],
  ];
  for (const [code, name] of exact) {
    test(`${name} of two arguments is decided`, () => assert.is(prove(combined(code), combined(code)).proved, true));
  }

  for (const [code, name] of [
    [0x0c, 'sum'],
    [0x2c, 'product'],
    [0x3c, 'quotient'],
  ] as const) {
    test(`the ${name} of two arguments is undecided, at its instruction, and nothing else is claimed`, () => {
      const limits = { nodeLimit: 100_000 };
      const proof = prove(combined(code), combined(code), limits);
      assert.is(proof.proved, false);
      assert.ok(!proof.proved && proof.undecided);
      if (!proof.proved && proof.undecided) assert.is(proof.pc, 3);
      assert.is(difference(combined(code), combined(code), limits).undecided, true);
      const held = holdsFor(combined(code), [{ region: {}, predicate: () => true }], limits);
      assert.ok(held[0] && !held[0].holds && held[0].undecided);
    });
  }

  test('a limit too small for anything', () => {
    for (const nodeLimit of [1, 2, 3, 40]) {
      const proof = prove(jeqs(-1), jeqs(-1), { nodeLimit });
      assert.ok(!proof.proved && proof.undecided);
    }
  });

  test('a returned A with more values than leaves: compared bit by bit', () => {
    const plus = (k: number) => program([LD_NR, insn(0x04, k), RET_A]);
    assert.is(prove(plus(5), program([LD_NR, insn(0x14, 0xffff_fffb), RET_A])).proved, true);
    const proof = prove(plus(5), plus(6));
    assert.ok(!proof.proved && !proof.undecided && proof.count === 1n << 512n);
    const found = difference(plus(0), program([LD_NR, insn(0x44, 1), RET_A]));
    assert.ok(!found.undecided);
    if (!found.undecided) {
      assert.equal([...new Set(found.changes.map(({ kind }) => kind))], ['CHANGED']);
      assert.is(found.count, 1n << 511n);
    }
  });

  test('an object that check() did not make is refused', () => {
    const fake = { insns: [ret(0)], endian: 'little', length: 1 } as unknown as CheckedProgram;
    assert.throws(
      () => prove(fake, fake),
      (error: unknown) => error instanceof TypeError,
    );
  });
});
