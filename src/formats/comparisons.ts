/**
 * Comparisons of one argument, cut down to what the plain dialect has: seven operators over 64 bits, one comparison of an
 * argument in a rule. What is more than that (a range, a comparison of 32 bits where 64 are passed, what is left of a range
 * without some values) becomes several alternatives. Every step is exact.
 *
 * A cube is what SCMP_CMP_MASKED_EQ says: (argument & mask) == value. Any comparison is a union of at most 64 cubes: for
 * "less than v", one for each bit of v that is 1, where the argument has 0 there and v's bits above.
 */
import { U64_MAX } from '../num/index.ts';
import type { Condition } from '../policy/index.ts';

const LOW = 0xffff_ffffn;

/** (argument & mask) == value. */
interface Cube {
  readonly mask: bigint;
  readonly value: bigint;
}

/** One comparison of a rule of the plain dialect. For masked_eq `value` is what is left under `mask`. */
export interface Comparison {
  readonly argIndex: number;
  readonly op: Condition['op'];
  readonly value: bigint;
  readonly mask: bigint;
}

/** More alternatives than this for one argument fit no profile that anybody wants. */
const MOST_CUBES = 2048;

const top = (c: Condition): bigint => (c.narrow ? LOW : U64_MAX);

/** The comparison with what never and always holds found out, and masks no wider than what is compared. */
export function folded(c: Condition): Condition | boolean {
  const most = top(c);
  switch (c.op) {
    case 'eq':
      return c.value <= most && c;
    case 'ne':
      return c.value > most || c;
    case 'lt':
      return c.value > most || (c.value !== 0n && c);
    case 'le':
      return c.value >= most || c;
    case 'gt':
      return c.value < most && c;
    case 'ge':
      return c.value === 0n || (c.value <= most && c);
    case 'masked_eq': {
      const mask = c.mask & most;
      if ((c.value & ~mask) !== 0n) return false;
      if (mask === 0n) return true;
      return mask === most ? { ...c, op: 'eq', mask: U64_MAX } : { ...c, mask };
    }
    default:
      return c.op satisfies never;
  }
}

const OPPOSITE = { eq: 'ne', ne: 'eq', lt: 'ge', ge: 'lt', le: 'gt', gt: 'le' } as const;

/** Where a comparison does not hold, as alternatives that exclude each other. */
export function negated(c: Condition): readonly Condition[] {
  if (c.op !== 'masked_eq') return [{ ...c, op: OPPOSITE[c.op] }];
  const found: Condition[] = [];
  let mask = 0n;
  for (let bit = 1n; bit <= top(c); bit <<= 1n) {
    if ((c.mask & bit) === 0n) continue;
    mask |= bit;
    // As wanted below this bit, and another one here.
    found.push({ ...c, mask, value: (c.value & mask) ^ bit });
  }
  return found;
}

function cubesBelow(value: bigint, most: bigint): readonly Cube[] {
  const found: Cube[] = [];
  for (let bit = 1n; bit <= most; bit <<= 1n) {
    if ((value & bit) === 0n) continue;
    const mask = most & ~(bit - 1n);
    found.push({ mask, value: value & mask & ~bit });
  }
  return found;
}

function cubesAbove(value: bigint, most: bigint): readonly Cube[] {
  const found: Cube[] = [];
  for (let bit = 1n; bit <= most; bit <<= 1n) {
    if ((value & bit) !== 0n) continue;
    const mask = most & ~(bit - 1n);
    found.push({ mask, value: (value & mask) | bit });
  }
  return found;
}

function cubesOf(c: Condition): readonly Cube[] {
  const most = top(c);
  const exactly: Cube = { mask: most, value: c.value };
  switch (c.op) {
    case 'eq':
      return [exactly];
    case 'ne':
      return [...cubesBelow(c.value, most), ...cubesAbove(c.value, most)];
    case 'lt':
      return cubesBelow(c.value, most);
    case 'le':
      return [...cubesBelow(c.value, most), exactly];
    case 'gt':
      return cubesAbove(c.value, most);
    case 'ge':
      return [...cubesAbove(c.value, most), exactly];
    case 'masked_eq':
      return [{ mask: c.mask & most, value: c.value }];
    default:
      return c.op satisfies never;
  }
}

