/** Assembler text: what it takes, and every refusal at its place. « » stand around the place of each finding. */
import * as assert from 'uvu/assert';
import { assemble } from '../../src/bpf/index.ts';
import { renderPlain, SeccompcError } from '../../src/diag/index.ts';
import { foundAt, unmarked } from '../policy/marked.ts';
import { suite } from '../suite.ts';

const raw = (code: number, k = 0, jt = 0, jf = 0) => ({ code, jt, jf, k });
const RET = raw(0x06);

const taken: readonly { name: string; text: string; is: readonly object[] }[] = [
  { name: 'nothing', text: '', is: [] },
  { name: 'comments and blank lines', text: '; one\n\n  // two\n\t\n', is: [] },
  { name: 'a comment behind an instruction', text: 'ret #0 ; kill\nret #0// kill', is: [RET, RET] },
  {
    name: 'a comment behind an instruction, with Windows line ends',
    text: 'ld [4] ; arch\r\nret #0 // kill\r\n',
    is: [raw(0x20, 4), RET],
  },
  { name: 'lone carriage returns end lines', text: 'ld [0]\rret #0', is: [raw(0x20, 0), RET] },
  { name: 'upper case', text: 'LD [4]\nRET #0X0', is: [raw(0x20, 4), RET] },
  {
    name: 'loads',
    text: 'ld #5\nld M[3]\nld #len\nldx #5\nldx M[3]\nldx #len',
    is: [raw(0x00, 5), raw(0x60, 3), raw(0x80), raw(0x01, 5), raw(0x61, 3), raw(0x81)],
  },
  { name: 'stores', text: 'st M[15]\nstx m[0]', is: [raw(0x02, 15), raw(0x03, 0)] },
  {
    name: 'arithmetic',
    text: 'add #1\nsub x\nmul %x\nneg\nxor #0xffffffff\ntax\ntxa',
    is: [raw(0x04, 1), raw(0x1c), raw(0x2c), raw(0x84), raw(0xa4, 0xffffffff), raw(0x07), raw(0x87)],
  },
  { name: 'returns', text: 'ret #0x7fff0000\nret a\nret %a', is: [raw(0x06, 0x7fff0000), raw(0x16), raw(0x16)] },
  {
    name: 'numbers: negative, decimal, hexadecimal',
    text: 'ret #-1\nret #4294967295\nret #0xFFFFFFFF\nret #-2147483648',
    is: [raw(0x06, 0xffffffff), raw(0x06, 0xffffffff), raw(0x06, 0xffffffff), raw(0x06, 0x80000000)],
  },
  { name: 'a jump with two targets', text: 'jeq #1, a, b\na: ret #0\nb: ret #0', is: [raw(0x15, 1, 0, 1), RET, RET] },
  {
    name: 'a jump with one target falls through',
    text: 'jgt #1, b\nret #0\nb: ret #0',
    is: [raw(0x25, 1, 1, 0), RET, RET],
  },
  {
    name: 'the opposite jumps swap',
    text: 'jne #1, b\njlt #1, b\njle #1, b\njneq x, b\nret #0\nb: ret #0',
    is: [raw(0x15, 1, 0, 4), raw(0x35, 1, 0, 3), raw(0x25, 1, 0, 2), raw(0x1d, 0, 0, 1), RET, RET],
  },
  { name: 'ja and jmp', text: 'ja b\njmp b\nret #0\nb: ret #0', is: [raw(0x05, 2), raw(0x05, 1), RET, RET] },
  {
    name: 'several labels, on lines of their own',
    text: 'jset #1, one, two\none:\ntwo: three:\n  ret #0',
    is: [raw(0x45, 1), RET],
  },
  { name: 'labels that are numbers or look like mnemonics', text: 'ja 7\n7: jeq: ret #0', is: [raw(0x05), RET] },
  {
    name: 'labels named as objects have members',
    text: 'ja constructor\nconstructor: ja __proto__\n__proto__: ret #0',
    is: [raw(0x05), raw(0x05), RET],
  },
  {
    name: 'records as they are',
    text: '.insn 0x94, 255, 1, 0xffffffff\n.insn 65535, 0, 0, 0',
    is: [raw(0x94, 0xffffffff, 255, 1), raw(0xffff)],
  },
];

