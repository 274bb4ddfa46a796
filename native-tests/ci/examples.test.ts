/** The examples in folders, each in a copy of its own and by the tools that it is for. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import * as assert from 'uvu/assert';
import { compile } from '../../src/build/index.ts';
import { parseProfile, resolvePolicy } from '../../src/policy/index.ts';
import { suite } from '../../test/suite.ts';
import { withoutLinux, withoutTool } from '../support.ts';

const folder = mkdtempSync(join(tmpdir(), 'seccompc-examples-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

/** A folder with the command `seccompc`, for PATH. */
const bin = join(folder, 'bin');
mkdirSync(bin);
symlinkSync(resolve('dist/seccompc.mjs'), join(bin, 'seccompc'));

/** The example as its reader has it: with nothing else around. */
function copy(name: string): string {
  const at = join(folder, name);
  rmSync(at, { recursive: true, force: true });
  cpSync(join('examples', name), at, { recursive: true });
  return at;
}

const { NODE_OPTIONS: _, NODE_EXTRA_CA_CERTS: __, ...environment } = process.env;

function run(cwd: string, command: string, ...args: readonly string[]) {
  const env = {
    ...environment,
    PATH: `${bin}:${environment.PATH}`,
    GOFLAGS: '-mod=mod',
    CGO_ENABLED: '0',
    GITHUB_BASE_REF: '',
  };
  const done = spawnSync(command, args, { cwd, env, maxBuffer: 2 ** 26 });
  const [stdout, stderr] = [done.stdout, done.stderr].map((bytes) => bytes?.toString() ?? '');
  return { status: done.status, bytes: done.stdout, stdout: stdout as string, said: `${stdout}${stderr}` };
}

function must(cwd: string, command: string, ...args: readonly string[]) {
  const ran = run(cwd, command, ...args);
  assert.is(ran.status, 0, `${command} ${args.join(' ')}\n${ran.said}`);
  return ran;
}

/** Where a profile lets one more call run. */
function loosen(at: string, call: string): void {
  const text = readFileSync(at, 'utf8');
  assert.ok(text.includes('"exit", "exit_group",'));
  writeFileSync(at, text.replace('"exit", "exit_group",', `"exit", "exit_group", "${call}",`));
}

/** The esbuild example, built, in a project that has both packages. */
function bundled(): string {
  const at = copy('esbuild');
  mkdirSync(join(at, 'node_modules'));
  symlinkSync(resolve('node_modules/esbuild'), join(at, 'node_modules/esbuild'));
  symlinkSync(resolve('.'), join(at, 'node_modules/seccompc'));
  must(at, process.execPath, 'build.mjs');
  return at;
}

const REFUSED = 'socket: Operation not permitted';

