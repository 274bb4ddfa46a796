/** The commands' definitions: each is whole, fits the help, and every example of a help does what it says. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import * as assert from 'uvu/assert';
import { commandLine, wholeCommandLine } from '../../src/cli/commands.ts';
import { definitionOf, type Example } from '../../src/cli/definition.ts';
import { Progress } from '../../src/cli/progress.ts';
import { endQuiet } from '../../src/cli/terminal.ts';
import { Diagrams, watchSteps, within } from '../../src/diagram/index.ts';
import { suite, throwsCode } from '../suite.ts';
import { absent, file, folder, shell } from './command.ts';

/** 80 columns; the name takes 15 of them, at most. */
const SUMMARY_MOST = 65;
const WIDTH = 80;

const program = await wholeCommandLine();

/** 'elf add' and such. */
const nameOf = (command: Command): string =>
  command.parent?.parent ? `${nameOf(command.parent)} ${command.name()}` : command.name();
const below = (command: Command): readonly Command[] => command.commands.flatMap((c) => [c, ...below(c)]);
const all = below(program);
const ends = all.filter((command) => command.commands.length === 0);

function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({ writeOut: (piece) => (text += piece), getOutHelpWidth: () => WIDTH });
  command.outputHelp();
  return text;
}

interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command line here, in the prepared folder: starting the command costs more than what it does. */
async function here(words: readonly string[]): Promise<Ran> {
  const was = process.cwd();
  const [out, err] = [process.stdout.write, process.stderr.write];
  const texts = { stdout: '', stderr: '' };
  const keeping = (name: keyof typeof texts) =>
    ((piece: string | Uint8Array) => {
      texts[name] += typeof piece === 'string' ? piece : Buffer.from(piece).toString();
      return true;
    }) as typeof out;
  process.chdir(folder);
  process.stdout.write = keeping('stdout');
  process.stderr.write = keeping('stderr');
  try {
    await (await commandLine(words)).parseAsync([...words], { from: 'user' });
    endQuiet();
    return { status: Number(process.exitCode ?? 0), ...texts };
  } finally {
    process.exitCode = 0;
    process.stdout.write = out;
    process.stderr.write = err;
    process.chdir(was);
  }
}

/** The words of a line of shell, and where its output goes: what the examples need of one. */
function parsed(line: string): { readonly words: readonly string[]; readonly into: string | undefined } {
  const tokens = [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, held, bare]) => held ?? bare ?? '');
  const at = tokens.indexOf('>');
  return at < 0 ? { words: tokens, into: undefined } : { words: tokens.slice(0, at), into: tokens[at + 1] };
}

/** What a command line throws, to be thrown again where it is judged. */
async function thrown(words: readonly string[]): Promise<() => void> {
  const failure = await here(words).then(
    () => undefined,
    (error: unknown) => error,
  );
  return () => {
    if (failure !== undefined) throw failure;
  };
}

suite('cli/definitions', (test) => {
  for (const command of all) {
    const name = nameOf(command);
    test(`${name}: group, summary, description, examples; every option and argument in words`, () => {
      const definition = definitionOf(command);
      assert.ok(definition, 'it has no definition');
      assert.ok(command.helpGroup() !== '' || command.parent !== program);
      assert.ok(command.summary() !== '' && command.summary().length <= SUMMARY_MOST, command.summary());
      assert.ok(command.description().length > 20);
      for (const { description, flags } of command.options) assert.ok(description !== '', flags);
      for (const argument of command.registeredArguments) assert.ok(argument.description !== '', argument.name());
      if (command.commands.length > 0) return;
      assert.ok(definition.examples.length > 0);
      for (const [line] of definition.examples) assert.ok(line.startsWith(`${name} `) || line === name, line);
      for (const [long, manner] of [
        ['--quiet', definition.quiet],
        ['--json', definition.json],
      ] as const) {
        const has = command.options.some((option) => option.long === long);
        assert.is(has, typeof manner !== 'object', `${long}: there, or a reason why not`);
      }
    });
  }

  test('an example stands once, and in the help of its command', () => {
    const lines = ends.flatMap((command) => definitionOf(command)?.examples.map(([line]) => line) ?? []);
    assert.is(new Set(lines).size, lines.length);
    for (const command of ends)
      for (const [line, says] of definitionOf(command)?.examples ?? [])
        assert.ok(helpOf(command).includes(`  # ${says}\n  seccompc ${line}\n`), line);
  });

  test('the help of all: every command on one line, below its group; no line too wide', () => {
    const help = helpOf(program);
    for (const command of program.commands) {
      assert.ok(help.includes(`\n${command.helpGroup()}\n`));
      assert.match(help, new RegExp(`\\n  ${command.name()} +${command.summary().replace(/[?+()]/g, '\\$&')}\\n`));
    }
    for (const line of help.split('\n')) assert.ok(line.length <= WIDTH, line);
    assert.is(help, helpOf(program), 'the same each time');
  });
});

