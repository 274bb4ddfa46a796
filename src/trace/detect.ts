/** Which format a trace is in, by its first lines: every reader says how many of them are its own. */
import type { ReaderKind } from './reader.ts';

/** Lines that are looked at, blank ones left out. */
export const LOOKED_AT = 50;
/** Of each line so much: enough for every prefix. */
const LINE_HEAD = 4096;

const decoder = new TextDecoder('utf-8');

/** The first lines of a chunk as text; the last one only when it is whole, or when `atEnd`. */
export function firstLines(chunk: Uint8Array, atEnd: boolean): readonly string[] {
  const lines: string[] = [];
  let from = 0;
  while (from < chunk.length && lines.length < LOOKED_AT) {
    const found = chunk.indexOf(10, from);
    if (found < 0 && !atEnd) break;
    const end = found < 0 ? chunk.length : found;
    const line = decoder.decode(chunk.subarray(from, Math.min(end, from + LINE_HEAD))).replace(/\r$/, '');
    if (line !== '') lines.push(line);
    from = end + 1;
  }
  return lines;
}

export interface Detected {
  readonly kind: ReaderKind;
  /** How many lines it knows. */
  readonly own: number;
  /** In words, for the report. */
  readonly why: string;
}

/** The reader that knows the most of these lines; undefined when none knows any. The first of the list wins a tie. */
export function detect(lines: readonly string[], kinds: readonly ReaderKind[]): Detected | undefined {
  let best: Detected | undefined;
  let most = 0;
  for (const kind of kinds) {
    const own = kind.recognise(lines);
    if (own <= most) continue;
    most = own;
    best = { kind, own, why: `${own} of the first ${lines.length} lines` };
  }
  return best;
}
