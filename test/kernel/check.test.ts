/** The kernel's rules, one row each; expected verdicts are from the kernel's text and were seen on a running kernel. */
import * as assert from 'uvu/assert';
import { encodeProgram, type RawInsn } from '../../src/bpf/index.ts';
import { check, checkLog } from '../../src/kernel/index.ts';
import { refusedWith, suite } from '../suite.ts';
import { OPCODES } from '../support/programs.ts';

const i = (code: number, k = 0, jt = 0, jf = 0): RawInsn => ({ code, jt, jf, k });
const ret = i(0x06, 0x7fff_0000);
const ld = (k: number) => i(0x20, k);
const st = (k: number) => i(0x02, k);
const mem = (k: number) => i(0x60, k);
const jeq = (jt: number, jf: number) => i(0x15, 0, jt, jf);
const ja = (k: number) => i(0x05, k);

const refused: readonly {
  readonly name: string;
  readonly raw: readonly RawInsn[];
  readonly code: string;
  readonly pc: number;
}[] = [
  { name: 'no instruction', raw: [], code: 'PROGRAM_EMPTY', pc: 0 },
  { name: '4097 instructions', raw: Array.from({ length: 4097 }, () => ret), code: 'PROGRAM_LONG', pc: 4096 },
  { name: 'last instruction is a load', raw: [ld(0)], code: 'PROGRAM_END', pc: 0 },
  { name: 'last instruction is a jump to nowhere', raw: [ret, ja(0)], code: 'INSN_JUMP', pc: 1 },
  { name: 'load at 64', raw: [ld(64), ret], code: 'INSN_LOAD', pc: 0 },
  { name: 'load at 2', raw: [ld(2), ret], code: 'INSN_LOAD', pc: 0 },
  { name: 'load of an ancillary word', raw: [ld(0xffff_f000), ret], code: 'INSN_LOAD', pc: 0 },
  { name: 'division by the constant 0', raw: [i(0x34, 0), ret], code: 'INSN_DIV', pc: 0 },
  { name: 'left shift by 32', raw: [i(0x64, 32), ret], code: 'INSN_SHIFT', pc: 0 },
  { name: 'right shift by 2^32-1', raw: [i(0x74, 0xffff_ffff), ret], code: 'INSN_SHIFT', pc: 0 },
  { name: 'store to slot 16', raw: [st(16), ret], code: 'INSN_MEM', pc: 0 },
  { name: 'ja to the end', raw: [ja(1), ret], code: 'INSN_JUMP', pc: 0 },
  { name: 'ja that would wrap around', raw: [ja(0xffff_ffff), ret], code: 'INSN_JUMP', pc: 0 },
  { name: 'jt past the end', raw: [jeq(1, 0), ret], code: 'INSN_JUMP', pc: 0 },
  { name: 'jf past the end', raw: [jeq(0, 255), ret], code: 'INSN_JUMP', pc: 0 },
  { name: 'X form, jf past the end', raw: [i(0x1d, 0, 0, 1), ret], code: 'INSN_JUMP', pc: 0 },
  { name: 'unset slot', raw: [mem(0), ret], code: 'INSN_MEM_UNSET', pc: 0 },
  { name: 'slot set on one way only', raw: [jeq(0, 1), st(3), mem(3), ret], code: 'INSN_MEM_UNSET', pc: 2 },
  {
    name: 'code after a return inherits what was stored before it',
    raw: [jeq(0, 2), st(0), ja(2), ret, ret, mem(0), ret],
    code: 'INSN_MEM_UNSET',
    pc: 5,
  },
  {
    name: 'dead code after a return is judged with the masks of the return',
    raw: [ret, mem(5), ret],
    code: 'INSN_MEM_UNSET',
    pc: 1,
  },
  { name: 'MOD', raw: [i(0x94, 3), ret], code: 'INSN_OPCODE', pc: 0 },
  { name: 'MOD by X', raw: [i(0x9c), ret], code: 'INSN_OPCODE', pc: 0 },
  { name: 'half-word load', raw: [i(0x28), ret], code: 'INSN_OPCODE', pc: 0 },
  { name: 'indirect load of a path', raw: [i(0x40), ret], code: 'INSN_OPCODE', pc: 0 },
  { name: 'RET X', raw: [i(0x0e), ret], code: 'INSN_OPCODE', pc: 0 },
  { name: 'load into X by the internal opcode', raw: [i(0x21), ret], code: 'INSN_OPCODE', pc: 0 },
  { name: 'a good opcode with a bit above 0xff', raw: [i(0x120), ret], code: 'INSN_OPCODE', pc: 0 },
];

