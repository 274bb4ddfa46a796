/** Cpu operations as x86_64 instructions. Scratch: rax, rcx, rdx, rsi, rdi, r8 to r11. */
import { type Arch, arch } from '../arch/index.ts';
import type { MachineCode } from './code.ts';
import {
  type Bits,
  type Cell,
  type Comparison,
  type Cpu,
  isVar,
  numberOf,
  type Operand,
  type Place,
  type Var,
} from './cpu.ts';
import { type Condition, type Mem, type Reg, X86_64 } from './x86-64.ts';

/** The registers that functions and system calls both keep. */
const VARIABLES: Readonly<Record<Var, Reg>> = { v0: 'rbx', v1: 'rbp', v2: 'r12', v3: 'r13', v4: 'r14', v5: 'r15' };

/** @see Linux arch/x86/entry/entry_64.S entry_SYSCALL_64(): the fourth argument is in r10, since syscall takes rcx. */
const ARGUMENTS: readonly Reg[] = ['rdi', 'rsi', 'rdx', 'r10', 'r8', 'r9'];

/** What `begin` keeps, besides the flags. */
const KEPT: readonly Reg[] = ['rax', 'rbx', 'rcx', 'rdx', 'rsi', 'rdi', 'r8', 'r10', 'r11'];

const JUMPS: Readonly<Record<Comparison, Condition>> = { '==': 'e', '!=': 'ne', below: 'b', above: 'a', less: 'l' };

export class CpuX86_64 implements Cpu {
  readonly arch: Arch = arch('x86_64');
  readonly #code = new X86_64();
  /** A subroutine's return address lies between rsp and the frame. */
  #frameAt = 0;
  #frameSize = 0;

  external(name: string, distance: number): void {
    this.#code.external(name, distance);
  }

  label(name: string): void {
    this.#code.label(name);
  }

  ascii(label: string, text: string): void {
    this.#code.ascii(label, text);
  }

  words(label: string, values: readonly number[]): void {
    this.#code.words(label, values);
  }

  frame(bytes: number): void {
    this.#frameSize = bytes;
    this.#code.subImmediate('rsp', bytes);
  }

  /** At entry only rdx (the loader's exit function, or 0) and rsp mean something. @see psABI x86-64, "Process Initialization" */
  begin(bytes: number): void {
    this.#code.endbr64();
    for (const reg of KEPT) this.#code.push(reg);
    this.#code.pushFlags();
    this.frame(bytes);
  }

  handOver(label: string): void {
    this.#code.addImmediate('rsp', this.#frameSize);
    this.#code.popFlags();
    for (const reg of KEPT.toReversed()) this.#code.pop(reg);
    this.#code.jmp(label);
  }

  set(to: Var, value: number): void {
    this.#constant(VARIABLES[to], value);
  }

  copy(to: Var, from: Var): void {
    this.#code.mov(VARIABLES[to], VARIABLES[from]);
  }

  address(to: Var, place: Place): void {
    this.#placeTo(VARIABLES[to], place);
  }

  load(to: Var, bits: Bits, from: Cell): void {
    this.#code.load(VARIABLES[to], bits, this.#cell(from));
  }

  store(to: Cell, bits: Bits, from: Var): void {
    this.#code.store(this.#cell(to), bits, VARIABLES[from]);
  }

  add(to: Var, what: Var | number): void {
    if (isVar(what)) this.#code.add(VARIABLES[to], VARIABLES[what]);
    else this.#code.addImmediate(VARIABLES[to], what);
  }

  subtract(to: Var, what: Var | number): void {
    if (isVar(what)) this.#code.sub(VARIABLES[to], VARIABLES[what]);
    else this.#code.subImmediate(VARIABLES[to], what);
  }

  negate(to: Var): void {
    this.#code.neg(VARIABLES[to]);
  }

  shiftLeft(to: Var, bits: number): void {
    this.#code.shl(VARIABLES[to], bits);
  }

