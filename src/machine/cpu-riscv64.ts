/** Cpu operations as riscv64 instructions. Scratch: a0 to a7, t0 to t2; subroutines are leaves, so ra is never saved. */
import { type Arch, arch } from '../arch/index.ts';
import { unreachable } from '../diag/index.ts';
import { fitsSigned, type MachineCode } from './code.ts';
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
import { Riscv64, type RvCondition, type RvMem, type RvReg } from './riscv64.ts';

const VARIABLES: Readonly<Record<Var, RvReg>> = { v0: 's0', v1: 's1', v2: 's2', v3: 's3', v4: 's4', v5: 's5' };

const ARGUMENTS: readonly RvReg[] = ['a0', 'a1', 'a2', 'a3', 'a4', 'a5'];

/** What `begin` keeps: an even number, since sp stays a multiple of 16. */
const KEPT: readonly RvReg[] = ['a0', 'a1', 'a2', 'a3', 'a4', 'a7', 's0', 't0'];

const BRANCHES: Readonly<Record<Exclude<Comparison, 'above'>, RvCondition>> = {
  '==': 'eq',
  '!=': 'ne',
  below: 'ltu',
  less: 'lt',
};

export class CpuRiscv64 implements Cpu {
  readonly arch: Arch = arch('riscv64');
  readonly #code = new Riscv64();
  #frameSize = 0;

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
    this.#addConstant('sp', 'sp', -bytes);
  }

  /** At entry only a0 (the loader's exit function, or 0) and sp mean something. @see glibc sysdeps/riscv/start.S */
  begin(bytes: number): void {
    this.#frameSize = bytes;
    this.frame(bytes + 8 * KEPT.length);
    KEPT.forEach((reg, i) => {
      this.#code.store({ base: 'sp', offset: bytes + 8 * i }, 64, reg);
    });
  }

  /** Loses t2, which means nothing at entry. */
  handOver(label: string): void {
    KEPT.forEach((reg, i) => {
      this.#code.load(reg, 64, { base: 'sp', offset: this.#frameSize + 8 * i });
    });
    this.#code.addImmediate('sp', 'sp', this.#frameSize + 8 * KEPT.length);
    this.#code.jumpFar(label, 't2');
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
    this.#code.load(VARIABLES[to], bits, cell(from));
  }

  store(to: Cell, bits: Bits, from: Var): void {
    this.#code.store(cell(to), bits, VARIABLES[from]);
  }

  add(to: Var, what: Var | number): void {
    const reg = VARIABLES[to];
    if (isVar(what)) this.#code.add(reg, reg, VARIABLES[what]);
    else this.#addConstant(reg, reg, what);
  }

  subtract(to: Var, what: Var | number): void {
    const reg = VARIABLES[to];
    if (isVar(what)) this.#code.sub(reg, reg, VARIABLES[what]);
    else this.#addConstant(reg, reg, -what);
  }

  negate(to: Var): void {
    this.#code.sub(VARIABLES[to], 'zero', VARIABLES[to]);
  }

  shiftLeft(to: Var, bits: number): void {
    this.#code.shiftLeft(VARIABLES[to], VARIABLES[to], bits);
  }

  shiftRight(to: Var, bits: number): void {
    this.#code.shiftRight(VARIABLES[to], VARIABLES[to], bits);
  }

  divide(dividend: Var, remainder: Var, by: Var): void {
    this.#code.remu(VARIABLES[remainder], VARIABLES[dividend], VARIABLES[by]);
    this.#code.divu(VARIABLES[dividend], VARIABLES[dividend], VARIABLES[by]);
  }

  jump(label: string): void {
    this.#code.jump(label);
  }

  branch(left: Var, how: Comparison, right: Var | number, label: string): void {
    const a = VARIABLES[left];
    const b = this.#register(right);
    if (how === 'above') this.#code.branch('ltu', b, a, label);
    else this.#code.branch(BRANCHES[how], a, b, label);
  }

  subroutine(name: string, body: () => void): void {
    this.#code.label(name);
    body();
    this.#code.ret();
  }

  leave(): void {
    this.#code.ret();
  }

  call(name: string): void {
    this.#code.call(name);
  }

  syscall(to: Var | undefined, call: string | Var, args: readonly Operand[]): void {
    args.forEach((operand, i) => {
      this.#operand(ARGUMENTS[i] as RvReg, operand);
    });
    if (isVar(call)) this.#code.mov('a7', VARIABLES[call]);
    else this.#constant('a7', numberOf(this.arch, call));
    this.#code.ecall();
    if (to !== undefined) this.#code.mov(VARIABLES[to], 'a0');
  }

  trap(): void {
    this.#code.ebreak();
  }

  finish(): MachineCode {
    return this.#code.finish();
  }

  #operand(to: RvReg, operand: Operand): void {
    if (typeof operand === 'number') this.#constant(to, operand);
    else if (isVar(operand)) this.#code.mov(to, VARIABLES[operand]);
    else if ('cell' in operand) this.#code.load(to, 64, cell(operand.cell));
    else this.#placeTo(to, operand);
  }

  /** addi from zero, or lui and addiw: signed 32-bit constants. An unsigned one would need its upper half cleared. */
  #constant(to: RvReg, value: number): void {
    if (!fitsSigned(value, 32)) unreachable(`constant ${value}`);
    if (fitsSigned(value, 12)) this.#code.addImmediate(to, 'zero', value);
    else {
      const low = (value << 20) >> 20;
      this.#code.loadUpper(to, (value - low) >>> 12);
      if (low !== 0) this.#code.addImmediateWord(to, to, low);
    }
  }

  #addConstant(to: RvReg, from: RvReg, value: number): void {
    if (fitsSigned(value, 12)) this.#code.addImmediate(to, from, value);
    else {
      this.#constant('t0', value);
      this.#code.add(to, from, 't0');
    }
  }

  #register(what: Var | number): RvReg {
    if (isVar(what)) return VARIABLES[what];
    if (what === 0) return 'zero';
    this.#constant('t0', what);
    return 't0';
  }

  #placeTo(to: RvReg, place: Place): void {
    if ('label' in place) this.#code.leaLabel(to, place.label);
    else this.#addConstant(to, 'sp', place.frame);
  }
}

function cell(from: Cell): RvMem {
  return { base: from.at === 'frame' ? 'sp' : VARIABLES[from.at], offset: from.offset };
}
