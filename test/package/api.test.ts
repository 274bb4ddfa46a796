/** docs/api.md is what the package hands out today, and every function of it says what it does, takes, gives and throws. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as assert from 'uvu/assert';
import { suite } from '../suite.ts';

const ENTRIES = ['index', 'bpf/index', 'elf/index', 'harness/index', 'launcher/index'];

suite('package/api', (test) => {
  test('is current, and no docstring lacks what a caller has to know', () => {
    const { status, stderr } = spawnSync(process.execPath, ['scripts/api.mjs', '--check'], { encoding: 'utf8' });
    assert.is(status, 0, stderr);
  });

  test('has a heading for every value that node sees in an entry', async () => {
    const sections = readFileSync('docs/api.md', 'utf8').split(/^## /m).slice(1);
    const names = ENTRIES.map((entry) => `seccompc${entry === 'index' ? '' : `/${entry.replace('/index', '')}`}`);
    assert.equal(sections.map((section) => section.split('\n')[0]).sort(), [...names].sort());
    for (const [i, entry] of ENTRIES.entries()) {
      const section = sections.find((text) => text.startsWith(`${names[i]}\n`)) as string;
      const values = Object.keys(await import(pathToFileURL(resolve('dist', `${entry}.js`)).href));
      assert.ok(values.length > 0);
      for (const value of values) assert.match(section, new RegExp(`^### ${value}$`, 'm'), value);
    }
  });
});
