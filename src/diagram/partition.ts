/**
 * A diagram cut along one field: which values of the field lead to which diagram over the later fields. As ranges where
 * there are few, as bit patterns where masks would make too many ranges.
 */
import type { Node, NodeTable } from './nodes.ts';

/** Values of one field, unsigned. */
export type Values =
  | { readonly kind: 'range'; readonly first: bigint; readonly last: bigint }
  /** Every v with (v & mask) == value. */
  | { readonly kind: 'masked'; readonly mask: bigint; readonly value: bigint }
  | { readonly kind: 'any' };

export interface Piece {
  readonly values: Values;
  /** Tests no field up to and including this one. */
  readonly rest: Node;
}

/** The field that starts at `firstLevel` and has `width` bits. No field above it may be tested by the diagram. */
export interface Field {
  readonly firstLevel: number;
  readonly width: number;
}

/**
 * The pieces of a field, disjoint and together all of it but for what leads to `without`; undefined when it takes more
 * than `most` of either form.
 */
export function partition(
  d: NodeTable,
  root: Node,
  field: Field,
  most: number,
  without?: Node,
): readonly Piece[] | undefined {
  return d.level(root) >= field.firstLevel + field.width
    ? [{ values: { kind: 'any' }, rest: root }]
    : (ranges(d, root, field, most)?.filter(({ rest }) => rest !== without) ?? patterns(d, root, field, most, without));
}

interface Run {
  readonly size: bigint;
  readonly rest: Node;
}

function ranges(d: NodeTable, root: Node, { firstLevel, width }: Field, most: number): readonly Piece[] | undefined {
  const known = new Map<number, readonly Run[] | undefined>();
  /** The runs of equal outcome, in order, over the 2^(width - depth) values that are left. */
  const walk = (n: Node, depth: number): readonly Run[] | undefined => {
    if (d.level(n) >= firstLevel + width) return [{ size: 1n << BigInt(width - depth), rest: n }];
    const key = n * 65 + depth;
    if (known.has(key)) return known.get(key);
    const tested = d.level(n) === firstLevel + depth;
    const low = walk(tested ? d.lo(n) : n, depth + 1);
    const high = tested ? walk(d.hi(n), depth + 1) : low;
    const made = low && high && joined(low, high, most);
    known.set(key, made);
    return made;
  };
  let first = 0n;
  return walk(root, 0)?.map(({ size, rest }): Piece => {
    const values = { kind: 'range' as const, first, last: first + size - 1n };
    first += size;
    return { values, rest };
  });
}

function joined(low: readonly Run[], high: readonly Run[], most: number): readonly Run[] | undefined {
  const before = low.at(-1) as Run;
  const after = high[0] as Run;
  const meet = before.rest === after.rest;
  if (low.length + high.length - (meet ? 1 : 0) > most) return undefined;
  return meet
    ? [...low.slice(0, -1), { size: before.size + after.size, rest: before.rest }, ...high.slice(1)]
    : [...low, ...high];
}

function patterns(
  d: NodeTable,
  root: Node,
  { firstLevel, width }: Field,
  most: number,
  without: Node | undefined,
): readonly Piece[] | undefined {
  const pieces: Piece[] = [];
  const walk = (n: Node, mask: bigint, value: bigint): boolean => {
    if (n === without) return true;
    if (d.level(n) >= firstLevel + width) {
      pieces.push({ values: { kind: 'masked', mask, value }, rest: n });
      return pieces.length <= most;
    }
    const bit = 1n << BigInt(firstLevel + width - 1 - d.level(n));
    return walk(d.lo(n), mask | bit, value) && walk(d.hi(n), mask | bit, value | bit);
  };
  return walk(root, 0n, 0n) ? pieces : undefined;
}
