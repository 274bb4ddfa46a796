/**
 * Every cut of a good file, and every field of every header set to telling values: the part of test/fuzz that is small
 * enough for every run, of some kinds of files; `--long` takes more. Each verb either refuses with a code or gives a file that the judge takes.
 */
import * as assert from 'uvu/assert';
import { drawFrom } from '../../native-tests/kernel/draw.ts';
import { failuresOf, newTally, planned, runMutant } from '../fuzz/elf/cases.ts';
import { countBuffers } from '../fuzz/elf/guard.ts';
import { mutantAt } from '../fuzz/elf/mutate.ts';
import { handMadeSeeds } from '../fuzz/elf/seeds.ts';
import { suite } from '../suite.ts';
import { KINDS } from './image.ts';

const LONG = Boolean(process.env.SECCOMPC_LONG);
/** Files whose section headers come last, so that no cut of them is an ELF file with sections. */
const CUT = ['plain', 'loaded over PT_NULL', ...(LONG ? ['names shared', 'appended'] : [])];
const FIELDS = ['plain', ...(LONG ? ['PT_NULL'] : [])];

suite('elf/corrupt', (test) => {
  countBuffers();
  const seeds = handMadeSeeds();
  for (const kind of KINDS) {
    const seedOf = (name: string) => planned(seeds.find((s) => s.name === `${kind.name}, ${name}`)!);

    for (const name of CUT) {
      test(`${kind.name}, ${name}: cut at every byte`, () => {
        const target = seedOf(name);
        const tally = newTally();
        for (let length = 0; length < target.bytes.length; length++) {
          const bytes = target.bytes.slice(0, length);
          runMutant(target, { family: 'cut', text: `cut at ${length}`, bytes }, length, drawFrom(length), tally);
        }
        assert.is(failuresOf(tally), '');
        assert.equal(tally.families.get('cut'), { cases: target.bytes.length, accepted: 0 });
      });
    }

    for (const name of FIELDS) {
      test(`${kind.name}, ${name}: every field of every header`, () => {
        const target = seedOf(name);
        const tally = newTally();
        const count = target.fields.reduce((sum, field) => sum + target.values[field.size].length, 0);
        for (let n = 0; n < count; n++) runMutant(target, mutantAt(target, n), n, drawFrom(n), tally);
        assert.is(failuresOf(tally), '');
        const { cases, accepted } = tally.families.get('field')!;
        assert.is(cases, count);
        assert.ok(accepted > count / 10 && accepted < count, `${accepted} of ${count} accepted`);
      });
    }
  }
});
