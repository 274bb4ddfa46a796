/** A text with line numbers, in which places can be shown. */
import type { Finding, Span } from '../protocol.ts';
import { el } from './dom.ts';

/** Of the style sheet: the height of a line in pixels. */
const LINE = 20;
/** About the width of a character. */
const CHARACTER = 8;
/** More marks beside the text help nobody. */
const MOST_MARKS = 300;

export class Editor {
  readonly area: HTMLTextAreaElement;
  readonly root: HTMLElement;
  readonly #numbers: HTMLElement;
  readonly #marks: HTMLElement;
  /** Offset of each line's first character. */
  #starts: number[] = [];

  constructor(label: string, placeholder: string, changed: (text: string) => void) {
    this.area = el('textarea', {
      'aria-label': label,
      placeholder,
      spellcheck: 'false',
      autocomplete: 'off',
      autocapitalize: 'off',
      wrap: 'off',
    });
    this.#numbers = el('div', { class: 'numbers' });
    this.#marks = el('div', { class: 'marks' });
    const gutter = el('div', { class: 'gutter', 'aria-hidden': 'true' }, this.#numbers, this.#marks);
    this.root = el('div', { class: 'editor' }, gutter, this.area);
    this.area.addEventListener('input', () => {
      this.#count();
      changed(this.area.value);
    });
    this.area.addEventListener('scroll', () => {
      gutter.scrollTop = this.area.scrollTop;
    });
    this.#count();
  }

  get text(): string {
    return this.area.value;
  }

  /** Puts in a text, whose line breaks become \n; `text` tells it as it is now. */
  set text(text: string) {
    this.area.value = text;
    this.area.scrollTop = 0;
    this.area.scrollLeft = 0;
    this.#count();
  }

  /** Marks the lines that findings speak of. */
  mark(findings: readonly Finding[]): void {
    const worst = new Map<number, Finding>();
    for (const finding of findings.slice(0, MOST_MARKS)) {
      if (finding.span === undefined) continue;
      const line = this.#lineOf(finding.span.start);
      const before = worst.get(line);
      if (before === undefined || RANK[finding.severity] < RANK[before.severity]) worst.set(line, finding);
    }
    this.#marks.replaceChildren(
      ...[...worst].map(([line, { severity, message }]) => {
        const mark = el('span', { class: `mark ${severity}`, title: message }, SIGN[severity]);
        mark.style.top = `${line * LINE}px`;
        return mark;
      }),
    );
  }

  /** Selects a place and brings it into view. */
  show({ start, end }: Span): void {
    const line = this.#lineOf(start);
    const column = end - (this.#starts[line] ?? 0);
    this.area.focus();
    this.area.setSelectionRange(start, Math.max(end, start));
    this.area.scrollTop = Math.max(0, (line - 4) * LINE);
    this.area.scrollLeft = Math.max(0, (column + 4) * CHARACTER - this.area.clientWidth);
    this.root.scrollIntoView({ block: 'nearest' });
  }

  /** From 0. */
  #lineOf(offset: number): number {
    const after = this.#starts.findIndex((start) => start > offset);
    return (after < 0 ? this.#starts.length : after) - 1;
  }

  #count(): void {
    const before = this.#starts.length;
    this.#starts = [0];
    for (const { index } of this.area.value.matchAll(/\n/g)) this.#starts.push(index + 1);
    const lines = this.#starts.length;
    if (lines === before) return;
    this.#numbers.textContent = Array.from({ length: lines }, (_, i) => i + 1).join('\n');
  }
}

const RANK = { error: 0, warning: 1, note: 2 } as const;
const SIGN = { error: '✕', warning: '!', note: 'i' } as const;
