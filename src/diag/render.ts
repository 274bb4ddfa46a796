/**
 * A diagnostic as a code frame: file:line:column, the line, a caret below it, related places, and help.
 * Everything that comes from outside passes through `forTerminal`.
 */
import type { Diagnostic, Place, Severity } from './diagnostic.ts';
import { forTerminal } from './escape.ts';
import { positionAt } from './position.ts';

/** Wraps text in a colour; the plain style leaves it as it is. */
export interface Style {
  readonly error: (text: string) => string;
  readonly warning: (text: string) => string;
  readonly note: (text: string) => string;
  readonly dim: (text: string) => string;
}

const same = (text: string): string => text;
export const PLAIN: Style = { error: same, warning: same, note: same, dim: same };
const sgr = (code: number) => (text: string) => `\u001b[${code}m${text}\u001b[0m`;
export const COLOUR: Style = { error: sgr(31), warning: sgr(33), note: sgr(36), dim: sgr(2) };

/** The widest piece of a source line that is shown; a minified profile is one line of 50,000 characters. */
const FRAME_WIDTH = 120;

function placeText(place: Place, file: string | undefined): string {
  const name = forTerminal(place.source?.name ?? file ?? '');
  if (place.source && place.span) {
    const { line, column } = positionAt(place.source.text, place.span.start);
    return `${name}:${line}:${column}`;
  }
  const prefix = name === '' ? '' : `${name}: `;
  if (place.pc !== undefined) return `${prefix}instruction ${place.pc}`;
  if (place.byteOffset !== undefined) return `${prefix}byte ${place.byteOffset} (0x${place.byteOffset.toString(16)})`;
  return name;
}

function frame(place: Place, style: Style, paint: (text: string) => string): string[] {
  if (!place.source || !place.span) return [];
  const { text } = place.source;
  const { line, lineStart, lineEnd } = positionAt(text, place.span.start);
  const from = Math.max(lineStart, Math.min(place.span.start - FRAME_WIDTH / 2, lineEnd - FRAME_WIDTH));
  const to = Math.min(lineEnd, from + FRAME_WIDTH);
  const caretEnd = Math.max(place.span.start + 1, Math.min(place.span.end, to));
  // Escaped text is longer than the original, so the gap before the caret is measured on the escaped text.
  const piece = (start: number, end: number) => forTerminal(text.slice(start, Math.min(end, to)).replaceAll('\t', ' '));
  const before = piece(from, place.span.start);
  const marked = piece(place.span.start, caretEnd);
  const shown = piece(from, to);
  const gutter = String(line).padStart(5);
  const lead = from > lineStart ? '…' : '';
  return [
    `${style.dim(`${gutter} |`)} ${lead}${shown}${to < lineEnd ? '…' : ''}`,
    `${style.dim('      |')} ${' '.repeat([...before].length + lead.length)}${paint('^'.repeat(Math.max(1, [...marked].length)))}`,
  ];
}

function painter(style: Style, severity: Severity): (text: string) => string {
  switch (severity) {
    case 'error':
      return style.error;
    case 'warning':
      return style.warning;
    case 'note':
      return style.note;
    default:
      return severity satisfies never;
  }
}

/** The whole diagnostic, without a line break at the end. */
export function render(d: Diagnostic, style: Style): string {
  const paint = painter(style, d.severity);
  const place = placeText(d, d.file);
  const lines = [`${place === '' ? 'seccompc' : place} ${paint(d.severity)} ${d.code} ${forTerminal(d.message)}`];
  lines.push(...frame(d, style, paint));
  for (const r of d.related ?? []) {
    lines.push(`   ${placeText(r, undefined)} ${style.note('related')} ${forTerminal(r.message)}`);
    lines.push(...frame(r, style, style.note));
  }
  if (d.help !== undefined) lines.push(`   help: ${forTerminal(d.help)}`);
  return lines.join('\n');
}

export function renderPlain(d: Diagnostic): string {
  return render(d, PLAIN);
}

/** The same as data: offsets kept, line and column added; safe for JSON.stringify (no bigint, no source text). */
export function toJson(d: Diagnostic): Record<string, unknown> {
  const place = (p: Place): Record<string, unknown> => {
    if (p.source && p.span) {
      const { line, column } = positionAt(p.source.text, p.span.start);
      return { file: p.source.name, span: p.span, line, column };
    }
    return {
      ...(p.pc !== undefined && { pc: p.pc }),
      ...(p.byteOffset !== undefined && { byteOffset: p.byteOffset }),
    };
  };
  return {
    code: d.code,
    severity: d.severity,
    message: d.message,
    ...(d.file !== undefined && { file: d.file }),
    ...place(d),
    ...(d.help !== undefined && { help: d.help }),
    ...(d.related && { related: d.related.map((r) => ({ message: r.message, ...place(r) })) }),
  };
}
