/**
 * The filter reader: a program that takes from a running thread the filters that it carries, and leaves no trace in it.
 *
 *     fd 0   the thread's id: 32 bits in the target's byte order
 *     fd 1   the answer: a header, and a record for each filter (the layout is drawn in README.md)
 *     fd 3   /proc/PID/task/TID/syscall of that thread, opened before: it stays with the thread when the id goes on to
 *            another one, and it tells when the thread sleeps
 *
 * First it rehearses on a child of its own: where the kernel gives it no filter there, the thread is not touched. Then
 * PTRACE_SEIZE and PTRACE_INTERRUPT (no signal is sent), the filters, and out again: see filter-reader-leave.ts. Nothing
 * is written while the thread stands still. However this program ends, the kernel lets the thread go on: it never asks
 * for PTRACE_O_EXITKILL there, and its own timer ends it when the thread does not stop.
 * @see ptrace(2); Linux kernel/seccomp.c seccomp_get_filter(), get_nth_filter()
 */
import { BPF_MAXINSNS } from '../arch/index.ts';
import { ByteView, type Endian } from '../num/index.ts';
import type { MachineCode } from './code.ts';
import type { Cpu } from './cpu.ts';
import { leaveThread } from './filter-reader-leave.ts';
import { byteOf, FRAME, HEADER, NO_SUCH_FILTER, PTRACE, ptrace, STATUS, STOPPED } from './filter-reader-parts.ts';
import { rehearse } from './filter-reader-rehearse.ts';
import { endWith, SOCK_FILTER_SIZE, STDIN, STDOUT } from './parts.ts';
import { staticElf } from './static-elf.ts';
import { type CpuName, cpuFor } from './targets.ts';

/** How far it came. */
export const READER_STEPS = ['rehearsal', 'seize', 'stop', 'identity', 'filters', 'done'] as const;
export type ReaderStep = (typeof READER_STEPS)[number];

/** One filter that the thread carries. */
export interface ReadFilter {
  /** sock_filter records in the kernel's byte order; or the errno of the kernel that does not hand this one out. */
  readonly program: Uint8Array | { readonly errno: number };
  /** SECCOMP_FILTER_FLAG_*, of which the kernel tells LOG; undefined before Linux 4.16. */
  readonly flags: number | undefined;
}

export interface Reading {
  /** Where it ended; 'done' is the good one. */
  readonly step: ReaderStep;
  /** What that step failed with; 0 when the thread ended instead. */
  readonly errno: number;
  /** In the order of installing, which is also the order of the kernel's index. */
  readonly filters: readonly ReadFilter[];
}

/** What the reader ends with when its input is cut short; it answers nothing then. */
export const READER_CUT = 2;

const RECORD = { length: 0, known: 4, flags: 8, size: 16 } as const;

const ITIMER_REAL = 0;
const SIGALRM = 14;
const SIG_SETMASK = 2;
const EMEDIUMTYPE = 124;
const E2BIG = 7;
const METADATA_SIZE = 16;

export function filterReaderCode(name: CpuName, seconds: number): MachineCode {
  const cpu = cpuFor(name);
  cpu.frame(FRAME.end);
  prepare(cpu, seconds);
  rehearse(cpu);
  conclude(cpu, 'rehearsal', 'report');

  cpu.label('rehearsed');
  attach(cpu);
  readAll(cpu);
  leaveThread(cpu);
  report(cpu);
  return cpu.finish();
}

/** The whole file. `seconds`: how long the thread may take to stop. */
export function filterReaderElf(name: CpuName, seconds: number): Uint8Array {
  const data = filterReaderCode(name, seconds).bytes;
  return staticElf(cpuFor(name).arch, [{ name: '.text', data, executable: true }]);
}

