/**
 * From a good file to a bad one. Some mutations are counted out, so that a whole run has them all: every field of every
 * header and of the undo record with telling values, a cut at every byte, every byte turned over. The others are drawn:
 * several changes at once, headers and chunks moved about, bytes behind the end.
 *
 * Weak spot: single changes and small sums of them. What takes three fields that fit each other is found by luck only.
 */
import type { Draw } from '../../../native-tests/kernel/draw.ts';
import { type Field, fieldsOf, getField, look, type Range, SIZES, setField, type View } from './reader.ts';
import { recordFields, recordRange, sign } from './record.ts';

export const FAMILIES = [
  'field',
  'record',
  'cut',
  'flip',
  'fields',
  'records',
  'lies',
  'flips',
  'grow',
  'headers',
  'chunks',
  'splice',
] as const;
export type Family = (typeof FAMILIES)[number];

export interface Mutant {
  readonly family: Family;
  /** What was changed, for a report. */
  readonly text: string;
  readonly bytes: Uint8Array;
}

/** A good file with what mutations need to know of it. */
export interface Target {
  readonly bytes: Uint8Array;
  readonly view: View;
  readonly fields: readonly Field[];
  /** Where the undo record stands, and its fields. */
  readonly record: Range | undefined;
  readonly recordFields: readonly Field[];
  /** What a field is set to, by its width in bytes. */
  readonly values: Readonly<Record<Field['size'], readonly bigint[]>>;
  /** Offsets of bytes that may matter: all but the inside of long runs of zeros. */
  readonly positions: readonly number[];
}

/** Zeros in a row, of which the middle ones are left alone. */
const RUN = 64;
const MASKS = [0x01, 0x80, 0xff];
/** Values of other fields and places of other structures, no more than this many. */
const BORROWED = 20;

function positionsOf(bytes: Uint8Array): readonly number[] {
  const positions: number[] = [];
  for (let at = 0; at < bytes.length; at++) {
    let end = at;
    while (bytes[end] === 0) end++;
    if (end - at > RUN) {
      for (let i = 0; i < RUN / 4; i++) positions.push(at + i);
      at = end - RUN / 4;
    }
    positions.push(at);
  }
  return positions;
}

function valuesOf({ bytes, little }: View, fields: readonly Field[]): Target['values'] {
  const size = BigInt(bytes.length);
  const fixed = [0n, 1n, 2n, 3n, 7n, 8n, 0xfffn, 0x1000n, 0x1001n, 0x10000n, 0xff00n, size - 1n, size, size + 1n];
  const edges = [8, 16, 32, 64].flatMap((bits) => {
    const max = (1n << BigInt(bits)) - 1n;
    return [max >> 1n, (max >> 1n) + 1n, max - 1n, max];
  });
  const telling = new Set([...fixed, ...edges]);
  const others = [...new Set(fields.flatMap((f) => (f.size >= 4 ? [getField(bytes, little, f)] : [])))]
    .filter((value) => !telling.has(value))
    .sort((a, b) => (a < b ? -1 : 1));
  const step = Math.max(1, others.length / BORROWED);
  const borrowed = Array.from({ length: Math.min(BORROWED, others.length) }, (_, i) => others[Math.floor(i * step)]!);
  const cut = (width: number) => [...new Set([...telling, ...borrowed].map((v) => BigInt.asUintN(width * 8, v)))];
  return { 1: cut(1), 2: cut(2), 4: cut(4), 8: cut(8) };
}

/** Undefined when the file cannot be read. */
export function targetOf(bytes: Uint8Array, withPositions = true): Target | undefined {
  const view = look(bytes);
  if (view === undefined) return undefined;
  const fields = fieldsOf(view);
  const record = recordRange(view);
  return {
    bytes,
    view,
    fields,
    record,
    recordFields: record ? recordFields(view, record) : [],
    values: valuesOf(view, fields),
    positions: withPositions ? positionsOf(bytes) : [],
  };
}

/** How many mutations of a target are counted out. */
export function countedOut(t: Target): number {
  const ofFields = [...t.fields, ...t.recordFields].reduce((sum, f) => sum + t.values[f.size].length, 0);
  return ofFields + t.positions.length * (1 + MASKS.length);
}