const accepted: readonly { readonly name: string; readonly raw: readonly RawInsn[] }[] = [
  { name: 'one return', raw: [ret] },
  { name: '4096 instructions', raw: Array.from({ length: 4096 }, () => ret) },
  { name: 'shift by 0 and by 31', raw: [i(0x64, 0), i(0x74, 31), ret] },
  { name: 'division by X', raw: [i(0x3c), ret] },
  { name: 'unused fields hold anything', raw: [i(0x06, 1, 255, 255)] },
  { name: 'unset slot in dead code behind a jump', raw: [ja(1), mem(9), ret] },
  { name: 'slot set on both ways', raw: [jeq(0, 2), st(1), ja(1), st(1), mem(1), ret] },
  { name: 'dead code behind the return of a slot that was stored', raw: [st(5), ret, mem(5), ret] },
];

suite('kernel/check', (test) => {
  for (const r of refused) {
    test(`refused: ${r.name}`, () => {
      const verdict = check(r.raw);
      refusedWith(verdict, r.code);
      if (!verdict.ok) assert.equal([verdict.pc, verdict.errno], [r.pc, 'EINVAL']);
      if (r.raw.length === 0 || r.raw.length > 4096) return;
      for (const endian of ['little', 'big'] as const)
        refusedWith(check(encodeProgram(r.raw, endian), { endian }), r.code);
      const { lines, refusal } = checkLog(r.raw);
      assert.equal([refusal?.pc, lines.length], [r.pc, r.pc + 1]);
    });
  }
  for (const a of accepted) {
    test(`accepted: ${a.name}`, () => {
      assert.ok(check(a.raw).ok);
      assert.is(checkLog(a.raw).lines.length, a.raw.length);
    });
  }
  test('of all 65,536 opcodes exactly 41 are accepted', () => {
    const stores = Array.from({ length: 16 }, (_, slot) => st(slot));
    const good = Array.from({ length: 0x1_0000 }, (_, code) => code).filter(
      (code) => check([...stores, i(code, 1), ret, ret]).ok || check([...stores, i(code, 4), ret, ret]).ok,
    );
    // ja 1 lands on the last return, ld [4] is a word, everything else takes 1.
    assert.equal(
      good,
      [...OPCODES].sort((a, b) => a - b),
    );
  });
  test('a wrong byte count says how many instructions there are', () => {
    for (const bytes of [1, 7, 9, 8 * 4096 + 4]) refusedWith(check(new Uint8Array(bytes)), 'PROGRAM_BYTES');
  });
  test('the other byte order is named as such', () => {
    const program = [ld(4), i(0x15, 0xc000_003e, 0, 1), ret, i(0x06, 0)];
    refusedWith(check(encodeProgram(program, 'big')), 'PROGRAM_SWAPPED');
    refusedWith(check(encodeProgram(program, 'little'), { endian: 'big' }), 'PROGRAM_SWAPPED');
  });
  test('fields that are no whole numbers in range', () => {
    const bad: unknown[] = [-1, 0.5, Number.NaN, '6', null, undefined, 2 ** 32, 6n, [], { valueOf: () => 6 }];
    for (const value of bad) {
      for (const field of ['code', 'jt', 'jf', 'k']) {
        refusedWith(check([{ ...ret, [field]: value } as RawInsn]), 'PROGRAM_FIELD');
      }
    }
    refusedWith(check([{ ...ret, jt: 256 }]), 'PROGRAM_FIELD');
    refusedWith(check('no program' as unknown as RawInsn[]), 'PROGRAM_FIELD');
    refusedWith(check([null as unknown as RawInsn]), 'PROGRAM_FIELD');
  });
  test('records that change while they are read are read once', () => {
    let reads = 0;
    const shifty = {
      ...ret,
      get code() {
        reads += 1;
        return reads === 1 ? 0x06 : 0x94;
      },
    };
    const verdict = check([shifty]);
    assert.ok(verdict.ok);
    assert.is(reads, 1);
  });
});
