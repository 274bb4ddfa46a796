/** What runc itself does behind the filter: learned with --runtime runc it starts the container, without it does not. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'jsonc-parser';
import * as assert from 'uvu/assert';
import { suite } from '../../test/suite.ts';
import { execute, seccompc } from '../processes/support.ts';
import { inFreshFolder, withoutLinux, withoutTool } from '../support.ts';

/** A static program in a container of its own; undefined seccomp: without a filter. */
function started(folder: string, seccomp: unknown, noNewPrivileges: boolean): boolean {
  const bundle = join(folder, 'bundle');
  const path = join(bundle, 'config.json');
  const config = JSON.parse(readFileSync(path, 'utf8'));
  config.process = { ...config.process, args: ['/hello'], terminal: false, noNewPrivileges };
  config.linux.seccomp = seccomp;
  writeFileSync(path, JSON.stringify(config));
  const ran = execute('runc', ['run', '--bundle', bundle, `seccompc-test-${process.pid}`]);
  return ran.status === 0 && ran.stdout.includes('hello');
}

function bundleIn(folder: string): void {
  const root = join(folder, 'bundle', 'rootfs');
  mkdirSync(root, { recursive: true });
  writeFileSync(join(folder, 'hello.c'), '#include <unistd.h>\nint main(void) { return write(1, "hello", 5) != 5; }\n');
  const built = execute('gcc', ['-static', '-o', join(root, 'hello'), join(folder, 'hello.c')]);
  assert.is(built.status, 0, built.stderr);
  assert.is(execute('runc', ['spec', '--bundle', join(folder, 'bundle')]).status, 0);
}

async function look(): Promise<string | undefined> {
  const missing = withoutLinux('x64') ?? ['runc', 'gcc', 'strace'].map(withoutTool).find((one) => one !== undefined);
  if (missing !== undefined) return missing;
  if (process.getuid?.() !== 0) return 'not root';
  let result: string | undefined;
  await inFreshFolder((folder) => {
    bundleIn(folder);
    if (!started(folder, undefined, true)) result = 'runc cannot start containers here';
  });
  return result;
}

const absent = await look();

suite('native/learn-runc', (test) => {
  for (const noNewPrivileges of [true, false]) {
    const how = noNewPrivileges ? 'with' : 'without';
    test.needs(absent, `runc starts what was learned for it, ${how} no_new_privs, and only that`, () =>
      inFreshFolder((folder) => {
        bundleIn(folder);
        const trace = join(folder, 'trace');
        const hello = join(folder, 'bundle', 'rootfs', 'hello');
        assert.is(execute('strace', ['-f', '-n', '-e', 'raw=all', '-o', trace, hello]).status, 0);
        const profile = (more: readonly string[]) => {
          const learned = seccompc(['learn', trace, ...more]);
          assert.is(learned.status, 0, learned.stderr);
          return parse(learned.stdout, [], { allowTrailingComma: true });
        };
        assert.ok(started(folder, profile(['--runtime', 'runc']), noNewPrivileges));
        assert.not(started(folder, profile([]), noNewPrivileges));
      }),
    );
  }
});
