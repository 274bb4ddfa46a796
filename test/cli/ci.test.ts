/** seccompc ci as CI runs it: one report, every check, one status; repositories that are hostile. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import * as assert from 'uvu/assert';
import { commandLine } from '../../src/cli/commands.ts';
import { endQuiet } from '../../src/cli/terminal.ts';
import type { SeccompcError } from '../../src/diag/index.ts';
import { makeElf } from '../elf/image.ts';
import { elements, junitFaults, parseXml } from '../report/junit-rules.ts';
import { sarifFaults } from '../report/sarif-rules.ts';
import { suite } from '../suite.ts';
import { absent } from './command.ts';

const folder = mkdtempSync(join(tmpdir(), 'seccompc-ci-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
let count = 0;

interface Check {
  readonly profile: string;
  readonly target?: string;
  readonly step: string;
  readonly standing: string;
  readonly said: string;
  readonly problems: readonly {
    readonly code: string;
    readonly failing: boolean;
    readonly line?: number;
    readonly message: string;
  }[];
}
interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly checks: readonly Check[];
}

const VARIABLES = ['GITHUB_BASE_REF', 'CI_MERGE_REQUEST_DIFF_BASE_SHA', 'CI_MERGE_REQUEST_TARGET_BRANCH_NAME'];

/** A folder with these files. */
class Repository {
  readonly path = join(folder, String(count++));

