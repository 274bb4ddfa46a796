/** The example values against brute force over domains small enough to try every member of. */
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { exampleArguments, holds, hull, smallestMatch } from '../../src/policy/conditions.ts';
import type { Condition, ConditionOp } from '../../src/policy/types.ts';
import { suite } from '../suite.ts';
import { edges, interesting, MAX, OPS, passes, type Test } from './judge.ts';

const toCondition = (t: Test, narrow = false): Condition => ({
  argIndex: t.index,
  op: t.op.toLowerCase() as ConditionOp,
  value: t.op === 'MASKED_EQ' ? t.valueTwo : t.value,
  mask: t.op === 'MASKED_EQ' ? t.value : MAX,
  narrow,
});

/** A set of numbers that one masked comparison admits and that can be listed: all others are out of play. */
interface Domain {
  readonly name: string;
  readonly within: Omit<Test, 'index'>;
  readonly members: readonly bigint[];
}

const sixBits = (at: readonly bigint[], base: bigint): readonly bigint[] =>
  Array.from({ length: 64 }, (_, i) => at.reduce((sum, bit, j) => ((i >> j) & 1 ? sum | (1n << bit) : sum), base)).sort(
    (a, b) => (a < b ? -1 : a > b ? 1 : 0),
  );

function domain(name: string, bits: readonly bigint[], base: bigint): Domain {
  const free = bits.reduce((sum, bit) => sum | (1n << bit), 0n);
  return {
    name,
    within: { op: 'MASKED_EQ', value: MAX & ~free, valueTwo: base & ~free },
    members: sixBits(bits, base & ~free),
  };
}

const domains: readonly Domain[] = [
  domain('0 to 63', [0n, 1n, 2n, 3n, 4n, 5n], 0n),
  domain('the last 64 numbers', [0n, 1n, 2n, 3n, 4n, 5n], MAX),
  domain('bits around the halves', [0n, 1n, 31n, 32n, 33n, 63n], 0n),
  domain('the same with all other bits set', [0n, 1n, 31n, 32n, 33n, 63n], MAX),
  domain('around 2^32', [0n, 30n, 31n, 32n, 34n, 35n], 1n << 33n),
];

/** A test with values in or next to the domain, on this argument. */
const testIn = (d: Domain, index: number): fc.Arbitrary<Test> => {
  const member = fc.constantFrom(...d.members);
  const near = fc.tuple(member, fc.constantFrom(-1n, 0n, 0n, 0n, 1n)).map(([m, by]) => BigInt.asUintN(64, m + by));
  return fc.oneof(
    fc.record({ index: fc.constant(index), op: fc.constantFrom(...OPS), value: near, valueTwo: near }),
    // Masked comparisons that some member passes.
    fc.tuple(member, member, member).map(([a, b, m]) => {
      const mask = a ^ b;
      return { index, op: 'MASKED_EQ' as const, value: mask, valueTwo: m & mask };
    }),
  );
};

const runs = { numRuns: 3000 };

suite('policy/conditions', (test) => {
  test('holds: every operator at its edges, against the second opinion', () => {
    fc.assert(
      fc.property(fc.constantFrom(...OPS), interesting, interesting, interesting, (op, value, valueTwo, other) => {
        const t: Test = { index: 0, op, value, valueTwo };
        for (const argument of [...edges(t), other]) {
          assert.is(holds(toCondition(t), argument), passes(t, argument), `${op} ${value} ${valueTwo}: ${argument}`);
          assert.is(
            holds(toCondition(t, true), argument),
            passes(t, argument & 0xffffffffn),
            `narrow ${op} ${argument}`,
          );
        }
      }),
      runs,
    );
  });

  for (const d of domains) {
    test(`smallestMatch: ${d.name}`, () => {
      fc.assert(
        fc.property(fc.array(testIn(d, 0), { maxLength: 6 }), (tests) => {
          const all: readonly Test[] = [{ ...d.within, index: 0 }, ...tests];
          const expected = d.members.find((m) => all.every((t) => passes(t, m)));
          assert.is(smallestMatch(all.map((t) => toCondition(t))), expected);
          const [low, high] = hull(tests.map((t) => toCondition(t)));
          for (const m of d.members) if (tests.every((t) => passes(t, m))) assert.ok(low <= m && m <= high);
        }),
        runs,
      );
    });
  }

  for (const d of domains) {
    test(`smallestMatch: some of the conditions narrow, ${d.name}`, () => {
      const some = fc.array(fc.tuple(testIn(d, 0), fc.boolean()), { maxLength: 8 });
      fc.assert(
        fc.property(some, (tests) => {
          const seen = (m: bigint, narrow: boolean) => (narrow ? m & 0xffff_ffffn : m);
          const expected = d.members.find((m) => tests.every(([t, narrow]) => passes(t, seen(m, narrow))));
          const conditions = tests.map(([t, narrow]) => toCondition(t, narrow));
          assert.is(smallestMatch([toCondition({ ...d.within, index: 0 }), ...conditions]), expected);
        }),
        { numRuns: 5000 },
      );
    });
  }

  test('smallestMatch: narrow conditions, over 0 to 63 and at the end of 32 bits', () => {
    for (const base of [0n, 0xffffffffn]) {
      const d = domain('', [0n, 1n, 2n, 3n, 4n, 5n], base);
      fc.assert(
        fc.property(fc.array(testIn(d, 0), { maxLength: 5 }), (tests) => {
          const all: readonly Test[] = [{ ...d.within, index: 0 }, ...tests];
          const expected = d.members.find((m) => all.every((t) => passes(t, m)));
          assert.is(smallestMatch(all.map((t) => toCondition(t, true))), expected);
        }),
        runs,
      );
    }
  });

  test('smallestMatch: any values; what is found holds, and nothing at an edge is smaller', () => {
    const any = fc.record({
      index: fc.constant(0),
      op: fc.constantFrom(...OPS),
      value: interesting,
      valueTwo: interesting,
    });
    fc.assert(
      fc.property(fc.array(any, { maxLength: 4 }), (tests) => {
        const found = smallestMatch(tests.map((t) => toCondition(t)));
        const candidates = [0n, ...tests.flatMap(edges)].filter((v) => tests.every((t) => passes(t, v)));
        if (found === undefined) assert.equal(candidates, []);
        else {
          assert.ok(tests.every((t) => passes(t, found)));
          for (const c of candidates) assert.ok(found <= c);
        }
      }),
      runs,
    );
  });

  test('exampleArguments: found exactly when every argument has a member', () => {
    const [d] = domains;
    if (d === undefined) return;
    const tests = fc.array(
      fc.nat(5).chain((index) => testIn(d, index)),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(tests, (some) => {
        const used = [...new Set(some.map((t) => t.index))];
        const all: readonly Test[] = [...used.map((index) => ({ ...d.within, index })), ...some];
        const found = exampleArguments(all.map((t) => toCondition(t)));
        const possible = used.every((i) => d.members.some((m) => all.every((t) => t.index !== i || passes(t, m))));
        assert.is(found !== undefined, possible);
        for (const t of found ? all : []) assert.ok(passes(t, found![t.index]!));
        found?.forEach((value, i) => {
          if (!used.includes(i)) assert.is(value, 0n);
        });
      }),
      runs,
    );
  });
});
