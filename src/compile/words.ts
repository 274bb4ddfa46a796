/**
 * Conditions on 64-bit arguments as terms on 32-bit words, which is all that classic BPF can load.
 *
 *   argument == v     high == vh  and  low == vl                     two literals
 *   argument > v      high > vh   or   high == vh and low > vl       one pair
 *   argument & m == v             each half on its own               up to two literals
 *
 * A narrow condition is one literal on the low word.
 */
import { highWordOffset, lowWordOffset } from '../arch/index.ts';
import { type Endian, high32, low32 } from '../num/index.ts';
import type { Condition } from '../policy/index.ts';

const MOST = 0xffff_ffff;

/** The word at byte `off` lies in from..to; or it does not, where `inside` is false. */
export interface RangeLiteral {
  readonly kind: 'range';
  readonly off: number;
  readonly from: number;
  readonly to: number;
  readonly inside: boolean;
}

/** (word & mask) == value. */
export interface MaskLiteral {
  readonly kind: 'mask';
  readonly off: number;
  readonly mask: number;
  readonly value: number;
}

export type Literal = RangeLiteral | MaskLiteral;

/** Decided by the high word, unless it equals k: then by the low word. */
export interface Pair {
  readonly kind: 'pair';
  readonly high: number;
  readonly k: number;
  /** What holds where the high word is below k, and above it. */
  readonly below: boolean;
  readonly above: boolean;
  readonly equal: RangeLiteral;
}

export type Term = Literal | Pair;

/** A term, or what is known about it. */
export type Known = Term | boolean;

/** The literal, or its truth value where no word or every word meets it. */
export function rangeOf(off: number, from: number, to: number, inside = true): RangeLiteral | boolean {
  if (from > to) return !inside;
  if (from === 0 && to === MOST) return inside;
  // One of two ways to say the same, so that equal terms have equal keys.
  if (!inside && from === 0) return { kind: 'range', off, from: to + 1, to: MOST, inside: true };
  if (!inside && to === MOST) return { kind: 'range', off, from: 0, to: from - 1, inside: true };
  return { kind: 'range', off, from, to, inside };
}

function maskOf(off: number, mask: number, value: number): Literal | boolean {
  if (mask === 0) return value === 0;
  if (mask === MOST) return rangeOf(off, value, value);
  if ((value & ~mask) !== 0) return false;
  return { kind: 'mask', off, mask, value };
}

function pairOf(high: number, k: number, below: boolean, equal: RangeLiteral | boolean, above: boolean): Known {
  return typeof equal === 'boolean'
    ? highOf(high, k, below, equal, above)
    : { kind: 'pair', high, k, below, above, equal };
}

/** What is left of a pair when it is known what holds at high == k. */
export function highOf(off: number, k: number, below: boolean, equal: boolean, above: boolean): Known {
  if (below === above) return equal === below ? equal : rangeOf(off, k, k, equal);
  if (above) return rangeOf(off, equal ? k : k + 1, MOST);
  return rangeOf(off, 0, equal ? k : k - 1);
}

/** The terms that must all hold; a truth value among them stands for itself. */
export function termsOf(c: Condition, endian: Endian): readonly Known[] {
  const low = lowWordOffset(c.argIndex, endian);
  const high = highWordOffset(c.argIndex, endian);
  const [h, l] = [high32(c.value), low32(c.value)];
  /** A comparison of the whole argument from its low half, and what holds where the high word is below or above h. */
  const whole = (below: boolean, equal: RangeLiteral | boolean, above: boolean): readonly Known[] => {
    if (!c.narrow) return [pairOf(high, h, below, equal, above)];
    return [h === 0 ? equal : below];
  };
  switch (c.op) {
    case 'eq':
      if (c.narrow) return [h === 0 && rangeOf(low, l, l)];
      return [rangeOf(high, h, h), rangeOf(low, l, l)];
    case 'ne':
      return whole(true, rangeOf(low, l, l, false), true);
    case 'gt':
      return whole(false, l === MOST ? false : rangeOf(low, l + 1, MOST), true);
    case 'ge':
      return whole(false, rangeOf(low, l, MOST), true);
    case 'lt':
      return whole(true, l === 0 ? false : rangeOf(low, 0, l - 1), false);
    case 'le':
      return whole(true, rangeOf(low, 0, l), false);
    case 'masked_eq': {
      if ((c.value & ~c.mask) !== 0n) return [false];
      const lowHalf = maskOf(low, low32(c.mask), l);
      if (c.narrow) return [h === 0 && lowHalf];
      return [maskOf(high, high32(c.mask), h), lowHalf];
    }
    default:
      return c.op satisfies never;
  }
}

/** Whether the literal holds for one value of its word. */
export function holdsFor(literal: Literal, word: number): boolean {
  if (literal.kind === 'mask') return (word & literal.mask) >>> 0 === literal.value;
  return (word >= literal.from && word <= literal.to) === literal.inside;
}

/** The words that a term looks at. */
export function wordsOf(term: Term): readonly number[] {
  return term.kind === 'pair' ? [term.high, term.equal.off] : [term.off];
}

/** What is left of the term when the word at `off` has this value. */
export function withWord(term: Term, off: number, word: number): Known {
  if (term.kind !== 'pair') return term.off === off ? holdsFor(term, word) : term;
  if (term.high === off) return word === term.k ? term.equal : word < term.k ? term.below : term.above;
  if (term.equal.off !== off) return term;
  return highOf(term.high, term.k, term.below, holdsFor(term.equal, word), term.above);
}

/** What is left of a term on one word when (word & mask) == value is known to hold, or known not to. */
export function withMask(term: Term, fact: MaskLiteral, truth: boolean): Known {
  const { off, mask, value } = fact;
  const literal = term.kind === 'pair' ? (term.equal.off === off ? term.equal : undefined) : term;
  // A pair's own parts stay whole: rarely does a mask decide them, and leaving them is always right.
  if (literal === undefined || literal.off !== off || term.kind === 'pair') return term;
  if (literal.kind === 'mask') {
    const common = mask & literal.mask;
    if (truth) {
      if (((value ^ literal.value) & common) !== 0) return false;
      return maskOf(off, (literal.mask & ~mask) >>> 0, (literal.value & ~mask) >>> 0);
    }
    return common >>> 0 === mask && (literal.value & mask) >>> 0 === value ? false : literal;
  }
  const single = literal.from === literal.to;
  const agrees = single && (literal.from & mask) >>> 0 === value;
  if (single && agrees !== truth) return !literal.inside;
  if (!truth) return literal;
  const least = value;
  const most = (value | ~mask) >>> 0;
  if (most < literal.from || least > literal.to) return !literal.inside;
  return least >= literal.from && most <= literal.to ? literal.inside : literal;
}
