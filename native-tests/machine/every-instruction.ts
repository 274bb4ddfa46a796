/** Every instruction of each CPU's file, in the order of the .s file of the same name, which was written by hand. */
import type { MachineCode } from '../../src/machine/code.ts';
import { Aarch64, I386, Riscv64, S390x, X86_64 } from '../../src/machine/index.ts';

/** The same program as x86-64.s, which was written by hand. */
export function everyX86_64(): MachineCode {
  const c = new X86_64();
  c.label('start');
  c.mov('rbx', 'rax');
  c.mov('r15', 'rbp');
  c.mov('rdi', 'r12');
  c.movImmediate('rax', 231);
  c.movImmediate('r10', 0xffff_ffff);
  c.movImmediate('rdi', -100);
  c.movImmediate('r8', -0x8000_0000);
  c.clear('rdx');
  c.clear('r10');
  for (const base of ['rbx', 'rbp', 'rsp', 'r12', 'r13'] as const)
    for (const disp of [0, 127, 128, -128, -129]) {
      for (const width of [8, 16, 32, 64] as const) {
        c.load('r14', width, { base, disp });
        c.load('rsi', width, { base, disp });
        c.store({ base, disp }, width, 'rbp');
        c.store({ base, disp }, width, 'rdx');
        c.store({ base, disp }, width, 'r15');
      }
      c.lea('rsi', { base, disp });
    }
  c.leaLabel('rsi', 'start');
  c.leaLabel('r13', 'finish');
  c.add('rbp', 'r15');
  c.sub('r12', 'rbx');
  c.cmp('rbx', 'r13');
  for (const reg of ['rbx', 'r14'] as const)
    for (const value of [0, 127, 128, -128, -129, 36864]) {
      c.addImmediate(reg, value);
      c.subImmediate(reg, value);
      c.cmpImmediate(reg, value);
    }
  c.subImmediate('rsp', 36864);
  c.shl('rbp', 6);
  c.shr('r13', 63);
  c.neg('rbx');
  c.neg('r9');
  c.div('r14');
  c.div('rbp');
  for (const condition of ['b', 'ae', 'e', 'ne', 'be', 'a', 'l', 'ge'] as const) {
    c.jcc(condition, 'start');
    c.jcc(condition, 'finish');
  }
  c.jmp('start');
  c.jmp('finish');
  c.call('start');
  c.call('finish');
  for (const reg of ['rax', 'rbp', 'r8', 'r15'] as const) {
    c.push(reg);
    c.pop(reg);
  }
  c.pushFlags();
  c.popFlags();
  c.label('finish');
  c.endbr64();
  c.ret();
  c.syscall();
  c.int(0x80);
  c.ud2();
  return c.finish();
}

