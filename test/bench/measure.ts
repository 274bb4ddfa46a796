/**
 * What a program costs: exact classic steps over a list of numbers with zero arguments, and how many calls the kernel's
 * const-allow bitmap takes off its hands.
 */
import type { RawInsn } from '../../src/bpf/index.ts';
import { type CheckedProgram, trace } from '../../src/kernel/index.ts';
import { data } from '../support/samples.ts';

export const X86_64 = 0xc000_003e;
const ALLOW = 0x7fff_0000;

export interface Cost {
  readonly insns: number;
  readonly average: number;
  readonly longest: number;
  /** Calls that the kernel never filters again, of those that are always allowed. */
  readonly cached: number;
}

/** Instructions executed for one call with zero arguments. */
export function steps(program: CheckedProgram, nr: number, arch: number = X86_64): number {
  return trace(program, data(arch, nr)).pcs.length;
}

/**
 * The kernel's emulation: loads of nr and arch, JA, JEQ/JGE/JGT/JSET and AND with constants, RET. True when the call is
 * found to be always allowed.
 * @see Linux v6.12 kernel/seccomp.c seccomp_is_const_allow()
 */
export function constAllow(insns: readonly RawInsn[], nr: number, arch: number): boolean {
  let a = 0;
  for (let pc = 0; pc < insns.length; pc++) {
    const { code, jt, jf, k } = insns[pc] as RawInsn;
    if (code === 0x20 && (k === 0 || k === 4)) a = k === 0 ? nr : arch;
    else if (code === 0x06) return k === ALLOW;
    else if (code === 0x05) pc += k;
    else if (code === 0x15) pc += a === k ? jt : jf;
    else if (code === 0x35) pc += a >= k ? jt : jf;
    else if (code === 0x25) pc += a > k ? jt : jf;
    else if (code === 0x45) pc += (a & k) !== 0 ? jt : jf;
    else if (code === 0x54) a = (a & k) >>> 0;
    else return false;
  }
  return false;
}

export function costOf(program: CheckedProgram, numbers: readonly number[], arch: number = X86_64): Cost {
  const all = numbers.map((nr) => steps(program, nr, arch));
  return {
    insns: program.insns.length,
    average: all.reduce((sum, n) => sum + n, 0) / all.length,
    longest: Math.max(...all),
    cached: numbers.filter((nr) => constAllow(program.insns, nr, arch)).length,
  };
}

/** The median of `runs` timings of `body` in milliseconds, after as many to warm up. */
export function medianMs(body: () => unknown, runs: number): number {
  for (let i = 0; i < runs; i++) body();
  const times = Array.from({ length: runs }, () => {
    const start = performance.now();
    body();
    return performance.now() - start;
  });
  return times.sort((a, b) => a - b)[runs >> 1] as number;
}
