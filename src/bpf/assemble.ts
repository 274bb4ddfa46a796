/**
 * Assembler text to sock_filter records: the mnemonics of the kernel's own tools (bpf_asm), labels that may only lie
 * ahead, comments after `;` or `//`. Beyond what `disassemble` prints it takes the shorthands `jne`, `jlt`, `jle`, `jmp`,
 * a missing false target (fall through), and decimal, hexadecimal or negative numbers.
 */
import { Diagnostics, quoted, type Source, type Span } from '../diag/index.ts';
import type { RawInsn } from './insn.ts';
import {
  ALU_OPS,
  BPF_JA,
  BPF_LD_ABS,
  BPF_LD_IMM,
  BPF_LD_LEN,
  BPF_LD_MEM,
  BPF_LDX_IMM,
  BPF_LDX_LEN,
  BPF_LDX_MEM,
  BPF_NEG,
  BPF_RET_A,
  BPF_RET_K,
  BPF_ST,
  BPF_STX,
  BPF_TAX,
  BPF_TXA,
  BPF_X,
  JUMP_OPS,
} from './opcodes.ts';

interface Line {
  readonly span: Span;
  readonly mnemonic: string;
  readonly operands: readonly string[];
}

const ALU_CODES = new Map([...ALU_OPS].map(([code, name]) => [name as string, code]));
const JUMP_CODES = new Map([...JUMP_OPS].map(([code, name]) => [name as string, code]));
/** Shorthands that swap the two targets of a real jump. */
const SWAPPED = new Map([
  ['jne', 'jeq'],
  ['jneq', 'jeq'],
  ['jlt', 'jge'],
  ['jle', 'jgt'],
]);
const BARE = new Map([
  ['neg', BPF_NEG],
  ['tax', BPF_TAX],
  ['txa', BPF_TXA],
]);

function numberOf(text: string | undefined): number | undefined {
  if (text === undefined || !/^-?(0[xX][0-9a-fA-F]+|\d+)$/.test(text)) return undefined;
  const value = text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text);
  return value >= -0x8000_0000n && value <= 0xffff_ffffn ? Number(value & 0xffff_ffffn) : undefined;
}

function inside(text: string | undefined, pattern: RegExp): number | undefined {
  return numberOf(pattern.exec(text ?? '')?.[1]);
}

