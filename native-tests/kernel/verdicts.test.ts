/** Short forms of the campaign: verdicts and limits. `npm run test:kernel` is the whole of it. */
import * as assert from 'uvu/assert';
import { suite } from '../../test/suite.ts';
import { loadOracle } from '../wasi/oracle.ts';
import { kernelAbsent, type Report } from './ask.ts';
import { seedOfThisRun } from './draw.ts';
import { compareBudget, compareFullStacks, compareLengths, lengthsAbsent } from './limits.ts';
import { compareBoundary, compareSomeOpcodes } from './verdicts.ts';

const seed = seedOfThisRun();
const agrees = ({ disagreed, disagreements, compared }: Report) => {
  assert.is(disagreed, 0, `seed ${seed}: ${disagreed} of ${compared}\n${disagreements.join('\n')}`);
  assert.ok(compared > 0);
};

const oracle = await loadOracle();

suite('native/kernel/verdicts', (test) => {
  const absent = kernelAbsent();
  test.needs(absent, 'kernel, oracle and check agree on the opcodes of seccomp and a sample of the others', () =>
    agrees(compareSomeOpcodes(oracle, 40_000, seed)),
  );
  test.needs(absent, 'kernel, oracle and check agree on random programs near the boundary', () =>
    agrees(compareBoundary(oracle, 6000, seed)),
  );
  test.needs(absent, 'lengths 0, 4096, 4097 and 65535', () => agrees(compareLengths(oracle)));

  const noLengths = () => absent ?? lengthsAbsent();
  test.needs(noLengths, 'the budget of a stack is exact to one instruction', () =>
    agrees(compareBudget(oracle, 16, seed)),
  );
  test.needs(noLengths, 'stacks filled beyond the budget', () => agrees(compareFullStacks(4, seed)));
});
