/** Changes that are alike put together, and said in words: which calls, where, for which arguments. */

import { nameOfValue, parametersOf } from '../arch/constants.ts';
import { ARCHES, type Arch, describeWord } from '../arch/index.ts';
import type { Source, Span } from '../diag/index.ts';
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

/** A known difference: where somebody has written down why it is wanted. */
export interface Ignored {
  readonly source: Source;
  readonly span: Span;
  readonly reason: string;
}

export interface Group {
  readonly kind: ChangeKind;
  /** Result words in words; absent where they are many. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** ABIs, or a phrase for tokens of none. */
  readonly arches: readonly string[];
  /** Absent where there is no ABI whose calls they could be. */
  readonly calls?: CallSet | undefined;
  readonly callsText: string;
  /** Alternatives; empty: whatever the arguments are. */
  readonly where: readonly string[];
  readonly count: bigint;
  readonly example: Witness;
  readonly outside: boolean;
  readonly ignored?: Ignored | undefined;
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
  readonly ignored?: Ignored | undefined;
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

/** The same calls of one ABI, or the same numbers of architectures without one. */
interface Same {
  readonly own: readonly Labelled[];
  readonly label: string;
  /** Where the label stands among others. */
  readonly rank: number;
  readonly calls?: CallSet | undefined;
  readonly callsText: string;
}

const RANK: readonly string[] = [...ARCHES.keys()];

/** 'every call and number', 'number 59', 'numbers 0x0..0x3a, 0x3c or more'. */
function numbersText(numbers: readonly Values[]): string {
  if (numbers.some(({ kind }) => kind === 'any')) return EVERY;
  const texts = numbers.map((v) => {
    if (v.kind === 'masked') return `those with number & ${hex(v.mask)} == ${hex(v.value)}`;
    if (v.kind === 'any') return EVERY;
    if (v.first === v.last) return String(v.first);
    return v.last === MOST_32 ? `${v.first} and above` : `${v.first}..${v.last}`;
  });
  return `${texts.length === 1 && /^\d+$/.test(texts[0] ?? '') ? 'number' : 'numbers'} ${texts.join(', ')}`;
}

function sameOf(parts: readonly Labelled[]): readonly Same[] {
  const named = parts.filter(({ change }) => change.arch !== undefined);
  const perArch = collect(named, ({ change }) => change.arch?.name ?? '').flatMap((own): readonly Same[] => {
    const arch = own[0]?.change.arch;
    if (arch === undefined) return [];
    const calls = callSet(
      arch,
      own.map(({ change }) => change),
    );
    return [{ own, label: arch.name, rank: RANK.indexOf(arch.name), calls, callsText: callSetText(calls) }];
  });
  const text = (value: unknown) => JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? String(v) : v));
  const others = parts.filter(({ change }) => change.arch === undefined);
  const perTokens = collect(others, ({ change }) => text(change.tokens)).map((own) => ({
    own,
    callsText: numbersText(own.map(({ change }) => change.nr)),
  }));
  const perNumbers = collect(perTokens, ({ callsText }) => callsText).map((same): Same => {
    const label = tokensText(same.flatMap(({ own }) => own[0]?.change.tokens ?? []));
    return { own: same.flatMap(({ own }) => own), label, rank: RANK.length, callsText: same[0]?.callsText ?? '' };
  });
  return [...perArch, ...perNumbers];
}

/** One group for each change: calls that change alike together, and ABIs on which the same calls do. */
export function grouped(judged: readonly Judged[]): readonly Group[] {
  const groups = collect(judged.map(labelled), alike).flatMap((parts): readonly Group[] =>
    collect(sameOf(parts), ({ callsText }) => callsText).map((same): Group => {
      const sorted = same.toSorted((a, b) => a.rank - b.rank);
      return {
        ...common(sorted.flatMap(({ own }) => own)),
        arches: sorted.map(({ label }) => label),
        calls: sorted.find(({ calls }) => calls !== undefined)?.calls,
        callsText: sorted[0]?.callsText ?? '',
      };
    }),
  );
  return groups.toSorted((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind));
}

const EVERY = 'every call and number';

/** 'socket, socketpair', 'every call but read'. */
function callSetText({ calls, except, others }: CallSet): string {
  const numbers =
    others === 'none' ? '' : others === 'all' ? 'every number that is no call' : `${others} numbers that are no call`;
  if (except && calls.length === 0) {
    if (others === 'all') return EVERY;
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

export const changeText = ({ from, to }: Group): string =>
  from === undefined || to === undefined ? 'results that depend on the call' : `${from} -> ${to}`;

/** '2 loosened, 0 tightened, 1 changed'. */
export function tally(groups: readonly Group[]): string {
  const of = (kind: ChangeKind) => groups.filter((g) => g.kind === kind).length;
  return `${of('LOOSENED')} loosened, ${of('TIGHTENED')} tightened, ${of('CHANGED')} changed`;
}
