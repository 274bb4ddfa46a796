/**
 * GNU as as the judge of our bytes: each instruction from a hand-written line, and whole programs from their listings
 * (which shows that the text beside the bytes says what the bytes do).
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { MachineCode } from '../../src/machine/code.ts';
import { Aarch64, demoProgram, probeProgram, X86_64 } from '../../src/machine/index.ts';
import { suite } from '../../test/suite.ts';
import { absent, fileOf, freshPath, run } from './tools.ts';

interface Toolchain {
  readonly as: string;
  readonly objcopy: string;
  readonly first: string;
}

const X86_TOOLS: Toolchain = {
  as: process.arch === 'x64' ? 'as' : 'x86_64-linux-gnu-as',
  objcopy: process.arch === 'x64' ? 'objcopy' : 'x86_64-linux-gnu-objcopy',
  first: '.intel_syntax noprefix\n',
};
const ARM_TOOLS: Toolchain = { as: 'aarch64-linux-gnu-as', objcopy: 'aarch64-linux-gnu-objcopy', first: '' };

/** The .text that as makes of this source. */
function assembled(tools: Toolchain, source: string): Uint8Array {
  const object = freshPath();
  const text = freshPath();
  const as = run(tools.as, ['-o', object, fileOf(tools.first + source)]);
  assert.is(as.status, 0, as.stderr);
  const copied = run(tools.objcopy, ['-O', 'binary', '--only-section=.text', object, text]);
  assert.is(copied.status, 0, copied.stderr);
  return Uint8Array.from(readFileSync(text));
}

function sourceOf(code: MachineCode): string {
  return code.lines.map((line) => `${line.labels.map((name) => `${name}:\n`).join('')}${line.text}\n`).join('');
}

/** Names the first instruction whose bytes differ. */
function same(code: MachineCode, judged: Uint8Array): void {
  for (const line of code.lines) {
    const theirs = judged.subarray(line.byteOffset, line.byteOffset + line.bytes.length);
    assert.is(Buffer.from(line.bytes).toString('hex'), Buffer.from(theirs).toString('hex'), line.text);
  }
  assert.is(code.bytes.length, judged.length);
}

/** The same program as x86-64.s, which was written by hand. */
function everyX86(): MachineCode {
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
  c.label('finish');
  c.ret();
  c.syscall();
  c.int(0x80);
  c.ud2();
  return c.finish();
}

/** The same program as aarch64.s. */
function everyArm(): MachineCode {
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
  c.label('finish');
  c.ret();
  c.svc();
  c.brk();
  return c.finish();
}

const here = join(process.cwd(), 'native-tests', 'machine');

suite('native/machine/assembler', (test) => {
  const x86 = absent(X86_TOOLS.as);
  const arm = absent(ARM_TOOLS.as);
  test.needs(x86, 'every x86_64 instruction, from x86-64.s', () => {
    same(everyX86(), assembled(X86_TOOLS, readFileSync(join(here, 'x86-64.s'), 'utf8')));
  });
  test.needs(arm, 'every aarch64 instruction, from aarch64.s', () => {
    same(everyArm(), assembled(ARM_TOOLS, readFileSync(join(here, 'aarch64.s'), 'utf8')));
  });
  for (const [target, tools, missing] of [
    ['x86_64', X86_TOOLS, x86],
    ['aarch64', ARM_TOOLS, arm],
  ] as const)
    for (const [name, program] of [
      ['demo', demoProgram],
      ['probe', probeProgram],
    ] as const)
      test.needs(missing, `the ${target} ${name}, from its own listing`, () => {
        const code = program(target);
        same(code, assembled(tools, sourceOf(code)));
      });
});
