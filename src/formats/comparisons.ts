/**
 * Comparisons of one argument, cut down to what the plain dialect has: seven operators over 64 bits, one comparison of an
 * argument in a rule. What is more than that (a range, a comparison of 32 bits where 64 are passed, what is left of a range
 * without some values) becomes several alternatives. Every step is exact.
 *
 * A cube is what SCMP_CMP_MASKED_EQ says: (argument & mask) == value. Any comparison is a union of at most 64 of them, the
 * aligned blocks of its values: "less than 6" is 0 to 3, and 4 to 5.
 */
import { U64_MAX } from '../num/index.ts';
import type { Condition } from '../policy/index.ts';
import { blocks, type Cube, type Range, rangesOf } from './ranges.ts';

const LOW = 0xffff_ffffn;

/** One comparison of a rule of the plain dialect. For masked_eq `value` is what is left under `mask`. */
export interface Comparison {
  readonly argIndex: number;
  readonly op: Condition['op'];
  readonly value: bigint;
  readonly mask: bigint;
}

const ANY: Cube = { mask: 0n, value: 0n };
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

function cubesOf(c: Condition): readonly Cube[] {
  const most = top(c);
  if (c.op === 'masked_eq') return [{ mask: c.mask & most, value: c.value }];
  return rangesOf([c], most).flatMap((range) => blocks(range, most));
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

const fromCube = (argIndex: number, { mask, value }: Cube): Comparison =>
  mask === U64_MAX ? { argIndex, op: 'eq', value, mask } : { argIndex, op: 'masked_eq', value, mask };

/** Ranges up to `most` by the dialect's own operators where they say them; only where those see no more than is meant. */
function fromRanges(argIndex: number, ranges: readonly Range[], most: bigint): readonly Comparison[] {
  const plain = (op: Condition['op'], value: bigint): readonly Comparison[] => [{ argIndex, op, value, mask: U64_MAX }];
  const [below, above, more] = ranges;
  if (below?.[0] === 0n && above?.[0] === below[1] + 2n && above[1] === most && more === undefined) {
    return plain('ne', below[1] + 1n);
  }
  return ranges.flatMap((range) => {
    const [low, high] = range;
    if (low === high) return plain('eq', low);
    if (low === 0n) return plain('le', high);
    return high === most ? plain('ge', low) : blocks(range, most).map((cube) => fromCube(argIndex, cube));
  });
}

/**
 * The single comparisons of which one holds exactly when all of the list do; all are of one argument, folded, and each can
 * hold. `passes32`: the ABI passes 32 bits, so that no comparison needs to say so. Undefined where there are too many.
 */
export function singleComparisons(list: readonly Condition[], passes32: boolean): readonly Comparison[] | undefined {
  const [first] = list;
  if (first === undefined) return [];
  const { argIndex } = first;
  const canSay = (c: Condition) => passes32 || !c.narrow;
  if (list.length === 1 && canSay(first)) return [{ argIndex, op: first.op, value: first.value, mask: first.mask }];
  if (list.every((c) => c.op !== 'masked_eq' && canSay(c))) {
    const most = passes32 ? LOW : U64_MAX;
    return fromRanges(argIndex, rangesOf(list, most), most);
  }
  const sameWidth = list.every((c) => c.op !== 'masked_eq' && c.narrow === first.narrow);
  const cubes = sameWidth
    ? rangesOf(list, top(first)).flatMap((range) => blocks(range, top(first)))
    : list.map(cubesOf).reduce<readonly Cube[] | undefined>((all, more) => all && meet(all, more), [ANY]);
  return cubes?.map((cube) => fromCube(argIndex, cube));
}
