/** What runtimes do behind the filter: learned with --runtime they start the container, without mostly not. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'jsonc-parser';
import * as assert from 'uvu/assert';
import { suite } from '../../test/suite.ts';
import { execute, seccompc } from '../processes/support.ts';
import { inFreshFolder, withoutLinux, withoutTool } from '../support.ts';

/** Mounts of its own, with one hierarchy of cgroups: crun refuses to work with a mixture. */
const APART = `
mount --make-rprivate /
umount -R /sys/fs/cgroup 2>/dev/null
mount -t cgroup2 none /sys/fs/cgroup && mount -t tmpfs tmpfs /run && exec "$@"`;

/** How each is made to run a bundle. */
const RUNTIMES: Readonly<Record<'runc' | 'crun', (bundle: string, id: string) => readonly string[]>> = {
  runc: (bundle, id) => ['runc', 'run', '--bundle', bundle, id],
  crun: (bundle, id) => [
    ...['unshare', '--mount', '--net', '--ipc', 'sh', '-c', APART, 'sh'],
    ...['crun', '--cgroup-manager=cgroupfs', 'run', '--bundle', bundle, id],
  ],
};
type Runtime = keyof typeof RUNTIMES;

/** A static program in a container of its own; undefined seccomp: without a filter. */
function started(runtime: Runtime, folder: string, seccomp: unknown, noNewPrivileges: boolean): boolean {
  const bundle = join(folder, 'bundle');
  const path = join(bundle, 'config.json');
  const config = JSON.parse(readFileSync(path, 'utf8'));
  config.process = { ...config.process, args: ['/hello'], terminal: false, noNewPrivileges };
  config.linux = { ...config.linux, seccomp };
  if (runtime === 'crun') {
    config.linux.resources = undefined;
    config.mounts = config.mounts.filter((m: { readonly destination: string }) => m.destination !== '/sys/fs/cgroup');
  }
  writeFileSync(path, JSON.stringify(config));
  const [command = '', ...args] = RUNTIMES[runtime](bundle, `seccompc-test-${process.pid}`);
  const ran = execute(command, args);
  return ran.status === 0 && ran.stdout.includes('hello');
}

/** Both take the bundle that runc describes. */
function bundleIn(folder: string): void {
  const root = join(folder, 'bundle', 'rootfs');
  mkdirSync(root, { recursive: true });
  writeFileSync(join(folder, 'hello.c'), '#include <unistd.h>\nint main(void) { return write(1, "hello", 5) != 5; }\n');
  const built = execute('gcc', ['-static', '-o', join(root, 'hello'), join(folder, 'hello.c')]);
  assert.is(built.status, 0, built.stderr);
  assert.is(execute('runc', ['spec', '--bundle', join(folder, 'bundle')]).status, 0);
}

async function withoutRuntime(runtime: Runtime): Promise<string | undefined> {
  const tools = [runtime, 'runc', 'gcc', 'strace', 'unshare'];
  const missing = withoutLinux('x64') ?? tools.map(withoutTool).find((one) => one !== undefined);
  if (missing !== undefined) return missing;
  if (process.getuid?.() !== 0) return 'not root';
  let result: string | undefined;
  await inFreshFolder((folder) => {
    bundleIn(folder);
    if (!started(runtime, folder, undefined, true)) result = `${runtime} cannot start containers here`;
  });
  return result;
}

const rows = await Promise.all(
  (Object.keys(RUNTIMES) as Runtime[]).map(async (runtime) => ({ runtime, absent: await withoutRuntime(runtime) })),
);

suite('native/learn-runtimes', (test) => {
  for (const { runtime, absent } of rows) {
    for (const noNewPrivileges of [true, false]) {
      const how = noNewPrivileges ? 'with' : 'without';
      // All that crun makes then is a close, whose failure it does not mind.
      const isContent = runtime === 'crun' && noNewPrivileges;
      test.needs(
        absent,
        `${runtime} starts what was learned for it, ${how} no_new_privs, ${isContent ? 'and without it too' : 'and only that'}`,
        () =>
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
            assert.ok(started(runtime, folder, profile(['--runtime', runtime]), noNewPrivileges));
            assert.is(started(runtime, folder, profile([]), noNewPrivileges), isContent);
          }),
      );
    }
  }
});
