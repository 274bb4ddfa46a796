/**
 * One instruction on symbolic registers: what src/kernel/interpret.ts does to numbers, done to words that depend on the
 * input. The two share no code; the tests hold one against the other.
 */
import { SECCOMP_DATA_SIZE } from '../arch/index.ts';
import type { Insn } from '../bpf/index.ts';
import type { AluOp, JumpOp } from '../bpf/opcodes.ts';
import { FALSE, type Node, type Word, type Words } from '../diagram/index.ts';
import type { Endian } from '../num/index.ts';
import { levelOfOffset } from './data.ts';
import { LIVE_A, LIVE_MEMORY, LIVE_X } from './liveness.ts';

/** A, X and the sixteen scratch slots; `memory` is empty while all slots are 0. */
export interface Registers {
  readonly a: Word;
  readonly x: Word;
  readonly memory: readonly Word[];
}

export type Step =
  /** On to `pc` with `registers`; where `zero` holds, however, the program returns 0 at once. */
  | { readonly kind: 'go'; readonly pc: number; readonly registers: Registers; readonly zero: Node }
  | { readonly kind: 'branch'; readonly condition: Node; readonly ifTrue: number; readonly ifFalse: number }
  | { readonly kind: 'return'; readonly word: Word };

const NO_MEMORY: readonly Word[] = [];
const SLOTS = 16;

/** A = X = 0 at entry. */
export function atEntry(words: Words): Registers {
  return { a: words.zero, x: words.zero, memory: NO_MEMORY };
}

/** The registers with everything dead set to 0, so that states which cannot be told apart any more are equal. */
export function onlyLive(registers: Registers, live: number, words: Words): Registers {
  const { a, x, memory } = registers;
  return {
    a: live & LIVE_A ? a : words.zero,
    x: live & LIVE_X ? x : words.zero,
    memory:
      memory.length === 0 || (live & LIVE_MEMORY) === 0
        ? NO_MEMORY
        : memory.map((word, slot) => (live & (1 << slot) ? word : words.zero)),
  };
}

export function slotOf(registers: Registers, slot: number, words: Words): Word {
  return registers.memory[slot] ?? words.zero;
}

function stored(registers: Registers, slot: number, word: Word, words: Words): Registers {
  const memory = Array.from({ length: SLOTS }, (_, i) => (i === slot ? word : slotOf(registers, i, words)));
  return { ...registers, memory };
}

/** a where the set holds, b elsewhere, register by register. */
export function selectRegisters(words: Words, set: Node, a: Registers, b: Registers): Registers {
  const slots = Math.max(a.memory.length, b.memory.length);
  return {
    a: words.select(set, a.a, b.a),
    x: words.select(set, a.x, b.x),
    memory: Array.from({ length: slots }, (_, i) => words.select(set, slotOf(a, i, words), slotOf(b, i, words))),
  };
}

export function step(insn: Insn, pc: number, registers: Registers, words: Words, endian: Endian): Step {
  const go = (changed: Partial<Registers>, zero: Node = FALSE): Step => {
    return { kind: 'go', pc: pc + 1, registers: { ...registers, ...changed }, zero };
  };
  const { a, x } = registers;
  switch (insn.op) {
    case 'ld':
      return go({ a: loaded(insn, registers, words, endian) });
    case 'ldx':
      return go({ x: loaded(insn, registers, words, endian) });
    case 'st':
      return go(stored(registers, insn.slot, a, words));
    case 'stx':
      return go(stored(registers, insn.slot, x, words));
    case 'add':
    case 'sub':
    case 'mul':
    case 'div':
    case 'or':
    case 'and':
    case 'lsh':
    case 'rsh':
    case 'xor': {
      const operand = insn.source === 'x' ? x : words.constant(insn.k);
      return go(
        { a: calculated(words, insn.op, a, operand) },
        insn.op === 'div' ? words.eq(operand, words.zero) : FALSE,
      );
    }
    case 'neg':
      return go({ a: words.neg(a) });
    case 'tax':
      return go({ x: a });
    case 'txa':
      return go({ a: x });
    case 'ja':
      return { kind: 'go', pc: pc + 1 + insn.skip, registers, zero: FALSE };
    case 'jeq':
    case 'jgt':
    case 'jge':
    case 'jset': {
      const ifTrue = pc + 1 + insn.jt;
      const ifFalse = pc + 1 + insn.jf;
      if (ifTrue === ifFalse) return { kind: 'go', pc: ifTrue, registers, zero: FALSE };
      const condition = compared(words, insn.op, a, insn.source === 'x' ? x : words.constant(insn.k));
      return { kind: 'branch', condition, ifTrue, ifFalse };
    }
    case 'ret':
      return { kind: 'return', word: insn.source === 'a' ? a : words.constant(insn.k) };
    default:
      return insn satisfies never;
  }
}

type Load = Extract<Insn, { op: 'ld' | 'ldx' }>;

function loaded(insn: Load, registers: Registers, words: Words, endian: Endian): Word {
  switch (insn.mode) {
    case 'imm':
      return words.constant(insn.k);
    case 'len':
      return words.constant(SECCOMP_DATA_SIZE);
    case 'mem':
      return slotOf(registers, insn.slot, words);
    case 'abs':
      return words.field(levelOfOffset(insn.off, endian));
    default:
      return insn satisfies never;
  }
}

function calculated(words: Words, op: AluOp, a: Word, operand: Word): Word {
  return words[op](a, operand);
}

function compared(words: Words, op: JumpOp, a: Word, operand: Word): Node {
  switch (op) {
    case 'jeq':
      return words.eq(a, operand);
    case 'jgt':
      return words.gt(a, operand);
    case 'jge':
      return words.ge(a, operand);
    case 'jset':
      return words.set(a, operand);
    default:
      return op satisfies never;
  }
}
