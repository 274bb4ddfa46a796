/** Where statements are written down: an assertion file, or `x-assert` in a profile. */
import type { Diagnostics, Source, Span } from '../diag/index.ts';
import { JsonReader, spanOf } from '../policy/json.ts';
import type { Located } from '../policy/types.ts';
import { type Assertion, readStatement } from './statement.ts';
import type { Written } from './tokens.ts';

const KEYS = ['assert', '$schema'];

/** The inside of a JSON string where it stands letter by letter in the source; else the whole string. */
function writtenAt(source: Source, { value, span }: Located<string>): Written {
  const inside = { start: span.start + 1, end: span.end - 1 };
  return {
    text: value,
    source,
    span: source.text.slice(inside.start, inside.end) === value ? inside : (span satisfies Span),
  };
}

/** Statements with their places, as a profile's `x-assert` has them. What cannot be read is reported and left out. */
export function readStatements(
  source: Source,
  list: readonly Located<string>[],
  diagnostics: Diagnostics,
): readonly Assertion[] {
  return list.flatMap((item) => readStatement(writtenAt(source, item), diagnostics) ?? []);
}

/** `{ "assert": ["execve is denied", ...] }`, JSON with comments. */
export function readAssertionFile(source: Source, diagnostics: Diagnostics): readonly Assertion[] {
  const reader = new JsonReader(source, diagnostics, 'an assertion file');
  const root = reader.root();
  if (root === undefined) return [];
  const node = reader.fields(root, KEYS).get('assert');
  if (node === undefined) {
    reader.report(
      { ...root, length: 1 },
      {
        code: 'KEY_MISSING',
        message: "'assert' is required: the list of statements",
        help: '{ "assert": ["execve is denied"] }',
      },
    );
    return [];
  }
  const list = reader.strings(node, 'assert').map(({ value, node: at }) => ({ value, span: spanOf(at) }));
  return readStatements(source, list, diagnostics);
}