const immediate = (text: string | undefined) => inside(text, /^#(.+)$/);
const slotOf = (text: string | undefined) => inside(text, /^M\[(.+)\]$/i);

const LABEL = /^\s*([A-Za-z_]\w*|\d+):/;

/** Splits the text into labels and instructions. Lines end as in diag/position: at \n, \r\n or a lone \r. */
function scan(
  text: string,
  report: (span: Span, message: string) => void,
): { lines: Line[]; labels: Map<string, number> } {
  const lines: Line[] = [];
  const labels = new Map<string, number>();
  for (const { index, 0: row } of text.matchAll(/[^\r\n]+/g)) {
    const code = row.replace(/(;|\/\/).*$/s, '').trimEnd();
    let at = 0;
    for (let label = LABEL.exec(code); label; label = LABEL.exec(code.slice(at))) {
      const name = label[1] as string;
      const end = index + at + label[0].length;
      if (labels.has(name)) report({ start: end - name.length - 1, end }, `the label ${quoted(name)} stands twice`);
      labels.set(name, lines.length);
      at += label[0].length;
    }
    const [, blank, mnemonic, rest] = /^(\s*)(\S+)\s*(.*)$/s.exec(code.slice(at)) ?? [];
    if (blank === undefined || mnemonic === undefined || rest === undefined) continue;
    lines.push({
      span: { start: index + at + blank.length, end: index + code.length },
      mnemonic: mnemonic.toLowerCase(),
      operands: rest === '' ? [] : rest.split(',').map((part) => part.trim()),
    });
  }
  return { lines, labels };
}

/**
 * The records that a text stands for, as `disassemble` writes it; not yet checked.
 * @param text one instruction in a line; `;` begins a comment
 * @param options `file`: the name shown in diagnostics
 * @returns sock_filter records
 * @throws SeccompcError ASM_SYNTAX and ASM_LABEL, each at its line, all of them together
 */
export function assemble(text: string, options: { readonly file?: string } = {}): RawInsn[] {
  const source: Source = { name: options.file ?? '<asm>', text };
  const diagnostics = new Diagnostics();
  const { lines, labels } = scan(text, (span, message) =>
    diagnostics.add({ code: 'ASM_LABEL', source, span, message }),
  );

  const skipTo = (label: string | undefined, line: Line, pc: number, most: number): number => {
    const target = label === undefined ? pc + 1 : labels.get(label);
    const where = { code: 'ASM_LABEL', source, span: line.span } as const;
    if (target === undefined) diagnostics.add({ ...where, message: `no line has the label ${quoted(label ?? '')}` });
    else if (target <= pc)
      diagnostics.add({ ...where, message: `${quoted(label ?? '')} lies behind; BPF jumps forward only` });
    else if (target - pc - 1 > most)
      diagnostics.add({
        ...where,
        message: `${quoted(label ?? '')} is ${target - pc - 1} instructions away; this jump reaches ${most}`,
      });
    else return target - pc - 1;
    return 0;
  };

  const record = (line: Line, pc: number): RawInsn | undefined => {
    const { mnemonic, operands } = line;
    const [first, second, third] = operands;
    const plain = (code: number, k: number | undefined): RawInsn | undefined =>
      k === undefined || operands.length > 1 ? undefined : { code, jt: 0, jf: 0, k };
    if (mnemonic === '.insn') {
      const [code, jt, jf, k, ...more] = operands.map(numberOf);
      if (code === undefined || jt === undefined || jf === undefined || k === undefined) return undefined;
      return more.length === 0 && code <= 0xffff && jt <= 0xff && jf <= 0xff ? { code, jt, jf, k } : undefined;
    }
    if (mnemonic === 'ld' || mnemonic === 'ldx') {
      const isX = mnemonic === 'ldx';
      if (first === '#len') return plain(isX ? BPF_LDX_LEN : BPF_LD_LEN, 0);
      if (first?.startsWith('#')) return plain(isX ? BPF_LDX_IMM : BPF_LD_IMM, immediate(first));
      if (/^M\[/i.test(first ?? '')) return plain(isX ? BPF_LDX_MEM : BPF_LD_MEM, slotOf(first));
      return isX ? undefined : plain(BPF_LD_ABS, inside(first, /^\[(.+)\]$/));
    }
    if (mnemonic === 'st' || mnemonic === 'stx') return plain(mnemonic === 'st' ? BPF_ST : BPF_STX, slotOf(first));
    if (mnemonic === 'ret') {
      return /^%?a$/i.test(first ?? '') ? plain(BPF_RET_A, 0) : plain(BPF_RET_K, immediate(first));
    }
    const bare = BARE.get(mnemonic);
    if (bare !== undefined) return operands.length === 0 ? { code: bare, jt: 0, jf: 0, k: 0 } : undefined;
    if (mnemonic === 'ja' || mnemonic === 'jmp') {
      return operands.length === 1
        ? { code: BPF_JA, jt: 0, jf: 0, k: skipTo(first, line, pc, 0xffff_ffff) }
        : undefined;
    }
    const isX = /^%?x$/i.test(first ?? '');
    const alu = ALU_CODES.get(mnemonic);
    if (alu !== undefined) return isX ? plain(alu | BPF_X, 0) : plain(alu, immediate(first));
    const jump = JUMP_CODES.get(SWAPPED.get(mnemonic) ?? mnemonic);
    if (jump === undefined || operands.length < 2 || operands.length > 3) return undefined;
    const k = isX ? 0 : immediate(first);
    if (k === undefined) return undefined;
    const yes = skipTo(second, line, pc, 255);
    const no = skipTo(third, line, pc, 255);
    const [jt, jf] = SWAPPED.has(mnemonic) ? [no, yes] : [yes, no];
    return { code: isX ? jump | BPF_X : jump, jt, jf, k };
  };

  const program = lines.map((line, pc) => {
    const made = record(line, pc);
    if (made === undefined) {
      diagnostics.add({
        code: 'ASM_SYNTAX',
        source,
        span: line.span,
        message: 'this is no instruction of the assembler',
      });
    }
    return made ?? { code: BPF_RET_K, jt: 0, jf: 0, k: 0 };
  });
  diagnostics.throwIfErrors();
  return program;
}
