/** The examples, as their readers take them: types checked, and run against the package as built. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { transformSync } from 'esbuild';
import * as assert from 'uvu/assert';
import { suite } from '../../test/suite.ts';
import { type Ran, runCommand, withoutLinux, withoutTool } from '../support.ts';

const PROFILE = 'profiles/no-network.jsonc';

/** Where no TypeScript is run, the types are taken out; the file stays inside the package, whose name it imports. */
function example(name: string, ...args: readonly string[]): Ran {
  const folder = resolve('build', `examples-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  try {
    const file = join(folder, `${name}.mjs`);
    writeFileSync(file, transformSync(readFileSync(join('examples', `${name}.ts`), 'utf8'), { loader: 'ts' }).code);
    return runCommand(process.execPath, [file, ...args]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

suite('native/clients/examples', (test) => {
  const absent = withoutLinux() ?? withoutTool('bwrap');
  const busybox = absent ?? withoutTool('busybox');

  test('their types hold', () => {
    const done = runCommand(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'examples/tsconfig.json']);
    assert.is(done.status, 0, done.stdout);
  });
  test.needs(absent, 'a command under a filter from a pipe', () => {
    const status = example('bwrap-filter', PROFILE, 'grep', 'Seccomp', '/proc/self/status');
    assert.is(status.stdout, 'Seccomp:\t2\nSeccomp_filters:\t1\n', status.stderr);
    assert.is(example('bwrap-filter', PROFILE, 'sh', '-c', 'exit 42').status, 42);
    // EAFNOSUPPORT, which is the profile's errno and not that of a network without links.
    const refused = example('bwrap-filter', PROFILE, 'bash', '-c', 'echo > /dev/tcp/127.0.0.1/9');
    assert.is(refused.status, 1);
    assert.match(refused.stderr, /Address family not supported/);
  });
  test.needs(busybox, 'a launcher and a static program, and no other file', () => {
    const found = runCommand('sh', ['-c', 'command -v busybox']).stdout.trim();
    const status = example('bwrap-launcher', PROFILE, found, 'uname');
    assert.equal([status.status, status.stdout], [0, 'Linux\n'], status.stderr);
  });
  test.needs(absent, 'what is wrong is said, and nothing runs', () => {
    assert.is(example('bwrap-filter').status, 2);
    const missing = example('bwrap-filter', 'no-such-profile.json', 'echo', 'ran');
    assert.ok(missing.status !== 0 && missing.stdout === '');
  });
});
