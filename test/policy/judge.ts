/**
 * A second opinion on rules, written from facts about libseccomp and runc alone and sharing no code with src: what a
 * comparison means, which rule of a list decides, and values at which comparisons change their mind.
 */
import fc from 'fast-check';

export type Op = 'NE' | 'LT' | 'LE' | 'EQ' | 'GE' | 'GT' | 'MASKED_EQ';
export const OPS: readonly Op[] = ['NE', 'LT', 'LE', 'EQ', 'GE', 'GT', 'MASKED_EQ'];

export interface Test {
  readonly index: number;
  readonly op: Op;
  readonly value: bigint;
  readonly valueTwo: bigint;
}

export interface Rule {
  /** The result word. */
  readonly word: number;
  readonly tests: readonly Test[];
}

export const MAX: bigint = 2n ** 64n - 1n;

/** One comparison of an argument as the filter sees it. */
export function passes(t: Test, argument: bigint): boolean {
  if (t.op === 'NE') return argument !== t.value;
  if (t.op === 'LT') return argument < t.value;
  if (t.op === 'LE') return argument <= t.value;
  if (t.op === 'EQ') return argument === t.value;
  if (t.op === 'GE') return argument >= t.value;
  if (t.op === 'GT') return argument > t.value;
  return (argument & t.value) === t.valueTwo;
}

/** What runc makes of one rule: one rule, or one for each test where an index repeats. */
export function alternatives(rule: Rule): readonly Rule[] {
  const indexes = rule.tests.map((t) => t.index);
  return new Set(indexes).size === indexes.length ? [rule] : rule.tests.map((t) => ({ word: rule.word, tests: [t] }));
}

/** The conditional rules that count, in order, and the unconditional one when there is any. */
export function settled(rules: readonly Rule[], otherwise: number): { always?: Rule; conditional: readonly Rule[] } {
  const counting = rules.filter((r) => r.word !== otherwise);
  const always = counting.find((r) => r.tests.length === 0);
  return always ? { always, conditional: [] } : { conditional: counting.flatMap(alternatives) };
}

export function matches(rule: Rule, args: readonly bigint[]): boolean {
  return rule.tests.every((t) => passes(t, args[t.index] ?? 0n));
}

/** The word under 'first'. */
export function firstWord(rules: readonly Rule[], otherwise: number, args: readonly bigint[]): number {
  const { always, conditional } = settled(rules, otherwise);
  return always?.word ?? conditional.find((r) => matches(r, args))?.word ?? otherwise;
}

/** Values around which a test changes its mind: itself, its neighbours, each half changed, the mask's bits. */
export function edges(t: Test): readonly bigint[] {
  const near = (v: bigint) => [
    v - 1n,
    v,
    v + 1n,
    v ^ 1n,
    v ^ (1n << 32n),
    v ^ (1n << 63n),
    v & 0xffffffffn,
    v | (1n << 32n),
  ];
  const all = [
    0n,
    MAX,
    ...near(t.value),
    ...(t.op === 'MASKED_EQ' ? [...near(t.valueTwo), ...near(t.valueTwo | ~t.value)] : []),
  ];
  return [...new Set(all.map((v) => BigInt.asUintN(64, v)))];
}

/** Numbers that make 64-bit comparisons interesting. */
export const interesting: fc.Arbitrary<bigint> = fc.oneof(
  fc.bigInt({ min: 0n, max: 8n }),
  fc.constantFrom(0xfffffffen, 0xffffffffn, 1n << 32n, (1n << 32n) + 1n, 1n << 63n, MAX - 1n, MAX),
  fc.bigInt({ min: 0n, max: MAX }),
  fc.tuple(fc.nat(3), fc.nat(3)).map(([high, low]) => (BigInt(high) << 32n) | BigInt(low)),
);
