/** docs/harness.md as a reader takes it: what is shown when it fails. test/docs runs each example. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import * as assert from 'uvu/assert';
import { harness } from '../../src/harness/index.ts';
import { suite } from '../suite.ts';

const TEXT = readFileSync('docs/harness.md', 'utf8');
const blocks = (language: string) =>
  [...TEXT.matchAll(new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, body]) => body as string);

const PROFILE = `{
  // The profile that docs/harness.md speaks of.
  "defaultAction": "SCMP_ACT_ERRNO",
  "syscalls": [
    { "names": ["read", "write", "openat", "clock_gettime"], "action": "SCMP_ACT_ALLOW" },
    { "names": ["socket"], "action": "SCMP_ACT_ALLOW", "args": [{ "index": 0, "value": 38, "op": "SCMP_CMP_NE" }] },
    { "names": ["clone"], "action": "SCMP_ACT_ALLOW",
      "args": [{ "index": 0, "value": 268435456, "valueTwo": 0, "op": "SCMP_CMP_MASKED_EQ" }] },
    { "names": ["ptrace"], "action": "SCMP_ACT_KILL_PROCESS" }
  ]
}
`;
const TRACE = '7 [ 257] openat(0xffffff9c, 0x7ff77e5b80b1, 0x80000, 0) = 0x3\n7 [  41] socket(0x1, 0x1, 0) = 0x4\n';

/** Inside the package, so that its own name leads to it. */
const folder = resolve('build', `harness-docs-${process.pid}`);

suite('harness/docs', (test) => {
  const run = (name: string, body: string) => {
    mkdirSync(folder, { recursive: true });
    try {
      writeFileSync(join(folder, 'seccomp.json'), PROFILE);
      writeFileSync(join(folder, 'app.strace'), TRACE);
      writeFileSync(join(folder, name), body);
      const { NODE_OPTIONS: _, NODE_TEST_CONTEXT: __, ...env } = process.env;
      return spawnSync(process.execPath, [name], { cwd: folder, env, encoding: 'utf8' });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };

  test('the first, with a profile that denies too little, fails as node:test shows it, at its own line', () => {
    const body = (blocks('js')[0] as string).replace("{ 0: 'AF_UNIX' }", '');
    const { status, stdout } = run('failing.mjs', body);
    assert.is(status, 1);
    assert.match(stdout, 'HARNESS_FAILED socket(family=0x26 AF_ALG) on x86_64 should run');
    assert.match(stdout, /failing\.mjs:8:5/);
    assert.match(stdout, /code: 'ERR_ASSERTION'/);
  });

  test('the error is the one that is thrown', () => {
    const h = harness(PROFILE, { file: 'seccomp.json', arches: ['x86_64'] });
    assert.throws(
      () => h.allows('socket'),
      (error: Error) => {
        assert.is(`${error.message}\n`, blocks('text')[0]);
        return true;
      },
    );
  });
});
