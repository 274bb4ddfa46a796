/** Records to text and back, records to bytes and back: the same records, whatever they are. */
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import {
  assemble,
  decode,
  decodeProgram,
  disassemble,
  encodeProgram,
  INSN_SIZE,
  list,
  type RawInsn,
} from '../../src/bpf/index.ts';
import { suite, throwsCode } from '../suite.ts';

/** The 41 that seccomp takes. @see Linux v6.12 kernel/seccomp.c seccomp_check_filter() */
// biome-ignore format: by class
const SECCOMP_OPCODES = [
  0x20, 0x00, 0x60, 0x80, 0x01, 0x61, 0x81, 0x02, 0x03,
  0x04, 0x0c, 0x14, 0x1c, 0x24, 0x2c, 0x34, 0x3c, 0x44, 0x4c, 0x54, 0x5c, 0x64, 0x6c, 0x74, 0x7c, 0xa4, 0xac, 0x84,
  0x05, 0x15, 0x1d, 0x25, 0x2d, 0x35, 0x3d, 0x45, 0x4d,
  0x06, 0x16, 0x07, 0x87,
];
const RET: RawInsn = { code: 0x06, jt: 0, jf: 0, k: 0x7fff0000 };
const WORDS = [0, 1, 4, 15, 16, 31, 32, 63, 0xff, 0x100, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff];

function sameThroughText(insns: readonly RawInsn[], endian: 'little' | 'big'): void {
  const text = disassemble({ insns, endian });
  assert.equal(
    assemble(text),
    insns.map(({ code, jt, jf, k }) => ({ code, jt, jf, k })),
    text,
  );
}

const insn: fc.Arbitrary<RawInsn> = fc.record({
  code: fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...SECCOMP_OPCODES) },
    { weight: 1, arbitrary: fc.nat(0xff) },
    { weight: 1, arbitrary: fc.nat(0xffff) },
  ),
  jt: fc.oneof(fc.constant(0), fc.nat(4), fc.nat(255)),
  jf: fc.oneof(fc.constant(0), fc.nat(4), fc.nat(255)),
  k: fc.oneof(fc.constantFrom(...WORDS), fc.nat(70), fc.nat(0xffffffff)),
});
const program = fc.array(
  insn.map((i) => ({ ...i })),
  { maxLength: 300 },
);
const endian = fc.constantFrom('little' as const, 'big' as const);

