/**
 * Cpu operations as i386 instructions. A system call takes all registers but esp, so the variables live on the stack,
 * below the frame, and every register is scratch between two operations.
 */
import { type Arch, arch } from '../arch/index.ts';
import { unreachable } from '../diag/index.ts';
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
import { I386, type Mem32, type Reg32 } from './i386.ts';
import type { Condition } from './x86-64.ts';

/** Bytes above esp, once the frame is taken. */
const VARIABLES: Readonly<Record<Var, number>> = { v0: 0, v1: 4, v2: 8, v3: 12, v4: 16, v5: 20 };
const VARIABLES_SIZE = 24;

/** @see Linux arch/x86/entry/entry_32.S entry_INT80_32() */
const ARGUMENTS: readonly Reg32[] = ['ebx', 'ecx', 'edx', 'esi', 'edi', 'ebp'];

const JUMPS: Readonly<Record<Comparison, Condition>> = { '==': 'e', '!=': 'ne', below: 'b', above: 'a', less: 'l' };

export class CpuI386 implements Cpu {
  readonly arch: Arch = arch('i386');
  readonly #code = new I386();
  /** A subroutine's return address lies between esp and the variables. */
  #pushed = 0;
  #frameSize = 0;
  #here = 0;

  label(name: string): void {
    this.#code.label(name);
  }

  external(name: string, distance: number): void {
    this.#code.external(name, distance);
  }

  ascii(label: string, text: string): void {
    this.#code.ascii(label, text);
  }

  words(label: string, values: readonly number[]): void {
    this.#code.words(label, values);
  }

  frame(bytes: number): void {
    this.#frameSize = bytes;
    this.#code.takeStack(bytes + VARIABLES_SIZE);
  }

  /**
   * At entry only edx (the loader's exit function, or 0) and esp mean something. No landing pad: Linux tracks indirect
   * branches of 64-bit programs alone, and CPUs before the Pentium Pro know no endbr32. @see psABI i386, "Process Initialization"
   */
  begin(bytes: number): void {
    this.#code.pushFlags();
    this.#code.pushAll();
    this.frame(bytes);
  }

  handOver(label: string): void {
    this.#code.dropStack(this.#frameSize + VARIABLES_SIZE);
    this.#code.popAll();
    this.#code.popFlags();
    this.#code.jmp(label);
  }

  set(to: Var, value: number): void {
    this.#code.storeImmediate(this.#slot(to), value);
  }

  copy(to: Var, from: Var): void {
    this.#get('eax', from);
    this.#put(to, 'eax');
  }

  address(to: Var, place: Place): void {
    this.#placeTo('eax', place);
    this.#put(to, 'eax');
  }

  load(to: Var, bits: Bits, from: Cell): void {
    this.#code.load('eax', width(bits), this.#cell(from));
    this.#put(to, 'eax');
  }

  store(to: Cell, bits: Bits, from: Var): void {
    const cell = this.#cell(to);
    this.#get('eax', from);
    this.#code.store(cell, width(bits), 'eax');
  }

  add(to: Var, what: Var | number): void {
    if (isVar(what)) {
      this.#get('eax', what);
      this.#code.add(this.#slot(to), 'eax');
    } else this.#code.addImmediate(this.#slot(to), what);
  }

  subtract(to: Var, what: Var | number): void {
    if (isVar(what)) {
      this.#get('eax', what);
      this.#code.sub(this.#slot(to), 'eax');
    } else this.#code.subImmediate(this.#slot(to), what);
  }

  negate(to: Var): void {
    this.#code.neg(this.#slot(to));
  }

  shiftLeft(to: Var, bits: number): void {
    this.#code.shl(this.#slot(to), bits);
  }

  shiftRight(to: Var, bits: number): void {
    this.#code.shr(this.#slot(to), bits);
  }

  divide(dividend: Var, remainder: Var, by: Var): void {
    this.#get('eax', dividend);
    this.#code.clear('edx');
    this.#code.div(this.#slot(by));
    this.#put(dividend, 'eax');
    this.#put(remainder, 'edx');
  }

  jump(label: string): void {
    this.#code.jmp(label);
  }

  branch(left: Var, how: Comparison, right: Var | number, label: string): void {
    if (isVar(right)) {
      this.#get('eax', left);
      this.#code.cmp('eax', this.#slot(right));
    } else this.#code.cmpImmediate(this.#slot(left), right);
    this.#code.jcc(JUMPS[how], label);
  }

  subroutine(name: string, body: () => void): void {
    this.#code.label(name);
    this.#pushed = 4;
    body();
    this.#code.ret();
    this.#pushed = 0;
  }

  leave(): void {
    this.#code.ret();
  }

  call(name: string): void {
    this.#code.call(name);
  }

  syscall(to: Var | undefined, call: string | Var, args: readonly Operand[]): void {
    args.forEach((operand, i) => {
      this.#operand(ARGUMENTS[i] as Reg32, operand);
    });
    if (isVar(call)) this.#get('eax', call);
    else this.#constant('eax', numberOf(this.arch, call));
    this.#code.int(0x80);
    if (to !== undefined) this.#put(to, 'eax');
  }

  trap(): void {
    this.#code.ud2();
  }

  finish(): MachineCode {
    return this.#code.finish();
  }

  #operand(to: Reg32, operand: Operand): void {
    if (typeof operand === 'number') this.#constant(to, operand);
    else if (isVar(operand)) this.#get(to, operand);
    else if ('cell' in operand) this.#code.load(to, 32, this.#cell(operand.cell));
    else this.#placeTo(to, operand);
  }

  #constant(to: Reg32, value: number): void {
    if (value === 0) this.#code.clear(to);
    else this.#code.movImmediate(to, value);
  }

  #placeTo(to: Reg32, place: Place): void {
    if ('label' in place) this.#code.leaLabel(to, place.label, `here${this.#here++}`);
    else this.#code.lea(to, this.#inFrame(place.frame));
  }

  #get(to: Reg32, from: Var): void {
    this.#code.load(to, 32, this.#slot(from));
  }

  #put(to: Var, from: Reg32): void {
    this.#code.store(this.#slot(to), 32, from);
  }

  #slot(variable: Var): Mem32 {
    return { base: 'esp', disp: VARIABLES[variable] + this.#pushed };
  }

  #inFrame(offset: number): Mem32 {
    return { base: 'esp', disp: VARIABLES_SIZE + offset + this.#pushed };
  }

  /** Loads the variable that a cell is relative to into ecx. */
  #cell(cell: Cell): Mem32 {
    if (cell.at === 'frame') return this.#inFrame(cell.offset);
    this.#get('ecx', cell.at);
    return { base: 'ecx', disp: cell.offset };
  }
}

function width(bits: Bits): 8 | 16 | 32 {
  return bits === 64 ? unreachable('a 64-bit cell on i386') : bits;
}
