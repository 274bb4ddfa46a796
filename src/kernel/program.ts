/**
 * A program that `check` has accepted. The class is exported as a type only; its decoded words sit in a private field,
 * so no object made elsewhere passes for one, whatever its prototype, and nobody can change one afterwards.
 */

import { encodeProgram, type RawInsn } from '../bpf/index.ts';
import { unreachable } from '../diag/index.ts';
import type { Endian } from '../num/index.ts';

/** The instructions as parallel arrays of numbers: what the interpreter walks. */
export interface Code {
  readonly code: Uint16Array;
  readonly jt: Uint8Array;
  readonly jf: Uint8Array;
  readonly k: Uint32Array;
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
    this.#code = {
      code: Uint16Array.from(this.insns, (i) => i.code),
      jt: Uint8Array.from(this.insns, (i) => i.jt),
      jf: Uint8Array.from(this.insns, (i) => i.jf),
      k: Uint32Array.from(this.insns, (i) => i.k),
    };
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
