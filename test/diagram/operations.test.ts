/** Diagrams over a handful of bits, held against truth tables that are computed by hand. */
import * as fc from 'fast-check';
import * as assert from 'uvu/assert';
import {
  count,
  Diagrams,
  FALSE,
  fix,
  type Input,
  LEVELS,
  least,
  leavesOf,
  type Node,
  nodesOf,
  TRUE,
  valueAt,
} from '../../src/diagram/index.ts';
import { suite } from '../suite.ts';

/** Bits that the tests use: from every field, first and last of one. */
const TESTED = [0, 31, 33, 63, 100, 128, 511];
const ROWS = 1 << TESTED.length;

/** An expression, and what it is for one assignment of the tested bits. */
type Expression =
  | { readonly op: 'bit'; readonly index: number }
  | { readonly op: 'leaf'; readonly word: number }
  | { readonly op: 'not'; readonly a: Expression }
  | { readonly op: 'and' | 'or' | 'xor'; readonly a: Expression; readonly b: Expression }
  | { readonly op: 'ite'; readonly a: Expression; readonly b: Expression; readonly c: Expression };

const { set } = fc.letrec<{ set: Expression }>((tie) => ({
  set: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    fc.nat({ max: TESTED.length - 1 }).map((index) => ({ op: 'bit' as const, index })),
    fc.constantFrom(0, 1).map((word) => ({ op: 'leaf' as const, word })),
    tie('set').map((a) => ({ op: 'not' as const, a })),
    fc.record({ op: fc.constantFrom('and' as const, 'or' as const, 'xor' as const), a: tie('set'), b: tie('set') }),
    fc.record({ op: fc.constant('ite' as const), a: tie('set'), b: tie('set'), c: tie('set') }),
  ),
}));
/** A set decides between words: leaves other than 0 and 1. */
const words = fc.array(fc.tuple(set, fc.constantFrom(0, 1, 7, 0x7fff_0000, 0xffff_ffff)), { maxLength: 4 });

function truth(e: Expression, row: number): number {
  switch (e.op) {
    case 'bit':
      return (row >> e.index) & 1;
    case 'leaf':
      return e.word;
    case 'not':
      return 1 - truth(e.a, row);
    case 'and':
      return truth(e.a, row) & truth(e.b, row);
    case 'or':
      return truth(e.a, row) | truth(e.b, row);
    case 'xor':
      return truth(e.a, row) ^ truth(e.b, row);
    case 'ite':
      return truth(e.a, row) === 1 ? truth(e.b, row) : truth(e.c, row);
    default:
      return e satisfies never;
  }
}

function made(d: Diagrams, e: Expression): Node {
  switch (e.op) {
    case 'bit':
      return d.bit(TESTED[e.index] as number);
    case 'leaf':
      return d.leaf(e.word);
    case 'not':
      return d.not(made(d, e.a));
    case 'and':
    case 'or':
    case 'xor':
      return d[e.op](made(d, e.a), made(d, e.b));
    case 'ite':
      return d.ite(made(d, e.a), made(d, e.b), made(d, e.c));
    default:
      return e satisfies never;
  }
}

function inputOf(row: number): Input {
  const input = new Uint32Array(LEVELS / 32);
  TESTED.forEach((level, i) => {
    if ((row >> i) & 1) input[level >>> 5] = ((input[level >>> 5] as number) | (1 << (31 - (level & 31)))) >>> 0;
  });
  return input;
}

const rows = Array.from({ length: ROWS }, (_, row) => row);
const inputs = rows.map(inputOf);
const table = (e: Expression) => rows.map((row) => truth(e, row));
const tableOf = (d: Diagrams, n: Node) => inputs.map((input) => valueAt(d, n, input) as number);