  constructor(files: Readonly<Record<string, string | Uint8Array>>) {
    mkdirSync(this.path);
    this.write(files);
  }
  write(files: Readonly<Record<string, string | Uint8Array>>): void {
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(this.path, name)), { recursive: true });
      writeFileSync(join(this.path, name), content);
    }
  }
  git(...args: readonly string[]): string {
    const own = ['-c', 'user.name=n', '-c', 'user.email=n@example.org', '-c', 'init.defaultBranch=main'];
    return execFileSync('git', [...own, ...args], {
      cwd: this.path,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }
  commit(): this {
    if (!existsSync(join(this.path, '.git'))) this.git('init', '-q');
    this.git('add', '-A');
    this.git('commit', '-q', '--allow-empty', '-m', 'x');
    return this;
  }
  /** Here, in process; `--format json` unless another is asked for. */
  async ci(words: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
    const was = process.cwd();
    const out = process.stdout.write;
    const kept = VARIABLES.map((name) => [name, process.env[name]] as const);
    for (const name of VARIABLES) delete process.env[name];
    Object.assign(process.env, env);
    let stdout = '';
    process.chdir(this.path);
    process.stdout.write = ((piece: string | Uint8Array) => {
      stdout += typeof piece === 'string' ? piece : Buffer.from(piece).toString();
      return true;
    }) as typeof out;
    try {
      const all = ['ci', ...words, ...(words.includes('--format') ? [] : ['--format', 'json'])];
      await (await commandLine(all)).parseAsync(all, { from: 'user' });
      endQuiet();
      const status = Number(process.exitCode ?? 0);
      return { status, stdout, checks: stdout.startsWith('{') ? (JSON.parse(stdout).checks ?? []) : [] };
    } finally {
      process.exitCode = 0;
      process.stdout.write = out;
      process.chdir(was);
      for (const name of Object.keys(env)) delete process.env[name];
      for (const [name, value] of kept) if (value !== undefined) process.env[name] = value;
    }
  }
}

const rule = (names: string, more = '') => `{ "names": [${names}], "action": "SCMP_ACT_ALLOW"${more} }`;
const profile = (...rules: readonly string[]) =>
  `{\n  "defaultAction": "SCMP_ACT_ERRNO",\n  "defaultErrnoRet": 38,\n  "architectures": ["SCMP_ARCH_X86_64"],\n  "syscalls": [\n    ${rules.join(',\n    ')}\n  ]\n}\n`;
const BASE_RULE = rule('"exit_group", "execve", "rt_sigreturn", "openat", "read", "clock_gettime"');
const GOOD = profile(BASE_RULE);
const config = (more = '', rest = '') =>
  `{ "profiles": [{ "profile": "p.json", "fail": { "lint": "error" }${more === '' ? '' : `, ${more}`} }]${rest} }`;
const CONFIG = 'seccompc.config.jsonc';
const TRACE = `openat(AT_FDCWD, "/etc/hosts", O_RDONLY|O_CLOEXEC) = 3\nsocket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3\nexit_group(0) = ?\n`;

const standings = ({ checks }: Ran): Readonly<Record<string, string>> =>
  Object.fromEntries(checks.map(({ step, standing }) => [step, standing]));
const failures = ({ checks }: Ran): readonly string[] =>
  checks.flatMap(({ step, problems }) =>
    problems.filter(({ failing }) => failing).map(({ code }) => `${step} ${code}`),
  );

const noGit = absent('git');

suite('cli/ci', (test) => {
  test('all is well: every step has a line, and the status is 0', async () => {
    const repository = new Repository({ [CONFIG]: config('"assert": ["mount is denied"]'), 'p.json': GOOD });
    const ran = await repository.ci(['--no-base']);
    assert.is(ran.status, 0, ran.stdout);
    assert.equal(standings(ran), {
      lint: 'passed',
      compile: 'passed',
      check: 'passed',
      prove: 'passed',
      assert: 'passed',
      diff: 'skipped',
    });
    const text = (await repository.ci(['--no-base', '--format', 'text'])).stdout;
    assert.match(text, /^ {2}prove +ok +equal to the profile for all 2\^512 inputs$/m);
    assert.match(text, /5 of 6 checks passed, 1 skipped: all is well\n$/);
    assert.is((await repository.ci(['--no-base', '--format', 'text', '--quiet'])).stdout, '');
  });

  test('all checks are made even when some fail; what is found has its place', async () => {
    const repository = new Repository({
      [CONFIG]: config(
        '"assert": ["openat is denied", "mount is denied"], "traces": [{ "file": "t.strace", "arch": "x86_64" }, { "file": "t.strace", "arch": "x86_64", "denied": ["socket"] }, { "file": "t.strace", "arch": "x86_64", "denied": ["socket", "openat"] }], "programs": ["other.bpf", "gone.bpf"], "outputs": [{ "file": "out.bpf" }]',
      ),
      'p.json': GOOD,
      't.strace': TRACE,
      'other.bpf': new Uint8Array([6, 0, 0, 0, 0, 0, 0xff, 0x7f]),
      'out.bpf': 'old',
    });
    const ran = await repository.ci(['--no-base']);
    assert.is(ran.status, 1);
    assert.equal(failures(ran), [
      'assert ASSERT_FAILED',
      'replay REPLAY_DENIED',
      'replay TRACE_NOT_DENIED',
      'programs PROOF_FAILED',
      'programs INPUT_UNREADABLE',
      'outputs OUTPUT_STALE',
    ]);
    const text = (await repository.ci(['--no-base', '--format', 'text'])).stdout;
    assert.match(text, `${CONFIG}:1:`);
    assert.match(text, 'p.json:6:5');
    for (const word of ['FAILED', 'UNREADABLE', 'ok ', 'skipped']) assert.match(text, word);
  });

  test('status: a file that cannot be read 2, evidence that is missing 3, findings before both', async () => {
    const unreadable = new Repository({ [CONFIG]: config('"traces": ["gone.strace"]'), 'p.json': GOOD });
    assert.is((await unreadable.ci(['--no-base'])).status, 2);
    assert.is((await unreadable.ci(['--base', 'nowhere'])).status, 2);
    const open = {
      [CONFIG]: config('"traces": ["t.strace"]').replace('"lint"', '"traces": "open", "lint"'),
      'p.json': GOOD,
      't.strace': 'openat(AT_FDCWD, "a", O_RDONLY) = 3\n??? what\n',
    };
    const ran = await new Repository(open).ci(['--no-base']);
    assert.is(ran.status, 3, ran.stdout);
    assert.is(standings(ran).replay, 'missing');
    assert.is(
      (await new Repository({ [CONFIG]: config(), 'p.json': profile(rule('"opennat"')) }).ci(['--no-base'])).status,
      0,
    );
    const broken = await new Repository({ [CONFIG]: config(), 'p.json': '{ "defaultAction": "SCMP_ACT_ERNO" }' }).ci([
      '--no-base',
    ]);
    assert.is(broken.status, 1);
    assert.equal(
      [standings(broken).lint, standings(broken).compile, standings(broken).prove],
      ['failed', 'failed', 'skipped'],
    );
  });

  test('a configuration with mistakes: nothing is checked, each format says so, and the status is 2', async () => {
    const repository = new Repository({ [CONFIG]: config('"asert": []'), 'p.json': GOOD });
    for (const format of ['text', 'json', 'sarif', 'junit', 'github', 'markdown']) {
      const { status, stdout } = await repository.ci(['--format', format]);
      assert.is(status, 2, format);
      assert.match(stdout.replaceAll('\\', ''), 'KEY_UNKNOWN', format);
    }
    let codes: readonly string[] = [];
    try {
      await new Repository({}).ci();
    } catch (error) {
      codes = (error as SeccompcError).diagnostics.map(({ code }) => code);
    }
    assert.equal(codes, ['INPUT_UNREADABLE']);
  });

  test('several targets: each has its checks, and what belongs to one is asked of it alone', async () => {
    const targets = '"targets": [{ "name": "pc", "arches": ["x86_64"] }, { "name": "big", "arches": ["s390x"] }]';
    const ran = await new Repository({
      [CONFIG]: config(`${targets}, "traces": [{ "file": "t.strace", "target": "pc", "maxDenials": 1 }]`),
      'p.json': GOOD,
      't.strace': TRACE,
    }).ci(['--no-base']);
    assert.is(ran.status, 0, ran.stdout);
    assert.equal(
      ran.checks.filter(({ step }) => step === 'prove').map(({ target }) => target),
      ['pc', 'big'],
    );
    assert.is(ran.checks.filter(({ step }) => step === 'replay').length, 1);
  });

  test('outputs are written only where nothing else is wrong, and are current then', async () => {
    const files = {
      [CONFIG]: config('"outputs": [{ "file": "f.bpf" }, { "file": "f.asm", "format": "asm" }]'),
      'p.json': GOOD,
    };
    const repository = new Repository(files);
    assert.equal(failures(await repository.ci(['--no-base'])), ['outputs OUTPUT_STALE', 'outputs OUTPUT_STALE']);
    assert.is((await repository.ci(['--no-base', '--write'])).status, 0);
    assert.is(readFileSync(join(repository.path, 'f.bpf')).length % 8, 0);
    assert.is((await repository.ci(['--no-base'])).status, 0);
    repository.write({ 'p.json': profile(BASE_RULE, rule('"write"')) });
    assert.is((await repository.ci(['--no-base'])).status, 1);
    const before = readFileSync(join(repository.path, 'f.bpf'));
    repository.write({ [CONFIG]: files[CONFIG].replace('"profile"', '"assert": ["write is denied"], "profile"') });
    const ran = await repository.ci(['--no-base', '--write']);
    assert.is(ran.status, 1);
    assert.equal(readFileSync(join(repository.path, 'f.bpf')), before);
    repository.write({ [CONFIG]: config('"outputs": [{ "file": "p.json" }]') });
    assert.equal(failures(await repository.ci(['--no-base', '--write'])), ['outputs USAGE']);
    assert.match(readFileSync(join(repository.path, 'p.json'), 'utf8'), 'defaultAction');
  });

  test('known findings are left out, and told when they are no more', async () => {
    const bpf = profile(BASE_RULE, rule('"bpf"'));
    const known = '"lint": { "ignore": [{ "code": "CALL_DANGEROUS", "reason": "why" }] }';
    const strict = config(known).replace('"lint": "error"', '"lint": "warning"');
    assert.is(
      (await new Repository({ [CONFIG]: config().replace('"error"', '"warning"'), 'p.json': bpf }).ci(['--no-base']))
        .status,
      1,
    );
    assert.is((await new Repository({ [CONFIG]: strict, 'p.json': bpf }).ci(['--no-base'])).status, 0);
    const unused = await new Repository({ [CONFIG]: strict, 'p.json': GOOD }).ci(['--no-base']);
    assert.equal(
      unused.checks[0]?.problems.map(({ code }) => code).filter((code) => code.startsWith('LINT')),
      ['LINT_IGNORE_UNUSED'],
    );
  });
});

suite('cli/ci evidence', (test) => {
  const good = 'openat(AT_FDCWD, "a", O_RDONLY) = 3\n';
  const cases: readonly (readonly [string, string | Uint8Array, number, string])[] = [
    ['whole', good, 0, 'passed'],
    ['a line that is not understood', `${good.repeat(3)}??? what\n`, 0, 'passed'],
    ['mostly not understood', `${good}${'??? what\n'.repeat(2000)}`, 3, 'missing'],
    ['a gzip file that is cut', gzipSync(good.repeat(20000)).subarray(0, -20), 3, 'missing'],
    ['a last line that is cut', `${good}openat(AT_FDC`, 3, 'missing'],
    ['cut, and something denied', `socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3\nopenat(AT_FDC`, 1, 'failed'],
    [
      'of a kind that never holds all',
      ' a 1 [000] 1.0: raw_syscalls:sys_enter: NR 0 (3, 0, 0, 0, 0, 0)\n',
      0,
      'passed',
    ],
  ];
  for (const [name, trace, status, standing] of cases)
    test(`a trace: ${name}`, async () => {
      const repository = new Repository({
        [CONFIG]: config('"traces": [{ "file": "t", "arch": "x86_64" }]'),
        'p.json': GOOD,
        t: trace,
      });
      const ran = await repository.ci(['--no-base']);
      assert.is(ran.status, status, ran.stdout);
      const replay = ran.checks.find(({ step }) => step === 'replay') as Check;
      assert.is(replay.standing, standing);
      const isWhole = name === 'whole';
      assert.is(/not whole/.test(replay.said), !isWhole);
      assert.is(
        replay.problems.some(({ code }) => code === 'TRACE_EMPTY'),
        !isWhole,
      );
    });

  const elf = (code: number) =>
    makeElf({
      cls: 64,
      endian: 'little',
      sections: [{ name: '.text', data: new Uint8Array(64).fill(code) }],
    }).with({ e_machine: 62 });
  const targets = '"targets": [{ "arches": ["x86_64"] }]';
  const outputs = (more: string) => config(`${targets}, "outputs": [${more}]`);
  test('an ELF file is current when it is what would be made now', async () => {
    const written = outputs('{ "file": "out", "into": "a" }');
    const repository = new Repository({ [CONFIG]: written, 'p.json': GOOD, a: elf(1), b: elf(2) });
    assert.is((await repository.ci(['--no-base', '--write'])).status, 0);
    assert.is((await repository.ci(['--no-base'])).status, 0);
    for (const [more, found] of [
      ['"into": "b"', 'OUTPUT_STALE'],
      ['"into": "a", "embedProfile": true', 'OUTPUT_STALE'],
      ['"into": "gone"', 'INPUT_UNREADABLE'],
    ] as const) {
      repository.write({ [CONFIG]: outputs(`{ "file": "out", ${more} }`) });
      assert.equal(failures(await repository.ci(['--no-base'])), [`outputs ${found}`], more);
    }
    repository.write({ [CONFIG]: written, a: elf(3) });
    assert.equal(failures(await repository.ci(['--no-base'])), ['outputs OUTPUT_STALE']);
  });
  test('in place: one filter, and two in sections of their own', async () => {
    const repository = new Repository({ 'p.json': GOOD, a: elf(1) });
    for (const more of [
      '{ "file": "a", "into": "a" }',
      '{ "file": "a", "into": "a" }, { "file": "a", "into": "a", "section": ".other", "embedProfile": true }',
      '{ "file": "a", "into": "a", "embedProfile": true }, { "file": "a", "into": "a", "section": ".other" }',
    ]) {
      repository.write({ [CONFIG]: outputs(more) });
      assert.is((await repository.ci(['--no-base'])).status, 1, more);
      assert.is((await repository.ci(['--no-base', '--write'])).status, 0, more);
      assert.equal(failures(await repository.ci(['--no-base'])), [], more);
      const before = readFileSync(join(repository.path, 'a'));
      assert.is((await repository.ci(['--no-base', '--write'])).status, 0, more);
      assert.equal(readFileSync(join(repository.path, 'a')), before, more);
    }
  });
});

suite('cli/ci paths', (test) => {
  const outside = join(folder, 'secret.json');
  writeFileSync(outside, '{ "secret": "hunter2" }');
  const way: readonly { readonly name: string; readonly path: string; readonly link?: string }[] = [
    { name: 'upwards', path: '../secret.json' },
    { name: 'absolute', path: outside },
    { name: 'a link to a file', path: 'link.json', link: outside },
    { name: 'a link to a folder', path: 'up/secret.json', link: folder },
  ];
  for (const { name, path, link } of way)
    test(`a path that leads out is refused and not shown: ${name}`, async () => {
      const repository = new Repository({ [CONFIG]: config().replace('p.json', path) });
      if (link !== undefined) symlinkSync(link, join(repository.path, path.split('/')[0] as string));
      const ran = await repository.ci(['--no-base']);
      assert.is(ran.status, 2);
      assert.equal(failures(ran), ['read CONFIG_PATH']);
      assert.not.match(ran.stdout, 'hunter2');
      const wider = await repository.ci(['--no-base', '--root', folder]);
      assert.not.match(wider.stdout, 'CONFIG_PATH');
    });
  test('no output leads out either', async () => {
    const repository = new Repository({
      [CONFIG]: config('"outputs": [{ "file": "../out.bpf" }, { "file": "up/out.bpf" }]'),
      'p.json': GOOD,
    });
    symlinkSync(folder, join(repository.path, 'up'));
    const ran = await repository.ci(['--no-base', '--write']);
    assert.equal(failures(ran), ['outputs CONFIG_PATH', 'outputs CONFIG_PATH']);
    assert.not.ok(existsSync(join(folder, 'out.bpf')));
  });
  test('what is no plain file is not waited for', async () => {
    const repository = new Repository({ [CONFIG]: config() });
    execFileSync('mkfifo', [join(repository.path, 'p.json')]);
    assert.equal(failures(await repository.ci(['--no-base'])), ['read INPUT_UNREADABLE']);
  });
});

suite('cli/ci writes', (test) => {
  const thrown = async (repository: Repository, words: readonly string[]): Promise<readonly string[]> => {
    try {
      await repository.ci(['--no-base', ...words]);
      return [];
    } catch (error) {
      return (error as SeccompcError).diagnostics.map(({ code }) => code);
    }
  };
  const outputs = (...list: readonly string[]) => config(`"outputs": [${list.join(', ')}]`);

  test("nothing in git's own folder is read or written, in any case, by links neither", async () => {
    const names = [
      '.git/hooks/post-checkout',
      '.GIT/hooks/x',
      '.git/config',
      'sub/.git/x',
      'way/x',
      'git~1/x',
      '.git./x',
    ];
    const repository = new Repository({
      [CONFIG]: outputs(...names.map((name) => `{ "file": "${name}" }`)),
      'p.json': GOOD,
      '.git/config': 'mine',
    });
    for (const name of ['.git/hooks', '.GIT/hooks', 'sub/.git', 'git~1', '.git.'])
      mkdirSync(join(repository.path, name), { recursive: true });
    symlinkSync('.git/hooks', join(repository.path, 'way'));
    const ran = await repository.ci(['--no-base', '--write']);
    assert.equal(
      failures(ran),
      names.map(() => 'outputs CONFIG_PATH'),
    );
    assert.is(readFileSync(join(repository.path, '.git/config'), 'utf8'), 'mine');
    for (const name of ['.git/hooks/post-checkout', '.GIT/hooks/x', 'sub/.git/x', '.git/hooks/x', 'git~1/x', '.git./x'])
      assert.not.ok(existsSync(join(repository.path, name)), name);
    repository.write({ [CONFIG]: config().replace('p.json', '.git/config') });
    assert.equal(failures(await repository.ci(['--no-base'])), ['read CONFIG_PATH']);
    // Names that only look like it.
    repository.write({ [CONFIG]: outputs('{ "file": "a.git" }', '{ "file": ".gitted" }') });
    assert.is((await repository.ci(['--no-base', '--write'])).status, 0);
  });

  test('a report does not leave the repository through its links', async () => {
    const outside = mkdtempSync(join(folder, 'outside-'));
    const victim = join(outside, 'victim');
    writeFileSync(victim, 'mine');
    const repository = new Repository({ [CONFIG]: config(), 'p.json': GOOD, 'in/x': '', '.git/HEAD': 'head' });
    for (const [name, target] of [
      ['file', victim],
      ['up', outside],
      ['hops', 'file'],
      ['nowhere', join(outside, 'new')],
      ['loop', 'loop'],
      ['head', '.git/HEAD'],
      ['inner', 'in'],
    ] as const)
      symlinkSync(target, join(repository.path, name));
    for (const name of ['file', './in/../file', 'up/victim', 'up/new', 'hops', join(repository.path, 'file')])
      for (const words of [
        ['--report', `sarif=${name}`],
        ['-o', name],
      ])
        assert.equal(await thrown(repository, words), ['USAGE'], words.join(' '));
    assert.equal(await thrown(repository, ['-o', 'head']), ['USAGE']);
    assert.equal(await thrown(repository, ['-o', 'nowhere']), ['OUTPUT_UNWRITABLE']);
    assert.equal(await thrown(repository, ['-o', 'loop']), ['OUTPUT_UNWRITABLE']);
    // From a folder of it, and of a configuration that has mistakes.
    repository.write({ 'sub/seccompc.config.jsonc': '{}' });
    assert.equal(await thrown(repository, ['--config', 'sub/seccompc.config.jsonc', '-o', 'file']), ['USAGE']);
    assert.is(readFileSync(victim, 'utf8'), 'mine');
    assert.is(readFileSync(join(repository.path, '.git/HEAD'), 'utf8'), 'head');
    assert.not.ok(existsSync(join(outside, 'new')));
    // What is named outside, and links that stay within, are the user's.
    assert.equal(
      await thrown(repository, ['-o', victim, '--report', 'sarif=inner/s', '--report', 'sarif=/dev/null']),
      [],
    );
    assert.match(readFileSync(victim, 'utf8'), '"checks"');
    assert.ok(existsSync(join(repository.path, 'in/s')));
  });

  test('no report is written over what the configuration names, nor two to one file', async () => {
    const files = {
      [CONFIG]: config('"traces": ["t.strace"], "outputs": [{ "file": "new.bpf" }]'),
      'p.json': GOOD,
      't.strace': TRACE,
    };
    const repository = new Repository(files);
    symlinkSync('p.json', join(repository.path, 'link'));
    linkSync(join(repository.path, 't.strace'), join(repository.path, 'hard'));
    for (const name of ['p.json', 't.strace', CONFIG, 'new.bpf', 'link', 'hard', './p.json'])
      assert.equal(await thrown(repository, ['--report', `json=${name}`]), ['USAGE'], name);
    assert.equal(await thrown(repository, ['-o', 'r', '--report', 'sarif=./r']), ['USAGE']);
    assert.equal(await thrown(repository, ['--report', 'junit=/dev/null', '--report', 'sarif=/dev/null']), []);
    for (const [name, content] of Object.entries(files))
      assert.is(readFileSync(join(repository.path, name), 'utf8'), content, name);
  });

  test('an output path that cannot be is told at its place, and the others are made', async () => {
    const repository = new Repository({
      [CONFIG]: outputs(
        `{ "file": "${'x'.repeat(300)}" }`,
        '{ "file": "loop" }',
        '{ "file": "p.json/x" }',
        '{ "file": "loop/x" }',
        '{ "file": "nowhere" }',
        '{ "file": "good.bpf" }',
      ),
      'p.json': GOOD,
    });
    symlinkSync('loop', join(repository.path, 'loop'));
    symlinkSync('none', join(repository.path, 'nowhere'));
    for (const words of [[], ['--write']]) {
      const ran = await repository.ci(['--no-base', ...words]);
      assert.equal(failures(ran).slice(0, 5), Array(5).fill('outputs INPUT_UNREADABLE'));
      assert.ok(
        ran.checks
          .flatMap(({ problems }) => problems)
          .every(({ failing, line }) => !failing || line === 1 || words.length === 0),
      );
    }
    assert.ok(existsSync(join(repository.path, 'good.bpf')));
  });

  test('--write leaves every file alone that the configuration names', async () => {
    const files = {
      'p.json': GOOD,
      'q.json': GOOD,
      't.strace': `openat(AT_FDCWD, "/etc/hosts", O_RDONLY) = 3\n`,
      'a.jsonc': '{ "assert": ["mount is denied"] }',
      'known.jsonc': '{ "ignore": [] }',
      app: 'elf',
    };
    const list = (names: readonly string[]) => names.map((name) => `{ "file": "${name}" }`).join(', ');
    const names = ['p.json', 'q.json', 't.strace', 'a.jsonc', 'known.jsonc', 'app', CONFIG];
    const repository = new Repository({
      ...files,
      [CONFIG]: `{ "fail": { "lint": "none" }, "profiles": [{ "profile": "q.json", "traces": ["t.strace"], "assert": [{ "file": "a.jsonc" }], "diff": { "ignore": ["known.jsonc"] }, "outputs": [{ "file": "other", "into": "app" }] }, { "profile": "p.json", "outputs": [${list([...names, 'twice', 'twice'])}] }] }`,
    });
    const before = readFileSync(join(repository.path, CONFIG), 'utf8');
    const ran = await repository.ci(['--no-base', '--write']);
    assert.equal(
      ran.checks
        .filter(({ profile: of, step }) => of === 'p.json' && step === 'outputs')
        .map(({ problems }) => problems.map(({ code }) => code).join()),
      [...names, 'twice', 'twice'].map(() => 'USAGE'),
      ran.stdout,
    );
    for (const [name, content] of Object.entries({ ...files, [CONFIG]: before }))
      assert.is(readFileSync(join(repository.path, name), 'utf8'), content, name);
  });
});

suite('cli/ci base', (test) => {
  test.needs(noGit, 'loosened fails, tightened does not; the place is the rule that decides', async () => {
    const repository = new Repository({ [CONFIG]: config(), 'p.json': GOOD }).commit();
    const loose = profile(BASE_RULE, rule('"ptrace"'));
    repository.write({ 'p.json': loose });
    const ran = await repository.ci(['--base', 'HEAD']);
    assert.equal(failures(ran), ['diff DIFF_LOOSENED']);
    assert.is(ran.checks.find(({ step }) => step === 'diff')?.problems[0]?.line, 7);
    repository.commit().write({ 'p.json': GOOD });
    const tight = await repository.ci(['--base', 'HEAD']);
    assert.is(tight.status, 0);
    assert.equal(
      tight.checks.find(({ step }) => step === 'diff')?.problems.map(({ code }) => code),
      ['DIFF_TIGHTENED'],
    );
    repository.write({ [CONFIG]: config().replace('"lint": "error"', '"lint": "error", "diff": "any"') });
    assert.equal(failures(await repository.ci(['--base', 'HEAD'])), ['diff DIFF_TIGHTENED']);
  });

  test.needs(noGit, 'the merge base counts, not the tip of the other branch', async () => {
    const repository = new Repository({ [CONFIG]: config(), 'p.json': GOOD }).commit();
    repository.git('checkout', '-q', '-b', 'work');
    repository.git('checkout', '-q', 'main');
    repository.write({ 'p.json': profile(rule('"exit_group"')) });
    repository.commit().git('checkout', '-q', 'work');
    const ran = await repository.ci(['--base', 'main']);
    assert.is(ran.checks.find(({ step }) => step === 'diff')?.said, 'no difference, for all 2^512 inputs');
    // As in a pull request: the branch is known as one of origin alone.
    repository.git('update-ref', 'refs/remotes/origin/target', 'main');
    const named = await repository.ci([], { GITHUB_BASE_REF: 'target' });
    assert.is(standings(named).diff, 'passed');
    assert.is(standings(await repository.ci([], { GITHUB_BASE_REF: '' })).diff, 'skipped');
    assert.is(standings(await repository.ci(['--no-base'], { GITHUB_BASE_REF: 'target' })).diff, 'skipped');
  });

  test.needs(noGit, 'an option that loosens shows as a rule does, and a changed configuration is told', async () => {
    const caps = (set: string) => config(`"targets": [{ "arches": ["x86_64"], "caps": ${set} }]`);
    const sys = `{ "names": ["mount"], "action": "SCMP_ACT_ALLOW", "includes": { "caps": ["CAP_SYS_ADMIN"] } }`;
    const repository = new Repository({ [CONFIG]: caps('"none"'), 'p.json': profile(BASE_RULE, sys) }).commit();
    repository.write({ [CONFIG]: caps('"all"') });
    const ran = await repository.ci(['--base', 'HEAD']);
    assert.equal(failures(ran), ['diff DIFF_LOOSENED']);
    assert.match(ran.stdout, 'is not what it was at HEAD');
  });

  test.needs(noGit, 'an architecture that the profile names besides is a change', async () => {
    const wider = (text: string) => text.replace('"SCMP_ARCH_X86_64"', '"SCMP_ARCH_X86_64", "SCMP_ARCH_X86"');
    const repository = new Repository({ [CONFIG]: config(), 'p.json': GOOD }).commit();
    repository.write({ 'p.json': wider(GOOD) });
    const ran = await repository.ci(['--base', 'HEAD']);
    assert.equal([ran.status, ...new Set(failures(ran))], [1, 'diff DIFF_LOOSENED'], ran.stdout);
    assert.match(ran.stdout, 'on i386');
    repository.commit().write({ 'p.json': GOOD });
    assert.is((await repository.ci(['--base', 'HEAD'])).status, 0);
    repository.write({ 'p.json': GOOD.replace('X86_64', 'S390X') });
    assert.is((await repository.ci(['--base', 'HEAD'])).status, 1);
    // At a base that names none it is not known what was meant.
    repository.write({ 'p.json': GOOD.replace(/ *"architectures".*\n/, '') });
    repository.commit().write({ 'p.json': GOOD });
    const unknown = await repository.ci(['--base', 'HEAD']);
    assert.equal([unknown.status, ...failures(unknown)], [3, 'diff BASE_MISSING']);
  });

  test.needs(noGit, 'new, moved, and known differences', async () => {
    const repository = new Repository({ 'old.json': GOOD }).commit();
    const loose = profile(BASE_RULE, rule('"ptrace"'));
    repository.write({ [CONFIG]: config(), 'p.json': loose });
    const fresh = await repository.ci(['--base', 'HEAD']);
    assert.is(fresh.status, 0);
    assert.match(fresh.checks.find(({ step }) => step === 'diff')?.said ?? '', /^new: /);
    repository.write({ [CONFIG]: config('"was": "old.json"') });
    assert.equal(failures(await repository.ci(['--base', 'HEAD'])), ['diff DIFF_LOOSENED']);
    repository.write({ 'known.jsonc': '{ "ignore": [{ "call": "ptrace", "reason": "ticket 1" }] }' });
    repository.write({ [CONFIG]: config('"was": "old.json", "diff": { "ignore": ["known.jsonc"] }') });
    assert.is((await repository.ci(['--base', 'HEAD'])).status, 0);
  });

  test.needs(noGit, 'a base that cannot be had is missing evidence, never silence', async () => {
    const origin = new Repository({ [CONFIG]: config(), 'p.json': GOOD }).commit().commit().commit();
    const none = await origin.ci(['--base', 'nowhere']);
    assert.equal([none.status, ...failures(none)], [3, 'diff BASE_MISSING']);
    assert.is((await origin.ci(['--base=--output=x'])).status, 3);
    const shallow = new Repository({});
    shallow.git('clone', '-q', '--depth', '1', `file://${origin.path}`, 'clone');
    const clone = Object.assign(Object.create(Repository.prototype), {
      path: join(shallow.path, 'clone'),
    }) as Repository;
    const ran = await clone.ci(['--base', 'HEAD~2']);
    assert.is(ran.status, 3);
    assert.match(ran.stdout, 'the clone is shallow');
    assert.match(ran.stdout, 'fetch-depth: 0');
    assert.is((await new Repository({ [CONFIG]: config(), 'p.json': GOOD }).ci(['--base', 'main'])).status, 3);
    const broken = new Repository({ [CONFIG]: config(), 'p.json': '{' }).commit();
    broken.write({ 'p.json': GOOD });
    assert.is((await broken.ci(['--base', 'HEAD'])).status, 3);
  });

  const LOOSE = profile(BASE_RULE, rule('"ptrace"'));
  const says = ({ status, ...ran }: Ran) => [status, ...failures({ status, ...ran })];

  test.needs(noGit, "links on the way to a profile are the base's, not those of today", async () => {
    const through = { [CONFIG]: config().replace('p.json', 'active/p.json') };
    const both = { 'strict/p.json': GOOD, 'loose/p.json': LOOSE };
    const repository = new Repository({ ...through, ...both });
    const relink = (target: string) => {
      rmSync(join(repository.path, 'active'), { recursive: true, force: true });
      symlinkSync(target, join(repository.path, 'active'));
    };
    relink('loose/../strict');
    repository.commit();
    assert.equal(says(await repository.ci(['--base', 'HEAD'])), [0]);
    relink('loose');
    assert.equal(says(await repository.ci(['--base', 'HEAD'])), [1, 'diff DIFF_LOOSENED']);
    rmSync(join(repository.path, 'active'));
    repository.write({ 'active/p.json': LOOSE });
    assert.equal(says(await repository.ci(['--base', 'HEAD'])), [1, 'diff DIFF_LOOSENED'], 'a folder in its place');
    // A file that is a link, too.
    rmSync(join(repository.path, 'active/p.json'));
    symlinkSync('../strict/p.json', join(repository.path, 'active/p.json'));
    repository.commit();
    rmSync(join(repository.path, 'active/p.json'));
    repository.write({ 'active/p.json': LOOSE });
    assert.equal(says(await repository.ci(['--base', 'HEAD'])), [1, 'diff DIFF_LOOSENED'], 'a link to a file');
    for (const target of ['../../strict', join(repository.path, 'strict'), 'active', 'nowhere', 'strict/p.json']) {
      relink(target);
      repository.commit();
      relink('strict');
      assert.equal(says(await repository.ci(['--base', 'HEAD'])), [3, 'diff BASE_MISSING'], target);
    }
  });

  test.needs(noGit, 'what is said to have been at the base and was not there is no new profile', async () => {
    const repository = new Repository({ [CONFIG]: config(), 'p.json': GOOD }).commit();
    repository.write({ [CONFIG]: config('"was": "gone.json"'), 'p.json': LOOSE });
    const ran = await repository.ci(['--base', 'HEAD']);
    assert.equal(says(ran), [3, 'diff BASE_MISSING', 'diff BASE_MISSING']);
    assert.match(ran.stdout, "'gone.json' is not there at HEAD");
    const generated = new Repository({ [CONFIG]: config(), '.gitignore': 'p.json\n', 'p.json': GOOD }).commit();
    assert.equal(says(await generated.ci(['--base', 'HEAD'])), [3, 'diff BASE_MISSING']);
    const unread = new Repository({ [CONFIG]: '{ "profile": [] }', 'p.json': GOOD }).commit();
    unread.write({ [CONFIG]: config() });
    assert.equal(says(await unread.ci(['--base', 'HEAD'])), [3, 'diff BASE_MISSING']);
  });

  test.needs(noGit, 'a profile that the configuration drops is told, and no swap of names hides one', async () => {
    const entries = (...all: readonly string[]) =>
      `{ "fail": { "lint": "none" }, "profiles": [${all.map((one) => `{ ${one} }`).join(', ')}] }`;
    const [a, b] = ['"profile": "a.json"', '"profile": "b.json"'] as const;
    const repository = new Repository({ [CONFIG]: entries(a, b), 'a.json': GOOD, 'b.json': LOOSE }).commit();
    const after = async (...all: readonly string[]) => {
      repository.write({ [CONFIG]: entries(...all) });
      return repository.ci(['--base', 'HEAD']);
    };
    const less = await after(b);
    assert.equal(says(less), [3, 'diff BASE_MISSING']);
    assert.is(less.checks.at(-1)?.profile, 'a.json');
    assert.equal(says(await after(b, '"profile": "./a.json"')), [0], 'written otherwise');
    assert.equal(says(await after(b, '"profile": "b.json", "name": "a.json"')), [3, 'diff BASE_MISSING']);
    assert.equal(says(await after(b, '"profile": "b.json", "name": "x", "was": "a.json"')), [1, 'diff DIFF_LOOSENED']);
    // The loose one stands in for what the strict one was.
    repository.write({ 'a.json': LOOSE });
    assert.equal(says(await after(b, `${a}, "was": "b.json"`)), [3, 'diff BASE_MISSING']);
  });

  test.needs(noGit, 'targets are compared by name; one that may be any of several is missing evidence', async () => {
    const sys = `{ "names": ["mount"], "action": "SCMP_ACT_ALLOW", "includes": { "caps": ["CAP_SYS_ADMIN"] } }`;
    type Named = readonly [name: string, caps: string];
    const targets = (...all: readonly Named[]) =>
      config(`"targets": [${all.map(([name, caps]) => `{ "name": "${name}", "caps": "${caps}" }`).join(', ')}]`);
    const repository = new Repository({
      [CONFIG]: targets(['a', 'none'], ['b', 'none']),
      'p.json': profile(BASE_RULE, sys),
    }).commit();
    const after = async (...all: readonly Named[]) => {
      repository.write({ [CONFIG]: targets(...all) });
      return says(await repository.ci(['--base', 'HEAD']));
    };
    const a: Named = ['a', 'none'];
    const missing = 'diff BASE_MISSING';
    assert.equal(await after(['c', 'all']), [3, missing, missing, missing]);
    assert.equal(await after(a, ['c', 'all']), [1, 'diff DIFF_LOOSENED'], 'the only one that is left');
    assert.equal(await after(a, ['c', 'none']), [0]);
    assert.equal(await after(a), [3, missing], 'dropped');
    assert.equal(await after(a, ['b', 'none'], ['c', 'none']), [3, missing], 'new');
    assert.equal(await after(a, ['b', 'all']), [1, 'diff DIFF_LOOSENED']);
  });

  test.needs(noGit, 'a base that is HEAD is said to be, and a tag does not stand before a branch', async () => {
    const repository = new Repository({ [CONFIG]: config(), 'p.json': GOOD }).commit();
    repository.git('checkout', '-q', '-b', 'work');
    repository.write({ 'p.json': LOOSE });
    repository.commit().git('tag', 'main');
    const ran = await repository.ci(['--base', 'main']);
    assert.equal(says(ran), [1, 'diff DIFF_LOOSENED']);
    assert.not.match(ran.stdout, 'HEAD itself');
    for (const ref of ['HEAD', '@', 'refs/tags/main', repository.git('rev-parse', 'HEAD').trim()]) {
      const itself = await repository.ci(['--base', ref]);
      assert.equal(says(itself), [0], ref);
      assert.match(itself.stdout, 'comes to HEAD itself: only what is not committed can differ');
    }
    repository.git('update-ref', 'refs/remotes/origin/target', 'main~1');
    repository.git('update-ref', 'refs/heads/origin/target', 'HEAD');
    for (const ref of ['target', 'origin/target', 'HEAD~1'])
      assert.equal(says(await repository.ci(['--base', ref])), [1, 'diff DIFF_LOOSENED'], ref);
  });

  test.needs(noGit, 'a hostile repository runs nothing', async () => {
    const repository = new Repository({
      [CONFIG]: config(),
      'p.json': GOOD,
      '.gitattributes': '*.json filter=evil diff=evil\n',
    }).commit();
    const mark = join(repository.path, 'ran');
    const evil = `sh -c 'touch ${mark}; cat'`;
    for (const [key, value] of [
      ['core.fsmonitor', evil],
      ['core.pager', evil],
      ['core.sshCommand', evil],
      ['core.editor', evil],
      ['core.alternateRefsCommand', evil],
      ['diff.external', evil],
      ['diff.evil.textconv', evil],
      ['filter.evil.smudge', evil],
      ['filter.evil.process', evil],
      ['alias.rev-parse', `!${evil}`],
      ['alias.merge-base', `!${evil}`],
      ['core.hooksPath', repository.path],
      ['protocol.ext.allow', 'always'],
      ['remote.origin.url', `ext::sh -c touch% ${mark}`],
      ['remote.origin.promisor', 'true'],
      ['remote.origin.partialclonefilter', 'blob:none'],
      ['extensions.partialClone', 'origin'],
    ] as const)
      repository.git('config', key, value);
    const hook = join(repository.path, 'post-checkout');
    writeFileSync(hook, `#!/bin/sh\ntouch ${mark}\n`);
    chmodSync(hook, 0o755);
    assert.is(standings(await repository.ci(['--base', 'HEAD'])).diff, 'passed');
    const { PATH: before } = process.env;
    const named = join(repository.path, 'git');
    writeFileSync(named, `#!/bin/sh\ntouch ${mark}\n`, { mode: 0o755 });
    try {
      process.env.PATH = `.::${before}`;
      assert.is(standings(await repository.ci(['--base', 'HEAD'])).diff, 'passed');
    } finally {
      process.env.PATH = before;
    }
    // A blob that is not there would be fetched by a command of the repository's choice.
    const blob = execFileSync('git', ['rev-parse', 'HEAD:p.json'], { cwd: repository.path, encoding: 'utf8' }).trim();
    rmSync(join(repository.path, '.git/objects', blob.slice(0, 2), blob.slice(2)));
    const ran = await repository.ci(['--base', 'HEAD']);
    assert.equal([ran.status, ...failures(ran)], [3, 'diff BASE_MISSING']);
    assert.not.ok(existsSync(mark), 'something of the repository ran');
  });
});

suite('cli/ci formats', (test) => {
  const NAME = 'p::set-output]<b>\u202e.json';
  const hostile = () =>
    new Repository({
      [CONFIG]: config('"assert": ["openat is denied"]').replace('p.json', 'p::set-output]<b>\\u202e.json'),
      [NAME]: profile(BASE_RULE, rule(JSON.stringify('\u001b[2J::stop-commands::x<script>')), rule('"ptrace"')),
    });
  test('SARIF and JUnit as their judges have them; no text from outside harms', async () => {
    const repository = hostile();
    const reports = ['sarif', 'junit', 'github', 'markdown', 'json'].flatMap((f) => ['--report', `${f}=out.${f}`]);
    const text = await repository.ci(['--no-base', '--format', 'text', ...reports]);
    assert.is(text.status, 1);
    const of = (format: string) => readFileSync(join(repository.path, `out.${format}`), 'utf8');
    const sarif = JSON.parse(of('sarif'));
    assert.equal(sarifFaults(sarif), []);
    assert.ok(
      sarif.runs[0].results.some(
        (r: { ruleId: string; level: string }) => r.ruleId === 'ASSERT_FAILED' && r.level === 'error',
      ),
    );
    const xml = parseXml(of('junit'));
    assert.equal(junitFaults(xml), []);
    assert.is(elements(elements(xml)[0] as never).length, 6);
    for (const [name, content] of [
      ['text', text.stdout],
      ...['sarif', 'junit', 'github', 'markdown', 'json'].map((f) => [f, of(f)]),
    ] as const) {
      assert.not.match(content as string, /[\u001b\u202e]/, name);
      if (name !== 'github') assert.not.match(content as string, /^\s*::/m, name);
    }
    for (const line of of('github').trimEnd().split('\n'))
      assert.match(line, /^(::(error|warning|notice) [^:]*::|\w+: )/);
    assert.not.match(of('markdown'), '<');
  });
  test('what --report is given has to be a format and a file', async () => {
    let message = '';
    try {
      await hostile().ci(['--report', 'pdf=x']);
    } catch (error) {
      message = (error as Error).message;
    }
    assert.match(message, 'FORMAT=FILE');
  });
});
