/** seccompc merge and intersect as a person runs them. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from '../suite.ts';
import { file, folder, json, seccompc } from './command.ts';

const profile = (names: readonly string[], args?: readonly object[]) =>
  JSON.stringify({
    defaultAction: 'SCMP_ACT_ERRNO',
    architectures: ['SCMP_ARCH_X86_64'],
    syscalls: [{ names, action: 'SCMP_ACT_ALLOW', ...(args && { args }) }],
  });
const a = file('a.json', profile(['read', 'write']));
const b = file('b\u001b[31m.json', profile(['write', 'openat']));

suite('cli/combine', (test) => {
  test('merge: a profile on standard output, the names of its sources without control characters', () => {
    const r = seccompc(['merge', a, b]);
    assert.is(r.status, 0, r.stderr);
    assert.match(r.stdout, '"openat", "read", "write"');
    assert.not.match(r.stdout, '\u001b');
    assert.is(seccompc(['build', '-'], { input: r.stdout }).status, 0);
  });

  test('intersect -o: the file, and nothing on standard output', () => {
    const r = seccompc(['intersect', a, b, '-o', 'both.jsonc']);
    assert.equal([r.status, r.stdout], [0, ''], r.stderr);
    assert.match(readFileSync(join(folder, 'both.jsonc'), 'utf8'), '"names": ["write"]');
  });

  test('never over what it is made of', () => {
    const r = seccompc(['merge', a, b, '-o', a]);
    assert.is(r.status, 2);
    assert.is(readFileSync(a, 'utf8'), profile(['read', 'write']));
  });

  test('what the dialect cannot say: refused by name, nothing written', () => {
    const odd = (value: number, op: string) => profile(['socket'], [{ index: 0, op: `SCMP_CMP_${op}`, value }]);
    const r = seccompc(['intersect', file('g.json', odd(2, 'GT')), file('l.json', odd(20, 'LT')), '-o', 'no.jsonc']);
    assert.is(r.status, 1);
    assert.match(r.stderr, 'COMBINE_INEXPRESSIBLE');
    assert.match(r.stderr, 'socket on x86_64');
    assert.not(existsSync(join(folder, 'no.jsonc')));
  });

  test('mistakes of both profiles in one run; --json has them as data', () => {
    const bad = (name: string) => file(name, '{ "defaultAction": "SCMP_ACT_NO" }');
    const r = seccompc(['merge', bad('x.json'), bad('y.json')]);
    assert.is(r.status, 1);
    assert.match(r.stderr, 'x.json');
    assert.match(r.stderr, 'y.json');
    const made = json(seccompc(['merge', a, b, '--json']));
    assert.equal(made.arches, ['x86_64']);
  });
});
