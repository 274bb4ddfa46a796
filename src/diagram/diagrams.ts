/**
 * Operations on diagrams. Nearly all are one: `ite(f, g, h)`, g where the set f holds and h elsewhere. It walks the three
 * diagrams from the top, and a cache of earlier answers keeps it from walking shared parts twice.
 *
 * Weak spot: the cache forgets (one place per hash), so work may be repeated; the limit on steps makes every operation end.
 */
import { type U32, u32 } from '../num/index.ts';
import { LimitReached } from './limit.ts';
import { DEFAULT_NODE_LIMIT, FALSE, type Node, NodeTable, TRUE } from './nodes.ts';

export interface Limits {
  /** Most nodes in the table; about 18 bytes each. */
  readonly nodeLimit?: number | undefined;
  /** Most steps of work that the cache does not answer. */
  readonly stepLimit?: number | undefined;
}

/** Steps for each node of the limit: enough for every filter seen, and a few seconds at most. */
const STEPS_PER_NODE = 16;
const FIRST_CACHE = 1 << 13;
const LARGEST_CACHE = 1 << 19;

/** A few milliseconds of work. */
const WATCH_EVERY = 1 << 15;
let watcher: ((steps: number) => void) | undefined;

/** `watch` is called now and then while diagrams are made, with the steps so far; it decides nothing. */
export function watchSteps(watch: ((steps: number) => void) | undefined): void {
  watcher = watch;
}

export class Diagrams extends NodeTable {
  readonly stepLimit: number;
  #steps = 0;
  /** Steps at which to look up from the work. */
  #pause: number;
  /** Four numbers a place: f, g, h and the answer. A place with f = 0 is empty, since `ite` never asks for FALSE. */
  #cache: Int32Array = new Int32Array(4 * FIRST_CACHE);

  constructor(limits: Limits = {}) {
    const nodeLimit = limits.nodeLimit ?? DEFAULT_NODE_LIMIT;
    super(nodeLimit);
    this.stepLimit = limits.stepLimit ?? STEPS_PER_NODE * nodeLimit;
    this.#pause = Math.min(WATCH_EVERY, this.stepLimit);
  }

  /** Steps of work done so far. */
  get steps(): number {
    return this.#steps;
  }

