/**
 * Letting a thread go as if it had never stood still. Between two instructions of its own, detaching is all. One that
 * slept in a system call was woken by the stop, and the kernel now has three ways to go on:
 *
 *   - it makes the call again, by itself: nothing to do;
 *   - it makes restart_syscall(2) in its place, which knows how much time is left (nanosleep, poll, futex). That call
 *     goes through the thread's filters like any other, and a filter that was written without it in mind kills the
 *     thread for having been looked at. So filters are suspended from where that one call enters the kernel to where it
 *     sleeps again (or returns): never for an instruction of the thread's own, nor for any other call;
 *   - it returns EINTR, which the thread would not have seen (epoll_wait, sigtimedwait, semop): for those calls that
 *     do nothing but wait, the kernel is told to make them again where no signal handler ran, as it does for pause(2).
 *     x86 alone: elsewhere the first argument is gone by now.
 *
 * A thread whose job is stopped, or whose signal is being delivered, has reasons of its own to go on in another way.
 * @see Linux arch/x86/kernel/signal.c arch_do_signal_or_restart(); kernel/ptrace.c __ptrace_unlink()
 */
import { ARCHES, type Arch, syscallNumber } from '../arch/index.ts';
import type { Cpu } from './cpu.ts';
import {
  AT_SYSCALL,
  byteOf,
  FRAME,
  PTRACE,
  ptrace,
  SIGTRAP,
  STATUS,
  STOPPED,
  upperHalf,
} from './filter-reader-parts.ts';

// Codes between the kernel's parts; no program sees them. @see Linux include/linux/errno.h
const ERESTARTNOHAND = 514;
const ERESTART_RESTARTBLOCK = 516;
const EINTR = 4;

/** struct ptrace_syscall_info: u8 op, u32 arch, u64 ip, u64 sp, u64 nr. */
const INFO = { op: 0, arch: 4, ip: 8, nr: 24, size: 88 } as const;

/** How to see that a thread stands where a call would be made again. */
type Restart =
  /** The call's result, and its number, in the registers as PTRACE_PEEKUSR has them. */
  | { readonly by: 'result'; readonly result: number; readonly nr: number | undefined }
  /** The next instruction is one that makes a call: 32 bits of it, or 16. */
  | { readonly by: 'instruction'; readonly words: readonly number[]; readonly halves: readonly number[] };

const RESTARTS: Readonly<Record<string, Restart>> = {
  // ax and orig_ax. @see struct user_regs_struct
  x86_64: { by: 'result', result: 8 * 10, nr: 8 * 15 },
  i386: { by: 'result', result: 4 * 6, nr: 4 * 11 },
  // gprs[2]; the number is not among these registers.
  s390x: { by: 'result', result: 16 + 8 * 2, nr: undefined },
  // svc #0; and for 32-bit programs svc 0 as A32 and T32.
  aarch64: { by: 'instruction', words: [0xd400_0001, 0xef00_0000], halves: [0xdf00] },
  // ecall
  riscv64: { by: 'instruction', words: [0x73], halves: [] },
};

/** Calls that wait, and have done nothing yet when they return EINTR. @see signal(7), "Interruption of system calls" */
const WAITING: readonly string[] = [
  ...['epoll_wait', 'epoll_pwait', 'epoll_pwait2', 'rt_sigtimedwait', 'rt_sigtimedwait_time64'],
  ...['semop', 'semtimedop', 'semtimedop_time64', 'io_getevents', 'io_pgetevents', 'io_pgetevents_time64'],
  ...['io_uring_enter', 'accept', 'accept4', 'recvfrom', 'recvmsg', 'recvmmsg', 'recvmmsg_time64'],
];

