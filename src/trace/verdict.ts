/** Whether a replay passes: what a command ends with and what a test asks. */
import { fail, quoted } from '../diag/index.ts';
import { LIMITS_OF_KIND } from './raw-syscalls.ts';
import type { ReadReport, Replay } from './types.ts';

export interface Terms {
  /** Denied calls that are no failure. */
  readonly maxDenials?: number | undefined;
  /** A trace that is incomplete, or leaves calls open, is no evidence. */
  readonly strict?: boolean | undefined;
}

/** 'open': nothing too much is denied for certain, but under `strict` the trace does not tell all. */
export type Standing = 'passed' | 'denied' | 'open';

/** `denied`: how many denied calls count, those of a baseline left out. */
export function standing(replay: Replay, denied: number, { maxDenials = 0, strict = false }: Terms): Standing {
  if (denied > maxDenials) return 'denied';
  const isIncomplete = replay.sources.some(({ incomplete, unread }) => incomplete.length > 0 || unread > 0);
  return strict && (isIncomplete || replay.totals.ambiguous > 0 || replay.totals.undecided > 0) ? 'open' : 'passed';
}

/** Whether calls are missing that a recording of its kind holds: it is cut, lost some, or is mostly not understood. */
export function isDamaged({ incomplete, lines, unread }: ReadReport): boolean {
  return unread * 2 > lines || incomplete.some((why) => !LIMITS_OF_KIND.has(why));
}

/** Throws TRACE_EMPTY for traces in which nothing was understood: silence there is no evidence. */
export function requireCalls({ sources }: Replay): void {
  const empty = sources.find(({ calls }) => calls === 0);
  if (empty === undefined || sources.some(({ calls }) => calls > 0)) return;
  const [line] = empty.firstUnread;
  fail({
    code: 'TRACE_EMPTY',
    file: empty.file,
    message: `no system call was found in ${empty.lines} lines, read as ${empty.format}${line === undefined ? '' : `; line ${line.line} is ${quoted(line.text.slice(0, 80))}`}`,
    help: 'record one with: strace -f -n -e raw=all -e quiet=attach,path-resolution,thread-execve -o FILE COMMAND',
  });
}
