/** Bytes known from the manuals; native-tests/machine compares every instruction with GNU as. */
import * as assert from 'uvu/assert';
import type { CodeBuffer } from '../../src/machine/code.ts';
import { Aarch64, I386, Riscv64, S390x, X86_64 } from '../../src/machine/index.ts';
import { suite } from '../suite.ts';

interface Row<Code> {
  readonly emit: (code: Code) => void;
  readonly text: string;
  readonly hex: string;
}

// biome-ignore format: a table
const x86: readonly Row<X86_64>[] = [
  { emit: (c) => c.mov('rbx', 'rax'), text: 'mov rbx, rax', hex: '4889c3' },
  { emit: (c) => c.mov('r15', 'r8'), text: 'mov r15, r8', hex: '4d89c7' },
  { emit: (c) => c.movImmediate('rax', 1), text: 'mov eax, 1', hex: 'b801000000' },
  { emit: (c) => c.movImmediate('r8', 0xffff_ffff), text: 'mov r8d, 4294967295', hex: '41b8ffffffff' },
  { emit: (c) => c.movImmediate('rdi', -100), text: 'mov rdi, -100', hex: '48c7c79cffffff' },
  { emit: (c) => c.clear('r10'), text: 'xor r10d, r10d', hex: '4531d2' },
  { emit: (c) => c.load('rbx', 8, { base: 'rbp', disp: 0 }), text: 'movzx ebx, byte ptr [rbp]', hex: '0fb65d00' },
  { emit: (c) => c.load('r13', 16, { base: 'rsp', disp: 60 }), text: 'movzx r13d, word ptr [rsp + 60]', hex: '440fb76c243c' },
  { emit: (c) => c.load('r9', 64, { base: 'r12', disp: -129 }), text: 'mov r9, qword ptr [r12 - 129]', hex: '4d8b8c247fffffff' },
  { emit: (c) => c.store({ base: 'r13', disp: 0 }, 8, 'rbp'), text: 'mov byte ptr [r13], bpl', hex: '41886d00' },
  { emit: (c) => c.store({ base: 'rbx', disp: 127 }, 8, 'rdx'), text: 'mov byte ptr [rbx + 127], dl', hex: '88537f' },
  { emit: (c) => c.store({ base: 'rsp', disp: 128 }, 16, 'rbp'), text: 'mov word ptr [rsp + 128], bp', hex: '6689ac2480000000' },
  { emit: (c) => c.cmpImmediate('rbx', -128), text: 'cmp rbx, -128', hex: '4883fb80' },
  { emit: (c) => c.cmpImmediate('rbx', 128), text: 'cmp rbx, 128', hex: '4881fb80000000' },
  { emit: (c) => c.shl('r14', 63), text: 'shl r14, 63', hex: '49c1e63f' },
  { emit: (c) => c.div('r14'), text: 'div r14', hex: '49f7f6' },
  { emit: (c) => c.syscall(), text: 'syscall', hex: '0f05' },
  { emit: (c) => c.push('r11'), text: 'push r11', hex: '4153' },
  { emit: (c) => c.endbr64(), text: 'endbr64', hex: 'f30f1efa' },
];

// biome-ignore format: a table
const i386: readonly Row<I386>[] = [
  { emit: (c) => c.movImmediate('eax', 252), text: 'mov eax, 252', hex: 'b8fc000000' },
  { emit: (c) => c.load('ebx', 32, { base: 'esp', disp: 4 }), text: 'mov ebx, dword ptr [esp + 4]', hex: '8b5c2404' },
  { emit: (c) => c.store({ base: 'ecx', disp: 0 }, 8, 'eax'), text: 'mov byte ptr [ecx], al', hex: '8801' },
  { emit: (c) => c.storeImmediate({ base: 'esp', disp: 0 }, 125), text: 'mov dword ptr [esp], 125', hex: 'c704247d000000' },
  { emit: (c) => c.takeStack(40), text: 'sub esp, 40', hex: '83ec28' },
  { emit: (c) => c.pushAll(), text: 'pushad', hex: '60' },
  { emit: (c) => c.int(0x80), text: 'int 128', hex: 'cd80' },
];

// biome-ignore format: a table; bytes as they lie in memory
const riscv64: readonly Row<Riscv64>[] = [
  { emit: (c) => c.addImmediate('sp', 'sp', -16), text: 'addi sp, sp, -16', hex: '130101ff' },
  { emit: (c) => c.loadUpper('a0', 8), text: 'lui a0, 8', hex: '37850000' },
  { emit: (c) => c.load('s0', 64, { base: 'sp', offset: 8 }), text: 'ld s0, 8(sp)', hex: '03348100' },
  { emit: (c) => c.store({ base: 'sp', offset: 8 }, 64, 's0'), text: 'sd s0, 8(sp)', hex: '23348100' },
  { emit: (c) => c.ret(), text: 'ret', hex: '67800000' },
  { emit: (c) => c.ecall(), text: 'ecall', hex: '73000000' },
  { emit: (c) => c.ebreak(), text: 'ebreak', hex: '73001000' },
];

// biome-ignore format: a table
const s390x: readonly Row<S390x>[] = [
  { emit: (c) => c.mov('r8', 'r2'), text: 'lgr %r8, %r2', hex: 'b9040082' },
  { emit: (c) => c.movShort('r1', 348), text: 'lghi %r1, 348', hex: 'a719015c' },
  { emit: (c) => c.lea('r15', { base: 'r15', disp: -136 }), text: 'lay %r15, -136(%r15)', hex: 'e3f0ff78ff71' },
  { emit: (c) => c.storeAll('r0', 'r14', { base: 'r15', disp: 16 }), text: 'stmg %r0, %r14, 16(%r15)', hex: 'eb0ef0100024' },
  { emit: (c) => c.ret(), text: 'br %r14', hex: '07fe' },
  { emit: (c) => c.svc(), text: 'svc 0', hex: '0a00' },
];

