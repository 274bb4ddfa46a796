/**
 * The s390x instructions that our programs use, one method each. Instructions are 2, 4 or 6 bytes, stored highest byte
 * first, as is all data. Fields below are hexadecimal digits; `I` is an immediate, `B` and `D` a base register and a
 * displacement (signed 20 bits: the low 12, then the high 8).
 *
 *     RR   op op R R                        RRE   op op op op 0 0 R R
 *     RI   op op R op I I I I               RIL   op op R op I I I I I I I I
 *     RXY  op op R 0 B Dl Dl Dl Dh Dh op op RSY   op op R R B Dl Dl Dl Dh Dh op op
 *
 * Relative targets count halfwords from the instruction itself. Everything here is in z990 (long displacements) with
 * z9-109 (32-bit immediates), older than any kernel that has seccomp(2) runs on.
 * @see z/Architecture Principles of Operation, chapter 7; native-tests/machine compares with GNU as.
 */
import { unreachable } from '../diag/index.ts';
import type { Endian } from '../num/index.ts';
import { CodeBuffer, type Form, fitsSigned } from './code.ts';

/** r0 to r15 by number. As a base, r0 would mean none. */
export type ZReg = `r${number}`;

/** Memory at base + displacement (bytes, signed 20 bits). */
export interface ZMem {
  readonly base: ZReg;
  readonly disp: number;
}

/** Masks of the condition code for branches after a comparison; 15 is always. */
export const Z_CONDITIONS = { e: 8, l: 4, h: 2, ne: 7, nl: 11, nh: 13 } as const;
export type ZCondition = keyof typeof Z_CONDITIONS;

export type ZWidth = 8 | 16 | 32 | 64;

/** Zero-extending loads and stores, RXY E3....op. */
const LOADS = { 8: ['llgc', 0x90], 16: ['llgh', 0x91], 32: ['llgf', 0x16], 64: ['lg', 0x04] } as const;
const STORES = { 8: ['stcy', 0x72], 16: ['sthy', 0x70], 32: ['sty', 0x50], 64: ['stg', 0x24] } as const;

function number(reg: ZReg): number {
  const n = Number(reg.slice(1));
  return Number.isInteger(n) && n >= 0 && n <= 15 ? n : unreachable(`register ${reg}`);
}

function memText(mem: ZMem): string {
  return `${mem.disp}(%${mem.base})`;
}

function big16(value: number): readonly number[] {
  return [(value >> 8) & 0xff, value & 0xff];
}

function big32(value: number): readonly number[] {
  return [...big16(value >>> 16), ...big16(value)];
}

/** RXY and RSY, which differ in what the second register field means. */
function longDisplacement(op: number, first: number, second: number, mem: ZMem): readonly number[] {
  const { base, disp } = mem;
  if (base === 'r0' || !fitsSigned(disp, 20)) unreachable(`memory at ${memText(mem)}`);
  const low = [(number(base) << 4) | ((disp >> 8) & 0xf), disp & 0xff];
  return [op >> 8, (first << 4) | second, ...low, (disp >> 12) & 0xff, op & 0xff];
}

/** A relative target of 16 or 32 bits of halfwords behind two bytes of opcode. */
function halfwords(opcode: number, bits: 16 | 32): Form {
  const encode = (distance: number): readonly number[] | undefined => {
    if (distance % 2 !== 0) unreachable('the target is not on an instruction');
    if (!fitsSigned(distance / 2, bits)) return undefined;
    return [...big16(opcode), ...(bits === 16 ? big16(distance / 2) : big32(distance / 2))];
  };
  return { size: 2 + bits / 8, encode };
}

export class S390x extends CodeBuffer {
  protected override readonly endian: Endian = 'big';

  /** lgr r1, r2:   B904 00 R R */
  mov(to: ZReg, from: ZReg): void {
    this.#rre('lgr', 0xb904, to, from);
  }

  /** agr r1, r2:   B908 00 R R */
  add(to: ZReg, from: ZReg): void {
    this.#rre('agr', 0xb908, to, from);
  }

  /** sgr r1, r2:   B909 00 R R */
  sub(to: ZReg, from: ZReg): void {
    this.#rre('sgr', 0xb909, to, from);
  }

  /** lcgr r1, r2:   B903 00 R R; 0 - r2 */
  neg(to: ZReg, from: ZReg): void {
    this.#rre('lcgr', 0xb903, to, from);
  }

  /** dlgr r1, r2:   B987 00 R R; the pair r1 (even), r1 + 1 by r2, remainder to r1, quotient to r1 + 1 */
  divide(pair: ZReg, by: ZReg): void {
    if (number(pair) % 2 !== 0) unreachable(`${pair} begins no pair`);
    this.#rre('dlgr', 0xb987, pair, by);
  }

  /** cgr r1, r2:   B920 00 R R; signed */
  cmp(left: ZReg, right: ZReg): void {
    this.#rre('cgr', 0xb920, left, right);
  }

  /** clgr r1, r2:   B921 00 R R; unsigned */
  cmpUnsigned(left: ZReg, right: ZReg): void {
    this.#rre('clgr', 0xb921, left, right);
  }

  /** cgfi r1, imm32:   C2 R C imm32; signed */
  cmpImmediate(left: ZReg, value: number): void {
    if (!fitsSigned(value, 32)) unreachable(`immediate ${value}`);
    this.#ril(`cgfi %${left}, ${value}`, 0xc20c, left, value);
  }

