/** `seccompc run` as whoever starts it sees it: status, signals, job control, streams, and what it says itself. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as assert from 'uvu/assert';
import { suite } from '../../test/suite.ts';
import { absent, cannotRun, fileOf, freshPath } from '../machine/tools.ts';
import {
  COMMAND,
  execute,
  inTerminal,
  later,
  PROMPT,
  profileOf,
  type RunOptions,
  type Step,
  seccompc,
  statusOf,
  until,
} from './support.ts';

const here = cannotRun(process.arch === 'arm64' ? 'arm64' : 'x64');
const root = here ?? (process.getuid?.() === 0 ? undefined : 'needs root');
const python = here ?? absent('python3');

const open = profileOf({ uname: 'SCMP_ACT_ERRNO', mount: 'SCMP_ACT_KILL_PROCESS' });
const run = (command: readonly string[], options: RunOptions = {}, profile = open) =>
  seccompc(['run', profile, '--', ...command], options);
const sh = (script: string, options: RunOptions = {}) => run(['/bin/bash', '-c', script], options);

/** Own failures: the status, one diagnostic with this code, nothing ran. */
function failed(args: readonly string[], status: number, code: string): void {
  const ran = seccompc(['run', ...args]);
  assert.match(ran.stderr, new RegExp(`error ${code} `));
  assert.equal([ran.status, ran.stdout], [status, ''], ran.stderr);
}

