/** The arguments of one line of strace's, as texts and as registers. */
import type { Arch } from '../arch/index.ts';
import { rawWord } from './numbers.ts';
import { symbolicArguments } from './symbols.ts';
import type { TracedArg } from './types.ts';

const OPENING = '([{';
const CLOSING = ')]}';

/** Cuts at the commas that are in no string, structure or comment; what -y puts into <> may hold anything but '>'. */
export function splitArguments(text: string): readonly string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text[i] as string;
    if (c === '"') i = endOfString(text, i);
    else if (c === '/' && text[i + 1] === '*') i = skipTo(text, '*/', i + 2) + 1;
    else if (c === '<' && text[i + 1] === '<') i += 1;
    else if (c === '<' && /[\dD]/.test(text[i - 1] ?? '')) i = skipTo(text, '>', i);
    else if (OPENING.includes(c)) depth += 1;
    else if (CLOSING.includes(c)) depth -= 1;
    else if (c === ',' && depth === 0) {
      parts.push(text.slice(from, i).trim());
      from = i + 1;
    }
  }
  const last = text.slice(from).trim();
  if (last !== '' || parts.length > 0) parts.push(last);
  return parts;
}

function endOfString(text: string, from: number): number {
  for (let i = from + 1; i < text.length; i++) {
    if (text[i] === '\\') i += 1;
    else if (text[i] === '"') return i;
  }
  return text.length;
}

function skipTo(text: string, what: string, from: number): number {
  const found = text.indexOf(what, from);
  return found < 0 ? text.length : found;
}

/** Whether a log is raw is known from its first call that would look otherwise; until then it counts as symbolic. */
export type Mode = 'unknown' | 'raw' | 'symbolic';

/** Calls whose first or second argument is a path: a string, unless the log is raw. */
const PATHS: ReadonlyMap<string, number> = new Map([
  ['execve', 0],
  ['openat', 1],
  ['newfstatat', 1],
  ['access', 0],
  ['open', 0],
  ['readlink', 0],
  ['faccessat', 1],
  ['statx', 1],
]);

/** Calls whose first argument is a descriptor or a status: decimal, unless the log is raw. */
const DECIMAL: ReadonlySet<string> = new Set(
  (
    'close read write readv writev pread64 pwrite64 fstat lseek ioctl fcntl dup getdents64 ftruncate fsync recvfrom ' +
    'sendto recvmsg sendmsg connect bind listen accept accept4 setsockopt getsockopt epoll_ctl epoll_wait epoll_pwait ' +
    'exit exit_group'
  ).split(' '),
);

/** What this call says about the log: a path or a descriptor in hexadecimal is raw, anything but hexadecimal is not. */
export function modeSeen(name: string, texts: readonly string[]): Mode {
  if (texts.some((text) => rawWord(text) === undefined)) return 'symbolic';
  if (DECIMAL.has(name) && texts[0]?.startsWith('0x')) return 'raw';
  const path = texts[PATHS.get(name) ?? -1];
  return path !== undefined && path.length > 4 ? 'raw' : 'unknown';
}

/** Registers 0 to 5 as far as the text tells them. */
export function registersOf(
  arch: Arch | undefined,
  name: string,
  texts: readonly string[],
  mode: Mode,
): readonly (TracedArg | undefined)[] {
  return mode === 'raw' ? texts.slice(0, 6).map(rawWord) : symbolicArguments(arch, name, texts);
}
