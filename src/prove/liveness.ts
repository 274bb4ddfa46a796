/**
 * Which registers can still matter before each instruction. Two ways that differ only in a dead register are one state;
 * without this every load would keep apart what the next load makes equal.
 *
 *   bits 0..15 scratch slots   bit 16 A   bit 17 X
 */
import type { Insn } from '../bpf/index.ts';

export const LIVE_A: number = 1 << 16;
export const LIVE_X: number = 1 << 17;
export const LIVE_MEMORY = 0xffff;

/** The mask for each instruction. Jumps go forwards only, so one pass from the end sees every target first. */
export function liveness(insns: readonly Insn[]): Uint32Array {
  const live = new Uint32Array(insns.length + 1);
  for (let pc = insns.length - 1; pc >= 0; pc--) live[pc] = before(insns[pc] as Insn, pc, live);
  return live;
}

function before(insn: Insn, pc: number, live: Uint32Array): number {
  const after = (skip: number) => live[pc + 1 + skip] as number;
  switch (insn.op) {
    case 'ld':
    case 'ldx': {
      const rest = after(0) & ~(insn.op === 'ld' ? LIVE_A : LIVE_X);
      return insn.mode === 'mem' ? rest | (1 << insn.slot) : rest;
    }
    case 'st':
    case 'stx': {
      const rest = after(0);
      // A store to a dead slot uses nothing.
      if ((rest & (1 << insn.slot)) === 0) return rest;
      return (rest & ~(1 << insn.slot)) | (insn.op === 'st' ? LIVE_A : LIVE_X);
    }
    case 'div':
      // Division by X = 0 returns, so X matters even where the quotient does not.
      return insn.source === 'x' ? after(0) | LIVE_A | LIVE_X : after(0);
    case 'add':
    case 'sub':
    case 'mul':
    case 'or':
    case 'and':
    case 'lsh':
    case 'rsh':
    case 'xor':
      return insn.source === 'x' && (after(0) & LIVE_A) !== 0 ? after(0) | LIVE_X : after(0);
    case 'neg':
      return after(0);
    case 'tax':
      return (after(0) & LIVE_X) !== 0 ? (after(0) & ~LIVE_X) | LIVE_A : after(0);
    case 'txa':
      return (after(0) & LIVE_A) !== 0 ? (after(0) & ~LIVE_A) | LIVE_X : after(0);
    case 'ja':
      return after(insn.skip);
    case 'jeq':
    case 'jgt':
    case 'jge':
    case 'jset':
      return after(insn.jt) | after(insn.jf) | LIVE_A | (insn.source === 'x' ? LIVE_X : 0);
    case 'ret':
      return insn.source === 'a' ? LIVE_A : 0;
    default:
      return insn satisfies never;
  }
}