suite('diagram/operations', (test) => {
  test('a diagram has the leaf that the expression has, for every input', () => {
    fc.assert(
      fc.property(set, (e) => {
        const d = new Diagrams();
        assert.equal(tableOf(d, made(d, e)), table(e));
      }),
      { numRuns: 500 },
    );
  });

  test('two diagrams are the same node exactly when their truth tables are the same', () => {
    fc.assert(
      fc.property(set, set, (a, b) => {
        const d = new Diagrams();
        assert.is(made(d, a) === made(d, b), String(table(a)) === String(table(b)));
      }),
      { numRuns: 500 },
    );
  });

  test('apply, where, leaves: words under sets', () => {
    fc.assert(
      fc.property(words, words, (as, bs) => {
        const d = new Diagrams();
        const build = (list: typeof as) =>
          list.reduce((rest, [e, w]) => d.ite(made(d, e), d.leaf(w), rest), FALSE as Node);
        const at = (list: typeof as, row: number) => list.reduce((rest, [e, w]) => (truth(e, row) ? w : rest), 0);
        const [a, b] = [build(as), build(bs)];
        assert.equal(
          tableOf(
            d,
            d.apply(a, b, (x, y) => x ^ y),
          ),
          rows.map((row) => (at(as, row) ^ at(bs, row)) >>> 0),
        );
        assert.is(d.apply(a, b, (x, y) => (x === y ? 0 : 1), 0) === FALSE, a === b);
        assert.equal(
          tableOf(
            d,
            d.where(a, (x) => x > 6),
          ),
          rows.map((row) => (at(as, row) > 6 ? 1 : 0)),
        );
        assert.equal([...leavesOf(d, a)].sort(), [...new Set(rows.map((row) => at(as, row)))].sort());
      }),
      { numRuns: 300 },
    );
  });

  test('count, least and fix are those of the truth table', () => {
    fc.assert(
      fc.property(set, fc.nat({ max: ROWS - 1 }), (e, chosen) => {
        const d = new Diagrams();
        const n = made(d, e);
        const members = rows.filter((row) => truth(e, row) === 1);
        assert.is(count(d, n), BigInt(members.length) << BigInt(LEVELS - TESTED.length));
        const key = (row: number) => inputs[row]?.reduce((text, word) => text + word.toString(16).padStart(8, '0'), '');
        const smallest = members.sort((a, b) => ((key(a) ?? '') < (key(b) ?? '') ? -1 : 1))[0];
        assert.equal(least(d, n), smallest === undefined ? undefined : inputs[smallest]);
        // The field nr holds the bits 33 and 63.
        const word = inputs[chosen]?.[1] as number;
        const fixed = fix(d, n, 32, word);
        for (const row of rows) {
          const there = Uint32Array.from(inputs[row] as Input);
          there[1] = word;
          assert.is(valueAt(d, fixed, inputs[row] as Input), valueAt(d, n, there));
        }
      }),
      { numRuns: 200 },
    );
  });

  test('the ends: everything, nothing, a single input', () => {
    const d = new Diagrams();
    assert.is(count(d, TRUE), 1n << 512n);
    assert.is(count(d, FALSE), 0n);
    assert.is(least(d, FALSE), undefined);
    assert.equal(least(d, TRUE), new Uint32Array(16));
    let one = TRUE as Node;
    for (let level = LEVELS - 1; level >= 0; level--) one = d.and(d.bit(level), one);
    assert.is(count(d, one), 1n);
    assert.is(nodesOf(d, one), 514);
    assert.equal(least(d, one), new Uint32Array(16).fill(0xffff_ffff));
  });

  test('tables and cache grow without losing anything', () => {
    const d = new Diagrams();
    const sets = Array.from({ length: 3000 }, (_, k) => {
      let n = TRUE as Node;
      for (let bit = 0; bit < 32; bit++) {
        const level = 63 - bit;
        n = (Math.imul(k, 0x9e37_79b1) >>> bit) & 1 ? d.node(level, FALSE, n) : d.node(level, n, FALSE);
      }
      return n;
    });
    const all = sets.reduce((union, n) => d.or(union, n));
    assert.is(count(d, all), 3000n << 480n);
    const again = sets.toReversed().reduce((union, n) => d.or(n, union));
    assert.is(again, all);
  });
});
