/**
 * `seccompc build --enforce --dry-run` as a person meets it: what it says is held against strace and against what the
 * programs count themselves, and whatever keeps calls from being seen must end in status 3.
 */
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from '../../test/suite.ts';
import { absent, must, run } from '../elf/tools.ts';
import { COMMAND, execute, later, type RunOptions, until } from '../processes/support.ts';
import { inFreshFolder, withoutLinux } from '../support.ts';

const HEADERS =
  'errno sched signal stdio stdlib string unistd pthread sys/prctl sys/socket sys/syscall sys/wait linux/filter linux/seccomp';

interface Made {
  readonly folder: string;
  readonly file: string;
  readonly profile: string;
  /** Of the program, behind --. */
  readonly dry: (args?: readonly string[], options?: DryOptions) => Ran;
}

interface DryOptions extends RunOptions {
  readonly flags?: readonly string[];
  /** What seccompc itself is started by. */
  readonly under?: readonly string[];
}

interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Report {
  readonly ok: boolean;
  readonly dryRun: {
    readonly status: number | null;
    readonly signal: string | null;
    readonly complete: boolean;
    readonly denied: readonly {
      readonly call: string | null;
      readonly nr: number;
      readonly abi: string | null;
      readonly action: string;
      readonly count: number;
      readonly first: readonly string[];
      readonly processes: readonly {
        readonly pid: number | null;
        readonly name: string | null;
        readonly count: number;
      }[];
    }[];
  };
  readonly diagnostics: readonly { readonly code: string; readonly severity: string; readonly line?: number }[];
}

const RULES: Readonly<Record<string, string>> = { socket: 'SCMP_ACT_ERRNO', getppid: 'SCMP_ACT_KILL_PROCESS' };

function profileText(rules: Readonly<Record<string, string>>, defaultAction = 'SCMP_ACT_ALLOW'): string {
  const syscalls = Object.entries(rules).map(([name, action]) => ({ names: name.split(' '), action }));
  return JSON.stringify({ defaultAction, syscalls }, undefined, 1);
}

/** A program of this C (whole functions), and a profile beside it. */
function withProgram(
  source: string,
  body: (made: Made) => void | Promise<void>,
  {
    flags = [],
    rules = RULES,
    gcc = 'gcc',
  }: { flags?: readonly string[]; rules?: Readonly<Record<string, string>>; gcc?: string } = {},
): Promise<void> {
  return inFreshFolder(async (folder) => {
    chmodSync(folder, 0o755);
    const [file, profile] = [join(folder, 'program'), join(folder, 'p.json')];
    const includes = HEADERS.split(' ')
      .map((name) => `#include <${name}.h>\n`)
      .join('');
    must([gcc, '-x', 'c', '-', '-o', file, '-pthread', ...flags], {
      input: `#define _GNU_SOURCE\n${includes}${source}`,
    });
    writeFileSync(profile, profileText(rules));
    await body({ folder, file, profile, dry: dryOf(file, profile) });
  });
}

const words = (file: string, profile: string, flags: readonly string[]): readonly string[] => [
  COMMAND,
  'build',
  profile,
  '--into',
  file,
  '--enforce',
  '--dry-run',
  ...flags,
];

function dryOf(file: string, profile: string): Made['dry'] {
  return (args = [], { flags = [], under = [], ...options } = {}) => {
    const [command, ...rest] = [...under, process.execPath, ...words(file, profile, flags), '--', ...args] as [
      string,
      ...string[],
    ];
    return execute(command, rest, options);
  };
}

const report = (ran: Ran): Report => JSON.parse(ran.stdout) as Report;
const counts = ({ dryRun }: Report) =>
  Object.fromEntries(dryRun.denied.map((d) => [d.call ?? `${d.abi} ${d.nr}`, d.count]));

function unseen(ran: Ran, why: RegExp): void {
  assert.is(ran.status, 3, ran.stderr);
  assert.match(ran.stderr, /error DRY_RUN_UNSEEN /);
  assert.match(ran.stderr, why);
  assert.not.match(ran.stderr, /nothing would have been denied/);
}

