/**
 * The short form of `npm run fuzz -- trace` (test/fuzz): the same seeds, mutations and judge, without recorded logs. A
 * failure names the command that repeats it.
 */
import * as assert from 'uvu/assert';
import { TRACE_FORMATS } from '../../src/trace/index.ts';
import { failuresOf, makePlan, newTally, runCase } from '../fuzz/trace/cases.ts';
import { suite } from '../suite.ts';

const SEED = 1;
const CASES = 400;

suite('trace/fuzz', (test) => {
  const plan = makePlan(false);
  const tally = newTally();
  test(`cases 0 to ${CASES - 1} of seed ${SEED}: every line is one thing, however the bytes come`, async () => {
    for (let n = 0; n < CASES; n++) await runCase(plan, SEED, n, tally);
    const repeat = `npm run fuzz -- trace --seed ${SEED} --case ${tally.failures[0]?.number}`;
    assert.is(failuresOf(tally), '', repeat);
  });
  test('every format gave calls and lines that are none, and every mutation left some', () => {
    assert.ok(tally.changed > 9000, `${tally.changed} changed lines`);
    for (const format of TRACE_FORMATS) {
      for (const what of ['calls', 'unread lines']) {
        const n = tally.done.get(`${format}: ${what}`) ?? 0;
        assert.ok(n > 0, `${format}: ${n} ${what}`);
      }
    }
    for (const [family, { accepted }] of tally.families) assert.ok(accepted > 20, `${family}: ${accepted}`);
  });
});
