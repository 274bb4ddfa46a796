/**
 * A program that `check` has accepted. The class is exported as a type only; its decoded words sit in a private field,
 * so no object made elsewhere passes for one, whatever its prototype, and nobody can change one afterwards.
 */

import { encodeProgram, type RawInsn } from '../bpf/index.ts';
import { unreachable } from '../diag/index.ts';
import type { Endian } from '../num/index.ts';

/** The instructions as arrays of numbers. */
export interface Code {
  readonly code: Uint16Array;
  readonly jt: Uint8Array;
  readonly jf: Uint8Array;
  readonly k: Uint32Array;
  /**
   * What the interpreter walks: two words an instruction, one load each instead of three.
   *
   *   | jf 8 | jt 8 | code 16 |  then  | k 32 |
   */
  readonly packed: Int32Array;
  /** True when some instruction stores to scratch memory. */
  readonly stores: boolean;
}

function codeFrom(insns: readonly RawInsn[]): Code {
  return {
    code: Uint16Array.from(insns, (i) => i.code),
    jt: Uint8Array.from(insns, (i) => i.jt),
    jf: Uint8Array.from(insns, (i) => i.jf),
    k: Uint32Array.from(insns, (i) => i.k),
    packed: Int32Array.from(insns.flatMap((i) => [i.code | (i.jt << 16) | (i.jf << 24), i.k | 0])),
    stores: insns.some((i) => i.code === 0x02 || i.code === 0x03),
  };
}

let readCode: ((program: CheckedProgram) => Code) | undefined;
const KEY = Symbol('check');

export class CheckedProgram {
  /** sock_filter records, frozen. */
  readonly insns: readonly RawInsn[];
  /** Byte order of the records and of the seccomp_data that the program reads. */
  readonly endian: Endian;
  readonly #code: Code;

  static {
    readCode = (program) => {
      if (!(#code in program)) throw new TypeError('not a CheckedProgram: only check() makes one');
      return program.#code;
    };
  }

  /** @internal Only `check` holds the key. */
  constructor(key: symbol, insns: readonly RawInsn[], endian: Endian) {
    if (key !== KEY) throw new TypeError('a CheckedProgram is made by check() alone');
    this.insns = Object.freeze(insns.map(({ code, jt, jf, k }) => Object.freeze({ code, jt, jf, k })));
    this.endian = endian;
    this.#code = codeFrom(this.insns);
    Object.freeze(this);
  }

  /** Number of instructions, 1 to 4096. */
  get length(): number {
    return this.insns.length;
  }

  /** The records as bytes, 8 each, in `endian` order; a fresh copy at every call. */
  get bytes(): Uint8Array {
    return encodeProgram(this.insns, this.endian);
  }
}

/** Makes a CheckedProgram. For `check.ts` alone: it is not re-exported. */
export function makeChecked(insns: readonly RawInsn[], endian: Endian): CheckedProgram {
  return new CheckedProgram(KEY, insns, endian);
}

/** The decoded words. Throws TypeError for anything that `check` did not make. */
export function codeOf(program: CheckedProgram): Code {
  return (readCode ?? unreachable('the class is initialised'))(program);
}
