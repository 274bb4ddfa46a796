/** .pre-commit-hooks.yaml: what the hooks run, by hand and by pre-commit itself. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import * as assert from 'uvu/assert';
import { parse } from 'yaml';
import { suite } from '../../test/suite.ts';
import { withoutLinux, withoutTool } from '../support.ts';

interface Hook {
  readonly id: string;
  readonly name: string;
  readonly entry: string;
  readonly language: string;
  readonly files: string;
  readonly exclude?: string;
  readonly pass_filenames?: boolean;
}

const hooks = parse(readFileSync('.pre-commit-hooks.yaml', 'utf8')) as readonly Hook[];
const folder = mkdtempSync(join(tmpdir(), 'seccompc-hooks-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

const GOOD =
  '{ "defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38, "architectures": ["SCMP_ARCH_X86_64"], "syscalls": [{ "names": ["exit_group", "execve", "rt_sigreturn"], "action": "SCMP_ACT_ALLOW" }] }';
const CONFIG = '{ "profiles": [{ "profile": "seccomp.json", "assert": ["mount is denied"] }] }';

const { NODE_OPTIONS: _, ...environment } = process.env;
const env = { ...environment, HOME: folder, PRE_COMMIT_HOME: join(folder, 'home'), GIT_CONFIG_NOSYSTEM: '1' };

function ran(cwd: string, command: string, ...args: readonly string[]) {
  const done = spawnSync(command, args, { cwd, env, encoding: 'utf8' });
  return { status: done.status, said: `${done.stdout}${done.stderr}` };
}

function repository(name: string, files: Readonly<Record<string, string>>): string {
  const at = join(folder, name);
  mkdirSync(join(at, 'node_modules/.bin'), { recursive: true });
  symlinkSync(resolve('dist/seccompc.mjs'), join(at, 'node_modules/.bin/seccompc'));
  for (const [file, content] of Object.entries({ '.gitignore': 'node_modules\n', ...files }))
    writeFileSync(join(at, file), content);
  git(at, 'init', '-q', '.');
  git(at, 'add', '-A');
  return at;
}

function git(at: string, ...args: readonly string[]): void {
  const { status, said } = ran(at, 'git', '-c', 'user.name=n', '-c', 'user.email=n@example.org', ...args);
  assert.is(status, 0, said);
}

suite('native/ci/pre-commit', (test) => {
  const absent = withoutLinux() ?? withoutTool('bash') ?? withoutTool('git');

  test('which files each hook is for', () => {
    const [ci, lint] = hooks as readonly [Hook, Hook];
    const takes = ({ files, exclude }: Hook, name: string) =>
      new RegExp(files).test(name) && !(exclude !== undefined && new RegExp(exclude).test(name));
    for (const name of ['seccompc.config.jsonc', 'a/seccompc.config.jsonc', 'seccomp.json', 'app.strace', 'filter.bpf'])
      assert.ok(takes(ci, name), name);
    assert.not.ok(takes(ci, 'package.json'));
    for (const name of ['seccomp.json', 'profiles/web.seccomp.jsonc']) assert.ok(takes(lint, name), name);
    for (const name of [
      'seccompc.config.jsonc',
      'seccomp.schema.json',
      'seccompc.config.schema.json',
      'seccomp.assert.jsonc',
      'package.json',
    ])
      assert.not.ok(takes(lint, name), name);
    for (const { language } of hooks) assert.is(language, 'system');
  });

  test.needs(absent, 'the entry of lint by hand: every file, and names that look like options', () => {
    const at = repository('hand', { 'seccomp.json': GOOD, '--fix.seccomp.json': GOOD.replace('execve', 'execvee') });
    const entry = hooks.find(({ id }) => id === 'seccompc-lint')?.entry as string;
    const run = (...files: readonly string[]) => ran(at, 'bash', '-c', `${entry} "$@"`, 'entry', ...files);
    assert.is(run('seccomp.json').status, 0);
    const both = run('--fix.seccomp.json', 'seccomp.json');
    assert.is(both.status, 1);
    assert.match(both.said, 'SYSCALL_UNKNOWN');
  });

  test.needs(absent, 'not installed: both say so, and it is no finding', () => {
    const at = repository('bare', { 'seccomp.json': GOOD, 'seccompc.config.jsonc': CONFIG });
    rmSync(join(at, 'node_modules'), { recursive: true });
    for (const { entry, id } of hooks) {
      const { status, said } = ran(at, 'bash', '-c', `PATH=/usr/bin:/bin; ${entry} seccomp.json`);
      assert.is(status, 2, id);
      assert.match(said, /^seccompc is not installed/, id);
    }
  });

  test.needs(
    absent ?? withoutTool('pre-commit'),
    'by pre-commit: green, and red when a profile breaks a statement',
    () => {
      const source = join(folder, 'source');
      mkdirSync(source);
      copyFileSync('.pre-commit-hooks.yaml', join(source, '.pre-commit-hooks.yaml'));
      git(source, 'init', '-q', '.');
      git(source, 'add', '-A');
      git(source, 'commit', '-q', '-m', 'hooks');
      const rev = ran(source, 'git', 'rev-parse', 'HEAD').said.trim();
      const settings = `repos:\n  - repo: file://${source}\n    rev: ${rev}\n    hooks:\n      - id: seccompc-ci\n      - id: seccompc-lint\n`;
      const at = repository('user', {
        'seccomp.json': GOOD,
        'seccompc.config.jsonc': CONFIG,
        '.pre-commit-config.yaml': settings,
      });
      const green = ran(at, 'pre-commit', 'run', '--all-files');
      assert.is(green.status, 0, green.said);
      assert.match(green.said, /seccompc ci\.+Passed\nseccompc lint\.+Passed/);
      writeFileSync(join(at, 'seccomp.json'), GOOD.replace('"execve"', '"execve", "mount"'));
      git(at, 'add', '-A');
      const red = ran(at, 'pre-commit', 'run');
      assert.is(red.status, 1, red.said);
      assert.match(red.said, 'ASSERT_FAILED');
    },
  );
});
