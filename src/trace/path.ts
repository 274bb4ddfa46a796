/**
 * The instructions that a program runs for a call of which some bits are unknown: one path, or none to show. Each register
 * is known in part; where a jump depends on what is not known there is no single path.
 */
import { highWordOffset, lowWordOffset, OFFSET_ARCH, OFFSET_NR, SECCOMP_DATA_SIZE } from '../arch/index.ts';
import { decode, type Insn, list } from '../bpf/index.ts';
import type { CheckedProgram } from '../kernel/index.ts';
import type { Endian } from '../num/index.ts';
import type { Candidate } from './candidates.ts';
import type { PathStep } from './types.ts';

/** Both unsigned; no bit of `value` outside `known`. */
interface Word {
  readonly known: number;
  readonly value: number;
}

const ALL = 0xffff_ffff;
const UNKNOWN: Word = { known: 0, value: 0 };
const SLOTS = 16;

const word = (known: number, value: number): Word => ({ known: known >>> 0, value: (value & known) >>> 0 });
const sure = (value: number): Word => word(ALL, value);
const most = ({ known, value }: Word): number => (value | ~known) >>> 0;
const isSure = ({ known }: Word): boolean => known === ALL;

/** A program made ready to be walked: its instructions, and one object for each step that there can be. */
export class Paths {
  readonly #insns: readonly (Insn | undefined)[];
  readonly #endian: Endian;
  readonly #texts: readonly string[];
  readonly #steps = new Map<string, PathStep>();

  constructor(program: CheckedProgram) {
    this.#insns = program.insns.map(decode);
    this.#endian = program.endian;
    this.#texts = list(program.insns, program.endian).map(({ text, comment }) =>
      comment === '' ? text : `${text}  ; ${comment}`,
    );
  }

  /** Undefined where what is unknown decides which way it goes. */
  of(candidate: Candidate): readonly PathStep[] | undefined {
    const path: PathStep[] = [];
    let a = sure(0);
    let x = sure(0);
    const memory: Word[] = Array.from({ length: SLOTS }, () => sure(0));
    for (let pc = 0; ; pc++) {
      const insn = this.#insns[pc];
      if (insn === undefined) return undefined;
      switch (insn.op) {
        case 'ld':
        case 'ldx': {
          const loaded =
            insn.mode === 'abs'
              ? this.#field(insn.off, candidate)
              : insn.mode === 'imm'
                ? sure(insn.k)
                : insn.mode === 'len'
                  ? sure(SECCOMP_DATA_SIZE)
                  : (memory[insn.slot] as Word);
          if (insn.op === 'ld') a = loaded;
          else x = loaded;
          break;
        }
        case 'st':
        case 'stx':
          memory[insn.slot] = insn.op === 'st' ? a : x;
          break;
        case 'tax':
          x = a;
          break;
        case 'txa':
          a = x;
          break;
        case 'neg':
          a = isSure(a) ? sure(-a.value) : UNKNOWN;
          break;
        case 'ret':
          path.push(this.#step(pc, undefined));
          return path;
        case 'ja':
          path.push(this.#step(pc, undefined));
          pc += insn.skip;
          continue;
        case 'jeq':
        case 'jgt':
        case 'jge':
        case 'jset': {
          const taken = holds(insn.op, a, insn.source === 'k' ? sure(insn.k) : x);
          if (taken === undefined) return undefined;
          path.push(this.#step(pc, taken ? 'jt' : 'jf'));
          pc += taken ? insn.jt : insn.jf;
          continue;
        }
        default: {
          const by = insn.source === 'k' ? sure(insn.k) : x;
          if (insn.op === 'div' && insn.source === 'x') {
            // By zero the program ends here; see kernel/interpret.ts.
            if (by.value === 0 && !isSure(by)) return undefined;
            if (by.value === 0) {
              path.push(this.#step(pc, undefined));
              return path;
            }
          }
          a = computed(insn.op, a, by);
        }
      }
      path.push(this.#step(pc, undefined));
    }
  }

  #field(offset: number, { arch, nr, args }: Candidate): Word {
    if (offset === OFFSET_NR) return sure(nr);
    if (offset === OFFSET_ARCH) return sure(arch.audit);
    for (const [i, arg] of args.entries()) {
      const isHigh = offset === highWordOffset(i, this.#endian);
      if (!isHigh && offset !== lowWordOffset(i, this.#endian)) continue;
      if (arg === undefined) return UNKNOWN;
      const half = (bits: bigint) => Number(isHigh ? bits >> 32n : bits & 0xffff_ffffn);
      return word(half(arg.known), half(arg.value));
    }
    return UNKNOWN;
  }

  #step(pc: number, taken: PathStep['taken']): PathStep {
    const key = `${pc}${taken ?? ''}`;
    const found = this.#steps.get(key);
    if (found !== undefined) return found;
    const made: PathStep = { pc, text: this.#texts[pc] ?? '', ...(taken !== undefined && { taken }) };
    this.#steps.set(key, made);
    return made;
  }
}

/** Undefined: it depends. */
function holds(op: 'jeq' | 'jgt' | 'jge' | 'jset', a: Word, by: Word): boolean | undefined {
  switch (op) {
    case 'jeq':
      if (((a.value ^ by.value) & a.known & by.known) !== 0) return false;
      return isSure(a) && isSure(by) ? true : undefined;
    case 'jgt':
      return a.value > most(by) ? true : most(a) <= by.value ? false : undefined;
    case 'jge':
      return a.value >= most(by) ? true : most(a) < by.value ? false : undefined;
    case 'jset':
      if ((a.value & by.value) !== 0) return true;
      return (most(a) & most(by)) === 0 ? false : undefined;
    default:
      return op satisfies never;
  }
}

type Computation = 'add' | 'sub' | 'mul' | 'div' | 'or' | 'and' | 'lsh' | 'rsh' | 'xor';

function computed(op: Computation, a: Word, by: Word): Word {
  switch (op) {
    case 'and': {
      const zeros = (a.known & ~a.value) | (by.known & ~by.value);
      return word((a.known & by.known) | zeros, a.value & by.value);
    }
    case 'or':
      return word((a.known & by.known) | a.value | by.value, a.value | by.value);
    case 'xor':
      return word(a.known & by.known, a.value ^ by.value);
    case 'lsh':
    case 'rsh': {
      if (!isSure(by)) return UNKNOWN;
      const count = by.value & 31;
      // What is shifted in is known.
      if (op === 'lsh') return word((a.known << count) | ~(ALL << count), a.value << count);
      return word((a.known >>> count) | ~(ALL >>> count), a.value >>> count);
    }
    case 'add':
    case 'sub':
    case 'mul':
    case 'div':
      return isSure(a) && isSure(by) ? sure(whole(op, a.value, by.value)) : UNKNOWN;
    default:
      return op satisfies never;
  }
}

function whole(op: 'add' | 'sub' | 'mul' | 'div', a: number, by: number): number {
  switch (op) {
    case 'add':
      return a + by;
    case 'sub':
      return a - by;
    case 'mul':
      return Math.imul(a, by);
    case 'div':
      return Math.floor(a / by);
    default:
      return op satisfies never;
  }
}
