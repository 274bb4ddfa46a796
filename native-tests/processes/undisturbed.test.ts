/**
 * A thread whose filters are read goes on as if nothing had happened: whatever it sleeps in, whether its job is stopped,
 * and however whoever reads ends. Its filter kills for restart_syscall, with which Linux goes on after most interruptions.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { SeccompcError } from '../../src/diag/index.ts';
import { suite } from '../../test/suite.ts';
import { absent } from '../machine/tools.ts';
import {
  allowing,
  type Carrier,
  carrier,
  carrying,
  filterFiles,
  hexOf,
  isArm,
  noRestart,
  read,
  root,
} from './carriers.ts';
import { COMMAND, execute, later, seccompc, statusOf, until } from './support.ts';

/** What each call gives when its time is up, and nothing was there to wake it. */
const calls: ReadonlyMap<string, string> = new Map([
  ['nanosleep', '0 0'],
  ['clock_nanosleep', '0 0'],
  ['ppoll', '0 0'],
  ['futex', '-1 110'],
  // Without a handler all but the first return EINTR after any interruption; on x86 that is mended.
  ...(isArm
    ? []
    : ([
        ['poll', '0 0'],
        ['epoll', '0 0'],
        ['sigtimedwait', '-1 11'],
        ['semtimedop', '-1 11'],
        ['recv', '-1 11'],
      ] as const)),
]);

const RESTART_SYSCALL = isArm ? 128 : 219;
const callOf = (pid: number): string => readFileSync(`/proc/${pid}/syscall`, 'utf8').split(' ')[0] ?? '';
const asleep = (pid: number) => until('the call', () => statusOf(pid, 'State').startsWith('S') && callOf(pid) !== '');

/** Calls that time ends have so much of it, with a slow machine in mind. */
const LONG = 5000;

const sleeping = <T>(call: string, body: (one: Carrier) => T | Promise<T>, milliseconds = LONG) =>
  carrying(carrier(...filterFiles(allowing, noRestart), call, String(milliseconds)), async (one) => {
    await asleep(one.pid);
    return body(one);
  });
/** In epoll_wait with a handler for SIGUSR1, which alone ends it. */
const handled = (body: (one: Carrier) => Promise<void>) => sleeping('handled', body, 60_000);
const expected = [hexOf(allowing), hexOf(noRestart)];

async function endsWell({ said, ended }: Carrier, result: string): Promise<void> {
  const [status, signal] = await ended;
  assert.equal([said(), status, signal], [`${result}\n`, 0, null]);
}

