/**
 * What one half of a mask costs, for the search to compare masks by: the same programming as search.ts without masks,
 * on buffers that are made once, since it is asked for thousands of halves. What a mask leaves of one stretch is worked
 * out once for all intervals that the stretch is in.
 */
import { type Arriving, arrives, type Stretch, type Tuning } from './stretch.ts';

/** Stretches of one half; intervals with masks have fewer. */
const MOST = 16;
/** Beside 1024 numbers a stretch is not looked up among the tests in the program. */
const NUMBERS = 1024;

/** What one side of a mask leaves of one stretch. */
interface Part {
  readonly leaf: number;
  readonly first: number;
  readonly last: number;
  readonly weight: number;
  /** Which tests in the program decide it: bit i for the one at i of Tuning.ready. */
  readonly ready: Int32Array;
}

export class Halves {
  readonly #tuning: Tuning;
  readonly #list: readonly Stretch[];
  readonly #arriving: Arriving;
  /** By mask, then 2 * stretch + side; null where nothing is left. */
  readonly #parts: (Part | null)[][] = [];
  readonly #words: number;
  readonly #readyBits = new Map<number, Int32Array>();
  #n = 0;
  readonly #leaf = new Int32Array(MOST);
  readonly #first = new Float64Array(MOST);
  readonly #last = new Float64Array(MOST);
  readonly #weight = new Float64Array(MOST);
  readonly #ready: Int32Array;
  readonly #cost = new Float64Array(MOST * MOST);
  readonly #holes = new Float64Array(MOST);
  readonly #common: Int32Array;

  constructor(tuning: Tuning, list: readonly Stretch[], arriving: Arriving) {
    this.#tuning = tuning;
    this.#list = list;
    this.#arriving = arriving;
    this.#words = (tuning.ready.length + 31) >> 5;
    this.#ready = new Int32Array(MOST * this.#words);
    this.#common = new Int32Array(this.#words);
  }