function withField(t: Target, field: Field, value: bigint, family: Family): Mutant {
  const bytes = t.bytes.slice();
  setField(bytes, t.view.little, field, value);
  if (family === 'record') sign(bytes, t.record!);
  return { family, text: `${field.name} = 0x${value.toString(16)}`, bytes };
}

/** The counted-out mutation with this number, from 0. */
export function mutantAt(t: Target, number: number): Mutant {
  let n = number;
  for (const family of ['field', 'record'] as const) {
    for (const field of family === 'field' ? t.fields : t.recordFields) {
      const values = t.values[field.size];
      if (n < values.length) return withField(t, field, values[n]!, family);
      n -= values.length;
    }
  }
  const { positions, bytes } = t;
  const at = positions[n % positions.length]!;
  const mask = MASKS[Math.floor(n / positions.length) - 1];
  if (mask === undefined) return { family: 'cut', text: `cut at ${at}`, bytes: bytes.slice(0, at) };
  const copy = bytes.slice();
  copy[at]! ^= mask;
  return { family: 'flip', text: `byte ${at} ^ 0x${mask.toString(16)}`, bytes: copy };
}

type Change = (t: Target, draw: Draw, others: readonly Target[]) => Omit<Mutant, 'family'>;

/** Some fields with telling values; the record is signed again when one of them is its own. */
const setFields =
  (pool: 'fields' | 'records'): Change =>
  (t, draw) => {
    const records = pool === 'records' && t.recordFields.length > 0;
    const bytes = t.bytes.slice();
    const said = Array.from({ length: 2 + draw.below(3) }, (_, i) => {
      // One field of the file's own headers among those of the record, now and then.
      const field = draw.pick(records && (i === 0 || !draw.oneIn(4)) ? t.recordFields : t.fields);
      const old = getField(t.bytes, t.view.little, field);
      const value = draw.oneIn(3) ? old + BigInt(draw.below(33) - 16) : draw.pick(t.values[field.size]);
      setField(bytes, t.view.little, field, value);
      return `${field.name} = 0x${BigInt.asUintN(field.size * 8, value).toString(16)}`;
    });
    if (records) sign(bytes, t.record!);
    return { text: said.join(', '), bytes };
  };

/**
 * A record whose sizes fit each other and the file, and are wrong: it claims that what follows `keep` stands at the end
 * of the file, a whole copy of the tables among it when the shift is that of the section header table.
 */
const lie: Change = (t, draw) => {
  const bytes = t.bytes.slice();
  const { little, shoff } = t.view;
  const field = (name: string) => t.recordFields.find((f) => f.name === `undo.${name}`)!;
  const set = (name: string, value: number) => setField(bytes, little, field(name), BigInt(value));
  const after = bytes.length;
  const oldTable = Number(getField(bytes, little, field('e_shoff')));
  const shift = draw.oneIn(2) ? shoff - oldTable : draw.below(after);
  const before = Math.max(0, after - shift);
  const keep = draw.oneIn(2) ? before : draw.pick([64, draw.below(before + 1), Math.min(oldTable, before)]);
  const trailing = draw.below(3);
  set('after', after);
  set('before', before);
  set('keep', keep);
  set('trailing', trailing);
  const list = t.recordFields.filter((f) => f.name.startsWith('undo.list'));
  const index = draw.below(t.view.sections.length);
  if (list.length > 0 && draw.oneIn(4)) setField(bytes, little, draw.pick(list), BigInt(index));
  sign(bytes, t.record!);
  return { text: `the record says ${keep} kept, ${before} before, ${after} after, trailing ${trailing}`, bytes };
};

const flipSome: Change = (t, draw) => {
  const bytes = t.bytes.slice();
  const said = Array.from({ length: 2 + draw.below(7) }, () => {
    const at = draw.below(bytes.length);
    bytes[at] = draw.pick([0, 1, 0x7f, 0x80, 0xff, draw.below(256)]);
    return `byte ${at} = ${bytes[at]}`;
  });
  return { text: said.join(', '), bytes };
};

const grow: Change = (t, draw) => {
  const length = draw.pick([1, 2, 7, 8, 63, 64, 511, 4095, 4096, 4097, 8192]);
  const fill = draw.pick(['zeros', 'ones', 'words', 'itself'] as const);
  const bytes = new Uint8Array(t.bytes.length + length);
  bytes.set(t.bytes);
  const tail = bytes.subarray(t.bytes.length);
  if (fill === 'ones') tail.fill(0xff);
  else if (fill === 'words') for (let i = 0; i < length; i++) tail[i] = draw.below(256);
  else if (fill === 'itself') tail.set(t.bytes.subarray(0, length));
  return { text: `${length} bytes (${fill}) behind the end`, bytes };
};