suite('bpf/roundtrip', (test) => {
  test('the opcodes that decode are the 41', () => {
    const decoded = Array.from({ length: 0x10000 }, (_, code) => code).filter((code) =>
      decode({ code, jt: 0, jf: 0, k: 0 }),
    );
    assert.equal(
      decoded,
      SECCOMP_OPCODES.toSorted((a, b) => a - b),
    );
  });

  test('text: every opcode, with every unused field zero and not', () => {
    for (let code = 0; code <= 0x1ff; code++) {
      for (const jt of [0, 1, 2, 200]) {
        for (const jf of [0, 1, 200]) {
          for (const k of [0, 1, 16, 0x80000000, 0xffffffff])
            sameThroughText([{ code, jt, jf, k }, RET, RET], 'little');
        }
      }
    }
  });

  test('text: opcodes above one byte', () => {
    for (const code of SECCOMP_OPCODES) {
      for (const above of [0x100, 0x4000, 0xff00])
        sameThroughText([{ code: code | above, jt: 1, jf: 0, k: 3 }, RET, RET], 'little');
    }
  });

  test('text: random programs', () => {
    fc.assert(
      fc.property(program, endian, (insns, order) => sameThroughText(insns, order)),
      { numRuns: 2000 },
    );
  });

  test('text: jumps to, at and beyond the end', () => {
    for (const skip of [0, 1, 2, 3, 254, 255]) {
      sameThroughText([{ code: 0x15, jt: skip, jf: 0, k: 7 }, RET, RET], 'little');
      sameThroughText([{ code: 0x2d, jt: 0, jf: skip, k: 0 }, RET, RET], 'little');
      sameThroughText([{ code: 0x05, jt: 0, jf: 0, k: skip }, RET, RET], 'little');
    }
    const far = [{ code: 0x15, jt: 255, jf: 254, k: 7 }, ...Array.from({ length: 256 }, () => RET)];
    sameThroughText(far, 'little');
    assert.match(disassemble({ insns: far, endian: 'little' }), /jeq #0x7, L256, L255/);
    assert.match(disassemble({ insns: far.slice(0, 256), endian: 'little' }), /\.insn 0x15, 255, 254, 0x7/);
  });

  test('text survives Windows line ends and the loss of indentation', () => {
    fc.assert(
      fc.property(program, (insns) => {
        const text = disassemble({ insns, endian: 'little' });
        assert.equal(assemble(text.replaceAll('\n', '\r\n')), assemble(text));
        assert.equal(assemble(text.replaceAll('\n', '\r')), assemble(text));
        assert.equal(assemble(text.replace(/^ +/gm, '')), assemble(text));
      }),
      { numRuns: 300 },
    );
  });

  test('bytes: random programs, both orders', () => {
    fc.assert(
      fc.property(program, endian, (insns, order) => {
        const bytes = encodeProgram(insns, order);
        assert.is(bytes.length, insns.length * INSN_SIZE);
        assert.equal(decodeProgram(bytes, order), insns);
        // A view into a larger buffer, at an odd offset.
        const shifted = new Uint8Array(bytes.length + 7);
        shifted.set(bytes, 3);
        assert.equal(decodeProgram(shifted.subarray(3, 3 + bytes.length), order), insns);
      }),
      { numRuns: 500 },
    );
  });

  test('bytes: struct sock_filter as it lies in memory', () => {
    const one: RawInsn = { code: 0x0102, jt: 3, jf: 4, k: 0x05060708 };
    assert.equal([...encodeProgram([one], 'little')], [2, 1, 3, 4, 8, 7, 6, 5]);
    assert.equal([...encodeProgram([one], 'big')], [1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test('bytes: what is no whole number of records', () => {
    for (const length of [1, 7, 9, 15])
      throwsCode(() => decodeProgram(new Uint8Array(length), 'little'), 'PROGRAM_BYTES');
    assert.equal(decodeProgram(new Uint8Array(0), 'big'), []);
  });
});

suite('bpf/comments', (test) => {
  const said = (insns: readonly RawInsn[], order: 'little' | 'big' = 'little') =>
    list(insns, order).map((i) => i.comment);
  const ld = (off: number): RawInsn => ({ code: 0x20, jt: 0, jf: 0, k: off });
  const jeq = (k: number, jt: number, jf: number): RawInsn => ({ code: 0x15, jt, jf, k });
  const X86_64 = 0xc000003e;
  const I386 = 0x40000003;

  test('the words of seccomp_data, in both orders', () => {
    const offsets = [0, 4, 8, 12, 16, 20, 56, 60];
    assert.equal(said(offsets.map(ld)), [
      'nr',
      'arch',
      'instruction_pointer low',
      'instruction_pointer high',
      'args[0] low',
      'args[0] high',
      'args[5] low',
      'args[5] high',
    ]);
    assert.equal(said(offsets.map(ld), 'big'), [
      'nr',
      'arch',
      'instruction_pointer high',
      'instruction_pointer low',
      'args[0] high',
      'args[0] low',
      'args[5] high',
      'args[5] low',
    ]);
    assert.equal(said([ld(64), ld(2), ld(0xfffffffc)]), [
      'outside seccomp_data',
      'outside seccomp_data',
      'outside seccomp_data',
    ]);
  });

  test('an architecture is named where A holds it', () => {
    assert.equal(said([ld(4), jeq(X86_64, 1, 0), jeq(I386, 0, 0), RET]), ['arch', 'x86_64 or x32', 'i386', 'ALLOW']);
  });

  test('across a jump too', () => {
    assert.equal(said([ld(4), jeq(1, 0, 1), RET, jeq(I386, 0, 0), RET])[3], 'i386');
  });

  const silent: readonly { name: string; insns: readonly RawInsn[]; at: number }[] = [
    { name: 'where A holds the number', insns: [ld(4), ld(0), jeq(I386, 0, 0), RET], at: 2 },
    { name: 'where one way in holds another word', insns: [ld(0), jeq(5, 1, 0), ld(4), jeq(I386, 0, 0), RET], at: 3 },
    { name: 'behind arithmetic', insns: [ld(4), { code: 0x54, jt: 0, jf: 0, k: 1 }, jeq(I386, 0, 0), RET], at: 2 },
    { name: 'behind txa', insns: [ld(4), { code: 0x87, jt: 0, jf: 0, k: 0 }, jeq(I386, 0, 0), RET], at: 2 },
    {
      name: 'behind an unknown instruction',
      insns: [ld(4), { code: 0x94, jt: 0, jf: 0, k: 2 }, jeq(I386, 0, 0), RET],
      at: 2,
    },
    { name: 'where nothing leads', insns: [ld(4), RET, jeq(I386, 0, 0), RET], at: 2 },
  ];
  for (const row of silent) test(`and nowhere else: ${row.name}`, () => assert.is(said(row.insns)[row.at], ''));

  test('what is kept: tax, st and ldx leave A alone', () => {
    for (const code of [0x07, 0x02, 0x01]) {
      assert.is(said([ld(4), { code, jt: 0, jf: 0, k: 0 }, jeq(I386, 0, 0), RET])[2], 'i386');
    }
  });

  test('what is not an instruction says so', () => {
    assert.match(said([{ code: 0x94, jt: 0, jf: 0, k: 2 }])[0] ?? '', 'not an instruction');
  });
});
