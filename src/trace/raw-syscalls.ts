/**
 * The kernel's raw_syscalls:sys_enter, as perf script, ftrace (trace, trace_pipe, trace-cmd report) and a line of
 * bpftrace print it: the number and six whole registers, no ABI. ftrace's events of single calls (sys_openat) have a
 * name and the arguments that the call has. All of them come after seccomp: a call that a filter denied is not there.
 */
import { type Arch, arch as archNamed, syscallNumber, X32_SYSCALL_BIT } from '../arch/index.ts';
import { register, wantedCall } from './audit-record.ts';
import type { ReaderContext, ReaderKind, TraceReader } from './reader.ts';
import type { TracedArg, TracedCall, TraceFormat } from './types.ts';

/** NR 257 (ffffff9c, 7f.., 80000, 0, 0, 55..) */
const ENTER = 'NR (-?\\d{1,10}) \\(([0-9a-f]{1,16}(?:, [0-9a-f]{1,16}){5})\\)';
/** comm tid, or comm pid/tid; then the CPU, flags and the time, of which perf's -F may leave any out. */
const PERF_HEAD = '^\\s*(\\S.*?|)\\s*\\b(\\d{1,10})(?:/(\\d{1,10}))?\\s+(?:\\[\\d+\\]\\s+)?(?:\\d+\\.\\d+:\\s+)?';
const PERF_ENTER = new RegExp(`${PERF_HEAD}raw_syscalls:sys_enter:\\s+${ENTER}\\s*$`);
const PERF_OTHER = /^\s*(?:#|$|[0-9a-f]{4,16} .*\)$|\S.*\s\w+:\w+:)/;
/** comm-tid, the thread group with record-tgid, the CPU, flags, the time. */
const FTRACE_HEAD =
  '^\\s*(\\S.*?)-(\\d{1,10})\\s+(?:\\(\\s*(\\d{1,10}|-+)\\)\\s+)?\\[\\d+\\]\\s+(?:\\S{3,8}\\s+)?\\d+\\.\\d+:\\s+';
const FTRACE_ENTER = new RegExp(`${FTRACE_HEAD}sys_enter:\\s+${ENTER}\\s*$`);
const FTRACE_CALL = new RegExp(`${FTRACE_HEAD}sys_([a-z_][a-z0-9_]*)\\((.*)\\)\\s*$`);
const FTRACE_OTHER = /^\s*(?:#|$|CPU:?\s?\d+|cpus=|version = |\S.*-\d+\s.*\s\d+\.\d+:\s)/;
/**
 * pid tid comm NR nr (six registers): see docs/traces.md for the program. What the traced program wrote to the same
 * terminal without a line break stands before it.
 */
const BPF_ENTER = new RegExp(`^(?:.*\\D)?(\\d{1,10}) (\\d{1,10}) (.{0,16}) ${ENTER}$`);
const BPF_OTHER = /^(?:Attaching \d+ probes?\.\.\.|Attached \d+ probes?|WARNING: .*)?$/;
const LOST = /\bLOST \d+ (?:EVENTS|events)|^Lost \d+ events|PERF_RECORD_LOST|\[\d+ EVENTS DROPPED\]|EVENTS DROPPED/;
const ENTRIES = /^# entries-in-buffer\/entries-written: (\d+)\/(\d+)/;

/** No line of these is longer; a longer one is not searched. */
const LONGEST = 1024;
const decoder = new TextDecoder('utf-8');

interface Entered {
  readonly comm: string;
  readonly tid: number;
  readonly pid: number | undefined;
  readonly nr: number | undefined;
  readonly name: string;
  /** How many there are, and each by its number. */
  readonly count: number;
  readonly arg: (arch: Arch | undefined, index: number) => TracedArg | undefined;
}

function rawEntered(comm: string, tid: string, pid: string | undefined, nr: string, args: string): Entered | undefined {
  const number = Number(nr);
  if (number < -(2 ** 31) || number >= 2 ** 32) return undefined;
  return {
    comm,
    tid: Number(tid),
    pid: pid === undefined || !/^\d/.test(pid) ? undefined : Number(pid),
    nr: number >>> 0,
    name: '',
    count: 6,
    arg: (arch, index) => register(arch, args.split(', ', index + 1)[index] as string),
  };
}

function perfEntered(line: string): Entered | undefined {
  const [, comm, first, second, nr, args] = PERF_ENTER.exec(line) ?? [];
  if (nr === undefined) return undefined;
  // `pid/tid` where both are printed, else the thread alone.
  const [pid, tid] = second === undefined ? [undefined, first as string] : [first, second];
  return rawEntered(comm as string, tid, pid, nr, args as string);
}

function bpfEntered(line: string): Entered | undefined {
  const [, pid, tid, comm, nr, args] = BPF_ENTER.exec(line) ?? [];
  return nr === undefined ? undefined : rawEntered(comm as string, tid as string, pid, nr, args as string);
}

/** Calls whose function in a 64-bit kernel has another name than the call. */
const KERNEL_NAMES: ReadonlyMap<string, string> = new Map([
  ['newuname', 'uname'],
  ['newstat', 'stat'],
  ['newlstat', 'lstat'],
  ['newfstat', 'fstat'],
  ['sendfile64', 'sendfile'],
  ['umount', 'umount2'],
]);

function ftraceEntered(line: string): Entered | undefined {
  const raw = FTRACE_ENTER.exec(line);
  if (raw !== null) {
    const [, comm, tid, pid, nr, args] = raw as unknown as string[];
    return rawEntered(comm as string, tid as string, pid, nr as string, args as string);
  }
  const [, comm, tid, pid, name, text] = FTRACE_CALL.exec(line) ?? [];
  if (name === undefined) return undefined;
  const args = namedArguments(text as string);
  return {
    comm: comm as string,
    tid: Number(tid),
    pid: pid === undefined || !/^\d/.test(pid) ? undefined : Number(pid),
    nr: undefined,
    name: KERNEL_NAMES.get(name) ?? name,
    count: args.length,
    arg: (arch, index) => register(arch, args[index] as string),
  };
}

/** `fd: 3, buf: 0x7f..`. What stands behind the first text that the kernel quotes may be that text: it is not read. */
function namedArguments(text: string): readonly string[] {
  const args: string[] = [];
  const one = /(?:^|, )\w+: (?:0x([0-9a-f]{1,16})|(\d{1,20}))(?=,|$|( ))/y;
  while (args.length < 6) {
    const found = one.exec(text);
    if (found === null) break;
    args.push(found[1] ?? BigInt(found[2] as string).toString(16));
    if (found[3] !== undefined) break;
  }
  return args;
}

interface Spelling {
  readonly format: TraceFormat;
  readonly title: string;
  readonly entered: (line: string) => Entered | undefined;
  readonly other: RegExp;
}

const DENIED = 'calls that a filter denied when this was recorded are not in it: sys_enter comes after seccomp';
const COMPAT = "calls of 32-bit programs are not in it: ftrace's events of single calls leave them out";
/** What no recording of a kind ever holds, however well it is kept. */
export const LIMITS_OF_KIND: ReadonlySet<string> = new Set([DENIED, COMPAT]);

class RawSyscallsReader implements TraceReader {
  readonly #context: ReaderContext;
  readonly #spelling: Spelling;

  constructor(context: ReaderContext, spelling: Spelling) {
    this.#context = context;
    this.#spelling = spelling;
    context.incomplete(DENIED);
  }

  line(bytes: Uint8Array, from: number, to: number, line: number, cut: boolean): void {
    const { other, unread, incomplete, emit, tasks, options } = this.#context;
    if (cut || to - from > LONGEST) {
      unread(bytes, from, to, line);
      return;
    }
    const text = decoder.decode(bytes.subarray(from, to));
    const entered = this.#spelling.entered(text);
    if (entered === undefined) {
      const [, kept, written] = ENTRIES.exec(text) ?? [];
      if (LOST.test(text) || kept !== written) incomplete('the recorder lost events');
      if (LOST.test(text) || this.#spelling.other.test(text)) other();
      else unread(bytes, from, to, line);
      return;
    }
    const { nr, name, tid, pid, comm } = entered;
    if (name !== '') incomplete(COMPAT);
    const isX32 = nr !== undefined && (nr & X32_SYSCALL_BIT) !== 0 && nr !== 0xffff_ffff;
    const arch = isX32 && options.arch?.name === 'x86_64' ? archNamed('x32') : options.arch;
    const task = tasks.get(tid, { pid, comm: comm === '' ? undefined : comm });
    emit({ kind: 'call', call: this.#call(arch, entered), task, line });
  }

  #call(arch: Arch | undefined, { nr, name, count, arg }: Entered): TracedCall {
    const number = nr ?? (arch === undefined ? undefined : syscallNumber(arch, name));
    return wantedCall(this.#context, arch, number, count, (i) => arg(arch, i), name);
  }

  end(): void {
    // Every line stands for itself.
  }
}

function kindOf(spelling: Spelling): ReaderKind {
  const { format, title, entered } = spelling;
  return {
    format,
    title,
    hasArguments: true,
    hasArch: false,
    recognise: (lines) => lines.filter((line) => line.length <= LONGEST && entered(line) !== undefined).length,
    open: (context) => new RawSyscallsReader(context, spelling),
  };
}

export const PERF_SCRIPT: ReaderKind = kindOf({
  format: 'perf-script',
  title: 'perf script',
  entered: perfEntered,
  other: PERF_OTHER,
});
export const FTRACE: ReaderKind = kindOf({
  format: 'ftrace',
  title: 'ftrace',
  entered: ftraceEntered,
  other: FTRACE_OTHER,
});
export const BPFTRACE: ReaderKind = kindOf({
  format: 'bpftrace',
  title: 'bpftrace',
  entered: bpfEntered,
  other: BPF_OTHER,
});
