/**
 * The riscv64 instructions that our programs use, one method each: RV64IM without the compressed ones, so every
 * instruction is a 32-bit word, stored lowest byte first.
 *
 *     R   funct7     rs2  rs1  funct3  rd          opcode      I   imm12           rs1  funct3  rd  opcode
 *     S   imm[11:5]  rs2  rs1  funct3  imm[4:0]    opcode      U   imm[31:12]                   rd  opcode
 *     B   imm[12|10:5] rs2 rs1 funct3  imm[4:1|11] opcode      J   imm[20|10:1|11|19:12]        rd  opcode
 *
 * @see RISC-V Unprivileged ISA, chapter "RV32/64G Instruction Set Listings"; native-tests/machine compares with GNU as.
 */
import { unreachable } from '../diag/index.ts';
import { CodeBuffer, fitsSigned, littleEndian32 } from './code.ts';

// biome-ignore format: a table
const REGISTERS = [
  'zero', 'ra', 'sp', 'gp', 'tp', 't0', 't1', 't2', 's0', 's1', 'a0', 'a1', 'a2', 'a3', 'a4', 'a5',
  'a6', 'a7', 's2', 's3', 's4', 's5', 's6', 's7', 's8', 's9', 's10', 's11', 't3', 't4', 't5', 't6',
] as const;

/** A register by its ABI name; its place in the table is its number. */
export type RvReg = (typeof REGISTERS)[number];

/** Memory at base + offset (bytes, signed 12 bits). */
export interface RvMem {
  readonly base: RvReg;
  readonly offset: number;
}

/** funct3 of the branches: unsigned below / above or equal, signed less / greater or equal. */
export const RV_CONDITIONS = { eq: 0, ne: 1, lt: 4, ge: 5, ltu: 6, geu: 7 } as const;
export type RvCondition = keyof typeof RV_CONDITIONS;

export type RvWidth = 8 | 16 | 32 | 64;

/** Zero-extending loads and stores: name and funct3. */
const LOADS = { 8: ['lbu', 4], 16: ['lhu', 5], 32: ['lwu', 6], 64: ['ld', 3] } as const;
const STORES = { 8: ['sb', 0], 16: ['sh', 1], 32: ['sw', 2], 64: ['sd', 3] } as const;

function number(reg: RvReg): number {
  return REGISTERS.indexOf(reg);
}

function iType(opcode: number, funct3: number, rd: RvReg, rs1: RvReg, imm: number): number {
  if (!fitsSigned(imm, 12)) unreachable(`immediate ${imm}`);
  return ((imm & 0xfff) << 20) | (number(rs1) << 15) | (funct3 << 12) | (number(rd) << 7) | opcode;
}

/** auipc rd:   imm[31:12] rd 0010111; with the part of `distance` that its partner's signed 12 bits do not hold */
function auipc(rd: RvReg, distance: number): readonly number[] {
  return littleEndian32(((distance + 0x800) & ~0xfff) | (number(rd) << 7) | 0x17);
}

/** The low 12 bits of `distance` as a signed number. */
function low12(distance: number): number {
  return (distance << 20) >> 20;
}

export class Riscv64 extends CodeBuffer {
  /** addi rd, rs1, imm:   I, funct3 000, opcode 0010011 */
  addImmediate(to: RvReg, from: RvReg, value: number): void {
    this.#word(`addi ${to}, ${from}, ${value}`, iType(0x13, 0, to, from, value));
  }

  /** addiw rd, rs1, imm:   I, funct3 000, opcode 0011011; the low 32 bits of the sum, sign-extended */
  addImmediateWord(to: RvReg, from: RvReg, value: number): void {
    this.#word(`addiw ${to}, ${from}, ${value}`, iType(0x1b, 0, to, from, value));
  }

  /** lui rd, imm:   U, opcode 0110111; imm (20 bits) becomes bits 12 to 31, sign-extended to 64 */
  loadUpper(to: RvReg, upper: number): void {
    if (!Number.isInteger(upper) || upper < 0 || upper > 0xf_ffff) unreachable(`immediate ${upper}`);
    this.#word(`lui ${to}, ${upper}`, (upper << 12) | (number(to) << 7) | 0x37);
  }

  /** mv rd, rs1 = addi rd, rs1, 0 */
  mov(to: RvReg, from: RvReg): void {
    this.#word(`mv ${to}, ${from}`, iType(0x13, 0, to, from, 0));
  }

  /** add rd, rs1, rs2:   R, funct7 0000000, funct3 000, opcode 0110011 */
  add(to: RvReg, left: RvReg, right: RvReg): void {
    this.#registers('add', 0, 0, to, left, right);
  }

  /** sub rd, rs1, rs2:   R, funct7 0100000, funct3 000 */
  sub(to: RvReg, left: RvReg, right: RvReg): void {
    this.#registers('sub', 0x20, 0, to, left, right);
  }

  /** divu rd, rs1, rs2:   R, funct7 0000001, funct3 101; division by zero gives all ones */
  divu(to: RvReg, left: RvReg, right: RvReg): void {
    this.#registers('divu', 1, 5, to, left, right);
  }

  /** remu rd, rs1, rs2:   R, funct7 0000001, funct3 111 */
  remu(to: RvReg, left: RvReg, right: RvReg): void {
    this.#registers('remu', 1, 7, to, left, right);
  }

