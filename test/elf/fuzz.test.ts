/**
 * The short form of `npm run fuzz -- elf` (test/fuzz): the same seeds, mutations, roads and judge, on the files made by
 * hand. A failure names the command that repeats it.
 */
import * as assert from 'uvu/assert';
import { removeSection } from '../../src/elf/index.ts';
import { failuresOf, forCompiled, makePlan, newTally, runCase } from '../fuzz/elf/cases.ts';
import { countBuffers } from '../fuzz/elf/guard.ts';
import { look } from '../fuzz/elf/reader.ts';
import { ROADS } from '../fuzz/elf/roads.ts';
import { handMadeSeeds, NAME } from '../fuzz/elf/seeds.ts';
import { suite } from '../suite.ts';
import { sameBytes } from './image.ts';

const SEED = 1;
const CASES = 20_000;
const PARTS = 4;

suite('elf/fuzz', (test) => {
  countBuffers();
  const seeds = handMadeSeeds();

  test('every injected seed goes back to its original', () => {
    const injected = seeds.filter((s) => s.original !== undefined);
    assert.ok(injected.length >= 48);
    for (const s of injected) sameBytes(removeSection(s.bytes, NAME), s.original!, s.name);
  });

  test('the seeds reach both ways of making room for a segment', () => {
    const loaded = seeds.filter((s) => s.name.includes(', loaded')).map((s) => [look(s.original!)!, look(s.bytes)!]);
    assert.ok(loaded.some(([before, after]) => before!.phoff === after!.phoff));
    assert.ok(loaded.some(([before, after]) => before!.phoff !== after!.phoff));
  });

  const plan = makePlan(false);
  const tally = newTally();
  for (let part = 0; part < PARTS; part++) {
    const [from, to] = [(CASES / PARTS) * part, (CASES / PARTS) * (part + 1)];
    test(`cases ${from} to ${to - 1} of seed ${SEED}, those of gcc left out`, () => {
      const limit = Error.stackTraceLimit;
      // Traces take longer than the refusals themselves.
      Error.stackTraceLimit = 0;
      try {
        for (let n = from; n < to; n++) if (!forCompiled(n)) runCase(plan, SEED, n, tally);
      } finally {
        Error.stackTraceLimit = limit;
      }
      const repeat = `npm run fuzz -- elf --seed ${SEED} --case ${tally.failures[0]?.number}`;
      assert.is(failuresOf(tally), '', repeat);
    });
  }

  test('mutants were accepted by every road, and refused for many reasons', () => {
    for (const road of ROADS.keys())
      assert.ok((tally.done.get(road) ?? 0) > 50, `${road} gave ${tally.done.get(road)}`);
    for (const [family, { cases, accepted }] of tally.families) {
      assert.ok(cases > 300, `${family}: ${cases} cases`);
      if (family !== 'cut') assert.ok(accepted > cases / 20, `${family}: ${accepted} of ${cases} accepted`);
    }
    assert.ok(tally.codes.size >= 35, `${tally.codes.size} codes`);
  });
});
