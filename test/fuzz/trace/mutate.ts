/** From good lines to bad ones, and from lines to a log. */
import type { Draw } from '../../../native-tests/kernel/draw.ts';

/** Numbers at an edge of something, as a tracer or nobody would print them. */
const NUMBERS =
  '0 -1 1 39 41 257 334 335 336 511 512 547 0x0 0x7fffffff 0x80000000 0xffffffff 0x100000000 0x100000026 0x7fffffffffffffff 0x8000000000000000 0xffffffffffffffff 0x10000000000000000 4294967295 4294967296 9007199254740993 18446744073709551615 18446744073709551616 1073741825 1073742336 -2147483648 -2147483649 007 1e309 0x 00 99999999999999999999999999 NaN'.split(
    ' ',
  );
const ODD: readonly Buffer[] = [
  ...[
    '\0',
    '\0\0\0\0',
    '\r',
    '\r\r',
    '\x1b[2J',
    '\x1d',
    '\x1e',
    '"',
    "'",
    '\\',
    '\\"',
    '<',
    '>',
    '(',
    ')',
    ') = ',
    ') = 0',
    '[',
    ']',
    '{',
    '}',
    '<unfinished ...>',
    '<... read resumed>',
    '[pid 812] ',
    'strace: Process 9 attached',
    '/*',
    '*/',
    ' = ',
    ',',
    ', ',
    '%',
    '----',
    '__proto__',
    '\u2028',
    '\u202e',
    '\u{1f600}',
    '812 ',
    'type=SECCOMP msg=audit(1.1:1): ',
    'audit: type=1326 audit(1.1:1): ',
  ].map((text) => Buffer.from(text)),
  ...[[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x28], [0x80, 0x81, 0x82]].map((b) =>
    Buffer.from(b),
  ),
];

export type Family =
  | 'flip'
  | 'cut'
  | 'splice'
  | 'odd'
  | 'number'
  | 'repeat'
  | 'nest'
  | 'long'
  | 'pid'
  | 'swap'
  | 'delete';

type Mutation = (line: Buffer, draw: Draw, other: () => Buffer) => Buffer;

const at = (line: Buffer, draw: Draw) => draw.below(line.length + 1);
const put = (line: Buffer, where: number, what: Buffer, skip = 0) =>
  Buffer.concat([line.subarray(0, where), what, line.subarray(where + skip)]);

/** A number of the line, drawn; undefined where it has none. */
function numberIn(line: Buffer, draw: Draw): { readonly from: number; readonly length: number } | undefined {
  const found = [...line.toString('latin1').matchAll(/0x[0-9a-f]+|\d+/g)];
  if (found.length === 0) return undefined;
  const one = draw.pick(found);
  return { from: one.index, length: one[0].length };
}

function replaced(line: Buffer, draw: Draw, text: string): Buffer {
  const place = numberIn(line, draw);
  return place === undefined ? line : put(line, place.from, Buffer.from(text), place.length);
}

const MUTATIONS: Readonly<Record<Family, Mutation>> = {
  flip: (line, draw) => {
    const changed = Buffer.from(line);
    for (let n = 1 + draw.below(4); n > 0 && changed.length > 0; n--) changed[draw.below(changed.length)] = draw.word();
    return changed;
  },
  cut: (line, draw) => (draw.oneIn(2) ? line.subarray(0, at(line, draw)) : line.subarray(at(line, draw))),
  splice: (line, draw, other) => {
    const second = other();
    return Buffer.concat([line.subarray(0, at(line, draw)), second.subarray(at(second, draw))]);
  },
  odd: (line, draw) => put(line, at(line, draw), draw.pick(ODD)),
  number: (line, draw) => replaced(line, draw, draw.pick(NUMBERS)),
  repeat: (line, draw) => {
    const from = at(line, draw);
    const piece = line.subarray(from, from + 1 + draw.below(24));
    return put(line, from, Buffer.concat(Array.from({ length: 2 + draw.below(200) }, () => piece)));
  },
  nest: (line, draw) => {
    const [open, close] = draw.pick(['[]', '{}', '()', '""', '<>', '  ', '\\"']).split('') as [string, string];
    const depth = 1 + draw.below(3000);
    const keyed = draw.oneIn(3) ? '{"a":' : open;
    return put(line, at(line, draw), Buffer.from(keyed.repeat(depth) + (draw.oneIn(2) ? close.repeat(depth) : '')));
  },
  long: (line, draw) =>
    put(line, at(line, draw), Buffer.alloc(1 + draw.below(20_000), draw.pick(['a', ' ', '0', '"', '(', '=', ',']))),
  pid: (line, draw) => replaced(line, draw, String(draw.pick([0, 7, 8, 812, 813, 814]))),
  swap: (line, draw) => {
    const [a, b] = [at(line, draw), at(line, draw)].sort((x, y) => x - y) as [number, number];
    return Buffer.concat([line.subarray(b), line.subarray(a, b), line.subarray(0, a)]);
  },
  delete: (line, draw) => put(line, at(line, draw), Buffer.alloc(0), 1 + draw.below(12)),
};

export const FAMILIES: readonly Family[] = Object.keys(MUTATIONS) as Family[];

export interface Changed {
  readonly line: Buffer;
  readonly families: readonly Family[];
}

/** One to three mutations of a line. */
export function mutate(line: Buffer, draw: Draw, other: () => Buffer): Changed {
  const families: Family[] = [];
  let changed = line;
  for (let n = draw.pick([1, 1, 1, 2, 3]); n > 0; n--) {
    const family = draw.pick(FAMILIES);
    families.push(family);
    changed = MUTATIONS[family](changed, draw, other);
  }
  return { line: changed, families };
}

/** Lines to a log: LF, CR LF or a mix; a last line with or without its end; at times a line longer than any reader keeps. */
export function logOf(lines: readonly Buffer[], draw: Draw, longest: number): Buffer {
  const style = draw.below(4);
  const end = () =>
    Buffer.from(style === 0 ? '\r\n' : style === 1 ? draw.pick(['\n', '\r\n', '\n\n', '\r\r\n']) : '\n');
  const parts = lines.flatMap((line) => [line, end()]);
  if (draw.oneIn(3)) parts.pop();
  if (draw.oneIn(40))
    parts.splice(draw.below(parts.length + 1), 0, Buffer.alloc(longest, draw.pick(['a', '\0', ' ', '\r'])));
  return Buffer.concat(parts);
}
