/** The manual page: whole, current in what was built, and to the taste of two who read such pages. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import * as assert from 'uvu/assert';
import { wholeCommandLine } from '../../src/cli/commands.ts';
import { manualPage } from '../../src/cli/manual.ts';
import { wordsOf } from '../../src/cli/words.ts';
import { suite } from '../suite.ts';
import { absent } from './command.ts';

const page = await manualPage();
const commands = wordsOf(await wholeCommandLine());

suite('cli/manual', (test) => {
  test('what the build packed, where package.json says', async () => {
    const { man } = JSON.parse(readFileSync('package.json', 'utf8'));
    assert.is(gunzipSync(readFileSync(man)).toString(), page);
    assert.is(await manualPage(), page, 'the same each time');
  });

  const noMandoc = absent('mandoc');
  test.needs(noMandoc, 'mandoc finds nothing to warn of', () => {
    const { stdout, stderr, status } = spawnSync('mandoc', ['-T', 'lint', '-W', 'warning'], { input: page });
    assert.equal([String(stdout), String(stderr), status], ['', '', 0]);
  });

  test.needs(noMandoc, 'printed: every command and option, letter by letter', () => {
    const { stdout } = spawnSync('mandoc', ['-T', 'utf8', '-O', 'width=1000'], { input: page });
    // Bold and italic letters are struck over themselves.
    const text = String(stdout).replace(/.\u0008/gu, '');
    for (const { path, options } of commands) {
      assert.ok(text.includes(`   ${path.join(' ')}`), path.join(' '));
      for (const { names, about } of options) {
        assert.ok(text.includes(names.join(', ')) || names[1] === '--help', names.join(', '));
        if (names[1] !== '--help') assert.ok(text.includes(about), about);
      }
    }
    assert.match(text, /seccompc build seccomp\.json --into \.\/operator\n/);
  });

  const noMan = spawnSync('man', ['--version']).error ? 'man is not installed' : absent('groff');
  test.needs(noMan, 'man finds nothing to warn of', () => {
    const done = spawnSync('man', ['--warnings=all', '-E', 'UTF-8', '-l', '-Tutf8', '-Z', '-'], {
      input: page,
      env: { ...process.env, MANWIDTH: '100' },
    });
    assert.equal([String(done.stderr), done.status], ['', 0]);
  });
});
