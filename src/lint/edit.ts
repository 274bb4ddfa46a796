/**
 * Edits of a profile's text. Values are set and rules put in by jsonc-parser; what is taken out is taken out here, since
 * jsonc-parser's removal swallows the comments between two items. A comment stays where it is, also that of what goes.
 */
import {
  applyEdits,
  createScanner,
  findNodeAtLocation,
  findNodeAtOffset,
  getNodePath,
  modify,
  type Node,
  parseTree,
} from 'jsonc-parser';
import type { TextEdit } from './finding.ts';

const OPTIONS = { allowTrailingComma: true };
/** SyntaxKind.CommaToken; jsonc-parser declares its kinds as a const enum, which does not compile here. */
const COMMA = 5;

export interface Item {
  /** Offset of a value in a list, or of a property's value. */
  readonly offset: number;
}

export class Editor {
  readonly #text: string;
  readonly #root: Node | undefined;
  readonly #indent: string;

  constructor(text: string) {
    this.#text = text;
    // A byte order mark is no part of the text; a space in its place keeps all offsets.
    this.#root = parseTree(text.replace(/^\ufeff/, ' '), [], OPTIONS);
    this.#indent = /\n([ \t]+)\S/.exec(text)?.[1] ?? '  ';
  }

  #node(offset: number): Node | undefined {
    return this.#root && findNodeAtOffset(this.#root, offset);
  }

  /** Takes values out of the list that holds them all. Nothing when none would be left. */
  removeItems(offsets: readonly number[]): readonly TextEdit[] {
    const items = offsets.flatMap((offset) => this.#node(offset) ?? []);
    const list = items[0]?.parent;
    if (list?.type !== 'array' || items.some((item) => item.parent !== list)) return [];
    return this.#remove(list.children ?? [], new Set(items));
  }

  /** Takes keys out of the object that begins at `offset`. */
  removeKeys(offset: number, keys: readonly string[]): readonly TextEdit[] {
    const properties = this.#node(offset)?.children ?? [];
    const gone = properties.filter((p) => keys.includes(String(p.children?.[0]?.value)));
    return this.#remove(properties, new Set(gone));
  }

  /** Takes out the property that a value belongs to. */
  removeProperty(valueOffset: number): readonly TextEdit[] {
    const property = this.#node(valueOffset)?.parent;
    if (property?.type !== 'property') return [];
    return this.#remove(property.parent?.children ?? [], new Set([property]));
  }

  /** The keys of the object that begins at `offset`, set to these values one after the other. */
  set(offset: number, values: Readonly<Record<string, string | number>>): readonly TextEdit[] {
    const node = this.#node(offset);
    if (node === undefined) return [];
    const path = getNodePath(node);
    let text = this.#text;
    for (const [key, value] of Object.entries(values)) {
      text = applyEdits(text, modify(text, [...path, key], value, { formattingOptions: this.#format() }));
    }
    return difference(this.#text, text);
  }

  /** Puts a rule behind all others. */
  appendRule(rule: Readonly<Record<string, unknown>>): readonly TextEdit[] {
    const list = this.#root && findNodeAtLocation(this.#root, ['syscalls']);
    if (list?.type !== 'array' || (list.children ?? []).length === 0) return [];
    const at = list.children?.length ?? 0;
    const formattingOptions = this.#format();
    const edits = modify(this.#text, ['syscalls', at], rule, { isArrayInsertion: true, formattingOptions });
    return edits.map(({ offset, length, content }) => ({ offset, length, content }));
  }

  #format() {
    const insertSpaces = !this.#indent.includes('\t');
    return {
      insertSpaces,
      tabSize: insertSpaces ? this.#indent.length : 1,
      eol: this.#text.includes('\r\n') ? '\r\n' : '\n',
    };
  }

  #remove(all: readonly Node[], gone: ReadonlySet<Node>): readonly TextEdit[] {
    const last = all.length - 1;
    // Of what goes at the end: the comma in front of it goes, too, since strict JSON has none at the end.
    let firstOfTail = all.length;
    while (firstOfTail > 0 && gone.has(all[firstOfTail - 1] as Node)) firstOfTail -= 1;
    if (gone.size === 0 || firstOfTail === 0) return [];
    return all.flatMap((item, i) => {
      if (!gone.has(item)) return [];
      const end = item.offset + item.length;
      const comma = this.#commaAfter(end);
      if (i < last || comma !== undefined) return this.#cut(item.offset, end, comma);
      const before = all[firstOfTail - 1] as Node;
      const earlier = this.#commaAfter(before.offset + before.length);
      return [
        ...(earlier === undefined ? [] : [{ offset: earlier, length: 1, content: '' }]),
        ...this.#cut(item.offset, end),
      ];
    });
  }

  /** Where the next token is a comma, past comments and space. */
  #commaAfter(offset: number): number | undefined {
    const scanner = createScanner(this.#text, true);
    scanner.setPosition(offset);
    const kind = scanner.scan() as number;
    return kind === COMMA ? scanner.getTokenOffset() : undefined;
  }

  /** The range with its comma, and its line where nothing else stands there. */
  #cut(from: number, to: number, comma?: number): readonly TextEdit[] {
    const text = this.#text;
    const joins = comma !== undefined && /^\s*$/.test(text.slice(to, comma));
    const apart = comma !== undefined && !joins ? [{ offset: comma, length: 1, content: '' }] : [];
    let start = from;
    let end = joins ? comma + 1 : to;
    while (start > 0 && /[ \t]/.test(text[start - 1] as string)) start -= 1;
    while (end < text.length && /[ \t]/.test(text[end] as string)) end += 1;
    const isLine = (start === 0 || text[start - 1] === '\n') && /^(\r?\n|$)/.test(text.slice(end, end + 2));
    if (isLine) end += text[end] === '\r' ? 2 : 1;
    // Between two others on one line: the space behind goes with the comma.
    else if (/[[{]/.test(text[start - 1] ?? '')) start = from;
    else if (joins) start = from;
    else end = to;
    return [{ offset: start, length: Math.min(end, text.length) - start, content: '' }, ...apart];
  }
}

/** One edit that makes `after` of `before`. */
function difference(before: string, after: string): readonly TextEdit[] {
  if (before === after) return [];
  let from = 0;
  while (before[from] === after[from] && from < Math.min(before.length, after.length)) from += 1;
  let tail = 0;
  const most = Math.min(before.length, after.length) - from;
  while (tail < most && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail += 1;
  return [{ offset: from, length: before.length - tail - from, content: after.slice(from, after.length - tail) }];
}

/** The text with edits made that do not overlap. */
export function edited(text: string, edits: readonly TextEdit[]): string {
  return applyEdits(
    text,
    [...edits].sort((a, b) => a.offset - b.offset),
  );
}
