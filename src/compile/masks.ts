/**
 * Which JSET masks are worth trying for which interval of stretches.
 *
 * A mask is good when its two halves together have few stretches left. For one mask, counting the changes of leaf in each
 * half from left to right answers this for every interval by subtraction:
 *
 *     stretches in one half of [a, b] = changes up to b - changes up to the half's first number in [a, b] + 1
 */
import type { Stretch, Tuning } from './stretch.ts';

/** Masks reach over the low bits of a number. */
const BITS = 7;
/** Masks are tried on numbers less than this far apart. */
const WINDOW = 2048;

/** One number after the other: its leaf, and per half the changes of leaf so far and the next number that is in it. */
class Counts {
  readonly size: number;
  readonly base: number;
  /** Each number's leaf + 2; 0 for one that does not arrive. */
  readonly leaves: Int32Array;
  readonly changes: readonly [Int32Array, Int32Array];
  readonly next: readonly [Int32Array, Int32Array];

  constructor(list: readonly Stretch[]) {
    this.base = (list[0] as Stretch).from;
    this.size = (list.at(-1) as Stretch).to - this.base + 1;
    this.leaves = new Int32Array(this.size);
    for (const s of list) this.leaves.fill(s.leaf + 2, s.from - this.base, s.to - this.base + 1);
    this.changes = [new Int32Array(this.size), new Int32Array(this.size)];
    this.next = [new Int32Array(this.size), new Int32Array(this.size)];
  }

  count(mask: number): void {
    const { base, size, leaves } = this;
    const [clearChanges, setChanges] = this.changes;
    let [clear, set, clearCount, setCount] = [0, 0, 0, 0];
    for (let i = 0; i < size; i++) {
      const here = leaves[i] as number;
      if (here !== 0) {
        if (((i + base) & mask) !== 0) {
          if (here !== set) setCount += 1;
          set = here;
        } else {
          if (here !== clear) clearCount += 1;
          clear = here;
        }
      }
      clearChanges[i] = clearCount;
      setChanges[i] = setCount;
    }
    const [clearNext, setNext] = this.next;
    let [nextClear, nextSet] = [size, size];
    for (let i = size - 1; i >= 0; i--) {
      if (leaves[i] !== 0) {
        if (((i + base) & mask) !== 0) nextSet = i;
        else nextClear = i;
      }
      clearNext[i] = nextClear;
      setNext[i] = nextSet;
    }
  }
}

/** For the interval [i, j] of the list, at i * n + j: masks, the best first; undefined where none helps. */
export function maskCandidates(list: readonly Stretch[], tuning: Tuning): readonly (readonly number[] | undefined)[] {
  const n = list.length;
  const found: (number[] | undefined)[] = new Array(n * n);
  // Before and behind the assigned numbers stand stretches too wide to look at number by number.
  const isWide = (s: Stretch) => s.to - s.from >= WINDOW;
  const start = list.findIndex((s) => !isWide(s));
  if (start < 0) return found;
  const first = (list[start] as Stretch).from;
  let reach = n;
  while (reach > 0 && (list[reach - 1] as Stretch).to - first >= WINDOW) reach -= 1;
  if (reach < start + 3) return found;
  const counts = new Counts(list.slice(start, reach));
  const scores = new Int32Array(n * n * tuning.masks);
  const [clearChanges, setChanges] = counts.changes;
  const [clearNext, setNext] = counts.next;
  const from = list.map((s) => s.from - first);
  const to = list.map((s) => s.to - first);
  // Bits that all these numbers share tell none of them apart.
  const shared = 32 - Math.clz32(first ^ (first + counts.size - 1));
  for (let mask = 1; mask < 1 << Math.min(BITS, shared); mask++) {
    counts.count(mask);
    for (let i = start; i + 2 < reach; i++) {
      const a = from[i] as number;
      const [clear, set] = [clearNext[a] as number, setNext[a] as number];
      const both = clear > set ? clear : set;
      if (both === counts.size) continue;
      const before = (clearChanges[clear] as number) + (setChanges[set] as number) - 2;
      const last = Math.min(reach, i + tuning.maskedStretches) - 1;
      for (let j = i + 2; j <= last; j++) {
        const b = to[j] as number;
        if (both > b) continue;
        const score = (clearChanges[b] as number) + (setChanges[b] as number) - before;
        if (score > j - i + 1) continue;
        const at = i * n + j;
        const masks = found[at] ?? [];
        found[at] = masks;
        insert(masks, scores, at * tuning.masks, tuning.masks, mask, score);
      }
    }
  }
  return found;
}

/** Keeps the `most` lowest scores, ascending; of equal ones those that came first. */
function insert(masks: number[], scores: Int32Array, base: number, most: number, mask: number, score: number): void {
  let place = masks.length;
  if (place === most) {
    if ((scores[base + place - 1] as number) <= score) return;
    place -= 1;
  }
  for (; place > 0 && (scores[base + place - 1] as number) > score; place--) {
    scores[base + place] = scores[base + place - 1] as number;
    masks[place] = masks[place - 1] as number;
  }
  scores[base + place] = score;
  masks[place] = mask;
}
