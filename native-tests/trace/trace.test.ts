/** seccompc trace, judged by strace itself, by the shell's statuses and by what is left on the disk. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from '../../test/suite.ts';
import { inFreshFolder, withoutLinux, withoutTool } from '../support.ts';

const COMMAND = resolve('dist/seccompc.mjs');
const PROFILE = `{"defaultAction":"SCMP_ACT_ALLOW","architectures":["${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}"],
 "syscalls":[{"names":["getdents64"],"action":"SCMP_ACT_ERRNO"}]}`;

function withoutTracing(): string | undefined {
  const missing = withoutLinux() ?? withoutTool('strace') ?? withoutTool('mkfifo');
  if (missing !== undefined) return missing;
  return spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0 ? undefined : 'strace may not trace here';
}

interface Ran {
  readonly status: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

const environment = (more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv => {
  const { NODE_OPTIONS: _, NO_COLOR: __, FORCE_COLOR: ___, ...env } = process.env;
  return { ...env, ...more };
};

function traced(folder: string, args: readonly string[], env?: Readonly<Record<string, string>>, input = ''): Ran {
  const options = { cwd: folder, env: environment(env), input, encoding: 'utf8', timeout: 120_000 } as const;
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [COMMAND, 'trace', ...args], options);
  return { status, signal, stdout, stderr };
}

/** In a folder with the profile p.json. */
const inFolder = (body: (folder: string) => void | Promise<void>) =>
  inFreshFolder(async (folder) => {
    writeFileSync(join(folder, 'p.json'), PROFILE);
    const before = readdirSync('/tmp').filter((name) => name.startsWith('seccompc-trace-'));
    await body(folder);
    const after = readdirSync('/tmp').filter((name) => name.startsWith('seccompc-trace-'));
    assert.equal(
      after.filter((name) => !before.includes(name)),
      [],
      'a FIFO was left behind',
    );
  });

/** Names of the calls in a file of strace's, by lines. */
const namesIn = (path: string): readonly string[] =>
  readFileSync(path, 'latin1')
    .split('\n')
    .flatMap((line) => (/ resumed>/.test(line) ? [] : (/(?:^|[\] ])([a-z_0-9]+)\(/.exec(line)?.[1] ?? [])));

const sh = (script: string): readonly string[] => ['--', 'sh', '-c', script];

interface Row {
  readonly name: string;
  readonly args: readonly string[];
  readonly status: number | NodeJS.Signals;
  readonly says?: readonly (string | RegExp)[];
  readonly stdout?: string;
}