/** v5 is the thread's id from here on. The first store shows whether there is room for the frame. */
function prepare(cpu: Cpu, seconds: number): void {
  const word = cpu.arch.wordBits;
  cpu.set('v0', 0);
  for (let i = 0; i < 4; i++) cpu.store({ at: 'frame', offset: FRAME.timer + (i * word) / 8 }, word, 'v0');
  cpu.store({ at: 'frame', offset: FRAME.header + HEADER.length }, 32, 'v0');
  cpu.set('v0', seconds);
  cpu.store({ at: 'frame', offset: FRAME.timer + (2 * word) / 8 }, word, 'v0');
  // A terminal's signals and a closed pipe would end it in the midst of things. Bit n - 1 is signal n.
  cpu.set('v0', -1);
  for (let at = 0; at < 8; at += word / 8) cpu.store({ at: 'frame', offset: FRAME.mask + at }, word, 'v0');
  cpu.set('v0', ~(1 << (SIGALRM - 1)));
  cpu.store({ at: 'frame', offset: FRAME.mask }, word, 'v0');
  cpu.syscall(undefined, 'rt_sigprocmask', [SIG_SETMASK, { frame: FRAME.mask }, 0, 8]);
  cpu.syscall(undefined, 'setitimer', [ITIMER_REAL, { frame: FRAME.timer }, 0]);
  cpu.syscall('v0', 'read', [STDIN, { frame: FRAME.tid }, 4]);
  cpu.branch('v0', '!=', 4, 'cut');
  cpu.load('v5', 32, { at: 'frame', offset: FRAME.tid });
}

/** What is reported when the next thing fails: `step`, with the result in v0. */
function conclude(cpu: Cpu, step: ReaderStep, next: string): void {
  cpu.store({ at: 'frame', offset: FRAME.header + HEADER.result }, 32, 'v0');
  cpu.set('v0', READER_STEPS.indexOf(step));
  cpu.store({ at: 'frame', offset: FRAME.header + HEADER.step }, 32, 'v0');
  cpu.jump(next);
}

function attach(cpu: Cpu): void {
  ptrace(cpu, 'v0', PTRACE.SEIZE, 0, PTRACE.O_TRACESYSGOOD);
  cpu.branch('v0', '==', 0, 'seized');
  conclude(cpu, 'seize', 'report');

  cpu.label('seized');
  ptrace(cpu, 'v0', PTRACE.INTERRUPT, 0, 0);
  cpu.branch('v0', '!=', 0, 'not_stopped');
  cpu.syscall('v0', 'wait4', ['v5', { frame: STATUS }, PTRACE.WALL, 0]);
  cpu.branch('v0', '!=', 'v5', 'not_stopped');
  cpu.load('v1', 8, byteOf(cpu, STATUS, 0));
  cpu.branch('v1', '==', STOPPED, 'stopped');
  cpu.set('v0', 0);
  cpu.label('not_stopped');
  conclude(cpu, 'stop', 'report');

  // The descriptor's thread is gone when the id is another one's by now.
  cpu.label('stopped');
  cpu.syscall('v0', 'pread64', [PTRACE.WATCH, { frame: FRAME.byte }, 1, 0, 0]);
  cpu.branch('v0', '==', 1, 'same_thread');
  conclude(cpu, 'identity', 'leave');
  cpu.label('same_thread');
}

/** A record for each filter, from the oldest on. */
function readAll(cpu: Cpu): void {
  const [got, at, index, value, end] = ['v0', 'v1', 'v2', 'v3', 'v4'] as const;
  cpu.set(index, 0);
  cpu.address(at, { frame: FRAME.records });
  cpu.label('next_filter');
  ptrace(cpu, got, PTRACE.SECCOMP_GET_FILTER, index, 0);
  cpu.branch(got, '==', NO_SUCH_FILTER, 'read_all');
  cpu.branch(got, '==', -EMEDIUMTYPE, 'next_record');
  cpu.branch(got, 'less', 0, 'filters_failed');
  cpu.branch(got, 'above', BPF_MAXINSNS, 'too_much');
  cpu.label('next_record');
  cpu.address(end, { frame: FRAME.lastRecord });
  cpu.branch(at, 'above', end, 'too_much');
  cpu.store({ at, offset: RECORD.length }, 32, got);
  metadata(cpu);
  cpu.add(at, RECORD.size);
  cpu.branch(got, 'less', 0, 'without_program');
  ptrace(cpu, value, PTRACE.SECCOMP_GET_FILTER, index, at);
  cpu.branch(value, '!=', got, 'filters_failed');
  cpu.shiftLeft(got, Math.log2(SOCK_FILTER_SIZE));
  cpu.add(at, got);
  cpu.label('without_program');
  cpu.add(index, 1);
  cpu.jump('next_filter');

  cpu.label('too_much');
  cpu.set(got, -E2BIG);
  cpu.label('filters_failed');
  cpu.copy(value, at);
  conclude(cpu, 'filters', 'count');
  cpu.label('read_all');
  cpu.copy(value, at);
  cpu.set(got, 0);
  conclude(cpu, 'done', 'count');
  cpu.label('count');
  cpu.address(end, { frame: FRAME.records });
  cpu.subtract(value, end);
  cpu.store({ at: 'frame', offset: FRAME.header + HEADER.length }, 32, value);
  cpu.jump('leave');
}

