/** A diagram cut along a field: pieces that are disjoint, cover the field, and lead where the diagram leads. */
import * as fc from 'fast-check';
import * as assert from 'uvu/assert';
import { Diagrams, type Node, type Piece, partition, valueAt, Words } from '../../src/diagram/index.ts';
import { suite } from '../suite.ts';

const NR = { firstLevel: 32, width: 32 };
const ARG0 = { firstLevel: 128, width: 64 };

function holds(piece: Piece, value: bigint): boolean {
  const { values } = piece;
  if (values.kind === 'any') return true;
  if (values.kind === 'range') return values.first <= value && value <= values.last;
  return (value & values.mask) === values.value;
}

function inputWith(nr: number): Uint32Array {
  const input = new Uint32Array(16);
  input[1] = nr;
  return input;
}

suite('diagram/partition', (test) => {
  test('ranges: random steps along nr come back as the same steps', () => {
    const steps = fc.uniqueArray(fc.nat({ max: 0xffff_fffe }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(steps, (unsorted) => {
        const bounds = [...unsorted].sort((a, b) => a - b);
        const words = new Words();
        const d = words.diagrams;
        const nr = words.field(32);
        // Above the last bound 0, and below each its number from 1 on.
        const root = bounds.reduceRight(
          (above: Node, bound, i) => d.ite(words.gt(nr, words.constant(bound)), above, d.leaf(i + 1)),
          d.leaf(0),
        );
        const pieces = partition(d, root, NR, 64) ?? [];
        assert.is(pieces.length, bounds.length + 1);
        pieces.forEach(({ values, rest }, i) => {
          assert.is(values.kind, 'range');
          if (values.kind !== 'range') return;
          assert.is(values.first, i === 0 ? 0n : BigInt(bounds[i - 1] as number) + 1n);
          assert.is(values.last, BigInt(bounds[i] ?? 0xffff_ffff));
          assert.is(d.wordOf(rest), i === bounds.length ? 0 : i + 1);
        });
      }),
      { numRuns: 100 },
    );
  });

  test('masks become patterns where ranges would be too many', () => {
    const words = new Words();
    const d = words.diagrams;
    const nr = words.field(32);
    const root = d.ite(words.set(nr, words.constant(0x0110)), d.leaf(5), d.leaf(9));
    const pieces = partition(d, root, NR, 16) ?? [];
    assert.is(pieces.length, 3);
    for (const value of [0, 0x10, 0x100, 0x110, 0xffff_ffff, 0xffff_feef, 7]) {
      const inside = pieces.filter((piece) => holds(piece, BigInt(value)));
      assert.is(inside.length, 1);
      assert.is(d.wordOf(inside[0]?.rest as Node), valueAt(d, root, inputWith(value)));
    }
  });

  test('what takes too many of either is not cut', () => {
    const d = new Diagrams();
    const odd = Array.from({ length: 16 }, (_, i) => d.bit(32 + i)).reduce((parity, bit) => d.xor(bit, parity));
    assert.is(partition(d, odd, NR, 1000), undefined);
  });

  test('a field that is not tested is one piece', () => {
    const d = new Diagrams();
    assert.equal(partition(d, d.bit(500), ARG0, 1), [{ values: { kind: 'any' }, rest: d.bit(500) }]);
  });

  test('64-bit fields', () => {
    const d = new Diagrams();
    const top = d.bit(128);
    assert.equal(partition(d, top, ARG0, 2), [
      { values: { kind: 'range', first: 0n, last: (1n << 63n) - 1n }, rest: 0 },
      { values: { kind: 'range', first: 1n << 63n, last: (1n << 64n) - 1n }, rest: 1 },
    ]);
  });
});
