/** What caller.c reads and writes: groups of a filter and calls under it, and what each call gave. */
import { ByteView, type Endian } from '../../../src/num/index.ts';

export interface Call {
  readonly nr: number;
  /** 64 bits each; a caller whose registers are narrower takes the low word. */
  readonly args: readonly bigint[];
}

export interface Group {
  /** sock_filter records; none: nothing is installed. */
  readonly filter: Uint8Array;
  readonly calls: readonly Call[];
}

export interface GroupAnswer {
  /** errno of installing, 0 for success. */
  readonly installed: number;
  /** A 16-bit word per call: the low half of its result, DIED + signal, or NOT_MADE. */
  readonly results: Uint16Array;
}

/** A call that ended its caller by signal N gives DIED + N. */
export const DIED = 0x8000;
export const NOT_MADE = 0x7fff;

const HEAD = 12;
const CALL = 56;
const answerBytes = ({ calls }: Group) => 8 + 4 * Math.ceil(calls.length / 2);

export function encodeGroups(groups: readonly Group[], endian: Endian): Uint8Array {
  const size = groups.reduce((sum, { filter, calls }) => sum + 8 + filter.length + CALL * calls.length, 0);
  const view = new ByteView(new Uint8Array(HEAD + size), endian);
  [size, groups.reduce((sum, group) => sum + answerBytes(group), 0), groups.length].forEach((word, i) => {
    view.setU32(4 * i, word);
  });
  let at = HEAD;
  for (const { filter, calls } of groups) {
    view.setU32(at, filter.length / 8);
    view.setU32(at + 4, calls.length);
    view.bytes.set(filter, at + 8);
    at += 8 + filter.length;
    for (const { nr, args } of calls) {
      [BigInt(nr), ...args].forEach((word, i) => {
        view.setU64(at + 8 * i, word);
      });
      at += CALL;
    }
  }
  return view.bytes;
}

export function decodeGroupAnswers(groups: readonly Group[], bytes: Uint8Array, endian: Endian): GroupAnswer[] {
  const expected = groups.reduce((sum, group) => sum + answerBytes(group), 0);
  if (bytes.length !== expected) throw new Error(`${bytes.length} bytes of answers, ${expected} expected`);
  const view = new ByteView(bytes, endian);
  let at = 0;
  return groups.map((group) => {
    const start = at;
    at += answerBytes(group);
    const results = Uint16Array.from(group.calls, (_, i) => view.u16(start + 8 + 2 * i));
    return { installed: view.u32(start), results };
  });
}