/** The instructions of a Dockerfile; a line that ends in a backslash goes on. */
function instructions(text: string): readonly (readonly [word: string, rest: string])[] {
  const lines = text.replace(/^#.*\n/gm, '').replace(/\\\n\s*/g, '');
  return lines.split('\n').flatMap((line) => {
    const [, word, rest] = /^([A-Z]+) (.+)$/.exec(line) ?? [];
    assert.ok(line === '' || (word !== undefined && rest !== undefined), `no instruction: ${line}`);
    return word === undefined || rest === undefined ? [] : [[word, rest] as const];
  });
}

suite('native/ci/examples', (test) => {
  const linux = withoutLinux('x64');

  test('esbuild: the bundle holds the filter of the profile; a mistake fails the build and writes nothing', () => {
    const at = bundled();
    const text = readFileSync(join(at, 'tool.seccomp.jsonc'), 'utf8');
    const { bytes } = compile(resolvePolicy(parseProfile(text), { arches: ['x86_64'] }));
    assert.equal([...must(at, process.execPath, 'dist/app.mjs').bytes], [...bytes]);
    rmSync(join(at, 'dist'), { recursive: true });
    loosen(join(at, 'tool.seccomp.jsonc'), 'opennat');
    const failed = run(at, process.execPath, 'build.mjs');
    assert.is(failed.status, 1);
    assert.match(failed.said, /tool\.seccomp\.jsonc:\d+:\d+/);
    assert.match(failed.said, /SYSCALL_UNKNOWN[\s\S]*did you mean 'openat'/);
    assert.not.ok(existsSync(join(at, 'dist')));
  });

  test.needs(linux ?? withoutTool('bwrap'), 'esbuild: what was bundled confines a command', () => {
    const at = bundled();
    assert.match(
      must(at, process.execPath, 'dist/app.mjs', 'grep', 'Seccomp:', '/proc/self/status').stdout,
      /^Seccomp:\t2$/m,
    );
  });

  test.needs(
    linux ?? withoutTool('make') ?? withoutTool('cc'),
    'make: built, confined, verified, tried; nothing half made',
    () => {
      const at = copy('c-make');
      const make = (...words: readonly string[]) => run(at, 'make', 'SECCOMPC=seccompc', ...words);
      assert.is(make().status, 0);
      assert.is(must(at, './hello').stdout, `hello\n${REFUSED}\n`);
      assert.is(must(at, './hello.bare').stdout.split('\n')[0], 'hello');
      const verified = make('verify');
      assert.is(verified.status, 0, verified.said);
      assert.match(verified.said, 'proved: the program and the profile give every call the same word');
      const tried = make('dry-run');
      assert.is(tried.status, 2, 'of make, whose recipe ended with 1');
      assert.match(tried.said, /DRY_RUN_DENIED socket/);
      writeFileSync(join(at, 'seccomp.jsonc'), '{');
      assert.is(make().status, 2);
    },
  );

  test.needs(linux ?? withoutTool('go'), 'Go: generated, built, confined; without its filter it does not start', () => {
    const at = copy('go-generate');
    must(at, 'go', 'generate', './...');
    must(at, 'go', 'build', '-o', 'operator', '.');
    assert.ok(run(at, './operator').status !== 0);
    must(at, 'seccompc', 'build', 'seccomp.jsonc', '--into', 'operator', '--load');
    assert.is(must(at, './operator').stdout, 'operator: confined\nmount: operation not permitted\n');
    writeFileSync(join(at, 'seccomp.jsonc'), '{ "defaultAction": "SCMP_ACT_ERNO" }');
    const refused = run(at, 'go', 'generate', './...');
    assert.is(refused.status, 1);
    assert.match(refused.said, "did you mean 'SCMP_ACT_ERRNO'");
  });

  test.needs(
    linux ?? withoutTool('gcc') ?? withoutTool('npm'),
    'Dockerfile: its RUN lines, and the program that it ships',
    () => {
      const at = copy('dockerfile');
      must(resolve('.'), 'npm', 'pack', '--silent', '--ignore-scripts', '--pack-destination', at);
      must(at, 'sh', '-c', 'mv seccompc-*.tgz seccompc.tgz');
      const all = instructions(readFileSync(join(at, 'Dockerfile'), 'utf8'));
      assert.equal(
        all.map(([word]) => word).join(' '),
        'FROM WORKDIR COPY RUN FROM WORKDIR COPY COPY RUN RUN FROM COPY ENTRYPOINT',
      );
      // Every stage in the one folder, which is the work folder of both; what COPY names is there.
      for (const [word, rest] of all) {
        if (word === 'RUN') must(at, 'sh', '-c', rest);
        if (word !== 'COPY') continue;
        const sources = rest
          .split(' ')
          .filter((part) => !part.startsWith('--'))
          .slice(0, -1);
        for (const source of sources) assert.ok(existsSync(join(at, source.replace(/^\/build\//, ''))), source);
      }
      assert.is(must(at, './operator').stdout, `hello\n${REFUSED}\n`);
    },
  );

  test('ci: green with its outputs made; red when the profile breaks a statement, a trace, or an output', () => {
    const at = copy('ci');
    const ci = (...words: readonly string[]) => run(at, 'seccompc', 'ci', '--no-base', ...words);
    assert.is(ci('--write').status, 0);
    assert.is(ci().status, 0);
    loosen(join(at, 'seccomp.jsonc'), 'ptrace');
    const red = ci('--json');
    assert.is(red.status, 1);
    const found = (JSON.parse(red.stdout).diagnostics as { code: string }[]).map(({ code }) => code);
    assert.equal([...new Set(found)], ['CALL_DANGEROUS', 'ASSERT_FAILED', 'TRACE_NOT_DENIED', 'OUTPUT_STALE']);
  });
});