  /** The cost of those numbers of the stretches i to j for which (n & mask) !== 0 is `set`. */
  cost(i: number, j: number, mask: number, set: boolean): number {
    if (!this.#collect(i, j, mask, set)) return Number.POSITIVE_INFINITY;
    const n = this.#n;
    if (n <= 1) return 0;
    this.#cost.fill(Number.POSITIVE_INFINITY, 0, n * MOST);
    for (let from = 0; from < n; from++) {
      const leaf = this.#leaf[from] as number;
      const [next, third] = [this.#leaf[from + 1] as number, this.#leaf[from + 2] as number];
      this.#fillList(from, leaf);
      if (from + 1 < n) this.#fillList(from, next);
      if (from + 2 < n && third !== leaf) this.#fillList(from, third);
    }
    if (this.#words > 0) this.#fillReady();
    this.#fillSplits();
    return this.#cost[n - 1] as number;
  }

  #part(at: number, mask: number, set: boolean): Part | null {
    let parts = this.#parts[mask];
    if (parts === undefined) {
      parts = [];
      this.#parts[mask] = parts;
    }
    const index = 2 * at + (set ? 1 : 0);
    const known = parts[index];
    if (known !== undefined) return known;
    const made = this.#makePart(this.#list[at] as Stretch, mask, set);
    parts[index] = made;
    return made;
  }

  #makePart({ from, to, leaf }: Stretch, mask: number, set: boolean): Part | null {
    const numbers: number[] = [];
    let weight = 0;
    for (let x = from; x <= to; x++) {
      if (((x & mask) !== 0) !== set || (this.#arriving.length > 0 && !arrives(x, this.#arriving))) continue;
      numbers.push(x);
      weight += this.#tuning.weightOf(x);
    }
    const [first, last] = [numbers[0], numbers.at(-1)];
    if (first === undefined || last === undefined) return null;
    return { leaf, first, last, weight, ready: this.#readyFor(numbers, leaf) };
  }

  /** Which tests in the program lead all these numbers to the leaf. */
  #readyFor(numbers: readonly number[], leaf: number): Int32Array {
    const { base } = this.#tuning;
    const found = new Int32Array(this.#words).fill(-1);
    for (const x of numbers) {
      const bits = x - base < NUMBERS ? this.#readyAt(leaf) : undefined;
      const at = (x - base) * this.#words;
      for (let word = 0; word < this.#words; word++)
        found[word] = bits === undefined ? 0 : (found[word] as number) & (bits[at + word] as number);
    }
    return found;
  }

  /** For each number from the base on, the tests in the program that lead it to the leaf. */
  #readyAt(leaf: number): Int32Array {
    const known = this.#readyBits.get(leaf);
    if (known) return known;
    const found = new Int32Array(NUMBERS * this.#words);
    this.#tuning.ready.forEach((tests, i) => {
      const numbers = tests.numbers(leaf);
      if (numbers === undefined) return;
      const bit = 1 << (i & 31);
      for (let x = 0; x < NUMBERS; x++) {
        if (((numbers[x >> 5] as number) & (1 << (x & 31))) === 0) continue;
        const at = x * this.#words + (i >> 5);
        found[at] = (found[at] as number) | bit;
      }
    });
    this.#readyBits.set(leaf, found);
    return found;
  }

  /** The stretches of the half; false when they are too many. */
  #collect(i: number, j: number, mask: number, set: boolean): boolean {
    const words = this.#words;
    let n = -1;
    for (let at = i; at <= j; at++) {
      const part = this.#part(at, mask, set);
      if (part === null) continue;
      const merges = n >= 0 && part.leaf === this.#leaf[n];
      if (!merges) {
        n += 1;
        if (n === MOST) return false;
        this.#leaf[n] = part.leaf;
        this.#first[n] = part.first;
        this.#weight[n] = 0;
      }
      this.#last[n] = part.last;
      this.#weight[n] = (this.#weight[n] as number) + part.weight;
      for (let word = 0; word < words; word++) {
        const here = part.ready[word] as number;
        this.#ready[n * words + word] = merges ? (this.#ready[n * words + word] as number) & here : here;
      }
    }
    this.#n = n + 1;
    return true;
  }

  #fillList(from: number, around: number): void {
    const { insn, holes: most } = this.#tuning;
    let count = 0;
    let total = 0;
    for (let to = from; to < this.#n; to++) {
      const weight = this.#weight[to] as number;
      total += weight;
      if (this.#leaf[to] !== around) {
        if (this.#first[to] !== this.#last[to] || count === most) return;
        let place = count;
        for (; place > 0 && (this.#holes[place - 1] as number) < weight; place--)
          this.#holes[place] = this.#holes[place - 1] as number;
        this.#holes[place] = weight;
        count += 1;
      }
      let left = total;
      let cost = 0;
      for (let hole = 0; hole < count; hole++) {
        cost += left + insn;
        left -= this.#holes[hole] as number;
      }
      const at = from * MOST + to;
      if (cost < (this.#cost[at] as number)) this.#cost[at] = cost;
    }
  }

  #fillReady(): void {
    const { ready, insn } = this.#tuning;
    const [n, words, common] = [this.#n, this.#words, this.#common];
    for (let i = 0; i + 1 < n; i++) {
      let weight = this.#weight[i] as number;
      for (let word = 0; word < words; word++) common[word] = this.#ready[i * words + word] as number;
      for (let j = i + 1; j < n; j++) {
        weight += this.#weight[j] as number;
        let first = -1;
        for (let word = words - 1; word >= 0; word--) {
          const both = (common[word] as number) & (this.#ready[j * words + word] as number);
          common[word] = both;
          if (both !== 0) first = 32 * word + 31 - Math.clz32(both & -both);
        }
        // The cheapest come first.
        const tests = ready[first];
        if (tests === undefined) break;
        const cost = tests.insns * insn + weight * tests.depth;
        const at = i * MOST + j;
        if (cost < (this.#cost[at] as number)) this.#cost[at] = cost;
      }
    }
  }

  #fillSplits(): void {
    const n = this.#n;
    for (let length = 2; length <= n; length++) {
      for (let i = 0; i + length <= n; i++) {
        const j = i + length - 1;
        let weight = this.#tuning.insn;
        for (let at = i; at <= j; at++) weight += this.#weight[at] as number;
        let best = this.#cost[i * MOST + j] as number;
        for (let k = i; k < j; k++) {
          const parts = weight + (this.#cost[i * MOST + k] as number) + (this.#cost[(k + 1) * MOST + j] as number);
          if (parts < best) best = parts;
        }
        this.#cost[i * MOST + j] = best;
      }
    }
  }
}
