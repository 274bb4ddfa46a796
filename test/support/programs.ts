/** Random programs: whatever 8-byte records can hold near what the kernel accepts, and programs that it surely accepts. */
import * as fc from 'fast-check';
import type { RawInsn } from '../../src/bpf/index.ts';

// biome-ignore format: the 41 opcodes that seccomp takes
export const OPCODES: readonly number[] = [
  0x00, 0x20, 0x60, 0x80, 0x01, 0x61, 0x81, 0x02, 0x03, 0x04, 0x0c, 0x14, 0x1c, 0x24, 0x2c, 0x34, 0x3c, 0x44, 0x4c, 0x54,
  0x5c, 0x64, 0x6c, 0x74, 0x7c, 0xa4, 0xac, 0x84, 0x05, 0x15, 0x1d, 0x25, 0x2d, 0x35, 0x3d, 0x45, 0x4d, 0x06, 0x16, 0x07, 0x87,
];

const edge = fc.constantFrom(
  0,
  1,
  2,
  4,
  15,
  16,
  31,
  32,
  60,
  63,
  64,
  0x7fff_ffff,
  0x8000_0000,
  0xffff_ffff,
  0x7fff_0000,
  0x0005_0001,
);
const word = fc.oneof(edge, fc.nat({ max: 400 }), fc.nat({ max: 0xffff_ffff }));

/** Sixteen words of seccomp_data. */
export const dataWordsArbitrary: fc.Arbitrary<Uint32Array> = fc
  .array(word, { minLength: 16, maxLength: 16 })
  .map((words) => Uint32Array.from(words));

/** Records near the boundary of what is accepted: mostly known opcodes, operands around their limits. */
export const boundaryProgram: fc.Arbitrary<RawInsn[]> = fc.array(
  fc.record({
    code: fc.oneof(
      { weight: 20, arbitrary: fc.constantFrom(...OPCODES) },
      { weight: 1, arbitrary: fc.nat({ max: 0xffff }) },
    ),
    jt: fc.oneof(fc.nat({ max: 4 }), fc.nat({ max: 255 })),
    jf: fc.oneof(fc.nat({ max: 4 }), fc.nat({ max: 255 })),
    k: word,
  }),
  { minLength: 1, maxLength: 40 },
);

interface Seed {
  readonly code: number;
  readonly k: number;
  readonly a: number;
  readonly b: number;
}

/** Mends operands so that the kernel accepts the program; every slot is stored first. */
function mend(seeds: readonly Seed[]): RawInsn[] {
  const prologue = Array.from({ length: 16 }, (_, slot) => ({ code: slot % 2 ? 0x02 : 0x03, jt: 0, jf: 0, k: slot }));
  const length = prologue.length + seeds.length + 1;
  const body = seeds.map(({ code, k, a, b }, i): RawInsn => {
    const left = length - (prologue.length + i) - 2;
    const near = (n: number) => Math.min(n % 256, left);
    if (code === 0x20) return { code, jt: 0, jf: 0, k: 4 * (k % 16) };
    if (code === 0x60 || code === 0x61 || code === 0x02 || code === 0x03) return { code, jt: 0, jf: 0, k: k % 16 };
    if (code === 0x34) return { code, jt: 0, jf: 0, k: k === 0 ? 1 : k };
    if (code === 0x64 || code === 0x74) return { code, jt: 0, jf: 0, k: k % 32 };
    if (code === 0x05) return { code, jt: 0, jf: 0, k: near(a % 6) };
    if ([0x15, 0x1d, 0x25, 0x2d, 0x35, 0x3d, 0x45, 0x4d].includes(code)) return { code, jt: near(a), jf: near(b), k };
    return { code, jt: 0, jf: 0, k };
  });
  return [...prologue, ...body, { code: 0x16, jt: 0, jf: 0, k: 0 }];
}

/** Programs that the kernel accepts; returns are rare enough that much of them runs. */
export const soundProgram: fc.Arbitrary<RawInsn[]> = fc
  .array(
    fc.record({
      code: fc.oneof(
        { weight: 60, arbitrary: fc.constantFrom(...OPCODES.filter((c) => c !== 0x06 && c !== 0x16)) },
        { weight: 1, arbitrary: fc.constantFrom(0x06, 0x16) },
      ),
      k: word,
      a: fc.oneof(fc.nat({ max: 5 }), fc.nat({ max: 255 })),
      b: fc.oneof(fc.nat({ max: 5 }), fc.nat({ max: 255 })),
    }),
    { minLength: 1, maxLength: 300 },
  )
  .map(mend);
