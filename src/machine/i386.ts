/**
 * The i386 instructions that our programs use, one method each; operands in Intel order, as the listing prints them. They
 * are those of x86_64 without REX: eight registers, 32-bit operands, and no address relative to the instruction pointer.
 *
 *   prefix   opcode   ModRM                  SIB                      displacement, immediate
 *   [66]     op       mod:2 reg:3 rm:3       scale:2 index:3 base:3   little-endian
 *
 * mod 0, 1, 2: memory at a base with 0, 1 or 4 bytes of displacement; mod 3: rm is a register. Base esp needs a SIB byte;
 * base ebp with mod 0 would mean an absolute address, so it always gets a displacement.
 * @see Intel 64 SDM volume 2, chapter 2; encodings are those that GNU as chooses (native-tests/machine compares).
 */
import { unreachable } from '../diag/index.ts';
import { CodeBuffer, fitsSigned, littleEndian32 } from './code.ts';
import { CONDITIONS, type Condition, relative } from './x86-64.ts';

const REGISTERS = ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi'] as const;

/** A register; its place in the table is its number. */
export type Reg32 = (typeof REGISTERS)[number];

/** Memory at base + displacement (bytes, signed 32 bits). */
export interface Mem32 {
  readonly base: Reg32;
  readonly disp: number;
}

function number(reg: Reg32): number {
  return REGISTERS.indexOf(reg);
}

/** ModRM, SIB where needed, and displacement of a memory operand; `reg` is a register or the digit of an opcode. */
function indirect(reg: number, mem: Mem32): readonly number[] {
  if (!fitsSigned(mem.disp, 32)) unreachable(`displacement ${mem.disp}`);
  const base = number(mem.base);
  const sib = base === 4 ? [0x24] : [];
  const modrm = (mod: number) => (mod << 6) | (reg << 3) | base;
  if (mem.disp === 0 && base !== 5) return [modrm(0), ...sib];
  if (fitsSigned(mem.disp, 8)) return [modrm(1), ...sib, mem.disp & 0xff];
  return [modrm(2), ...sib, ...littleEndian32(mem.disp)];
}

function memText(mem: Mem32): string {
  if (mem.disp === 0) return `[${mem.base}]`;
  return `[${mem.base} ${mem.disp < 0 ? '-' : '+'} ${Math.abs(mem.disp)}]`;
}

function immediate(value: number): readonly number[] {
  if (!Number.isInteger(value) || value < -0x8000_0000 || value > 0xffff_ffff) unreachable(`immediate ${value}`);
  return littleEndian32(value);
}

export class I386 extends CodeBuffer {
  /** mov r32, imm32:  B8+r imm32 */
  movImmediate(to: Reg32, value: number): void {
    this.emit(`mov ${to}, ${value}`, [0xb8 | number(to), ...immediate(value)]);
  }

  /** xor r32, r32 with itself:  31 /r; the register becomes 0. */
  clear(reg: Reg32): void {
    const n = number(reg);
    this.emit(`xor ${reg}, ${reg}`, [0x31, 0xc0 | (n << 3) | n]);
  }

  /** Zero-extending load:  movzx r32, m8  0F B6 /r;  movzx r32, m16  0F B7 /r;  mov r32, m32  8B /r */
  load(to: Reg32, width: 8 | 16 | 32, from: Mem32): void {
    const [name, pointer, opcode] = (
      {
        8: ['movzx', 'byte', [0x0f, 0xb6]],
        16: ['movzx', 'word', [0x0f, 0xb7]],
        32: ['mov', 'dword', [0x8b]],
      } as const
    )[width];
    this.emit(`${name} ${to}, ${pointer} ptr ${memText(from)}`, [...opcode, ...indirect(number(to), from)]);
  }

  /** mov m8, r8  88 /r (al, cl, dl and bl only: the others' numbers mean ah to bh);  m16  66 89 /r;  m32  89 /r */
  store(to: Mem32, width: 8 | 16 | 32, from: Reg32): void {
    const reg = number(from);
    if (width === 8 && reg > 3) unreachable(`the low byte of ${from}`);
    const [name, pointer, opcode] = (
      {
        8: [`${from[1]}l`, 'byte', [0x88]],
        16: [from.slice(1), 'word', [0x66, 0x89]],
        32: [from, 'dword', [0x89]],
      } as const
    )[width];
    this.emit(`mov ${pointer} ptr ${memText(to)}, ${name}`, [...opcode, ...indirect(reg, to)]);
  }

  /** mov m32, imm32:  C7 /0 imm32 */
  storeImmediate(to: Mem32, value: number): void {
    this.emit(`mov dword ptr ${memText(to)}, ${value}`, [0xc7, ...indirect(0, to), ...immediate(value)]);
  }

  /** lea r32, m:  8D /r */
  lea(to: Reg32, from: Mem32): void {
    this.emit(`lea ${to}, ${memText(from)}`, [0x8d, ...indirect(number(to), from)]);
  }

  /**
   * The address of a label, from the return address of a call to the next instruction:
   * `call here`  E8 00000000;  `here: pop r32`  58+r;  `lea r32, [r32 + (label - here)]`  8D /r with mod 2, disp32
   */
  leaLabel(to: Reg32, label: string, here: string): void {
    const n = number(to);
    this.call(here);
    this.label(here);
    this.pop(to);
    // The distance counts from `here`, which is one byte before this instruction.
    const encode = (distance: number) => [0x8d, 0x80 | (n << 3) | n, ...littleEndian32(distance + 1)];
    this.emitReference(`{disp32} lea ${to}, [${to} + (${label} - ${here})]`, label, [{ size: 6, encode }]);
  }