  /** slli rd, rs1, bits:   I, funct3 001, imm = 000000 shamt:6 */
  shiftLeft(to: RvReg, from: RvReg, bits: number): void {
    this.#word(`slli ${to}, ${from}, ${bits}`, iType(0x13, 1, to, from, shamt(bits)));
  }

  /** srli rd, rs1, bits:   I, funct3 101, imm = 000000 shamt:6 */
  shiftRight(to: RvReg, from: RvReg, bits: number): void {
    this.#word(`srli ${to}, ${from}, ${bits}`, iType(0x13, 5, to, from, shamt(bits)));
  }

  /** Zero-extending load, lbu / lhu / lwu / ld:   I, opcode 0000011 */
  load(to: RvReg, width: RvWidth, from: RvMem): void {
    const [name, funct3] = LOADS[width];
    this.#word(`${name} ${to}, ${from.offset}(${from.base})`, iType(0x03, funct3, to, from.base, from.offset));
  }

  /** sb / sh / sw / sd:   S, opcode 0100011 */
  store(to: RvMem, width: RvWidth, from: RvReg): void {
    const [name, funct3] = STORES[width];
    const { base, offset } = to;
    if (!fitsSigned(offset, 12)) unreachable(`offset ${offset}`);
    const imm = (((offset >> 5) & 0x7f) << 25) | ((offset & 0x1f) << 7);
    const registers = (number(from) << 20) | (number(base) << 15);
    this.#word(`${name} ${from}, ${offset}(${base})`, imm | registers | (funct3 << 12) | 0x23);
  }

  /** lla rd, label = auipc rd, high; addi rd, rd, low; bytes from the auipc, within 2 GiB */
  leaLabel(to: RvReg, label: string): void {
    this.#pair(`lla ${to}, ${label}`, label, (distance) => [
      ...auipc(to, distance),
      ...littleEndian32(iType(0x13, 0, to, to, low12(distance))),
    ]);
  }

  /**
   * jump label, through = auipc through, high; jalr zero, low(through):   I, funct3 000, opcode 1100111. Through t2 it is
   * a jump that control-flow integrity (Zicfilp) asks no landing pad of.
   */
  jumpFar(label: string, through: RvReg): void {
    this.#pair(`jump ${label}, ${through}`, label, (distance) => [
      ...auipc(through, distance),
      ...littleEndian32(iType(0x67, 0, 'zero', through, low12(distance))),
    ]);
  }

  /** j label = jal zero, label:   J, opcode 1101111; within 1 MiB */
  jump(label: string): void {
    this.#jal(`j ${label}`, 'zero', label);
  }

  /** jal label = jal ra, label; return address to ra */
  call(label: string): void {
    this.#jal(`jal ${label}`, 'ra', label);
  }

  /** ret = jalr zero, 0(ra) */
  ret(): void {
    this.#word('ret', iType(0x67, 0, 'zero', 'ra', 0));
  }

  /** beq / bne / blt / bge / bltu / bgeu rs1, rs2, label:   B, opcode 1100011; within 4 KiB */
  branch(condition: RvCondition, left: RvReg, right: RvReg, label: string): void {
    const registers = (number(right) << 20) | (number(left) << 15) | (RV_CONDITIONS[condition] << 12) | 0x63;
    const encode = (distance: number): readonly number[] | undefined => {
      if (!fitsSigned(distance, 13)) return undefined;
      const high = (((distance >> 12) & 1) << 31) | (((distance >> 5) & 0x3f) << 25);
      return littleEndian32(high | (((distance >> 1) & 0xf) << 8) | (((distance >> 11) & 1) << 7) | registers);
    };
    this.emitReference(`b${condition} ${left}, ${right}, ${label}`, label, [{ size: 4, encode }]);
  }

  /** ecall:   0x00000073; number in a7, result in a0, every other register is kept */
  ecall(): void {
    this.#word('ecall', 0x73);
  }

  /** ebreak:   0x00100073; SIGTRAP */
  ebreak(): void {
    this.#word('ebreak', 0x0010_0073);
  }

  #word(text: string, word: number): void {
    this.emit(text, littleEndian32(word));
  }

  #registers(name: string, funct7: number, funct3: number, to: RvReg, left: RvReg, right: RvReg): void {
    const registers = (number(right) << 20) | (number(left) << 15) | (number(to) << 7);
    this.#word(`${name} ${to}, ${left}, ${right}`, (funct7 << 25) | (funct3 << 12) | registers | 0x33);
  }

  #pair(text: string, label: string, encode: (distance: number) => readonly number[]): void {
    // The pair reaches from -2^31 - 2^11 to 2^31 - 2^11 - 1.
    const form = (distance: number) => (fitsSigned(distance + 0x800, 32) ? encode(distance) : undefined);
    this.emitReference(text, label, [{ size: 8, encode: form }]);
  }

  #jal(text: string, link: RvReg, label: string): void {
    const encode = (distance: number): readonly number[] | undefined => {
      if (!fitsSigned(distance, 21)) return undefined;
      const high = (((distance >> 20) & 1) << 31) | (((distance >> 1) & 0x3ff) << 21);
      const low = (((distance >> 11) & 1) << 20) | (((distance >> 12) & 0xff) << 12);
      return littleEndian32(high | low | (number(link) << 7) | 0x6f);
    };
    this.emitReference(text, label, [{ size: 4, encode }]);
  }
}

function shamt(bits: number): number {
  return Number.isInteger(bits) && bits >= 1 && bits <= 63 ? bits : unreachable(`shift by ${bits}`);
}
