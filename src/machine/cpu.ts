/**
 * The few operations that our helper programs are made of, so that each program is written once and every CPU has one
 * small file that says how. A program holds six variables of one machine word each, in places that system calls leave
 * alone, and one frame of stack memory; everything else a CPU file uses between two operations is scratch.
 *
 * Programs start at byte 0 with the stack as execve left it, are position-independent, and are not interrupted.
 */
import { type Arch, syscallNumber } from '../arch/index.ts';
import { unreachable } from '../diag/index.ts';
import type { MachineCode } from './code.ts';

/** A variable: one machine word, kept over system calls and subroutines. */
export type Var = 'v0' | 'v1' | 'v2' | 'v3' | 'v4' | 'v5';

/** Bytes at a variable's address or in the frame, plus an offset. */
export interface Cell {
  readonly at: Var | 'frame';
  readonly offset: number;
}

/** An address: a place in the frame, or a label. */
export type Place = { readonly frame: number } | { readonly label: string };

/** What a system call takes: a constant (signed or unsigned 32 bits), a variable, an address, or a word from memory. */
export type Operand = number | Var | Place | { readonly cell: Cell };

/** How `left` and `right` compare: equal, not equal, unsigned below or above, signed less. */
export type Comparison = '==' | '!=' | 'below' | 'above' | 'less';

/** At most a word: 64 only where `arch.wordBits` is. */
export type Bits = 8 | 16 | 32 | 64;

export interface Cpu {
  readonly arch: Arch;
  label(name: string): void;
  /** A label outside of the code, `distance` bytes from its first byte. */
  external(name: string, distance: number): void;
  ascii(label: string, text: string): void;
  /** 32-bit integers as data, in the target's byte order. */
  words(label: string, values: readonly number[]): void;

  /** Takes `bytes` of stack for the frame, a multiple of 16; from 4096 on, a multiple of that. What execve left follows it. */
  frame(bytes: number): void;
  /**
   * Instead of `frame` (below 256 bytes), in code that runs before a program and then hands over to it: a landing pad
   * where the CPU knows such, and the registers kept that `set`, `store`, `branch` and `syscall` change, as long as
   * these use no variable but v0 and no more than five arguments.
   */
  begin(bytes: number): void;
  /**
   * Everything as it was at `begin`, to the last bit of the stack pointer; then a jump to an external label. What a CPU
   * loses on the way means nothing at entry: its file says so.
   */
  handOver(label: string): void;
  set(to: Var, value: number): void;
  copy(to: Var, from: Var): void;
  address(to: Var, place: Place): void;
  /** Zero-extends. */
  load(to: Var, bits: Bits, from: Cell): void;
  store(to: Cell, bits: Bits, from: Var): void;
  add(to: Var, what: Var | number): void;
  subtract(to: Var, what: Var | number): void;
  negate(to: Var): void;
  /** By 2 to 63 bits. */
  shiftLeft(to: Var, bits: number): void;
  shiftRight(to: Var, bits: number): void;
  /** Unsigned; `dividend` becomes the quotient. The three are different variables. */
  divide(dividend: Var, remainder: Var, by: Var): void;

  jump(label: string): void;
  branch(left: Var, how: Comparison, right: Var | number, label: string): void;
  /** A leaf subroutine: `body` makes no `call` itself. It returns at its end, and where `body` says `leave`. */
  subroutine(name: string, body: () => void): void;
  leave(): void;
  call(name: string): void;

  /** A system call by name or by variable; the kernel's result (negative errno on failure) goes to `to`. */
  syscall(to: Var | undefined, call: string | Var, args: readonly Operand[]): void;
  /**
   * Only where 64-bit code can enter a 32-bit ABI: the call whose number and six arguments are the 64-bit words at
   * `words` (a variable), the arguments from byte 16 on, through that ABI's entry. Uses 16 bytes of the frame at `save`.
   */
  compatSyscall?(to: Var, words: Var, save: number): void;
  /** An instruction that the kernel answers with a fatal signal. */
  trap(): void;

  finish(): MachineCode;
}

/** The call's number on this ABI. Every call that our programs make exists on every ABI that has a Cpu. */
export function numberOf(arch: Arch, call: string): number {
  return syscallNumber(arch, call) ?? unreachable(`${arch.name} has no system call ${call}`);
}

export function isVar(operand: string | number | object): operand is Var {
  return typeof operand === 'string' && /^v[0-5]$/.test(operand);
}
