/** Words of a few unknown bits among constant ones: every operation against plain arithmetic, on all values. */
import * as fc from 'fast-check';
import * as assert from 'uvu/assert';
import { FALSE, type Input, type Node, TRUE, valueAt, type Word, Words } from '../../src/diagram/index.ts';
import { suite } from '../suite.ts';

/** Unknown bits; as many inputs as they have values. */
const LEVELS_USED = [32, 40, 62, 63, 190, 191];
const inputs: readonly Input[] = Array.from({ length: 1 << LEVELS_USED.length }, (_, row) => {
  const input = new Uint32Array(16);
  LEVELS_USED.forEach((level, i) => {
    if ((row >> i) & 1) input[level >>> 5] = ((input[level >>> 5] as number) | (1 << (31 - (level & 31)))) >>> 0;
  });
  return input;
});

/** Where each bit of a word comes from: an unknown bit, or a constant. */
interface Made {
  readonly base: number;
  readonly unknown: readonly (readonly [position: number, level: number])[];
}
const word = fc.record({
  base: fc.oneof(
    fc.constantFrom(0, 1, 2, 31, 32, 33, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff),
    fc.nat({ max: 0xffff_ffff }),
  ),
  unknown: fc.array(fc.tuple(fc.nat({ max: 31 }), fc.constantFrom(...LEVELS_USED)), { maxLength: 4 }),
});

function build(words: Words, { base, unknown }: Made): Word {
  const bits: Node[] = Array.from({ length: 32 }, (_, i) => ((base >>> i) & 1 ? TRUE : FALSE));
  for (const [position, level] of unknown) bits[position] = words.diagrams.bit(level);
  return words.of(bits);
}

function numberAt(words: Words, w: Word, input: Input): number {
  return w.bits.reduce((value: number, bit, i) => value | (valueAt(words.diagrams, bit, input) << i), 0) >>> 0;
}

type WordOp = 'and' | 'or' | 'xor' | 'add' | 'sub' | 'mul' | 'div' | 'lsh' | 'rsh';
const WORD_OPS: Readonly<Record<WordOp, (a: number, b: number) => number>> = {
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => Number((BigInt(a) * BigInt(b)) & 0xffff_ffffn),
  div: (a, b) => (b === 0 ? Number.NaN : Math.floor(a / b)),
  lsh: (a, b) => a * 2 ** (b % 32),
  rsh: (a, b) => Math.floor(a / 2 ** (b % 32)),
};
const SET_OPS: Readonly<Record<'eq' | 'gt' | 'ge' | 'set', (a: number, b: number) => boolean>> = {
  eq: (a, b) => a === b,
  gt: (a, b) => a > b,
  ge: (a, b) => a >= b,
  set: (a, b) => (BigInt(a) & BigInt(b)) !== 0n,
};

suite('diagram/words', (test) => {
  for (const [op, plain] of Object.entries(WORD_OPS) as [WordOp, (a: number, b: number) => number][]) {
    test(`${op}: the value of the result, for every value of the operands`, () => {
      fc.assert(
        fc.property(word, word, (left, right) => {
          const words = new Words();
          const [a, b] = [build(words, left), build(words, right)];
          const result = words[op](a, b);
          for (const input of inputs) {
            const wanted = plain(numberAt(words, a, input), numberAt(words, b, input));
            // The quotient by 0 has no meaning: callers ask first.
            if (!Number.isNaN(wanted)) assert.is(numberAt(words, result, input), wanted >>> 0);
          }
        }),
        { numRuns: 150 },
      );
    });
  }

  for (const [op, plain] of Object.entries(SET_OPS) as ['eq', (a: number, b: number) => boolean][]) {
    test(`${op}: holds exactly where it should`, () => {
      fc.assert(
        fc.property(word, word, (left, right) => {
          const words = new Words();
          const [a, b] = [build(words, left), build(words, right)];
          const set = words[op](a, b);
          for (const input of inputs) {
            assert.is(
              valueAt(words.diagrams, set, input) === 1,
              plain(numberAt(words, a, input), numberAt(words, b, input)),
            );
          }
        }),
        { numRuns: 150 },
      );
    });
  }

  test('neg, select, leaves and back', () => {
    fc.assert(
      fc.property(word, word, fc.constantFrom(...LEVELS_USED), (left, right, level) => {
        const words = new Words();
        const [a, b] = [build(words, left), build(words, right)];
        const set = words.diagrams.bit(level);
        const negated = words.neg(a);
        const selected = words.select(set, a, b);
        const leaves = words.toLeaves(a);
        for (const input of inputs) {
          assert.is(numberAt(words, negated, input), -numberAt(words, a, input) >>> 0);
          const from = valueAt(words.diagrams, set, input) === 1 ? a : b;
          assert.is(numberAt(words, selected, input), numberAt(words, from, input));
          assert.is(valueAt(words.diagrams, leaves, input), numberAt(words, a, input));
        }
        assert.is(words.fromLeaves(leaves), a);
      }),
      { numRuns: 150 },
    );
  });

  test('equal values are the same object; a field starts at its most significant bit', () => {
    const words = new Words();
    const nr = words.field(32);
    assert.is(words.field(32), nr);
    assert.is(words.xor(words.xor(nr, words.constant(5)), words.constant(5)), nr);
    assert.is(words.sub(words.add(nr, words.constant(77)), words.constant(77)), nr);
    assert.is(words.xor(nr, nr), words.zero);
    const input = new Uint32Array(16);
    input[1] = 0x8000_0001;
    assert.is(numberAt(words, nr, input), 0x8000_0001);
  });
});
