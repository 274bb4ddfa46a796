/** seccompc lint as a person runs it: statuses, formats, fixes in place, hostile text. */
import { readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { suite } from '../suite.ts';
import { file, json, refused, seccompc, writingNothing } from './command.ts';

const rule = (names: string, more = '') => `    { "names": [${names}], "action": "SCMP_ACT_ALLOW"${more} }`;
const profile = (...rules: readonly string[]) =>
  `{\n  "defaultAction": "SCMP_ACT_ERRNO",\n  "defaultErrnoRet": 38,\n  "architectures": ["SCMP_ARCH_X86_64"],\n  "syscalls": [\n${rules.join(',\n')}\n  ]\n}\n`;
const GOOD = rule('"exit_group", "execve", "rt_sigreturn"');

suite('cli/lint', (test) => {
  test('0 nothing, or notes; 1 findings; 2 what cannot be read', () => {
    assert.is(seccompc(['lint', file('good.json', profile(GOOD))]).status, 0);
    const noted = file('noted.json', profile(GOOD, rule('"read", "read"')));
    assert.is(seccompc(['lint', noted]).status, 0);
    assert.is(seccompc(['lint', noted, '--level', 'note']).status, 1);
    assert.is(seccompc(['lint', noted, '--level', 'warning']).status, 0);
    assert.is(seccompc(['lint', file('bad.json', profile(GOOD, rule('"bpf"')))]).status, 1);
    assert.is(seccompc(['lint', file('none.json', '{ "defaultAction": ')]).status, 1);
    refused(seccompc(['lint', 'absent.json']), 'INPUT_UNREADABLE', 2);
    refused(seccompc(['lint', 'good.json', '--arch', 'pdp11']), 'ARCH_UNKNOWN', 2);
    refused(seccompc(['lint', '-', '--fix'], { input: profile(GOOD) }), 'USAGE', 2);
  });

  test('text, JSON and SARIF say the same', () => {
    const path = file('three.json', profile(GOOD, rule('"bpf", "bpf"')));
    const text = writingNothing(() => seccompc(['lint', path]));
    const data = json(seccompc(['lint', path, '--format', 'json']));
    const sarif = JSON.parse(seccompc(['lint', path, '--format', 'sarif']).stdout);
    const codes = data.diagnostics.map((d) => d.code);
    assert.equal(codes, ['CALL_DANGEROUS', 'NAME_REPEATED']);
    assert.equal(
      sarif.runs[0].results.map((r: { ruleId: string }) => r.ruleId),
      codes,
    );
    for (const d of data.diagnostics)
      assert.match(text.stderr, `${path}:${d.line}:${d.column} ${d.severity} ${d.code}`);
    assert.match(text.stdout, '0 errors, 1 warning, 1 note; 1 can be mended by --fix');
  });

  test('--fix changes the file, says what it did, and leaves a good one as it is', () => {
    const path = file('fix.json', profile(GOOD, rule('"read", "read"'), rule('"openat", "opennat"')));
    const r = seccompc(['lint', path, '--fix']);
    assert.is(r.status, 0, r.stderr);
    assert.match(r.stderr, 'fixed NAME_REPEATED');
    assert.match(r.stderr, 'fixed SYSCALL_UNKNOWN');
    assert.is(readFileSync(path, 'utf8'), profile(GOOD, rule('"read"'), rule('"openat"')));
    writingNothing(() => assert.is(seccompc(['lint', path, '--fix']).status, 0));
  });

  test('what a profile says reaches no terminal, whatever the format', () => {
    const path = file('hostile.json', profile(GOOD, rule(JSON.stringify('\u001b[2J\u202e::stop-commands::x'))));
    for (const format of ['text', 'json', 'sarif']) {
      const r = seccompc(['lint', path, '--format', format]);
      assert.not.match(r.stdout + r.stderr, /[\u001b\u202e]/);
    }
  });
});
