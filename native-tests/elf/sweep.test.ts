/** The short form of `npm run sweep`. */
import * as assert from 'uvu/assert';
import { suite } from '../../test/suite.ts';
import { withoutLinux } from '../support.ts';
import { installedPrograms, MODES, some, sweep } from './sweep.ts';
import { withoutBox } from './sweep-box.ts';

const COUNT = 60;

suite('elf/sweep', (test) => {
  test.needs(
    () => withoutLinux() ?? withoutBox(),
    `${COUNT} installed programs answer as before`,
    async () => {
      const all = await sweep(some(installedPrograms(['/usr/bin', '/usr/sbin']), COUNT), 2);
      assert.equal(
        all.filter((s) => s.verdict.kind === 'broken'),
        [],
      );
      for (const mode of MODES) {
        const same = all.filter((s) => s.mode === mode && s.verdict.kind === 'same');
        assert.ok(same.length > COUNT / 2, `${mode}: only ${same.length} could be compared`);
      }
    },
  );
});
