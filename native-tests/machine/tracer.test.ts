/**
 * The tracer on this kernel: the launcher brings filters that hand calls over, and what the tracer tells of them is held
 * against what the programs say of themselves. Records are decoded here by hand.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { launcherElf, tracerElf } from '../../src/machine/index.ts';
import { suite } from '../../test/suite.ts';
import { absent, cannotRun, fileOf, filterOf, freshPath, run } from './tools.ts';

const TRACE = 0x7ff00000;
const [GETPPID, UNAME] = [110, 63];

interface Wait {
  readonly tid: number;
  readonly status: number;
}
interface Call extends Wait {
  readonly op: number;
  readonly arch: number;
  readonly nr: number;
  readonly args: readonly bigint[];
  readonly word: bigint;
  readonly text: string;
}

interface Told {
  /** The first record. */
  readonly start: Wait;
  readonly waits: readonly Wait[];
  readonly calls: readonly Call[];
  /** The last record says that everything has ended. */
  readonly whole: boolean;
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function decode(bytes: Buffer): Pick<Told, 'start' | 'waits' | 'calls' | 'whole'> {
  const records: (Wait | Call)[] = [];
  for (let at = 0; at < bytes.length; ) {
    const [tid, status] = [bytes.readInt32LE(at), bytes.readUInt32LE(at + 4)];
    const isCall = (status & 0xff) === 0x7f && (status >>> 16 === 7 || status >>> 8 === 0x85);
    const size = isCall ? 2160 : 8;
    const info = at + 16;
    records.push(
      isCall
        ? {
            tid,
            status,
            op: bytes[info]!,
            arch: bytes.readUInt32LE(info + 4),
            nr: Number(bytes.readBigUInt64LE(info + 24)),
            args: [0, 1, 2, 3, 4, 5].map((i) => bytes.readBigUInt64LE(info + 32 + 8 * i)),
            word: bytes.readBigUInt64LE(at + 104),
            text: bytes.toString('latin1', at + 112, at + 112 + bytes.readInt32LE(at + 12)),
          }
        : { tid, status },
    );
    at += size;
  }
  const [start, ...rest] = records;
  const last = rest.at(-1);
  return {
    start: start!,
    waits: rest,
    calls: rest.filter((r): r is Call => 'nr' in r),
    whole: last?.tid === 0 && last.status === 0,
  };
}

const tracer = (every = false): string => fileOf(tracerElf({ arch: 'x86_64', tell: 3, every }));

/** `calls`: the numbers that are handed over. */
function traced(calls: readonly number[], command: readonly [string, ...string[]], every = false): Told {
  const filter = filterOf(new Map(calls.map((nr) => [nr, TRACE])));
  const launcher = fileOf(launcherElf({ arch: 'x86_64', program: filter, named: true }));
  // The launcher is what the tracer starts: PATH NAME, and then the launcher's own PATH NAME.
  const args = [launcher, 'launcher', command[0], ...command];
  const { output, status, stdout, stderr } = spawnSync(tracer(every), args, {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    timeout: 20_000,
    maxBuffer: 64 << 20,
  });
  const told = decode(Buffer.from(output[3] as unknown as Buffer));
  return { ...told, status, stdout: String(stdout), stderr: String(stderr) };
}

