/** seccompc learn as a person runs it. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from '../suite.ts';
import { file, folder, json, seccompc } from './command.ts';

const TRACE =
  '7 [  59] execve(0x555555550000, 0x555555550010, 0x555555550020) = 0\n' +
  '7 [  41] socket(0x2, 0x1, 0) = 0x3\n' +
  '7 [ 231] exit_group(0) = ?\n';
const trace = file('a.strace', TRACE);
const inFolder = (name: string) => join(folder, name);

suite('cli/learn', (test) => {
  test('a profile on standard output, which builds', () => {
    const r = seccompc(['learn', trace, '--name', 'mine']);
    assert.is(r.status, 0, r.stderr);
    assert.match(r.stdout, '// mine: learned by seccompc');
    assert.match(r.stdout, 'a.strace:2');
    assert.is(seccompc(['build', '-'], { input: r.stdout }).status, 0);
  });

  test('standard input; --args none; --json', () => {
    const r = json(seccompc(['learn', '-', '--args', 'none', '--json'], { input: TRACE }));
    assert.equal(r.arches, ['x86_64']);
    assert.not.match(String(r.profile), '"args"');
  });

  test('--base: allowed besides', () => {
    const base = {
      defaultAction: 'SCMP_ACT_ERRNO',
      architectures: ['SCMP_ARCH_X86_64'],
      syscalls: [{ names: ['getxattr'], action: 'SCMP_ACT_ALLOW' }],
    };
    const r = seccompc(['learn', trace, '--base', file('base.json', JSON.stringify(base))]);
    assert.is(r.status, 0, r.stderr);
    assert.match(r.stdout, '"getxattr"');
    assert.match(r.stdout, '"socket"');
  });

  test('--strict: lines that were not understood end with 3, and nothing is written; else they are warnings', () => {
    const cut = file('cut.strace', `${TRACE}what is this\n7 [  41] sock`);
    const strict = seccompc(['learn', cut, '--strict', '-o', 'no.jsonc']);
    assert.is(strict.status, 3, strict.stderr);
    assert.not(existsSync(inFolder('no.jsonc')));
    const loose = seccompc(['learn', cut, '-o', 'yes.jsonc']);
    assert.is(loose.status, 0, loose.stderr);
    assert.match(loose.stderr, 'warning: incomplete');
    assert.match(readFileSync(inFolder('yes.jsonc'), 'utf8'), 'INCOMPLETE');
  });

  test('mistakes: no trace, no such call to narrow, over what it is made of', () => {
    assert.is(seccompc(['learn', file('text', 'hello\n')]).status, 2);
    assert.is(seccompc(['learn', inFolder('absent')]).status, 2);
    assert.is(seccompc(['learn', trace, '--args', 'read']).status, 2);
    assert.is(seccompc(['learn', trace, '--args', 'auto,socket']).status, 2);
    assert.is(seccompc(['learn', trace, '-o', trace]).status, 2);
    assert.match(seccompc(['learn', trace, '--max-bytes', '20']).stderr, 'TRACE_TOO_LARGE');
    assert.is(readFileSync(trace, 'utf8'), TRACE);
  });
});
