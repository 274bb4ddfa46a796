/** bubblewrap with our filters: programs run, and what the profile denies gets the profile's errno from the kernel. */
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from '../../test/suite.ts';
import { withoutShared } from '../../test/support/shared.ts';
import { inFreshFolder, type Ran, runCommand, seccompc, withoutLinux, withoutTool } from '../support.ts';

const absent = () => withoutLinux() ?? withoutTool('bwrap') ?? withoutTool('python3');
const abi = process.arch === 'arm64' ? 'aarch64' : 'x86_64';

/** Runs a command under bubblewrap with filters on descriptors 10 and up. */
function underBwrap(filters: readonly string[], command: readonly string[]): Ran {
  // spawn hands descriptors over by position: 3 to 9 are placeholders.
  const open = filters.map((path) => openSync(path, 'r'));
  const nulls = Array.from({ length: 7 }, () => openSync('/dev/null', 'r'));
  const flags =
    filters.length === 1 ? ['--seccomp', '10'] : filters.flatMap((_, i) => ['--add-seccomp-fd', String(10 + i)]);
  try {
    const args = ['--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc', ...flags, ...command];
    return runCommand('bwrap', args, { fds: [...nulls, ...open] });
  } finally {
    for (const fd of [...open, ...nulls]) closeSync(fd);
  }
}

/** Makes raw calls and prints 'result errno' for each. */
function calls(...list: readonly (readonly number[])[]): readonly string[] {
  const script = `
import ctypes, sys, json
libc = ctypes.CDLL(None, use_errno=True)
for call in json.loads(sys.argv[1]):
    ctypes.set_errno(0)
    r = libc.syscall(*[ctypes.c_long(a) for a in call])
    print(r if r >= 0 else -ctypes.get_errno())`;
  return ['python3', '-c', script, JSON.stringify(list)];
}

const NUMBERS: Readonly<Record<string, number>> =
  abi === 'aarch64'
    ? { socket: 198, unshare: 97, keyctl: 219, perf_event_open: 241 }
    : { socket: 41, unshare: 272, keyctl: 250, perf_event_open: 298 };
const number = (name: string): number => NUMBERS[name] as number;
const results = (ran: Ran): readonly number[] => ran.stdout.trim().split('\n').map(Number);

suite('native-tests/clients/bwrap', (test) => {
  for (const profile of ['docker-default', 'podman-containers-common']) {
    test.needs(
      () => absent() ?? withoutShared(),
      `${profile}: uname runs, what the profile denies gets EPERM`,
      () =>
        inFreshFolder((folder) => {
          const filter = join(folder, 'f.bpf');
          assert.is(
            seccompc(['build', `../shared/data/profiles/${profile}.json`, '--arch', abi, '-o', filter]).status,
            0,
          );
          const uname = underBwrap([filter], ['uname']);
          assert.equal([uname.status, uname.stdout], [0, 'Linux\n'], uname.stderr);
          // Without a filter the kernel says EFAULT (14); AF_UNIX (1) passes the conditions on socket's argument.
          const command = calls([number('perf_event_open'), 0, 0, -1, -1, 0], [number('socket'), 1, 1, 0]);
          assert.is(results(runCommand(command[0] as string, command.slice(1)))[0], -14);
          const ran = underBwrap([filter], command);
          assert.is(results(ran)[0], -1, ran.stderr);
          assert.ok((results(ran)[1] ?? -1) >= 0, 'a socket of an allowed family');
          if (profile !== 'docker-default') return;
          // Denied by its argument alone: AF_VSOCK.
          assert.equal(results(underBwrap([filter], calls([number('socket'), 40, 1, 0]))), [-1]);
        }),
    );
  }
  test.needs(absent, 'two filters stack: each denies its own call', () =>
    inFreshFolder((folder) => {
      const filters = [
        ['unshare', 7],
        ['keyctl', 9],
      ].map(([name, errnoRet]) => {
        const path = join(folder, `${name}.bpf`);
        const profile = {
          defaultAction: 'SCMP_ACT_ALLOW',
          syscalls: [{ names: [name], action: 'SCMP_ACT_ERRNO', errnoRet }],
        };
        assert.is(seccompc(['build', '-', '--arch', abi, '-o', path], JSON.stringify(profile)).status, 0);
        return path;
      });
      const ran = underBwrap(filters, calls([number('unshare'), 0], [number('keyctl'), 99, 0, 0]));
      assert.equal(results(ran), [-7, -9], ran.stderr);
    }),
  );
});
