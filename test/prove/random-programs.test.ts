/**
 * The meaning of random programs, all 41 opcodes: at any input it is what the interpreter returns. Both ways of symbolic
 * execution, both ways of keeping results, both byte orders.
 */
import * as fc from 'fast-check';
import * as assert from 'uvu/assert';
import type { SeccompData } from '../../src/arch/index.ts';
import { decode, disassemble, type Insn } from '../../src/bpf/index.ts';
import { Words, within } from '../../src/diagram/index.ts';
import { type CheckedProgram, run } from '../../src/kernel/index.ts';
import { toInput } from '../../src/prove/data.ts';
import { differing, meaningAt, meaningOfProgram } from '../../src/prove/index.ts';
import { asBits, asLeaves, type Meaning } from '../../src/prove/meaning.ts';
import { joinMerged } from '../../src/prove/merged.ts';
import { flowOf } from '../../src/prove/states.ts';
import { suite } from '../suite.ts';
import { aimed, randomInsns } from './random.ts';
import { anyData, program } from './subjects.ts';

const LIMITS = { nodeLimit: 60_000 };

function compare(words: Words, meaning: Meaning, made: CheckedProgram, inputs: readonly SeccompData[]): void {
  for (const data of inputs) {
    const wanted = run(made, data);
    const got = meaningAt(words, meaning, toInput(data));
    if (wanted !== got) {
      const shown = JSON.stringify(data);
      assert.unreachable(`${shown}: runs to ${wanted}, means ${got}\n${disassemble(made)}`);
    }
  }
}

suite('prove/random programs', (test) => {
  for (const endian of ['little', 'big'] as const) {
    test(`${endian}-endian: what a program means is what it returns`, () => {
      let decided = 0;
      fc.assert(
        fc.property(randomInsns, fc.array(anyData, { minLength: 8, maxLength: 8 }), (insns, inputs) => {
          const made = program(insns, endian);
          const words = new Words(LIMITS);
          const meaning = within(() => meaningOfProgram(made, words));
          if (!meaning.ok) return;
          decided += 1;
          compare(words, meaning.value, made, aimed(inputs, insns));
        }),
        { numRuns: 400 },
      );
      assert.ok(decided > 250, `only ${decided} of 400 were decided`);
    });
  }

  test('merged states, kept as leaves or as bits, mean the same diagram', () => {
    let decided = 0;
    fc.assert(
      fc.property(randomInsns, fc.array(anyData, { minLength: 4, maxLength: 4 }), (insns, inputs) => {
        const made = program(insns);
        const words = new Words(LIMITS);
        const flow = flowOf(
          insns.map((i) => decode(i) as Insn),
          'little',
        );
        const usual = within(() => meaningOfProgram(made, words));
        const bits = within(() => joinMerged(flow, words, asBits(words), { pc: 0 }));
        if (!usual.ok || !bits.ok) return;
        decided += 1;
        compare(words, bits.value, made, aimed(inputs, insns));
        // The comparison has the same limit as what it compares: of two large diagrams it may be out of reach.
        const one = within(() => differing(words, usual.value, bits.value));
        if (one.ok) assert.is(one.value, 0);
        const leaves = within(() => joinMerged(flow, words, asLeaves(words), { pc: 0 }));
        const other = within(() => (leaves.ok ? differing(words, usual.value, leaves.value) : 0));
        if (other.ok) assert.is(other.value, 0);
      }),
      { numRuns: 300 },
    );
    assert.ok(decided > 150, `only ${decided} of 300 were decided`);
  });
});
