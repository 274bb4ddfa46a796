/** The JSON schema of seccompc.config.jsonc, for editors: made of the table, never written by hand. */
import { type Key, ROOT, type Shape, type Word } from './shape.ts';

type Schema = Readonly<Record<string, unknown>>;

/** What a schema can say of a word; what it cannot (is it a call?) is left to the reader. */
const WORDS: Readonly<Record<Word, Schema>> = {
  path: { minLength: 1, not: { const: '-' } },
  arch: { minLength: 1 },
  capability: { pattern: '^([Cc][Aa][Pp]_)?[A-Za-z][A-Za-z_]*$' },
  kernel: { pattern: '^\\d{1,4}\\.\\d{1,4}([.+-].*)?$' },
  call: { pattern: '^[a-z_][a-z0-9_]*$' },
  statement: { minLength: 1 },
};

function schemaOf(shape: Shape): Schema {
  switch (shape.kind) {
    case 'string': {
      const { choices, word } = shape;
      if (word === undefined)
        return { type: 'string', ...(choices ? { enum: choices } : { minLength: 1, pattern: '\\S' }) };
      // An editor proposes the usual names; other spellings are fine, too.
      if (choices !== undefined) return { type: 'string', anyOf: [{ enum: choices }, WORDS[word]] };
      return { type: 'string', ...WORDS[word] };
    }
    case 'boolean':
      return { type: 'boolean' };
    case 'number':
      return { type: 'integer', minimum: 0, maximum: 1_000_000_000 };
    case 'list':
      return { type: 'array', items: schemaOf(shape.of), ...(shape.filled && { minItems: 1 }) };
    case 'either':
      return { anyOf: shape.of.map(schemaOf) };
    case 'object':
      return objectSchema(shape.keys);
    default:
      return shape satisfies never;
  }
}

function objectSchema(keys: Readonly<Record<string, Key>>): Schema {
  const required = Object.entries(keys).flatMap(([name, { required: is }]) => (is ? [name] : []));
  const properties = Object.entries(keys).map(([name, { shape, about }]) => [
    name,
    { description: `${about}.`, ...schemaOf(shape) },
  ]);
  return {
    type: 'object',
    additionalProperties: false,
    ...(required.length > 0 && { required }),
    properties: Object.fromEntries(properties),
  };
}

/** Draft 7, which editors know best; needs no network. */
export function configSchema(): Schema {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'seccompc.config.jsonc',
    description: 'What `seccompc ci` proves of the profiles of a repository.',
    allowComments: true,
    allowTrailingCommas: true,
    ...objectSchema(ROOT.keys),
  };
}
