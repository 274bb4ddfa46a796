/** One argument's conditions as single comparisons: one of these holds for a value exactly when all of those do. */
import * as fc from 'fast-check';
import * as assert from 'uvu/assert';
import { type Comparison, folded, negated, singleComparisons } from '../../src/formats/comparisons.ts';
import { hex, U64_MAX } from '../../src/num/index.ts';
import { type Condition, describeCondition, holds } from '../../src/policy/index.ts';
import { suite } from '../suite.ts';

const LOW = 0xffff_ffffn;
const value = fc.oneof(
  fc.bigInt(0n, 20n),
  fc.constantFrom(
    0n,
    1n,
    38n,
    0x7fff_ffffn,
    0x8000_0000n,
    LOW,
    1n << 32n,
    (1n << 32n) + 38n,
    1n << 63n,
    U64_MAX - 1n,
    U64_MAX,
  ),
  fc.bigInt(0n, U64_MAX),
);
const condition = (narrow: fc.Arbitrary<boolean>): fc.Arbitrary<Condition> =>
  fc
    .record({
      argIndex: fc.constant(0),
      op: fc.constantFrom(
        'eq' as const,
        'ne' as const,
        'lt' as const,
        'le' as const,
        'gt' as const,
        'ge' as const,
        'masked_eq' as const,
      ),
      value,
      mask: fc.oneof(value, fc.constantFrom(U64_MAX, LOW, 0xffn)),
      narrow,
    })
    .map((c) => (c.op === 'masked_eq' ? c : { ...c, mask: U64_MAX }));
const any = condition(fc.boolean());

/** The values at which something can change: each value, its neighbours, with each half of others, and with a bit turned. */
function edges(list: readonly { readonly value: bigint; readonly mask: bigint }[]): readonly bigint[] {
  const at = list.flatMap((c) => [c.value, c.value & c.mask, c.value | (U64_MAX & ~c.mask)]);
  const near = [0n, U64_MAX, LOW, LOW + 1n, ...at].flatMap((v) => [
    v - 1n,
    v,
    v + 1n,
    v ^ (1n << 40n),
    v ^ 1n,
    v & LOW,
  ]);
  return [...new Set(near.map((v) => BigInt.asUintN(64, v)))];
}

/** A few of many, the first and the last with them. */
function some<T>(list: readonly T[]): readonly T[] {
  const step = Math.max(1, Math.floor(list.length / 6));
  return list.filter((_, i) => i % step === 0 || i === list.length - 1);
}

const holdsFor = (c: Comparison, argument: bigint) => holds({ ...c, narrow: false }, argument);
const shown = (list: readonly Condition[]) => list.map(describeCondition).join(' and ');

suite('formats/comparisons', (test) => {
  test('folding changes nothing', () => {
    fc.assert(
      fc.property(any, (c) => {
        const f = folded(c);
        for (const v of edges([c]))
          assert.is(typeof f === 'boolean' ? f : holds(f, v), holds(c, v), `${shown([c])} ${hex(v)}`);
      }),
      { numRuns: 1000 },
    );
  });

  test('what is left over, once and no more', () => {
    fc.assert(
      fc.property(any, (made) => {
        const c = folded(made);
        if (typeof c === 'boolean') return;
        const not = negated(c);
        for (const v of edges([c, ...some(not)])) {
          assert.is(not.filter((n) => holds(n, v)).length, holds(c, v) ? 0 : 1, `${shown([c])} ${hex(v)}`);
        }
      }),
      { numRuns: 300 },
    );
  });

  for (const passes32 of [false, true]) {
    test(`single comparisons, where the ABI passes ${passes32 ? 32 : 64} bits`, () => {
      const narrow = passes32 ? fc.constant(true) : fc.boolean();
      fc.assert(
        fc.property(fc.array(condition(narrow), { minLength: 1, maxLength: 3 }), (made) => {
          const list = made.map(folded).filter((c) => typeof c !== 'boolean');
          const single = singleComparisons(list, passes32);
          if (single === undefined || list.length === 0) return;
          for (const v of edges([...list, ...some(single)])) {
            const argument = passes32 ? v & LOW : v;
            const wanted = list.every((c) => holds(c, argument));
            assert.is(
              single.some((c) => holdsFor(c, argument)),
              wanted,
              `${shown(list)} ${hex(argument)}`,
            );
          }
        }),
        { numRuns: 300 },
      );
    });
  }

  const plain = (op: Condition['op'], v: bigint, mask = U64_MAX, narrow = false): Condition => ({
    argIndex: 1,
    op,
    value: v,
    mask,
    narrow,
  });
  const rows: readonly {
    readonly name: string;
    readonly list: readonly Condition[];
    readonly said: readonly string[];
  }[] = [
    { name: 'one stays as it is', list: [plain('gt', 5n)], said: ['gt 5'] },
    { name: 'a range from 0', list: [plain('ge', 0n), plain('le', 9n)], said: ['le 9'] },
    { name: 'all but one', list: [plain('ne', 5n), plain('ge', 0n)], said: ['ne 5'] },
    { name: 'what is left of a range', list: [plain('ge', 6n), plain('le', 9n)], said: ['masked_eq 6', 'masked_eq 8'] },
    { name: '32 bits of 64', list: [plain('eq', 38n, U64_MAX, true)], said: ['masked_eq 38'] },
    { name: 'nothing', list: [plain('lt', 5n), plain('gt', 7n)], said: [] },
  ];
  for (const { name, list, said } of rows) {
    test(name, () => {
      assert.equal(
        singleComparisons(list, false)?.map((c) => `${c.op} ${c.value}`),
        said,
      );
    });
  }
});
