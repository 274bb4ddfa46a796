/** The threads of one process, looked at one by one while they come and go. */
import { fail, SeccompcError } from '../diag/index.ts';
import { ended, missing, refusedBefore, replaced } from './process-refusal.ts';
import { ENDED, type ThreadStatus, threadStatus, threadsOf } from './process-status.ts';

/**
 * A thread is started by one that is there: once a round finds none unseen, all have been seen. But a list that is read
 * while threads come and go may lack one that has started its successor and ended in between, again and again: so the
 * kernel's own count has to be no larger than what the round found.
 */
const MOST_ROUNDS = 20;

const GONE: ReadonlySet<string> = new Set(['PROCESS_MISSING', 'PROCESS_ENDED']);

/** Live threads of a process besides one. */
function othersOf({ pid, tid }: ThreadStatus): number {
  return threadsOf(pid).filter((other) => {
    const status = other === tid ? undefined : threadStatus(pid, other);
    return status !== undefined && !ENDED.has(status.state);
  }).length;
}

/**
 * The thread of this id, by its own or its process's number.
 * @throws SeccompcError PROCESS_MISSING, PROCESS_ENDED, PROCESS_KERNEL, KERNEL_UNABLE
 */
export function threadNamed(tid: number): ThreadStatus {
  const thread = threadStatus(tid) ?? fail(missing(tid));
  const refusal = refusedBefore(thread, ENDED.has(thread.state) ? othersOf(thread) : 0);
  return refusal === undefined ? thread : fail(refusal);
}

/** Where threads are listed. */
export interface Threads {
  readonly threadsOf: (pid: number) => readonly number[];
  readonly threadStatus: (pid: number, tid: number) => ThreadStatus | undefined;
}

const RUNNING: Threads = { threadsOf, threadStatus };

export interface Looked<T> {
  readonly thread: ThreadStatus;
  readonly seen: T;
}

/**
 * Calls `look` for every live thread of the process that `id` belongs to, anew for one that got a further filter
 * meanwhile, until none is left that was not looked at; by ascending id. Threads that end meanwhile are left out.
 * @throws SeccompcError what `look` throws; PROCESS_MISSING, PROCESS_ENDED (no thread lives), PROCESS_KERNEL,
 *   KERNEL_UNABLE; PROCESS_CHANGED when the process is another one by then, or when threads come faster than they are
 *   looked at
 */
export function eachThread<T>(
  id: number,
  look: (thread: ThreadStatus) => T,
  proc: Threads = RUNNING,
): readonly Looked<T>[] {
  const named = proc.threadStatus(id, id) ?? fail(missing(id));
  const { pid } = named;
  const leader = proc.threadStatus(pid, pid) ?? fail(missing(id));
  const found = new Map<string, Looked<T>>();
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const { live, shown } = liveThreads(pid, proc);
    if (live.size === 0) return fail(proc.threadsOf(pid).length === 0 ? missing(id) : ended(named, 0));
    for (const key of found.keys()) if (!live.has(key)) found.delete(key);
    const unseen = [...live].filter(
      ([key, { filters, seccomp }]) =>
        !found.has(key) || found.get(key)?.thread.filters !== filters || found.get(key)?.thread.seccomp !== seccomp,
    );
    if (unseen.length === 0) {
      // The number of a process that ended goes on to another one, and its folder in /proc with it.
      const now = proc.threadStatus(pid, pid);
      if (now?.started !== leader.started) fail(replaced(pid));
      if ((now?.threads ?? 0) > shown) continue;
      return [...found.values()].sort((a, b) => a.thread.tid - b.thread.tid);
    }
    for (const [key, thread] of unseen) {
      const refusal = refusedBefore(thread, 0);
      if (refusal !== undefined) fail(refusal);
      const seen = unlessGone(() => look(thread));
      if (seen !== undefined) found.set(key, { thread, seen: seen.value });
    }
  }
  return fail({
    code: 'PROCESS_CHANGED',
    message: `process ${pid} starts threads faster than they can be looked at`,
    help: 'try again when it is quieter; --pid with the number of a thread looks at that one',
  });
}

/** `shown`: how many there are, with those that have ended and wait for their parent. */
function liveThreads(pid: number, proc: Threads): { live: ReadonlyMap<string, ThreadStatus>; shown: number } {
  const live = new Map<string, ThreadStatus>();
  let shown = 0;
  for (const tid of proc.threadsOf(pid)) {
    const thread = proc.threadStatus(pid, tid);
    if (thread === undefined) continue;
    shown += 1;
    if (!ENDED.has(thread.state)) live.set(`${tid} ${thread.started}`, thread);
  }
  return { live, shown };
}

function unlessGone<T>(look: () => T): { readonly value: T } | undefined {
  try {
    return { value: look() };
  } catch (error) {
    if (error instanceof SeccompcError && error.diagnostics.every(({ code }) => GONE.has(code))) return undefined;
    throw error;
  }
}
