/**
 * The aarch64 instructions that our programs use, one method each. Every instruction is one 32-bit word, stored lowest
 * byte first whatever the data's byte order. `sf` (bit 31) = 64-bit operands. Register 31 is sp in address arithmetic and
 * xzr elsewhere; the methods say which.
 * @see Arm Architecture Reference Manual for A-profile, part C4; native-tests/machine compares with GNU as.
 */
import { unreachable } from '../diag/index.ts';
import { CodeBuffer, fitsSigned, littleEndian32 } from './code.ts';

/** x0 to x30 by number; 'sp' and 'xzr' are both number 31. */
export type XReg = `x${number}` | 'sp' | 'xzr';

/** Memory at base + offset, bytes. */
export interface XMem {
  readonly base: XReg;
  readonly offset: number;
}

/** Condition codes of B.cond: lo / hs / ls / hi are unsigned, lt / ge signed. */
export const A64_CONDITIONS = { eq: 0, ne: 1, hs: 2, lo: 3, hi: 8, ls: 9, ge: 10, lt: 11 } as const;
export type A64Condition = keyof typeof A64_CONDITIONS;

export type A64Width = 8 | 16 | 32 | 64;

function number(reg: XReg): number {
  if (reg === 'sp' || reg === 'xzr') return 31;
  const n = Number(reg.slice(1));
  if (!Number.isInteger(n) || n < 0 || n > 30) unreachable(`register ${reg}`);
  return n;
}

/** The register as an operand of this width: narrow loads and stores name wN. */
function part(reg: XReg, width: A64Width): string {
  if (width === 64) return reg;
  return reg === 'xzr' ? 'wzr' : `w${number(reg)}`;
}

function memText(mem: XMem): string {
  return mem.offset === 0 ? `[${mem.base}]` : `[${mem.base}, #${mem.offset}]`;
}

/** True when add, sub and cmp can hold `value`: 12 bits, or 12 bits shifted left by 12. */
export function isArithmeticImmediate(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && (value < 0x1000 || (value % 0x1000 === 0 && value < 0x100_0000));
}

export class Aarch64 extends CodeBuffer {
  /** movz xd, #imm16, lsl #(16 hw):   1 10 100101 hw:2 imm16 Rd; the other bits become 0 */
  movz(to: XReg, imm16: number, hw: 0 | 1 = 0): void {
    this.#wide('movz', 0xd280_0000, to, imm16, hw);
  }

  /** movn xd, #imm16, lsl #(16 hw):   1 00 100101 hw:2 imm16 Rd; the inverse of what movz would load */
  movn(to: XReg, imm16: number, hw: 0 | 1 = 0): void {
    this.#wide('movn', 0x9280_0000, to, imm16, hw);
  }

  /** movk xd, #imm16, lsl #(16 hw):   1 11 100101 hw:2 imm16 Rd; the other bits stay */
  movk(to: XReg, imm16: number, hw: 0 | 1 = 0): void {
    this.#wide('movk', 0xf280_0000, to, imm16, hw);
  }

  /** mov xd, xm = orr xd, xzr, xm:   1 01 01010 00 0 Rm 000000 11111 Rd */
  mov(to: XReg, from: XReg): void {
    this.#word(`mov ${to}, ${from}`, 0xaa00_03e0 | (number(from) << 16) | number(to));
  }

  /** add xd, xn, xm:   1 0 0 01011 00 0 Rm 000000 Rn Rd (31 = xzr) */
  add(to: XReg, left: XReg, right: XReg): void {
    this.#three('add', 0x8b00_0000, to, left, right);
  }

  /** sub xd, xn, xm:   1 1 0 01011 00 0 Rm 000000 Rn Rd (31 = xzr) */
  sub(to: XReg, left: XReg, right: XReg): void {
    this.#three('sub', 0xcb00_0000, to, left, right);
  }

  /** neg xd, xm = sub xd, xzr, xm */
  neg(to: XReg, from: XReg): void {
    this.#word(`neg ${to}, ${from}`, 0xcb00_03e0 | (number(from) << 16) | number(to));
  }

  /** cmp xn, xm = subs xzr, xn, xm:   1 1 1 01011 00 0 Rm 000000 Rn 11111 */
  cmp(left: XReg, right: XReg): void {
    this.#word(`cmp ${left}, ${right}`, 0xeb00_001f | (number(right) << 16) | (number(left) << 5));
  }

  /** add xd, xn, #imm:   1 0 0 100010 sh imm12 Rn Rd (31 = sp); sh shifts left by 12 */
  addImmediate(to: XReg, from: XReg, value: number): void {
    this.#arithmetic(`add ${to}, ${from}`, 0x9100_0000 | (number(from) << 5) | number(to), value);
  }

  /** sub xd, xn, #imm:   1 1 0 100010 sh imm12 Rn Rd (31 = sp) */
  subImmediate(to: XReg, from: XReg, value: number): void {
    this.#arithmetic(`sub ${to}, ${from}`, 0xd100_0000 | (number(from) << 5) | number(to), value);
  }

