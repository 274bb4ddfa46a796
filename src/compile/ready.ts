/**
 * Tests on numbers that the program has already, as answers to further questions: where one of them decides an interval of
 * another architecture's numbers rightly, it costs no instruction to go there.
 */
import type { Node } from './graph.ts';

export interface Ready {
  readonly node: Node;
  /** Instructions that are made only if this is used. */
  readonly insns: number;
}

/** Stretches up to this wide are looked at number by number, where a mask tells their numbers apart. */
const NARROW = 64;

type Test = Node & { readonly kind: 'jump' };

function taken({ op, k, yes, no }: Test, n: number): Node {
  const holds = op === 'jeq' ? n === k : op === 'jge' ? n >= k : op === 'jgt' ? n > k : (n & k) !== 0;
  return holds ? yes : no;
}

/** The bits in which the numbers of a stretch may differ. */
function varying(from: number, to: number): number {
  return from === to ? 0 : (2 ** (32 - Math.clz32(from ^ to)) - 1) >>> 0;
}

/** True when `node` leads every number from `from` to `to` to `leaf`; false when it does not, or that is not plain. */
export function leadsTo(node: Node, from: number, to: number, leaf: Node): boolean {
  if (node === leaf) return true;
  if (node.kind !== 'jump') return false;
  const { op, k } = node;
  if (op === 'jset') {
    if ((k & varying(from, to)) === 0) return leadsTo(taken(node, from), from, to, leaf);
    if (to - from > NARROW) return leadsTo(node.yes, from, to, leaf) && leadsTo(node.no, from, to, leaf);
    for (let n = from; n <= to; n++) if (!leadsTo(taken(node, n), n, n, leaf)) return false;
    return true;
  }
  const first = op === 'jgt' ? k + 1 : k;
  if (first > to || (first <= from && (op !== 'jeq' || first < from)) || from === to)
    return leadsTo(taken(node, from), from, to, leaf);
  if (op !== 'jeq') return leadsTo(node.no, from, first - 1, leaf) && leadsTo(node.yes, first, to, leaf);
  return (
    leadsTo(node.yes, k, k, leaf) &&
    (k === from || leadsTo(node.no, from, k - 1, leaf)) &&
    (k === to || leadsTo(node.no, k + 1, to, leaf))
  );
}

/** Tests made from `node` on until `n` is decided. */
export function stepsFrom(node: Node, n: number): number {
  let steps = 0;
  for (let at = node; at.kind === 'jump'; at = taken(at, n)) steps += 1;
  return steps;
}

/** Tests on the longest way from `node` to a leaf. */
export function depthOf(node: Node): number {
  return node.kind === 'jump' ? 1 + Math.max(depthOf(node.yes), depthOf(node.no)) : 0;
}

/** The tests on the number below `root`, without those on arguments. */
export function testsBelow(root: Node): readonly Node[] {
  const found = new Set<Node>([root]);
  // A Set is walked in order of insertion, including what is added on the way.
  for (const node of found) {
    if (node.kind === 'jump') found.add(node.yes).add(node.no);
    else if (node.kind === 'and') found.add(node.next);
  }
  return [...found].filter((node) => node.kind === 'jump');
}

/** Which of the 1024 numbers from a base on a node leads to a leaf, as bits. */
export class NumberSets {
  readonly #base: number;
  readonly #known = new Map<Node, Map<Node, Int32Array | undefined>>();

  constructor(base: number) {
    this.#base = base;
  }

  /** Undefined when there is none. */
  of(node: Node, leaf: Node): Int32Array | undefined {
    if (node.kind !== 'jump') return node === leaf ? ALL : undefined;
    let byLeaf = this.#known.get(node);
    if (byLeaf === undefined) {
      byLeaf = new Map();
      this.#known.set(node, byLeaf);
    }
    if (byLeaf.has(leaf)) return byLeaf.get(leaf);
    const [yes, no] = [this.of(node.yes, leaf), this.of(node.no, leaf)];
    const made = yes || no ? this.#where(node, yes ?? NONE, no ?? NONE) : undefined;
    byLeaf.set(leaf, made);
    return made;
  }

  #where({ op, k }: Test, yes: Int32Array, no: Int32Array): Int32Array {
    const found = new Int32Array(32);
    for (let word = 0; word < 32; word++) {
      const from = this.#base + 32 * word;
      let holds = 0;
      if (op === 'jset') {
        for (let bit = 0; bit < 32; bit++) if (((from + bit) & k) !== 0) holds |= 1 << bit;
      } else if (op === 'jeq') {
        if (k >= from && k < from + 32) holds = 1 << (k - from);
      } else {
        const first = op === 'jgt' ? k + 1 : k;
        if (first <= from) holds = -1;
        else if (first < from + 32) holds = -1 << (first - from);
      }
      found[word] = ((yes[word] as number) & holds) | ((no[word] as number) & ~holds);
    }
    return found;
  }
}

const ALL = new Int32Array(32).fill(-1);
const NONE = new Int32Array(32);
