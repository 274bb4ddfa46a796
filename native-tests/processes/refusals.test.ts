/** What can go wrong when a process is asked about: each case has its code, says what to do, and is never "no filter". */
import { resolve } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from '../../test/suite.ts';
import { absent } from '../machine/tools.ts';
import { allowing, carrier, carrying, filterFiles, here, noRestart, root } from './carriers.ts';
import {
  COMMAND,
  type Ended,
  execute,
  profileOf,
  type RunOptions,
  seccompc,
  statusOf,
  until,
  with_,
} from './support.ts';

const NOBODY = 65_534;

function refused(ran: Ended, code: string, status: number, more?: RegExp): void {
  assert.match(ran.stderr, new RegExp(`error ${code} `));
  assert.match(ran.stderr, /\n {3}help: /);
  if (more !== undefined) assert.match(ran.stderr, more);
  assert.equal([ran.status, ran.stdout], [status, ''], ran.stderr);
}

const dump = (tid: number, options: RunOptions = {}, ...more: readonly string[]): Ended =>
  seccompc(['dump', '--pid', String(tid), ...more], options);

/** The command inside of another one. */
const inside = (outer: readonly string[], tid: number, options: RunOptions = {}): Ended =>
  execute(outer[0] as string, [...outer.slice(1), process.execPath, COMMAND, 'dump', '--pid', String(tid)], options);

const confined = (...more: readonly string[]) =>
  carrier(...filterFiles(allowing, noRestart), ...more, 'nanosleep', '20000');
const ofNobody = () => confined('--user', String(NOBODY));

/** Asleep as before, by nobody disturbed. */
async function untouched(pid: number): Promise<void> {
  await until('sleep', () => statusOf(pid, 'State').startsWith('S'));
  assert.is(statusOf(pid, 'TracerPid'), '0');
}

