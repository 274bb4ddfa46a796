/**
 * The tracer: runs a program and tells of every system call that its filter hands to a tracer (SECCOMP_RET_TRACE), in the
 * program and in all that it starts, and lets each of them run. Nothing is lost: a call waits until it has been told of.
 * Where other filters may deny a call first it can stop at every call instead, before any filter: that is slow.
 *
 *     tracer PATH NAME [ARGUMENT...]         NAME is what the program gets as argv[0]
 *
 * It tells on a descriptor, in records of the target's byte order:
 *
 *     start     pid | 0              the program's process; a negative errno instead of it: there could be none
 *     wait      tid | wait status    each one that wait4(2) gives: stops, ends, and the kernel's own events
 *     call      tid | wait status | info size | text size | ptrace_syscall_info (88) | word | status text (2048)
 *     end       0   | 0              everything that was ever started has ended
 *
 * all 32-bit integers but the info and the word (64-bit each). A call's record is told by its wait status: event 7, or
 * SIGTRAP with bit 7 where it stops at every call.
 * `info size` is what PTRACE_GET_SYSCALL_INFO gave, `word` the machine word that the call's first argument points to
 * (0 when it points to nothing), the text is the start of /proc/TID/status: all read while the call waits.
 *
 * When the tracer ends, or whoever started it, the kernel kills all that it traces (PTRACE_O_EXITKILL, PDEATHSIG): nothing
 * runs on unseen. Stops by terminal and signals act as without it (PTRACE_SEIZE). The program has not been started where
 * no PTRACE_EVENT_EXEC comes; its status is then the errno of execve.
 * @see ptrace(2); Linux v6.12 kernel/seccomp.c __seccomp_filter(): the filters are run again afterwards, TRACE then passes
 */
import { arch as archNamed } from '../arch/index.ts';
import type { MachineCode } from './code.ts';
import type { Cpu } from './cpu.ts';
import { execute, findArguments } from './launcher.ts';
import { endWith, putNumber } from './parts.ts';
import { staticElf } from './static-elf.ts';
import { asChild, SUPERVISE_FRAME_SIZE, startChild } from './supervise.ts';
import { type CpuName, cpuFor } from './targets.ts';

/** PTRACE_EVENT_*, the third byte of a wait status. */
export const TRACE_EVENT = { exec: 4, call: 7, stop: 128 } as const;

/** The signal of a stop at a call, where it stops at every one (PTRACE_O_TRACESYSGOOD). */
export const CALL_STOP = 0x85;

/** Byte offsets in a record. */
export const TRACE_RECORD = {
  tid: 0,
  status: 4,
  /** Bytes of a record that is no call's. */
  short: 8,
  infoSize: 8,
  textSize: 12,
  info: 16,
  word: 104,
  text: 112,
  /** Bytes of a call's. */
  long: 2160,
} as const;

/** PTRACE_SYSCALL_INFO_*, the first byte of the info: why the call was stopped. */
export const SYSCALL_OP = { entry: 1, exit: 2, seccomp: 3 } as const;

/** struct ptrace_syscall_info, byte offsets; `nr` and `args` lie alike for both. @see Linux include/uapi/linux/ptrace.h */
export const SYSCALL_INFO = { op: 0, arch: 4, ip: 8, nr: 24, args: 32, size: 88 } as const;

const REQUEST = { peek: 2, cont: 7, syscall: 24, seize: 0x4206, listen: 0x4208, syscallInfo: 0x420e } as const;
/** TRACEFORK, TRACEVFORK, TRACECLONE, TRACEEXEC, TRACESECCOMP, EXITKILL. */
const OPTIONS = 0x10009e;
const TRACESYSGOOD = 1;
const WALL = 0x4000_0000;
const SIGKILL = 9;
const SIGTRAP = 5;
const PR_SET_PDEATHSIG = 1;
const O_CLOEXEC = 0o2000000;
const AT_FDCWD = -100;
const STOPPED = 0x7f;
const STATUS_FILE = '/status\0';

const RECORD = 64;
/** Signal sets, the two ends of a pipe, and digits with what follows them. */
const FRAME = { pipe: SUPERVISE_FRAME_SIZE, pathEnd: 48, record: RECORD, size: 2224 } as const;
const at = (offset: number) => ({ at: 'frame', offset: RECORD + offset }) as const;

export interface Tracer {
  readonly arch: CpuName;
  /** The descriptor that it tells on, 3 or above; the program does not get it. */
  readonly tell: number;
  /** Stop at every call, before the filters: to see those too that another filter denies. */
  readonly every?: boolean | undefined;
}

