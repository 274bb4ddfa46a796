/** Short forms of the campaign: results and outcomes. `npm run test:kernel` is the whole of it. */
import * as assert from 'uvu/assert';
import { suite } from '../../test/suite.ts';
import { loadOracle } from '../wasi/oracle.ts';
import { kernelAbsent, type Report, surroundings } from './ask.ts';
import { seedOfThisRun } from './draw.ts';
import { compareResults } from './results.ts';
import { compareStacks } from './stacks.ts';

const seed = seedOfThisRun();
const agrees = ({ disagreed, disagreements, compared }: Report) => {
  assert.is(disagreed, 0, `seed ${seed}: ${disagreed} of ${compared}\n${disagreements.join('\n')}`);
  assert.ok(compared > 0);
};

const oracle = await loadOracle();

suite('native/kernel/results', (test) => {
  const absent = kernelAbsent();
  test.needs(absent, 'run, jit, oracle and kernel give the same results', () =>
    agrees(compareResults(oracle, surroundings(), 300, seed)),
  );
  test.needs(absent, 'runStack, oracle and kernel give the same outcomes of stacks', () =>
    agrees(compareStacks(oracle, surroundings(), 300, seed)),
  );
  const noCompat = () => absent ?? (surroundings().compat ? undefined : 'this kernel has no int 0x80');
  test.needs(noCompat, 'int 0x80 is among them', () => assert.ok(surroundings().compat?.ip !== surroundings().ip));
});
