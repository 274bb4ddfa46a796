/**
 * Profile text as a JSON tree with places. jsonc-parser reads it; around it stand the guards that it lacks: size, depth
 * (its parser is recursive), repeated keys, and numbers taken from the source text, because it makes doubles of them.
 */
import { createScanner, type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';
import { type Diagnostics, type NewDiagnostic, quoted, type Source, type Span } from '../diag/index.ts';
import { didYouMean } from './vocabulary.ts';

/** The longest profile text, in characters; the largest real one has 60,000. The tree takes about 100 bytes for each. */
const MAX_LENGTH = 4 * 1024 * 1024;
/** The deepest nesting; a profile needs 5. */
const MAX_DEPTH = 64;
/** Syntax errors beyond this many are echoes of the first ones. */
const MAX_SYNTAX_ERRORS = 20;

export type Json = Node;

export function spanOf(node: Node): Span {
  return { start: node.offset, end: node.offset + node.length };
}

/** SyntaxKind.EOF; jsonc-parser declares its kinds as a const enum, which does not compile here. */
const EOF = 17;

/**
 * The offset where nesting first exceeds the limit; -1 when it never does. The parser's own scanner says what is a
 * bracket, and as in the parser a closing one counts only against its own kind: text that is no JSON nests too.
 */
function tooDeepAt(text: string): number {
  const scanner = createScanner(text, true);
  const closers: string[] = [];
  while ((scanner.scan() as number) !== EOF) {
    const at = scanner.getTokenOffset();
    const c = text[at];
    if (c === '{' || c === '[') closers.push(c === '{' ? '}' : ']');
    else if (c === closers.at(-1)) closers.pop();
    if (closers.length > MAX_DEPTH) return at;
  }
  return -1;
}

const SYNTAX: ReadonlyMap<string, string> = new Map([
  ['InvalidSymbol', 'this is no JSON value'],
  ['InvalidNumberFormat', 'this is no JSON number'],
  ['PropertyNameExpected', 'a key in double quotes is expected here'],
  ['ValueExpected', 'a value is expected here'],
  ['ColonExpected', "':' is expected here"],
  ['CommaExpected', "',' is expected here"],
  ['CloseBraceExpected', "'}' is expected here"],
  ['CloseBracketExpected', "']' is expected here"],
  ['EndOfFileExpected', 'the JSON text has ended; nothing may follow'],
  ['UnexpectedEndOfComment', 'the comment is not closed'],
  ['UnexpectedEndOfString', 'the string is not closed on its line'],
  ['UnexpectedEndOfNumber', 'the number is not finished'],
  ['InvalidUnicode', 'a \\u escape needs four hexadecimal digits'],
  ['InvalidEscapeCharacter', 'JSON has no such escape'],
  ['InvalidCharacter', 'a control character must be escaped in a string'],
]);

/** One mistake, one error: what the parser misses only because of the mistake just before it goes. */
function withoutEchoes(errors: readonly ParseError[], text: string): readonly ParseError[] {
  return errors.filter(({ error, offset }, i) => {
    const before = errors[i - 1];
    const name = printParseErrorCode(error);
    if (before === undefined || !name.endsWith('Expected')) return true;
    const end = before.offset + before.length;
    switch (printParseErrorCode(before.error)) {
      case 'PropertyNameExpected':
        return name !== 'ValueExpected';
      case 'InvalidSymbol':
        return text.slice(end, offset).trim() !== '';
      case 'UnexpectedEndOfString':
      case 'UnexpectedEndOfComment':
        return false;
      default:
        // Several brackets are open where the text ends: one is missed after the other.
        return before.offset !== offset;
    }
  });
}

/** Reads text into a tree with one place per node, reporting into one collector. */
export class JsonReader {
  readonly source: Source;
  readonly #diagnostics: Diagnostics;
  /** What the text is, for messages. */
  readonly #what: string;

  constructor(source: Source, diagnostics: Diagnostics, what = 'a profile') {
    this.source = source;
    this.#diagnostics = diagnostics;
    this.#what = what;
  }

  get #isProfile(): boolean {
    return this.#what === 'a profile';
  }

  report(node: Node, d: Omit<NewDiagnostic, 'source' | 'span'>): void {
    this.#diagnostics.add({ ...d, source: this.source, span: spanOf(node) });
  }

  #fault(code: NewDiagnostic['code'], start: number, end: number, message: string, help?: string): void {
    this.#diagnostics.add({ code, source: this.source, span: { start, end }, message, help });
  }

  /** The root object; undefined when the text is none (reported). */
  root(): Node | undefined {
    // A byte order mark is no part of the text; a space in its place keeps all offsets.
    const text = this.source.text.replace(/^\ufeff/, ' ');
    if (text.length > MAX_LENGTH) {
      this.#fault(
        'INPUT_TOO_LARGE',
        0,
        1,
        `the text has ${text.length} characters; no profile has more than ${MAX_LENGTH}`,
      );
      return undefined;
    }
    if (text.trim() === '') {
      this.#fault(
        'JSON_SYNTAX',
        0,
        0,
        this.#isProfile ? 'the profile is empty' : 'the text is empty',
        this.#isProfile ? 'the smallest profile is { "defaultAction": "SCMP_ACT_ALLOW" }' : undefined,
      );
      return undefined;
    }
    const deep = tooDeepAt(text);
    if (deep >= 0) {
      this.#fault('JSON_DEPTH', deep, deep + 1, `nested more than ${MAX_DEPTH} deep; a profile needs 5`);
      return undefined;
    }
    const errors: ParseError[] = [];
    const tree = parseTree(text, errors, {
      allowTrailingComma: true,
      disallowComments: false,
      allowEmptyContent: false,
    });
    for (const { error, offset, length } of withoutEchoes(errors, text).slice(0, MAX_SYNTAX_ERRORS)) {
      const name = printParseErrorCode(error);
      const end = Math.min(offset + Math.max(1, length), text.length);
      this.#fault('JSON_SYNTAX', offset, end, SYNTAX.get(name) ?? name, hexadecimalHelp(text, offset));
    }
    if (errors.length > 0 || tree === undefined) return undefined;
    if (tree.type !== 'object') {
      this.report(tree, { code: 'TYPE_WRONG', message: `${this.#what} is an object, not ${article(tree)}` });
      return undefined;
    }
    return tree;
  }

  /**
   * The fields of an object by their proper names. Go, and so runc, Docker and podman, read keys in any case and let the
   * last of repeated ones win; both are followed, and reported. null is absent, as in Go.
   */
  fields(object: Node, known: readonly string[], unknown?: (key: string, node: Node) => boolean): Map<string, Node> {
    const byLower = new Map(known.map((key) => [folded(key), key]));
    const found = new Map<string, Node>();
    const keys = new Map<string, Node>();
    for (const property of object.children ?? []) {
      const [keyNode, value] = property.children ?? [];
      if (keyNode === undefined || value === undefined) continue;
      const text = String(keyNode.value);
      const key = byLower.get(folded(text));
      const earlier = keys.get(key ?? text);
      if (earlier) {
        const merges = isStructured(value);
        this.report(keyNode, {
          code: 'KEY_DUPLICATE',
          severity: merges ? 'error' : 'warning',
          message: `the key ${quoted(text)} stands twice; ${merges ? 'Go, and so runc, mixes the two' : 'the last one counts'}`,
          related: [{ message: 'it stands here first', source: this.source, span: spanOf(earlier) }],
        });
      }
      keys.set(key ?? text, keyNode);
      if (key === undefined) {
        if (unknown?.(text, keyNode)) continue;
        const meant = didYouMean(text, known);
        this.report(keyNode, {
          code: 'KEY_UNKNOWN',
          // A key nobody has is some other tool's; one that is nearly ours is a mistake, and what it meant would be lost.
          severity: meant === undefined ? 'warning' : 'error',
          message: `${this.#isProfile ? 'no dialect of the profile' : `${this.#what} never`} has the key ${quoted(text)} here${meant === undefined ? '; it is ignored' : ''}`,
          help: meant,
        });
        continue;
      }
      if (key !== text) {
        this.report(keyNode, {
          code: 'KEY_CASE',
          message: `the key is '${key}'; runc takes ${quoted(text)} too, crun does not`,
        });
      }
      if (value.type === 'null') found.delete(key);
      else found.set(key, value);
    }
    return found;
  }

  /** The fields of an object in which every key must be one of these, letter by letter, and once; null is a value. */
  exactFields(object: Node, known: readonly string[]): Map<string, Node> {
    const found = new Map<string, Node>();
    const keys = new Map<string, Node>();
    for (const property of object.children ?? []) {
      const [keyNode, value] = property.children ?? [];
      if (keyNode === undefined || value === undefined) continue;
      const key = String(keyNode.value);
      const earlier = keys.get(key);
      if (!known.includes(key)) {
        const help = didYouMean(key, known) ?? `it has ${known.map((name) => `'${name}'`).join(', ')}`;
        this.report(keyNode, {
          code: 'KEY_UNKNOWN',
          severity: 'error',
          message: `there is no key ${quoted(key)} here`,
          help,
        });
      } else if (earlier !== undefined) {
        this.report(keyNode, {
          code: 'KEY_DUPLICATE',
          severity: 'error',
          message: `the key ${quoted(key)} stands twice`,
          related: [{ message: 'it stands here first', source: this.source, span: spanOf(earlier) }],
        });
      } else {
        keys.set(key, keyNode);
        found.set(key, value);
      }
    }
    return found;
  }

  string(node: Node, what: string): string | undefined {
    if (node.type === 'string') return node.value as string;
    this.report(node, { code: 'TYPE_WRONG', message: `${what} is a string, not ${article(node)}` });
    return undefined;
  }

  object(node: Node, what: string): Node | undefined {
    if (node.type === 'object') return node;
    this.report(node, { code: 'TYPE_WRONG', message: `${what} is an object, not ${article(node)}` });
    return undefined;
  }

  array(node: Node | undefined, what: string): readonly Node[] {
    if (node === undefined) return [];
    if (node.type === 'array') return node.children ?? [];
    this.report(node, { code: 'TYPE_WRONG', message: `${what} is a list, not ${article(node)}` });
    return [];
  }

  strings(node: Node | undefined, what: string): readonly { readonly value: string; readonly node: Node }[] {
    return this.array(node, `'${what}'`).flatMap((item) => {
      const value = this.string(item, `each of '${what}'`);
      return value === undefined ? [] : [{ value, node: item }];
    });
  }

  /** A whole number from 0 to `most`, from the source text, so that all 64 bits survive. */
  unsigned(node: Node, what: string, most: bigint): bigint | undefined {
    if (node.type !== 'number') {
      this.report(node, { code: 'TYPE_WRONG', message: `${what} is a number, not ${article(node)}` });
      return undefined;
    }
    const text = this.source.text.slice(node.offset, node.offset + node.length);
    if (/^-/.test(text)) {
      this.report(node, {
        code: 'VALUE_RANGE',
        message: `${what} is unsigned; ${quoted(text)} is negative`,
        help: negativeHelp(text, most),
      });
      return undefined;
    }
    if (!/^\d+$/.test(text)) {
      this.report(node, {
        code: 'VALUE_RANGE',
        message: `${what} is a whole number without fraction or exponent, not ${quoted(text)}`,
      });
      return undefined;
    }
    // 2^64 has 20 digits; a number of a million digits need not be converted to be refused.
    const value = text.length > 20 ? most + 1n : BigInt(text);
    if (value > most) {
      this.report(node, { code: 'VALUE_RANGE', message: `${what} is at most ${most}; ${quoted(text)} is larger` });
      return undefined;
    }
    return value;
  }
}

