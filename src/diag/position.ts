/** Line and column from a text offset, both from 1; columns count code points, as editors show them. */
export interface Position {
  readonly line: number;
  readonly column: number;
  /** Offsets of the line's first character and of its end (before the line break). */
  readonly lineStart: number;
  readonly lineEnd: number;
}

/** A line ends at \n, \r\n or a lone \r. */
export function positionAt(text: string, offset: number): Position {
  const at = Math.max(0, Math.min(offset, text.length));
  let line = 1;
  let lineStart = 0;
  for (let i = 0; i < at; i++) {
    const c = text.charCodeAt(i);
    if (c === 10 || (c === 13 && text.charCodeAt(i + 1) !== 10)) {
      line += 1;
      lineStart = i + 1;
    }
  }
  let lineEnd = at;
  while (lineEnd < text.length && text[lineEnd] !== '\n' && text[lineEnd] !== '\r') lineEnd += 1;
  return { line, column: [...text.slice(lineStart, at)].length + 1, lineStart, lineEnd };
}
