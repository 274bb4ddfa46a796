/**
 * The x86_64 instructions that our programs use, one method each; operands in Intel order, as the listing prints them.
 *
 *   prefix   REX               opcode   ModRM                  SIB                      displacement, immediate
 *   [66]     [0 1 0 0 W R X B] op       mod:2 reg:3 rm:3       scale:2 index:3 base:3   little-endian
 *
 * W = 64-bit operands; R and B are the fourth bits of `reg` and of `rm` or `base` (X, the index's, stays 0 here).
 * mod 3: rm is a register. mod 0, 1, 2: memory at a base with 0, 1 or 4 bytes of displacement. Base 4 (rsp, r12) needs a
 * SIB byte; base 5 (rbp, r13) with mod 0 would mean rip-relative, so it always gets a displacement.
 * @see Intel 64 SDM volume 2, chapter 2; encodings are those that GNU as chooses (native-tests/machine compares).
 */
import { unreachable } from '../diag/index.ts';
import { CodeBuffer, type Form, fitsSigned, littleEndian32 } from './code.ts';

// biome-ignore format: a table
const REGISTERS = [
  'rax', 'rcx', 'rdx', 'rbx', 'rsp', 'rbp', 'rsi', 'rdi', 'r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15',
] as const;

/** A 64-bit register; its place in the table is its number. Smaller operands use the same name's low part. */
export type Reg = (typeof REGISTERS)[number];

/** Memory at base + displacement (bytes, signed 32 bits). */
export interface Mem {
  readonly base: Reg;
  readonly disp: number;
}

/** Condition codes of Jcc: unsigned below / above or equal / above, signed less. */
export const CONDITIONS = { b: 0x2, ae: 0x3, e: 0x4, ne: 0x5, be: 0x6, a: 0x7, l: 0xc, ge: 0xd } as const;
export type Condition = keyof typeof CONDITIONS;

/** Bits of a memory operand. */
export type Width = 8 | 16 | 32 | 64;

const POINTER: Readonly<Record<Width, string>> = { 8: 'byte', 16: 'word', 32: 'dword', 64: 'qword' };

function number(reg: Reg): number {
  return REGISTERS.indexOf(reg);
}

/** The name of a register's low part: rax eax ax al, rbp ebp bp bpl, r8 r8d r8w r8b. */
function part(reg: Reg, width: Width): string {
  if (width === 64) return reg;
  if (/\d/.test(reg)) return `${reg}${{ 32: 'd', 16: 'w', 8: 'b' }[width]}`;
  const base = reg.slice(1);
  if (width === 32) return `e${base}`;
  if (width === 16) return base;
  return base.endsWith('x') ? `${base[0]}l` : `${base}l`;
}

function rex(w: 0 | 1, reg: number, rm: number, always = false): readonly number[] {
  const byte = 0x40 | (w << 3) | ((reg >> 3) << 2) | (rm >> 3);
  return byte === 0x40 && !always ? [] : [byte];
}

/** ModRM with mod 3: `rm` is a register. */
function direct(reg: number, rm: number): number {
  return 0xc0 | ((reg & 7) << 3) | (rm & 7);
}

/** ModRM, SIB where needed, and displacement of a memory operand. */
function indirect(reg: number, mem: Mem): readonly number[] {
  if (!fitsSigned(mem.disp, 32)) unreachable(`displacement ${mem.disp}`);
  const base = number(mem.base) & 7;
  const sib = base === 4 ? [0x24] : [];
  const modrm = (mod: number) => (mod << 6) | ((reg & 7) << 3) | base;
  if (mem.disp === 0 && base !== 5) return [modrm(0), ...sib];
  if (fitsSigned(mem.disp, 8)) return [modrm(1), ...sib, mem.disp & 0xff];
  return [modrm(2), ...sib, ...littleEndian32(mem.disp)];
}

function memText(mem: Mem): string {
  if (mem.disp === 0) return `[${mem.base}]`;
  return `[${mem.base} ${mem.disp < 0 ? '-' : '+'} ${Math.abs(mem.disp)}]`;
}

/** A jump's or lea's distance counts from the end of the instruction (i386 has the same). */
export function relative(opcode: readonly number[], width: 8 | 32): Form {
  const size = opcode.length + width / 8;
  return {
    size,
    encode: (distance) => {
      const rel = distance - size;
      if (!fitsSigned(rel, width)) return undefined;
      return [...opcode, ...littleEndian32(rel).slice(0, width / 8)];
    },
  };
}

