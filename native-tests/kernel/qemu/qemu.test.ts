/** Kernels of other machines: minutes each, so only on demand. `npm run test:qemu` runs the same and shows its numbers. */
import * as assert from 'uvu/assert';
import { suite } from '../../../test/suite.ts';
import { loadOracle } from '../../wasi/oracle.ts';
import { QUESTIONS } from './all.ts';

const unasked = process.env.SECCOMPC_QEMU ? undefined : 'takes minutes: SECCOMPC_QEMU=1, or npm run test:qemu';

suite('native/kernel/qemu', (test) => {
  for (const { name, absent, ask } of QUESTIONS) {
    test.needs(
      () => unasked ?? absent(),
      `${name} agree`,
      async () => {
        const oracle = await loadOracle();
        const report = await ask(oracle);
        oracle.free();
        assert.is(report.disagreed, 0, report.disagreements.join('\n'));
      },
    );
  }
});