  /** Work of a kind that has no table of its own: counts it against the limit of steps. */
  step(): void {
    if (++this.#steps > this.#pause) this.#lookUp();
  }

  #lookUp(): void {
    if (this.#steps > this.stepLimit) throw new LimitReached('steps', this.stepLimit);
    watcher?.(this.#steps);
    this.#pause = Math.min(this.#steps + WATCH_EVERY, this.stepLimit);
  }

  /** The set of inputs whose bit at `level` is 1. */
  bit(level: number): Node {
    return this.node(level, FALSE, TRUE);
  }

  /** `g` where `f` holds, `h` elsewhere; `f` must be a set. */
  ite(f: Node, g: Node, h: Node): Node {
    if (f === TRUE) return g;
    if (f === FALSE) return h;
    const whereTrue = g === f ? TRUE : g;
    const whereFalse = h === f ? FALSE : h;
    if (whereTrue === whereFalse) return whereTrue;
    if (whereTrue === TRUE && whereFalse === FALSE) return f;
    const top = this.level(f);
    const topTrue = this.level(whereTrue);
    const topFalse = this.level(whereFalse);
    const f0 = this.lo(f);
    const f1 = this.hi(f);
    if (top < topTrue && top < topFalse) {
      // f is one bit above everything else: the answer is a single node.
      if (f0 === FALSE && f1 === TRUE) return this.node(top, whereFalse, whereTrue);
      if (f0 === TRUE && f1 === FALSE) return this.node(top, whereTrue, whereFalse);
    }
    const known = this.#recall(f, whereTrue, whereFalse);
    if (known >= 0) return known as Node;
    this.step();
    const level = Math.min(top, topTrue, topFalse);
    const split = top === level;
    const splitTrue = topTrue === level;
    const splitFalse = topFalse === level;
    const lo = this.ite(
      split ? f0 : f,
      splitTrue ? this.lo(whereTrue) : whereTrue,
      splitFalse ? this.lo(whereFalse) : whereFalse,
    );
    const hi = this.ite(
      split ? f1 : f,
      splitTrue ? this.hi(whereTrue) : whereTrue,
      splitFalse ? this.hi(whereFalse) : whereFalse,
    );
    const made = this.node(level, lo, hi);
    this.#remember(f, whereTrue, whereFalse, made);
    return made;
  }

  not(f: Node): Node {
    return this.ite(f, FALSE, TRUE);
  }
  and(f: Node, g: Node): Node {
    return this.ite(f, g, FALSE);
  }
  or(f: Node, g: Node): Node {
    return this.ite(f, TRUE, g);
  }
  xor(f: Node, g: Node): Node {
    return this.ite(f, this.not(g), g);
  }

  /**
   * The diagram whose leaf, for each input, is what `join` makes of the leaves of `f` and `g`. Where both are the same
   * node, `same` decides instead when it is given: that shared part is not walked.
   */
  apply(f: Node, g: Node, join: (f: U32, g: U32) => number, same?: number): Node {
    const known = new Map<number, Node>();
    const walk = (a: Node, b: Node): Node => {
      if (a === b && same !== undefined) return this.leaf(same);
      const key = a * 0x400_0000 + b;
      const found = known.get(key);
      if (found !== undefined) return found;
      this.step();
      const level = Math.min(this.level(a), this.level(b));
      const splitA = this.level(a) === level;
      const splitB = this.level(b) === level;
      const made =
        this.isLeaf(a) && this.isLeaf(b)
          ? this.leaf(u32(join(this.wordOf(a), this.wordOf(b))))
          : this.node(
              level,
              walk(splitA ? this.lo(a) : a, splitB ? this.lo(b) : b),
              walk(splitA ? this.hi(a) : a, splitB ? this.hi(b) : b),
            );
      known.set(key, made);
      return made;
    };
    return walk(f, g);
  }

  /** The set of inputs at which `f` has a leaf that `test` takes. */
  where(f: Node, test: (word: U32) => boolean): Node {
    return this.apply(f, f, (word) => (test(word) ? 1 : 0));
  }

  #recall(f: Node, g: Node, h: Node): number {
    const cache = this.#cache;
    const at = placeOf(f, g, h, cache.length);
    return cache[at] === f && cache[at + 1] === g && cache[at + 2] === h ? (cache[at + 3] as number) : -1;
  }

  #remember(f: Node, g: Node, h: Node, made: Node): void {
    if (this.size > this.#cache.length >>> 2 && this.#cache.length < 4 * LARGEST_CACHE) this.#enlargeCache();
    const at = placeOf(f, g, h, this.#cache.length);
    this.#cache[at] = f;
    this.#cache[at + 1] = g;
    this.#cache[at + 2] = h;
    this.#cache[at + 3] = made;
  }

  #enlargeCache(): void {
    const old = this.#cache;
    this.#cache = new Int32Array(4 * old.length);
    for (let from = 0; from < old.length; from += 4) {
      const f = old[from] as number;
      if (f === 0) continue;
      const at = placeOf(f, old[from + 1] as number, old[from + 2] as number, this.#cache.length);
      for (let i = 0; i < 4; i++) this.#cache[at + i] = old[from + i] as number;
    }
  }
}

/** `length` is four times a power of two. */
function placeOf(f: number, g: number, h: number, length: number): number {
  let x = Math.imul(f, 0x9e37_79b1) ^ Math.imul(g, 0x85eb_ca6b) ^ Math.imul(h, 0xc2b2_ae35);
  x ^= x >>> 15;
  x = Math.imul(x, 0x2c1b_3c6d);
  x ^= x >>> 13;
  return (x << 2) & (length - 4);
}
