/**
 * What `strace -ff -o trace` leaves: one file for each thread, trace.PID, with no number in its lines. That they belong
 * together their names tell, when several are given; the first lines of each tell whether it is one of them (read.ts).
 */

import type { Arch } from '../arch/index.ts';

/** How a thread began, as the file of the one that started it tells. */
export interface Origin {
  /** Its process; undefined: not told. */
  readonly pid: number | undefined;
  readonly arch: Arch | undefined;
}

/** A thread's file among others of one recording. */
export interface OfSet {
  readonly tid: number;
  /** By thread, as far as the files read before tell it; shared by the files of a set. */
  readonly origins: Map<number, Origin>;
}

export interface NamedTrace {
  readonly path: string;
  readonly ofSet?: OfSet | undefined;
}

/** A thread's number as a file's last extension; several such files with one stem are a set. */
const MEMBER = /^(.+)\.([1-9]\d{0,9})(?:\.gz)?$/s;
/** PID or [pid PID] before a call: not such a file. */
const PREFIXED = /^(?:\[pid +\d+|\d+(?:<.*>)? +(?:[\d:.]+ +)?(?:\(\+ |\[|[a-z_]+\(|<\.\.\. |---|\+\+\+))/;

/**
 * The traces in the order in which they are to be read: the files of a set together, by number, as a thread mostly has
 * a higher number than the one that started it, whose file says which process it belongs to.
 */
export function inReadingOrder(paths: readonly string[]): readonly NamedTrace[] {
  const sets = new Map<string, NamedTrace[]>();
  for (const path of paths) {
    const [, stem, number] = MEMBER.exec(path) ?? [];
    if (stem === undefined) continue;
    const set = sets.get(stem) ?? [];
    const origins = set[0]?.ofSet?.origins ?? new Map<number, Origin>();
    sets.set(stem, [...set, { path, ofSet: { tid: Number(number), origins } }]);
  }
  const tidOf = ({ ofSet }: NamedTrace) => ofSet?.tid ?? 0;
  return paths.flatMap((path): readonly NamedTrace[] => {
    const set = sets.get(MEMBER.exec(path)?.[1] ?? '');
    if (set === undefined || set.length < 2) return [{ path }];
    return set[0]?.path === path ? set.toSorted((a, b) => tidOf(a) - tidOf(b)) : [];
  });
}

/** Whether these lines may be of a file with one thread: none of them begins with a thread's number. */
export function isOneThread(lines: readonly string[]): boolean {
  return !lines.some((line) => PREFIXED.test(line));
}