// biome-ignore format: a table; bytes as they lie in memory
const aarch64: readonly Row<Aarch64>[] = [
  { emit: (c) => c.movz('x8', 93), text: 'movz x8, #93', hex: 'a80b80d2' },
  { emit: (c) => c.movk('x2', 8, 1), text: 'movk x2, #8, lsl #16', hex: '0201a0f2' },
  { emit: (c) => c.movn('x0', 99), text: 'movn x0, #99', hex: '600c8092' },
  { emit: (c) => c.mov('x19', 'x0'), text: 'mov x19, x0', hex: 'f30300aa' },
  { emit: (c) => c.subImmediate('sp', 'sp', 0x9000), text: 'sub sp, sp, #36864', hex: 'ff2740d1' },
  { emit: (c) => c.cmpImmediate('x19', 0xfff), text: 'cmp x19, #4095', hex: '7ffe3ff1' },
  { emit: (c) => c.load('x22', 16, { base: 'sp', offset: 60 }), text: 'ldrh w22, [sp, #60]', hex: 'f67b4079' },
  { emit: (c) => c.load('x3', 64, { base: 'x20', offset: 7 }), text: 'ldur x3, [x20, #7]', hex: '837240f8' },
  { emit: (c) => c.store({ base: 'x21', offset: -1 }, 8, 'x22'), text: 'sturb w22, [x21, #-1]', hex: 'b6f21f38' },
  { emit: (c) => c.udiv('x16', 'x20', 'x23'), text: 'udiv x16, x20, x23', hex: '900ad79a' },
  { emit: (c) => c.svc(), text: 'svc #0', hex: '010000d4' },
  { emit: (c) => c.brk(), text: 'brk #0', hex: '000020d4' },
  { emit: (c) => c.ret(), text: 'ret', hex: 'c0035fd6' },
  { emit: (c) => c.btiC(), text: 'bti c', hex: '5f2403d5' },
  { emit: (c) => c.br('x16'), text: 'br x16', hex: '00021fd6' },
];

suite('machine/encodings', (test) => {
  const check = <Code extends CodeBuffer>(make: () => Code, rows: readonly Row<Code>[]) => {
    for (const row of rows)
      test(row.text, () => {
        const code = make();
        row.emit(code);
        const { bytes, lines } = code.finish();
        assert.is(Buffer.from(bytes).toString('hex'), row.hex);
        assert.is(lines[0]?.text, row.text);
      });
  };
  check(() => new X86_64(), x86);
  check(() => new Aarch64(), aarch64);
  check(() => new I386(), i386);
  check(() => new Riscv64(), riscv64);
  check(() => new S390x(), s390x);

  const refused: readonly (readonly [string, () => void])[] = [
    ['an x86_64 immediate of 33 bits', () => new X86_64().movImmediate('rax', 2 ** 32)],
    ['an x86_64 immediate below -2^31', () => new X86_64().movImmediate('rax', -(2 ** 31) - 1)],
    ['an x86_64 compare with 2^31', () => new X86_64().cmpImmediate('rbx', 2 ** 31)],
    ['a fraction', () => new X86_64().movImmediate('rax', 1.5)],
    ['an x86_64 shift by 1', () => new X86_64().shl('rax', 1)],
    ['an x86_64 displacement of 33 bits', () => new X86_64().load('rax', 64, { base: 'rsp', disp: 2 ** 31 })],
    ['an aarch64 immediate between 4096 and 8192', () => new Aarch64().addImmediate('x0', 'x0', 4097)],
    ['a negative aarch64 immediate', () => new Aarch64().addImmediate('x0', 'x0', -1)],
    ['an aarch64 move of 17 bits', () => new Aarch64().movz('x0', 0x10000)],
    ['x31', () => new Aarch64().mov('x31', 'x0')],
    [
      'an aarch64 offset that is neither scaled nor short',
      () => new Aarch64().load('x0', 64, { base: 'sp', offset: 257 }),
    ],
    ['a pair at an offset of no eight', () => new Aarch64().storePair('x0', 'x1', { base: 'sp', offset: 4 })],
    ['a pair out of reach', () => new Aarch64().loadPair('x0', 'x1', { base: 'sp', offset: 512 })],
    ['the low byte of esi', () => new I386().store({ base: 'eax', disp: 0 }, 8, 'esi')],
    ['an i386 immediate of 33 bits', () => new I386().movImmediate('eax', 2 ** 32)],
    ['an i386 shift by 1', () => new I386().shl({ base: 'esp', disp: 0 }, 1)],
    ['a riscv64 immediate of 13 bits', () => new Riscv64().addImmediate('a0', 'a0', 2048)],
    ['a riscv64 offset of 13 bits', () => new Riscv64().store({ base: 'sp', offset: -2049 }, 64, 'a0')],
    ['a riscv64 shift by 64', () => new Riscv64().shiftLeft('a0', 'a0', 64)],
    ['an s390x immediate of 17 bits', () => new S390x().movShort('r1', 32768)],
    ['an s390x displacement of 21 bits', () => new S390x().lea('r1', { base: 'r1', disp: 524288 })],
    ['s390x memory at r0', () => new S390x().load('r1', 64, { base: 'r0', disp: 0 })],
    ['an s390x pair that begins odd', () => new S390x().divide('r1', 'r2')],
    ['r16', () => new S390x().mov('r16', 'r0')],
    ['an aarch64 shift by 64', () => new Aarch64().lsl('x0', 'x0', 64)],
  ];
  for (const [name, body] of refused) test(`refuses ${name}`, () => assert.throws(body, /seccompc has a bug/));
});