  /** cmp xn, #imm = subs xzr, xn, #imm:   1 1 1 100010 sh imm12 Rn 11111 */
  cmpImmediate(left: XReg, value: number): void {
    this.#arithmetic(`cmp ${left}`, 0xf100_001f | (number(left) << 5), value);
  }

  /** cmn xn, #imm = adds xzr, xn, #imm:   1 0 1 100010 sh imm12 Rn 11111; compares with -imm */
  cmnImmediate(left: XReg, value: number): void {
    this.#arithmetic(`cmn ${left}`, 0xb100_001f | (number(left) << 5), value);
  }

  /** lsl xd, xn, #bits = ubfm xd, xn, #(-bits mod 64), #(63 - bits):   1 10 100110 1 immr:6 imms:6 Rn Rd */
  lsl(to: XReg, from: XReg, bits: number): void {
    if (!Number.isInteger(bits) || bits < 1 || bits > 63) unreachable(`shift by ${bits}`);
    this.#bitfield(`lsl ${to}, ${from}, #${bits}`, to, from, 64 - bits, 63 - bits);
  }

  /** lsr xd, xn, #bits = ubfm xd, xn, #bits, #63 */
  lsr(to: XReg, from: XReg, bits: number): void {
    if (!Number.isInteger(bits) || bits < 1 || bits > 63) unreachable(`shift by ${bits}`);
    this.#bitfield(`lsr ${to}, ${from}, #${bits}`, to, from, bits, 63);
  }

  /** udiv xd, xn, xm:   1 0 0 11010110 Rm 000010 Rn Rd; division by zero gives 0 */
  udiv(to: XReg, left: XReg, right: XReg): void {
    this.#three('udiv', 0x9ac0_0800, to, left, right);
  }

  /** msub xd, xn, xm, xa:   1 00 11011 000 Rm 1 Ra Rn Rd; xa - xn * xm */
  msub(to: XReg, left: XReg, right: XReg, from: XReg): void {
    const fields = (number(right) << 16) | (number(from) << 10) | (number(left) << 5) | number(to);
    this.#word(`msub ${to}, ${left}, ${right}, ${from}`, 0x9b00_8000 | fields);
  }

  /**
   * Zero-extending load.  ldrb / ldrh / ldr, unsigned offset:   size:2 111 0 01 01 imm12 Rn Rt, offset = imm12 << size;
   * ldur, any offset from -256 to 255:   size:2 111 0 00 01 0 imm9 00 Rn Rt
   */
  load(to: XReg, width: A64Width, from: XMem): void {
    this.#memory('ldr', 1, to, width, from);
  }

  /** strb / strh / str:   size:2 111 0 01 00 imm12 Rn Rt;  stur:   size:2 111 0 00 00 0 imm9 00 Rn Rt */
  store(to: XMem, width: A64Width, from: XReg): void {
    this.#memory('str', 0, from, width, to);
  }

  /** stp xt, xu, [xn, #offset]:   10 101 0 010 0 imm7 Rt2 Rn Rt, offset = imm7 * 8, -512 to 504 */
  storePair(first: XReg, second: XReg, to: XMem): void {
    this.#pair('stp', 0xa900_0000, first, second, to);
  }

  /** ldp xt, xu, [xn, #offset]:   10 101 0 010 1 imm7 Rt2 Rn Rt */
  loadPair(first: XReg, second: XReg, from: XMem): void {
    this.#pair('ldp', 0xa940_0000, first, second, from);
  }

  /** ldrsw xt, label:   10 011 0 00 imm19 Rt; 32 bits from memory, sign-extended; words from this instruction */
  loadWordSigned(to: XReg, label: string): void {
    this.#branch(`ldrsw ${to}, ${label}`, label, 0x9800_0000 | number(to), 19, 5);
  }

  /** The distance from here to `target` as data, 32 bits. */
  distance(label: string, target: string): void {
    this.label(label);
    const encode = (distance: number) => (fitsSigned(distance, 32) ? this.dataWord(distance) : undefined);
    this.emitReference(`.long ${target} - ${label}`, target, [{ size: 4, encode }]);
  }

  /** adr xd, label:   0 immlo:2 10000 immhi:19 Rd; bytes from this instruction, within 1 MiB */
  adr(to: XReg, label: string): void {
    const encode = (distance: number): readonly number[] | undefined => {
      if (!fitsSigned(distance, 21)) return undefined;
      return littleEndian32(0x1000_0000 | ((distance & 3) << 29) | (((distance >> 2) & 0x7_ffff) << 5) | number(to));
    };
    this.emitReference(`adr ${to}, ${label}`, label, [{ size: 4, encode }]);
  }

  /** b label:   0 00101 imm26; instructions from this one */
  b(label: string): void {
    this.#branch(`b ${label}`, label, 0x1400_0000, 26, 0);
  }

  /** bl label:   1 00101 imm26; return address to x30 */
  bl(label: string): void {
    this.#branch(`bl ${label}`, label, 0x9400_0000, 26, 0);
  }

