/**
 * The meaning of random programs, all 41 opcodes: at any input it is what the interpreter returns. Both ways of symbolic
 * execution, both ways of keeping results, both byte orders.
 */
import * as fc from 'fast-check';
import * as assert from 'uvu/assert';
import type { SeccompData } from '../../src/arch/index.ts';
import { decode, disassemble, type Insn, type RawInsn } from '../../src/bpf/index.ts';
import { Words, within } from '../../src/diagram/index.ts';
import { type CheckedProgram, run } from '../../src/kernel/index.ts';
import { toInput } from '../../src/prove/data.ts';
import { differing, meaningAt, meaningOfProgram } from '../../src/prove/index.ts';
import { asBits, asLeaves, type Meaning } from '../../src/prove/meaning.ts';
import { joinMerged } from '../../src/prove/merged.ts';
import { flowOf } from '../../src/prove/states.ts';
import { suite } from '../suite.ts';
import { OPCODES } from '../support/programs.ts';
import { anyData, program } from './subjects.ts';

const JUMPS = [0x15, 0x1d, 0x25, 0x2d, 0x35, 0x3d, 0x45, 0x4d];
const MEMORY = [0x60, 0x61, 0x02, 0x03];
const operand = fc.oneof(
  fc.constantFrom(0, 1, 2, 3, 8, 31, 38, 0xff, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xc000_003e, 0xffff_ffff),
  fc.nat({ max: 0xffff_ffff }),
);

interface Seed {
  readonly code: number;
  readonly k: number;
  readonly jt: number;
  readonly jf: number;
}
const seeds = fc.array(
  fc.record({
    // Loads and jumps more often than an even choice would have them, else little depends on the input.
    code: fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(...OPCODES) },
      { weight: 1, arbitrary: fc.constant(0x20) },
      { weight: 1, arbitrary: fc.constantFrom(...JUMPS) },
    ),
    k: operand,
    jt: fc.nat({ max: 4 }),
    jf: fc.nat({ max: 4 }),
  }),
  { minLength: 1, maxLength: 24 },
);

/** Every slot is stored first, then operands are mended so that the kernel accepts the program. */
function mend(list: readonly Seed[]): RawInsn[] {
  const start = [
    { code: 0x20, jt: 0, jf: 0, k: 24 },
    ...[0, 1].map((slot) => ({ code: 2 + slot, jt: 0, jf: 0, k: slot })),
  ];
  const length = start.length + list.length + 1;
  const body = list.map(({ code, k, jt, jf }, i): RawInsn => {
    const left = length - start.length - i - 2;
    if (code === 0x20) return { code, jt: 0, jf: 0, k: 4 * (k % 16) };
    if (MEMORY.includes(code)) return { code, jt: 0, jf: 0, k: k % 2 };
    if (code === 0x34) return { code, jt: 0, jf: 0, k: k === 0 ? 1 : k };
    if (code === 0x64 || code === 0x74) return { code, jt: 0, jf: 0, k: k % 32 };
    if (code === 0x05) return { code, jt: 0, jf: 0, k: Math.min(jt, left) };
    if (JUMPS.includes(code)) return { code, jt: Math.min(jt, left), jf: Math.min(jf, left), k };
    return { code, jt: 0, jf: 0, k };
  });
  return [...start, ...body, { code: 0x16, jt: 0, jf: 0, k: 0 }];
}

const raw = seeds.map(mend);
const LIMITS = { nodeLimit: 60_000 };

/** Inputs of which some hit the program's own constants: without these most comparisons go one way. */
function aimed(list: readonly SeccompData[], insns: readonly RawInsn[]): readonly SeccompData[] {
  const constants = insns.map(({ k }) => BigInt(k));
  const pick = (i: number) => constants[i % constants.length] ?? 0n;
  return list.flatMap((data, i) => {
    const [a, b, c, d, e, f] = data.args;
    const near = pick(i) + BigInt((i % 3) - 1);
    const low = (near < 0n ? 0n : near) & 0xffff_ffffn;
    return [
      data,
      { ...data, nr: Number(low), args: [low, pick(i + 1) << 32n, low, low, low, low] } as SeccompData,
    ].concat([{ ...data, arch: Number(low), args: [a & 0xffn, b & 0xffn, c, d, e, f] }]);
  });
}

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
        fc.property(raw, fc.array(anyData, { minLength: 8, maxLength: 8 }), (insns, inputs) => {
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
      fc.property(raw, fc.array(anyData, { minLength: 4, maxLength: 4 }), (insns, inputs) => {
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