export class X86_64 extends CodeBuffer {
  /** mov r64, r64:  REX.W 89 /r  (reg = source, rm = destination) */
  mov(to: Reg, from: Reg): void {
    this.#registers('mov', 0x89, to, from);
  }

  /** mov r32, imm32:  [REX] B8+r imm32; clears bits 32 to 63. A negative value, sign-extended: REX.W C7 /0 imm32 */
  movImmediate(to: Reg, value: number): void {
    const rm = number(to);
    if (Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff)
      this.emit(`mov ${part(to, 32)}, ${value}`, [...rex(0, 0, rm), 0xb8 | (rm & 7), ...littleEndian32(value)]);
    else if (fitsSigned(value, 32))
      this.emit(`mov ${to}, ${value}`, [...rex(1, 0, rm), 0xc7, direct(0, rm), ...littleEndian32(value)]);
    else unreachable(`immediate ${value}`);
  }

  /** xor r32, r32 with itself:  [REX] 31 /r; the register becomes 0. */
  clear(reg: Reg): void {
    const n = number(reg);
    const name = part(reg, 32);
    this.emit(`xor ${name}, ${name}`, [...rex(0, n, n), 0x31, direct(n, n)]);
  }

  /** Zero-extending load:  movzx r32, m8  0F B6 /r;  movzx r32, m16  0F B7 /r;  mov r32, m32  8B /r;  mov r64, m64  REX.W 8B /r */
  load(to: Reg, width: Width, from: Mem): void {
    const reg = number(to);
    const opcode = width === 8 ? [0x0f, 0xb6] : width === 16 ? [0x0f, 0xb7] : [0x8b];
    const name = width < 32 ? 'movzx' : 'mov';
    this.emit(`${name} ${part(to, width === 64 ? 64 : 32)}, ${POINTER[width]} ptr ${memText(from)}`, [
      ...rex(width === 64 ? 1 : 0, reg, number(from.base)),
      ...opcode,
      ...indirect(reg, from),
    ]);
  }

  /** mov m8, r8  88 /r (spl, bpl, sil, dil need a REX);  mov m16, r16  66 89 /r;  m32  89 /r;  m64  REX.W 89 /r */
  store(to: Mem, width: Width, from: Reg): void {
    const reg = number(from);
    this.emit(`mov ${POINTER[width]} ptr ${memText(to)}, ${part(from, width)}`, [
      ...(width === 16 ? [0x66] : []),
      ...rex(width === 64 ? 1 : 0, reg, number(to.base), width === 8 && reg >= 4),
      width === 8 ? 0x88 : 0x89,
      ...indirect(reg, to),
    ]);
  }

  /** lea r64, m:  REX.W 8D /r */
  lea(to: Reg, from: Mem): void {
    const reg = number(to);
    this.emit(`lea ${to}, ${memText(from)}`, [...rex(1, reg, number(from.base)), 0x8d, ...indirect(reg, from)]);
  }

  /** lea r64, [rip + label]:  REX.W 8D /r with mod 0, rm 5, disp32 */
  leaLabel(to: Reg, label: string): void {
    const reg = number(to);
    this.emitReference(`lea ${to}, [rip + ${label}]`, label, [
      relative([...rex(1, reg, 0), 0x8d, ((reg & 7) << 3) | 5], 32),
    ]);
  }

  /** add r64, r64:  REX.W 01 /r */
  add(to: Reg, from: Reg): void {
    this.#registers('add', 0x01, to, from);
  }

  /** sub r64, r64:  REX.W 29 /r */
  sub(to: Reg, from: Reg): void {
    this.#registers('sub', 0x29, to, from);
  }

  /** cmp r64, r64:  REX.W 39 /r; flags of left - right */
  cmp(left: Reg, right: Reg): void {
    this.#registers('cmp', 0x39, left, right);
  }

  /** add r64, imm:  REX.W 83 /0 imm8 or 81 /0 imm32 */
  addImmediate(to: Reg, value: number): void {
    this.#immediate('add', 0, to, value);
  }