const rows: readonly Row[] = [
  { name: 'nothing denied', args: ['p.json', '--', 'true'], status: 0, says: [/denied +0/] },
  {
    name: 'a denial, told at once and in the report',
    args: ['p.json', ...sh('ls > /dev/null')],
    status: 1,
    says: [/^seccompc: \w+ getdents64\(…\) would get ERRNO\(1 EPERM\)/, 'REPLAY_DENIED', 'p.json:2:'],
  },
  { name: 'as many denials as may be', args: ['p.json', '--max-denials', '100', ...sh('ls > /dev/null')], status: 0 },
  { name: "the command's status comes first", args: ['p.json', ...sh('ls > /dev/null; exit 7')], status: 7 },
  { name: 'its output is its own', args: ['-q', 'p.json', ...sh('echo out')], status: 0, stdout: 'out\n' },
  {
    name: 'every descriptor closed',
    args: ['p.json', ...sh('exec <&- >&- 2>&-; ls; exit 5')],
    status: 5,
    says: ['REPLAY_DENIED', 'the command ended with status 5'],
  },
  { name: 'killed', args: ['p.json', ...sh('kill -KILL $$')], status: 'SIGKILL', says: ['was ended by SIGKILL'] },
  { name: 'ended by SIGSYS', args: ['p.json', ...sh('kill -SYS $$')], status: 'SIGSYS', says: ['was ended by SIGSYS'] },
  { name: 'a missing command', args: ['p.json', '--', 'no-such-command'], status: 127, says: ['COMMAND_MISSING'] },
  { name: 'a folder', args: ['p.json', '--', '/tmp'], status: 126, says: ['COMMAND_UNABLE'] },
  { name: 'a program that is none', args: ['p.json', '--', './none'], status: 126, says: ['COMMAND_UNABLE'] },
  { name: 'no command', args: ['p.json'], status: 125, says: ['USAGE'] },
  { name: 'nothing behind --', args: ['p.json', '--'], status: 125, says: ['USAGE'] },
  { name: 'two profiles', args: ['p.json', 'p.json', '--', 'true'], status: 125, says: ['USAGE'] },
  { name: 'a profile that is not there', args: ['q.json', '--', 'true'], status: 125, says: ['INPUT_UNREADABLE'] },
  { name: 'a report of nothing', args: ['--report', 'r', '--', 'true'], status: 125, says: ['USAGE'] },
  {
    name: 'the recording over the profile',
    args: ['-o', 'p.json', 'p.json', '--', 'true'],
    status: 125,
    says: ['USAGE'],
  },
  { name: 'into a folder', args: ['-o', '/tmp', '--', 'true'], status: 125, says: ['OUTPUT_UNWRITABLE'] },
  {
    name: 'a report without a place: said before the command runs',
    args: ['--report', 'no/r', 'p.json', ...sh('echo ran')],
    status: 125,
    stdout: '',
    says: ['OUTPUT_UNWRITABLE'],
  },
  {
    name: 'what a kernel lacks is listed',
    args: ['p.json', '--kernel', '2.4', '--', 'true'],
    status: 0,
    says: ['REPLAY_LACKING'],
  },
  { name: 'into standard output', args: ['-o', '-', '--', 'true'], status: 125, says: ['USAGE'] },
  {
    name: 'into a full disk: the command runs to its end',
    args: ['-o', '/dev/full', ...sh('echo ran')],
    status: 125,
    stdout: 'ran\n',
    says: ['could not be written to its end (ENOSPC)'],
  },
];