suite('native/processes/refusals', (test) => {
  test.needs(here, 'no such process', () => refused(dump(4_194_303), 'PROCESS_MISSING', 3));
  test.needs(here, 'no number', () => {
    for (const text of ['0', '-1', '01', '1x', '', '4194305', '99999999999'])
      refused(seccompc(['dump', `--pid=${text}`]), 'USAGE', 2);
    refused(seccompc(['dump']), 'USAGE', 2);
  });
  test.needs(here, 'itself, and the first process, which carry none here', () => {
    const self = execute('/bin/sh', ['-c', `exec ${process.execPath} ${COMMAND} dump --pid $$`]);
    refused(self, 'PROCESS_UNFILTERED', 1);
    const data = JSON.parse(dump(process.pid, {}, '--json').stdout) as { diagnostics: { code: string }[] };
    assert.equal(
      data.diagnostics.map((d) => d.code),
      ['PROCESS_UNFILTERED'],
    );
  });
  test.needs(here, 'who started a sandbox: the process in it is named', () => {
    const below = (pid: number): readonly number[] => {
      const ids = execute('pgrep', ['-P', String(pid)])
        .stdout.split('\n')
        .filter((id) => id !== '')
        .map(Number);
      return [...ids, ...ids.flatMap(below)];
    };
    const carries = (id: number) => statusOf(id, 'Seccomp') === '2';
    const profile = profileOf({ mount: 'SCMP_ACT_ERRNO' });
    return with_(
      [process.execPath, COMMAND, 'run', profile, '--', 'sleep', '20'],
      (pid) => below(pid).some(carries),
      (pid) => {
        const command = below(pid).find(carries) as number;
        try {
          refused(dump(pid), 'PROCESS_UNFILTERED', 1, new RegExp(`--pid ${command}\n`));
          const { stderr } = seccompc(['verify', '--pid', String(pid)]);
          assert.match(stderr, new RegExp(`error PROCESS_UNFILTERED [^]*--pid ${command}\n`));
        } finally {
          process.kill(command, 'SIGKILL');
        }
      },
    );
  });
  test.needs(root, 'a thread of the kernel', () => {
    refused(dump(2), 'PROCESS_KERNEL', 3);
    refused(seccompc(['verify', '--pid', '2']), 'PROCESS_KERNEL', 3);
  });
  test.needs(root, 'strict mode', () =>
    carrying(carrier('strict', '0'), async ({ pid }) => {
      await until('strict mode', () => statusOf(pid, 'Seccomp') === '1');
      refused(dump(pid), 'PROCESS_STRICT', 1);
    }),
  );
  test.needs(root, 'a zombie', () =>
    carrying(carrier('zombie', '20000'), async ({ said }) => {
      await until('the child', () => said().includes('\n'));
      const child = Number(/child (\d+)/.exec(said())?.[1]);
      await until('its end', () => statusOf(child, 'State').startsWith('Z'));
      refused(dump(child), 'PROCESS_ENDED', 3);
    }),
  );
  test.needs(root ?? absent('strace'), 'traced already', () =>
    carrying(carrier(...filterFiles(allowing), 'read', '0'), async ({ pid }) => {
      await carrying(['/bin/sh', '-c', `echo ready $$ 0; exec strace -qq -o /dev/null -p ${pid}`], async (tracer) => {
        await until('the tracer', () => statusOf(pid, 'TracerPid') === String(tracer.pid));
        refused(dump(pid), 'PROCESS_TRACED', 3, new RegExp(`traced by process ${tracer.pid} `));
      });
    }),
  );

  test.needs(root, 'nobody asks: it is not stopped for that', () =>
    carrying(ofNobody(), async ({ pid }) => {
      refused(dump(pid, { uid: NOBODY }), 'PROCESS_PRIVILEGE', 3, /help: run it as root/);
      await untouched(pid);
    }),
  );
  test.needs(root, 'nobody asks about a process of root', () =>
    carrying(ofNobody(), async ({ pid }) => {
      refused(dump(pid, { uid: NOBODY }), 'PROCESS_PRIVILEGE', 3);
      await untouched(pid);
    }),
  );
  test.needs(root ?? absent('unshare'), 'root of another user namespace', () =>
    carrying(confined(), async ({ pid }) => {
      const asked = inside(['unshare', '--user', '--map-root-user'], pid, { uid: NOBODY });
      refused(asked, 'PROCESS_PRIVILEGE', 3, /has it in another namespace only/);
      await untouched(pid);
    }),
  );
  test.needs(root ?? absent('setpriv'), 'root without CAP_SYS_PTRACE', () =>
    carrying(ofNobody(), async ({ pid }) => {
      const without = ['setpriv', '--bounding-set=-sys_ptrace', '--inh-caps=-sys_ptrace'];
      refused(inside(without, pid), 'PROCESS_DENIED', 3, /lacks CAP_SYS_PTRACE/);
      await untouched(pid);
    }),
  );
  test.needs(root, 'the caller carries a filter itself', () =>
    carrying(ofNobody(), async ({ pid }) => {
      const open = profileOf();
      const asked = inside([process.execPath, COMMAND, 'run', open, '--'], pid);
      refused(asked, 'CALLER_CONFINED', 3);
      // And one that gets an errno of its filter's choice from ptrace.
      const closed = profileOf({ ptrace: 'SCMP_ACT_ERRNO' });
      refused(inside([process.execPath, COMMAND, 'run', closed, '--'], pid), 'CALLER_CONFINED', 3);
      await untouched(pid);
    }),
  );
  test.needs(root ?? absent('strace'), 'the caller is traced, and its children with it', () =>
    carrying(confined(), async ({ pid }) => {
      refused(
        inside(['strace', '-f', '-qq', '-o', '/dev/null'], pid),
        'PROCESS_DENIED',
        3,
        /is traced itself, by process \d+/,
      );
      await untouched(pid);
    }),
  );
  test.needs(root ?? absent('unshare'), '/proc of other numbers', () => {
    refused(inside(['unshare', '--pid', '--fork'], 1), 'KERNEL_UNASKED', 3, /another PID namespace/);
  });
  const isInTmp = resolve('dist').startsWith('/tmp/') ? 'the project lies in /tmp' : undefined;
  test.needs(root ?? isInTmp ?? absent('unshare'), 'no folder that runs programs', () => {
    const script = 'for f in /tmp /var/tmp /dev/shm; do mount -t tmpfs -o noexec none $f; done; exec "$@"';
    return carrying(confined(), async ({ pid }) => {
      refused(inside(['unshare', '-m', 'sh', '-c', script, 'sh'], pid), 'KERNEL_UNASKED', 3, /noexec/);
      await untouched(pid);
    });
  });
});
