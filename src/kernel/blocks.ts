/**
 * A program as basic blocks, for the two code generators. Classic BPF jumps forward only, so blocks in program order are
 * also in an order in which every jump leads ahead.
 *
 * A run of JEQ on the same accumulator, each going on to the next where it does not match, becomes one `switch`: the
 * linear filters that libseccomp emits are hundreds of them.
 */
import { isConditionalJump } from '../bpf/opcodes.ts';
import type { Code } from './program.ts';

export type Exit =
  | { readonly kind: 'ret'; readonly k: number }
  | { readonly kind: 'ret-a' }
  | { readonly kind: 'goto'; readonly target: number }
  | { readonly kind: 'branch'; readonly code: number; readonly k: number; readonly yes: number; readonly no: number }
  /** The first of equal keys counts; `keys` are distinct. */
  | {
      readonly kind: 'switch';
      readonly keys: readonly { readonly k: number; readonly target: number }[];
      readonly no: number;
    };

/** Targets are the instruction index at which a block starts. */
export interface Block {
  readonly start: number;
  /** Instructions before the exit, from `start` to here (exclusive): loads, stores, arithmetic. */
  readonly end: number;
  readonly exit: Exit;
}

const JEQ_K = 0x15;

/** The JEQs that follow one another from `pc`; A is the same at each. */
function chain({ code, jt, jf, k }: Code, pc: number): Exit & { kind: 'switch' } {
  const keys = new Map<number, number>();
  let at = pc;
  while (code[at] === JEQ_K) {
    const key = k[at] ?? 0;
    if (!keys.has(key)) keys.set(key, at + 1 + (jt[at] ?? 0));
    at += 1 + (jf[at] ?? 0);
  }
  return { kind: 'switch', keys: [...keys].map(([key, target]) => ({ k: key, target })), no: at };
}

function exitAt(program: Code, pc: number): Exit | undefined {
  const { code, jt, jf, k } = program;
  const op = code[pc] ?? 0;
  if (op === 0x06) return { kind: 'ret', k: k[pc] ?? 0 };
  if (op === 0x16) return { kind: 'ret-a' };
  if (op === 0x05) return { kind: 'goto', target: pc + 1 + (k[pc] ?? 0) };
  if (!isConditionalJump(op)) return undefined;
  const no = pc + 1 + (jf[pc] ?? 0);
  if (op === JEQ_K && code[no] === JEQ_K) return chain(program, pc);
  return { kind: 'branch', code: op, k: k[pc] ?? 0, yes: pc + 1 + (jt[pc] ?? 0), no };
}

export function exitTargets(exit: Exit): readonly number[] {
  switch (exit.kind) {
    case 'ret':
    case 'ret-a':
      return [];
    case 'goto':
      return [exit.target];
    case 'branch':
      return [exit.yes, exit.no];
    case 'switch':
      return [...exit.keys.map((key) => key.target), exit.no];
    default:
      return exit satisfies never;
  }
}

/** The blocks that can be reached from instruction 0, in program order. */
export function blocksOf(program: Code): readonly Block[] {
  const starts = new Set([0]);
  const ends = new Map<number, { readonly end: number; readonly exit: Exit }>();
  // A Set is walked in order of insertion, including what is added on the way.
  for (const start of starts) {
    let end = start;
    let exit = exitAt(program, end);
    while (exit === undefined) {
      end += 1;
      exit = exitAt(program, end);
    }
    ends.set(start, { end, exit });
    for (const target of exitTargets(exit)) starts.add(target);
  }
  const sorted = [...starts].sort((a, b) => a - b);
  return sorted.map((start, i) => {
    const { end, exit } = ends.get(start) as { readonly end: number; readonly exit: Exit };
    // Straight-line code that runs into another block's start goes on there.
    const next = sorted[i + 1];
    return next !== undefined && next <= end
      ? { start, end: next, exit: { kind: 'goto', target: next } }
      : { start, end, exit };
  });
}
