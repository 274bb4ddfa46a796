/**
 * `npm run test:nodes [-- VERSION...] [WORD...]`: the tests under other releases of Node, 22 and 24 where none is named, which
 * npm fetches as packages (they hold the binary, and no install script is run). Without words: the package as its users
 * get it, the command, the harness, and what differs most between releases.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { ensureBuilt, ensureDependencies, must, root } from './ensure.mjs';

const args = process.argv.slice(2);
const isVersion = (word) => /^\d+(\.\d+)*$/.test(word);
const versions = args.some(isVersion) ? args.filter(isVersion) : ['22', '24'];
const given = args.filter((word) => !isVersion(word));
const words =
  given.length > 0
    ? given
    : ['test/package', 'test/cli/build', 'test/cli/command', 'test/harness', 'test/trace', 'test/host'];

ensureDependencies();
ensureBuilt();
const folder = mkdtempSync(join(tmpdir(), 'seccompc-nodes-'));
// Tests run it as other users too.
chmodSync(folder, 0o755);
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
let failed = false;
for (const version of versions) {
  const wanted = `node-${process.platform}-${process.arch}@${version}`;
  must('npm', ['install', '--prefix', join(folder, version), '--ignore-scripts', '--no-audit', '--no-fund', wanted]);
  const bin = join(folder, version, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin');
  const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` };
  const name = spawnSync(join(bin, 'node'), ['--version'], { encoding: 'utf8' }).stdout.trim();
  console.log(`\n== ${name}`);
  const { status } = spawnSync(join(bin, 'node'), ['scripts/test.mjs', '--no-build', ...words], {
    cwd: root,
    env,
    stdio: 'inherit',
  });
  failed ||= status !== 0;
}
process.exitCode = failed ? 1 : 0;
