/** What the parts of the filter reader share: its frame, ptrace(2), wait(2). @see Linux include/uapi/linux/ptrace.h */
import type { Cell, Cpu, Operand, Var } from './cpu.ts';

/**
 * Where things stand in the frame, all but the records within reach of every CPU's loads and stores. The header lies right
 * before the records, so that one write takes both.
 */
export const FRAME = {
  mask: 0,
  timer: 16,
  tid: 48,
  metadata: 64,
  fprog: 80,
  peeked: 96,
  byte: 104,
  info: 112,
  header: 2032,
  records: 2048,
  // The kernel's budget over all filters of a thread allows 32768 instructions in 3640 filters: 320 KB with headers.
  // Behind `lastRecord` there is room for the longest one.
  lastRecord: 0x6_7000,
  end: 0x7_0000,
} as const;

/** u32 step, s32 result, u32 wait status, u32 bytes of the records. */
export const HEADER = { step: 0, result: 4, status: 8, length: 12, size: 16 } as const;

/** What wait4 said last. */
export const STATUS: number = FRAME.header + HEADER.status;

export const PTRACE = {
  TRACEME: 0,
  PEEKTEXT: 1,
  PEEKUSR: 3,
  POKEUSR: 6,
  DETACH: 17,
  SYSCALL: 24,
  SETOPTIONS: 0x4200,
  SEIZE: 0x4206,
  INTERRUPT: 0x4207,
  SECCOMP_GET_FILTER: 0x420c,
  SECCOMP_GET_METADATA: 0x420d,
  GET_SYSCALL_INFO: 0x420e,
  EVENT_STOP: 128,
  SYSCALL_INFO_ENTRY: 1,
  /** A stop at a system call says SIGTRAP and this bit. */
  O_TRACESYSGOOD: 1,
  /** The tracee dies with its tracer. */
  O_EXITKILL: 0x10_0000,
  /** No filter is asked while this tracer lives. */
  O_SUSPEND_SECCOMP: 0x20_0000,
  /** wait4: children of every kind. */
  WALL: 0x4000_0000,
  WNOHANG: 1,
  /** The descriptor of /proc/PID/task/TID/syscall. */
  WATCH: 3,
} as const;

export const SIGTRAP = 5;
export const AT_SYSCALL: number = SIGTRAP | 0x80;

/** -ENOENT: there is no filter of this index. */
export const NO_SUCH_FILTER = -2;

/** The low byte of the status of a thread that stands still; byte 1 is its signal, the upper half what stopped it. */
export const STOPPED = 0x7f;

/** On the thread whose id is in v5. */
export function ptrace(cpu: Cpu, to: Var | undefined, request: number, address: Operand, data: Operand): void {
  cpu.syscall(to, 'ptrace', [request, 'v5', address, data]);
}

/** Byte `n`, from the least significant one, of the 32-bit word at `offset` in the frame. */
export function byteOf(cpu: Cpu, offset: number, n: number): Cell {
  return { at: 'frame', offset: offset + (cpu.arch.endian === 'big' ? 3 - n : n) };
}

/** The upper half of the 32-bit word at `offset` in the frame. */
export function upperHalf(cpu: Cpu, offset: number): Cell {
  return { at: 'frame', offset: offset + (cpu.arch.endian === 'big' ? 0 : 2) };
}
