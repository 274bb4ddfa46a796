/**
 * Text from outside in the sinks of this room. A profile's name may hold anything: the end of a comment, a line break, a
 * trigraph that is a backslash, characters that turn text around. What goes into source is quoted and escaped so far that
 * it can end neither its quotes nor its comment nor its line, in C, C++, Go, Rust, YAML, shell and unit files alike.
 */
import { forTerminal, withoutCommands } from '../diag/index.ts';

const MOST = 120;

/** Characters that end a comment, join lines, or begin a trigraph, a specifier (systemd's %) or a quotation. */
const SPECIAL = /[\\*?`"'%$]/g;

const hexEscape = (c: string): string => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`;

/** A text from outside, in quotes, for a comment of any of the languages. Never ends in a backslash. */
export function commentQuoted(text: string): string {
  const shown = text.length > MOST ? `${text.slice(0, MOST)}...` : text;
  // First ours, whose backslashes stay; then what no reader should see.
  return `'${withoutCommands(forTerminal(shown.replace(SPECIAL, hexEscape)))}'`;
}

/** A word for a POSIX shell: as it is where that is safe, else in single quotes. */
export function shellWord(text: string): string {
  return /^[A-Za-z0-9_.,:/@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Lines of a comment, each behind its marker, without spaces at the end. */
export function lineComment(marker: '//' | '#', lines: readonly string[]): string {
  return lines.map((line) => `${marker} ${line}`.trimEnd()).join('\n');
}

/** A block comment of C. */
export function blockComment(lines: readonly string[]): string {
  return `/*\n${lines.map((line) => ` * ${line}`.trimEnd()).join('\n')}\n */`;
}

/** Words on lines of at most `width` characters. */
export function wrapped(words: readonly string[], width: number): readonly string[] {
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
