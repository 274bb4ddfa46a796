/** Changes that are alike put together, and said in words: which calls, where, for which arguments. */
import { type Arch, describeWord } from '../arch/index.ts';
import { nameOfValue, parametersOf } from '../assert/constants.ts';
import type { Values } from '../diagram/index.ts';
import { hex } from '../num/index.ts';
import {
  type ArchChange,
  type ArgumentRegions,
  abisIn,
  type CallSet,
  type ChangeKind,
  callSet,
  type FieldValues,
  type Witness,
} from '../prove/index.ts';
import type { IgnoreEntry } from './diff-ignore.ts';

export interface Group {
  readonly kind: ChangeKind;
  /** Result words in words; absent where they are many. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** ABIs, or a phrase for tokens of none. */
  readonly arches: readonly string[];
  readonly calls: CallSet;
  /** Alternatives; empty: whatever the arguments are. */
  readonly where: readonly string[];
  readonly count: bigint;
  readonly example: Witness;
  readonly outside: boolean;
  readonly ignored?: IgnoreEntry | undefined;
}

const MOST_64 = (1n << 64n) - 1n;
const MOST_32 = 0xffff_ffffn;

function valuesText(field: string, { part, not, values }: FieldValues, name: (value: bigint) => string): string {
  const most = part === 'all' ? MOST_64 : MOST_32;
  const number = (value: bigint) => `${hex(value)}${name(value)}`;
  const range = ({ first, last }: Extract<Values, { kind: 'range' }>) =>
    first === last ? number(first) : last === most ? `${hex(first)} or more` : `${hex(first)}..${hex(last)}`;
  const [only] = values;
  if (values.length === 1 && only?.kind === 'range') {
    const { first, last } = only;
    if (first === last) return `${field} ${not ? '!=' : '=='} ${number(first)}`;
    if (first === 0n) return `${field} ${not ? '>' : '<='} ${hex(last)}`;
    if (last === most) return `${field} ${not ? '<' : '>='} ${hex(first)}`;
    return `${field} ${not ? 'not in' : 'in'} ${range(only)}`;
  }
  if (values.every((v) => v.kind === 'range'))
    return `${field} ${not ? 'not in' : 'in'} {${values.map(range).join(', ')}}`;
  const texts = values.map((v) => {
    if (v.kind === 'range') return valuesText(field, { part, not, values: [v] }, name);
    return v.kind === 'any' ? `${field} any` : `${field} & ${hex(v.mask)} ${not ? '!=' : '=='} ${hex(v.value)}`;
  });
  const joined = texts.join(not ? ' and ' : ' or ');
  return texts.length > 1 ? `(${joined})` : joined;
}

/** Of a half alone the other may be anything; a 32-bit ABI passes no high word that anything could look at. */
function fieldText(
  field: string,
  halves: readonly FieldValues[],
  name: (value: bigint) => string,
  abi: Arch | undefined,
): string {
  const [only] = halves;
  if (halves.length === 1 && only?.part === 'low') {
    return `${valuesText(field, only, name)}${abi?.wordBits === 32 ? '' : ', high word any'}`;
  }
  return halves
    .map((half) => {
      const isHigh = half.part === 'high';
      return valuesText(half.part === 'all' ? field : `${field} ${half.part} word`, half, isHigh ? () => '' : name);
    })
    .join(' and ');
}

/** 'arg0 in 0x26..0x27, high word any', one text for each box of values. */
function regionTexts(
  regions: ArgumentRegions | undefined,
  abi: Arch | undefined,
  call: string | undefined,
): readonly string[] {
  if (regions === undefined) return ['numbers and arguments that hang together'];
  const texts = regions.regions.map(({ args, instructionPointer }) => {
    const fields = [...args].map(([argIndex, values]) => {
      const family = abi && call !== undefined ? parametersOf(call, abi)[argIndex]?.family : undefined;
      const name = (value: bigint) => {
        const found = family && abi && value !== 0n ? nameOfValue(family, value, abi) : undefined;
        return found === undefined ? '' : ` (${found})`;
      };
      return fieldText(`arg${argIndex}`, values, name, abi);
    });
    if (instructionPointer) fields.push(fieldText('instruction pointer', instructionPointer, () => '', undefined));
    return fields.join(fields.some((text) => text.includes(',')) ? ', and ' : ' and ');
  });
  if (texts.length === 1 && texts[0] === '' && regions.complete) return [];
  return regions.complete ? texts : [...texts, 'and more values'];
}

