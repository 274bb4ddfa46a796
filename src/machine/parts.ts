/** What several programs of this room do in the same way: install a filter, say something, end. */
import type { Cpu, Operand, Place, Var } from './cpu.ts';

/** 128 + SIGSYS, as a shell shows a seccomp kill: a program that did not start because nothing would confine it. */
export const REFUSED_STATUS = 159;

export const STDIN = 0;
export const STDOUT = 1;
export const STDERR = 2;

const PR_SET_NO_NEW_PRIVS = 38;
const SECCOMP_SET_MODE_FILTER = 1;

/** struct sock_filter: u16 code, u8 jt, u8 jf, u32 k. */
export const SOCK_FILTER_SIZE = 8;

/** struct sock_fprog in the frame: u16 len, padding, and from the next word on the pointer. 16 bytes hold it everywhere. */
export const FPROG_SIZE = 16;

export interface Installation {
  /** Where in the frame the sock_fprog goes. */
  readonly fprog: number;
  readonly filter: Place;
  /** In instructions. */
  readonly length: Var | number;
  /** SECCOMP_FILTER_FLAG_*; none that makes success something else than 0. */
  readonly flags: number;
  /** Holds the failing call's result where `failed` says to go. */
  readonly result: Var;
  readonly failed: { readonly prctl: string; readonly seccomp: string };
}

/**
 * no_new_privs, then the filter. There is no way back to prctl(PR_SET_SECCOMP): it would only help on Linux before 3.17,
 * and it takes no flags.
 * @see Linux kernel/seccomp.c seccomp_set_mode_filter(), include/uapi/linux/filter.h struct sock_fprog
 */
export function installFilter(cpu: Cpu, { fprog, filter, length, flags, result, failed }: Installation): void {
  const word = cpu.arch.wordBits;
  if (typeof length === 'number') cpu.set(result, length);
  cpu.store({ at: 'frame', offset: fprog }, 16, typeof length === 'number' ? result : length);
  cpu.address(result, filter);
  cpu.store({ at: 'frame', offset: fprog + word / 8 }, word, result);
  cpu.syscall(result, 'prctl', [PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0]);
  cpu.branch(result, '!=', 0, failed.prctl);
  // Any nonzero result is a failure: with TSYNC the kernel answers a positive number, the id of a thread that is in the way.
  cpu.syscall(result, 'seccomp', [SECCOMP_SET_MODE_FILTER, flags, { frame: fprog }]);
  cpu.branch(result, '!=', 0, failed.seccomp);
}

/** Text at a label; whether anyone can read it is not our affair. */
export function writeText(cpu: Cpu, fd: Operand, label: string, text: string): void {
  cpu.syscall(undefined, 'write', [fd, { label }, text.length]);
}

/** `value` in decimal and a line break, ending before `end` in the frame; leaves the first digit's address in `cursor`. */
export function putNumber(
  cpu: Cpu,
  { value, cursor, digit, ten }: Readonly<Record<'value' | 'cursor' | 'digit' | 'ten', Var>>,
  end: number,
): void {
  cpu.address(cursor, { frame: end - 1 });
  // A line break is the character 10.
  cpu.set(ten, 10);
  cpu.store({ at: cursor, offset: 0 }, 8, ten);
  cpu.label('each_digit');
  cpu.divide(value, digit, ten);
  cpu.add(digit, '0'.charCodeAt(0));
  cpu.subtract(cursor, 1);
  cpu.store({ at: cursor, offset: 0 }, 8, digit);
  cpu.branch(value, '!=', 0, 'each_digit');
}

/** exit_group; where an outer filter denies even that, a trap, again and again: nothing behind it is ever reached. */
export function endWith(cpu: Cpu, status: Var | number, stuck = 'stuck'): void {
  cpu.syscall(undefined, 'exit_group', [status]);
  cpu.label(stuck);
  cpu.trap();
  cpu.jump(stuck);
}