suite('native/processes/undisturbed', (test) => {
  test.needs(root, 'asleep in calls of every kind, twice: they end as they would have', async () => {
    await Promise.all(
      [...calls].map(([call, result]) =>
        sleeping(call, async (one) => {
          for (let i = 0; i < 2; i++) assert.equal(read(one.pid), expected, call);
          await endsWell(one, result);
        }),
      ),
    );
  });
  test.needs(root, 'nanosleep and its like go on with the time that is left', async () => {
    await Promise.all(
      ['nanosleep', ...(isArm ? [] : ['poll'])].map((call) =>
        sleeping(call, async (one) => {
          assert.equal(read(one.pid), expected);
          await asleep(one.pid);
          assert.is(callOf(one.pid), String(RESTART_SYSCALL));
          assert.is(statusOf(one.pid, 'TracerPid'), '0');
          assert.is(statusOf(one.pid, 'Seccomp_filters'), '2');
          await endsWell(one, '0 0');
        }),
      ),
    );
  });
  test.needs(root ?? absent('strace'), 'strace, which takes no such care, kills it', async () => {
    await sleeping('nanosleep', async (one) => {
      execute('timeout', ['--signal=KILL', '1', 'strace', '-o', '/dev/null', '-p', String(one.pid)]);
      assert.equal(await one.ended, [null, 'SIGSYS']);
    });
  });
  test.needs(root ?? absent('python3'), 'restart_syscall made by the thread itself is killed as before', async () => {
    const script = `sleep 0.5; exec python3 -c 'import ctypes; ctypes.CDLL(None).syscall(${RESTART_SYSCALL})'`;
    const command = carrier(...filterFiles(noRestart), 'exec', script);
    await carrying(command, async (one) => {
      read(one.pid);
      assert.equal(await one.ended, [null, 'SIGSYS']);
    });
  });
  test.needs(root, 'a signal with a handler still ends epoll_wait', () =>
    handled(async (one) => {
      read(one.pid);
      one.child.kill('SIGUSR1');
      await endsWell(one, '-1 4');
    }),
  );
  test.needs(root, 'and so it does when the signal comes while it is looked at', async () => {
    for (let i = 0; i < 12; i++) {
      await handled(async (one) => {
        const sender = spawn('/bin/sh', ['-c', `sleep 0.0${i + 10}; kill -USR1 ${one.pid}`]);
        const sent = new Promise((done) => sender.on('close', done));
        for (let isOver = false; !isOver; ) {
          try {
            assert.equal(read(one.pid), expected);
          } catch (error) {
            isOver = error instanceof SeccompcError;
            if (!isOver) throw error;
          }
          isOver ||= (await Promise.race([one.ended, later(0)])) !== undefined;
        }
        await sent;
        await endsWell(one, '-1 4');
      });
    }
  });
  test.needs(root, 'signals that come at the same time', () =>
    sleeping(
      'read',
      async (one) => {
        // Ignored by default, so each wakes nobody; stopped and woken again and again.
        const noise = setInterval(() => {
          one.child.kill('SIGWINCH');
          one.child.kill('SIGSTOP');
          one.child.kill('SIGCONT');
        }, 1);
        for (let i = 0; i < 30; i++) {
          assert.equal(read(one.pid), expected);
          await later(1);
        }
        clearInterval(noise);
        one.child.kill('SIGCONT');
        await asleep(one.pid);
        assert.is(statusOf(one.pid, 'TracerPid'), '0');
      },
      0,
    ),
  );
  test.needs(root, 'a stopped job stays stopped, and goes on when it is woken', () =>
    sleeping('ppoll', async (one) => {
      one.child.kill('SIGSTOP');
      await until('the stop', () => statusOf(one.pid, 'State').startsWith('T'));
      assert.equal(read(one.pid), expected);
      await until('the end of the look', () => statusOf(one.pid, 'TracerPid') === '0');
      await later(50);
      assert.match(statusOf(one.pid, 'State'), /^T \(stopped\)/);
      one.child.kill('SIGCONT');
      await endsWell(one, '0 0');
    }),
  );
  test.needs(root ?? absent('python3'), 'its parent hears nothing of it', () => {
    const script = `
import os, signal, subprocess, sys
command, reader = sys.argv[1].split('|'), sys.argv[2].split('|')
child = subprocess.Popen(command, stdout=subprocess.PIPE)
child.stdout.readline()
os.kill(child.pid, signal.SIGSTOP)
print(os.waitpid(child.pid, os.WUNTRACED)[1] == 0x137f)
print(subprocess.run(reader + ['--pid', str(child.pid)], stdout=subprocess.DEVNULL).returncode)
print(os.waitpid(child.pid, os.WUNTRACED | os.WCONTINUED | os.WNOHANG))
child.kill()
`;
    const command = carrier(...filterFiles(allowing), 'read', '0').join('|');
    const seen = execute('python3', ['-c', script, command, `${process.execPath}|${COMMAND}|dump`]);
    assert.is(seen.stdout, 'True\n0\n(0, 0)\n', seen.stderr);
  });
  test.needs(root, 'in its own code, between calls', () =>
    carrying(carrier(...filterFiles(allowing, noRestart), 'spin', '0'), async (one) => {
      for (let i = 0; i < 50; i++) assert.equal(read(one.pid), expected);
      assert.match(statusOf(one.pid, 'State'), /^R/);
    }),
  );
  test.needs(root, 'whoever reads is killed, at any moment', () =>
    sleeping(
      'read',
      async (one) => {
        for (let i = 0; i < 12; i++) {
          const command = spawn(process.execPath, [COMMAND, 'dump', '--pid', String(one.pid)], { stdio: 'ignore' });
          const gone = new Promise((done) => command.on('close', done));
          await later(40 + 25 * i);
          command.kill('SIGKILL');
          await gone;
        }
        await until('the last reader', () => statusOf(one.pid, 'TracerPid') === '0');
        await asleep(one.pid);
        assert.equal(read(one.pid), expected);
      },
      0,
    ),
  );
  test.needs(root, 'a thread that nothing can stop is let go', () =>
    carrying(carrier(...filterFiles(allowing), 'vfork', '60000'), async (one) => {
      await until('vfork', () => statusOf(one.pid, 'State').startsWith('D'));
      const { status, stderr } = seccompc(['dump', '--pid', String(one.pid)]);
      assert.match(stderr, /error PROCESS_BUSY .* did not stop within 5 s.*state D/);
      assert.is(status, 3);
      assert.is(statusOf(one.pid, 'TracerPid'), '0');
      assert.match(statusOf(one.pid, 'State'), /^D/);
    }),
  );
});