  /** sub r64, imm:  REX.W 83 /5 imm8 or 81 /5 imm32 */
  subImmediate(to: Reg, value: number): void {
    this.#immediate('sub', 5, to, value);
  }

  /** cmp r64, imm:  REX.W 83 /7 imm8 or 81 /7 imm32 */
  cmpImmediate(left: Reg, value: number): void {
    this.#immediate('cmp', 7, left, value);
  }

  /** shl r64, imm8:  REX.W C1 /4 ib  (2 to 63; as encodes a shift by 1 otherwise) */
  shl(reg: Reg, bits: number): void {
    this.#shift('shl', 4, reg, bits);
  }

  /** shr r64, imm8:  REX.W C1 /5 ib */
  shr(reg: Reg, bits: number): void {
    this.#shift('shr', 5, reg, bits);
  }

  /** neg r64:  REX.W F7 /3 */
  neg(reg: Reg): void {
    this.emit(`neg ${reg}`, [...rex(1, 0, number(reg)), 0xf7, direct(3, number(reg))]);
  }

  /** div r64:  REX.W F7 /6; rdx:rax by the operand, quotient to rax, remainder to rdx */
  div(by: Reg): void {
    this.emit(`div ${by}`, [...rex(1, 0, number(by)), 0xf7, direct(6, number(by))]);
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

  /** call label:  E8 rel32; pushes 8 bytes */
  call(label: string): void {
    this.emitReference(`call ${label}`, label, [relative([0xe8], 32)]);
  }

  /** ret:  C3 */
  ret(): void {
    this.emit('ret', [0xc3]);
  }

  /** push r64:  [REX.B] 50+r */
  push(reg: Reg): void {
    this.emit(`push ${reg}`, [...rex(0, 0, number(reg)), 0x50 | (number(reg) & 7)]);
  }

  /** pop r64:  [REX.B] 58+r */
  pop(reg: Reg): void {
    this.emit(`pop ${reg}`, [...rex(0, 0, number(reg)), 0x58 | (number(reg) & 7)]);
  }

  /** pushfq:  9C */
  pushFlags(): void {
    this.emit('pushfq', [0x9c]);
  }

  /** popfq:  9D */
  popFlags(): void {
    this.emit('popfq', [0x9d]);
  }

  /** endbr64:  F3 0F 1E FA; where indirect jumps may land under indirect branch tracking, else it does nothing */
  endbr64(): void {
    this.emit('endbr64', [0xf3, 0x0f, 0x1e, 0xfa]);
  }

  /** syscall:  0F 05; number in rax, result in rax; rcx and r11 are lost, everything else is kept */
  syscall(): void {
    this.emit('syscall', [0x0f, 0x05]);
  }

  /** int imm8:  CD ib; 0x80 is the i386 entry: number in eax, arguments in ebx, ecx, edx, esi, edi, ebp, result in eax */
  int(vector: number): void {
    this.emit(`int ${vector}`, [0xcd, vector & 0xff]);
  }

  /** ud2:  0F 0B; SIGILL */
  ud2(): void {
    this.emit('ud2', [0x0f, 0x0b]);
  }

  #registers(name: string, opcode: number, to: Reg, from: Reg): void {
    const [reg, rm] = [number(from), number(to)];
    this.emit(`${name} ${to}, ${from}`, [...rex(1, reg, rm), opcode, direct(reg, rm)]);
  }

  #immediate(name: string, digit: number, to: Reg, value: number): void {
    if (!fitsSigned(value, 32)) unreachable(`immediate ${value}`);
    const rm = number(to);
    const short = fitsSigned(value, 8);
    // as takes a form of its own for rax with imm32, which we do not have.
    if (!short && to === 'rax') unreachable(`${name} rax with a 32-bit immediate`);
    const bytes = short ? [0x83, direct(digit, rm), value & 0xff] : [0x81, direct(digit, rm), ...littleEndian32(value)];
    this.emit(`${name} ${to}, ${value}`, [...rex(1, 0, rm), ...bytes]);
  }

  #shift(name: string, digit: number, reg: Reg, bits: number): void {
    if (!Number.isInteger(bits) || bits < 2 || bits > 63) unreachable(`shift by ${bits}`);
    this.emit(`${name} ${reg}, ${bits}`, [...rex(1, 0, number(reg)), 0xc1, direct(digit, number(reg)), bits]);
  }
}
