/** Sets of calls in terms a person can read: values of a field as a diagram, and a diagram as boxes of argument values. */
import {
  type Diagrams,
  FALSE,
  LEVEL_INSTRUCTION_POINTER,
  levelOfArgument,
  type Node,
  type Piece,
  partition,
  TRUE,
  type Values,
  vectors,
} from '../diagram/index.ts';

/** What the instruction pointer and the arguments may be; all together, each `any` left out. */
export interface ArgumentRegion {
  readonly instructionPointer?: Values | undefined;
  /** By argument index. */
  readonly args: ReadonlyMap<number, Values>;
}

export interface ArgumentRegions {
  /** Disjoint. One without any entry: all values. */
  readonly regions: readonly ArgumentRegion[];
  /** False when there are more than are listed. */
  readonly complete: boolean;
}

const MOST_REGIONS = 32;

const POINTER = -1;
const FIELDS: readonly { readonly index: number; readonly firstLevel: number; readonly width: number }[] = [
  { index: POINTER, firstLevel: LEVEL_INSTRUCTION_POINTER, width: 64 },
  ...[0, 1, 2, 3, 4, 5].map((index) => ({ index, firstLevel: levelOfArgument(index), width: 64 })),
];

/** The inputs whose field has one of these values. */
export function valuesSet(d: Diagrams, firstLevel: number, width: number, values: Values): Node {
  const bits = vectors.fieldBits(d, firstLevel + width - 1, width);
  const constant = (value: bigint) => vectors.constantBits(value, width);
  switch (values.kind) {
    case 'any':
      return TRUE;
    case 'range':
      return d.and(vectors.atLeast(d, bits, constant(values.first)), vectors.atLeast(d, constant(values.last), bits));
    case 'masked': {
      const mask = constant(values.mask);
      const masked = bits.map((bit, i) => d.and(bit, mask[i] as Node));
      return vectors.equal(d, masked, constant(values.value));
    }
    default:
      return values satisfies never;
  }
}

/** How many of the 2^width values these are. */
export function sizeOf(values: Values, width: number): bigint {
  switch (values.kind) {
    case 'any':
      return 1n << BigInt(width);
    case 'range':
      return values.last - values.first + 1n;
    case 'masked': {
      let free = BigInt(width);
      for (let mask = values.mask; mask !== 0n; mask >>= 1n) free -= mask & 1n;
      return 1n << free;
    }
    default:
      return values satisfies never;
  }
}

/** A set that tests neither arch nor nr, as boxes of values. */
export function argumentRegions(d: Diagrams, set: Node): ArgumentRegions {
  const regions: ArgumentRegion[] = [];
  let complete = true;
  const walk = (n: Node, depth: number, chosen: ReadonlyMap<number, Values>): void => {
    if (n === FALSE || !complete) return;
    const field = FIELDS[depth];
    if (field === undefined) {
      const args = new Map([...chosen].filter(([index]) => index !== POINTER));
      const pointer = chosen.get(POINTER);
      regions.push({ args, ...(pointer && { instructionPointer: pointer }) });
      complete = regions.length <= MOST_REGIONS;
      return;
    }
    const pieces: readonly Piece[] | undefined = partition(d, n, field, MOST_REGIONS, FALSE);
    if (pieces === undefined) complete = false;
    for (const { values, rest } of pieces ?? []) {
      walk(rest, depth + 1, values.kind === 'any' ? chosen : new Map([...chosen, [field.index, values]]));
    }
  };
  walk(set, 0, new Map());
  return { regions: regions.slice(0, MOST_REGIONS), complete };
}