  shiftRight(to: Var, bits: number): void {
    this.#code.shr(VARIABLES[to], bits);
  }

  divide(dividend: Var, remainder: Var, by: Var): void {
    this.#code.mov('rax', VARIABLES[dividend]);
    this.#code.clear('rdx');
    this.#code.div(VARIABLES[by]);
    this.#code.mov(VARIABLES[dividend], 'rax');
    this.#code.mov(VARIABLES[remainder], 'rdx');
  }

  jump(label: string): void {
    this.#code.jmp(label);
  }

  branch(left: Var, how: Comparison, right: Var | number, label: string): void {
    if (isVar(right)) this.#code.cmp(VARIABLES[left], VARIABLES[right]);
    else this.#code.cmpImmediate(VARIABLES[left], right);
    this.#code.jcc(JUMPS[how], label);
  }

  subroutine(name: string, body: () => void): void {
    this.#code.label(name);
    this.#frameAt = 8;
    body();
    this.#code.ret();
    this.#frameAt = 0;
  }

  leave(): void {
    this.#code.ret();
  }

  call(name: string): void {
    this.#code.call(name);
  }

  syscall(to: Var | undefined, call: string | Var, args: readonly Operand[]): void {
    args.forEach((operand, i) => {
      this.#operand(ARGUMENTS[i] as Reg, operand);
    });
    if (isVar(call)) this.#code.mov('rax', VARIABLES[call]);
    else this.#constant('rax', numberOf(this.arch, call));
    this.#code.syscall();
    if (to !== undefined) this.#code.mov(VARIABLES[to], 'rax');
  }

  /** The whole registers are loaded: a filter sees their high halves too. @see Linux arch/x86/entry/syscall_32.c */
  compatSyscall(to: Var, words: Var, save: number): void {
    const from = VARIABLES[words];
    const at = (disp: number): Mem => ({ base: from, disp });
    const saved = ['rbx', 'rbp'] as const;
    saved.forEach((reg, i) => {
      this.#code.store(this.#cell({ at: 'frame', offset: save + 8 * i }), 64, reg);
    });
    this.#code.load('rax', 64, at(0));
    for (const [i, reg] of (['rcx', 'rdx', 'rsi', 'rdi'] as const).entries()) this.#code.load(reg, 64, at(24 + 8 * i));
    // `from` may be one of these two, so it goes last, and by way of a scratch register.
    this.#code.load('r8', 64, at(16));
    this.#code.load('r9', 64, at(56));
    this.#code.mov('rbx', 'r8');
    this.#code.mov('rbp', 'r9');
    this.#code.int(0x80);
    saved.forEach((reg, i) => {
      this.#code.load(reg, 64, this.#cell({ at: 'frame', offset: save + 8 * i }));
    });
    this.#code.mov(VARIABLES[to], 'rax');
  }

  trap(): void {
    this.#code.ud2();
  }

  finish(): MachineCode {
    return this.#code.finish();
  }

  #operand(to: Reg, operand: Operand): void {
    if (typeof operand === 'number') this.#constant(to, operand);
    else if (isVar(operand)) this.#code.mov(to, VARIABLES[operand]);
    else if ('cell' in operand) this.#code.load(to, 64, this.#cell(operand.cell));
    else this.#placeTo(to, operand);
  }

  #constant(to: Reg, value: number): void {
    if (value === 0) this.#code.clear(to);
    else this.#code.movImmediate(to, value);
  }

  #placeTo(to: Reg, place: Place): void {
    if ('label' in place) this.#code.leaLabel(to, place.label);
    else this.#code.lea(to, this.#cell({ at: 'frame', offset: place.frame }));
  }

  #cell(cell: Cell): Mem {
    if (cell.at === 'frame') return { base: 'rsp', disp: cell.offset + this.#frameAt };
    return { base: VARIABLES[cell.at], disp: cell.offset };
  }
}
