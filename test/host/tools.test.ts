/** Looking for tools runs no program of the folder that we stand in, whatever $PATH says. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { inFreshFolder } from '../../native-tests/support.ts';
import { toolsThere } from '../../src/host/tools.ts';
import { suite } from '../suite.ts';

suite('host/tools', (test) => {
  test('relative and empty folders of $PATH are passed over', () =>
    inFreshFolder(async (folder) => {
      const touched = join(folder, 'touched');
      const { PATH: before } = process.env;
      const stood = process.cwd();
      writeFileSync(join(folder, 'odd-tool'), `#!/bin/sh\necho 1.2 >${touched}; echo 1.2\n`, { mode: 0o755 });
      process.chdir(folder);
      try {
        for (const path of ['', ':/bin', '.:/bin', `${stood}:`]) {
          process.env.PATH = path;
          const [tool] = await toolsThere([['odd-tool', '--version']]);
          assert.is(tool?.path, undefined, JSON.stringify(path));
          assert.not(existsSync(touched));
        }
        process.env.PATH = folder;
        assert.is((await toolsThere([['odd-tool', '--version']]))[0]?.version, '1.2');
      } finally {
        process.chdir(stood);
        process.env.PATH = before;
      }
    }));
});
