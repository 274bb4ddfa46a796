/**
 * A command under the emitted tracer (machine/tracer.ts): every call that a filter hands over, in the command and in all
 * that it starts, whoever reaps it and whatever its parent became. Signals and job control are as in run.ts.
 *
 * A command may leave processes behind. They are watched until they end, or until somebody ends this process: then they
 * are killed, since a filter that hands calls over needs its tracer.
 */
import type { ChildProcess } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import type { Readable } from 'node:stream';
import type { SeccompData } from '../arch/index.ts';
import { CALL_STOP, SYSCALL_INFO, SYSCALL_OP, TRACE_EVENT, TRACE_RECORD } from '../machine/index.ts';
import { ByteView } from '../num/index.ts';
import { HERE } from './process-status.ts';
import { type Command, isStop, startTold } from './run.ts';
import { Signals } from './run-signals.ts';

export interface TracedProcess {
  readonly pid: number;
  readonly name: string;
  /** Filters that it carries; undefined before Linux 5.9. */
  readonly filters: number | undefined;
}

export interface TracedCall {
  readonly tid: number;
  /** The process and its name at that moment; undefined where /proc does not say. */
  readonly process: TracedProcess | undefined;
  /** Undefined when the kernel did not give it. */
  readonly data: SeccompData | undefined;
  /** The machine word that the first argument points to; 0 when it points to nothing. */
  readonly pointed: bigint;
}

export interface Traced {
  /** Undefined when nothing could be traced: `errno` says why. */
  readonly pid: number | undefined;
  readonly errno: number;
  /** False: execve gave `status` as its errno. */
  readonly started: boolean;
  /** How the command ended; both undefined when the tracer was killed before. */
  readonly status: number | undefined;
  readonly signal: number | undefined;
  /** Everything that was started has been seen to its end; or `ended`, the rest was killed on request. */
  readonly whole: boolean;
  readonly ended: boolean;
}

export interface TraceListener {
  readonly call: (call: TracedCall) => void;
  /** This thread, which may have had another id before, has become another program. */
  readonly executed: (tid: number) => void;
  /** The command has ended, and what it started runs on. */
  readonly leftBehind: () => void;
}

/** So long may what a command started need to end by itself before anybody is told that it is waited for. */
const PATIENCE = 500;
const SIGTRAP = 5;
const EIO = 5;

/**
 * Runs the command to the end of all that it starts. `tracer` is one that tells on `toldOn(command)`.
 * @throws SeccompcError RUN_FAILED, COMMAND_UNABLE
 */
export async function traceCommand(tracer: Uint8Array, command: Command, listener: TraceListener): Promise<Traced> {
  const signals = new Signals();
  try {
    const [child, words] = startTold(tracer, command);
    return await new Watch(child, words, signals, listener).done;
  } finally {
    signals.release();
  }
}

