/** Where the page draws a decision tree: everything is there once, nothing lies over anything else, and it stays narrow. */
import { readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { assemble } from '../../src/bpf/index.ts';
import { compile } from '../../src/build/index.ts';
import { type CheckedProgram, check } from '../../src/kernel/index.ts';
import { parseProfile, resolvePolicy } from '../../src/policy/index.ts';
import { treeOf } from '../../src/view/index.ts';
import { treeShown } from '../../web/src/engine/tree.ts';
import { HEIGHT, type Layout, layoutOf } from '../../web/src/page/tree-layout.ts';
import { suite } from '../suite.ts';

function assembled(text: string): CheckedProgram {
  const verdict = check(assemble(text));
  assert.ok(verdict.ok);
  return verdict.program;
}

const profile = (name: string, arches: readonly string[]) => () =>
  compile(resolvePolicy(parseProfile(readFileSync(`profiles/${name}.jsonc`, 'utf8')), { arches }));

/** As libseccomp writes them: one comparison behind the other. */
const chain = () =>
  assembled(
    `ld [0]\n${Array.from({ length: 1500 }, (_, i) => `jeq #${i}, allow_${i}, next_${i}\nallow_${i}: ret #0x7fff0000\nnext_${i}:\n`).join('')}ret #0`,
  );

const rows = [
  { name: 'one answer', program: () => assembled('ret #0x7fff0000') },
  { name: 'three ABIs', program: profile('container-default', ['x86_64', 'i386', 'x32']) },
  { name: 'two machines', program: profile('node-service', ['x86_64', 'aarch64']) },
  { name: 'a chain of 1500', program: chain },
];

function overlaps({ boxes, titles }: Layout): readonly string[] {
  const rects = [
    ...boxes.map(({ x, y, width, text }) => ({ x, y, right: x + width, bottom: y + HEIGHT, text })),
    ...titles.map(({ y, text }) => ({ x: 12, y: y - 4, right: 12 + 7 * text.length, bottom: y + 10, text })),
  ].sort((a, b) => a.y - b.y);
  return rects.flatMap((a, i) => {
    const found: string[] = [];
    for (let j = i + 1; j < rects.length && rects[j]!.y < a.bottom; j++) {
      const b = rects[j]!;
      if (a.x < b.right && b.x < a.right) found.push(`${a.text} / ${b.text}`);
    }
    return found;
  });
}

suite('web/tree-layout', (test) => {
  for (const { name, program } of rows) {
    test(`${name}: every test stands once, with both ways on; nothing overlaps`, () => {
      const tree = treeShown(treeOf(program()));
      const layout = layoutOf(tree);
      assert.equal(overlaps(layout), []);
      const tests = tree.boxes.filter(({ yes }) => yes >= 0);
      const drawn = layout.boxes.filter(({ look }) => look === 'test').map(({ pc }) => pc);
      assert.equal(
        [...drawn].sort((a, b) => a - b),
        tests.map(({ pc }) => pc).sort((a, b) => a - b),
      );
      const ways = new Map(layout.ways.map(({ from, label, to }) => [`${from} ${label}`, to]));
      assert.is(layout.ways.length, 2 * tests.length);
      for (const { pc, yes, no } of tests) {
        assert.is(ways.get(`${pc} yes`), yes);
        assert.is(ways.get(`${pc} no`), no);
      }
      // Where a box says to go to stands a tree of that number.
      const begins = new Set([tree.root, ...layout.titles.map(({ pc }) => pc)]);
      for (const { look, pc } of layout.boxes) assert.ok(look !== 'reference' || begins.has(pc), `to ${pc}`);
      assert.ok(layout.ways.every(({ length }) => length > 0));
      assert.ok(layout.width < 1600, `${layout.width} wide`);
      assert.ok(layout.boxes.every(({ x, y, width }) => x + width <= layout.width && y + HEIGHT <= layout.height));
    });
  }

  test('the opposite of a test is said of what lies on its other side', () => {
    const program = profile('container-default', ['x86_64'])();
    const { titles } = layoutOf(treeShown(treeOf(program)));
    const said = titles.map(({ text }) => text.replace(/^\d+, /, ''));
    assert.ok(
      said.length > 0 && said.every((text) => /^(on |where several ways meet$|where \S.* (=|≠|<|≤|>|≥) )/.test(text)),
      said.join('\n'),
    );
  });
});
