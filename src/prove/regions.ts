/** Sets of calls in terms a person can read: values of a field as a diagram, and a diagram as boxes of argument values. */
import {
  type Diagrams,
  FALSE,
  LEVEL_INSTRUCTION_POINTER,
  levelOfArgument,
  type Node,
  partition,
  TRUE,
  type Values,
  vectors,
} from '../diagram/index.ts';

/** Values of one 64-bit field, or of a half of it. */
export interface FieldValues {
  /** A half without the other one beside it: that may be anything. */
  readonly part: 'all' | 'high' | 'low';
  /** The values are those that it may not have. */
  readonly not: boolean;
  /** Disjoint, ascending. */
  readonly values: readonly Values[];
}

/** What the instruction pointer and the arguments may be; all together, each that may be anything left out. */
export interface ArgumentRegion {
  readonly instructionPointer?: readonly FieldValues[] | undefined;
  /** By argument index: one entry for the whole argument, or one for a half or each. */
  readonly args: ReadonlyMap<number, readonly FieldValues[]>;
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

interface Cut {
  /** Empty: any. */
  readonly values: readonly FieldValues[];
  readonly rest: Node;
}

interface FieldPlace {
  readonly firstLevel: number;
  readonly width: number;
}

/**
 * A diagram cut along one 64-bit field, values with the same rest together. As ranges where few will do; else by its two
 * halves, since what looks at one of them alone repeats endlessly in the other. Undefined when it takes too many pieces.
 */
function cutField(d: Diagrams, n: Node, field: FieldPlace): readonly Cut[] | undefined {
  const low = { firstLevel: field.firstLevel + 32, width: 32 };
  if (d.level(n) >= low.firstLevel) return cutPart(d, n, low, 'low');
  const whole = cutPart(d, n, field, 'all');
  if (whole?.every(({ values }) => values.every((v) => v.values.every(({ kind }) => kind === 'range')))) return whole;
  const highs = cutPart(d, n, { firstLevel: field.firstLevel, width: 32 }, 'high');
  const cuts: Cut[] = [];
  for (const high of highs ?? []) {
    const lows = cutPart(d, high.rest, low, 'low');
    if (lows === undefined) return whole;
    cuts.push(...lows.map(({ values, rest }) => ({ values: [...high.values, ...values], rest })));
  }
  return highs === undefined ? whole : cuts;
}

function cutPart(d: Diagrams, n: Node, place: FieldPlace, part: FieldValues['part']): readonly Cut[] | undefined {
  const byRest = new Map<Node, Values[]>();
  const pieces = partition(d, n, place, MOST_REGIONS, FALSE);
  for (const { values, rest } of pieces ?? []) {
    if (rest === FALSE) continue;
    const group = byRest.get(rest) ?? [];
    group.push(values);
    byRest.set(rest, group);
  }
  if (pieces === undefined) return undefined;
  return [...byRest].map(([rest, values]): Cut => {
    if (values.some(({ kind }) => kind === 'any')) return { values: [], rest };
    const others = values.length > 1 ? outsideOf(d, values, place) : undefined;
    return { values: [{ part, not: others !== undefined, values: others ?? values }], rest };
  });
}

/** The values of a field that are not these, when that takes fewer words. */
function outsideOf(d: Diagrams, values: readonly Values[], place: FieldPlace): readonly Values[] | undefined {
  const { firstLevel, width } = place;
  const set = values.reduce((all: Node, one) => d.or(all, valuesSet(d, firstLevel, width, one)), FALSE);
  // Room for the ranges between those that are left out, too.
  const left = partition(d, d.not(set), place, 2 * values.length + 1, FALSE)?.filter(({ rest }) => rest !== FALSE);
  const others = left?.map((piece) => piece.values);
  return others && wordsOf(others) < wordsOf(values) ? others : undefined;
}

/** How much there is to read: a single value is one number, anything else two. */
function wordsOf(values: readonly Values[]): number {
  return values.reduce((n, v) => n + (v.kind === 'range' && v.first === v.last ? 1 : 2), 0);
}

/** A set that tests neither arch nor nr, as boxes of values. */
export function argumentRegions(d: Diagrams, set: Node): ArgumentRegions {
  const regions: ArgumentRegion[] = [];
  let complete = true;
  const walk = (n: Node, depth: number, chosen: ReadonlyMap<number, readonly FieldValues[]>): void => {
    if (n === FALSE || !complete) return;
    const field = FIELDS[depth];
    if (field === undefined) {
      const args = new Map([...chosen].filter(([index]) => index !== POINTER));
      const pointer = chosen.get(POINTER);
      regions.push({ args, ...(pointer && { instructionPointer: pointer }) });
      complete = regions.length <= MOST_REGIONS;
      return;
    }
    const cuts = cutField(d, n, field);
    if (cuts === undefined) complete = false;
    for (const { values, rest } of cuts ?? []) {
      walk(rest, depth + 1, values.length === 0 ? chosen : new Map([...chosen, [field.index, values]]));
    }
  };
  walk(set, 0, new Map());
  return { regions: regions.slice(0, MOST_REGIONS), complete };
}