/** Entries of one of the two header tables changed for each other; the ELF header's count may be off by one. */
const shuffleHeaders: Change = (t, draw) => {
  const { view } = t;
  const bytes = t.bytes.slice();
  const size = SIZES[view.cls];
  const segments = view.segments.length > 0 && draw.oneIn(2);
  const [table, each, name] = segments
    ? ([view.segments, size.phdr, 'phdr'] as const)
    : ([view.sections, size.shdr, 'shdr'] as const);
  if (table.length === 0) return flipSome(t, draw, []);
  const [i, j] = [draw.below(table.length), draw.below(table.length)];
  const [a, b] = [table[i]!.at, table[j]!.at];
  const how = draw.pick(['swap', 'copy', 'zero', 'count'] as const);
  if (how === 'swap') bytes.set(t.bytes.subarray(b, b + each), a);
  if (how === 'swap' || how === 'copy') bytes.set(t.bytes.subarray(a, a + each), b);
  if (how === 'zero') bytes.fill(0, a, a + each);
  if (how === 'count') {
    const field = t.fields.find((f) => f.name === (segments ? 'e_phnum' : 'e_shnum'))!;
    setField(bytes, view.little, field, BigInt(table.length + draw.pick([-2, -1, 1, 2])));
  }
  return { text: `${name}: ${how} ${i}, ${j}`, bytes };
};

const moveChunks: Change = (t, draw) => {
  const { bytes } = t;
  const length = draw.pick([1, 2, 4, 8, 16, 24, 40, 56, 64, 128, 256, 512]);
  if (bytes.length < 2 * length) return flipSome(t, draw, []);
  const unit = draw.pick([1, 4, 8]);
  const place = () => Math.floor(draw.below(bytes.length - length + 1) / unit) * unit;
  const [a, b] = [place(), place()];
  const how = draw.pick(['swap', 'copy', 'take out', 'put in'] as const);
  const text = `chunks of ${length}: ${how} ${a}, ${b}`;
  switch (how) {
    case 'swap':
    case 'copy': {
      const copy = bytes.slice();
      if (how === 'swap') copy.set(bytes.subarray(b, b + length), a);
      copy.set(bytes.subarray(a, a + length), b);
      return { text, bytes: copy };
    }
    case 'take out':
      return { text, bytes: joined(bytes.subarray(0, a), bytes.subarray(a + length)) };
    case 'put in':
      return { text, bytes: joined(bytes.subarray(0, a), bytes.subarray(b, b + length), bytes.subarray(a)) };
    default:
      return how satisfies never;
  }
};

/** Part of another good file over this one, or behind its first part. */
const splice: Change = (t, draw, others) => {
  const number = draw.below(Math.max(1, others.length));
  const other = others[number]?.bytes ?? t.bytes;
  const from = draw.pick(t.positions.length > 0 ? t.positions : [0]);
  if (draw.oneIn(2)) {
    return {
      text: `from byte ${from} on target ${number}`,
      bytes: joined(t.bytes.subarray(0, from), other.subarray(from)),
    };
  }
  const to = Math.min(from + draw.pick([16, 64, 128, 512]), t.bytes.length, other.length);
  const bytes = t.bytes.slice();
  if (from < to) bytes.set(other.subarray(from, to), from);
  return { text: `bytes ${from} to ${to} of target ${number}`, bytes };
};

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

const DRAWN: readonly (readonly [Family, Change])[] = [
  ['fields', setFields('fields')],
  ['records', setFields('records')],
  ['lies', lie],
  ['flips', flipSome],
  ['grow', grow],
  ['headers', shuffleHeaders],
  ['chunks', moveChunks],
  ['splice', splice],
];

/** A mutation that is drawn; `others` are the files to splice with. */
export function drawMutant(t: Target, draw: Draw, others: readonly Target[] = []): Mutant {
  const able = t.record === undefined ? DRAWN.filter(([family]) => family !== 'records' && family !== 'lies') : DRAWN;
  const [family, change] = draw.pick(able);
  return { family, ...change(t, draw, others) };
}
