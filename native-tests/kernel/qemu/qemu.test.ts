/** Kernels of other machines: minutes each, so only on demand. `npm run test:qemu` runs the same and shows its numbers. */
import * as assert from 'uvu/assert';
import { suite } from '../../../test/suite.ts';
import { loadOracle } from '../../wasi/oracle.ts';
import { compareMachine } from './compare.ts';
import { MACHINES, machineAbsent } from './machines.ts';

const unasked = process.env.SECCOMPC_QEMU ? undefined : 'takes minutes: SECCOMPC_QEMU=1, or npm run test:qemu';

suite('native/kernel/qemu', (test) => {
  for (const machine of MACHINES) {
    test.needs(
      () => unasked ?? machineAbsent(machine),
      `${machine.name}: its kernel agrees`,
      async () => {
        const oracle = await loadOracle();
        const report = compareMachine(oracle, machine);
        oracle.free();
        assert.is(report.disagreed, 0, report.disagreements.join('\n'));
      },
    );
  }
});
