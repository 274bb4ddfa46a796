/**
 * Evaluates a program as the kernel does: A and X start at 0, words are unsigned and wrap, M is read only where it was
 * stored (the checker has made sure).
 * @see Linux v6.12 kernel/bpf/core.c ___bpf_prog_run(); net/core/filter.c bpf_convert_filter()
 */
import { SECCOMP_DATA_SIZE, type SeccompData } from '../arch/index.ts';
import { unreachable } from '../diag/index.ts';
import { type U32, u32 } from '../num/index.ts';
import { type CheckedProgram, codeOf } from './program.ts';
import { type DataWords, dataWords } from './words.ts';

const NO_MEMORY = new Int32Array(0);

/** Twice the number of instructions that a conditional jump skips: `packed` has two words for each. */
const taken = (insn: number): number => (insn >>> 15) & 0x1fe;
const notTaken = (insn: number): number => (insn >>> 23) & 0x1fe;

/**
 * Runs the program over words. Registers are kept as signed numbers, which JavaScript engines hold unboxed; unsigned
 * comparisons, divisions and the result turn them round. `seen[pc]` becomes 1 for each instruction that ran.
 */
export function runWords(program: CheckedProgram, words: DataWords, seen?: Uint8Array): U32 {
  const { packed, stores } = codeOf(program);
  const memory = stores ? new Int32Array(16) : NO_MEMORY;
  let a = 0;
  let x = 0;
  for (let at = 0; at < packed.length; at += 2) {
    if (seen !== undefined) seen[at >> 1] = 1;
    const insn = packed[at] as number;
    const k = packed[at + 1] as number;
    switch (insn & 0xffff) {
      case 0x20:
        a = (words[k >>> 2] as number) | 0;
        break;
      case 0x15:
        at += a === k ? taken(insn) : notTaken(insn);
        break;
      case 0x35:
        at += a >>> 0 >= k >>> 0 ? taken(insn) : notTaken(insn);
        break;
      case 0x25:
        at += a >>> 0 > k >>> 0 ? taken(insn) : notTaken(insn);
        break;
      case 0x45:
        at += (a & k) !== 0 ? taken(insn) : notTaken(insn);
        break;
      case 0x06:
        return u32(k);
      case 0x16:
        return u32(a);
      case 0x05:
        at += 2 * k;
        break;
      case 0x1d:
        at += a === x ? taken(insn) : notTaken(insn);
        break;
      case 0x3d:
        at += a >>> 0 >= x >>> 0 ? taken(insn) : notTaken(insn);
        break;
      case 0x2d:
        at += a >>> 0 > x >>> 0 ? taken(insn) : notTaken(insn);
        break;
      case 0x4d:
        at += (a & x) !== 0 ? taken(insn) : notTaken(insn);
        break;
      case 0x00:
        a = k;
        break;
      case 0x01:
        x = k;
        break;
      case 0x60:
        a = memory[k] as number;
        break;
      case 0x61:
        x = memory[k] as number;
        break;
      case 0x80:
        a = SECCOMP_DATA_SIZE;
        break;
      case 0x81:
        x = SECCOMP_DATA_SIZE;
        break;
      case 0x02:
        memory[k] = a;
        break;
      case 0x03:
        memory[k] = x;
        break;
      case 0x04:
        a = (a + k) | 0;
        break;
      case 0x0c:
        a = (a + x) | 0;
        break;
      case 0x14:
        a = (a - k) | 0;
        break;
      case 0x1c:
        a = (a - x) | 0;
        break;
      case 0x24:
        a = Math.imul(a, k);
        break;
      case 0x2c:
        a = Math.imul(a, x);
        break;
      case 0x34:
        a = ((a >>> 0) / (k >>> 0)) | 0;
        break;
      case 0x3c:
        // Not an exception: the converted program leaves with 0, which is SECCOMP_RET_KILL_THREAD.
        if (x === 0) return u32(0);
        a = ((a >>> 0) / (x >>> 0)) | 0;
        break;
      case 0x44:
        a |= k;
        break;
      case 0x4c:
        a |= x;
        break;
      case 0x54:
        a &= k;
        break;
      case 0x5c:
        a &= x;
        break;
      case 0x64:
        a <<= k;
        break;
      case 0x6c:
        // JavaScript takes the count modulo 32, as x86 does; see "Differences from Linux" for other machines.
        a <<= x;
        break;
      case 0x74:
        a = (a >>> k) | 0;
        break;
      case 0x7c:
        a = (a >>> x) | 0;
        break;
      case 0xa4:
        a ^= k;
        break;
      case 0xac:
        a ^= x;
        break;
      case 0x84:
        a = -a | 0;
        break;
      case 0x07:
        x = a;
        break;
      case 0x87:
        a = x;
        break;
      default:
        return unreachable(`opcode ${insn & 0xffff} passed the checker`);
    }
  }
  return unreachable('the program ran off its end');
}

/**
 * What the kernel answers to one call.
 * @param program what `check` or `compile` gave
 * @param data the call: `nr` and `arch` 32 bits, arguments 64 bits as bigint
 * @returns the result word: 32 bits, action and data
 * @throws TypeError for a program that `check` did not make
 * @see Linux v6.12 kernel/bpf/core.c ___bpf_prog_run(), kernel/seccomp.c populate_seccomp_data()
 */
export function run(program: CheckedProgram, data: SeccompData): U32 {
  return runWords(program, dataWords(data, program.endian));
}

export interface Trace {
  readonly word: U32;
  /** Every instruction executed, in order. */
  readonly pcs: readonly number[];
}

/**
 * `run`, with the instructions that were executed.
 * @param program what `check` or `compile` gave
 * @param data the call, as for `run`
 * @returns the word, and the indices that ran in ascending order: jumps lead forward only
 * @throws TypeError for a program that `check` did not make
 * @see Linux v6.12 kernel/bpf/core.c ___bpf_prog_run()
 */
export function trace(program: CheckedProgram, data: SeccompData): Trace {
  const seen = new Uint8Array(program.length);
  const word = runWords(program, dataWords(data, program.endian), seen);
  return { word, pcs: [...seen.keys()].filter((pc) => seen[pc] === 1) };
}
