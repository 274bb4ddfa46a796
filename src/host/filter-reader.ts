/**
 * Runs the filter reader that machine/ emits, once for each thread. The reader leaves the thread as it was, and what is
 * said of that in machine/README.md holds however this process ends.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { archOfNode } from '../arch/index.ts';
import { fail } from '../diag/index.ts';
import { decodeReading, filterReaderElf, isCpuName, type ReadFilter, type Reading } from '../machine/index.ts';
import { ByteView } from '../num/index.ts';
import { type Caller, callerHere } from './process-caller.ts';
import { type PlacedProgram, placeProgram } from './process-file.ts';
import { busy, missing, refusedBy, replaced } from './process-refusal.ts';
import { HERE, type ThreadStatus, threadStatus } from './process-status.ts';
import { codeOf } from './unwritable.ts';

/** How long a thread may take to stop; those that nothing keeps take microseconds. */
const SECONDS = 5;
const MOST_BYTES = 1 << 20;

export interface FilterReader {
  /**
   * The filters of a running thread, in the order of installing; none when it carries none, or is in strict mode.
   * @throws SeccompcError PROCESS_*, CALLER_CONFINED, KERNEL_UNABLE, KERNEL_UNASKED
   */
  read(thread: ThreadStatus): readonly ReadFilter[];
}

const unasked = (why: string, help?: string): never =>
  fail({ code: 'KERNEL_UNASKED', message: `this kernel cannot be asked: ${why}`, help });

/** Throws KERNEL_UNASKED where /proc is absent, or speaks of other numbers than this process does. */
export function requireProc(): void {
  if (process.platform !== 'linux') unasked(`this is ${process.platform}, not Linux`);
  if (callerHere().hasOwnProc) return;
  unasked(
    '/proc is not mounted, or belongs to another PID namespace, where numbers mean other processes',
    'mount -t proc proc /proc (unshare --mount-proc does)',
  );
}

/** Calls `body` with a reader, whose program is gone afterwards. */
export function withFilterReader<T>(body: (reader: FilterReader) => T): T {
  requireProc();
  let placed: Exclude<PlacedProgram, { why: string }> | undefined;
  const caller = callerHere();
  const read = (thread: ThreadStatus): readonly ReadFilter[] => {
    if (thread.seccomp === 0 || thread.seccomp === STRICT) return [];
    placed ??= place();
    return readThread(placed.path, thread, caller);
  };
  try {
    return body({ read });
  } finally {
    if (placed !== undefined) closeSync(placed.fd);
  }
}

const STRICT = 1;
const EPERM = 1;

function place(): Exclude<PlacedProgram, { why: string }> {
  const own = archOfNode(process.arch, HERE);
  if (own === undefined || !isCpuName(own.name)) return unasked(`there is no reader for ${process.arch}`);
  const placed = placeProgram(filterReaderElf(own.name, SECONDS));
  return 'why' in placed ? unasked(placed.why, placed.help) : placed;
}

function readThread(path: string, thread: ThreadStatus, caller: Caller): readonly ReadFilter[] {
  const watch = openWatch(thread, caller);
  let reading: Reading;
  try {
    reading = runReader(path, thread, watch);
  } finally {
    closeSync(watch);
  }
  const after = threadStatus(thread.pid, thread.tid);
  // What ended after it was read has been read all the same.
  if (after !== undefined && after.started !== thread.started) fail(replaced(thread.tid));
  return reading.step === 'done' ? reading.filters : fail(refusedBy(reading, thread, after, caller));
}

function openWatch(thread: ThreadStatus, caller: Caller): number {
  const { pid, tid } = thread;
  try {
    return openSync(`/proc/${pid}/task/${tid}/syscall`, 'r');
  } catch (error) {
    const code = codeOf(error);
    const now = threadStatus(pid, tid);
    if (now === undefined) return fail(missing(tid));
    if (code === 'ENOENT' || code === 'ESRCH') return unasked('/proc/PID/task/TID/syscall is not there');
    if (code !== 'EACCES' && code !== 'EPERM') throw error;
    return fail(refusedBy({ step: 'seize', errno: EPERM }, thread, now, caller));
  }
}

function runReader(path: string, thread: ThreadStatus, watch: number): Reading {
  const input = new ByteView(new Uint8Array(4), HERE);
  input.setU32(0, thread.tid);
  // A session of its own: what a terminal sends to this one does not reach it. (spawnSync takes `detached` as spawn does;
  // its types do not say so.)
  const options = { input: input.bytes, maxBuffer: MOST_BYTES, detached: true, env: {}, argv0: 'seccompc-reader' };
  const { error, status, signal, stdout } = spawnSync(path, [], {
    ...options,
    stdio: ['pipe', 'pipe', 'ignore', watch],
  });
  // Its own timer.
  if (signal === 'SIGALRM') return fail(busy(threadStatus(thread.pid, thread.tid) ?? thread, SECONDS));
  const reading = error === undefined && status === 0 ? decodeReading(stdout, HERE) : undefined;
  if (reading !== undefined) return reading;
  const why = (error as NodeJS.ErrnoException | undefined)?.code ?? signal ?? `status ${status}`;
  return unasked(`the program that reads filters ended early (${why})`);
}
