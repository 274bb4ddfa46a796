/**
 * Random programs that are made to be accepted, and the two ways in which a program's result is made visible from
 * outside. Nothing of src/ is used: a filter here is a list of numbers.
 */
import type { Draw } from './draw.ts';

export type Insn = readonly [code: number, jt: number, jf: number, k: number];

export const MAX_INSNS = 4096;

/** sock_filter records of a little-endian machine. */
export function encode(insns: readonly Insn[]): Uint8Array {
  const bytes = new Uint8Array(8 * insns.length);
  const view = new DataView(bytes.buffer);
  insns.forEach(([code, jt, jf, k], pc) => {
    view.setUint16(8 * pc, code, true);
    view.setUint8(8 * pc + 2, jt);
    view.setUint8(8 * pc + 3, jf);
    view.setUint32(8 * pc + 4, k, true);
  });
  return bytes;
}

export function decode(bytes: Uint8Array): Insn[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: bytes.length / 8 }, (_, pc) => [
    view.getUint16(8 * pc, true),
    view.getUint8(8 * pc + 2),
    view.getUint8(8 * pc + 3),
    view.getUint32(8 * pc + 4, true),
  ]);
}

const RET_K = 0x06;
const RET_A = 0x16;
const JA = 0x05;
const ALU = [
  0x04, 0x0c, 0x14, 0x1c, 0x24, 0x2c, 0x34, 0x44, 0x4c, 0x54, 0x5c, 0x64, 0x6c, 0x74, 0x7c, 0xa4, 0xac, 0x84,
];
const ALU_X = [0x0c, 0x1c, 0x2c, 0x4c, 0x5c, 0x6c, 0x7c, 0xac];
const LOADS = [0x00, 0x20, 0x20, 0x20, 0x80, 0x01, 0x81, 0x07, 0x87];
const MEMORY = [0x60, 0x61, 0x02, 0x03];
const JUMPS = [0x15, 0x1d, 0x25, 0x2d, 0x35, 0x3d, 0x45, 0x4d];

export const FLAVOURS = ['alu', 'memory', 'branchy', 'mixed'] as const;
export type Flavour = (typeof FLAVOURS)[number];

/** Which family the next instruction comes from, in tenths. */
const FAMILIES: Readonly<Record<Flavour, readonly (readonly number[])[]>> = {
  alu: [ALU, ALU, ALU, ALU, ALU_X, ALU_X, LOADS, LOADS, MEMORY, JUMPS],
  memory: [ALU, ALU_X, LOADS, MEMORY, MEMORY, MEMORY, MEMORY, MEMORY, LOADS, JUMPS],
  branchy: [ALU, ALU_X, LOADS, LOADS, MEMORY, JUMPS, JUMPS, JUMPS, JUMPS, [JA]],
  mixed: [ALU, ALU, ALU_X, LOADS, LOADS, MEMORY, MEMORY, JUMPS, JUMPS, [JA]],
};

function operand(draw: Draw, code: number, after: number, slots: number): number {
  switch (code) {
    case 0x20:
      return 4 * draw.below(16);
    case 0x34:
      return draw.edge() || 1;
    case 0x64:
    case 0x74:
      return draw.below(32);
    case 0x60:
    case 0x61:
    case 0x02:
    case 0x03:
      return draw.below(slots);
    case JA:
      return draw.below(Math.min(after, draw.oneIn(20) ? after : 6));
    default:
      return draw.edge();
  }
}

/**
 * A program of `length` instructions. `rets` of them return a constant, spread over it, and as many return A. Slots 0 to
 * 4 are written first; a slot above is read now and then, which the checker may refuse: the caller asks it.
 */
export function randomProgram(draw: Draw, flavour: Flavour, length: number, rets: number): Insn[] {
  const slots = draw.oneIn(8) ? 7 : 5;
  const returns = new Map<number, number>();
  for (let i = 0; i < rets; i++) {
    returns.set(6 + draw.below(Math.max(1, length - 6)), RET_K);
    returns.set(6 + draw.below(Math.max(1, length - 6)), RET_A);
  }
  returns.set(length - 1, RET_A);
  return Array.from({ length }, (_, pc) => {
    const after = length - pc - 1;
    if (pc < 5 && after > 0) return [draw.oneIn(2) ? 0x02 : 0x03, 0, 0, pc];
    let code = returns.get(pc) ?? draw.pick(draw.pick(FAMILIES[flavour]));
    // Nobody would get past many returns: a jump over each leads to the rest.
    if (returns.get(pc + 1) !== undefined && after > 2) {
      return [
        draw.pick(JUMPS),
        draw.oneIn(2) ? 0 : 1,
        draw.oneIn(2) ? 1 : draw.below(Math.min(after, 256)),
        draw.edge(),
      ];
    }
    if (draw.oneIn(300)) code = 0x3c; // division by X, which may be 0
    if (after === 0) code = RET_A;
    const conditional = JUMPS.includes(code);
    const skip = () => draw.below(Math.min(after, draw.oneIn(30) ? 256 : 5));
    // Unused fields hold anything: nobody may look at them.
    const [jt, jf] = conditional ? [skip(), skip()] : [draw.below(256), draw.below(256)];
    return [code, jt, jf, operand(draw, code, after, slots)];
  });
}