const noLinux =
  process.platform === 'linux' && process.arch === 'x64' ? undefined : 'the examples run programs of Linux on x86_64';
const noStrace = absent('strace');
const noRoot = process.getuid?.() === 0 ? undefined : 'needs root';

/** What an example leaves: lines, a file, a status. */
interface Leaves {
  readonly stdout?: RegExp;
  readonly stderr?: RegExp;
  readonly file?: readonly [string, RegExp];
  readonly status?: number;
  readonly needs?: string | undefined;
}

const ELF = /^\x7fELF/;
/** Every example of a help, and what must be there afterwards. */
const LEAVES: Readonly<Record<string, Leaves>> = {
  init: { file: ['seccomp.json', /"\$schema": "\.\/seccomp\.schema\.json"/], stdout: /for x86_64, base program/ },
  'init service.jsonc --base service --arch x86_64,aarch64': {
    file: ['service.jsonc', /"SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"/],
  },
  'init - --base empty': { stdout: /nothing but ending/ },
  doctor: { stdout: /the main job works here/ },
  'doctor --json': { stdout: /"ok": true/ },
  'completion bash > seccompc.bash': { file: ['seccompc.bash', /complete -F _seccompc seccompc/] },
  'completion zsh > _seccompc': { file: ['_seccompc', /^#compdef seccompc/] },
  'completion fish > seccompc.fish': { file: ['seccompc.fish', /complete -c seccompc/] },
  ci: { stdout: /diff +skipped/ },
  'ci --base origin/main --report sarif=ci.sarif': {
    stdout: /no difference, for all 2\^512 inputs/,
    file: ['ci.sarif', /"version": "2\.1\.0"/],
    needs: absent('git'),
  },
  'ci --init --config new.config.jsonc': {
    file: ['new.config.jsonc', /"profile": "seccomp\.json"/],
    stdout: /next: seccompc ci/,
  },
  'schema --config > config.schema.json': { file: ['config.schema.json', /additionalProperties/] },
  'schema > seccomp.schema.json': { file: ['seccomp.schema.json', /draft-07/] },
  'learn app.strace -o learned.jsonc': { file: ['learned.jsonc', /"socket"/], stderr: /5 calls seen/ },
  'learn app.strace --base seccomp.json -o learned.jsonc': {
    file: ['learned.jsonc', /allows what seccomp\.json allows/],
  },
  'lint seccomp.json': { stdout: /seccomp\.json: 0 errors, \d+ warnings/, status: 1 },
  'lint --explain FALLBACK_ERRNO': { stdout: /^FALLBACK_ERRNO \(warning\): [^\n]+\n.*ENOSYS/ },
  'lint seccomp.json --fix --level error': { stdout: /seccomp\.json: 0 errors/ },
  'lint seccomp.json --kernel 5.4 --format sarif > lint.sarif': {
    file: ['lint.sarif', /"version": "2\.1\.0"/],
    status: 1,
  },
  'show seccomp.json --arch x86_64': { stdout: /network/ },
  'show ./operator --svg filter.svg': { file: ['filter.svg', /^<svg/] },
  'show seccomp.json --arch x86_64 --dot > filter.dot': { file: ['filter.dot', /^digraph/] },
  'explain seccomp.json socket AF_ALG --arch x86_64': { stdout: /socket\(0x26\) on x86_64, number 41: ERRNO/ },
  'explain ./operator openat': { stdout: /openat\(\) on x86_64, number 257: ALLOW/ },
  'merge seccomp.json new.json -o both.jsonc': { file: ['both.jsonc', /allows what either allows/] },
  'intersect seccomp.json new.json -o both.jsonc': { file: ['both.jsonc', /allows what both allow/] },
  'build seccomp.json --into ./operator': { file: ['operator', ELF], stdout: /section \.seccomp_rules/ },
  'build seccomp.json --into ./operator --enforce': {
    file: ['operator', ELF],
    stdout: /installed when the program starts/,
  },
  'build seccomp.json --into ./operator --enforce --dry-run -- --port 80': { needs: noLinux },
  'build seccomp.json --arch x86_64 -o filter.bpf': { file: ['filter.bpf', /^ \0\0\0/] },
  'prove seccomp.json filter.bpf --arch x86_64': { stdout: /^proved: / },
  "prove seccomp.json --assert 'socket(AF_ALG, *, *) is denied on every ABI'": { stdout: /^holds: / },
  'prove ./operator --assert assertions.json': { stdout: /^holds: / },
  'diff seccomp.json new.json': { stdout: /TIGHTENED/, status: 1 },
  'diff ./operator new.json --fail-on loosened --format markdown': { stdout: /tightened/i },
  'check filter.bpf --cost': { stdout: /longest/ },
  'check ./operator --live': { stdout: /this kernel \(.*\) accepts it too/, needs: noLinux },
  'disasm filter.bpf': { stdout: /ret / },
  'disasm ./operator': { stdout: /ret / },
  'export seccomp.json --arch x86_64 --format c-array --name app -o filter.c': { file: ['filter.c', /app/] },
  'export --format go-loader --name main -o seccomp_linux.go': { file: ['seccomp_linux.go', /^package main$/m] },
  'inspect ./operator': { stdout: /\.seccomp_rules/ },
  'inspect ./operator --json': { stdout: /^\{/ },
  'elf add ./operator notes.txt --section .notes': { file: ['operator', /remember/] },
  'elf replace ./operator new.bpf --section .seccomp_rules': { file: ['operator', ELF] },
  'elf remove ./operator': { file: ['operator', ELF], stdout: /operator/ },
  'elf extract ./operator -o filter.bpf': { file: ['filter.bpf', /^ \0\0\0/] },
  'run seccomp.json -- ls -l': { stdout: /seccomp\.json/, needs: noLinux },
  'launcher seccomp.json --arch x86_64 -o confined': { file: ['confined', ELF] },
  'launcher --descriptor --arch x86_64 -o confined': { file: ['confined', ELF] },
  'trace -o app.strace -- ls -l': { file: ['app.strace', /execve\(/], needs: noLinux ?? noStrace },
  'trace seccomp.json -- ls': { stdout: /seccomp\.json/, stderr: /denied +0/, needs: noLinux ?? noStrace },
  'trace seccomp.json --report report.html --format html -- ls': {
    file: ['report.html', /<html/],
    needs: noLinux ?? noStrace,
  },
  'replay seccomp.json app.strace': { stdout: /socket/, status: 1 },
  'replay ./operator app.strace --trace-arch x86_64 --format html -o report.html': {
    file: ['report.html', /<html/],
    status: 1,
  },
  'dump --pid 1234': { stdout: /filter/, needs: noLinux ?? noRoot },
  'dump --pid 1234 -o filters/': { file: ['filters/filter-0.bpf', /^ \0\0\0/], needs: noLinux ?? noRoot },
  'verify --pid 1234': { stdout: /^confined/m, needs: noLinux },
  'verify --pid 1234 seccomp.json': { stdout: /equal/i, needs: noLinux ?? noRoot },
};

const STRACE = `execve("/bin/app", ["app"], 0x7ffe0d8c1b18 /* 12 vars */) = 0
openat(AT_FDCWD, "/etc/hosts", O_RDONLY|O_CLOEXEC) = 3
read(3, "", 4096) = 0
socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 3
exit_group(0) = ?
+++ exited with 0 +++
`;

/** The files that the examples name, made anew for each. */
async function prepare(init: boolean): Promise<void> {
  rmSync(join(folder, 'filters'), { recursive: true, force: true });
  for (const name of [
    'operator',
    'learned.jsonc',
    'both.jsonc',
    'filter.c',
    'seccomp_linux.go',
    'confined',
    'filter.svg',
    'report.html',
    'new.config.jsonc',
  ])
    rmSync(join(folder, name), { force: true });
  const profile = readFileSync('profiles/no-network.jsonc', 'utf8');
  file('seccomp.json', profile);
  file(
    'new.json',
    profile.replace('"syscalls": [', '"syscalls": [\n{ "names": ["mount"], "action": "SCMP_ACT_ERRNO" },'),
  );
  file('app.strace', STRACE);
  const target = '{ "arches": ["x86_64"] }';
  file(
    'seccompc.config.jsonc',
    `{ "fail": { "lint": "error" }, "profiles": [{ "profile": "seccomp.json", "targets": [${target}] }] }`,
  );
  file('notes.txt', 'remember');
  file('assertions.json', '{ "assert": ["socket(AF_ALG, *, *) is denied"] }');
  if (!existsSync(join(folder, 'plain.operator'))) {
    file('operator', readFileSync('/bin/true'));
    await here(['build', 'seccomp.json', '--into', 'operator', '-o', 'plain.operator']);
    await here(['build', 'seccomp.json', '--arch', 'x86_64', '-o', 'new.bpf']);
  }
  writeFileSync(join(folder, 'operator'), readFileSync(join(folder, 'plain.operator')), { mode: 0o755 });
  file('filter.bpf', readFileSync(join(folder, 'new.bpf')));
  // What init is to make.
  for (const name of init ? ['seccomp.json', 'service.jsonc'] : []) rmSync(join(folder, name), { force: true });
}

/** A process under the profile, until the body ends. */
async function confined<T>(body: (pid: number) => Promise<T>): Promise<T> {
  await here(['launcher', 'seccomp.json', '--arch', 'x86_64', '-o', 'sleeper']);
  const child = spawn(resolve(folder, 'sleeper'), ['/bin/sleep', '60'], { stdio: 'ignore' });
  try {
    const pid = child.pid as number;
    while (!readFileSync(`/proc/${pid}/cmdline`, 'latin1').startsWith('/bin/sleep'))
      await new Promise((done) => setTimeout(done, 5));
    return await body(pid);
  } finally {
    child.kill('SIGKILL');
  }
}

async function ran(line: string): Promise<Ran> {
  const { words, into } = parsed(line);
  // What becomes another process, or hands over the terminal, is a process of its own.
  if (words.includes('--')) {
    const r = shell(`$SECCOMPC ${line}`);
    return { ...r, status: r.status ?? -1 };
  }
  const r = await here(words);
  if (into !== undefined) file(into, r.stdout);
  return r;
}

/** What `ci --base origin/main` compares with. */
function asRepository(): void {
  const git = 'git -c user.name=n -c user.email=n@example.org';
  const made = shell(
    `rm -rf .git && git init -q . && git add -f seccomp.json seccompc.config.jsonc && ${git} commit -qm one && git update-ref refs/remotes/origin/main HEAD`,
  );
  assert.is(made.status, 0, made.stderr);
}

suite('cli/examples', (test) => {
  const examples: readonly Example[] = ends.flatMap((command) => definitionOf(command)?.examples ?? []);
  const noElf = existsSync('/bin/true') && noLinux === undefined ? undefined : (noLinux ?? 'there is no /bin/true');
  for (const [line, says] of examples) {
    const leaves = LEAVES[line];
    test.needs(leaves?.needs ?? noElf, `seccompc ${line}: ${says}`, async () => {
      assert.ok(leaves, 'nobody says what this example does');
      await prepare(line.startsWith('init'));
      if (line.includes('origin/main')) asRepository();
      const r = line.includes('1234')
        ? await confined((pid) => ran(line.replace('1234', String(pid))))
        : await ran(line);
      assert.is(r.status, leaves.status ?? 0, `${r.stdout}${r.stderr}`);
      if (leaves.stdout) assert.match(r.stdout, leaves.stdout);
      if (leaves.stderr) assert.match(r.stderr, leaves.stderr);
      if (leaves.file) assert.match(readFileSync(join(folder, leaves.file[0]), 'latin1'), leaves.file[1]);
    });
  }
  test('nothing is said of examples that are not there', () => {
    const lines = new Set(examples.map(([line]) => line));
    assert.equal(
      Object.keys(LEAVES).filter((line) => !lines.has(line)),
      [],
    );
  });
});

suite('cli/init', (test) => {
  test('what is there stays, unless --force says otherwise; the schema neither', async () => {
    file('mine.json', 'mine');
    file('seccomp.schema.json', 'old');
    const words = ['init', 'mine.json', '--arch', 's390x'];
    throwsCode(await thrown(words), 'OUTPUT_UNWRITABLE');
    assert.is(readFileSync(join(folder, 'mine.json'), 'utf8'), 'mine');
    assert.is(readFileSync(join(folder, 'seccomp.schema.json'), 'utf8'), 'old');
    assert.is((await here([...words, '--force'])).status, 0);
    assert.match(readFileSync(join(folder, 'mine.json'), 'utf8'), /SCMP_ARCH_S390X/);
    assert.match(readFileSync(join(folder, 'seccomp.schema.json'), 'utf8'), /draft-07/);
  });
  test('a schema that is another one stays too, and nothing is written then', async () => {
    const at = (name: string) => join(folder, name);
    const none = (name: string) => assert.not.ok(existsSync(at(name)), name);
    const [schema, configured] = ['seccomp.schema.json', 'seccompc.config.schema.json'];
    for (const name of [schema, configured]) rmSync(at(name), { recursive: true, force: true });
    file(schema, 'mine');
    file(configured, 'mine');
    throwsCode(await thrown(['init', 'fresh.json', '--arch', 's390x']), 'OUTPUT_UNWRITABLE');
    throwsCode(await thrown(['ci', '--init', '--config', 'fresh.jsonc']), 'OUTPUT_UNWRITABLE');
    throwsCode(await thrown(['init', schema, '--force']), 'USAGE');
    throwsCode(await thrown(['init', `./${schema}`, '--force']), 'USAGE');
    symlinkSync(schema, at('alias.json'));
    throwsCode(await thrown(['init', 'alias.json', '--force']), 'USAGE');
    for (const name of [schema, configured]) {
      assert.is(readFileSync(at(name), 'utf8'), 'mine', name);
      rmSync(at(name));
      mkdirSync(at(name));
    }
    throwsCode(await thrown(['init', 'fresh.json']), 'OUTPUT_UNWRITABLE');
    throwsCode(await thrown(['init', 'fresh.json', '--force']), 'OUTPUT_UNWRITABLE');
    throwsCode(await thrown(['ci', '--init', '--config', 'fresh.jsonc']), 'OUTPUT_UNWRITABLE');
    throwsCode(await thrown(['init', 'nowhere/fresh.json']), 'OUTPUT_UNWRITABLE');
    none('fresh.json');
    none('fresh.jsonc');
    for (const name of [schema, configured]) {
      rmSync(at(name), { recursive: true });
      symlinkSync('victim', at(name));
      file('victim', 'mine');
    }
    throwsCode(await thrown(['init', 'fresh.json']), 'OUTPUT_UNWRITABLE');
    throwsCode(await thrown(['ci', '--init', '--config', 'fresh.jsonc']), 'OUTPUT_UNWRITABLE');
    assert.is(readFileSync(at('victim'), 'utf8'), 'mine');
    for (const name of [schema, configured]) rmSync(at(name));
    // One that is the same stops nobody.
    for (const name of ['fresh.json', 'second.json']) assert.is((await here(['init', name])).status, 0, name);
    for (const name of ['fresh.jsonc', 'second.jsonc'])
      assert.is((await here(['ci', '--init', '--config', name])).status, 0, name);
  });
  test('refused before anything is written', async () => {
    for (const [arches, code] of [
      ['vax', 'ARCH_UNKNOWN'],
      ['x86_64,s390x', 'ARCH_BYTE_ORDER'],
      [',', 'ARCH_MISSING'],
    ] as const) {
      throwsCode(await thrown(['init', 'none.json', '--arch', arches]), code);
      assert.not.ok(existsSync(join(folder, 'none.json')));
    }
  });
});

suite('cli/quiet', (test) => {
  const well =
    '{ "defaultAction": "SCMP_ACT_ERRNO", "architectures": ["SCMP_ARCH_X86_64"], "syscalls": [{ "names": ["read"], "action": "SCMP_ACT_ALLOW" }, { "names": ["opennat"], "action": "SCMP_ACT_ALLOW" }] }';
  test('nothing where all is well, warnings neither', async () => {
    file('well.json', well);
    const loud = await here(['build', 'well.json']);
    assert.match(loud.stderr, /SYSCALL_UNKNOWN/);
    assert.match(loud.stdout, /instructions/);
    const quiet = await here(['build', 'well.json', '--quiet']);
    assert.equal([quiet.status, quiet.stdout, quiet.stderr], [0, '', '']);
  });
  test('all of it where something is wrong', async () => {
    file('well.json', well);
    const words = ['prove', 'well.json', '--assert', 'read is denied'];
    const [loud, quiet] = [await here(words), await here([...words, '-q'])];
    assert.is(loud.status, 1);
    assert.equal(quiet, loud);
  });
  test('what was asked for stands alone', async () => {
    file('well.json', well);
    const loud = await here(['explain', 'well.json', 'read']);
    const quiet = await here(['explain', 'well.json', 'read', '-q']);
    assert.is(quiet.stdout, loud.stdout);
    assert.is(quiet.stderr, '');
    assert.match(loud.stderr, /SYSCALL_UNKNOWN/);
  });
});

suite('cli/progress', (test) => {
  test('silent for half a second, then a line now and then, and taken away at the end', () => {
    const written: string[] = [];
    let now = 1000;
    const progress = new Progress({ write: (text) => written.push(text), now: () => now });
    const at = (ms: number) => {
      now = 1000 + ms;
      progress.tick((seconds) => `${seconds} s`);
    };
    at(0);
    at(499);
    progress.clear();
    assert.equal(written, []);
    at(500);
    at(600);
    at(1400);
    progress.clear();
    progress.clear();
    assert.equal(written, ['\r\u001b[K0 s ', '\r\u001b[K1 s ', '\r\u001b[K']);
  });
  test('a proof tells its steps now and then, and ends at the same limit', () => {
    const told: number[] = [];
    watchSteps((steps) => told.push(steps));
    const diagrams = new Diagrams({ stepLimit: 100_000 });
    let done = 0;
    const ended = within(() => {
      for (;;) {
        diagrams.step();
        done += 1;
      }
    });
    watchSteps(undefined);
    assert.equal([ended.ok, done], [false, 100_000]);
    assert.is(told.length, 3);
    assert.ok(told.every((steps, i) => steps > (told[i - 1] ?? 0) && steps <= done));
  });
});