class Watch {
  readonly done: Promise<Traced>;
  readonly #child: ChildProcess;
  readonly #signals: Signals;
  readonly #listener: TraceListener;
  readonly #names = procIsOurs();
  #rest: Buffer = Buffer.alloc(0);
  #pid: number | undefined;
  #errno = EIO;
  #started = false;
  /** The command's wait status. */
  #end: number | undefined;
  #whole = false;
  #ended = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(child: ChildProcess, words: Readable, signals: Signals, listener: TraceListener) {
    this.#child = child;
    this.#signals = signals;
    this.#listener = listener;
    words.on('data', (chunk: Buffer) => {
      this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
      this.#hearAll();
    });
    this.done = new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', () => {
        clearTimeout(this.#timer);
        for (const signal of ENDING) process.off(signal, this.#stop);
        resolve(this.#result());
      });
    });
  }

  #hearAll(): void {
    let at = 0;
    for (;;) {
      const view = new ByteView(this.#rest.subarray(at), HERE);
      const left = view.bytes.length;
      if (left < TRACE_RECORD.short) break;
      const status = view.u32(TRACE_RECORD.status);
      const size = isCall(status) ? TRACE_RECORD.long : TRACE_RECORD.short;
      if (left < size) break;
      this.#hear(view.u32(TRACE_RECORD.tid) | 0, status, view);
      at += size;
    }
    this.#rest = this.#rest.subarray(at);
  }

  #hear(tid: number, status: number, view: ByteView): void {
    if (this.#pid === undefined) {
      if (tid < 0) this.#errno = -tid;
      else this.#startedAs(tid);
    } else if (tid === 0) this.#whole = true;
    else if (isCall(status)) this.#listener.call(callOf(view, this.#names));
    else {
      if (isStop(status) && status >>> 16 === TRACE_EVENT.exec) this.#listener.executed(tid);
      if (tid === this.#pid) this.#hearCommand(status);
    }
  }

  #startedAs(pid: number): void {
    this.#pid = pid;
    this.#signals.startedAs(pid);
  }

  #hearCommand(status: number): void {
    if (!isStop(status)) {
      this.#end = status;
      this.#signals.release();
      for (const signal of ENDING) process.on(signal, this.#stop);
      this.#timer = setTimeout(this.#listener.leftBehind, PATIENCE);
    } else if (status >>> 16 === TRACE_EVENT.exec) this.#started = true;
    else if (status >>> 16 === TRACE_EVENT.stop) {
      const signal = (status >>> 8) & 0xff;
      if (signal !== SIGTRAP) this.#signals.stopped(signal);
    }
  }

  /** The kernel kills what the tracer leaves. */
  readonly #stop = (): void => {
    this.#ended = true;
    this.#child.kill('SIGKILL');
  };

  #result(): Traced {
    const end = this.#end;
    const signal = end === undefined ? 0 : end & 0x7f;
    return {
      pid: this.#pid,
      errno: this.#errno,
      started: this.#started,
      status: end !== undefined && signal === 0 ? (end >>> 8) & 0xff : undefined,
      signal: signal === 0 ? undefined : signal,
      whole: this.#whole,
      ended: this.#ended,
    };
  }
}

const ENDING: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'];

function isCall(status: number): boolean {
  const event = status >>> 16;
  return isStop(status) && (event === TRACE_EVENT.call || (event === 0 && ((status >>> 8) & 0xff) === CALL_STOP));
}

function callOf(view: ByteView, names: boolean): TracedCall {
  const { info, infoSize, text, textSize, word } = TRACE_RECORD;
  const tid = view.u32(TRACE_RECORD.tid);
  const op = view.u8(info + SYSCALL_INFO.op);
  const isWhole = (view.u32(infoSize) | 0) > 0 && (op === SYSCALL_OP.seccomp || op === SYSCALL_OP.entry);
  const argument = (i: number) => view.u64(info + SYSCALL_INFO.args + 8 * i);
  const said = Buffer.from(view.bytes.subarray(text, text + view.u32(textSize))).toString();
  return {
    tid,
    process: names ? processIn(said, tid) : undefined,
    data: isWhole
      ? {
          // A 64-bit field for an int.
          nr: Number(BigInt.asUintN(32, view.u64(info + SYSCALL_INFO.nr))),
          arch: view.u32(info + SYSCALL_INFO.arch),
          instructionPointer: view.u64(info + SYSCALL_INFO.ip),
          args: [argument(0), argument(1), argument(2), argument(3), argument(4), argument(5)],
        }
      : undefined,
    pointed: view.u64(word),
  };
}

/** From the start of /proc/TID/status. */
export function processIn(text: string, tid: number): TracedCall['process'] {
  // A name may hold any character but the line feed, carriage returns and what looks like another field too.
  const lines = text.split('\n');
  const field = (name: string) => lines.find((line) => line.startsWith(`${name}:\t`))?.slice(name.length + 2);
  const [name, pid, filters] = [field('Name'), field('Tgid'), field('Seccomp_filters')];
  return name === undefined || pid === undefined || field('Pid') !== String(tid)
    ? undefined
    : { pid: Number(pid), name, filters: filters === undefined ? undefined : Number(filters) };
}

/** A /proc of another pid namespace shows other processes under our numbers. */
function procIsOurs(): boolean {
  try {
    return readlinkSync('/proc/self') === String(process.pid);
  } catch {
    return false;
  }
}
