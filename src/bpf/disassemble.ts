/**
 * Assembler text of a program: one instruction a line, jump targets as labels `Lpc`, a comment behind. `assemble` reads
 * it back to the same records; what has no mnemonic, or carries values in fields that its instruction ignores, is
 * written as `.insn code, jt, jf, k`.
 */
import { ARCHES, describeWord, OFFSET_ARCH, OFFSET_ARGS, OFFSET_NR, SECCOMP_DATA_SIZE } from '../arch/index.ts';
import { type Endian, hex } from '../num/index.ts';
import { decode, type Insn, type RawInsn } from './insn.ts';

export interface Listed {
  readonly pc: number;
  /** True when some jump leads here. */
  readonly isTarget: boolean;
  /** The instruction in assembler text, without label or comment. */
  readonly text: string;
  /** What it loads, compares or returns; empty when there is nothing to say. */
  readonly comment: string;
}

/**
 * The word of seccomp_data at an offset: 'nr', 'arch', 'args[0] low'.
 * @param off in bytes from the beginning of seccomp_data
 * @param endian says which half of a 64-bit field comes first
 * @returns the name; undefined where no word begins. Never throws.
 * @see Linux v6.12 include/uapi/linux/seccomp.h struct seccomp_data
 */
export function wordName(off: number, endian: Endian): string | undefined {
  if (off === OFFSET_NR) return 'nr';
  if (off === OFFSET_ARCH) return 'arch';
  if (off % 4 !== 0 || off >= SECCOMP_DATA_SIZE || off < 0) return undefined;
  const half = (off % 8 === 0) === (endian === 'little') ? 'low' : 'high';
  return off < OFFSET_ARGS ? `instruction_pointer ${half}` : `args[${(off - OFFSET_ARGS) >> 3}] ${half}`;
}

/** Where the instruction can lead to by a jump; empty for one that only falls through or ends. */
function targetsOf(insn: Insn | undefined, pc: number): readonly number[] {
  if (insn?.op === 'ja') return [pc + 1 + insn.skip];
  return insn !== undefined && 'jt' in insn ? [pc + 1 + insn.jt, pc + 1 + insn.jf] : [];
}

/**
 * True when the mnemonic says all that the record holds: fields that the instruction does not use are zero, and jumps
 * stay inside the program, where there are lines to carry their labels.
 */
function isPlain(raw: RawInsn, insn: Insn, pc: number, length: number): boolean {
  if (targetsOf(insn, pc).some((target) => target >= length)) return false;
  switch (insn.op) {
    case 'jeq':
    case 'jgt':
    case 'jge':
    case 'jset':
      return insn.source === 'k' || raw.k === 0;
    case 'neg':
    case 'tax':
    case 'txa':
      return raw.jt === 0 && raw.jf === 0 && raw.k === 0;
    case 'ret':
      return raw.jt === 0 && raw.jf === 0 && (insn.source === 'k' || raw.k === 0);
    case 'ld':
    case 'ldx':
      return raw.jt === 0 && raw.jf === 0 && (insn.mode !== 'len' || raw.k === 0);
    case 'st':
    case 'stx':
    case 'ja':
      return raw.jt === 0 && raw.jf === 0;
    default:
      return raw.jt === 0 && raw.jf === 0 && (insn.source === 'k' || raw.k === 0);
  }
}

function mnemonic(insn: Insn, pc: number): string {
  const label = (skip: number) => `L${pc + 1 + skip}`;
  switch (insn.op) {
    case 'ld':
    case 'ldx':
      if (insn.mode === 'imm') return `${insn.op} #${hex(insn.k)}`;
      if (insn.mode === 'abs') return `ld [${insn.off}]`;
      return insn.mode === 'mem' ? `${insn.op} M[${insn.slot}]` : `${insn.op} #len`;
    case 'st':
    case 'stx':
      return `${insn.op} M[${insn.slot}]`;
    case 'neg':
    case 'tax':
    case 'txa':
      return insn.op;
    case 'ja':
      return `ja ${label(insn.skip)}`;
    case 'ret':
      return insn.source === 'k' ? `ret #${hex(insn.k)}` : 'ret a';
    case 'jeq':
    case 'jgt':
    case 'jge':
    case 'jset':
      return `${insn.op} ${insn.source === 'k' ? `#${hex(insn.k)}` : 'x'}, ${label(insn.jt)}, ${label(insn.jf)}`;
    default:
      return `${insn.op} ${insn.source === 'k' ? `#${hex(insn.k)}` : 'x'}`;
  }
}