/** 'other architectures', and those of them that have names. */
function tokensText(tokens: readonly Values[]): string {
  const all = tokens.reduce((n, t) => n + (t.kind === 'range' ? t.last - t.first + 1n : 1n << 32n), 0n);
  const [only] = tokens;
  if (tokens.length === 1 && only?.kind === 'any') return 'every architecture';
  if (tokens.length === 1 && only?.kind === 'range' && only.first === only.last)
    return `architecture ${hex(only.first)}`;
  if (all > (1n << 32n) - 256n) return 'all other architectures';
  const names = abisIn(tokens).map(({ name }) => name);
  return names.length === 0 ? 'unknown architectures' : `unknown architectures and ${names.join(', ')}`;
}

const ORDER: readonly ChangeKind[] = ['LOOSENED', 'TIGHTENED', 'CHANGED'];

export interface Judged {
  readonly change: ArchChange;
  readonly ignored?: IgnoreEntry | undefined;
}

interface Labelled extends Judged {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly where: readonly string[];
}

function labelled({ change, ignored }: Judged): Labelled {
  const { words, arch, call } = change;
  return {
    change,
    ignored,
    ...(words && { from: describeWord(words[0], arch), to: describeWord(words[1], arch) }),
    where: regionTexts(change.arguments, arch, call),
  };
}

function collect<T>(items: readonly T[], key: (item: T) => string): readonly (readonly T[])[] {
  const found = new Map<string, T[]>();
  for (const item of items) {
    const k = key(item);
    const list = found.get(k);
    if (list === undefined) found.set(k, [item]);
    else list.push(item);
  }
  return [...found.values()];
}

const alike = ({ change, ignored, from, to, where }: Labelled): string =>
  JSON.stringify([change.kind, from, to, where, change.outside, ignored?.span.start, ignored?.source.name]);

/** What is the same for every part of a list that is alike. */
function common(parts: readonly Labelled[]) {
  const [first] = parts as readonly [Labelled, ...Labelled[]];
  return {
    kind: first.change.kind,
    from: first.from,
    to: first.to,
    where: first.where,
    outside: first.change.outside,
    ignored: first.ignored,
    example: (parts.find(({ change }) => change.call !== undefined) ?? first).change.example,
    count: parts.reduce((n, { change }) => n + change.count, 0n),
  };
}

const EVERY: CallSet = { calls: [], except: true, others: 'all' };

/** One group for each change: calls that change alike together, and ABIs on which the same calls do. */
export function grouped(judged: readonly Judged[]): readonly Group[] {
  const groups = collect(judged.map(labelled), alike).flatMap((parts): readonly Group[] => {
    const perArch = collect(parts, ({ change }) => change.arch?.name ?? '').map((own) => {
      const arch = own[0]?.change.arch;
      const calls = arch
        ? callSet(
            arch,
            own.map(({ change }) => change),
          )
        : EVERY;
      const label = arch?.name ?? tokensText(own.map(({ change }) => change.tokens));
      return { own, calls, label };
    });
    return collect(perArch, ({ calls }) => `${calls.calls.join()} ${calls.except} ${calls.others}`).map(
      (same): Group => {
        const calls = same[0]?.calls ?? EVERY;
        return { ...common(same.flatMap(({ own }) => own)), arches: same.map(({ label }) => label), calls };
      },
    );
  });
  return [...groups].sort((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind));
}

/** 'socket, socketpair', 'every call but read'. */
export function callsText({ calls, except, others }: CallSet): string {
  const numbers =
    others === 'none' ? '' : others === 'all' ? 'every number that is no call' : `${others} numbers that are no call`;
  if (except && calls.length === 0) {
    if (others === 'all') return 'every call and number';
    return numbers === '' ? 'every call' : `every call, and ${numbers}`;
  }
  const named = except ? `every call but ${calls.join(', ')}` : calls.join(', ');
  if (named === '') return numbers;
  return numbers === '' ? named : `${named}, and ${numbers}`;
}

/** A list of alternatives in one line. */
export function whereText(where: readonly string[]): string {
  return where.length === 0 ? '' : where.join('; or ');
}
