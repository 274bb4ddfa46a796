/** What a path that will be written to leads to, asked before anything is written. */
import { type BigIntStats, closeSync, constants, fstatSync, openSync, statSync } from 'node:fs';
import { isatty } from 'node:tty';
import type { FileStamp } from './stamp.ts';

export interface Destination {
  /** The same place as standard output, by whatever name: '-', /dev/stdout, /proc/self/fd/1. */
  readonly isStdout: boolean;
  readonly isTerminal: boolean;
}

/** Undefined for what is not there or cannot be looked at: whoever writes there says what is wrong with it. */
function lookAt(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true });
  } catch {
    return undefined;
  }
}

/** Looks at a path; '-' is standard output. What is not there is neither. */
export function destinationOf(path: string): Destination {
  if (path === '-') return { isStdout: true, isTerminal: isatty(1) };
  const there = lookAt(path);
  if (there === undefined) return { isStdout: false, isTerminal: false };
  try {
    const isTerminal = there.isCharacterDevice() && isTerminalDevice(path);
    const out = fstatSync(1, { bigint: true });
    // Two writers of /dev/null do not meet.
    const meets = isTerminal || !there.isCharacterDevice();
    return { isStdout: meets && there.dev === out.dev && there.ino === out.ino, isTerminal };
  } catch {
    return { isStdout: false, isTerminal: false };
  }
}

function isTerminalDevice(path: string): boolean {
  const fd = openSync(path, constants.O_WRONLY | (constants.O_NOCTTY ?? 0) | (constants.O_NONBLOCK ?? 0));
  try {
    return isatty(fd);
  } finally {
    closeSync(fd);
  }
}

/** True when the path leads to the file that was read under this stamp. */
export function leadsTo(path: string, stamp: FileStamp | undefined): boolean {
  if (stamp === undefined || path === '-') return false;
  const there = lookAt(path);
  return there?.dev === stamp.dev && there.ino === stamp.ino;
}

/** True when both paths lead to one file that is there. */
export function isSameFile(a: string, b: string): boolean {
  return a !== '-' && b !== '-' && leadsTo(a, lookAt(b));
}