/** The same program as aarch64.s. */
export function everyAarch64(): MachineCode {
  const c = new Aarch64();
  c.label('start');
  c.movz('x8', 93);
  c.movz('x30', 0xffff, 1);
  c.movn('x0', 99);
  c.movn('x1', 1, 1);
  c.movk('x2', 8, 1);
  c.movk('x3', 0xffff);
  c.mov('x19', 'x0');
  c.mov('x5', 'xzr');
  c.add('x20', 'x20', 'x24');
  c.sub('x22', 'x23', 'x16');
  c.neg('x20', 'x21');
  c.cmp('x19', 'x24');
  for (const value of [0, 1, 4095, 4096, 0xfff000]) {
    c.addImmediate('x1', 'sp', value);
    c.subImmediate('sp', 'sp', value);
    c.subImmediate('x22', 'x22', value);
    c.cmpImmediate('x19', value);
    c.cmnImmediate('x20', value);
  }
  c.lsl('x20', 'x21', 6);
  c.lsl('x20', 'x21', 63);
  c.lsr('x20', 'x21', 1);
  c.lsr('x20', 'x21', 63);
  c.udiv('x16', 'x20', 'x23');
  c.msub('x22', 'x16', 'x23', 'x20');
  for (const base of ['sp', 'x21'] as const)
    for (const width of [8, 16, 32, 64] as const)
      for (const offset of [0, width / 8, 7, 255, -1, -256, (4095 * width) / 8]) {
        c.load('x22', width, { base, offset });
        c.store({ base, offset }, width, 'x23');
      }
  c.store({ base: 'sp', offset: 8 }, 64, 'xzr');
  c.store({ base: 'sp', offset: 8 }, 32, 'xzr');
  for (const offset of [0, 16, 504, -512]) {
    c.storePair('x0', 'x1', { base: 'sp', offset });
    c.loadPair('x19', 'xzr', { base: 'x21', offset });
  }
  c.loadWordSigned('x17', 'start');
  c.loadWordSigned('x3', 'here');
  c.distance('here', 'finish');
  c.distance('again', 'start');
  c.adr('x1', 'start');
  c.adr('x30', 'finish');
  c.b('start');
  c.b('finish');
  c.bl('start');
  c.bl('finish');
  for (const condition of ['eq', 'ne', 'hs', 'lo', 'hi', 'ls', 'ge', 'lt'] as const) {
    c.bCond(condition, 'start');
    c.bCond(condition, 'finish');
  }
  c.cbz('x19', 'start');
  c.cbz('x30', 'finish');
  c.cbnz('x19', 'start');
  c.cbnz('xzr', 'finish');
  c.br('x16');
  c.label('finish');
  c.btiC();
  c.ret();
  c.svc();
  c.brk();
  return c.finish();
}

/** The same program as i386.s. */
export function everyI386(): MachineCode {
  const c = new I386();
  c.external('beyond', 0x12345);
  c.external('before', -0x54321);
  c.label('start');
  c.movImmediate('eax', 252);
  c.movImmediate('ebp', 0xffff_ffff);
  c.movImmediate('edi', -100);
  c.clear('edx');
  for (const base of ['ebx', 'ebp', 'esp'] as const)
    for (const disp of [0, 127, 128, -128, -129]) {
      const mem = { base, disp };
      c.load('esi', 8, mem);
      c.load('esi', 16, mem);
      c.load('edi', 32, mem);
      for (const reg of ['eax', 'ecx', 'edx', 'ebx'] as const) c.store(mem, 8, reg);
      c.store(mem, 16, 'esi');
      c.store(mem, 32, 'edi');
      c.storeImmediate(mem, 1);
      c.storeImmediate(mem, -1);
      c.lea('ecx', mem);
      c.add(mem, 'eax');
      c.sub(mem, 'ecx');
      c.cmp('eax', mem);
      for (const value of [0, 127, 128, -128, -129, 36864]) {
        c.addImmediate(mem, value);
        c.subImmediate(mem, value);
        c.cmpImmediate(mem, value);
      }
      c.shl(mem, 2);
      c.shr(mem, 31);
      c.neg(mem);
      c.div(mem);
    }
  for (const bytes of [16, 127, 128, 36888]) {
    c.takeStack(bytes);
    c.dropStack(bytes);
  }
  c.leaLabel('esi', 'start', 'here0');
  c.leaLabel('eax', 'finish', 'here1');
  c.leaLabel('ebx', 'beyond', 'here2');
  for (const condition of ['b', 'ae', 'e', 'ne', 'be', 'a', 'l', 'ge'] as const) {
    c.jcc(condition, 'start');
    c.jcc(condition, 'finish');
  }
  c.jmp('start');
  c.jmp('finish');
  c.jmp('beyond');
  c.jmp('before');
  c.call('start');
  c.call('finish');
  c.pop('edi');
  c.pushAll();
  c.popAll();
  c.pushFlags();
  c.popFlags();
  c.label('finish');
  c.ret();
  c.int(0x80);
  c.ud2();
  c.words('table', [1, -1, 0x7fff_0000]);
  return c.finish();
}