/** Starts it, waits until the command says so, and gives its process, the command's, and what came out at the end. */
async function started(script: string, act: (own: number, command: number) => Promise<void>) {
  const child = spawn(process.execPath, [COMMAND, 'run', open, '--', '/bin/bash', '-c', `echo $$; ${script}`], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let errors = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  const ended = new Promise<readonly [number | null, NodeJS.Signals | null]>((done) => {
    child.on('close', (status, signal) => done([status, signal]));
  });
  await until('the command', () => out.includes('\n'));
  await act(child.pid as number, Number.parseInt(out, 10));
  const [status, signal] = await ended;
  return { status, signal, stdout: out.slice(out.indexOf('\n') + 1), stderr: errors };
}

suite('native/processes/run', (test) => {
  test.needs(here, 'the command is confined, and only by the profile', () => {
    const { stdout } = run(['grep', '-E', '^(NoNewPrivs|Seccomp|Seccomp_filters|SigBlk|SigIgn):', '/proc/self/status']);
    const none = '0000000000000000';
    assert.is(stdout, `SigBlk:\t${none}\nSigIgn:\t${none}\nNoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t1\n`);
    assert.match(run(['uname']).stderr, /Operation not permitted/);
  });
  test.needs(here, "arguments, name, environment, working folder and streams are the command's", () => {
    assert.is(run(['echo', 'a b', '', '-n', '--json', '-1', '--']).stdout, 'a b  -n --json -1 --\n');
    assert.is(run(['bash', '-c', 'echo $0']).stdout, 'bash\n');
    assert.is(sh('echo $ONE; pwd', { env: { ONE: '1' }, cwd: '/' }).stdout, '1\n/\n');
    assert.is(run(['cat'], { input: 'in\n' }).stdout, 'in\n');
    assert.is(sh('echo err >&2').stderr, 'err\n');
    const descriptors = ['-c', 'ls /proc/self/fd'];
    // Of what this test inherited nothing comes through: 3 is the folder that ls reads.
    assert.is(run(['/bin/bash', ...descriptors]).stdout, '0\n1\n2\n3\n');
  });
  for (const status of [0, 1, 2, 3, 125, 126, 127, 255])
    test.needs(here, `status ${status}`, () => assert.is(sh(`exit ${status}`).status, status));
  // bash never dies of SIGQUIT.
  for (const signal of ['HUP', 'INT', 'QUIT', 'ILL', 'ABRT', 'KILL', 'USR1', 'SEGV', 'PIPE', 'ALRM', 'TERM', 'XFSZ'])
    test.needs(here ?? absent('perl'), `SIG${signal} ends it by the same signal`, () => {
      const ran = run(['perl', '-e', `kill '${signal}', $$; sleep 9`]);
      assert.equal([ran.status, ran.signal], [null, `SIG${signal}`], ran.stderr);
    });
  test.needs(here, 'a real-time signal too, which Node takes for status 0', () => {
    const script = `${process.execPath} ${COMMAND} run ${open} -- bash -c 'kill -40 $$'; echo $?`;
    assert.is(spawnSync('/bin/bash', ['-c', script], { encoding: 'utf8' }).stdout, '168\n');
  });

  test.needs(here, 'its own failures: 125, 126, 127', () => {
    failed([open], 125, 'USAGE');
    failed([open, '--frobnicate', '--', 'true'], 125, 'USAGE');
    failed([open, '--fd', '2', '--', 'true'], 125, 'USAGE');
    failed([open, '--fd', '777', '--', 'true'], 125, 'USAGE');
    failed(['/nowhere.json', '--', 'true'], 125, 'INPUT_UNREADABLE');
    failed([fileOf('{'), '--', 'true'], 125, 'JSON_SYNTAX');
    failed([open, '--arch', 's390x', '--', 'true'], 125, 'USAGE');
    failed([profileOf({}, { defaultAction: 'SCMP_ACT_ERRNO' }), '--', 'true'], 125, 'LAUNCHER_EXECVE');
    failed([profileOf({ execve: 'SCMP_ACT_KILL' }), '--', 'true'], 125, 'LAUNCHER_EXECVE');
    failed([profileOf({ mount: 'SCMP_ACT_NOTIFY' }), '--', 'true'], 125, 'NOTIFY_UNUSABLE');
    failed([open, '--', 'no-such-command'], 127, 'COMMAND_MISSING');
    failed([open, '--', '/nowhere/at/all'], 127, 'COMMAND_MISSING');
    failed([open, '--', '/etc/passwd'], 126, 'COMMAND_UNABLE');
    failed([open, '--', '/'], 126, 'COMMAND_UNABLE');
    // Found out by execve itself, so the launcher says it.
    const ran = run([fileOf('no program')]);
    assert.equal([ran.status, ran.stderr], [126, 'seccompc: cannot run the command; errno 8\n']);
  });
  test.needs(here, 'arguments longer than the system takes', () => {
    const script = `exec ${process.execPath} ${COMMAND} run ${open} -- true $(seq 350000)`;
    const ran = spawnSync('/bin/bash', ['-c', script], { encoding: 'utf8' });
    assert.is(ran.status, 126, ran.stderr.slice(0, 200));
  });
  test.needs(here, 'warnings about the profile come before; --quiet leaves them out', () => {
    const odd = profileOf({}, { syscalls: [{ names: ['no_such_call'], action: 'SCMP_ACT_ALLOW' }] });
    assert.match(run(['true'], {}, odd).stderr, /warning SYSCALL_UNKNOWN/);
    const quiet = seccompc(['run', '--quiet', odd, '--', 'true']);
    assert.equal([quiet.status, quiet.stderr], [0, '']);
  });
  test.needs(here, 'descriptors that are named are passed on', () => {
    const script = (fd: string) =>
      `exec ${process.execPath} ${COMMAND} run ${open} ${fd} -- bash -c 'cat <&5' 5<${fileOf('five')}`;
    assert.is(spawnSync('/bin/bash', ['-c', script('--fd 5')], { encoding: 'utf8' }).stdout, 'five');
    assert.is(spawnSync('/bin/bash', ['-c', script('')], { encoding: 'utf8' }).status, 1);
  });
  test.needs(here, 'no others are, whatever number they have', () => {
    const list = (opened: string, flags: string, files = 'ls /proc/self/fd') => {
      const script = `exec ${opened}; exec "$0" "$1" run ${flags} "$2" -- ${files}`;
      return execute('/bin/bash', ['-c', script, process.execPath, COMMAND, open]).stdout;
    };
    const own = list('3<&-', '');
    assert.is(list('17</etc/passwd 30</etc/passwd 200</etc/passwd', ''), own);
    const withOne = own.replace(/3\n$/, '3\n40\n');
    assert.is(list('17</etc/passwd 30</etc/passwd 40</etc/passwd 41</etc/passwd', '--fd 40'), withOne);
  });
  test.needs(here, 'nothing is left in the folder for temporary files', () => {
    const folder = freshPath();
    mkdirSync(folder);
    assert.is(run(['true'], { env: { TMPDIR: folder } }).status, 0);
    assert.equal(readdirSync(folder), []);
  });
  test.needs(root ?? absent('unshare'), 'a folder for temporary files that runs no programs', () => {
    const script = `mount -t tmpfs -o noexec none ${tmpdir()} && mount -t tmpfs -o noexec none /var/tmp && exec ${process.execPath} ${COMMAND} run "$0" -- echo ran`;
    // The profile lies in that folder: it comes by standard input.
    const inMount = (more: string) =>
      spawnSync('unshare', ['-m', 'bash', '-c', `${more}${script}`, '-'], {
        input: '{"defaultAction":"SCMP_ACT_ALLOW"}',
        encoding: 'utf8',
      });
    const command = COMMAND.startsWith(`${tmpdir()}/`) || process.execPath.startsWith(`${tmpdir()}/`);
    if (command) return;
    assert.is(inMount('').stdout, 'ran\n');
    const none = inMount('mount -t tmpfs -o noexec none /dev/shm; unset XDG_RUNTIME_DIR;');
    assert.equal([none.status, none.stdout], [125, '']);
    assert.match(none.stderr, /RUN_FAILED .*noexec/);
  });

  test.needs(root, 'killed by the filter: which call it was', () => {
    const ran = run(['mount', '-t', 'tmpfs', 'none', '/mnt']);
    assert.is(ran.signal, 'SIGSYS');
    assert.match(
      ran.stderr,
      /note COMMAND_KILLED the filter killed the command: mount, call \d+ of (x86_64|aarch64)\n/,
    );
    assert.is(seccompc(['run', '-q', open, '--', 'mount', '-t', 'tmpfs', 'none', '/mnt']).stderr, '');
  });
  test.needs(here, 'SIGSYS from elsewhere: it does not say that a filter killed it', () => {
    const ran = sh('kill -SYS $$');
    assert.is(ran.signal, 'SIGSYS');
    assert.match(ran.stderr, /note COMMAND_KILLED the command was killed by SIGSYS/);
  });

  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH', 'SIGALRM'] as const)
    test.needs(here, `${signal} to seccompc reaches the command once, without a terminal`, async () => {
      const name = signal.slice(3);
      const script = `trap 'n=$((n+1))' ${name}; for i in 1 2 3 4 5 6; do sleep 0.1; done; echo $n; exit 9`;
      const ran = await started(script, async (own) => {
        await later(100);
        process.kill(own, signal);
      });
      assert.equal([ran.stdout, ran.status, ran.signal], ['1\n', 9, null], ran.stderr);
    });
  test.needs(here, 'SIGTERM to a command that does not wait for it ends both by it', async () => {
    const ran = await started('sleep 20', async (own) => {
      process.kill(own, 'SIGTERM');
    });
    assert.equal([ran.status, ran.signal], [null, 'SIGTERM']);
  });
  test.needs(here, 'stopped with the command, woken with it', async () => {
    const ran = await started('sleep 0.1; kill -STOP $$; echo woken', async (own, command) => {
      await until('the stop', () => statusOf(own, 'State').startsWith('T'));
      assert.match(statusOf(command, 'State'), /^T/);
      process.kill(own, 'SIGCONT');
    });
    assert.equal([ran.stdout, ran.status], ['woken\n', 0]);
  });
  test.needs(here, 'its supervisor killed: 125, and a word about the command', async () => {
    const ran = await started('sleep 1', async (_, command) => {
      process.kill(Number(statusOf(command, 'PPid')), 'SIGKILL');
    });
    assert.is(ran.status, 125);
    assert.match(ran.stderr, /RUN_FAILED .*supervisor was killed; the command may run on as process \d+/);
  });

  const job = (command: string) => `${process.execPath} ${COMMAND} run ${open} -- ${command}\n`;
  const asked: Step = ['echo s""tatus $?\n', `status \\d+\r\n${PROMPT}`];
  const statuses = (seen: readonly string[]) => seen.flatMap((text) => /^status (\d+)/m.exec(text)?.[1] ?? []);
  test.needs(python ?? absent('perl'), 'in a terminal: Ctrl-C, Ctrl-\\, Ctrl-Z, fg', () => {
    const waiting = job(`perl -e '$| = 1; print "u", "p\\n"; sleep 30'`);
    const seen = inTerminal([
      [waiting, 'up'],
      ['\x03', PROMPT],
      asked,
      [waiting, 'up'],
      ['\x1c', `Quit.*\r\n${PROMPT}`],
      asked,
      [job(`bash -c 'echo up; sleep 1; echo do""ne; exit 5'`), 'up'],
      ['\x1a', `Stopped.*\r\n${PROMPT}`],
      ['jobs\n', `Stopped .*seccompc.*\r\n${PROMPT}`],
      ['fg\n', `done\r\n${PROMPT}`],
      asked,
    ]);
    assert.equal(statuses(seen), ['130', '131', '5']);
  });
  test.needs(python, 'in a terminal: Ctrl-C arrives once', () => {
    const script = `bash -c 'trap "echo go""t" INT; echo up; sleep 1; sleep 1; echo en""d'`;
    const seen = inTerminal([
      [job(script), 'up'],
      ['\x03', `end\r\n${PROMPT}`],
    ]);
    assert.is(seen[1]?.match(/got/g)?.length, 1, seen[1]);
  });
  test.needs(python, 'in a terminal: reading in the background stops it', () => {
    const seen = inTerminal([
      [`${job('head -1').trim()} &\n`, PROMPT],
      ['until jobs | grep -q Stopp""ed; do sleep 0.1; done\n', PROMPT],
      ['jobs\n', `Stopped .*seccompc.*\r\n${PROMPT}`],
      ['fg\n', 'head -1\r\n'],
      ['li""ne\n', `li""ne\r\n${PROMPT}`],
      asked,
    ]);
    assert.equal(statuses(seen), ['0']);
  });
  test.needs(python, 'in a terminal: a shell inside has job control of its own', () => {
    const seen = inTerminal([
      [job('env PS1=in: bash --norc --noediting -i'), 'in:$'],
      // It tells that it goes on: a shell names a job before it hands the terminal over.
      [`bash -c 'trap "echo wo""ken" CONT; echo up; for i in {1..300}; do sleep 0.1; done'\n`, '^up\r\n'],
      ['\x1a', 'Stopped.*\r\nin:$'],
      ['fg\n', 'woken'],
      ['\x03', 'in:$'],
      ['exit 7\n', PROMPT],
      asked,
    ]);
    assert.equal(statuses(seen), ['7']);
  });
});
