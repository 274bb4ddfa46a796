/**
 * The text of seccompc.config.jsonc to a `Config`, with everything that is wrong in it: first each value against the table
 * (shape.ts), then what hangs together.
 */

import { ARCHES, findArch, isSyscallName, syscallNames } from '../arch/index.ts';
import { readStatements } from '../assert/index.ts';
import { Diagnostics, quoted, type Source, type Span } from '../diag/index.ts';
import { parseKernelVersion } from '../policy/index.ts';
import { type Json, JsonReader, spanOf } from '../policy/json.ts';
import { CAPABILITIES, capabilityName, didYouMean } from '../policy/vocabulary.ts';
import { configOf } from './config-of.ts';
import { ROOT, type Shape, type Word } from './shape.ts';
import type { Config } from './types.ts';

/** A value that fits its shape: strings and objects keep their places. */
export type Value = Text | boolean | number | readonly Value[] | ObjectValue;
export interface Text {
  readonly value: string;
  readonly span: Span;
}
export interface ObjectValue {
  readonly span: Span;
  readonly fields: ReadonlyMap<string, Value>;
}

/** JSON's types of what a shape takes. */
function typesOf(shape: Shape): readonly string[] {
  switch (shape.kind) {
    case 'list':
      return ['array'];
    case 'either':
      return shape.of.flatMap(typesOf);
    default:
      return [shape.kind];
  }
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  array: 'a list',
  object: 'an object',
  string: 'a string',
  boolean: 'true or false',
  number: 'a number',
  null: 'null',
};
const typeName = (type: string): string => TYPE_NAMES[type] ?? type;

/** More than this of denied calls are none that anybody has looked at. */
const MOST_NUMBER = 1_000_000_000n;

class ConfigReader {
  readonly #reader: JsonReader;
  readonly #diagnostics: Diagnostics;

  constructor(source: Source, diagnostics: Diagnostics) {
    this.#reader = new JsonReader(source, diagnostics, 'a configuration');
    this.#diagnostics = diagnostics;
  }

  root(): ObjectValue | undefined {
    const root = this.#reader.root();
    return root && (this.#value(root, ROOT, 'a configuration') as ObjectValue);
  }

  #value(node: Json, shape: Shape, what: string): Value | undefined {
    const types = typesOf(shape);
    if (!types.includes(node.type)) {
      const message = `${what} is ${types.map(typeName).join(' or ')}, not ${typeName(node.type)}`;
      this.#reader.report(node, { code: 'TYPE_WRONG', message });
      return undefined;
    }
    switch (shape.kind) {
      case 'boolean':
        return node.value as boolean;
      case 'number': {
        const value = this.#reader.unsigned(node, what, MOST_NUMBER);
        return value === undefined ? undefined : Number(value);
      }
      case 'string':
        return this.#text(node, shape, what);
      case 'list': {
        const items = node.children ?? [];
        if (shape.filled && items.length === 0)
          this.#reader.report(node, { code: 'KEY_MISSING', message: `${what} is empty` });
        return items.flatMap((item) => this.#value(item, shape.of, `each of ${what}`) ?? []);
      }
      case 'object':
        return this.#object(node, shape, what);
      case 'either': {
        const fitting = shape.of.find((one) => typesOf(one).includes(node.type)) as Shape;
        return this.#value(node, fitting, what);
      }
      default:
        return shape satisfies never;
    }
  }

  #object(node: Json, shape: Shape & { kind: 'object' }, what: string): ObjectValue {
    const found = this.#reader.exactFields(node, Object.keys(shape.keys));
    const fields = new Map<string, Value>();
    for (const [name, { shape: inner, required, about }] of Object.entries(shape.keys)) {
      const at = found.get(name);
      if (at === undefined) {
        if (required)
          this.#reader.report(
            { ...node, length: 1 },
            { code: 'KEY_MISSING', message: `${what} needs '${name}'`, help: about },
          );
        continue;
      }
      const value = this.#value(at, inner, `'${name}'`);
      if (value !== undefined) fields.set(name, value);
    }
    return { span: spanOf(node), fields };
  }

  #text(node: Json, { choices, word }: Shape & { kind: 'string' }, what: string): Text | undefined {
    const value = node.value as string;
    const text = { value, span: spanOf(node) };
    if (word !== undefined) return this.#judged(node, word, text) ? text : undefined;
    if (choices === undefined || choices.includes(value)) {
      if (value.trim() !== '') return text;
      this.#reader.report(node, { code: 'VALUE_RANGE', message: `${what} is empty` });
      return undefined;
    }
    const known = choices.length > 12 ? undefined : `it is one of ${choices.join(', ')}`;
    this.#reader.report(node, {
      code: 'VALUE_RANGE',
      message: `${what} cannot be ${quoted(value)}`,
      help: didYouMean(value, choices) ?? known ?? 'docs/ci.md lists what it can be',
    });
    return undefined;
  }

  #judged(node: Json, word: Word, text: Text): boolean {
    const { value } = text;
    const wrong = (code: Parameters<JsonReader['report']>[1]['code'], message: string, help?: string): false => {
      this.#reader.report(node, { code, severity: 'error', message, help });
      return false;
    };
    switch (word) {
      case 'path':
        if (value === '' || value.includes('\0'))
          return wrong('CONFIG_PATH', 'a path has at least one character, and no NUL');
        if (value === '-')
          return wrong('CONFIG_PATH', "'-' is no file: a configuration reads files alone", 'write ./-');
        return true;
      case 'arch':
        return (
          findArch(value) !== undefined ||
          wrong('ARCH_UNKNOWN', `${quoted(value)} is no architecture`, didYouMean(value, ARCHES.keys()))
        );
      case 'capability': {
        const name = capabilityName(value);
        if (value === 'docker' || CAPABILITIES.has(name)) return true;
        return wrong('CAP_UNKNOWN', `${quoted(value)} is no capability`, didYouMean(name, CAPABILITIES));
      }
      case 'kernel':
        return (
          parseKernelVersion(value) !== undefined ||
          wrong('KERNEL_VERSION', `a kernel is MAJOR.MINOR, not ${quoted(value)}`)
        );
      case 'call':
        if (isSyscallName(value)) return true;
        return wrong(
          'SYSCALL_UNKNOWN',
          `no system call is named ${quoted(value)} on any architecture`,
          didYouMean(value, syscallNames()),
        );
      case 'statement':
        return readStatements(this.#reader.source, [text], this.#diagnostics).length > 0;
      default:
        return word satisfies never;
    }
  }
}

/**
 * Reads a configuration: JSON with comments.
 *
 * @returns the configuration; undefined where `diagnostics` has errors
 */
export function readConfig(source: Source, diagnostics: Diagnostics): Config | undefined {
  const own = new Diagnostics();
  const root = new ConfigReader(source, own).root();
  // Only what fits the table can be asked whether it hangs together; everything else has been reported.
  const config = root && configOf(root, source, own);
  diagnostics.addAll(own.sorted);
  return own.hasErrors ? undefined : config;
}
