/** Line and column from a text offset, both from 1; columns count code points, as editors show them. */
export interface Position {
  readonly line: number;
  readonly column: number;
  /** Offsets of the line's first character and of its end (before the line break). */
  readonly lineStart: number;
  readonly lineEnd: number;
}

interface LineIndex {
  readonly text: string;
  /** Offset of each line's first character, ascending; line 1 starts at 0. */
  readonly starts: readonly number[];
}

/** The index of the text asked for last: many diagnostics of one file come in a row. */
let latest: LineIndex = { text: '', starts: [0] };

/** A line ends at \n, \r\n or a lone \r. */
function lineStarts(text: string): readonly number[] {
  if (latest.text !== text) {
    const starts = [0];
    for (const { index, 0: lineBreak } of text.matchAll(/\r\n|\n|\r/g)) starts.push(index + lineBreak.length);
    latest = { text, starts };
  }
  return latest.starts;
}

function codePoints(text: string, from: number, to: number): number {
  let count = 0;
  for (let i = from; i < to; i++) {
    const isPair = (text.charCodeAt(i) & 0xfc00) === 0xd800 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00;
    if (isPair && i + 1 < to) i += 1;
    count += 1;
  }
  return count;
}

export function positionAt(text: string, offset: number): Position {
  const at = Math.max(0, Math.min(offset, text.length));
  const starts = lineStarts(text);
  let line = 1;
  for (let above = starts.length; above - line > 0; ) {
    // The line lies in line..above, both counted from 1.
    const middle = (line + above + 1) >> 1;
    if ((starts[middle - 1] as number) <= at) line = middle;
    else above = middle - 1;
  }
  const lineStart = starts[line - 1] as number;
  const next = starts[line] ?? text.length;
  let lineEnd = next;
  while (lineEnd > lineStart && /[\r\n]/.test(text[lineEnd - 1] as string)) lineEnd -= 1;
  return { line, column: codePoints(text, lineStart, Math.min(at, lineEnd)) + 1, lineStart, lineEnd };
}