  /** b.cond label:   0101010 0 imm19 0 cond */
  bCond(condition: A64Condition, label: string): void {
    this.#branch(`b.${condition} ${label}`, label, 0x5400_0000 | A64_CONDITIONS[condition], 19, 5);
  }

  /** cbz xt, label:   1 011010 0 imm19 Rt; branches when the register is 0, and leaves the flags alone */
  cbz(reg: XReg, label: string): void {
    this.#branch(`cbz ${reg}, ${label}`, label, 0xb400_0000 | number(reg), 19, 5);
  }

  /** cbnz xt, label:   1 011010 1 imm19 Rt */
  cbnz(reg: XReg, label: string): void {
    this.#branch(`cbnz ${reg}, ${label}`, label, 0xb500_0000 | number(reg), 19, 5);
  }

  /** br xn:   1101011 0 0 00 11111 0000 0 0 Rn 00000 */
  br(reg: XReg): void {
    this.#word(`br ${reg}`, 0xd61f_0000 | (number(reg) << 5));
  }

  /** bti c:   hint #34; where calls, and jumps through x16 or x17, may land in a guarded page, else it does nothing */
  btiC(): void {
    this.#word('bti c', 0xd503_245f);
  }

  /** ret:   1101011 0 0 10 11111 0000 0 0 Rn=x30 00000 */
  ret(): void {
    this.#word('ret', 0xd65f_03c0);
  }

  /** svc #0:   11010100 000 imm16 000 01; number in x8, result in x0, every other register is kept */
  svc(): void {
    this.#word('svc #0', 0xd400_0001);
  }

  /** brk #0:   11010100 001 imm16 000 00; SIGTRAP */
  brk(): void {
    this.#word('brk #0', 0xd420_0000);
  }

  #word(text: string, word: number): void {
    this.emit(text, littleEndian32(word));
  }

  #wide(name: string, opcode: number, to: XReg, imm16: number, hw: 0 | 1): void {
    if (!Number.isInteger(imm16) || imm16 < 0 || imm16 > 0xffff) unreachable(`immediate ${imm16}`);
    const shift = hw === 0 ? '' : ', lsl #16';
    this.#word(`${name} ${to}, #${imm16}${shift}`, opcode | (hw << 21) | (imm16 << 5) | number(to));
  }

  #three(name: string, opcode: number, to: XReg, left: XReg, right: XReg): void {
    const fields = (number(right) << 16) | (number(left) << 5) | number(to);
    this.#word(`${name} ${to}, ${left}, ${right}`, opcode | fields);
  }

  #arithmetic(text: string, opcode: number, value: number): void {
    if (!isArithmeticImmediate(value)) unreachable(`immediate ${value}`);
    const field = value < 0x1000 ? value << 10 : (1 << 22) | ((value >> 12) << 10);
    this.#word(`${text}, #${value}`, opcode | field);
  }

  #bitfield(text: string, to: XReg, from: XReg, immr: number, imms: number): void {
    this.#word(text, 0xd340_0000 | (immr << 16) | (imms << 10) | (number(from) << 5) | number(to));
  }

  #memory(name: 'ldr' | 'str', isLoad: 0 | 1, reg: XReg, width: A64Width, mem: XMem): void {
    const size = Math.log2(width / 8);
    const suffix = width === 8 ? 'b' : width === 16 ? 'h' : '';
    const registers = (number(mem.base) << 5) | number(reg);
    const scaled = mem.offset / (width / 8);
    const opcode = 0x3800_0000 | (size << 30) | (isLoad << 22) | registers;
    const operands = `${part(reg, width)}, ${memText(mem)}`;
    if (Number.isInteger(scaled) && scaled >= 0 && scaled < 0x1000)
      this.#word(`${name}${suffix} ${operands}`, opcode | (1 << 24) | (scaled << 10));
    else if (fitsSigned(mem.offset, 9))
      this.#word(`${name.replace('r', 'ur')}${suffix} ${operands}`, opcode | ((mem.offset & 0x1ff) << 12));
    else unreachable(`offset ${mem.offset} of a ${width}-bit ${name}`);
  }

  #pair(name: string, opcode: number, first: XReg, second: XReg, mem: XMem): void {
    const scaled = mem.offset / 8;
    if (!fitsSigned(scaled, 7)) unreachable(`offset ${mem.offset} of a pair`);
    const registers = (number(second) << 10) | (number(mem.base) << 5) | number(first);
    this.#word(`${name} ${first}, ${second}, ${memText(mem)}`, opcode | ((scaled & 0x7f) << 15) | registers);
  }

  #branch(text: string, label: string, opcode: number, bits: number, at: number): void {
    const encode = (distance: number): readonly number[] | undefined => {
      if (distance % 4 !== 0) unreachable(`${text}: the label is not on an instruction`);
      if (!fitsSigned(distance / 4, bits)) return undefined;
      return littleEndian32(opcode | (((distance / 4) & (2 ** bits - 1)) << at));
    };
    this.emitReference(text, label, [{ size: 4, encode }]);
  }
}
