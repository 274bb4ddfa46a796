/** Cpu operations as s390x instructions. Scratch: r0 to r5, and r6, r7 as arguments; subroutines are leaves (r14). */
import { type Arch, arch } from '../arch/index.ts';
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
import { S390x, type ZCondition, type ZMem, type ZReg } from './s390x.ts';

const VARIABLES: Readonly<Record<Var, ZReg>> = { v0: 'r8', v1: 'r9', v2: 'r10', v3: 'r11', v4: 'r12', v5: 'r13' };

/** @see Linux arch/s390/kernel/syscall.c __do_syscall(): with svc 0 the number is in r1. */
const ARGUMENTS: readonly ZReg[] = ['r2', 'r3', 'r4', 'r5', 'r6', 'r7'];

/** `begin` keeps r0 to r14. */
const KEPT_SIZE = 15 * 8;

const BRANCHES: Readonly<Record<Comparison, ZCondition>> = { '==': 'e', '!=': 'ne', below: 'l', above: 'h', less: 'l' };

export class CpuS390x implements Cpu {
  readonly arch: Arch = arch('s390x');
  readonly #code = new S390x();
  #frameSize = 0;

  label(name: string): void {
    this.#code.label(name);
  }

  external(name: string, distance: number): void {
    this.#code.external(name, distance);
  }

  /** Instructions name halfwords, so text is filled up to one. */
  ascii(label: string, text: string): void {
    this.#code.ascii(label, text.length % 2 === 0 ? text : `${text}\0`);
  }

  words(label: string, values: readonly number[]): void {
    this.#code.words(label, values);
  }

  frame(bytes: number): void {
    this.#code.lea('r15', { base: 'r15', disp: -bytes });
  }

  /** At entry only r14 (the loader's exit function, or 0) and r15 mean something. @see glibc sysdeps/s390/s390-64/start.S */
  begin(bytes: number): void {
    this.#frameSize = bytes;
    this.frame(bytes + KEPT_SIZE);
    this.#code.storeAll('r0', 'r14', { base: 'r15', disp: bytes });
  }

  /** Loses the condition code, which means nothing at entry. */
  handOver(label: string): void {
    this.#code.loadAll('r0', 'r14', { base: 'r15', disp: this.#frameSize });
    this.#code.lea('r15', { base: 'r15', disp: this.#frameSize + KEPT_SIZE });
    this.#code.jumpFar(label);
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
    if (isVar(what)) this.#code.add(VARIABLES[to], VARIABLES[what]);
    else this.#code.lea(VARIABLES[to], { base: VARIABLES[to], disp: what });
  }

  subtract(to: Var, what: Var | number): void {
    if (isVar(what)) this.#code.sub(VARIABLES[to], VARIABLES[what]);
    else this.#code.lea(VARIABLES[to], { base: VARIABLES[to], disp: -what });
  }

  negate(to: Var): void {
    this.#code.neg(VARIABLES[to], VARIABLES[to]);
  }

  shiftLeft(to: Var, bits: number): void {
    this.#code.shiftLeft(VARIABLES[to], VARIABLES[to], bits);
  }

  shiftRight(to: Var, bits: number): void {
    this.#code.shiftRight(VARIABLES[to], VARIABLES[to], bits);
  }

  /** The dividend is the pair r0, r1, of which r0 is 0. */
  divide(dividend: Var, remainder: Var, by: Var): void {
    this.#code.movShort('r0', 0);
    this.#code.mov('r1', VARIABLES[dividend]);
    this.#code.divide('r0', VARIABLES[by]);
    this.#code.mov(VARIABLES[remainder], 'r0');
    this.#code.mov(VARIABLES[dividend], 'r1');
  }

  jump(label: string): void {
    this.#code.jump(label);
  }

  /** Signed and unsigned differ in the comparison here, not in the branch. */
  branch(left: Var, how: Comparison, right: Var | number, label: string): void {
    const reg = VARIABLES[left];
    const unsigned = how === 'below' || how === 'above';
    if (isVar(right)) {
      if (unsigned) this.#code.cmpUnsigned(reg, VARIABLES[right]);
      else this.#code.cmp(reg, VARIABLES[right]);
    } else if (unsigned) this.#code.cmpUnsignedImmediate(reg, right);
    else this.#code.cmpImmediate(reg, right);
    this.#code.branch(BRANCHES[how], label);
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
      this.#operand(ARGUMENTS[i] as ZReg, operand);
    });
    if (isVar(call)) this.#code.mov('r1', VARIABLES[call]);
    else this.#constant('r1', numberOf(this.arch, call));
    this.#code.svc();
    if (to !== undefined) this.#code.mov(VARIABLES[to], 'r2');
  }

  trap(): void {
    this.#code.illegal();
  }

  finish(): MachineCode {
    return this.#code.finish();
  }

  #operand(to: ZReg, operand: Operand): void {
    if (typeof operand === 'number') this.#constant(to, operand);
    else if (isVar(operand)) this.#code.mov(to, VARIABLES[operand]);
    else if ('cell' in operand) this.#code.load(to, 64, cell(operand.cell));
    else this.#placeTo(to, operand);
  }

  #constant(to: ZReg, value: number): void {
    if (fitsSigned(value, 16)) this.#code.movShort(to, value);
    else this.#code.movImmediate(to, value);
  }

  #placeTo(to: ZReg, place: Place): void {
    if ('label' in place) this.#code.leaLabel(to, place.label);
    else this.#code.lea(to, { base: 'r15', disp: place.frame });
  }
}

function cell(from: Cell): ZMem {
  return { base: from.at === 'frame' ? 'r15' : VARIABLES[from.at], disp: from.offset };
}
