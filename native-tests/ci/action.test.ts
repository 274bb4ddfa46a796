/** action.yml as a runner takes it: nothing that users type is part of a script, and the script runs under bash. */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import * as assert from 'uvu/assert';
import { parse } from 'yaml';
import { suite } from '../../test/suite.ts';
import { withoutLinux, withoutTool } from '../support.ts';

interface Action {
  readonly inputs: Readonly<Record<string, { readonly description: string; readonly default?: string }>>;
  readonly runs: {
    readonly using: string;
    readonly steps: readonly {
      readonly uses?: string;
      readonly run?: string;
      readonly shell?: string;
      readonly env?: Readonly<Record<string, string>>;
    }[];
  };
}

const action = parse(readFileSync('action.yml', 'utf8')) as Action;
const [step] = action.runs.steps;

const folder = mkdtempSync(join(tmpdir(), 'seccompc-action-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

const CONFIG = '{ "profiles": [{ "profile": "p.json", "fail": { "lint": "error" } }] }';
const PROFILE = '{ "defaultAction": "SCMP_ACT_ERRNO", "architectures": ["SCMP_ARCH_X86_64"] }';

interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly outputs: string;
  readonly summary: string;
  readonly workspace: string;
}

let runs = 0;

/** The step under a runner's environment. `inputs` are put where `${{ inputs.NAME }}` stands in `env`. */
function run(
  inputs: Readonly<Record<string, string>>,
  files: Readonly<Record<string, string>> = {},
  more: { readonly installed?: boolean; readonly env?: NodeJS.ProcessEnv } = {},
): Ran {
  const workspace = join(folder, `workspace-${runs++}`);
  // As npm has installed it in a project.
  mkdirSync(join(workspace, 'node_modules/.bin'), { recursive: true });
  if (more.installed !== false)
    symlinkSync(resolve('dist/seccompc.mjs'), join(workspace, 'node_modules/.bin/seccompc'));
  const all = { 'seccompc.config.jsonc': CONFIG, 'p.json': PROFILE, ...files };
  for (const [name, content] of Object.entries(all)) writeFileSync(join(workspace, name), content);
  const at = (name: string) => join(workspace, `.${name}`);
  for (const name of ['output', 'summary']) writeFileSync(at(name), '');
  const env = Object.fromEntries(
    Object.entries(step?.env ?? {}).map(([name, text]) => [
      name,
      text.replace(
        /^\$\{\{ inputs\.(\w+) \}\}$/,
        (_, input: string) => inputs[input] ?? action.inputs[input]?.default ?? '',
      ),
    ]),
  );
  const { NODE_OPTIONS: _, ...own } = process.env;
  // As GitHub starts `shell: bash`.
  const done = spawnSync('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', step?.run ?? 'exit 99'], {
    cwd: workspace,
    env: {
      ...own,
      ...env,
      GITHUB_BASE_REF: '',
      GITHUB_OUTPUT: at('output'),
      GITHUB_STEP_SUMMARY: at('summary'),
      RUNNER_TEMP: workspace,
      ...more.env,
    },
    encoding: 'utf8',
  });
  const read = (name: string) => readFileSync(at(name), 'utf8');
  return {
    status: done.status,
    stdout: done.stdout,
    stderr: done.stderr,
    outputs: read('output'),
    summary: read('summary'),
    workspace,
  };
}