  /** add m32, r32:  01 /r */
  add(to: Mem32, from: Reg32): void {
    this.emit(`add dword ptr ${memText(to)}, ${from}`, [0x01, ...indirect(number(from), to)]);
  }

  /** sub m32, r32:  29 /r */
  sub(to: Mem32, from: Reg32): void {
    this.emit(`sub dword ptr ${memText(to)}, ${from}`, [0x29, ...indirect(number(from), to)]);
  }

  /** cmp r32, m32:  3B /r; flags of left - right */
  cmp(left: Reg32, right: Mem32): void {
    this.emit(`cmp ${left}, dword ptr ${memText(right)}`, [0x3b, ...indirect(number(left), right)]);
  }

  /** add m32, imm:  83 /0 imm8 or 81 /0 imm32 */
  addImmediate(to: Mem32, value: number): void {
    this.#immediate('add', 0, to, value);
  }

  /** sub m32, imm:  83 /5 imm8 or 81 /5 imm32 */
  subImmediate(to: Mem32, value: number): void {
    this.#immediate('sub', 5, to, value);
  }

  /** cmp m32, imm:  83 /7 imm8 or 81 /7 imm32 */
  cmpImmediate(left: Mem32, value: number): void {
    this.#immediate('cmp', 7, left, value);
  }

  /** add esp, imm:  83 C4 imm8 or 81 C4 imm32 */
  dropStack(bytes: number): void {
    this.#stack('add', 0xc4, bytes);
  }

  /** sub esp, imm:  83 EC imm8 or 81 EC imm32 */
  takeStack(bytes: number): void {
    this.#stack('sub', 0xec, bytes);
  }

  /** shl m32, imm8:  C1 /4 ib  (2 to 31; as encodes a shift by 1 otherwise) */
  shl(mem: Mem32, bits: number): void {
    this.#shift('shl', 4, mem, bits);
  }

  /** shr m32, imm8:  C1 /5 ib */
  shr(mem: Mem32, bits: number): void {
    this.#shift('shr', 5, mem, bits);
  }

  /** neg m32:  F7 /3 */
  neg(mem: Mem32): void {
    this.emit(`neg dword ptr ${memText(mem)}`, [0xf7, ...indirect(3, mem)]);
  }

  /** div m32:  F7 /6; edx:eax by the operand, quotient to eax, remainder to edx */
  div(by: Mem32): void {
    this.emit(`div dword ptr ${memText(by)}`, [0xf7, ...indirect(6, by)]);
  }

  /** jcc label:  70+cc rel8, or 0F 80+cc rel32 */
  jcc(condition: Condition, label: string): void {
    const cc = CONDITIONS[condition];
    this.emitReference(`j${condition} ${label}`, label, [relative([0x70 | cc], 8), relative([0x0f, 0x80 | cc], 32)]);
  }

  /** jmp label:  EB rel8, or E9 rel32 */
  jmp(label: string): void {
    this.emitReference(`jmp ${label}`, label, [relative([0xeb], 8), relative([0xe9], 32)]);
  }

  /** call label:  E8 rel32; pushes 4 bytes */
  call(label: string): void {
    this.emitReference(`call ${label}`, label, [relative([0xe8], 32)]);
  }

  /** ret:  C3 */
  ret(): void {
    this.emit('ret', [0xc3]);
  }

  /** pop r32:  58+r */
  pop(reg: Reg32): void {
    this.emit(`pop ${reg}`, [0x58 | number(reg)]);
  }

  /** pushad:  60; all eight registers */
  pushAll(): void {
    this.emit('pushad', [0x60]);
  }

  /** popad:  61; all but esp, which it skips */
  popAll(): void {
    this.emit('popad', [0x61]);
  }

  /** pushfd:  9C */
  pushFlags(): void {
    this.emit('pushfd', [0x9c]);
  }

  /** popfd:  9D */
  popFlags(): void {
    this.emit('popfd', [0x9d]);
  }

  /** int imm8:  CD ib; 0x80: number in eax, arguments in ebx, ecx, edx, esi, edi, ebp, result in eax, the rest is kept */
  int(vector: number): void {
    this.emit(`int ${vector}`, [0xcd, vector & 0xff]);
  }

  /** ud2:  0F 0B; SIGILL */
  ud2(): void {
    this.emit('ud2', [0x0f, 0x0b]);
  }

  #immediate(name: string, digit: number, to: Mem32, value: number): void {
    const short = fitsSigned(value, 8);
    const bytes = short ? [value & 0xff] : immediate(value);
    const opcode = short ? 0x83 : 0x81;
    this.emit(`${name} dword ptr ${memText(to)}, ${value}`, [opcode, ...indirect(digit, to), ...bytes]);
  }

  #stack(name: string, modrm: number, bytes: number): void {
    const short = fitsSigned(bytes, 8);
    const value = short ? [bytes & 0xff] : immediate(bytes);
    this.emit(`${name} esp, ${bytes}`, [short ? 0x83 : 0x81, modrm, ...value]);
  }

  #shift(name: string, digit: number, mem: Mem32, bits: number): void {
    if (!Number.isInteger(bits) || bits < 2 || bits > 31) unreachable(`shift by ${bits}`);
    this.emit(`${name} dword ptr ${memText(mem)}, ${bits}`, [0xc1, ...indirect(digit, mem), bits]);
  }
}
