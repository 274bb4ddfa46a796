/**
 * The launcher on this kernel, as x86_64 and as i386 program: what it starts is confined and otherwise as without it, and
 * each way not to start has its status. Under qemu-user, which has no seccomp(2), the other CPUs refuse; with that one
 * number changed in the bytes, they show the rest of the way.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { arch, syscallNumber } from '../../src/arch/index.ts';
import { type CpuName, LAUNCHER_STATUS, launcherElf } from '../../src/machine/index.ts';
import { suite } from '../../test/suite.ts';
import { withoutI386 } from '../support.ts';
import { numberChanged } from './call-number.ts';
import { ALLOW, absent, cannotRun, errnoWord, fileOf, filterOf, freshPath, KILL, records, run } from './tools.ts';

const nr = (cpu: CpuName, name: string) => syscallNumber(arch(cpu), name) as number;
const denying = (cpu: CpuName, ...calls: readonly string[]) =>
  filterOf(new Map(calls.map((name) => [nr(cpu, name), errnoWord(1)])));
const allow = [0x06, 0, 0, ALLOW] as const;
const EVERYTHING = records([allow]);
const BAD_OPCODE = records([[0x94, 0, 0, 1], allow]);

interface Launched {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `filter`: a file that the command gets as descriptor 3. */
function launch(
  command: readonly string[],
  { filter, env }: { readonly filter?: Uint8Array; readonly env?: Record<string, string> } = {},
): Launched {
  const fd = filter && openSync(fileOf(filter), 'r');
  try {
    return spawnSync(command[0] as string, command.slice(1), {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe', ...(fd === undefined ? [] : [fd])],
      timeout: 20_000,
      ...(env && { env }),
    });
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** Own failures: nothing ran, and fd 2 says why. */
function failed(ran: Launched, status: number, why: RegExp): void {
  assert.match(ran.stderr, why);
  assert.equal([ran.status, ran.stdout], [status, '']);
}

const { own, cannotRun: unable, notFound } = LAUNCHER_STATUS;

suite('native/machine/launcher', (test) => {
  for (const cpu of ['x86_64', 'i386'] as const) {
    const here = cannotRun('x64') ?? (cpu === 'i386' ? withoutI386() : undefined);
    /** Both forms: with the filter in its section, and with the filter in a file. */
    for (const [form, start] of [
      [
        'section',
        (program: Uint8Array, ...command: readonly string[]) => {
          return launch([fileOf(launcherElf({ arch: cpu, program })), ...command]);
        },
      ],
      [
        'descriptor',
        (filter: Uint8Array, ...command: readonly string[]) => {
          return launch([fileOf(launcherElf({ arch: cpu, program: 'descriptor' })), '3', ...command], { filter });
        },
      ],
    ] as const) {
      const title = (text: string) => `${cpu}, ${form}: ${text}`;
      test.needs(here, title('arguments, status and signals are those of the command'), () => {
        assert.is(start(EVERYTHING, '/bin/true').status, 0);
        assert.is(start(EVERYTHING, '/bin/echo', 'a b', '', '-n').stdout, 'a b  -n\n');
        assert.is(start(EVERYTHING, '/bin/sh', '-c', 'exit 42').status, 42);
        assert.is(start(EVERYTHING, '/bin/sh', '-c', 'kill -TERM $$').signal, 'SIGTERM');
      });
      test.needs(here, title('the command is confined'), () => {
        const ran = start(EVERYTHING, '/bin/grep', '-E', '^(NoNewPrivs|Seccomp|Seccomp_filters):', '/proc/self/status');
        assert.is(ran.stdout, 'NoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t1\n');
        assert.match(start(denying('x86_64', 'uname'), '/bin/uname').stderr, /Operation not permitted/);
        assert.is(start(filterOf(new Map([[nr('x86_64', 'uname'), KILL]])), '/bin/uname').signal, 'SIGSYS');
      });
      test.needs(here, title('a command that is not there, or cannot be run'), () => {
        failed(start(EVERYTHING, '/nowhere/at/all'), notFound, /cannot run the command; errno 2\n$/);
        failed(start(EVERYTHING, 'true'), notFound, /errno 2\n$/);
        failed(start(EVERYTHING, '/'), unable, /cannot run the command; errno 13\n$/);
        failed(start(EVERYTHING, '/etc/passwd'), unable, /errno 13\n$/);
        failed(start(EVERYTHING, fileOf('no program')), unable, /errno 8\n$/);
      });
      test.needs(here, title('a filter that denies execve'), () => {
        failed(start(denying(cpu, 'execve'), '/bin/true'), unable, /cannot run the command; errno 1\n$/);
        const silent = start(denying(cpu, 'execve', 'write'), '/bin/true');
        assert.equal([silent.status, silent.stderr], [unable, '']);
        assert.is(start(denying(cpu, 'execve', 'exit_group'), '/bin/true').signal, 'SIGILL');
      });
      test.needs(here, title('a filter that the kernel refuses: nothing runs'), () => {
        failed(start(BAD_OPCODE, '/bin/echo', 'ran'), own, /refused the filter; errno 22\n$/);
      });
      test.needs(here, title('4096 instructions'), () => {
        assert.is(start(records(Array.from({ length: 4096 }, () => allow)), '/bin/true').status, 0);
      });
      test.needs(here, title('no command'), () => failed(start(EVERYTHING), own, /^usage: launcher /));
      test.needs(here, title('inside another one that denies its calls'), () => {
        const outer = fileOf(launcherElf({ arch: 'x86_64', program: denying(cpu, 'prctl') }));
        const inner = fileOf(launcherElf({ arch: cpu, program: EVERYTHING }));
        failed(launch([outer, inner, '/bin/echo', 'ran']), own, /PR_SET_NO_NEW_PRIVS failed; errno 1\n$/);
      });
    }

    test.needs(here, `${cpu}: the environment is passed on, and nothing else`, () => {
      const launcher = fileOf(launcherElf({ arch: cpu, program: EVERYTHING }));
      assert.is(launch([launcher, '/usr/bin/env'], { env: { ONE: '1', TWO: 'zwei' } }).stdout, 'ONE=1\nTWO=zwei\n');
      assert.is(launch([launcher, '/usr/bin/env'], { env: {} }).stdout, '');
    });
    test.needs(here, `${cpu}: argv[0] apart from the path`, () => {
      const start = (program: Uint8Array | 'descriptor', ...args: readonly string[]) => {
        const launcher = fileOf(launcherElf({ arch: cpu, program, named: true }));
        return launch([launcher, ...args], program === 'descriptor' ? { filter: EVERYTHING } : {});
      };
      const script = 'echo "$0" "$@"';
      assert.is(start(EVERYTHING, '/bin/sh', 'name', '-c', script).stdout, 'name\n');
      assert.is(start(EVERYTHING, '/bin/sh', '', '-c', script, 'a', 'b').stdout, 'a b\n');
      assert.is(start('descriptor', '3', '/bin/sh', 'name', '-c', script).stdout, 'name\n');
      failed(start(EVERYTHING, '/bin/sh'), own, /^usage: launcher PATH NAME /);
      failed(start('descriptor', '3', '/bin/sh'), own, /^usage: launcher FD PATH NAME /);
    });
    test.needs(here, `${cpu}: a supervisor tells the process and how it ends`, () => {
      const launcher = fileOf(launcherElf({ arch: cpu, program: EVERYTHING, supervise: 3 }));
      const told = (...command: readonly string[]) => {
        const { status, output, stdout } = spawnSync(launcher, command, {
          stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
          timeout: 20_000,
        });
        assert.is(status, 0, 'of the supervisor');
        const words = Buffer.from(output[3] as unknown as Buffer);
        const statuses = Array.from({ length: words.length / 4 }, (_, i) => words.readUInt32LE(4 * i));
        return { pid: statuses[0], statuses: statuses.slice(1), stdout: String(stdout) };
      };
      const shell = (script: string) => told('/bin/bash', '-c', script);
      const { pid, statuses, stdout } = shell('echo $$; exit 42');
      assert.equal([statuses, stdout], [[42 << 8], `${pid}\n`]);
      assert.equal(shell('kill -TERM $$').statuses, [15]);
      // A real-time signal, which Node takes for status 0.
      assert.equal(shell('kill -40 $$').statuses, [40]);
      assert.equal(shell('(sleep 0.2; kill -CONT $$) & kill -STOP $$; exit 1').statuses, [0x137f, 1 << 8]);
      assert.equal(told('/nowhere').statuses, [notFound << 8]);
      const status = shell('grep -E "^(SigBlk|SigIgn|Seccomp):" /proc/self/status; [ ! -e /proc/self/fd/3 ]');
      assert.is(status.stdout, 'SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\nSeccomp:\t2\n');
      assert.equal(status.statuses, [0]);
    });
    test.needs(here ?? absent('strace'), `${cpu}: the calls that it makes`, () => {
      const log = freshPath();
      const calls = (command: readonly string[], filter?: Uint8Array) => {
        launch(['strace', '-o', log, ...command], filter ? { filter } : {});
        const { stdout } = run('grep', ['-oE', '^[a-z0-9_]+', log]);
        return stdout.trim().split('\n').slice(0, 6).join(' ');
      };
      const [inside, outside] = [EVERYTHING, 'descriptor' as const].map((program) =>
        fileOf(launcherElf({ arch: cpu, program })),
      );
      assert.match(calls([inside!, '/bin/true']), /^execve prctl seccomp execve /);
      assert.is(calls([outside!, '3', '/bin/true'], EVERYTHING), 'execve read read close prctl seccomp');
    });

    const fromDescriptor = (filter: Uint8Array, ...args: readonly string[]) =>
      launch([fileOf(launcherElf({ arch: cpu, program: 'descriptor' })), ...args], { filter });
    test.needs(here, `${cpu}: the descriptor is closed`, () => {
      assert.is(fromDescriptor(EVERYTHING, '3', '/bin/sh', '-c', 'test -e /proc/self/fd/3').status, 1);
    });
    test.needs(here, `${cpu}: a pipe that fills slowly`, () => {
      const [launcher, filter] = [
        fileOf(launcherElf({ arch: cpu, program: 'descriptor' })),
        fileOf(denying('x86_64', 'uname')),
      ];
      const script = '{ head -c 13 "$1"; sleep 0.1; tail -c +14 "$1"; } | "$0" 3 /bin/uname 3<&0 </dev/null';
      assert.match(launch(['/bin/sh', '-c', script, launcher, filter]).stderr, /Operation not permitted/);
    });
    for (const [text, bytes, why] of [
      ['empty', new Uint8Array(0), /is empty/],
      ['4097 instructions', records(Array.from({ length: 4097 }, () => allow)), /longer than 4096/],
      ['half an instruction', EVERYTHING.subarray(0, 4), /cut short/],
      ['one and a half', records([allow, allow]).subarray(0, 12), /cut short/],
    ] as const)
      test.needs(here, `${cpu}: what the descriptor gives is no filter: ${text}`, () => {
        failed(fromDescriptor(bytes, '3', '/bin/echo', 'ran'), own, why);
      });
    test.needs(here, `${cpu}: a descriptor that is not open, or a folder`, () => {
      failed(fromDescriptor(EVERYTHING, '77', '/bin/true'), own, /cannot read the filter; errno 9\n$/);
      const launcher = fileOf(launcherElf({ arch: cpu, program: 'descriptor' }));
      failed(launch(['/bin/sh', '-c', '"$0" 3 /bin/true 3</', launcher]), own, /cannot read the filter; errno 21\n$/);
    });
    for (const text of ['', 'x', '3x', ' 3', '-1', '+3', '2', '0', '1048577', '18446744073709551619', '4294967299'])
      test.needs(here, `${cpu}: '${text}' is no descriptor`, () => {
        failed(fromDescriptor(EVERYTHING, text, '/bin/true'), own, /^usage: launcher FD /);
      });
    test.needs(here, `${cpu}: leading zeros`, () => {
      assert.is(fromDescriptor(EVERYTHING, '0003', '/bin/true').status, 0);
    });
  }

  for (const cpu of ['aarch64', 'riscv64', 's390x'] as const) {
    const qemu = `qemu-${cpu}-static`;
    const emulated = process.platform !== 'linux' ? 'this is not Linux' : absent(qemu);
    const launcher = launcherElf({ arch: cpu, program: EVERYTHING });
    const reader = launcherElf({ arch: cpu, program: 'descriptor' });
    test.needs(emulated, `${cpu} under qemu-user, which has no seccomp: refuses`, () => {
      failed(launch([qemu, fileOf(launcher), '/bin/true']), own, /refused the filter; errno 38\n$/);
      const ran = launch([qemu, fileOf(reader), '3', '/bin/true'], { filter: EVERYTHING });
      failed(ran, own, /refused the filter; errno 38\n$/);
    });
    test.needs(emulated, `${cpu} under qemu-user: the rest of the way`, () => {
      const through = fileOf(numberChanged(cpu, launcher, 'seccomp', 'sched_yield'));
      const env = { ONE: '1' };
      assert.is(launch([qemu, through, '/bin/echo', 'a b', ''], { env }).stdout, 'a b \n');
      assert.is(launch([qemu, through, '/usr/bin/env'], { env }).stdout, 'ONE=1\n');
      failed(launch([qemu, through, '/nowhere']), notFound, /errno 2\n$/);
      failed(launch([qemu, through, '/']), unable, /errno 13\n$/);
      failed(launch([qemu, through]), own, /^usage: launcher PATH/);
    });
    test.needs(emulated, `${cpu} under qemu-user: the filter from a descriptor`, () => {
      const through = fileOf(numberChanged(cpu, reader, 'seccomp', 'sched_yield'));
      const start = (filter: Uint8Array, ...args: readonly string[]) => launch([qemu, through, ...args], { filter });
      assert.is(start(EVERYTHING, '3', '/bin/echo', 'a b', '').stdout, 'a b \n');
      assert.is(start(EVERYTHING, '3', '/bin/sh', '-c', 'test -e /proc/self/fd/3').status, 1);
      assert.is(start(records(Array.from({ length: 4096 }, () => allow)), '3', '/bin/true').status, 0);
      failed(start(records(Array.from({ length: 4097 }, () => allow)), '3', '/bin/true'), own, /longer than 4096/);
      failed(start(EVERYTHING.subarray(1), '3', '/bin/true'), own, /cut short/);
      failed(start(new Uint8Array(0), '3', '/bin/true'), own, /is empty/);
      failed(start(EVERYTHING, '700', '/bin/true'), own, /cannot read the filter; errno 9\n$/);
      for (const text of ['', 'x', '-1', '2', '18446744073709551619'])
        failed(start(EVERYTHING, text, '/bin/true'), own, /^usage: launcher FD/);
    });
  }

  test.needs(absent('readelf'), 'readelf finds nothing to warn of', () => {
    for (const cpu of ['x86_64', 'i386', 'aarch64', 'riscv64', 's390x'] as const)
      for (const program of [EVERYTHING, 'descriptor' as const]) {
        const ran = run('readelf', ['-hlSW', fileOf(launcherElf({ arch: cpu, program }))]);
        assert.is(ran.stderr, '');
        assert.is(/\.seccomp_rules +PROGBITS/.test(ran.stdout), program !== 'descriptor');
      }
  });
});
