/** Random programs of all 41 opcodes that the kernel accepts, and inputs that hit their constants. */
import * as fc from 'fast-check';
import type { SeccompData } from '../../src/arch/index.ts';
import type { RawInsn } from '../../src/bpf/index.ts';
import { OPCODES } from '../support/programs.ts';

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

export const randomInsns: fc.Arbitrary<RawInsn[]> = seeds.map(mend);

/** Inputs of which some hit the program's own constants: without these most comparisons go one way. */
export function aimed(list: readonly SeccompData[], insns: readonly RawInsn[]): readonly SeccompData[] {
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
