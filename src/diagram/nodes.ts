/**
 * The table of nodes: each is a test of one bit (`lo` where it is 0, `hi` where it is 1) or a leaf that holds a word.
 *
 * Nodes are hash-consed and no node tests what decides nothing, so two diagrams mean the same exactly when they are the
 * same node. Nodes live in typed arrays, are never freed, and are numbered in the order of making; the arrays start
 * small and double. The hash table holds node numbers, 0 for an empty place: node 0 is a leaf, and leaves are not in it.
 */
import { type U32, u32 } from '../num/index.ts';
import { LEVELS } from './layout.ts';
import { LimitReached } from './limit.ts';

declare const brand: unique symbol;

/** A diagram: the number of its root. Only a `NodeTable` makes one, and it means something in that table alone. */
export type Node = number & { readonly [brand]: 'Node' };

/** The leaves 0 and 1; a set of inputs is a diagram with no other leaf. */
export const FALSE = 0 as Node;
export const TRUE = 1 as Node;

export const DEFAULT_NODE_LIMIT: number = 1 << 21;
const FIRST_CAPACITY = 1 << 13;

export class NodeTable {
  readonly nodeLimit: number;
  #level: Uint16Array = new Uint16Array(FIRST_CAPACITY);
  /** Of a leaf: its word, as a signed number. */
  #lo: Int32Array = new Int32Array(FIRST_CAPACITY);
  #hi: Int32Array = new Int32Array(FIRST_CAPACITY);
  /** Twice the capacity, so at most half full. */
  #places: Int32Array = new Int32Array(2 * FIRST_CAPACITY);
  #count = 0;
  readonly #leaves = new Map<number, Node>();

  constructor(nodeLimit: number = DEFAULT_NODE_LIMIT) {
    // The leaves 0 and 1 are always there.
    this.nodeLimit = Math.max(2, nodeLimit);
    this.leaf(0);
    this.leaf(1);
  }

  /** Nodes made so far, leaves included. */
  get size(): number {
    return this.#count;
  }

  /** The bit that the node tests, 0 to 511; 512 for a leaf. */
  level(n: Node): number {
    return this.#level[n] as number;
  }
  lo(n: Node): Node {
    return this.#lo[n] as Node;
  }
  hi(n: Node): Node {
    return this.#hi[n] as Node;
  }
  isLeaf(n: Node): boolean {
    return this.#level[n] === LEVELS;
  }
  /** The word of a leaf. */
  wordOf(leaf: Node): U32 {
    return u32(this.#lo[leaf] as number);
  }

  leaf(word: number): Node {
    const found = this.#leaves.get(word >>> 0);
    if (found !== undefined) return found;
    const made = this.#append(LEVELS, word | 0, 0);
    this.#leaves.set(word >>> 0, made);
    return made;
  }

  /** The diagram that is `lo` where the bit at `level` is 0 and `hi` where it is 1. Both must test later bits only. */
  node(level: number, lo: Node, hi: Node): Node {
    if (lo === hi) return lo;
    const places = this.#places;
    const mask = places.length - 1;
    let place = hashOf(level, lo, hi) & mask;
    for (let n = places[place] as number; n !== 0; n = places[place] as number) {
      if (this.#lo[n] === lo && this.#hi[n] === hi && this.#level[n] === level) return n as Node;
      place = (place + 1) & mask;
    }
    // Growing moves every place, this one too.
    if (this.#count === this.#level.length) {
      this.#grow();
      place = this.#freePlace(level, lo, hi);
    }
    const made = this.#append(level, lo, hi);
    this.#places[place] = made;
    return made;
  }

  #append(level: number, lo: number, hi: number): Node {
    if (this.#count >= this.nodeLimit) throw new LimitReached('nodes', this.nodeLimit);
    if (this.#count === this.#level.length) this.#grow();
    const n = this.#count++;
    this.#level[n] = level;
    this.#lo[n] = lo;
    this.#hi[n] = hi;
    return n as Node;
  }

  #freePlace(level: number, lo: number, hi: number): number {
    const mask = this.#places.length - 1;
    let place = hashOf(level, lo, hi) & mask;
    while (this.#places[place] !== 0) place = (place + 1) & mask;
    return place;
  }

  #grow(): void {
    const capacity = 2 * this.#level.length;
    const copy = <T extends Uint16Array | Int32Array>(to: T, from: T): T => {
      to.set(from);
      return to;
    };
    this.#level = copy(new Uint16Array(capacity), this.#level);
    this.#lo = copy(new Int32Array(capacity), this.#lo);
    this.#hi = copy(new Int32Array(capacity), this.#hi);
    this.#places = new Int32Array(2 * capacity);
    for (let n = 0; n < this.#count; n++) {
      const level = this.#level[n] as number;
      if (level === LEVELS) continue;
      this.#places[this.#freePlace(level, this.#lo[n] as number, this.#hi[n] as number)] = n;
    }
  }
}

function hashOf(level: number, lo: number, hi: number): number {
  let h = Math.imul(lo, 0x9e37_79b1) ^ Math.imul(hi, 0x85eb_ca6b) ^ Math.imul(level, 0xc2b2_ae35);
  h ^= h >>> 15;
  h = Math.imul(h, 0x2c1b_3c6d);
  return h ^ (h >>> 13);
}
