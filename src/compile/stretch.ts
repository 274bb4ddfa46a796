/**
 * What the search for the cheapest tests is told and what it answers: stretches of numbers with a leaf each, and a tree of
 * tests on the number that A holds.
 */

/** Numbers that one leaf decides. Between two stretches may lie numbers that do not arrive. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly leaf: number;
  readonly weight: number;
}

export type Tree =
  | { readonly kind: 'leaf'; readonly leaf: number }
  | {
      readonly kind: 'test';
      readonly op: 'jge' | 'jeq' | 'jset';
      readonly k: number;
      readonly yes: Tree;
      readonly no: Tree;
      /** What arrives here. */
      readonly list: readonly Stretch[];
      readonly arriving: Arriving;
    };

export interface Tuning {
  /** What one instruction costs, in the unit of weights. */
  readonly insn: number;
  /** The most single numbers picked out of one list. */
  readonly holes: number;
  /** Try JSET for intervals of at most this many stretches; 0 for none. */
  readonly maskedStretches: number;
  /** Look at fewer ways to split a long interval. */
  readonly quick: boolean;
  /** How many masks to try for one interval. */
  readonly masks: number;
  /** The weight of one number, for the halves of a stretch. */
  readonly weightOf: (n: number) => number;
  /** From this number on, 1024 numbers are known one by one to `ready`. */
  readonly base: number;
  /** Tests that exist already, the cheapest first. */
  readonly ready: readonly ReadyTests[];
}

/** Which numbers of a list's stretches arrive: those that went this way at each JSET before. */
export type Arriving = readonly { readonly mask: number; readonly set: boolean }[];

export function arrives(n: number, arriving: Arriving): boolean {
  return arriving.every(({ mask, set }) => ((n & mask) !== 0) === set);
}

export interface ReadyTests {
  /** What a leaf of the tree says to go there. */
  readonly leaf: number;
  /** Instructions that going there costs. */
  readonly insns: number;
  /** True when they lead all numbers of a stretch that arrive to its leaf. */
  readonly decides: (stretch: Stretch, arriving: Arriving) => boolean;
  /** Which of the 1024 numbers from the base on they lead to a leaf, as bits. */
  readonly numbers: (leaf: number) => Int32Array | undefined;
  /** Tests on the longest way through them. */
  readonly depth: number;
  /** The weight of the tests executed for the numbers of a stretch. */
  readonly weight: (stretch: Stretch) => number;
}
