/**
 * What stands before a call on a line of strace's, by its bytes:
 *
 *     PID | PID<comm> | [pid PID] | nothing     -f, -Y
 *     20:02:51.829373 | 1795291371.880763 | 0.000517 | with (+ 0.000264) behind      -t, -tt, -ttt, -r
 *     [  59] | [1073741825] | [????]            -n: the call's number
 *     [00007fd783e8ead7]                        -i: the instruction pointer
 */

export interface Prefix {
  /** 0: none. */
  tid: number;
  /** Where the command's name stands; equal: nowhere. */
  commFrom: number;
  commTo: number;
  /** -1: none; -2: strace did not know it. */
  nr: number;
  /** Where the rest begins. */
  at: number;
}

const SPACE = 32;
const PLUS = 43;
const DOT = 46;
const COLON = 58;
const LESS = 60;
const GREATER = 62;
const OPEN = 91;
const CLOSE = 93;
const QUESTION = 63;
const PAREN = 40;
const PAREN_CLOSE = 41;
const ESC = 27;
const M = 109;

const isDigit = (c: number | undefined) => c !== undefined && c >= 48 && c <= 57;
const isHex = (c: number | undefined) => isDigit(c) || (c !== undefined && c >= 97 && c <= 102);

/** Longest word in brackets that is a number of a call: x32's have ten digits. */
const NR_DIGITS = 10;
const TID_DIGITS = 10;

/** strace 7 colours its output. */
function skipColour(bytes: Uint8Array, at: number, to: number): number {
  let p = at;
  while (p + 1 < to && bytes[p] === ESC && bytes[p + 1] === OPEN) {
    p += 2;
    while (p < to && bytes[p] !== M) p += 1;
    p += 1;
  }
  return p;
}

function skipSpaces(bytes: Uint8Array, at: number, to: number): number {
  let p = at;
  while (p < to && bytes[p] === SPACE) p += 1;
  return bytes[p] === ESC ? skipColour(bytes, p, to) : p;
}

/** Reads the prefix into `prefix`. */
export function readPrefix(bytes: Uint8Array, from: number, to: number, prefix: Prefix): void {
  prefix.tid = 0;
  prefix.nr = -1;
  prefix.commFrom = prefix.commTo = 0;
  let p = bytes[from] === ESC ? skipColour(bytes, from, to) : from;
  p = readTid(bytes, p, to, prefix);
  p = skipSpaces(bytes, p, to);
  if (isDigit(bytes[p])) p = skipTime(bytes, p, to);
  if (bytes[p] === PAREN && bytes[p + 1] === PLUS) {
    while (p < to && bytes[p] !== PAREN_CLOSE) p += 1;
    p = skipSpaces(bytes, p + 1, to);
  }
  while (bytes[p] === OPEN) {
    const after = readBracket(bytes, p, to, prefix);
    if (after < 0) break;
    p = skipSpaces(bytes, after, to);
  }
  prefix.at = p;
}

function readTid(bytes: Uint8Array, at: number, to: number, prefix: Prefix): number {
  let p = at;
  const inBrackets = bytes[p] === OPEN && bytes[p + 1] === 112 && bytes[p + 2] === 105 && bytes[p + 3] === 100;
  if (inBrackets) p = skipSpaces(bytes, p + 4, to);
  const first = p;
  let tid = 0;
  while (p < to && isDigit(bytes[p])) {
    tid = tid * 10 + (bytes[p] as number) - 48;
    p += 1;
  }
  if (p === first || p - first > TID_DIGITS) return at;
  if (bytes[p] === LESS) {
    prefix.commFrom = p + 1;
    // strace writes a name's own '<' and '>' as \74 and \76.
    do p += 1;
    while (p < to && bytes[p] !== GREATER);
    prefix.commTo = Math.min(p, to);
    p += 1;
  }
  if (inBrackets) {
    if (bytes[p] !== CLOSE) return at;
    p += 1;
  } else if (bytes[p] !== SPACE) {
    prefix.commFrom = prefix.commTo = 0;
    return at;
  }
  prefix.tid = tid;
  return p;
}

const ESCAPED = /\\([0-7]{1,3}|[abfnrtv\\])/g;
const LETTERS: Readonly<Record<string, number>> = { a: 7, b: 8, t: 9, n: 10, v: 11, f: 12, r: 13, '\\': 92 };

/** A command's name as it was: strace escapes what is not printable, byte by byte, as in C. */
export function commOf(bytes: Uint8Array, from: number, to: number): string {
  const printed = Array.from(bytes.subarray(from, to), (byte) => String.fromCharCode(byte)).join('');
  const plain = printed.replace(ESCAPED, (_, what: string) =>
    String.fromCharCode((LETTERS[what] ?? Number.parseInt(what, 8)) & 0xff),
  );
  return new TextDecoder().decode(Uint8Array.from(plain, (c) => c.charCodeAt(0)));
}

/** A time: digits with points and colons in them. */
function skipTime(bytes: Uint8Array, at: number, to: number): number {
  let p = at;
  let marks = 0;
  for (; p < to; p += 1) {
    const c = bytes[p];
    if (c === DOT || c === COLON) marks += 1;
    else if (!isDigit(c)) break;
  }
  return marks > 0 && bytes[p] === SPACE ? skipSpaces(bytes, p, to) : at;
}

/** Behind '[59]', '[7f14fed7bc47]' or '[????]'; -1 for brackets that are something else. */
function readBracket(bytes: Uint8Array, at: number, to: number, prefix: Prefix): number {
  let p = skipSpaces(bytes, at + 1, to);
  const first = p;
  if (bytes[p] === QUESTION) {
    while (p < to && bytes[p] === QUESTION) p += 1;
    if (bytes[p] !== CLOSE) return -1;
    if (p - first <= 4) prefix.nr = -2;
    return p + 1;
  }
  let nr = 0;
  let allDigits = true;
  while (p < to && isHex(bytes[p])) {
    allDigits &&= isDigit(bytes[p]);
    nr = nr * 10 + (bytes[p] as number) - 48;
    p += 1;
  }
  if (p === first || bytes[p] !== CLOSE) return -1;
  const isNumber = allDigits && p - first <= NR_DIGITS && nr < 2 ** 32 && (bytes[first] !== 48 || p - first === 1);
  if (isNumber) prefix.nr = nr;
  return p + 1;
}
