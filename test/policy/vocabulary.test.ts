/** "Did you mean": one slip away is always found, and what is found is the nearest by the plainest measure. */
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { syscallNames } from '../../src/arch/index.ts';
import { CAPABILITIES, capabilityName, DOCKER_CAPABILITIES, nearest } from '../../src/policy/vocabulary.ts';
import { suite } from '../suite.ts';

/** Edit distance with swapped neighbours, by its definition. */
function distance(a: string, b: string): number {
  const table: number[][] = [];
  for (let i = 0; i <= a.length; i++) {
    table[i] = [];
    for (let j = 0; j <= b.length; j++) {
      const at = (x: number, y: number) => table[x]?.[y] ?? Number.POSITIVE_INFINITY;
      if (i === 0 || j === 0) {
        table[i]![j] = i + j;
        continue;
      }
      const swap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? at(i - 2, j - 2) + 1 : 99;
      table[i]![j] = Math.min(
        at(i - 1, j) + 1,
        at(i, j - 1) + 1,
        at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1),
        swap,
      );
    }
  }
  return table[a.length]![b.length]!;
}

const word = fc.constantFrom(...syscallNames());
const letter = fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz_0123456789');

/** A name with one to three slips of the finger. */
const slipped = fc
  .tuple(word, fc.array(fc.tuple(fc.nat(3), fc.nat(30), letter), { minLength: 1, maxLength: 3 }))
  .map(([name, slips]) => {
    let text = name;
    for (const [kind, place, c] of slips) {
      const at = place % (text.length + 1);
      if (kind === 0) text = text.slice(0, at) + c + text.slice(at);
      else if (kind === 1) text = text.slice(0, at) + text.slice(at + 1);
      else if (kind === 2) text = text.slice(0, at) + c + text.slice(at + 1);
      else text = text.slice(0, at) + (text[at + 1] ?? '') + (text[at] ?? '') + text.slice(at + 2);
    }
    return text;
  });

suite('policy/vocabulary', (test) => {
  test('what is offered is the nearest name, and only one that is near', () => {
    fc.assert(
      fc.property(slipped, (text) => {
        const best = Math.min(...syscallNames().map((name) => distance(text, name)));
        const found = nearest(text, syscallNames());
        if (best <= Math.max(1, Math.floor(text.length / 3)))
          assert.is(distance(text, found ?? ''), best, `${text}: ${found}`);
        else assert.is(found, undefined);
      }),
      { numRuns: 300 },
    );
  });

  const rows: readonly (readonly [typed: string, meant: string | undefined])[] = [
    ['opennat', 'openat'],
    ['OPENAT', 'openat'],
    ['raed', 'read'],
    ['sethostnam', 'sethostname'],
    ['mkdirr', 'mkdir'],
    ['open_at', 'openat'],
    ['rt_sigprocmsk', 'rt_sigprocmask'],
    ['completely_different_thing', undefined],
    ['x'.repeat(65), undefined],
    ['', undefined],
  ];
  for (const [typed, meant] of rows) {
    test(`'${typed.slice(0, 20)}'`, () => assert.is(nearest(typed, syscallNames()), meant));
  }

  test('capabilities: 41 of them, and the 14 that Docker gives', () => {
    // CAP_LAST_CAP is CAP_CHECKPOINT_RESTORE, 40, since Linux 5.9.
    assert.is(CAPABILITIES.size, 41);
    assert.is(DOCKER_CAPABILITIES.length, 14);
    for (const cap of DOCKER_CAPABILITIES) assert.ok(CAPABILITIES.has(cap));
    assert.is(capabilityName('cap_net_admin'), 'NET_ADMIN');
    assert.is(capabilityName('NET_ADMIN'), 'NET_ADMIN');
  });
});