/** Undefined where there are too many. */
function meet(all: readonly Cube[], more: readonly Cube[]): readonly Cube[] | undefined {
  const found: Cube[] = [];
  for (const a of all) {
    for (const b of more) {
      if (((a.value ^ b.value) & a.mask & b.mask) !== 0n) continue;
      found.push({ mask: a.mask | b.mask, value: a.value | b.value });
      if (found.length > MOST_CUBES) return undefined;
    }
  }
  return found;
}

/** True when none of the comparisons looks at single bits, and all are over 64 bits. */
function areRanges(list: readonly Condition[]): boolean {
  return list.every((c) => c.op !== 'masked_eq' && !c.narrow);
}

type Range = readonly [low: bigint, high: bigint];

function without(ranges: readonly Range[], low: bigint, high: bigint): readonly Range[] {
  return ranges.flatMap(([l, h]): readonly Range[] => {
    const left: Range = [l, low - 1n < h ? low - 1n : h];
    const right: Range = [high + 1n > l ? high + 1n : l, h];
    return [left, right].filter(([a, b]) => a <= b);
  });
}

function rangesOf(list: readonly Condition[]): readonly Range[] {
  return list.reduce<readonly Range[]>(
    (ranges, { op, value: v }) => {
      switch (op) {
        case 'eq':
          return without(without(ranges, 0n, v - 1n), v + 1n, U64_MAX);
        case 'ne':
          return without(ranges, v, v);
        case 'lt':
          return without(ranges, v, U64_MAX);
        case 'le':
          return without(ranges, v + 1n, U64_MAX);
        case 'gt':
          return without(ranges, 0n, v);
        case 'ge':
          return without(ranges, 0n, v - 1n);
        default:
          return ranges;
      }
    },
    [[0n, U64_MAX]],
  );
}

/** A range in one comparison where there is one for it. */
function oneComparison(argIndex: number, [low, high]: Range): Comparison | undefined {
  const plain = (op: Condition['op'], value: bigint): Comparison => ({ argIndex, op, value, mask: U64_MAX });
  if (low === high) return plain('eq', low);
  if (low === 0n) return plain('le', high);
  return high === U64_MAX ? plain('ge', low) : undefined;
}

function asCubes(argIndex: number, list: readonly Condition[]): readonly Comparison[] | undefined {
  const cubes = list
    .map(cubesOf)
    .reduce<readonly Cube[] | undefined>((all, more) => all && meet(all, more), [{ mask: 0n, value: 0n }]);
  return cubes?.map(({ mask, value }) =>
    mask === U64_MAX ? { argIndex, op: 'eq', value, mask } : { argIndex, op: 'masked_eq', value, mask },
  );
}

/**
 * The single comparisons of which one holds exactly when all of the list do; all are of one argument, folded, and each can
 * hold. `passes32`: the ABI passes 32 bits, so that no comparison needs to say so. Undefined where there are too many.
 */
export function singleComparisons(list: readonly Condition[], passes32: boolean): readonly Comparison[] | undefined {
  // What a 32-bit ABI passes has no high half, so a comparison of 64 bits is one of 32 there.
  const plain = passes32 ? list.map((c) => ({ ...c, narrow: false })) : list;
  const [first] = plain;
  if (first === undefined) return [];
  const { argIndex } = first;
  if (plain.length === 1 && !first.narrow) return [{ argIndex, op: first.op, value: first.value, mask: first.mask }];
  if (!areRanges(plain)) return asCubes(argIndex, list);
  const ranges = rangesOf(plain);
  const [below, above, more] = ranges;
  if (below?.[0] === 0n && above?.[0] === below[1] + 2n && above[1] === U64_MAX && more === undefined) {
    return [{ argIndex, op: 'ne', value: below[1] + 1n, mask: U64_MAX }];
  }
  const parts = ranges.map((range) => {
    const one = oneComparison(argIndex, range);
    const [low, high] = range;
    const between: readonly Condition[] = [
      { argIndex, op: 'ge', value: low, mask: U64_MAX, narrow: passes32 },
      { argIndex, op: 'le', value: high, mask: U64_MAX, narrow: passes32 },
    ];
    return one ? [one] : asCubes(argIndex, between);
  });
  return parts.every((part) => part !== undefined) ? parts.flat() : undefined;
}
