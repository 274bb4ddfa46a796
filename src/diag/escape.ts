/**
 * Text from outside (syscall names, section names, comments, paths) made harmless for a terminal: control characters,
 * ESC, C1 and the characters that reorder or hide text are shown as escapes, so that a hostile profile can neither move
 * the cursor nor forge a line of our output.
 */

/** C0, DEL, C1, line separators, bidi controls, zero-width and tag characters, lone surrogates. */
const HOSTILE =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]|[\ud800-\udfff]/gu;

/** One line of text for a terminal; `keepTab` leaves tabs in (for source lines). */
export function forTerminal(text: string, keepTab = false): string {
  return text.replace(HOSTILE, (c) => {
    if (c === '\t' && keepTab) return c;
    const code = c.codePointAt(0) ?? 0;
    if (c === '\n') return '\\n';
    if (c === '\r') return '\\r';
    if (c === '\t') return '\\t';
    return code <= 0xff ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
  });
}

/**
 * JSON.stringify leaves C1, bidi and zero-width characters as they are; this escapes what a terminal must not see, and
 * what the runners of CI obey wherever it stands.
 */
export function jsonForTerminal(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent)
    .replace(HOSTILE, (c) =>
      // The line breaks between the indented lines are JSON's own; those inside strings are escaped already.
      c === '\n'
        ? c
        : Array.from({ length: c.length }, (_, i) => `\\u${c.charCodeAt(i).toString(16).padStart(4, '0')}`).join(''),
    )
    .replaceAll('##[', '\\u0023#[');
}

/**
 * Lines for people, which CI runners read, too: they obey commands in whatever a step prints, so a file named
 * '::stop-commands::x' must not become one. @see GitHub's runner, ActionCommand: `::` begins a line, `##[` stands anywhere
 */
export function withoutCommands(text: string): string {
  return text.replace(/^(\s*)::/gm, '$1\\x3a:').replaceAll('##[', '#\\x23[');
}

/** A name from outside in quotes, cut to a length that cannot flood the message. */
export function quoted(text: string, most = 80): string {
  const shown = text.length > most ? `${text.slice(0, most)}…` : text;
  return `'${forTerminal(shown)}'`;
}