/** From `leave` on, with the thread of v5 stopped as STATUS says. Ends at `report`; takes v0 to v4. */
export function leaveThread(cpu: Cpu): void {
  const [event, signal] = ['v0', 'v1'] as const;
  const restart = RESTARTS[cpu.arch.name] as Restart;
  // A reader of a 32-bit ABI serves no other.
  const abis = [...ARCHES.values()].filter((abi) => abi === cpu.arch || abi.native === cpu.arch.name);
  cpu.label('leave');
  cpu.load(event, 16, upperHalf(cpu, STATUS));
  cpu.load(signal, 8, byteOf(cpu, STATUS, 1));
  cpu.branch(event, '!=', PTRACE.EVENT_STOP, 'detach');
  // With another signal it is a job that was stopped, and stays so.
  cpu.branch(signal, '!=', SIGTRAP, 'detach_silently');
  if (restart.by === 'result') byResult(cpu, restart, abis);
  else byInstruction(cpu, restart);

  cpu.label('detach_silently');
  cpu.set(signal, 0);
  cpu.label('detach');
  ptrace(cpu, undefined, PTRACE.DETACH, 0, signal);
  cpu.jump('report');

  makeAgain(cpu);
  table(cpu, 'restart_calls', abis, ['restart_syscall']);
}

function byResult(cpu: Cpu, { result, nr }: Extract<Restart, { by: 'result' }>, abis: readonly Arch[]): void {
  const [got, call, token] = ['v0', 'v4', 'v2'] as const;
  const word = cpu.arch.wordBits;
  const peek = (at: number) => {
    ptrace(cpu, got, PTRACE.PEEKUSR, at, { frame: FRAME.peeked });
    cpu.branch(got, '!=', 0, 'detach_silently');
  };
  peek(result);
  cpu.load(got, word, { at: 'frame', offset: FRAME.peeked });
  cpu.branch(got, '==', -ERESTART_RESTARTBLOCK, 'make_again');
  if (nr === undefined) return;
  cpu.branch(got, '!=', -EINTR, 'detach_silently');
  peek(nr);
  cpu.load(call, 32, { at: 'frame', offset: FRAME.peeked });
  systemCallInfo(cpu);
  cpu.load(token, 32, { at: 'frame', offset: FRAME.info + INFO.arch });
  lookUp(cpu, 'waiting_calls', 'detach_silently');
  ptrace(cpu, undefined, PTRACE.POKEUSR, result, -ERESTARTNOHAND);
  cpu.jump('detach_silently');
  table(cpu, 'waiting_calls', abis, WAITING);
}

function byInstruction(cpu: Cpu, { words, halves }: Extract<Restart, { by: 'instruction' }>): void {
  const [got, at] = ['v0', 'v1'] as const;
  systemCallInfo(cpu);
  cpu.load(at, cpu.arch.wordBits, { at: 'frame', offset: FRAME.info + INFO.ip });
  ptrace(cpu, got, PTRACE.PEEKTEXT, at, { frame: FRAME.peeked });
  cpu.branch(got, '!=', 0, 'detach_silently');
  cpu.load(got, 32, { at: 'frame', offset: FRAME.peeked });
  for (const instruction of words) cpu.branch(got, '==', instruction, 'make_again');
  cpu.load(got, 16, { at: 'frame', offset: FRAME.peeked });
  for (const instruction of halves) cpu.branch(got, '==', instruction, 'make_again');
}

/** Fills FRAME.info; before Linux 5.3 there is none. */
function systemCallInfo(cpu: Cpu): void {
  ptrace(cpu, 'v0', PTRACE.GET_SYSCALL_INFO, INFO.size, { frame: FRAME.info });
  cpu.branch('v0', 'less', INFO.nr, 'detach_silently');
}