suite('native/ci/action', (test) => {
  const absent = withoutLinux() ?? withoutTool('bash') ?? withoutTool('git') ?? withoutTool('npm');

  test('composite, of shell steps alone; no expression stands in a script', () => {
    assert.is(action.runs.using, 'composite');
    for (const { uses, run: script, shell, env } of action.runs.steps) {
      assert.is(uses, undefined, 'no other action, so none to pin');
      assert.is(shell, 'bash');
      assert.ok(script !== undefined && !script.includes('${{'), 'an input would become a part of the script');
      for (const text of Object.values(env ?? {})) assert.match(text, /^\$\{\{ inputs\.\w+ \}\}$/);
    }
    const used = Object.values(step?.env ?? {}).map((text) => /inputs\.(\w+)/.exec(text)?.[1]);
    assert.equal(used.sort(), Object.keys(action.inputs).sort());
    for (const [name, { description }] of Object.entries(action.inputs)) assert.ok(description.length > 10, name);
  });

  test.needs(absent, 'all is well: a summary, a SARIF file, the outputs', () => {
    const ran = run({});
    assert.is(ran.status, 0, ran.stdout + ran.stderr);
    assert.match(ran.summary, '# seccompc ci: all is well');
    assert.is(JSON.parse(readFileSync(join(ran.workspace, 'seccompc.sarif'), 'utf8')).version, '2.1.0');
    const [, end] = /sarif<<([0-9a-f]{32})\n/.exec(ran.outputs) ?? [];
    assert.is(ran.outputs, `status=0\nsarif<<${end}\nseccompc.sarif\n${end}\n`);
    assert.match(ran.stdout, /all is well\n::notice /);
    assert.equal(
      readdirSync(ran.workspace).filter((name) => name.startsWith('seccompc.') && !/\.(sarif|jsonc)$/.test(name)),
      [],
      'what it made for itself stays',
    );
  });

  test.needs(absent, 'not installed: a clear word, no findings, and nobody is asked', () => {
    // A directory with what the script needs, and npx and npm that tell when they are started.
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    for (const name of ['npx', 'npm'])
      writeFileSync(join(bin, name), `#!/bin/bash\n: > ${join(folder, 'asked')}\nexit 1\n`, { mode: 0o755 });
    const env = { PATH: `${bin}:/usr/bin:/bin` };
    const none = run({}, {}, { installed: false, env });
    assert.is(none.status, 2, none.stdout + none.stderr);
    assert.match(none.stdout, /^::error title=seccompc ci::seccompc is not installed/m);
    assert.match(none.outputs, /^status=2\n/);
    assert.not.ok(existsSync(join(folder, 'asked')));
    symlinkSync(resolve('dist/seccompc.mjs'), join(bin, 'seccompc'));
    symlinkSync(process.execPath, join(bin, 'node'));
    assert.is(run({}, {}, { installed: false, env }).status, 0);
    assert.is(run({ package: 'gone.tgz' }, {}, { installed: false, env }).status, 2);
    writeFileSync(join(folder, 'empty.tgz'), '');
    assert.is(run({ package: join(folder, 'empty.tgz') }, {}, { installed: false, env }).status, 2);
  });

  test.needs(absent, 'findings: annotations, and the status is the step', () => {
    const ran = run({}, { 'seccompc.config.jsonc': CONFIG.replace('"fail"', '"assert": ["read is allowed"], "fail"') });
    assert.is(ran.status, 1);
    assert.match(ran.outputs, /^status=1\n/);
    assert.match(ran.stdout, /^::error file=seccompc\.config\.jsonc,line=1,/m);
    assert.match(ran.summary, 'ASSERT\\_FAILED');
  });

  // Few runs: each starts the command.
  const hostile = ['$(touch ran)`touch ran`"; touch ran; \'; touch ran\nstatus=7\ntouch ran', '--write'];
  for (const value of hostile)
    for (const names of [['config'], ['base', 'sarif']])
      test.needs(absent, `${names.join(' and ')}: ${JSON.stringify(value)} is a value and nothing else`, () => {
        const ran = run(Object.fromEntries(names.map((name) => [name, value])));
        assert.not.ok(existsSync(join(ran.workspace, 'ran')), 'a part of the input ran');
        // A configuration that is not there; a base that is not there is missing evidence.
        assert.is(ran.status, names.includes('config') ? 2 : 3, ran.stdout + ran.stderr);
        assert.is(
          existsSync(join(ran.workspace, value)),
          names.includes('sarif'),
          'the report goes where it was asked to',
        );
        const statuses = ran.outputs.replace(/sarif<<(\w+)\n[\s\S]*?\n\1\n/, '').match(/^status=.*$/gm);
        assert.equal(statuses, [`status=${ran.status}`]);
      });

  test.needs(absent, 'a packed seccompc is installed without network, and used', () => {
    const packed = spawnSync('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder], {
      encoding: 'utf8',
    });
    assert.is(packed.status, 0, packed.stderr);
    const file = join(folder, packed.stdout.trim().split('\n').at(-1) as string);
    const ran = run({ package: file });
    assert.is(ran.status, 0, ran.stdout + ran.stderr);
    const wrong = run({ package: '--registry=http://127.0.0.1:9/$(touch ran)' });
    assert.ok(wrong.status !== 0 && !existsSync(join(wrong.workspace, 'ran')));
  });
});
