/** Places on a line of strace's that holds a call, by its bytes. */

const SPACE = 32;
const PAREN = 40;
const PAREN_CLOSE = 41;
const MINUS = 45;
const EQUALS = 61;
const GREATER = 62;
const X = 120;

export const isNameByte = (c: number): boolean => (c >= 97 && c <= 122) || c === 95 || (c >= 48 && c <= 57);
const isDigit = (c: number) => c >= 48 && c <= 57;

/** The parenthesis behind a name that begins here; -1 where none does. */
export function nameEnd(bytes: Uint8Array, at: number, to: number): number {
  let p = at;
  while (p < to && isNameByte(bytes[p] as number)) p += 1;
  return p > at && p < to && bytes[p] === PAREN ? p : -1;
}

/** Where the result begins: behind the last ') = ' of the line; -1 where there is none. */
export function resultAt(bytes: Uint8Array, from: number, to: number): number {
  for (let p = to - 2; p > from; p--) {
    if (bytes[p] !== EQUALS || bytes[p - 1] !== SPACE || (p + 1 < to && bytes[p + 1] !== SPACE)) continue;
    let q = p - 1;
    while (q > from && bytes[q] === SPACE) q -= 1;
    if (bytes[q] === PAREN_CLOSE) return p + 2;
  }
  return -1;
}

/** Where the arguments end: the parenthesis before the result. */
export function argumentsEnd(bytes: Uint8Array, from: number, result: number): number {
  let p = result - 3;
  while (p > from && bytes[p] !== PAREN_CLOSE) p -= 1;
  return p;
}

const UNFINISHED = new TextEncoder().encode('<unfinished ...>');

/** Where '<unfinished ...>' begins, at the end of a line; -1 where it does not stand. */
export function unfinishedAt(bytes: Uint8Array, from: number, to: number): number {
  if (bytes[to - 1] !== GREATER) return -1;
  const at = to - UNFINISHED.length;
  if (at < from) return -1;
  for (let i = 0; i < UNFINISHED.length; i++) if (bytes[at + i] !== UNFINISHED[i]) return -1;
  return at;
}

/** A result that is a number of 0 or more, decimal or hexadecimal; -1 for any other. */
export function resultNumber(bytes: Uint8Array, result: number, to: number): number {
  let value = 0;
  let p = result;
  if (bytes[p] === MINUS) return -1;
  if (bytes[p] === 48 && bytes[p + 1] === X) {
    for (p += 2; p < to; p++) {
      const c = bytes[p] as number;
      if (isDigit(c)) value = value * 16 + c - 48;
      else if (c >= 97 && c <= 102) value = value * 16 + c - 87;
      else break;
    }
    return p === result + 2 ? -1 : value;
  }
  for (; p < to && isDigit(bytes[p] as number); p++) value = value * 10 + (bytes[p] as number) - 48;
  return p === result ? -1 : value;
}
