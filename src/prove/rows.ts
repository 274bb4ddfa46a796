/**
 * Differences as people think of them: by ABI and call, not by token and range of numbers. A row of `difference` is cut
 * into one part for each call and one for the numbers that are no call; what is said of it is exact all the same.
 */
import {
  ARCHES,
  type Arch,
  archesOfAudit,
  syscallName,
  syscallsOf,
  UNFILTERED_X86_64,
  X32_SYSCALL_BIT,
} from '../arch/index.ts';
import type { Values } from '../diagram/index.ts';
import type { U32 } from '../num/index.ts';
import type { Change, Differences } from './difference.ts';
import type { ChangeKind } from './meaning.ts';
import { type ArgumentRegions, sizeOf } from './regions.ts';
import type { Witness } from './witness.ts';

/** Numbers from `first` to `last`, both included. */
interface Interval {
  readonly first: number;
  readonly last: number;
}

const MOST = 0xffff_ffff;
const EVERY: readonly Interval[] = [{ first: 0, last: MOST }];
const X32: readonly Interval[] = [
  { first: X32_SYSCALL_BIT, last: 0x7fff_ffff },
  { first: 0xc000_0000, last: MOST - 1 },
];
/** -1 is no x32 number, although it has the bit. */
const NATIVE: readonly Interval[] = [
  { first: 0, last: X32_SYSCALL_BIT - 1 },
  { first: 0x8000_0000, last: 0xbfff_ffff },
  { first: MOST, last: MOST },
];

/** The numbers that belong to an ABI. */
function domainOf(abi: Arch): readonly Interval[] {
  if (abi.name === 'x32') return X32;
  return abi.name === 'x86_64' ? NATIVE : EVERY;
}

/** One change, for one call of one ABI, or for what is no call of any. */
export interface ArchChange {
  readonly kind: ChangeKind;
  readonly words?: readonly [U32, U32] | undefined;
  /** Absent: tokens of no single ABI, which `tokens` lists. */
  readonly arch?: Arch | undefined;
  readonly tokens: Values;
  /** All the numbers of the row that this is a part of. */
  readonly nr: Values;
  /** Absent: numbers that are no call here, or (without `arch`) all of `nr`. */
  readonly call?: string | undefined;
  /** How many numbers that is. */
  readonly numbers: bigint;
  readonly arguments?: ArgumentRegions | undefined;
  /** How many of the 2^512 inputs. */
  readonly count: bigint;
  readonly example: Witness;
  /** The kernel shows the call to no filter, so the change has no effect. */
  readonly outside: boolean;
}

function intersect(values: Values, domain: readonly Interval[]): readonly Interval[] | undefined {
  if (values.kind === 'masked') return undefined;
  if (values.kind === 'any') return domain;
  const first = Number(values.first);
  const last = Number(values.last);
  return domain
    .map((d) => ({ first: Math.max(first, d.first), last: Math.min(last, d.last) }))
    .filter((i) => i.first <= i.last);
}

/** A token alone, which is that of an ABI (or of x86_64 and x32). */
function abisOf(tokens: Values): readonly Arch[] {
  return tokens.kind === 'range' && tokens.first === tokens.last ? archesOfAudit(Number(tokens.first)) : [];
}

/** Ranges of few tokens are taken apart, so that an ABI beside an unknown token keeps its name. */
function singleTokens(tokens: Values): readonly Values[] {
  if (tokens.kind !== 'range' || tokens.first === tokens.last || tokens.last - tokens.first > 16n) return [tokens];
  const { first, last } = tokens;
  return Array.from({ length: Number(last - first) + 1 }, (_, i) => {
    const token = first + BigInt(i);
    return { kind: 'range', first: token, last: token };
  });
}

function callsIn(abi: Arch, inside: readonly Interval[]): ReadonlyMap<number, string> {
  const found = new Map<number, string>();
  for (const nr of new Set(syscallsOf(abi).values())) {
    const name = syscallName(abi, nr);
    if (name !== undefined && inside.some(({ first, last }) => first <= nr && nr <= last)) found.set(nr, name);
  }
  return found;
}

/** The smallest number of an interval that is no call. */
function firstNoCall(inside: readonly Interval[], calls: ReadonlyMap<number, string>): number | undefined {
  for (const { first, last } of inside) {
    for (let nr = first; nr <= last; nr++) if (!calls.has(nr)) return nr;
  }
  return undefined;
}

