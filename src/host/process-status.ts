/** What /proc says of processes and their threads. @see proc_pid_status(5), proc_pid_stat(5) */
import { readdirSync, readFileSync } from 'node:fs';
import { endianness } from 'node:os';
import type { Endian } from '../num/index.ts';
import { codeOf } from './unwritable.ts';

/** This machine's byte order, and so that of its filters. */
export const HERE: Endian = endianness() === 'BE' ? 'big' : 'little';

export interface ThreadStatus {
  readonly tid: number;
  readonly pid: number;
  /** In clock ticks since boot: an id may come again, the two together do not. */
  readonly started: string;
  /** At most 15 bytes, chosen by the thread itself. */
  readonly name: string;
  /** 'R', 'S', 'D', 'T' (stopped), 't' (by a tracer), 'Z' (ended), ... */
  readonly state: string;
  /** 0 when nobody traces it. */
  readonly tracer: number;
  /** Since Linux 4.10. */
  readonly noNewPrivs: boolean | undefined;
  /** 0 none, 1 strict, 2 filter; undefined for a kernel without seccomp. */
  readonly seccomp: number | undefined;
  /** How many; since Linux 5.9. */
  readonly filters: number | undefined;
  /** Of its process. */
  readonly threads?: number | undefined;
  /** A thread of the kernel itself: it has no memory of its own. */
  readonly isKernel: boolean;
}

/** States of what has ended: waiting for its parent, or on its way out. */
export const ENDED: ReadonlySet<string> = new Set(['Z', 'X', 'x']);

/** Undefined for a thread that is not there (any more), or that this process is not shown. */
export function threadStatus(pid: number, tid: number = pid): ThreadStatus | undefined {
  const folder = `/proc/${pid}/task/${tid}`;
  for (;;) {
    const started = startedIn(folder);
    const text = readProc(`${folder}/status`);
    if (started === undefined || text === undefined) return undefined;
    // Else the id went on to another thread between the two.
    if (startedIn(folder) === started) return statusIn(text, pid, tid, started);
  }
}

function statusIn(text: string, pid: number, tid: number, started: string): ThreadStatus {
  const fields = new Map(
    text.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]),
  );
  const number = (name: string) => {
    const value = fields.get(name);
    return value === undefined ? undefined : Number(value);
  };
  const noNewPrivs = number('NoNewPrivs');
  return {
    tid,
    pid: number('Tgid') ?? pid,
    started,
    name: fields.get('Name') ?? '',
    state: fields.get('State')?.charAt(0) ?? '?',
    tracer: number('TracerPid') ?? 0,
    noNewPrivs: noNewPrivs === undefined ? undefined : noNewPrivs === 1,
    seccomp: number('Seccomp'),
    filters: number('Seccomp_filters'),
    threads: number('Threads'),
    // Said since Linux 6.8; before, only what has ended lacks a memory of its own as well.
    isKernel: fields.has('Kthread')
      ? number('Kthread') === 1
      : !fields.has('VmSize') && !ENDED.has(fields.get('State')?.charAt(0) ?? ''),
  };
}

/** Ids of a process's threads, in ascending order; empty when there is no such process. */
export function threadsOf(pid: number): readonly number[] {
  try {
    return readdirSync(`/proc/${pid}/task`)
      .map(Number)
      .sort((a, b) => a - b);
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes(codeOf(error))) return [];
    throw error;
  }
}

/** What a process has started and that still belongs to it; empty for a kernel without CONFIG_PROC_CHILDREN. */
export function childrenOf(pid: number): readonly number[] {
  const lists = threadsOf(pid).map((tid) => readProc(`/proc/${pid}/task/${tid}/children`) ?? '');
  return lists.flatMap((list) =>
    list
      .split(' ')
      .filter((id) => id !== '')
      .map(Number),
  );
}

/** One letter, as `ThreadStatus.state`. */
export function stateOf(pid: number): string | undefined {
  return statFields(String(pid))?.[STAT.state];
}

/** Whether this process belongs to the group that its terminal sends signals to. */
export function inForeground(): boolean {
  const fields = statFields('self');
  return fields !== undefined && fields[STAT.tty] !== '0' && fields[STAT.foreground] === fields[STAT.group];
}

/** Places in what follows the command's name, which may hold blanks and parentheses itself. */
const STAT = { state: 0, group: 2, tty: 4, foreground: 5, starttime: 19 } as const;

function startedIn(folder: string): string | undefined {
  return statFields(folder.slice('/proc/'.length))?.[STAT.starttime];
}

function statFields(pid: string): readonly string[] | undefined {
  const text = readProc(`/proc/${pid}/stat`);
  return text?.slice(text.lastIndexOf(')') + 2).split(' ');
}

/** Undefined for what is not there, or not for this user. */
export function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes(codeOf(error))) return undefined;
    throw error;
  }
}