/** On to where the call enters the kernel; when it is restart_syscall, on to where it sleeps again. */
function makeAgain(cpu: Cpu): void {
  const [got, token, call] = ['v0', 'v2', 'v4'] as const;
  const low = cpu.arch.endian === 'big' ? 4 : 0;
  cpu.label('make_again');
  ptrace(cpu, got, PTRACE.SYSCALL, 0, 0);
  cpu.branch(got, '!=', 0, 'report');
  cpu.syscall(got, 'wait4', ['v5', { frame: STATUS }, PTRACE.WALL, 0]);
  onlyAtSystemCall(cpu, 'entered');

  cpu.label('entered');
  systemCallInfo(cpu);
  cpu.load(got, 8, { at: 'frame', offset: FRAME.info + INFO.op });
  cpu.branch(got, '!=', PTRACE.SYSCALL_INFO_ENTRY, 'detach_silently');
  cpu.load(token, 32, { at: 'frame', offset: FRAME.info + INFO.arch });
  cpu.load(call, 32, { at: 'frame', offset: FRAME.info + INFO.nr + low });
  lookUp(cpu, 'restart_calls', 'detach_silently');
  ptrace(cpu, got, PTRACE.SETOPTIONS, 0, PTRACE.O_TRACESYSGOOD | PTRACE.O_SUSPEND_SECCOMP);
  cpu.branch(got, '!=', 0, 'detach_silently');
  ptrace(cpu, got, PTRACE.SYSCALL, 0, 0);
  cpu.branch(got, '!=', 0, 'report');

  cpu.label('until_asleep');
  cpu.syscall(got, 'wait4', ['v5', { frame: STATUS }, PTRACE.WALL | PTRACE.WNOHANG, 0]);
  cpu.branch(got, '!=', 0, 'returned');
  cpu.syscall(got, 'pread64', [PTRACE.WATCH, { frame: FRAME.byte }, 1, 0, 0]);
  cpu.branch(got, '!=', 1, 'report');
  cpu.load(got, 8, { at: 'frame', offset: FRAME.byte });
  // 'running', or the number of the call that it sleeps in. Asleep it cannot be detached, only left: by our end.
  cpu.branch(got, '!=', 'r'.charCodeAt(0), 'report');
  cpu.syscall(undefined, 'sched_yield', []);
  cpu.jump('until_asleep');
  cpu.label('returned');
  onlyAtSystemCall(cpu, 'detach_silently');
}

/** With wait4's result in v0: a stop at a system call goes to `label`, every other one is left as it is. */
function onlyAtSystemCall(cpu: Cpu, label: string): void {
  const [got, signal] = ['v0', 'v1'] as const;
  cpu.branch(got, '!=', 'v5', 'report');
  cpu.load(got, 8, byteOf(cpu, STATUS, 0));
  cpu.branch(got, '!=', STOPPED, 'report');
  cpu.load(got, 16, upperHalf(cpu, STATUS));
  cpu.branch(got, '!=', 0, 'detach_silently');
  cpu.load(signal, 8, byteOf(cpu, STATUS, 1));
  cpu.branch(signal, '==', AT_SYSCALL, label);
  cpu.jump('detach');
}

/** Falls through when the pair of v2 (audit token) and v4 (number) is in the table. Takes v1 and v3. */
function lookUp(cpu: Cpu, name: string, missing: string): void {
  const [at, value] = ['v1', 'v3'] as const;
  cpu.address(at, { label: name });
  cpu.label(`${name}_each`);
  cpu.load(value, 32, { at, offset: 0 });
  cpu.branch(value, '==', 0, missing);
  cpu.branch(value, '!=', 'v2', `${name}_next`);
  cpu.load(value, 32, { at, offset: 4 });
  cpu.branch(value, '==', 'v4', `${name}_found`);
  cpu.label(`${name}_next`);
  cpu.add(at, 8);
  cpu.jump(`${name}_each`);
  cpu.label(`${name}_found`);
}

/** Pairs of audit token and number, and a 0. */
function table(cpu: Cpu, name: string, abis: readonly Arch[], calls: readonly string[]): void {
  const pairs = abis.flatMap((abi) =>
    calls.flatMap((call) => {
      const nr = syscallNumber(abi, call);
      return nr === undefined ? [] : [abi.audit, nr];
    }),
  );
  cpu.words(name, [...pairs, 0]);
}