export function tracerCode({ arch, tell, every = false }: Tracer): MachineCode {
  const cpu = cpuFor(arch);
  cpu.frame(FRAME.size);
  cpu.syscall(undefined, 'prctl', [PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0]);
  cpu.syscall('v0', 'pipe2', [{ frame: FRAME.pipe }, O_CLOEXEC]);
  cpu.branch('v0', '!=', 0, 'no_program');
  startChild(cpu, 'start_program');
  cpu.branch('v0', 'less', 0, 'no_program');
  seize(cpu, every ? OPTIONS | TRACESYSGOOD : OPTIONS);
  tellShort(cpu, tell, 'v0', 0);
  waitLoop(cpu, tell, every);

  cpu.label('no_program');
  tellShort(cpu, tell, 'v0', 0);
  cpu.label('gone');
  endWith(cpu, 0, 'stuck_tracer');

  program(cpu, tell);
  return cpu.finish();
}

/** The whole file, an executable of about 1 KB. */
export function tracerElf(tracer: Tracer): Uint8Array {
  return staticElf(archNamed(tracer.arch), [{ name: '.text', data: tracerCode(tracer).bytes, executable: true }]);
}

/** The child in v0 becomes ours, and is let go. Where that fails, the pipe ends with this process, and so does it. */
function seize(cpu: Cpu, options: number): void {
  const [pid, result, fd] = ['v0', 'v1', 'v2'] as const;
  cpu.syscall(result, 'ptrace', [REQUEST.seize, pid, 0, options]);
  cpu.branch(result, '==', 0, 'seized');
  cpu.copy(pid, result);
  cpu.jump('no_program');
  cpu.label('seized');
  cpu.load(fd, 32, { at: 'frame', offset: FRAME.pipe + 4 });
  cpu.syscall(undefined, 'write', [fd, { frame: FRAME.pipe }, 1]);
  cpu.syscall(undefined, 'close', [fd]);
  cpu.load(fd, 32, { at: 'frame', offset: FRAME.pipe });
  cpu.syscall(undefined, 'close', [fd]);
  // Where /proc/TID/status is then TID/status; without /proc there is no text.
  cpu.address(fd, { label: 'proc' });
  cpu.syscall(undefined, 'chdir', [fd]);
}

/** Waits in the child until it is traced, then becomes the program. */
function program(cpu: Cpu, tell: number): void {
  const [result, fd] = ['v0', 'v1'] as const;
  cpu.label('start_program');
  // Its own end of the other side: else it would wait for itself.
  cpu.load(fd, 32, { at: 'frame', offset: FRAME.pipe + 4 });
  cpu.syscall(undefined, 'close', [fd]);
  cpu.load(fd, 32, { at: 'frame', offset: FRAME.pipe });
  cpu.syscall(result, 'read', [fd, { frame: FRAME.pathEnd }, 1]);
  cpu.branch(result, '!=', 1, 'ended');
  asChild(cpu, tell);
  findArguments(cpu, FRAME.size);
  execute(cpu, 1, 2);
  cpu.negate('v0');
  cpu.label('ended');
  endWith(cpu, 'v0');
  cpu.ascii('proc', '/proc\0');
  cpu.ascii('status_file', STATUS_FILE);
}

/** Two words of 32 bits. The pipe is read or broken: it takes them whole. */
function tellShort(cpu: Cpu, tell: number, first: 'v0' | 0, second: 0): void {
  if (first === 0) cpu.set('v0', 0);
  cpu.store(at(TRACE_RECORD.tid), 32, 'v0');
  cpu.set('v1', second);
  cpu.store(at(TRACE_RECORD.status), 32, 'v1');
  cpu.syscall(undefined, 'write', [tell, { frame: RECORD }, TRACE_RECORD.short]);
}

