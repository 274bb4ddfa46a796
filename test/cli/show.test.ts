/** seccompc show: the table, and pictures, of a profile and of the program made of it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from '../suite.ts';
import { file, folder, json, PROFILE, refused, seccompc } from './command.ts';

interface Row {
  readonly category: string;
  readonly allowed: readonly string[];
  readonly denied: readonly string[];
  readonly conditional: readonly { readonly name: string; readonly when: readonly string[] }[];
}
const rows = (value: unknown): readonly Row[] => (value as { readonly categories: readonly Row[] }[])[0]!.categories;

suite('cli/show', (test) => {
  const path = file('show.json', PROFILE);
  test('a table by category, conditions in words; a program says the same without them', () => {
    const own = json(seccompc(['show', path, '--json']));
    const files = rows(own.arches).find((r) => r.category === 'files');
    assert.equal(files?.allowed, ['read', 'write']);
    assert.ok(files?.denied.includes('openat'));
    const processes = rows(own.arches).find((r) => r.category === 'processes');
    assert.equal(processes?.conditional, [{ name: 'personality', when: ['ALLOW when arg0 == 0x0'] }]);
    seccompc(['build', path, '-o', 'show.bpf']);
    const raw = json(seccompc(['show', 'show.bpf', '--arch', 'x86_64', '--json']));
    assert.is(raw.instructions, own.instructions);
    assert.equal(
      rows(raw.arches).map((r) => [r.allowed, r.denied]),
      rows(own.arches).map((r) => [r.allowed, r.denied]),
    );
    assert.match(seccompc(['show', path]).stdout, 'conditional: personality: ALLOW when arg0 == 0x0');
  });
  test('pictures hold every instruction', () => {
    const count = Number(json(seccompc(['show', path, '--json'])).instructions);
    const dot = seccompc(['show', path, '--dot', '--svg', 'show.svg']).stdout;
    assert.is([...dot.matchAll(/^ {2}n\d+ \[label=/gm)].length, count);
    const svg = readFileSync(join(folder, 'show.svg'), 'utf8');
    assert.is([...svg.matchAll(/<text /g)].length, count);
    assert.match(svg, /jeq|ret/);
  });
  test('what cannot be read', () => refused(seccompc(['show', 'absent.json']), 'INPUT_UNREADABLE', 2));
});
