/** The words of a statement, each with its place, and a reader over them that says what it expected. */
import { type Diagnostics, type NewDiagnostic, quoted, type Source, type Span } from '../diag/index.ts';
import { didYouMean } from '../policy/vocabulary.ts';

export interface Token {
  /** `name` may end in '*' (CLONE_NEW*); 'end' stands behind the last one. */
  readonly kind: 'name' | 'number' | 'mark' | 'bad' | 'end';
  readonly text: string;
  readonly span: Span;
}

/** One statement and where its text stands. */
export interface Written {
  readonly text: string;
  readonly source: Source;
  /** Of the text without its quotes, where source and text agree letter by letter; else of the whole string. */
  readonly span: Span;
}

/** A statement longer than this is none. */
export const MAX_STATEMENT = 2000;

const TOKEN = /\s*(?:([A-Za-z_]\w*\*?)|(-?(?:0[xX][0-9a-fA-F]+|\d+))(?!\w)|(\.\.\.|\.\.|==|[(),|&*])|(\S))/y;

/** Thrown when a statement cannot be read on; the reason is reported by then. */
export class Unreadable extends Error {}

export function tokensOf(written: Written): readonly Token[] {
  const { text, span } = written;
  // With escapes in the string, offsets in the text are no offsets in the source.
  const exact = span.end - span.start === text.length;
  const place = (start: number, end: number): Span =>
    exact ? { start: span.start + start, end: span.start + end } : span;
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  for (let found = TOKEN.exec(text); found !== null; found = TOKEN.exec(text)) {
    const [, name, number, mark, bad] = found;
    const word = name ?? number ?? mark ?? bad ?? '';
    const kind = name !== undefined ? 'name' : number !== undefined ? 'number' : mark !== undefined ? 'mark' : 'bad';
    tokens.push({ kind, text: word, span: place(TOKEN.lastIndex - word.length, TOKEN.lastIndex) });
  }
  tokens.push({ kind: 'end', text: '', span: place(text.length, text.length) });
  return tokens;
}

export class Words {
  readonly #tokens: readonly Token[];
  readonly #written: Written;
  readonly #diagnostics: Diagnostics;
  #at = 0;

  constructor(written: Written, diagnostics: Diagnostics) {
    this.#tokens = tokensOf(written);
    this.#written = written;
    this.#diagnostics = diagnostics;
  }

  get next(): Token {
    return this.#tokens[this.#at] as Token;
  }

  take(): Token {
    const token = this.next;
    if (token.kind !== 'end') this.#at += 1;
    return token;
  }

  /** Takes the next word when it is one of these, in any case for words of English. */
  takeIf(...texts: readonly string[]): string | undefined {
    const found = texts.find((text) => text === this.next.text.toLowerCase());
    if (found !== undefined) this.take();
    return found;
  }

  expect(...texts: readonly string[]): string {
    return this.takeIf(...texts) ?? this.unexpected(texts.map((text) => `'${text}'`).join(' or '), texts);
  }

  report(span: Span, d: Pick<NewDiagnostic, 'code' | 'message' | 'help'>): void {
    this.#diagnostics.add({ ...d, source: this.#written.source, span });
  }

  refuse(span: Span, d: Pick<NewDiagnostic, 'code' | 'message' | 'help'>): never {
    this.report(span, d);
    throw new Unreadable();
  }

  unexpected(what: string, known: readonly string[] = []): never {
    const { kind, text, span } = this.next;
    return this.refuse(span, {
      code: 'ASSERT_SYNTAX',
      message:
        kind === 'end'
          ? `the statement ends where ${what} is expected`
          : `${what} is expected here, not ${quoted(text)}`,
      help: kind === 'name' ? didYouMean(text, known) : undefined,
    });
  }
}