function waitLoop(cpu: Cpu, tell: number, every: boolean): void {
  const [tid, signal, event, result] = ['v0', 'v1', 'v2', 'v3'] as const;
  const word = cpu.arch.wordBits;
  const toldOrGone = (size: number) => {
    cpu.syscall(result, 'write', [tell, { frame: RECORD }, size]);
    cpu.branch(result, 'less', 0, 'gone');
  };
  cpu.label('next_event');
  cpu.syscall(tid, 'wait4', [-1, { frame: RECORD + TRACE_RECORD.status }, WALL, 0]);
  cpu.branch(tid, 'less', 0, 'all_ended');
  cpu.store(at(TRACE_RECORD.tid), 32, tid);
  cpu.load(event, 32, at(TRACE_RECORD.status));
  cpu.copy(signal, event);
  cpu.shiftLeft(signal, word - 8);
  cpu.shiftRight(signal, word - 8);
  cpu.branch(signal, '==', STOPPED, 'stopped');
  toldOrGone(TRACE_RECORD.short);
  cpu.jump('next_event');

  cpu.label('stopped');
  cpu.copy(signal, event);
  cpu.shiftLeft(signal, word - 16);
  cpu.shiftRight(signal, word - 8);
  cpu.shiftRight(event, 16);
  cpu.branch(event, '==', TRACE_EVENT.call, 'traced_call');
  if (every) cpu.branch(signal, '==', CALL_STOP, 'traced_call');
  toldOrGone(TRACE_RECORD.short);
  cpu.branch(event, '==', 0, 'go_on');
  cpu.branch(event, '!=', TRACE_EVENT.stop, 'go_on_without');
  // SIGTRAP: a new process or thread. Any other: stopped with its group, until SIGCONT.
  cpu.branch(signal, '==', SIGTRAP, 'go_on_without');
  cpu.syscall(undefined, 'ptrace', [REQUEST.listen, tid, 0, 0]);
  cpu.jump('next_event');

  cpu.label('traced_call');
  describeCall(cpu);
  if (every) {
    // Each call stops twice; at its end there is nothing to tell.
    cpu.load(result, 8, at(TRACE_RECORD.info + SYSCALL_INFO.op));
    cpu.branch(result, '==', SYSCALL_OP.exit, 'go_on_without');
  }
  toldOrGone(TRACE_RECORD.long);
  cpu.label('go_on_without');
  cpu.set(signal, 0);
  cpu.label('go_on');
  // ESRCH: killed meanwhile.
  cpu.syscall(undefined, 'ptrace', [every ? REQUEST.syscall : REQUEST.cont, tid, 0, signal]);
  cpu.jump('next_event');

  cpu.label('all_ended');
  tellShort(cpu, tell, 0, 0);
  cpu.jump('gone');
}

/** Fills a call's record in, for the thread in v0. */
function describeCall(cpu: Cpu): void {
  const [tid, value, cursor, digit, ten] = ['v0', 'v1', 'v2', 'v3', 'v4'] as const;
  const word = cpu.arch.wordBits;
  // Where the kernel gives no info (its size is then negative), the call must not look like the end of one.
  cpu.set(value, SYSCALL_OP.entry);
  cpu.store(at(TRACE_RECORD.info + SYSCALL_INFO.op), 8, value);
  cpu.syscall(value, 'ptrace', [REQUEST.syscallInfo, tid, SYSCALL_INFO.size, { frame: RECORD + TRACE_RECORD.info }]);
  cpu.store(at(TRACE_RECORD.infoSize), 32, value);

  cpu.set(value, 0);
  cpu.store(at(TRACE_RECORD.textSize), 32, value);
  for (let i = 0; i < 8; i += word / 8) cpu.store(at(TRACE_RECORD.word + i), word, value);
  cpu.load(value, word, at(TRACE_RECORD.info + SYSCALL_INFO.args));
  cpu.syscall(undefined, 'ptrace', [REQUEST.peek, tid, value, { frame: RECORD + TRACE_RECORD.word }]);

  cpu.copy(value, tid);
  // The line break that it puts behind the digits is where the rest of the path begins.
  putNumber(cpu, { value, cursor, digit, ten }, FRAME.pathEnd + 1);
  cpu.address(ten, { label: 'status_file' });
  for (let i = 0; i < STATUS_FILE.length; i += 4) {
    cpu.load(digit, 32, { at: ten, offset: i });
    cpu.store({ at: 'frame', offset: FRAME.pathEnd + i }, 32, digit);
  }
  cpu.syscall(cursor, 'openat', [AT_FDCWD, cursor, 0, 0]);
  cpu.branch(cursor, 'less', 0, 'no_text');
  const most = TRACE_RECORD.long - TRACE_RECORD.text;
  cpu.syscall(value, 'read', [cursor, { frame: RECORD + TRACE_RECORD.text }, most]);
  cpu.syscall(undefined, 'close', [cursor]);
  cpu.branch(value, 'less', 0, 'no_text');
  cpu.store(at(TRACE_RECORD.textSize), 32, value);
  cpu.label('no_text');
}