/** Compiled C, the body of main. */
function program(body: string, flags: readonly string[] = []): string {
  const [source, file] = [freshPath(), freshPath()];
  const headers = [
    'sched.h',
    'signal.h',
    'stdio.h',
    'unistd.h',
    'pthread.h',
    'sys/syscall.h',
    'sys/wait.h',
    'sys/utsname.h',
  ];
  writeFileSync(source, `#define _GNU_SOURCE\n${headers.map((h) => `#include <${h}>\n`).join('')}${body}`);
  const made = run('gcc', ['-x', 'c', source, '-o', file, '-pthread', ...flags]);
  assert.is(made.status, 0, made.stderr);
  return file;
}

const endsOf = ({ waits }: Told, tid: number): readonly number[] =>
  waits.filter((w) => w.tid === tid && (w.status & 0xff) !== 0x7f).map((w) => w.status);

suite('native/machine/tracer', (test) => {
  const here = cannotRun('x64');
  const gcc = here ?? absent('gcc');

  test.needs(here, 'the status is told, streams and arguments are those of the program, the descriptor is not', () => {
    const told = traced(
      [],
      ['/bin/sh', '-c', 'echo $0 "$@"; echo err >&2; test ! -e /proc/self/fd/3 || echo open; exit 5', 'a b', 'c'],
    );
    assert.equal([told.stdout, told.stderr], ['a b c\n', 'err\n']);
    assert.equal(endsOf(told, told.start.tid), [5 << 8]);
    assert.ok(told.whole);
    assert.is(told.status, 0, 'of the tracer');
    assert.is(traced([], ['/bin/sh', '-c', 'grep -c . /dev/null; exit 0']).calls.length, 0);
  });
  test.needs(here, 'signal masks and dispositions are those of before, and nothing but the tracer is new', () => {
    const fields = '^(SigBlk|SigIgn|Seccomp|NoNewPrivs):';
    const { stdout } = traced([], ['/bin/grep', '-E', fields, '/proc/self/status']);
    const none = '0000000000000000';
    assert.is(stdout, `SigBlk:\t${none}\nSigIgn:\t${none}\nNoNewPrivs:\t1\nSeccomp:\t2\n`);
  });
  test.needs(here, "the working folder is the program's", () => {
    assert.is(traced([], ['/bin/pwd']).stdout, `${process.cwd()}\n`);
  });
  test.needs(gcc, 'each call is told with its arguments, and made', () => {
    const told = traced(
      [GETPPID, UNAME],
      [
        program(
          'int main(){ struct utsname u; int n = 0; for (int i = 0; i < 1000; i++) n += syscall(SYS_getppid, i, -1L, 3) > 1; n += uname(&u) == 0; printf("%d %s\\n", n, u.sysname); }',
        ),
      ],
    );
    assert.is(told.stdout, '1001 Linux\n');
    const calls = told.calls.filter((c) => c.nr === GETPPID);
    assert.is(calls.length, 1000);
    assert.equal(
      calls.map((c) => Number(c.args[0])),
      Array.from({ length: 1000 }, (_, i) => i),
    );
    const [first] = calls;
    assert.equal([first?.op, first?.arch, first?.args[1], first?.args[2]], [3, 0xc000003e, 0xffff_ffff_ffff_ffffn, 3n]);
    assert.match(
      first?.text ?? '',
      new RegExp(`^Name:\\t.*\\n[\\s\\S]*\\nTgid:\\t${told.start.tid}\\n[\\s\\S]*\\nPid:\\t${told.start.tid}\\n`),
    );
    assert.is(told.calls.filter((c) => c.nr === UNAME).length, 1);
  });
  test.needs(gcc, 'the word that the first argument points to', () => {
    const body =
      'int main(){ unsigned long word = 0x1122334455667788; syscall(SYS_getppid, &word); syscall(SYS_getppid, 1L); }';
    assert.equal(
      traced([GETPPID], [program(body)]).calls.map((c) => c.word),
      [0x1122334455667788n, 0n],
    );
  });
  test.needs(gcc, 'children, grandchildren that nobody waits for, threads, what they execute: none is missed', () => {
    const body = `
      static void *thread(void *x) { for (int i = 0; i < 50; i++) getppid(); return x; }
      int main(int argc, char **argv) {
        if (argc > 1) { getppid(); return 0; }
        pthread_t t[4];
        for (int i = 0; i < 4; i++) pthread_create(&t[i], 0, thread, 0);
        for (int i = 0; i < 4; i++) pthread_join(t[i], 0);
        for (int i = 0; i < 20; i++) if (fork() == 0) {
          setsid();
          if (fork() == 0) { usleep(100000); execl("/proc/self/exe", "again", "x", (char *)0); _exit(1); }
          getppid();
          _exit(0);
        }
        if (vfork() == 0) { execl("/proc/self/exe", "again", "x", (char *)0); _exit(1); }
        return 3;
      }`;
    const told = traced([GETPPID], [program(body)]);
    assert.is(told.calls.length, 4 * 50 + 20 + 20 + 1);
    assert.equal(endsOf(told, told.start.tid), [3 << 8]);
    assert.ok(told.whole);
    const born = told.waits.filter((w) => w.status === 0x80057f).map((w) => w.tid);
    assert.is(born.length, 4 + 20 + 20 + 1);
    for (const tid of born) assert.is(endsOf(told, tid).length, 1, `of ${tid}`);
  });
  test.needs(gcc, 'signals arrive, once, and interrupt as they do', () => {
    const body = `
      static volatile int n; static void count(int s) { (void)s; n++; }
      int main(){ struct sigaction a = { .sa_handler = count }; sigaction(SIGUSR1, &a, 0);
        for (int i = 0; i < 200; i++) { kill(getpid(), SIGUSR1); getppid(); }
        printf("%d\\n", n); fflush(stdout); raise(SIGTERM); return 1; }`;
    const told = traced([GETPPID], [program(body)]);
    assert.is(told.stdout, '200\n');
    assert.equal([told.calls.length, endsOf(told, told.start.tid)], [200, [15]]);
  });
  test.needs(gcc, 'stopped and woken as without a tracer', () => {
    const body = `
      int main(){ int s; pid_t p = fork(); if (p == 0) { raise(SIGSTOP); getppid(); return 4; }
        waitpid(p, &s, WUNTRACED); printf("%d ", WIFSTOPPED(s) && WSTOPSIG(s) == SIGSTOP);
        usleep(50000); printf("%d ", waitpid(p, &s, WNOHANG) == 0); kill(p, SIGCONT);
        waitpid(p, &s, 0); printf("%d\\n", WEXITSTATUS(s)); return 0; }`;
    const told = traced([GETPPID], [program(body)]);
    assert.equal([told.stdout, told.calls.length], ['1 1 4\n', 1]);
    assert.ok(
      told.waits.some((w) => w.status === 0x80137f),
      'a stop of the group',
    );
  });
  test.needs(here, 'a program that cannot be executed: the errno as status, and no exec', () => {
    for (const [path, errno] of [
      ['/nowhere', 2],
      ['/etc/passwd', 13],
      [fileOf('no program'), 8],
    ] as const) {
      const { output } = spawnSync(tracer(), [path, 'name'], { stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
      const told = decode(Buffer.from(output[3] as unknown as Buffer));
      const ended = told.waits.filter((w) => w.tid === told.start.tid);
      assert.equal([ended.map((w) => w.status), told.whole], [[errno << 8], true], path);
    }
  });
  test.needs(here ?? absent('strace'), 'traced itself, it can trace nothing: an errno in place of a process', () => {
    const { output } = spawnSync('strace', ['-f', '-o', '/dev/null', tracer(), '/bin/true', 'true'], {
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    });
    assert.equal(decode(Buffer.from(output[3] as unknown as Buffer)).start, { tid: -1, status: 0 });
  });
  test.needs(gcc, 'stopping at every call, it sees also what another filter denies', () => {
    const file = program('int main(){ for (int i = 0; i < 10; i++) syscall(SYS_getppid, i); return 0; }');
    const denied = fileOf(launcherElf({ arch: 'x86_64', program: filterOf(new Map([[GETPPID, 0x50001]])) }));
    const every = traced([GETPPID], [denied, file], true).calls.filter((c) => c.nr === GETPPID);
    assert.equal(
      every.map((c) => [c.op, Number(c.args[0])]),
      Array.from({ length: 10 }, (_, i) => [1, i]),
    );
    assert.is(traced([GETPPID], [denied, file]).calls.filter((c) => c.nr === GETPPID).length, 0);
  });

  for (const [who, victim] of [
    ['the tracer', (pid: number) => pid],
    ['who started it', () => undefined],
  ] as const)
    test.needs(here, `${who} is killed: nothing runs on unseen`, async () => {
      const marker = freshPath();
      const script = `echo $$ > ${marker}; exec sleep 30`;
      const args = ['/bin/sh', 'sh', '-c', script];
      // In between stands a process that can be killed.
      const code = `require('child_process').spawn(process.argv[1], process.argv.slice(2), { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] }).on('spawn', function () { console.log(this.pid); })`;
      const outer = spawn(process.execPath, ['-e', code, tracer(), ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
      const [line] = await once(outer.stdout, 'data');
      const until = async (isSo: () => boolean) => {
        for (let i = 0; i < 500 && !isSo(); i++) await new Promise((done) => setTimeout(done, 10));
        assert.ok(isSo());
      };
      await until(() => existsSync(marker) && readFileSync(marker, 'utf8').endsWith('\n'));
      const pid = readFileSync(marker, 'utf8').trim();
      process.kill(victim(Number(line)) ?? (outer.pid as number), 'SIGKILL');
      const state = () =>
        existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.[0] : 'gone';
      await until(() => ['gone', 'Z', 'X'].includes(state() ?? 'gone'));
      outer.kill('SIGKILL');
    });
});