/** The same program as riscv64.s. */
export function everyRiscv64(): MachineCode {
  const c = new Riscv64();
  c.external('beyond', 0x1234_5678);
  c.external('before', -0x7fff_0000);
  c.label('start');
  for (const value of [0, 1, -1, 2047, -2048]) {
    c.addImmediate('sp', 'sp', value);
    c.addImmediate('t6', 's11', value);
    c.addImmediateWord('a7', 'a7', value);
  }
  for (const upper of [0, 1, 0x7_ffff, 0xf_ffff]) c.loadUpper('a0', upper);
  c.mov('s0', 'a0');
  c.mov('t6', 's5');
  c.add('s0', 's1', 's2');
  c.sub('t6', 'zero', 's3');
  c.divu('s0', 's1', 's2');
  c.remu('t0', 's4', 't5');
  for (const bits of [1, 31, 32, 63]) {
    c.shiftLeft('s0', 's1', bits);
    c.shiftRight('t6', 's5', bits);
  }
  for (const offset of [0, 1, -1, 31, 32, 2047, -2048])
    for (const width of [8, 16, 32, 64] as const) {
      c.load('s4', width, { base: 'sp', offset });
      c.load('a0', width, { base: 't6', offset });
      c.store({ base: 'sp', offset }, width, 's4');
      c.store({ base: 't6', offset }, width, 'a0');
    }
  for (const label of ['start', 'near', 'finish', 'beyond', 'before']) {
    c.leaLabel('a1', label);
    c.jumpFar(label, 't2');
  }
  c.label('near');
  for (const condition of ['eq', 'ne', 'lt', 'ge', 'ltu', 'geu'] as const) {
    c.branch(condition, 's0', 't6', 'near');
    c.branch(condition, 't0', 'zero', 'finish');
  }
  c.jump('start');
  c.jump('finish');
  c.call('start');
  c.call('finish');
  c.label('finish');
  c.ret();
  c.ecall();
  c.ebreak();
  c.words('table', [1, -1, 0x7fff_0000]);
  return c.finish();
}

/** The same program as s390x.s. */
export function everyS390x(): MachineCode {
  const c = new S390x();
  c.external('beyond', 0x1234_5678);
  c.external('before', -0x7fff_0000);
  c.label('start');
  c.mov('r8', 'r2');
  c.mov('r15', 'r0');
  c.add('r8', 'r13');
  c.sub('r13', 'r8');
  c.neg('r9', 'r10');
  c.divide('r0', 'r12');
  c.cmp('r8', 'r13');
  c.cmpUnsigned('r8', 'r13');
  for (const value of [0, 1, -1, 0x7fff_ffff, -0x8000_0000]) {
    c.cmpImmediate('r8', value);
    c.movImmediate('r13', value);
  }
  for (const value of [0, 1, 0x8000_0000, 0xffff_ffff]) c.cmpUnsignedImmediate('r13', value);
  for (const value of [0, -1, 32767, -32768]) c.movShort('r13', value);
  for (const bits of [1, 63]) {
    c.shiftLeft('r8', 'r13', bits);
    c.shiftRight('r13', 'r8', bits);
  }
  for (const base of ['r15', 'r1'] as const)
    for (const disp of [0, 1, 4095, 4096, 524287, -1, -4096, -524288]) {
      const mem = { base, disp };
      for (const width of [8, 16, 32, 64] as const) {
        c.load('r8', width, mem);
        c.store(mem, width, 'r13');
      }
      c.lea('r0', mem);
      c.storeAll('r0', 'r14', mem);
      c.loadAll('r6', 'r15', mem);
    }
  for (const label of ['start', 'finish', 'beyond', 'before']) {
    c.leaLabel('r14', label);
    c.jumpFar(label);
  }
  c.jump('start');
  c.jump('finish');
  for (const condition of ['e', 'l', 'h', 'ne', 'nl', 'nh'] as const) {
    c.branch(condition, 'start');
    c.branch(condition, 'finish');
  }
  c.call('start');
  c.call('finish');
  c.label('finish');
  c.ret();
  c.svc();
  c.illegal();
  c.ascii('text', 'odd');
  c.words('table', [1, -1, 0x7fff_0000]);
  return c.finish();
}
