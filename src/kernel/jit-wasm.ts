/**
 * A program as a WebAssembly module with one function of sixteen i32 parameters. Blocks nest as in the JavaScript form:
 * a forward jump is a `br` out to where the target's block ends. Dense runs of JEQ become a `br_table`.
 *
 *   local 0..15  the words of seccomp_data     16  A     17  X     18..33  M[0..15]
 *
 * @see WebAssembly 1.0 chapter 5 (binary format)
 */
import { unreachable } from '../diag/index.ts';
import type { U32 } from '../num/index.ts';
import { type Block, blocksOf, type Exit } from './blocks.ts';
import type { Code } from './program.ts';
import type { DataWords } from './words.ts';

const A = 16;
const X = 17;
const M = 18;
const PARAMETERS = 16;
const LOCALS = 18;
/** The longest br_table that is worth its bytes. */
const MOST_TABLE = 1024;

const I32 = 0x7f;
const OP = {
  block: 0x02,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  br: 0x0c,
  brIf: 0x0d,
  brTable: 0x0e,
  return: 0x0f,
  unreachable: 0x00,
};
const GET = 0x20;
const SET = 0x21;
const CONST = 0x41;
const EQZ = 0x45;
const EQ = 0x46;
const GT_U = 0x4b;
const GE_U = 0x4f;
const SUB = 0x6b;
const AND = 0x71;
const VOID = 0x40;

/** i32 operators of the ALU operations, by opcode without the X bit. */
const ALU: Readonly<Record<number, number>> = {
  4: 0x6a,
  20: SUB,
  36: 0x6c,
  52: 0x6e,
  68: 0x72,
  84: AND,
  100: 0x74,
  116: 0x76,
  164: 0x73,
};

function unsigned(value: number): readonly number[] {
  const bytes: number[] = [];
  let rest = value >>> 0;
  do {
    bytes.push(rest > 0x7f ? (rest & 0x7f) | 0x80 : rest);
    rest >>>= 7;
  } while (rest > 0);
  return bytes;
}

function signed(value: number): readonly number[] {
  const bytes: number[] = [];
  let rest = value | 0;
  for (;;) {
    const low = rest & 0x7f;
    rest >>= 7;
    const done = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0);
    bytes.push(done ? low : low | 0x80);
    if (done) return bytes;
  }
}

const get = (local: number) => [GET, ...unsigned(local)];
const set = (local: number) => [SET, ...unsigned(local)];
const constant = (k: number) => [CONST, ...signed(k)];

function statement(code: number, k: number): readonly number[] {
  const alu = ALU[code & ~0x08];
  if (alu !== undefined) {
    const byX = (code & 0x08) !== 0;
    const guard = code === 0x3c ? [...get(X), EQZ, OP.if, VOID, ...constant(0), OP.return, OP.end] : [];
    return [...guard, ...get(A), ...(byX ? get(X) : constant(k)), alu, ...set(A)];
  }
  switch (code) {
    case 0x20:
      return [...get(k >>> 2), ...set(A)];
    case 0x00:
      return [...constant(k), ...set(A)];
    case 0x01:
      return [...constant(k), ...set(X)];
    case 0x60:
      return [...get(M + k), ...set(A)];
    case 0x61:
      return [...get(M + k), ...set(X)];
    case 0x80:
      return [...constant(64), ...set(A)];
    case 0x81:
      return [...constant(64), ...set(X)];
    case 0x02:
      return [...get(A), ...set(M + k)];
    case 0x03:
      return [...get(X), ...set(M + k)];
    case 0x84:
      return [...constant(0), ...get(A), SUB, ...set(A)];
    case 0x07:
      return [...get(A), ...set(X)];
    case 0x87:
      return [...get(X), ...set(A)];
    default:
      return unreachable(`opcode ${code} passed the checker`);
  }
}

function condition(code: number, k: number): readonly number[] {
  const operands = [...get(A), ...(code & 0x08 ? get(X) : constant(k))];
  const compare = { 21: EQ, 37: GT_U, 53: GE_U, 69: AND }[code & ~0x08] ?? unreachable(`opcode ${code} is no jump`);
  return [...operands, compare];
}

