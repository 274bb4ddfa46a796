/** What does not fit ends with the limit that it reached: soon, and without a result. */
import * as assert from 'uvu/assert';
import { FALSE, LimitReached, TRUE, Words, within } from '../../src/diagram/index.ts';
import { suite } from '../suite.ts';

const rows: readonly {
  readonly name: string;
  readonly limits: object;
  readonly limit: string;
  readonly body: (words: Words) => unknown;
}[] = [
  {
    name: 'two fields added, 10,000 nodes',
    limits: { nodeLimit: 10_000 },
    limit: 'nodes',
    body: (w) => w.add(w.field(128), w.field(192)),
  },
  {
    name: 'two fields multiplied, 10,000 steps',
    limits: { stepLimit: 10_000 },
    limit: 'steps',
    body: (w) => w.mul(w.field(128), w.field(192)),
  },
  { name: 'a field as leaves', limits: {}, limit: 'leaves', body: (w) => w.toLeaves(w.field(32)) },
  { name: 'two nodes are two too few', limits: { nodeLimit: 2 }, limit: 'nodes', body: (w) => w.field(32) },
];

suite('diagram/limit', (test) => {
  for (const { name, limits, limit, body } of rows) {
    test(name, () => {
      const words = new Words(limits);
      const done = within(() => body(words));
      assert.is(done.ok, false);
      if (!done.ok) assert.is(done.limit, limit);
    });
  }

  test('after a limit, what was finished before still means the same', () => {
    const words = new Words({ nodeLimit: 5000 });
    const d = words.diagrams;
    const set = words.eq(words.field(32), words.constant(38));
    within(() => words.add(words.field(128), words.field(192)));
    assert.is(d.and(set, set), set);
    assert.is(d.not(FALSE), TRUE);
    assert.is(d.size <= 5000, true);
  });

  test('other errors pass through', () => {
    assert.throws(
      () =>
        within(() => {
          throw new RangeError('ours');
        }),
      /ours/,
    );
    assert.ok(new LimitReached('nodes', 5) instanceof Error);
  });
});
