/** Several filters on one task: what the stack means is what `runStack` returns, and proofs speak of all of them at once. */
import * as fc from 'fast-check';
import * as assert from 'uvu/assert';
import type { SeccompData } from '../../src/arch/index.ts';
import { disassemble } from '../../src/bpf/index.ts';
import { Words, within } from '../../src/diagram/index.ts';
import { type CheckedProgram, runStack } from '../../src/kernel/index.ts';
import { hex } from '../../src/num/index.ts';
import { parseProfile, resolvePolicy } from '../../src/policy/index.ts';
import { toInput } from '../../src/prove/data.ts';
import { coveredArches, difference, meaningAt, meaningOfStack, prove } from '../../src/prove/index.ts';
import { suite } from '../suite.ts';
import { aimed, randomInsns } from './random.ts';
import { anyData, insn, program } from './subjects.ts';

const ALLOW = 0x7fff_0000;
const KILL_PROCESS = 0x8000_0000;
const KILL_THREAD = 0;
const errno = (n: number): number => 0x5_0000 + n;

const returning = (word: number): CheckedProgram => program([insn(6, word)]);
/** `word` for one number, `otherwise` for all others. */
const answering = (nr: number, word: number, otherwise = ALLOW): CheckedProgram =>
  program([insn(0x20, 0), insn(0x15, nr, 0, 1), insn(6, word), insn(6, otherwise)]);
/** Returns A: more words than a diagram has leaves, so it is kept bit by bit. */
const computed = (offset: number): CheckedProgram => program([insn(0x20, offset), insn(0x16)]);

const call = (nr: number): SeccompData => ({
  nr,
  arch: 0xc000_003e,
  instructionPointer: 0n,
  args: [0n, 0n, 0n, 0n, 0n, 0n],
});

/** In the order of installing: what both are worth together. */
const stacks: readonly { name: string; words: readonly number[]; result: number }[] = [
  { name: 'no filter at all', words: [], result: KILL_PROCESS },
  { name: 'one that allows', words: [ALLOW], result: ALLOW },
  { name: 'data beside ALLOW is lost', words: [ALLOW + 7], result: ALLOW },
  { name: 'the older one is stricter', words: [errno(1), ALLOW], result: errno(1) },
  { name: 'the newer one is stricter', words: [ALLOW, errno(1)], result: errno(1) },
  { name: 'of equal actions the newest data stays', words: [errno(1), errno(2)], result: errno(2) },
  { name: 'the middle one counts', words: [ALLOW, 0x3_0000, errno(1)], result: 0x3_0000 },
  { name: 'KILL_PROCESS beats KILL_THREAD', words: [KILL_PROCESS, KILL_THREAD], result: KILL_PROCESS },
  { name: 'a word that is no action takes part by its number', words: [KILL_THREAD, 0x8001_0000], result: 0x8001_0000 },
  { name: 'the strictest of those that are none', words: [0xffff_0000, 0x8001_0000, 0x1_0000], result: 0x8001_0000 },
];

function compare(programs: readonly CheckedProgram[], inputs: readonly SeccompData[]): boolean {
  const words = new Words({ nodeLimit: 40_000 });
  const meaning = within(() => meaningOfStack({ programs }, words));
  if (!meaning.ok) return false;
  for (const data of inputs) {
    const wanted = runStack(programs, data);
    const got = meaningAt(words, meaning.value, toInput(data));
    if (wanted === got) continue;
    const shown = programs.map(disassemble).join('---\n');
    assert.unreachable(`${JSON.stringify(data)}: runs to ${hex(wanted)}, means ${hex(got)}\n${shown}`);
  }
  return true;
}

suite('prove/stacks', (test) => {
  for (const { name, words, result } of stacks) {
    test(name, () => {
      const programs = words.map(returning);
      assert.is(runStack(programs, call(0)), result);
      assert.is(prove({ programs }, returning(result)).proved, true);
      const other = prove({ programs }, returning(result === ALLOW ? KILL_THREAD : ALLOW));
      assert.is(other.proved, false);
    });
  }

  test('random stacks, leaves and bits', () => {
    let decided = 0;
    const one = fc.oneof(
      { weight: 4, arbitrary: randomInsns.map((insns) => program(insns)) },
      { weight: 1, arbitrary: fc.constantFrom(returning(ALLOW), answering(1, errno(1)), computed(16), computed(0)) },
    );
    fc.assert(
      fc.property(
        fc.array(one, { minLength: 2, maxLength: 3 }),
        fc.array(anyData, { minLength: 6, maxLength: 6 }),
        (programs, inputs) => {
          const insns = programs.flatMap((p) => p.insns);
          if (compare(programs, aimed(inputs, insns))) decided += 1;
        },
      ),
      { numRuns: 120 },
    );
    // Half of them on average; the bound is six standard deviations below.
    assert.ok(decided > 25, `only ${decided} of 120 were decided`);
  });

  test('two filters that together are one profile, and a hole in one of them', () => {
    const rule = (name: string, errnoRet: number) => ({ names: [name], action: 'SCMP_ACT_ERRNO', errnoRet });
    const syscalls = [rule('read', 1), rule('write', 2)];
    const policy = resolvePolicy(parseProfile(JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', syscalls })), {
      arches: ['x86_64'],
      unknownArch: 'kill-process',
    });
    // Beside the calls: other architectures and x32 numbers are killed.
    const frame = (nr: number, word: number): CheckedProgram =>
      program([
        insn(0x20, 4),
        insn(0x15, 0xc000_003e, 1, 0),
        insn(6, KILL_PROCESS),
        insn(0x20, 0),
        insn(0x15, 0xffff_ffff, 4, 0),
        insn(0x45, 0x4000_0000, 0, 1),
        insn(6, KILL_PROCESS),
        insn(0x15, nr, 0, 1),
        insn(6, word),
        insn(6, ALLOW),
      ]);
    const [first, second] = [frame(0, errno(1)), frame(1, errno(2))];
    const whole = prove({ programs: [first, second] }, policy);
    assert.is(whole.proved, true, JSON.stringify(whole));
    assert.is(prove({ programs: [second, first] }, policy).proved, true);
    for (const programs of [[first], [second], [first, frame(1, errno(3))]]) {
      const proof = prove({ programs }, policy);
      assert.ok(!proof.proved && !proof.undecided);
      const { data, words } = proof.counterexample;
      assert.is(runStack(programs, data), words[0]);
    }
    const found = difference(policy, { programs: [first] });
    assert.ok(!found.undecided);
    assert.equal(
      found.changes.map(({ kind, nr }) => [kind, nr]),
      [['LOOSENED', { kind: 'range', first: 1n, last: 1n }]],
    );
  });

  test('what a stack is for: the ABIs on which all its filters let a call run', () => {
    const onlyOn = (audit: number) =>
      program([insn(0x20, 4), insn(0x15, audit, 0, 1), insn(6, ALLOW), insn(6, KILL_PROCESS)]);
    const names = (programs: readonly CheckedProgram[]) => coveredArches({ programs }).map(({ name }) => name);
    assert.equal(names([onlyOn(0xc000_003e)]), ['x86_64', 'x32']);
    assert.equal(names([returning(ALLOW), onlyOn(0x4000_0003)]), ['i386']);
    assert.equal(names([onlyOn(0xc000_003e), onlyOn(0x4000_0003)]), []);
  });
});