const SOCKETS = `int main(int argc, char **argv) {
  for (int i = 0; i < 3; i++) socket(AF_INET, SOCK_STREAM, 0);
  for (int i = 0; i < 2; i++) if (fork() == 0) { socket(AF_INET6, SOCK_DGRAM, 0); getppid(); _exit(0); } else wait(0);
  printf("%s %s\\n", argv[0], argv[argc - 1]); fprintf(stderr, "err\\n");
  return 7;
}`;
const QUIET = 'int main(void) { return 7; }';

suite('enforce/dry-run', (test) => {
  const here = () => withoutLinux('x64') ?? absent('gcc');
  test.needs(here, 'the rule for all that none names, put into the profile, leaves nothing denied', () =>
    withProgram(
      QUIET,
      ({ profile, dry }) => {
        const allowing = (names: string) => profileText({ [names]: 'SCMP_ACT_ALLOW' }, 'SCMP_ACT_ERRNO');
        writeFileSync(profile, allowing('exit_group'));
        const { status, stderr } = dry();
        assert.is(status, 1);
        const rule = /if they are all to be allowed:\n {4}(.*)\n/.exec(stderr)?.[1];
        assert.ok(rule, stderr);
        const { names } = JSON.parse(rule as string) as { names: readonly string[] };
        writeFileSync(profile, allowing(['exit_group', ...names].join(' ')));
        assert.is(dry().status, 0);
      },
      { flags: ['-static'] },
    ),
  );
  for (const flags of [['-static'], ['-static-pie', '-fPIE'], ['-pie', '-fPIE'], ['-no-pie']])
    test.needs(here, `gcc ${flags.join(' ')}: what would be denied is told, the program runs as without`, () =>
      withProgram(
        SOCKETS,
        ({ folder, file, dry }) => {
          const before = { bytes: readFileSync(file), stamp: statSync(file, { bigint: true }) };
          const ran = dry(['--json', 'x']);
          assert.is(ran.status, 1);
          assert.is(ran.stdout, `${file} x\n`, 'its own words');
          assert.match(ran.stderr, /^err$/m);
          assert.match(
            ran.stderr,
            /p\.json:\d+:\d+ error DRY_RUN_DENIED socket, call 41 of x86_64, would get ERRNO\(1 EPERM\): 5 times, by program \(\d+\), program \(\d+\), program \(\d+\)\n/,
          );
          assert.match(ran.stderr, /error DRY_RUN_DENIED getppid, call 110 of x86_64, would get KILL_PROCESS: 2 times/);
          assert.match(
            ran.stderr,
            /ended with status 7; nothing was written\n {2}7 calls would have been denied, of 2 kinds\n/,
          );
          const { mtimeNs, ctimeNs, ino } = statSync(file, { bigint: true });
          assert.equal([mtimeNs, ctimeNs, ino], [before.stamp.mtimeNs, before.stamp.ctimeNs, before.stamp.ino]);
          assert.ok(readFileSync(file).equals(before.bytes));
          assert.equal(readdirSync(folder).toSorted(), ['p.json', 'program']);
        },
        { flags },
      ),
    );
  test.needs(here, '--json: the same as data, and nothing but that on standard output', () =>
    withProgram(SOCKETS, ({ file, dry }) => {
      const ran = dry(['x'], { flags: ['--json'] });
      assert.match(ran.stderr, new RegExp(`^${file} x$`, 'm'));
      const data = report(ran);
      assert.equal(
        [ran.status, data.ok, data.dryRun.status, data.dryRun.signal, data.dryRun.complete],
        [1, false, 7, null, true],
      );
      assert.equal(counts(data), { socket: 5, getppid: 2 });
      const [first] = data.dryRun.denied;
      assert.equal(
        [first?.abi, first?.nr, first?.action, first?.first.slice(0, 2)],
        ['x86_64', 41, 'ERRNO(1 EPERM)', ['0x2', '0x1']],
      );
      assert.equal(
        first?.processes.map((p) => [p.name, p.count]),
        [
          ['program', 3],
          ['program', 1],
          ['program', 1],
        ],
      );
      assert.equal(
        data.diagnostics.map((d) => d.code),
        ['DRY_RUN_DENIED', 'DRY_RUN_DENIED'],
      );
      assert.ok(
        data.diagnostics.every((d) => (d.line ?? 0) > 1),
        'each at its rule',
      );
    }),
  );
  test.needs(here, 'nothing denied: status 0, whatever the status of the program', () =>
    withProgram(QUIET, ({ dry }) => {
      const ran = dry();
      assert.is(ran.status, 0, ran.stderr);
      assert.match(
        ran.stderr,
        /status 7; nothing was written\n {2}nothing would have been denied: each of its calls was seen\n$/,
      );
      assert.equal(report(dry([], { flags: ['--json'] })).dryRun, {
        status: 7,
        signal: null,
        endedOnRequest: false,
        complete: true,
        denied: [],
      });
    }),
  );
  test.needs(here, 'a program that dies is told of by its signal', () =>
    withProgram('int main(void) { socket(AF_INET, SOCK_STREAM, 0); abort(); }', ({ dry }) => {
      const data = report(dry([], { flags: ['--json'] }));
      assert.equal([data.dryRun.status, data.dryRun.signal, counts(data)], [null, 'SIGABRT', { socket: 1 }]);
    }),
  );
  test.needs(here, "a loader's calls come before the filter, and are not told; the same calls by the program are", () =>
    withProgram(
      'int main(void) { return fopen("/dev/null", "r") == NULL; }',
      ({ dry }) => {
        const data = report(dry([], { flags: ['--json'] }));
        assert.equal(counts(data), { openat: 1 });
      },
      { rules: { 'openat open': 'SCMP_ACT_ERRNO', 'mprotect pread64': 'SCMP_ACT_KILL' } },
    ),
  );
  test.needs(
    () => here() ?? absent('strace'),
    'as many as strace counts behind the same start, with all that it starts',
    () =>
      inFreshFolder((folder) => {
        const [shell, profile, log] = [join(folder, 'bash'), join(folder, 'p.json'), join(folder, 'log')];
        copyFileSync('/bin/bash', shell);
        const calls = [
          'newfstatat',
          'openat',
          'clone',
          'execve',
          'getdents64',
          'ioctl',
          'prlimit64',
          'rt_sigaction',
          'wait4',
          'dup2',
          'pipe2',
        ];
        writeFileSync(profile, profileText({ [calls.join(' ')]: 'SCMP_ACT_ERRNO' }));
        const script = ['-c', 'ls / >/dev/null; for i in 1 2 3; do /bin/true | cat; done; exec /bin/echo done'];
        const ran = dryOf(shell, profile)(script, { flags: ['--json'] });
        const watched = counts(report(ran));

        writeFileSync(join(folder, 'open.json'), profileText({}));
        must([process.execPath, COMMAND, 'build', join(folder, 'open.json'), '--into', shell, '--enforce']);
        must(['strace', '-f', '-qq', '-e', 'signal=none', '-o', log, shell, ...script]);
        const lines = readFileSync(log, 'utf8').split('\n');
        const behind = lines.slice(lines.findIndex((line) => / seccomp\(/.test(line)) + 1);
        const counted = new Map<string, number>();
        for (const line of behind) {
          const name = /^\d+ +(\w+)\(/.exec(line)?.[1] ?? '';
          if (calls.includes(name)) counted.set(name, (counted.get(name) ?? 0) + 1);
        }
        assert.equal(Object.entries(watched).toSorted(), [...counted].toSorted());
        assert.ok(Object.values(watched).reduce((sum, n) => sum + n, 0) > 100);
      }),
  );
  test.needs(here, 'threads, processes without a parent, and what is executed: none is missed', () =>
    withProgram(
      `static void *thread(void *x) { for (int i = 0; i < 100; i++) syscall(SYS_getppid); return x; }
       int main(int argc, char **argv) {
         if (argc > 1) { getppid(); return 0; }
         pthread_t t[8];
         for (int i = 0; i < 8; i++) pthread_create(&t[i], 0, thread, 0);
         for (int i = 0; i < 8; i++) pthread_join(t[i], 0);
         for (int i = 0; i < 10; i++) if (fork() == 0) {
           setsid();
           if (fork() == 0) { usleep(200000); execl("/proc/self/exe", "again", "x", (char *)0); _exit(1); }
           _exit(0);
         }
         return 0;
       }`,
      ({ dry }) => {
        const ran = dry([], { flags: ['--json'] });
        const [only] = report(ran).dryRun.denied;
        assert.equal([only?.call, only?.count, only?.processes.length], ['getppid', 8 * 100 + 10, 11], ran.stderr);
        assert.is(report(ran).dryRun.complete, true);
      },
    ),
  );
  test.needs(here, 'a service that goes into the background is watched on, until somebody ends it', () =>
    withProgram(
      `int main(void) { if (fork() == 0) { setsid(); getppid(); printf("%d\\n", getpid()); fflush(stdout); for (;;) pause(); } return 0; }`,
      async ({ file, profile }) => {
        const child = spawn(process.execPath, words(file, profile, []), { stdio: ['ignore', 'pipe', 'pipe'] });
        let [out, errors] = ['', ''];
        child.stdout.on('data', (chunk) => (out += chunk));
        child.stderr.on('data', (chunk) => (errors += chunk));
        const ended = new Promise((done) => child.on('close', done));
        await until('what it left behind', () => /runs on and is watched/.test(errors) && out.endsWith('\n'));
        const left = Number(out);
        process.kill(left, 0);
        child.kill('SIGINT');
        assert.is(await ended, 1, errors);
        assert.match(errors, /getppid, call 110 of x86_64, would get KILL_PROCESS: once/);
        assert.match(errors, /watched until it was ended on request/);
        await until('its end', () => run(['kill', '-0', String(left)]).status !== 0);
      },
    ),
  );
  test.needs(here, 'signals reach the program, and it has the last word', () =>
    withProgram(
      `static void end(int s) { socket(AF_INET, SOCK_STREAM, 0); _exit(40 + s); }
       int main(void) { signal(SIGTERM, end); printf("up\\n"); fflush(stdout); for (;;) pause(); }`,
      async ({ file, profile }) => {
        const child = spawn(process.execPath, words(file, profile, []), { stdio: ['ignore', 'pipe', 'pipe'] });
        let [out, errors] = ['', ''];
        child.stdout.on('data', (chunk) => (out += chunk));
        child.stderr.on('data', (chunk) => (errors += chunk));
        const ended = new Promise((done) => child.on('close', done));
        await until('the program', () => out === 'up\n');
        await later(50);
        child.kill('SIGTERM');
        assert.is(await ended, 1, errors);
        assert.match(errors, /ended with status 55; nothing was written/);
      },
    ),
  );
  test.needs(
    () => here() ?? (process.getuid?.() === 0 ? undefined : 'needs root'),
    'nobody in particular may do it, also where nothing can be written',
    () =>
      withProgram(SOCKETS, ({ dry }) => {
        const ran = dry(['x'], { uid: 65534, flags: ['--json'] });
        assert.is(ran.status, 1, ran.stderr);
        assert.equal(counts(report(ran)), { socket: 5, getppid: 2 });
        assert.match(dry(['x'], { uid: 65534 }).stderr, /nothing can be written beside the program; it runs as /);
      }),
  );
  test.needs(here, 'what the program needs to start is told as well', () =>
    withProgram(
      QUIET,
      ({ dry }) => {
        const ran = dry([]);
        assert.is(ran.status, 1);
        assert.match(ran.stderr, /warning ENFORCE_START arch_prctl .*\n/);
        assert.match(ran.stderr, /error DRY_RUN_DENIED arch_prctl, call 158 of x86_64/);
      },
      { flags: ['-static'], rules: { arch_prctl: 'SCMP_ACT_KILL_PROCESS' } },
    ),
  );

  // What keeps calls from being seen.
  const hidden: readonly {
    readonly name: string;
    readonly source: string;
    readonly why: RegExp;
    readonly everyCall?: true;
  }[] = [
    {
      name: 'clone with CLONE_UNTRACED',
      source:
        'int main(void) { if (syscall(SYS_clone, CLONE_UNTRACED | SIGCHLD, 0, 0, 0, 0) == 0) _exit(0); wait(0); return 0; }',
      why: /program \(process \d+\) starts a process with CLONE_UNTRACED/,
    },
    {
      name: 'clone3 with CLONE_UNTRACED',
      source:
        'int main(void) { unsigned long long a[11] = { CLONE_UNTRACED, 0, 0, 0, SIGCHLD }; if (syscall(SYS_clone3, a, sizeof a) == 0) _exit(0); wait(0); return 0; }',
      why: /starts a process with CLONE_UNTRACED/,
    },
    { name: 'ptrace', source: 'int main(void) { return syscall(SYS_ptrace, 0, 0, 0, 0) == 0; }', why: /calls ptrace/ },
    {
      name: 'a filter of its own',
      source: `int main(void) { struct sock_filter f[] = {{ 6, 0, 0, 0x7fff0000 }}; struct sock_fprog p = { 1, f };
        return syscall(SYS_seccomp, 1, 0, &p) != 0; }`,
      why: /installs a filter of its own.*--every-call/,
      everyCall: true,
    },
    {
      name: 'a filter of its own, by prctl',
      source: `int main(void) { struct sock_filter f[] = {{ 6, 0, 0, 0x7fff0000 }}; struct sock_fprog p = { 1, f };
        return prctl(PR_SET_SECCOMP, 2, &p) != 0; }`,
      why: /installs a filter of its own/,
      everyCall: true,
    },
  ];
  for (const { name, source, why, everyCall } of hidden)
    test.needs(here, `${name}: status 3`, () =>
      withProgram(source, ({ dry }) => {
        unseen(dry(), why);
        assert.is(report(dry([], { flags: ['--json'] })).dryRun.complete, false);
        const every = dry([], { flags: ['--every-call'] });
        if (everyCall) assert.is(every.status, 0, every.stderr);
        else unseen(every, why);
      }),
    );
  const FILTER = `struct sock_filter f[] = {{ 0x20, 0, 0, 0 }, { 0x15, 0, 1, SYS_getppid }, { 6, 0, 0, 0x50016 }, { 6, 0, 0, 0x7fff0000 }};
    struct sock_fprog p = { 4, f }; prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); syscall(SYS_seccomp, 1, 0, &p);`;
  const BEFORE = (body: string) => `static void before(int argc, char **argv) { ${body} }
    __attribute__((section(".preinit_array"), used)) static void (*first)(int, char **) = before;`;
  const forgotten: readonly { readonly name: string; readonly source: string }[] = [
    {
      name: 'a filter of its own, and then it executes itself',
      source: `int main(int argc, char **argv) { if (argc > 1) { getppid(); return 0; }
        ${FILTER} execl("/proc/self/exe", "again", "x", (char *)0); return 1; }`,
    },
    {
      name: 'a filter of its own, and the call by which the stub says that its filter is in force',
      source: `int main(void) { ${FILTER} syscall(SYS_seccomp, 0x1dec0de5, 0, 0); getppid(); return 0; }`,
    },
    {
      name: 'a filter that was there before the stub',
      source: `${BEFORE(FILTER)} int main(void) { getppid(); return 0; }`,
    },
  ];
  for (const { name, source } of forgotten)
    test.needs(here, `${name}: status 3, and --every-call sees what is denied`, () =>
      withProgram(source, ({ dry }) => {
        unseen(dry(), /installs a filter of its own/);
        assert.equal(counts(report(dry([], { flags: ['--json', '--every-call'] }))), { getppid: 1 });
      }),
    );
  test.needs(here, 'a copy of the program that starts before it does not stand for it', () =>
    withProgram(
      `${BEFORE(`if (argc > 1) return;
        if (fork() == 0) { execl("/proc/self/exe", "copy", "x", (char *)0); _exit(1); } wait(0);`)}
       int main(int argc, char **argv) { if (argc == 1) getppid(); return 0; }`,
      ({ dry }) => {
        for (const flags of [['--json'], ['--json', '--every-call']])
          assert.equal(counts(report(dry([], { flags }))), { getppid: 1 }, flags.join(' '));
      },
    ),
  );
  test.needs(here, 'calls of the vsyscall page, at which no tracer stops', () =>
    withProgram(
      `static void gone(int s) { getppid(); _exit(0); }
       int main(void) { signal(SIGSEGV, gone); return ((long (*)(long *))0xffffffffff600400)(0) == 0; }`,
      ({ dry }) => {
        for (const flags of [['--json'], ['--json', '--every-call']]) {
          const found = counts(report(dry([], { flags })));
          // A kernel without that page ends in the handler.
          assert.ok(found.getppid === 1 || found.time === 1, JSON.stringify(found));
        }
      },
      { rules: { 'time getppid': 'SCMP_ACT_ERRNO' } },
    ),
  );
  test.needs(here, 'a name that looks like the lines of /proc/PID/status', () =>
    withProgram(
      'int main(void) { prctl(PR_SET_NAME, "a\\rTgid:\\t1\\rPid"); getppid(); return getpid() == 1; }',
      ({ dry }) => {
        const [only] = report(dry([], { flags: ['--json'] })).dryRun.denied;
        const [process] = only?.processes ?? [];
        assert.is(process?.name, 'a\rTgid:\t1\rPid');
        assert.ok((process?.pid ?? 1) > 1);
      },
    ),
  );
  test.needs(here, 'what could not be seen does not hide what was', () =>
    withProgram(
      'int main(void) { socket(AF_INET, SOCK_STREAM, 0); syscall(SYS_ptrace, 0, 0, 0, 0); return 0; }',
      ({ dry }) => {
        const ran = dry();
        assert.is(ran.status, 1);
        assert.match(ran.stderr, /error DRY_RUN_DENIED socket[\s\S]*warning DRY_RUN_UNSEEN /);
      },
    ),
  );
  const FILTERED = `int main(void) {
    struct sock_filter f[] = {{ 0x20, 0, 0, 0 }, { 0x15, 0, 1, SYS_getppid }, { 6, 0, 0, 0x50016 }, { 6, 0, 0, 0x7fff0000 }};
    struct sock_fprog p = { 4, f }; syscall(SYS_seccomp, 1, 0, &p);
    for (int i = 0; i < 5; i++) getppid(); return 0; }`;
  test.needs(here, "calls that the program's own filter denies: not seen, and said so; seen by --every-call", () =>
    withProgram(FILTERED, ({ dry }) => {
      unseen(dry(), /installs a filter of its own/);
      assert.equal(counts(report(dry([], { flags: ['--json', '--every-call'] }))), { getppid: 5 });
    }),
  );
  test.needs(here, 'under a filter that is in force already, every call is stopped at: what that denies is seen', () =>
    withProgram('int main(void) { for (int i = 0; i < 5; i++) getppid(); return 0; }', ({ folder, dry }) => {
      writeFileSync(join(folder, 'outer.json'), profileText({ getppid: 'SCMP_ACT_ERRNO' }));
      const under = [process.execPath, COMMAND, 'run', join(folder, 'outer.json'), '--'];
      assert.equal(counts(report(dry([], { under, flags: ['--json'] }))), { getppid: 5 });
    }),
  );
  test.needs(
    () => here() ?? absent('strace'),
    'traced itself, it can trace nothing: status 3',
    () =>
      withProgram(QUIET, ({ dry }) =>
        unseen(dry([], { under: ['strace', '-f', '-o', '/dev/null'] }), /cannot be traced \(EPERM\)/),
      ),
  );
  test.needs(here, 'a filter in force that denies ptrace, or the filter itself: status 3', () =>
    withProgram(QUIET, ({ folder, dry }) => {
      const under = (call: string) => {
        writeFileSync(join(folder, 'outer.json'), profileText({ [call]: 'SCMP_ACT_ERRNO' }));
        return [process.execPath, COMMAND, 'run', join(folder, 'outer.json'), '--'];
      };
      unseen(dry([], { under: under('ptrace') }), /cannot be traced/);
      unseen(dry([], { under: under('seccomp') }), /the filter could not be installed/);
    }),
  );
  test.needs(here, 'a program that kills its tracer: status 3, and it does not live on', () =>
    withProgram(
      `int main(void) { char name[64]; int n; FILE *f = fopen("/proc/self/status", "r");
        char line[200]; while (fgets(line, sizeof line, f)) if (sscanf(line, "TracerPid: %d", &n) == 1) kill(n, SIGKILL);
        (void)name; sleep(20); return 0; }`,
      ({ dry }) => unseen(dry(), /the tracer was killed/),
    ),
  );
  test.needs(here, 'a program that cannot be started: status 3 and why', () =>
    withProgram(
      QUIET,
      ({ file, dry }) => {
        chmodSync(file, 0o644);
        unseen(dry(), /was not started: EACCES[\s\S]*chmod \+x/);
        chmodSync(file, 0o755);
        writeFileSync(
          file,
          Buffer.from(readFileSync(file).toString('latin1').replace('/lib64/ld-linux', '/lib64/no-linux'), 'latin1'),
        );
        unseen(dry(), /was not started: ENOENT[\s\S]*loader/);
      },
      { flags: ['-no-pie'] },
    ),
  );
  test.needs(
    () => here() ?? absent('aarch64-linux-gnu-gcc'),
    'a program of another machine: status 3',
    () =>
      withProgram(QUIET, ({ dry }) => unseen(dry(), /the program is for aarch64 and this machine is x86_64/), {
        flags: ['-static'],
        gcc: 'aarch64-linux-gnu-gcc',
      }),
  );
  test.needs(
    () => here() ?? (process.getuid?.() === 0 ? undefined : 'needs root') ?? absent('unshare'),
    'folders that run no programs: status 3',
    () =>
      withProgram(QUIET, ({ folder, file, profile }) => {
        const script = `mount -t tmpfs -o noexec none /var/tmp && mount --bind "${folder}" "${folder}" && mount -o remount,bind,noexec "${folder}" && exec "$@"`;
        const ran = execute('unshare', ['-m', 'sh', '-c', script, 'sh', process.execPath, ...words(file, profile, [])]);
        unseen(ran, /was not started: EACCES/);
      }),
  );
  test.needs(
    () => here() ?? (process.getuid?.() === 0 ? undefined : 'needs root') ?? absent('unshare'),
    'a /proc of another pid namespace: counted all the same, without names',
    () =>
      withProgram(SOCKETS, ({ file, profile }) => {
        const ran = spawnSync(
          'unshare',
          ['-p', '-f', process.execPath, ...words(file, profile, ['--json']), '--', 'x'],
          { encoding: 'utf8' },
        );
        const data = report(ran);
        assert.equal(counts(data), { socket: 5, getppid: 2 });
        assert.ok(
          data.dryRun.denied.every((d) => d.processes.every((p) => p.name === null)),
          ran.stdout,
        );
      }),
  );

  // biome-ignore format: a table
  const usage: readonly (readonly [string, readonly string[]])[] = [
    ['without --enforce', ['--into', 'FILE', '--dry-run']],
    ['without --into', ['--arch', 'x86_64', '--dry-run']],
    ['a program from a stream', ['--into', '-', '-o', 'x', '--enforce', '--dry-run']],
    ['a result that is a stream', ['--into', 'FILE', '-o', '-', '--enforce', '--dry-run']],
    ['arguments without it', ['--into', 'FILE', '--enforce', '--', 'x']],
    ['--every-call without it', ['--into', 'FILE', '--enforce', '--every-call']],
  ];
  for (const [name, args] of usage)
    test.needs(here, `usage: ${name}`, () =>
      withProgram(QUIET, ({ folder, file, profile }) => {
        const before = readFileSync(file);
        const ran = execute(
          process.execPath,
          [COMMAND, 'build', profile, ...args.map((word) => (word === 'FILE' ? file : word))],
          { cwd: folder, input: '' },
        );
        assert.is(ran.status, 2, ran.stderr);
        assert.match(ran.stderr, /error USAGE /);
        assert.ok(readFileSync(file).equals(before));
        assert.equal(readdirSync(folder).toSorted(), ['p.json', 'program']);
      }),
    );
  test.needs(here, 'with -o the program runs beside that name, and nothing is written there', () =>
    withProgram(
      'int main(void) { char path[4096] = ""; readlink("/proc/self/exe", path, sizeof path - 1); puts(path); return 0; }',
      ({ folder, dry }) => {
        mkdirSync(join(folder, 'out'));
        const ran = dry([], { flags: ['-o', join(folder, 'out', 'result')] });
        assert.match(ran.stdout, new RegExp(`^${join(folder, 'out')}/\\.seccompc-[0-9a-f]+\\.trial$`, 'm'));
        assert.equal(readdirSync(join(folder, 'out')), []);
      },
    ),
  );
});