/** Every RET becomes a jump to `ending`, which finds the result in A. Jumps of the program itself stay as they are. */
function redirected(program: readonly Insn[], ending: readonly Insn[]): Insn[] {
  const end = program.length + 2 * program.filter(([code]) => code === RET_K).length;
  const stubs: Insn[] = [];
  const body = program.map(([code, jt, jf, k], pc): Insn => {
    if (code === RET_A) return [JA, 0, 0, end - pc - 1];
    if (code !== RET_K) return [code, jt, jf, k];
    const at = program.length + stubs.length;
    stubs.push([0x00, 0, 0, k], [JA, 0, 0, end - at - 2]);
    return [JA, 0, 0, at - pc - 1];
  });
  return [...body, ...stubs, ...ending];
}

/** Twelve bits of the result are seen at a time: an errno is at most 4095. */
export const SHIFTS: readonly number[] = [0, 12, 24];
/** The word of seccomp_data that says which: the low half of the last argument. */
export const SELECTOR_WORD = 14;
const SELECTOR_MASK = 28;

/** A selector as it stands in the word: the program under test may read the other bits. */
export function selecting(word: number, shift: number): number {
  return ((word & ~SELECTOR_MASK) | shift) >>> 0;
}

// biome-ignore format: one instruction a line
const SHOW_BITS: readonly Insn[] = [
  [0x02, 0, 0, 15],                // M[15] = A
  [0x20, 0, 0, 4 * SELECTOR_WORD],
  [0x54, 0, 0, SELECTOR_MASK],
  [0x07, 0, 0, 0],
  [0x60, 0, 0, 15],
  [0x7c, 0, 0, 0],                 // A = result >> selector
  [0x54, 0, 0, 0xfff],
  [0x44, 0, 0, 0x50000],           // ERRNO
  [RET_A, 0, 0, 0],
];

/** What `showingBits` adds to a program with `rets` constant returns. */
export const bitsAdded = (rets: number): number => SHOW_BITS.length + 2 * rets;

/** The program with all 32 bits of every result visible, as an errno of 12 bits. It allows nothing. */
export function showingBits(program: readonly Insn[]): Insn[] {
  return redirected(program, SHOW_BITS);
}

/** Actions that leave the caller alive, and actions (known and not) that do not. */
const MILD = [0x00050000, 0x7ff00000, 0x7fc00000, 0x7ffc0000, 0x7fff0000, 0x7fff0000, 0x7ffc0000];
const HARSH = [0x80000000, 0x00000000, 0x00030000, 0x00010000, 0x80010000, 0x7ffe0000, 0xffff0000, 0x80050000];

/**
 * A filter for a stack: the low three bits of the program's result choose among actions, the bits above are data. It
 * allows seccomp(2), so that the next filter can be installed: [ld nr, jeq, ret ALLOW, ld #0] stand before the program.
 */
export function choosingAction(draw: Draw, program: readonly Insn[], seccompNr: number): Insn[] {
  const word = () => ((draw.oneIn(15) ? draw.pick(HARSH) : draw.pick(MILD)) | draw.below(0x10000)) >>> 0;
  const errno = (): Insn => [RET_K, 0, 0, 0x50000 | draw.below(0x10000)];
  // Half of the filters seldom deny, so that whole stacks of them let a call through.
  const gentle = draw.oneIn(2);
  const ending: readonly Insn[] = [
    [0x02, 0, 0, 15],
    [0x54, 0, 0, 7],
    ...[0, 1, 2, 3, 4, 5].flatMap((n): Insn[] => [
      [0x15, 0, 1, n],
      n < (gentle ? 6 : 3) ? [RET_K, 0, 0, word()] : errno(),
    ]),
    // ERRNO with all sixteen bits of data from the result.
    [0x60, 0, 0, 15],
    [0x74, 0, 0, 3],
    [0x54, 0, 0, 0xffff],
    [0x44, 0, 0, 0x50000],
    [RET_A, 0, 0, 0],
  ];
  const door: readonly Insn[] = [
    [0x20, 0, 0, 0],
    [0x15, 0, 1, seccompNr],
    [RET_K, 0, 0, 0x7fff0000],
    [0x00, 0, 0, 0],
  ];
  return [...door, ...redirected(program, ending)];
}
