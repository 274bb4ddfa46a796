/** Cpu operations as aarch64 instructions. Scratch: x0 to x17; subroutines are leaves, so x30 is never saved. */
import { type Arch, arch } from '../arch/index.ts';
import { unreachable } from '../diag/index.ts';
import { type A64Condition, Aarch64, isArithmeticImmediate, type XMem, type XReg } from './aarch64.ts';
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

const VARIABLES: Readonly<Record<Var, XReg>> = { v0: 'x19', v1: 'x20', v2: 'x21', v3: 'x22', v4: 'x23', v5: 'x24' };

/** What `begin` keeps, in pairs. */
const KEPT: readonly (readonly [XReg, XReg])[] = [
  ['x0', 'x1'],
  ['x2', 'x3'],
  ['x4', 'x8'],
  ['x19', 'xzr'],
];

/** `b` reaches 128 MiB from itself; it lies within 64 KiB of the code's first byte. */
const NEAR = 2 ** 27 - 2 ** 16;

const BRANCHES: Readonly<Record<Comparison, A64Condition>> = {
  '==': 'eq',
  '!=': 'ne',
  below: 'lo',
  above: 'hi',
  less: 'lt',
};

export class CpuAarch64 implements Cpu {
  readonly arch: Arch = arch('aarch64');
  readonly #code = new Aarch64();
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
    this.#code.subImmediate('sp', 'sp', bytes);
  }

  /** At entry only x0 (the loader's exit function, or 0) and sp mean something. @see glibc sysdeps/aarch64/start.S */
  begin(bytes: number): void {
    this.#frameSize = bytes;
    this.#code.btiC();
    this.frame(bytes + 16 * KEPT.length);
    KEPT.forEach(([first, second], i) => {
      this.#code.storePair(first, second, { base: 'sp', offset: bytes + 16 * i });
    });
  }

  /**
   * `b` where it reaches. Else through x16 and x17, which belong to whoever lies between two functions; a jump through
   * x16 may land on `bti c`, as the loader's own does. @see AAPCS64, "General-purpose Registers"
   */
  handOver(label: string): void {
    KEPT.forEach(([first, second], i) => {
      this.#code.loadPair(first, second, { base: 'sp', offset: this.#frameSize + 16 * i });
    });
    this.#code.addImmediate('sp', 'sp', this.#frameSize + 16 * KEPT.length);
    if (Math.abs(this.#code.distanceOf(label)) < NEAR) {
      this.#code.b(label);
      return;
    }
    this.#code.adr('x16', 'far');
    this.#code.loadWordSigned('x17', 'far');
    this.#code.add('x16', 'x16', 'x17');
    this.#code.br('x16');
    this.#code.distance('far', label);
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
    if (typeof what === 'number' && isArithmeticImmediate(what)) this.#code.addImmediate(reg, reg, what);
    else this.#code.add(reg, reg, this.#register(what));
  }

  subtract(to: Var, what: Var | number): void {
    const reg = VARIABLES[to];
    if (typeof what === 'number' && isArithmeticImmediate(what)) this.#code.subImmediate(reg, reg, what);
    else this.#code.sub(reg, reg, this.#register(what));
  }

  negate(to: Var): void {
    this.#code.neg(VARIABLES[to], VARIABLES[to]);
  }

  shiftLeft(to: Var, bits: number): void {
    this.#code.lsl(VARIABLES[to], VARIABLES[to], bits);
  }

  shiftRight(to: Var, bits: number): void {
    this.#code.lsr(VARIABLES[to], VARIABLES[to], bits);
  }

  divide(dividend: Var, remainder: Var, by: Var): void {
    this.#code.udiv('x16', VARIABLES[dividend], VARIABLES[by]);
    this.#code.msub(VARIABLES[remainder], 'x16', VARIABLES[by], VARIABLES[dividend]);
    this.#code.mov(VARIABLES[dividend], 'x16');
  }

  jump(label: string): void {
    this.#code.b(label);
  }

  branch(left: Var, how: Comparison, right: Var | number, label: string): void {
    const reg = VARIABLES[left];
    if (right === 0 && how === '==') this.#code.cbz(reg, label);
    else if (right === 0 && how === '!=') this.#code.cbnz(reg, label);
    else {
      if (typeof right === 'number' && isArithmeticImmediate(right)) this.#code.cmpImmediate(reg, right);
      else if (typeof right === 'number' && isArithmeticImmediate(-right)) this.#code.cmnImmediate(reg, -right);
      else this.#code.cmp(reg, this.#register(right));
      this.#code.bCond(BRANCHES[how], label);
    }
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
    this.#code.bl(name);
  }

  syscall(to: Var | undefined, call: string | Var, args: readonly Operand[]): void {
    args.forEach((operand, i) => {
      this.#operand(`x${i}`, operand);
    });
    if (isVar(call)) this.#code.mov('x8', VARIABLES[call]);
    else this.#constant('x8', numberOf(this.arch, call));
    this.#code.svc();
    if (to !== undefined) this.#code.mov(VARIABLES[to], 'x0');
  }

  trap(): void {
    this.#code.brk();
  }

  finish(): MachineCode {
    return this.#code.finish();
  }

  #operand(to: XReg, operand: Operand): void {
    if (typeof operand === 'number') this.#constant(to, operand);
    else if (isVar(operand)) this.#code.mov(to, VARIABLES[operand]);
    else if ('cell' in operand) this.#code.load(to, 64, cell(operand.cell));
    else this.#placeTo(to, operand);
  }

  /** movz, movn, or one of them and movk: the signed or unsigned 32-bit constants that the programs use. */
  #constant(to: XReg, value: number): void {
    if (!Number.isInteger(value) || value < -0x8000_0000 || value > 0xffff_ffff) unreachable(`constant ${value}`);
    if (value < 0) {
      const inverse = ~value;
      this.#code.movn(to, inverse & 0xffff);
      if (inverse > 0xffff) this.#code.movk(to, (value >>> 16) & 0xffff, 1);
    } else {
      this.#code.movz(to, value & 0xffff);
      if (value > 0xffff) this.#code.movk(to, value >>> 16, 1);
    }
  }

  #register(what: Var | number): XReg {
    if (isVar(what)) return VARIABLES[what];
    this.#constant('x16', what);
    return 'x16';
  }

  #placeTo(to: XReg, place: Place): void {
    if ('label' in place) this.#code.adr(to, place.label);
    else this.#code.addImmediate(to, 'sp', place.frame);
  }
}

function cell(from: Cell): XMem {
  return { base: from.at === 'frame' ? 'sp' : VARIABLES[from.at], offset: from.offset };
}