function partsOf(change: Change, tokens: Values): readonly ArchChange[] {
  const abis = abisOf(tokens);
  const size = sizeOf(change.arch, 32) * sizeOf(change.nr, 32);
  /** Of one number on one token: a row is the product of its tokens, its numbers and its arguments. */
  const each = change.count / size;
  const base = {
    kind: change.kind,
    words: change.words,
    tokens,
    nr: change.nr,
    arguments: change.arguments,
    example: change.example,
    outside: change.outside,
  };
  const whole = (): ArchChange => {
    const numbers = sizeOf(change.nr, 32);
    const count = tokens === change.arch ? change.count : each * sizeOf(tokens, 32) * numbers;
    return { ...base, numbers, count };
  };
  // Without arguments of their own, numbers and arguments hang together and cannot be taken apart.
  if (abis.length === 0 || change.arguments === undefined) return [whole()];
  const domains = abis.map((abi) => ({ abi, inside: intersect(change.nr, domainOf(abi)) }));
  if (domains.some(({ inside }) => inside === undefined)) return [whole()];
  return domains.flatMap(({ abi, inside = [] }): readonly ArchChange[] => {
    const calls = callsIn(abi, inside);
    // Any number of the row will do as an example, with the same arguments; only where a row has one pair of words,
    // though, are those the words of every one of them.
    const exampleAt = (nr: number): Witness =>
      change.words === undefined
        ? change.example
        : { data: { ...change.example.data, arch: abi.audit, nr }, words: change.words };
    const made = [...calls].map(
      ([nr, call]): ArchChange => ({
        ...base,
        arch: abi,
        call,
        numbers: 1n,
        count: each,
        example: exampleAt(nr),
        outside: abi.name === 'x86_64' && UNFILTERED_X86_64.has(nr),
      }),
    );
    const others = inside.reduce((n, { first, last }) => n + BigInt(last - first + 1), 0n) - BigInt(calls.size);
    const nr = others > 0n ? firstNoCall(inside, calls) : undefined;
    if (nr === undefined) return made;
    return [
      ...made,
      { ...base, arch: abi, numbers: others, count: each * others, example: exampleAt(nr), outside: false },
    ];
  });
}

/** Every change, one part for each call of each ABI. */
export function byArch({ changes }: Differences): readonly ArchChange[] {
  return changes.flatMap((change) => singleTokens(change.arch).flatMap((tokens) => partsOf(change, tokens)));
}

/** Which calls of an ABI a list of parts is about. */
export interface CallSet {
  /** Sorted; when `except`, those that it is not about. */
  readonly calls: readonly string[];
  readonly except: boolean;
  /** Numbers that are no call: none of them, all, or so many. */
  readonly others: 'none' | 'all' | bigint;
}

/** The calls of one ABI's parts in the fewest words. */
export function callSet(abi: Arch, parts: readonly ArchChange[]): CallSet {
  const named = new Set(parts.flatMap(({ call }) => call ?? []));
  const all = new Set([...syscallsOf(abi).values()].map((nr) => syscallName(abi, nr) ?? ''));
  const missing = [...all].filter((name) => !named.has(name));
  const numbers = parts.filter(({ call }) => call === undefined).reduce((n, part) => n + part.numbers, 0n);
  const domain = domainOf(abi).reduce((n, { first, last }) => n + BigInt(last - first + 1), 0n);
  const others = numbers === 0n ? 'none' : numbers === domain - BigInt(all.size) ? 'all' : numbers;
  const except = missing.length < named.size / 2;
  return { calls: (except ? missing : [...named]).sort(), except, others };
}

/** Every ABI whose token a set of tokens holds. */
export function abisIn(tokens: readonly Values[]): readonly Arch[] {
  const holds = (token: bigint, values: Values): boolean => {
    switch (values.kind) {
      case 'any':
        return true;
      case 'range':
        return values.first <= token && token <= values.last;
      case 'masked':
        return (token & values.mask) === values.value;
      default:
        return values satisfies never;
    }
  };
  return [...ARCHES.values()].filter(({ audit }) => tokens.some((values) => holds(BigInt(audit), values)));
}
