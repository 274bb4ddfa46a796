/**
 * What conditions on one argument admit. Everything here is exact over 64 bits: a set of comparisons on one argument is
 * an interval, one masked equality and some excluded values, and the smallest member of that can be computed.
 */
import type { SeccompData } from '../arch/index.ts';
import { U64_MAX } from '../num/index.ts';
import type { Condition } from './types.ts';

const LOW = 0xffff_ffffn;

/** True when the comparison holds for this argument value (64 bits, unsigned). */
export function holds(c: Condition, argument: bigint): boolean {
  const value = c.narrow ? argument & LOW : argument & U64_MAX;
  switch (c.op) {
    case 'eq':
      return value === c.value;
    case 'ne':
      return value !== c.value;
    case 'lt':
      return value < c.value;
    case 'le':
      return value <= c.value;
    case 'gt':
      return value > c.value;
    case 'ge':
      return value >= c.value;
    case 'masked_eq':
      return (value & c.mask) === c.value;
    default:
      return c.op satisfies never;
  }
}

export function holdsAll(conditions: readonly Condition[], args: SeccompData['args']): boolean {
  return conditions.every((c) => holds(c, args[c.argIndex] ?? 0n));
}

/** The smallest x >= from with (x & mask) == value, below 2^64; undefined when there is none. `value` lies in `mask`. */
function nextMasked(from: bigint, mask: bigint, value: bigint): bigint | undefined {
  // 'greater than 2^64-1' begins there.
  if (from > U64_MAX) return undefined;
  if ((from & mask) === value) return from;
  // The highest bit at which `from` disagrees decides: above it x keeps from's bits, below it x is as small as it can be.
  let top = 63n;
  while (((from ^ value) & mask & (1n << top)) === 0n) top -= 1n;
  const above = ~((1n << (top + 1n)) - 1n) & U64_MAX;
  const below = (1n << top) - 1n;
  if ((value & (1n << top)) !== 0n) return (from & above) | (1n << top) | (value & below);
  // from has a 1 where x must have 0: some free bit above must be raised from 0 to 1.
  for (let bit = top + 1n; bit < 64n; bit += 1n) {
    const one = 1n << bit;
    if ((mask & one) !== 0n || (from & one) !== 0n) continue;
    const keep = ~((one << 1n) - 1n) & U64_MAX;
    return (from & keep) | one | (value & (one - 1n));
  }
  return undefined;
}

/** The values between which an argument lies that passes this comparison; not all of them do. Empty: low > high. */
function interval(c: Condition): readonly [low: bigint, high: bigint] {
  const top = c.narrow ? LOW : U64_MAX;
  const upTo = (high: bigint) => (high < top ? high : top);
  switch (c.op) {
    case 'eq':
      return [c.value, upTo(c.value)];
    case 'ne':
      return [0n, top];
    case 'lt':
      return [0n, upTo(c.value - 1n)];
    case 'le':
      return [0n, upTo(c.value)];
    case 'gt':
      return [c.value + 1n, top];
    case 'ge':
      return [c.value, top];
    case 'masked_eq':
      return [c.value, upTo(c.value | (top & ~c.mask))];
    default:
      return c.op satisfies never;
  }
}

/** The intersection of the intervals of all these comparisons, which have one width. */
export function hull(conditions: readonly Condition[]): readonly [low: bigint, high: bigint] {
  return conditions
    .map(interval)
    .reduce(([low, high], [l, h]) => [l > low ? l : low, h < high ? h : high], [0n, U64_MAX]);
}

/**
 * The smallest argument for which all these comparisons hold; undefined when none does. All are on one argument of one
 * call. Where only some compare 32 bits (x-width), the low half must lie in an interval of its own.
 */
export function smallestMatch(conditions: readonly Condition[]): bigint | undefined {
  const wide = conditions.filter((c) => !c.narrow);
  const narrow = conditions.filter((c) => c.narrow);
  const [low, high] = wide.length === 0 ? [0n, LOW] : hull(wide);
  const [lowHalf, highHalf] = narrow.length === 0 ? [0n, LOW] : hull(narrow);
  let mask = 0n;
  let value = 0n;
  const excluded = new Set<bigint>();
  const excludedHalves = new Set<bigint>();
  for (const c of conditions) {
    if (c.op === 'eq' || c.op === 'masked_eq') {
      const m = (c.op === 'eq' ? U64_MAX : c.mask) & (c.narrow ? LOW : U64_MAX);
      if ((c.value & ~m) !== 0n || ((value ^ c.value) & mask & m) !== 0n) return undefined;
      mask |= m;
      value |= c.value;
    } else if (c.op === 'ne') (c.narrow ? excludedHalves : excluded).add(c.value);
  }
  if (lowHalf > highHalf) return undefined;
  // All high halves leave the low one the same choice, but for the first and those of excluded values: with one more, all
  // are tried.
  let halvesLeft = excluded.size + 2;
  let found = nextMasked(low, mask, value);
  while (found !== undefined && found <= high) {
    const half = found & LOW;
    let from = found;
    if (half < lowHalf) from = (found & ~LOW) | lowHalf;
    else if (half > highHalf) from = ((found | LOW) + 1n) | lowHalf;
    else if (excluded.has(found) || excludedHalves.has(half)) from = found + 1n;
    else return found;
    const next = nextMasked(from, mask, value);
    if (next !== undefined && next >> 32n !== found >> 32n) {
      halvesLeft -= 1;
      if (halvesLeft === 0) return undefined;
    }
    found = next;
  }
  return undefined;
}

/** Arguments for which every condition holds (those without a condition are 0); undefined when there are none. */
export function exampleArguments(conditions: readonly Condition[]): SeccompData['args'] | undefined {
  const args: [bigint, bigint, bigint, bigint, bigint, bigint] = [0n, 0n, 0n, 0n, 0n, 0n];
  for (let i = 0; i < 6; i++) {
    const match = smallestMatch(conditions.filter((c) => c.argIndex === i));
    if (match === undefined) return undefined;
    args[i] = match;
  }
  return args;
}

const NEGATED: Readonly<Partial<Record<Condition['op'], Condition['op']>>> = {
  eq: 'ne',
  ne: 'eq',
  lt: 'ge',
  le: 'gt',
  gt: 'le',
  ge: 'lt',
};

/** True when every call that meets `given` is sure to meet `wanted`; false also where that is not plain to see. */
export function implies(given: readonly Condition[], wanted: readonly Condition[]): boolean {
  return wanted.every((w) => {
    const same = given.filter((g) => g.argIndex === w.argIndex && g.narrow === w.narrow);
    const op = NEGATED[w.op];
    if (op !== undefined) return smallestMatch([...same, { ...w, op }]) === undefined;
    // The negation of a masked comparison is none; its bits must be fixed by another one.
    return same.some(
      (g) => (g.op === 'eq' || g.op === 'masked_eq') && (g.mask & w.mask) === w.mask && (g.value & w.mask) === w.value,
    );
  });
}
