/** The decision tree of a program, held against the interpreter: whoever follows its ways comes to the same answer. */
import { readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { ARCHES, type SeccompData, syscallsOf } from '../../src/arch/index.ts';
import { assemble } from '../../src/bpf/index.ts';
import { compile } from '../../src/build/index.ts';
import { type CheckedProgram, check, trace } from '../../src/kernel/index.ts';
import { parseProfile, resolvePolicy } from '../../src/policy/index.ts';
import { nodesOnPath, treeOf } from '../../src/view/index.ts';
import { suite } from '../suite.ts';

function assembled(text: string): CheckedProgram {
  const verdict = check(assemble(text));
  assert.ok(verdict.ok);
  return verdict.program;
}

const profile = readFileSync('profiles/container-default.jsonc', 'utf8');
const compiled = (arches: readonly string[]) => compile(resolvePolicy(parseProfile(profile), { arches }));

const texts = (program: CheckedProgram): readonly string[] =>
  [...treeOf(program).nodes.values()].map((n) => (n.kind === 'test' ? `${n.text} ${n.note}`.trim() : n.text));

suite('view/tree', (test) => {
  test('every call of every ABI ends at the answer that it gets, by tests alone that ran', () => {
    for (const names of [['x86_64'], ['x86_64', 'i386', 'x32'], ['s390x', 's390']]) {
      const program = compiled(names);
      const tree = treeOf(program);
      for (const arch of names.map((name) => [...ARCHES.values()].find((a) => a.name === name)!)) {
        for (const nr of [...syscallsOf(arch).values(), 0xffff_ffff]) {
          for (const first of [0n, 38n, 0x7e02_0000n]) {
            const args: SeccompData['args'] = [first, 0n, 0n, 0n, 0n, 0n];
            const { word, pcs } = trace(program, { nr, arch: arch.audit, instructionPointer: 0n, args });
            const nodes = nodesOnPath(tree, pcs).map((pc) => tree.nodes.get(pc)!);
            const last = nodes.at(-1);
            assert.ok(last?.kind === 'return');
            assert.is(last.word, word);
            assert.equal(
              nodes.flatMap((n) => (n.kind === 'test' ? [n.jump] : [])),
              pcs.filter((pc) => (program.insns[pc]!.code & 7) === 5 && program.insns[pc]!.code !== 5),
            );
          }
        }
      }
    }
  });

  test('tests are said in words: calls, constants, masks', () => {
    const program = assembled(`
      ld [4]
      jeq #0xc000003e, L2, L9
      L2: ld [0]
      jeq #41, L4, L6
      L4: ld [16]
      jeq #38, L9, L8
      L6: jge #0x40000000, L9, L7
      L7: jeq #56, La, L8
      La: ld [16]
      and #0x7e020000
      jset #0x10000000, L9, L8
      L8: ret #0x7fff0000
      L9: ret #0x50001`);
    assert.equal(texts(program).toSorted(), [
      'ALLOW',
      'ERRNO(1 EPERM)',
      'arch = x86_64 or x32',
      'args[0] low & 0x7e020000 & 0x10000000 ≠ 0 flags CLONE_NEWUSER',
      'args[0] low = 0x26 family AF_ALG',
      'nr = 41 socket',
      'nr = 56 clone',
      'nr ≥ 0x40000000 x32 read',
    ]);
  });

  test('where two ways bring different words, nothing is claimed; a way of its own knows more', () => {
    const program = assembled(`
      ld [4]
      jeq #0xc000003e, Lb, La
      La: ld [0]
      Lb: jeq #41, Ly, Ln
      Ly: ret #0x7fff0000
      Ln: ret a`);
    assert.equal(texts(program).toSorted(), ['A = 0x29', 'ALLOW', 'arch = x86_64 or x32', 'nr = 41', 'the word in A']);
  });

  test('a test that two ways lead to is shared, an answer is not', () => {
    const tree = treeOf(compiled(['x86_64']));
    assert.ok(tree.shared.every((pc) => tree.nodes.get(pc)?.kind === 'test'));
    const program = assembled(`
      ld [0]
      jeq #1, La, Lb
      La: ld [16]
      jeq #1, Lb, Lc
      Lb: ld [24]
      jeq #7, Lc, Ld
      Lc: ret #0x7fff0000
      Ld: ret #0x50001`);
    assert.equal(treeOf(program).shared, [4]);
  });
});