function comment(insn: Insn | undefined, loaded: string | undefined, endian: Endian): string {
  if (insn === undefined) return 'not an instruction that seccomp accepts';
  if (insn.op === 'ld' && insn.mode === 'abs') return wordName(insn.off, endian) ?? 'outside seccomp_data';
  if (insn.op === 'ret' && insn.source === 'k') return describeWord(insn.k);
  if (insn.op === 'jeq' && insn.source === 'k' && loaded === 'arch') {
    const names = [...ARCHES.values()].filter((a) => a.audit === insn.k).map((a) => a.name);
    return names.join(' or ');
  }
  return '';
}

/**
 * The word of seccomp_data that A holds before each instruction; undefined when it holds something else, or one thing on
 * one way and another on the next. Jumps lead forward only, so one pass sees every way.
 */
function wordsInA(decoded: readonly (Insn | undefined)[], endian: Endian): readonly (string | undefined)[] {
  const held: (string | undefined)[] = [];
  const reached: boolean[] = [];
  const flow = (to: number, word: string | undefined): void => {
    if (to >= decoded.length) return;
    held[to] = reached[to] && held[to] !== word ? undefined : word;
    reached[to] = true;
  };
  for (const [pc, insn] of decoded.entries()) {
    const targets = targetsOf(insn, pc);
    const keepsA = targets.length > 0 || ['ldx', 'st', 'stx', 'tax'].includes(insn?.op ?? '');
    const after = insn?.op === 'ld' && insn.mode === 'abs' ? wordName(insn.off, endian) : undefined;
    const word = keepsA ? held[pc] : after;
    for (const target of targets) flow(target, word);
    if (targets.length === 0 && insn?.op !== 'ret') flow(pc + 1, word);
  }
  return held;
}

/**
 * Every instruction with its text and comment.
 * @param insns any records, valid or not
 * @param endian says which half of an argument a load takes
 * @returns one entry for each record, in order. Never throws: a malformed program is shown as it is.
 */
export function list(insns: readonly RawInsn[], endian: Endian): readonly Listed[] {
  const decoded = insns.map(decode);
  const targets = new Set(decoded.flatMap(targetsOf));
  const inA = wordsInA(decoded, endian);
  return insns.map((raw, pc) => {
    const insn = decoded[pc];
    const plain = insn !== undefined && isPlain(raw, insn, pc, insns.length);
    const text = plain ? mnemonic(insn, pc) : `.insn ${hex(raw.code)}, ${raw.jt}, ${raw.jf}, ${hex(raw.k)}`;
    return { pc, isTarget: targets.has(pc), text, comment: comment(insn, inA[pc], endian) };
  });
}

/**
 * The program as text that `assemble` takes back, with a label on every line that is a jump target.
 * @param program records, and the byte order that says which half of an argument a load takes
 * @returns lines, each with its line break. Never throws: a malformed program is shown as it is.
 */
export function disassemble(program: { readonly insns: readonly RawInsn[]; readonly endian: Endian }): string {
  const lines = list(program.insns, program.endian);
  const width = `L${program.insns.length}:`.length;
  return lines
    .map(({ pc, isTarget, text, comment: said }) => {
      const line = `${(isTarget ? `L${pc}:` : '').padEnd(width)} ${text}`;
      return said === '' ? line : `${line.padEnd(width + 34)} ; ${said}`;
    })
    .map((line) => `${line.trimEnd()}\n`)
    .join('');
}
