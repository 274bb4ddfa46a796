/**
 * Evaluates a program as the kernel does: A and X start at 0, words are unsigned and wrap, M is read only where it was
 * stored (the checker has made sure).
 * @see Linux v6.12 kernel/bpf/core.c ___bpf_prog_run(); net/core/filter.c bpf_convert_filter()
 */
import { SECCOMP_DATA_SIZE, type SeccompData } from '../arch/index.ts';
import { unreachable } from '../diag/index.ts';
import type { U32 } from '../num/index.ts';
import { type CheckedProgram, codeOf } from './program.ts';
import { type DataWords, dataWords } from './words.ts';

/** Runs the program over words; `visit` hears each instruction index as it is executed. */
export function runWords(program: CheckedProgram, words: DataWords, visit?: (pc: number) => void): U32 {
  const { code, jt, jf, k } = codeOf(program);
  const memory = new Uint32Array(16);
  let a = 0;
  let x = 0;
  for (let pc = 0; pc < code.length; pc++) {
    visit?.(pc);
    const operand = k[pc] as number;
    switch (code[pc]) {
      case 0x20:
        a = words[operand >>> 2] as number;
        break;
      case 0x15:
        pc += (a === operand ? jt[pc] : jf[pc]) as number;
        break;
      case 0x35:
        pc += (a >= operand ? jt[pc] : jf[pc]) as number;
        break;
      case 0x25:
        pc += (a > operand ? jt[pc] : jf[pc]) as number;
        break;
      case 0x45:
        pc += ((a & operand) !== 0 ? jt[pc] : jf[pc]) as number;
        break;
      case 0x06:
        return operand as U32;
      case 0x16:
        return a as U32;
      case 0x05:
        pc += operand;
        break;
      case 0x1d:
        pc += (a === x ? jt[pc] : jf[pc]) as number;
        break;
      case 0x3d:
        pc += (a >= x ? jt[pc] : jf[pc]) as number;
        break;
      case 0x2d:
        pc += (a > x ? jt[pc] : jf[pc]) as number;
        break;
      case 0x4d:
        pc += ((a & x) !== 0 ? jt[pc] : jf[pc]) as number;
        break;
      case 0x00:
        a = operand;
        break;
      case 0x01:
        x = operand;
        break;
      case 0x60:
        a = memory[operand] as number;
        break;
      case 0x61:
        x = memory[operand] as number;
        break;
      case 0x80:
        a = SECCOMP_DATA_SIZE;
        break;
      case 0x81:
        x = SECCOMP_DATA_SIZE;
        break;
      case 0x02:
        memory[operand] = a;
        break;
      case 0x03:
        memory[operand] = x;
        break;
      case 0x04:
        a = (a + operand) >>> 0;
        break;
      case 0x0c:
        a = (a + x) >>> 0;
        break;
      case 0x14:
        a = (a - operand) >>> 0;
        break;
      case 0x1c:
        a = (a - x) >>> 0;
        break;
      case 0x24:
        a = Math.imul(a, operand) >>> 0;
        break;
      case 0x2c:
        a = Math.imul(a, x) >>> 0;
        break;
      case 0x34:
        a = Math.floor(a / operand);
        break;
      case 0x3c:
        // Not an exception: the converted program leaves with 0, which is SECCOMP_RET_KILL_THREAD.
        if (x === 0) return 0 as U32;
        a = Math.floor(a / x);
        break;
      case 0x44:
        a = (a | operand) >>> 0;
        break;
      case 0x4c:
        a = (a | x) >>> 0;
        break;
      case 0x54:
        a = (a & operand) >>> 0;
        break;
      case 0x5c:
        a = (a & x) >>> 0;
        break;
      case 0x64:
        a = (a << operand) >>> 0;
        break;
      case 0x6c:
        // JavaScript takes the count modulo 32, as x86 does; see "Differences from Linux" for other machines.
        a = (a << x) >>> 0;
        break;
      case 0x74:
        a = a >>> operand;
        break;
      case 0x7c:
        a = a >>> x;
        break;
      case 0xa4:
        a = (a ^ operand) >>> 0;
        break;
      case 0xac:
        a = (a ^ x) >>> 0;
        break;
      case 0x84:
        a = -a >>> 0;
        break;
      case 0x07:
        x = a;
        break;
      case 0x87:
        a = x;
        break;
      default:
        return unreachable(`opcode ${code[pc]} passed the checker`);
    }
  }
  return unreachable('the program ran off its end');
}

/** The 32-bit result word for one call. Throws TypeError for a program that `check` did not make. */
export function run(program: CheckedProgram, data: SeccompData): U32 {
  return runWords(program, dataWords(data, program.endian));
}

export interface Trace {
  readonly word: U32;
  /** Every instruction executed, in order. */
  readonly pcs: readonly number[];
}

/** `run`, with the instructions that were executed. */
export function trace(program: CheckedProgram, data: SeccompData): Trace {
  const pcs: number[] = [];
  const word = runWords(program, dataWords(data, program.endian), (pc) => pcs.push(pc));
  return { word, pcs };
}