const line = (text: string) => `ld [0]\n  ${text}\nret #0`;
const refused: readonly { name: string; text: string; codes: readonly string[] }[] = [
  { name: 'no mnemonic', text: line('«hello»'), codes: ['ASM_SYNTAX'] },
  { name: 'the wrong operand', text: line('«ld 4»   ; comment'), codes: ['ASM_SYNTAX'] },
  { name: 'an operand too many', text: line('«ld [0], 5»'), codes: ['ASM_SYNTAX'] },
  { name: 'an operand where none belongs', text: line('«neg #1»'), codes: ['ASM_SYNTAX'] },
  { name: 'no operand', text: line('«ret»'), codes: ['ASM_SYNTAX'] },
  { name: 'a number of 33 bits', text: line('«ret #4294967296»'), codes: ['ASM_SYNTAX'] },
  { name: 'too negative a number', text: line('«ret #-2147483649»'), codes: ['ASM_SYNTAX'] },
  { name: 'no number', text: line('«ret #0x»'), codes: ['ASM_SYNTAX'] },
  { name: 'an absolute load into X', text: line('«ldx [4]»'), codes: ['ASM_SYNTAX'] },
  { name: 'a jump without a target', text: line('«jeq #1»'), codes: ['ASM_SYNTAX'] },
  { name: 'a jump with three', text: line('«jeq #1, a, b, c»'), codes: ['ASM_SYNTAX'] },
  { name: 'a record of three fields', text: line('«.insn 6, 0, 0»'), codes: ['ASM_SYNTAX'] },
  { name: 'a record whose last field is no number', text: line('«.insn 6, 0, 0, zero»'), codes: ['ASM_SYNTAX'] },
  { name: 'a record whose jt has 9 bits', text: line('«.insn 6, 256, 0, 0»'), codes: ['ASM_SYNTAX'] },
  { name: 'a record whose code has 17 bits', text: line('«.insn 65536, 0, 0, 0»'), codes: ['ASM_SYNTAX'] },
  { name: 'a record with negative fields', text: line('«.insn -1, 0, 0, 0»'), codes: ['ASM_SYNTAX'] },
  { name: 'an unknown label', text: line('«ja nowhere»'), codes: ['ASM_LABEL'] },
  { name: 'a label behind', text: 'a: ld [0]\n«ja a»\nret #0', codes: ['ASM_LABEL'] },
  { name: 'a label on the jump itself', text: 'a: «jeq #1, a»\nret #0', codes: ['ASM_LABEL'] },
  { name: 'a label twice', text: 'a: ld [0]\n   «a:» ret #0', codes: ['ASM_LABEL'] },
  { name: 'two targets, both unknown', text: line('««jeq #1, a, b»»'), codes: ['ASM_LABEL', 'ASM_LABEL'] },
  { name: 'a mnemonic that its label begins with', text: 'jab: «ja x»\nret #0', codes: ['ASM_LABEL'] },
  { name: 'U+2028 is no line end: nothing is dropped', text: '«ret #0\u2028ret #0»', codes: ['ASM_SYNTAX'] },
  {
    name: 'several mistakes come together',
    text: '«foo»\n«ja x»\n\n«bar»\nret #0',
    codes: ['ASM_SYNTAX', 'ASM_LABEL', 'ASM_SYNTAX'],
  },
  { name: 'behind Windows line ends', text: 'ld [0]\r\n«foo»\r\nret #0', codes: ['ASM_SYNTAX'] },
];

suite('bpf/assemble', (test) => {
  for (const row of taken) test(row.name, () => assert.equal(assemble(row.text), row.is));

  for (const row of refused) {
    test(`refused: ${row.name}`, () => {
      const { text, places } = unmarked(row.text);
      try {
        assemble(text, { file: 'a.s' });
      } catch (error) {
        if (!(error instanceof SeccompcError)) throw error;
        foundAt(error.diagnostics, row.codes, places, text);
        assert.match(renderPlain(error.diagnostics[0]!), /^a\.s:\d+:\d+ error ASM_/);
        return;
      }
      assert.unreachable('taken');
    });
  }

  test('a jump of 255 is the longest, ja goes further', () => {
    const gap = (n: number) => 'ret #0\n'.repeat(n);
    assert.is(assemble(`jeq #1, far\n${gap(255)}far: ret #0`)[0]?.jt, 255);
    assert.is(assemble(`ja far\n${gap(4000)}far: ret #0`)[0]?.k, 4000);
    try {
      assemble(`jeq #1, far\n${gap(256)}far: ret #0`);
      assert.unreachable('taken');
    } catch (error) {
      assert.equal(
        (error as SeccompcError).diagnostics?.map((d) => d.code),
        ['ASM_LABEL'],
      );
    }
  });

  test('a label behind the last line can be named; what the kernel says to that is not asked here', () => {
    assert.equal(assemble('ja end\nret #0\nend:'), [raw(0x05, 1), RET]);
  });

  test('hostile labels are shown harmless', () => {
    try {
      assemble('ja \u001b[31mx');
      assert.unreachable('taken');
    } catch (error) {
      assert.not.match((error as Error).message, /\u001b/);
    }
  });
});
