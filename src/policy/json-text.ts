/**
 * A tree as JSON text for people: an object of a list begins on a line of its own, with what it says first, and goes on
 * as far as the line is wide. 64-bit integers stand there in full; what would hide or turn around text is escaped.
 */
import { jsonForTerminal } from '../diag/index.ts';

export type JsonObject = { readonly [key: string]: JsonValue | undefined };
export type JsonValue = string | number | bigint | boolean | readonly JsonValue[] | JsonObject;

/** The longest line, where a line can be broken at all. */
const WIDTH = 120;

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/** `"key": ` and the value, in the order of the object; keys without a value are left out. */
function entriesOf(object: JsonObject): readonly (readonly [string, JsonValue])[] {
  return Object.entries(object).flatMap(([key, value]) =>
    value === undefined ? [] : [[`${JSON.stringify(key)}: `, value] as const],
  );
}

/** On one line. */
export function flatJson(value: JsonValue): string {
  if (typeof value === 'string') return jsonForTerminal(value);
  if (typeof value !== 'object') return String(value);
  if (isList(value)) return `[${value.map(flatJson).join(', ')}]`;
  const entries = entriesOf(value).map(([key, v]) => key + flatJson(v));
  return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`;
}

/** Lines that are filled one after the other; all but the first begin with `indent`. */
class Filler {
  readonly #lines: string[] = [];
  #line: string;
  readonly #indent: string;

  constructor(start: string, indent: string) {
    this.#line = start;
    this.#indent = indent;
  }

  /** On this line if it fits with `room` more characters behind it, else on the next one. */
  put(text: string, room: number): void {
    const fits = this.#line.length + 1 + text.length + room <= WIDTH;
    if (fits) this.#line += this.#line.endsWith(' ') ? text : ` ${text}`;
    else this.break(this.#indent + text);
  }

  break(next: string): void {
    if (this.#line.trim() !== '') this.#lines.push(this.#line);
    this.#line = next;
  }

  append(text: string): void {
    this.#line += text;
  }

  get text(): string {
    return [...this.#lines, this.#line].join('\n');
  }
}

/** One of a list, at the beginning of a line. */
function item(value: JsonValue, indent: string): string {
  if (typeof value !== 'object' || isList(value)) return indent + flatJson(value);
  const inner = `${indent}  `;
  const lines = new Filler(`${indent}{ `, inner);
  const entries = entriesOf(value);
  entries.forEach(([key, v], i) => {
    const text = key + flatJson(v);
    // Behind the last one stand ' }' and a comma.
    const [end, room] = i < entries.length - 1 ? [',', 1] : [' }', 3];
    if (!isList(v) || inner.length + text.length + room <= WIDTH) lines.put(text, room);
    else {
      lines.put(`${key}[`, 0);
      lines.break(list(v, `${inner}  `));
      lines.break(`${inner}]`);
    }
    lines.append(end);
  });
  return lines.text;
}

/** The items of a list: objects begin a line, others fill it. */
function list(items: readonly JsonValue[], indent: string): string {
  if (items.some((v) => typeof v === 'object')) return items.map((v) => item(v, indent)).join(',\n');
  const lines = new Filler(indent, indent);
  items.forEach((v, i) => {
    lines.put(flatJson(v) + (i < items.length - 1 ? ',' : ''), 0);
  });
  return lines.text;
}

/** An object as the text of a file, each of its keys on a line. */
export function fileJson(root: JsonObject): string {
  const lines = entriesOf(root).map(([key, value]) => {
    const flat = `  ${key}${flatJson(value)}`;
    const opens = isList(value) && (value.some((v) => typeof v === 'object') || flat.length + 1 > WIDTH);
    return opens ? `  ${key}[\n${list(value, '    ')}\n  ]` : flat;
  });
  return `{\n${lines.join(',\n')}\n}\n`;
}
