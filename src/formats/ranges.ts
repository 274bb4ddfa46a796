/** Values of an argument as ranges, and ranges as the aligned blocks that SCMP_CMP_MASKED_EQ can say. */
import type { Condition } from '../policy/index.ts';

export type Range = readonly [low: bigint, high: bigint];

/** Every v with (v & mask) == value. */
export interface Cube {
  readonly mask: bigint;
  readonly value: bigint;
}

function without(ranges: readonly Range[], low: bigint, high: bigint): readonly Range[] {
  return ranges.flatMap(([l, h]): readonly Range[] => {
    const left: Range = [l, low - 1n < h ? low - 1n : h];
    const right: Range = [high + 1n > l ? high + 1n : l, h];
    return [left, right].filter(([a, b]) => a <= b);
  });
}

/** The values from 0 to `most` for which all comparisons hold, ascending; none of them is a masked one. */
export function rangesOf(list: readonly Condition[], most: bigint): readonly Range[] {
  return list.reduce<readonly Range[]>(
    (ranges, { op, value: v }) => {
      switch (op) {
        case 'eq':
          return without(without(ranges, 0n, v - 1n), v + 1n, most);
        case 'ne':
          return without(ranges, v, v);
        case 'lt':
          return without(ranges, v, most);
        case 'le':
          return without(ranges, v + 1n, most);
        case 'gt':
          return without(ranges, 0n, v);
        case 'ge':
          return without(ranges, 0n, v - 1n);
        default:
          return ranges;
      }
    },
    [[0n, most]],
  );
}

/** A range as the fewest blocks of 2^n values that begin at a multiple of 2^n; `most` is all ones, as wide as the values. */
export function blocks([low, high]: Range, most: bigint): readonly Cube[] {
  const found: Cube[] = [];
  for (let at = low; at <= high; ) {
    let size = at === 0n ? most + 1n : at & -at;
    while (at + size - 1n > high) size >>= 1n;
    found.push({ mask: most & ~(size - 1n), value: at });
    at += size;
  }
  return found;
}