  /** clgfi r1, imm32:   C2 R E imm32; unsigned */
  cmpUnsignedImmediate(left: ZReg, value: number): void {
    if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff) unreachable(`immediate ${value}`);
    this.#ril(`clgfi %${left}, ${value}`, 0xc20e, left, value);
  }

  /** lghi r1, imm16:   A7 R 9 imm16; sign-extended */
  movShort(to: ZReg, value: number): void {
    if (!fitsSigned(value, 16)) unreachable(`immediate ${value}`);
    this.emit(`lghi %${to}, ${value}`, [...big16(0xa709 | (number(to) << 4)), ...big16(value)]);
  }

  /** lgfi r1, imm32:   C0 R 1 imm32; sign-extended */
  movImmediate(to: ZReg, value: number): void {
    if (!fitsSigned(value, 32)) unreachable(`immediate ${value}`);
    this.#ril(`lgfi %${to}, ${value}`, 0xc001, to, value);
  }

  /** sllg r1, r3, bits:   EB R R 0 bits:12 00 0D */
  shiftLeft(to: ZReg, from: ZReg, bits: number): void {
    this.#shift('sllg', 0x0d, to, from, bits);
  }

  /** srlg r1, r3, bits:   EB R R 0 bits:12 00 0C */
  shiftRight(to: ZReg, from: ZReg, bits: number): void {
    this.#shift('srlg', 0x0c, to, from, bits);
  }

  /** llgc / llgh / llgf / lg r1, disp(base):   RXY, E3; zero-extending */
  load(to: ZReg, width: ZWidth, from: ZMem): void {
    const [name, op] = LOADS[width];
    this.emit(`${name} %${to}, ${memText(from)}`, longDisplacement(0xe300 | op, number(to), 0, from));
  }

  /** stcy / sthy / sty / stg r1, disp(base):   RXY, E3 */
  store(to: ZMem, width: ZWidth, from: ZReg): void {
    const [name, op] = STORES[width];
    this.emit(`${name} %${from}, ${memText(to)}`, longDisplacement(0xe300 | op, number(from), 0, to));
  }

  /** lay r1, disp(base):   E3 R 0 B D 71; an address, or a sum that leaves the condition code alone */
  lea(to: ZReg, from: ZMem): void {
    this.emit(`lay %${to}, ${memText(from)}`, longDisplacement(0xe371, number(to), 0, from));
  }

  /** stmg r1, r3, disp(base):   EB R R B D 24; r1 to r3, eight bytes each */
  storeAll(first: ZReg, last: ZReg, to: ZMem): void {
    const bytes = longDisplacement(0xeb24, number(first), number(last), to);
    this.emit(`stmg %${first}, %${last}, ${memText(to)}`, bytes);
  }

  /** lmg r1, r3, disp(base):   EB R R B D 04 */
  loadAll(first: ZReg, last: ZReg, from: ZMem): void {
    const bytes = longDisplacement(0xeb04, number(first), number(last), from);
    this.emit(`lmg %${first}, %${last}, ${memText(from)}`, bytes);
  }

  /** larl r1, label:   C0 R 0 halfwords:32 */
  leaLabel(to: ZReg, label: string): void {
    this.emitReference(`larl %${to}, ${label}`, label, [halfwords(0xc000 | (number(to) << 4), 32)]);
  }

  /** j label = brc 15:   A7 F 4 halfwords:16; within 64 KiB */
  jump(label: string): void {
    this.emitReference(`j ${label}`, label, [halfwords(0xa7f4, 16)]);
  }

  /** jg label = brcl 15:   C0 F 4 halfwords:32; within 4 GiB */
  jumpFar(label: string): void {
    this.emitReference(`jg ${label}`, label, [halfwords(0xc0f4, 32)]);
  }

  /** je / jl / jh / jne / jnl / jnh label = brc mask:   A7 mask 4 halfwords:16 */
  branch(condition: ZCondition, label: string): void {
    const opcode = 0xa704 | (Z_CONDITIONS[condition] << 4);
    this.emitReference(`j${condition} ${label}`, label, [halfwords(opcode, 16)]);
  }

  /** bras r14, label:   A7 E 5 halfwords:16; return address to r14 */
  call(label: string): void {
    this.emitReference(`bras %r14, ${label}`, label, [halfwords(0xa7e5, 16)]);
  }

  /** br r14 = bcr 15, r14:   07 F E */
  ret(): void {
    this.emit('br %r14', [0x07, 0xfe]);
  }

  /** svc 0:   0A 00; number in r1, result in r2, every other register is kept */
  svc(): void {
    this.emit('svc 0', [0x0a, 0x00]);
  }

  /** Two zero bytes are no instruction: SIGILL. */
  illegal(): void {
    this.emit('.short 0', [0, 0]);
  }

  #rre(name: string, op: number, to: ZReg, from: ZReg): void {
    this.emit(`${name} %${to}, %${from}`, [...big16(op), 0, (number(to) << 4) | number(from)]);
  }

  #ril(text: string, opcode: number, reg: ZReg, value: number): void {
    this.emit(text, [...big16(opcode | (number(reg) << 4)), ...big32(value)]);
  }

  #shift(name: string, op: number, to: ZReg, from: ZReg, bits: number): void {
    if (!Number.isInteger(bits) || bits < 1 || bits > 63) unreachable(`shift by ${bits}`);
    this.emit(`${name} %${to}, %${from}, ${bits}`, [0xeb, (number(to) << 4) | number(from), 0, bits, 0, op]);
  }
}