/** struct seccomp_metadata: u64 filter_off, which is the index, and u64 flags, which the kernel fills. */
function metadata(cpu: Cpu): void {
  const [at, index, value] = ['v1', 'v2', 'v3'] as const;
  const word = cpu.arch.wordBits;
  cpu.set(value, 0);
  for (let i = 0; i < METADATA_SIZE; i += word / 8) cpu.store({ at: 'frame', offset: FRAME.metadata + i }, word, value);
  cpu.store({ at: 'frame', offset: FRAME.metadata }, word, index);
  ptrace(cpu, value, PTRACE.SECCOMP_GET_METADATA, METADATA_SIZE, { frame: FRAME.metadata });
  cpu.store({ at, offset: RECORD.known }, 32, value);
  const low = FRAME.metadata + 8 + (cpu.arch.endian === 'big' ? 4 : 0);
  cpu.load(value, 32, { at: 'frame', offset: low });
  cpu.store({ at, offset: RECORD.flags }, 32, value);
  cpu.set(value, 0);
  cpu.store({ at, offset: RECORD.flags + 4 }, 32, value);
}

function report(cpu: Cpu): void {
  const [put, from, left] = ['v0', 'v1', 'v2'] as const;
  cpu.label('report');
  cpu.address(from, { frame: FRAME.header });
  cpu.load(left, 32, { at: 'frame', offset: FRAME.header + HEADER.length });
  cpu.add(left, HEADER.size);
  cpu.label('write_more');
  cpu.syscall(put, 'write', [STDOUT, from, left]);
  cpu.branch(put, 'less', 1, 'ended');
  cpu.add(from, put);
  cpu.subtract(left, put);
  cpu.branch(left, '!=', 0, 'write_more');
  cpu.label('ended');
  endWith(cpu, 0);
  cpu.label('cut');
  endWith(cpu, READER_CUT, 'stuck_cut');
}

/** The reader's answer; undefined when it is cut short. */
export function decodeReading(bytes: Uint8Array, endian: Endian): Reading | undefined {
  if (bytes.length < HEADER.size) return undefined;
  const view = new ByteView(bytes, endian);
  const step = READER_STEPS[view.u32(HEADER.step)];
  const errno = 0 - (view.u32(HEADER.result) | 0);
  if (step === undefined || bytes.length !== HEADER.size + view.u32(HEADER.length)) return undefined;
  const filters: ReadFilter[] = [];
  let at: number = HEADER.size;
  // Where it failed, the last record may lack its program.
  while (at < bytes.length) {
    if (at + RECORD.size > bytes.length) return undefined;
    const length = view.u32(at + RECORD.length) | 0;
    const flags = view.u32(at + RECORD.known) === METADATA_SIZE ? view.u32(at + RECORD.flags) : undefined;
    at += RECORD.size;
    const end = at + SOCK_FILTER_SIZE * Math.max(length, 0);
    if (end > bytes.length) return step === 'filters' ? { step, errno, filters } : undefined;
    filters.push({ program: length < 0 ? { errno: -length } : bytes.slice(at, end), flags });
    at = end;
  }
  return { step, errno, filters };
}