/** JSON has no hexadecimal numbers, and masks are always thought of in them. */
function hexadecimalHelp(text: string, offset: number): string | undefined {
  const found =
    /^0[xX]([0-9a-fA-F]{1,16})/.exec(text.slice(Math.max(0, offset - 1), offset + 20)) ??
    /^0[xX]([0-9a-fA-F]{1,16})/.exec(text.slice(offset, offset + 20));
  return found === null ? undefined : `JSON has no hexadecimal numbers: write ${BigInt(`0x${found[1]}`)}`;
}

function negativeHelp(text: string, most: bigint): string | undefined {
  if (most < 0xffff_ffff_ffff_ffffn || !/^-\d{1,19}$/.test(text)) return undefined;
  const value = BigInt(text);
  return `an int argument of ${text} is ${BigInt.asUintN(32, value)} (32 bits); a long one is ${BigInt.asUintN(64, value)}`;
}

function article(node: Node): string {
  switch (node.type) {
    case 'array':
      return 'a list';
    case 'object':
      return 'an object';
    case 'null':
      return 'null';
    default:
      return `a ${node.type}`;
  }
}

/** As Go folds keys: by Unicode simple folding, in which the long s is an s and the Kelvin sign a k. */
function folded(key: string): string {
  return key.toUpperCase().toLowerCase();
}

/** Objects and lists of objects: Go decodes a second one over the first and leaves what it does not name. */
function isStructured(node: Node): boolean {
  return node.type === 'object' || (node.children ?? []).some((child) => child.type === 'object');
}