/** `depth` is how many blocks a `br` to that target leaves. */
function exitCode(exit: Exit, depth: (target: number) => number): readonly number[] {
  const br = (target: number) => [OP.br, ...unsigned(depth(target))];
  switch (exit.kind) {
    case 'ret':
      return [...constant(exit.k), OP.return];
    case 'ret-a':
      return [...get(A), OP.return];
    case 'goto':
      return br(exit.target);
    case 'branch':
      return [...condition(exit.code, exit.k), OP.brIf, ...unsigned(depth(exit.yes)), ...br(exit.no)];
    case 'switch': {
      const keys = exit.keys.map((key) => key.k);
      const least = keys.reduce((a, b) => Math.min(a, b));
      const span = keys.reduce((a, b) => Math.max(a, b)) - least + 1;
      if (span <= MOST_TABLE && span <= 8 * keys.length) {
        const byKey = new Map(exit.keys.map((key) => [key.k, key.target]));
        const table = Array.from({ length: span }, (_, i) => unsigned(depth(byKey.get(least + i) ?? exit.no)));
        return [
          ...get(A),
          ...constant(least),
          SUB,
          OP.brTable,
          ...unsigned(span),
          ...table.flat(),
          ...unsigned(depth(exit.no)),
        ];
      }
      const tests = exit.keys.flatMap(({ k, target }) => [
        ...get(A),
        ...constant(k),
        EQ,
        OP.brIf,
        ...unsigned(depth(target)),
      ]);
      return [...tests, ...br(exit.no)];
    }
    default:
      return exit satisfies never;
  }
}

function body(program: Code, blocks: readonly Block[]): readonly number[] {
  // Block i is entered by leaving i WebAssembly blocks; seen from block i, block j > i lies j - i - 1 levels out.
  const index = new Map(blocks.map((b, i) => [b.start, i]));
  const bytes: number[] = [];
  for (let i = 1; i < blocks.length; i++) bytes.push(OP.block, VOID);
  blocks.forEach((b, i) => {
    if (i > 0) bytes.push(OP.end);
    for (let pc = b.start; pc < b.end; pc++) bytes.push(...statement(program.code[pc] ?? 0, program.k[pc] ?? 0));
    bytes.push(...exitCode(b.exit, (target) => (index.get(target) ?? unreachable('a jump to no block')) - i - 1));
  });
  bytes.push(OP.unreachable, OP.end);
  return bytes;
}

const section = (id: number, bytes: readonly number[]): readonly number[] => [id, ...unsigned(bytes.length), ...bytes];

/** The module's bytes: type, function, export 'f', code. */
export function wasmOf(program: Code): Uint8Array {
  const code = [1, ...unsigned(LOCALS), I32, ...body(program, blocksOf(program))];
  const type = [1, 0x60, PARAMETERS, ...Array<number>(PARAMETERS).fill(I32), 1, I32];
  const sections = [
    section(1, type),
    section(3, [1, 0]),
    section(7, [1, 1, 0x66, 0, 0]),
    section(10, [1, ...unsigned(code.length), ...code]),
  ];
  return Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...sections.flat()]);
}

// The types of WebAssembly come with lib "dom", which would leak into everything; this is all that is used.
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { readonly exports: Readonly<Record<string, unknown>> };
};

/** Compiled and ready; throws where WebAssembly is absent or forbidden. */
export function wasmFunction(program: Code): (words: DataWords) => U32 {
  const instance = new WebAssembly.Instance(new WebAssembly.Module(wasmOf(program)));
  const f = instance.exports.f as (...words: number[]) => number;
  return (w) =>
    (f(
      w[0] as number,
      w[1] as number,
      w[2] as number,
      w[3] as number,
      w[4] as number,
      w[5] as number,
      w[6] as number,
      w[7] as number,
      w[8] as number,
      w[9] as number,
      w[10] as number,
      w[11] as number,
      w[12] as number,
      w[13] as number,
      w[14] as number,
      w[15] as number,
    ) >>> 0) as U32;
}