suite('native/trace', (test) => {
  for (const { name, args, status, says = [], stdout } of rows) {
    test.needs(withoutTracing, name, () =>
      inFolder((folder) => {
        writeFileSync(join(folder, 'none'), 'echo no\n', { mode: 0o755 });
        const ran = traced(folder, args);
        assert.is(typeof status === 'number' ? ran.status : ran.signal, status, ran.stderr);
        if (stdout !== undefined) assert.is(ran.stdout, stdout);
        for (const part of says) {
          const found = typeof part === 'string' ? ran.stderr.includes(part) : part.test(ran.stderr);
          assert.ok(found, `${part}\nis not in\n${ran.stderr}`);
        }
        assert.is(readFileSync(join(folder, 'p.json'), 'utf8'), PROFILE);
      }),
    );
  }

  test.needs(withoutTracing, 'a real-time signal is no success', () =>
    inFolder((folder) => {
      const run = `${process.execPath} ${COMMAND} trace -q p.json -- sh -c 'kill -35 $$'; echo "$?"`;
      const { stdout } = spawnSync('bash', ['-c', run], { cwd: folder, env: environment(), encoding: 'utf8' });
      assert.is(stdout.trim(), '163');
    }),
  );

  test.needs(withoutTracing, 'what is kept is what strace keeps, and what can be replayed and learned from', () =>
    inFolder((folder) => {
      const words = ['ls', '-l', '/etc'];
      assert.is(traced(folder, ['-o', 'ours', '--', ...words]).status, 0);
      spawnSync('strace', ['-f', '-o', 'theirs', ...words], { cwd: folder, env: environment() });
      assert.equal(namesIn(join(folder, 'ours')), namesIn(join(folder, 'theirs')));
      const replay = spawnSync(process.execPath, [COMMAND, 'replay', 'p.json', 'ours', '--format', 'json'], {
        cwd: folder,
      });
      const { totals, sources } = JSON.parse(replay.stdout.toString());
      assert.is(totals.events, namesIn(join(folder, 'ours')).length);
      assert.equal([sources[0].unread, sources[0].incomplete], [0, []]);
      assert.is(spawnSync(process.execPath, [COMMAND, 'learn', 'ours'], { cwd: folder }).status, 0);
    }),
  );

  test.needs(withoutTracing, 'live and afterwards: the same report', () =>
    inFolder((folder) => {
      const live = traced(folder, [
        'p.json',
        '-o',
        'kept',
        '--format',
        'json',
        '--report',
        'live.json',
        ...sh('ls | cat'),
      ]);
      assert.is(live.status, 0 + 1, live.stderr);
      const args = [COMMAND, 'replay', 'p.json', 'kept', '--trace-format', 'strace', '--format', 'json'];
      const later = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
      assert.equal(JSON.parse(readFileSync(join(folder, 'live.json'), 'utf8')), JSON.parse(later.stdout));
    }),
  );

  test.needs(
    withoutTracing,
    'nobody names a file: one is found that replaces nothing, and what to do next is said',
    () =>
      inFolder((folder) => {
        writeFileSync(join(folder, 'true.strace'), 'mine');
        const { status, stderr } = traced(folder, ['--', '/bin/true']);
        assert.is(status, 0);
        assert.is(readFileSync(join(folder, 'true.strace'), 'utf8'), 'mine');
        assert.match(readFileSync(join(folder, 'true.1.strace'), 'utf8'), 'execve(');
        assert.match(stderr, /seccompc learn true\.1\.strace/);
        assert.match(
          stderr,
          /seccompc learn true\.1\.strace -o true\.1\.strace\.jsonc[\s\S]*seccompc replay PROFILE true\.1\.strace/,
        );
      }),
  );

  test.needs(withoutTracing, 'standard input and extra arguments reach the command', () =>
    inFolder((folder) => {
      const { stdout } = traced(
        folder,
        ['-q', '-o', 'f', '--', 'sh', '-c', 'cat; echo "$@"', 'sh', '-o', '--', 'x'],
        {},
        'in\n',
      );
      assert.is(stdout, 'in\n-o -- x\n');
    }),
  );

  test.needs(withoutTracing, 'what the command leaves behind is recorded to its end', () =>
    inFolder((folder) => {
      const leaving = 'setsid sh -c "sleep 1; cat p.json > late" > /dev/null 2>&1 & exit 3';
      const { status, stderr } = traced(folder, ['-o', 'f', ...sh(leaving)]);
      assert.is(status, 3);
      assert.match(stderr, 'what it has started runs on and is recorded');
      assert.ok(existsSync(join(folder, 'late')));
      assert.not.match(stderr, 'incomplete');
    }),
  );

  test.needs(withoutTracing, '--no-wait ends with the command, and says that it did', () =>
    inFolder((folder) => {
      const leaving = 'setsid sh -c "sleep 3; : > late" > /dev/null 2>&1 < /dev/null & exit 3';
      const strict = ['p.json', '-o', 'f', '--no-wait', '--strict', ...sh(leaving)];
      const { status, stderr } = traced(folder, strict);
      assert.is(status, 3);
      assert.match(stderr, 'incomplete the recording was ended');
      assert.not(existsSync(join(folder, 'late')));
      const well = traced(folder, [...strict.slice(0, -1), leaving.replace('exit 3', 'exit 0')]);
      assert.is(well.status, 3, 'strict: incomplete is open');
    }),
  );

  test.needs(
    withoutTracing,
    'a signal goes to the command, which has been told of denials by then; the report still comes',
    () =>
      inFolder(async (folder) => {
        const args = [COMMAND, 'trace', 'p.json', ...sh('ls > /dev/null; exec sleep 1000')];
        const child = spawn(process.execPath, args, {
          cwd: folder,
          env: environment(),
          stdio: ['ignore', 'ignore', 'pipe'],
        });
        let said = '';
        child.stderr.on('data', (text) => {
          if (!said.includes('would get') && String(text).includes('would get')) child.kill('SIGTERM');
          said += text;
        });
        const signal = await new Promise((done) => child.on('close', (_, by) => done(by)));
        assert.is(signal, 'SIGTERM', said);
        assert.match(said, 'REPLAY_DENIED');
      }),
  );

  test.needs(withoutTracing, 'killed: the file has what came, which a replay calls incomplete; the command lives', () =>
    inFolder(async (folder) => {
      const script = 'while [ ! -e stop ]; do ls > /dev/null; done; echo lived > end';
      const args = [COMMAND, 'trace', '-o', 'f', ...sh(script)];
      const child = spawn(process.execPath, args, { cwd: folder, env: environment(), stdio: 'ignore' });
      const size = () => (existsSync(join(folder, 'f')) ? readFileSync(join(folder, 'f')).length : 0);
      const pause = () => new Promise((done) => setTimeout(done, 20));
      while (size() < 100_000) await pause();
      child.kill('SIGKILL');
      await new Promise((done) => child.on('close', done));
      writeFileSync(join(folder, 'stop'), '');
      while (!existsSync(join(folder, 'end'))) await pause();
      const args2 = [COMMAND, 'replay', 'p.json', 'f', '--format', 'json'];
      const { totals, sources } = JSON.parse(spawnSync(process.execPath, args2, { cwd: folder }).stdout.toString());
      assert.ok(totals.events > 500);
      assert.is(sources[0].unread, 0);
    }),
  );

  test.needs(withoutTracing, 'without strace: what to install', () =>
    inFolder((folder) => {
      const ran = traced(folder, ['p.json', '--', '/bin/true'], { PATH: folder });
      assert.is(ran.status, 127);
      assert.match(ran.stderr, /strace error COMMAND_MISSING/);
      for (const how of ['apt-get install strace', 'dnf install strace', 'apk add strace'])
        assert.match(ran.stderr, how);
    }),
  );

  /** A strace that says another version, and hands on only what that one knows. */
  const old = (folder: string, version: string, body: string) => {
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    for (const tool of ['mkfifo', 'sh', 'ls', 'true']) {
      symlinkSync(spawnSync('sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).stdout.trim(), join(bin, tool));
    }
    const real = spawnSync('sh', ['-c', 'command -v strace'], { encoding: 'utf8' }).stdout.trim();
    const script = `#!/bin/sh\n[ "$1" = -V ] && { echo 'strace -- version ${version}'; exit; }\necho "$*" >> '${folder}/args'\n${body.replace('REAL', real)}\n`;
    writeFileSync(join(bin, 'strace'), script, { mode: 0o755 });
    return { PATH: bin };
  };

  test.needs(withoutTracing, 'an old strace is asked for what it knows', () =>
    inFolder((folder) => {
      const ran = traced(folder, ['p.json', '--', 'ls'], old(folder, '4.26', 'exec REAL "$@"'));
      assert.is(ran.status, 1, ran.stderr);
      assert.match(ran.stderr, 'strace 4.26 prints no numbers');
      assert.match(ran.stderr, 'REPLAY_DENIED');
      assert.match(readFileSync(join(folder, 'args'), 'utf8'), /^-f -e raw=all -o \S+ -- ls\n$/);
    }),
  );

  test.needs(withoutTracing, 'a strace that may not trace is no pass', () =>
    inFolder((folder) => {
      const ran = traced(
        folder,
        ['p.json', '--', 'ls'],
        old(folder, '6.1', 'echo "strace: not permitted" >&2; exit 1'),
      );
      assert.is(ran.status, 125);
      assert.match(ran.stderr, 'RUN_FAILED strace recorded nothing (status 1)');
    }),
  );

  test.needs(withoutTracing, 'a strace that is killed is no end of the command', () =>
    inFolder((folder) => {
      const killing = 'REAL "$@" & sleep 1; kill -KILL $!; wait $!; kill -KILL $$';
      const env = old(folder, '6.1', killing);
      symlinkSync('/bin/sleep', join(folder, 'bin', 'sleep'));
      const ran = traced(folder, ['p.json', ...sh('ls >/dev/null; sleep 2')], env);
      assert.is(ran.status, 125, ran.stderr);
      assert.match(ran.stderr, 'before the command');
    }),
  );
});
