/**
 * The cheapest tests that tell stretches of numbers apart, by dynamic programming over intervals of them.
 *
 * An interval is decided by one leaf; or by a list, a leaf around single numbers that one JEQ each picks out; or it is
 * split by JGE; or, the largest single win, by JSET: of two halves by bits each often has fewer stretches than the
 * interval, since the numbers of the other half do not arrive there and stretches of one leaf meet across them.
 *
 * cost = weight of the numbers that a test is executed for + `insn` for each instruction, summed over all tests.
 *
 * Weak spot: tests are counted as a tree; that equal subtrees will be one node is seen only later. Beyond `WIDEST`
 * stretches the interval is halved by weight first.
 */
import { Halves } from './halves.ts';
import { maskCandidates } from './masks.ts';
import { type Arriving, arrives, type ReadyTests, type Stretch, type Tree, type Tuning } from './stretch.ts';

/** Above this many stretches dynamic programming is too slow. */
const WIDEST = 200;
/** A single number with this share of an interval's weight may be tested first. */
const HEAVY = 0.3;
/** A number that weighs less than this is never singled out. */
const HEAVIEST_LEFT_ALONE = 8;
const CLOSE = 1e-9;

type Op = 'leaf' | 'list' | 'jge' | 'jset' | 'jeq' | 'ready';
const OPS: readonly Op[] = ['leaf', 'list', 'jge', 'jset', 'jeq', 'ready'];
const [LEAF, LIST, JGE, JSET, JEQ, READY] = [0, 1, 2, 3, 4, 5];

const leafTree = (leaf: number): Tree => ({ kind: 'leaf', leaf });

/** The best found for every interval [i, j] of one list, at i * n + j. */
class Table {
  readonly list: readonly Stretch[];
  readonly arriving: Arriving;
  readonly n: number;
  readonly cost: Float64Array;
  readonly op: Uint8Array;
  /** The leaf, the first stretch above a JGE, the mask, or the stretch that JEQ picks. */
  readonly arg: Int32Array;
  /** Sum of weights below each stretch. */
  readonly below: Float64Array;
  /** Single numbers that may weigh enough to be tested before all others. */
  readonly heavy: readonly number[];

  constructor(list: readonly Stretch[], arriving: Arriving) {
    this.list = list;
    this.arriving = arriving;
    this.n = list.length;
    this.cost = new Float64Array(this.n * this.n).fill(Number.POSITIVE_INFINITY);
    this.op = new Uint8Array(this.n * this.n);
    this.arg = new Int32Array(this.n * this.n);
    this.below = new Float64Array(this.n + 1);
    list.forEach((s, i) => {
      this.below[i + 1] = (this.below[i] as number) + s.weight;
    });
    this.heavy = [...list.keys()].filter(
      (i) => list[i]?.from === list[i]?.to && (list[i]?.weight ?? 0) >= HEAVIEST_LEFT_ALONE,
    );
  }

  weight(i: number, j: number): number {
    return (this.below[j + 1] as number) - (this.below[i] as number);
  }

  offer(at: number, cost: number, op: number, arg: number): void {
    if (cost >= (this.cost[at] as number) - CLOSE) return;
    this.cost[at] = cost;
    this.op[at] = op;
    this.arg[at] = arg;
  }
}

/** Leaves and lists: from each start, around each leaf that stands near it, as far as single numbers allow. */
function fillLists(table: Table, tuning: Tuning): void {
  const { list, n } = table;
  for (let i = 0; i < n; i++) {
    for (let near = i; near < Math.min(n, i + 3); near++) {
      extendList(table, i, (list[near] as Stretch).leaf, tuning);
    }
  }
}

function extendList(table: Table, i: number, around: number, { insn, holes: most }: Tuning): void {
  const { list, n } = table;
  /** Weights of the numbers picked out, heaviest first, which is the order of the tests. */
  const holes: number[] = [];
  for (let j = i; j < n; j++) {
    const s = list[j] as Stretch;
    if (s.leaf !== around) {
      if (s.from !== s.to || holes.length === most) return;
      let place = holes.length;
      for (; place > 0 && (holes[place - 1] as number) < s.weight; place--) holes[place] = holes[place - 1] as number;
      holes[place] = s.weight;
    }
    let left = table.weight(i, j);
    let cost = 0;
    for (const weight of holes) {
      cost += left + insn;
      left -= weight;
    }
    table.offer(i * n + j, cost, holes.length === 0 ? LEAF : LIST, around);
  }
}

/** Intervals that tests in the program decide already. */
function fillReady(table: Table, { insn, ready }: Tuning): void {
  const { list, arriving, n } = table;
  ready.forEach((tests, index) => {
    let cost = new Float64Array(0);
    for (let from = 0, to = 0; from < n; from = to + 1) {
      for (to = from; to < n && tests.decides(list[to] as Stretch, arriving); ) to += 1;
      if (to - from < 2) continue;
      if (cost.length === 0) cost = new Float64Array(n);
      for (let i = from; i < to; i++) cost[i] = tests.weight(list[i] as Stretch);
      for (let i = from; i + 1 < to; i++) {
        let sum = tests.insns * insn + (cost[i] as number);
        for (let j = i + 1; j < to; j++) {
          sum += cost[j] as number;
          table.offer(i * n + j, sum, READY, index);
        }
      }
    }
  });
}

/** Long intervals are split somewhere in their middle half when time matters: the best split rarely lies outside. */
const LONG = 24;

function fillSplits(table: Table, i: number, j: number, insn: number, fast: boolean): void {
  const { n, cost } = table;
  const here = table.weight(i, j) + insn;
  let best = (cost[i * n + j] as number) - here - CLOSE;
  let split = -1;
  const margin = fast && j - i > LONG ? (j - i) >> 2 : 0;
  for (let k = i + margin; k < j - margin; k++) {
    const parts = (cost[i * n + k] as number) + (cost[(k + 1) * n + j] as number);
    if (parts >= best) continue;
    best = parts;
    split = k + 1;
  }
  if (split >= 0) table.offer(i * n + j, best + here, JGE, split);
}

/** The stretches of an interval as one half of a mask sees them. */
function half(
  list: readonly Stretch[],
  i: number,
  j: number,
  mask: number,
  set: boolean,
  arriving: Arriving,
  weightOf: Tuning['weightOf'],
): Stretch[] {
  const found: Stretch[] = [];
  for (let at = i; at <= j; at++) {
    const s = list[at] as Stretch;
    let from = -1;
    let to = -1;
    let weight = 0;
    for (let x = s.from; x <= s.to; x++) {
      if (((x & mask) !== 0) !== set || !arrives(x, arriving)) continue;
      if (from < 0) from = x;
      to = x;
      weight += weightOf(x);
    }
    if (from < 0) continue;
    const last = found.at(-1);
    if (last?.leaf === s.leaf) found[found.length - 1] = { ...last, to, weight: last.weight + weight };
    else found.push({ from, to, leaf: s.leaf, weight });
  }
  return found;
}

export class Search {
  readonly #tuning: Tuning;

  constructor(tuning: Tuning) {
    this.#tuning = tuning;
  }

  /** The tests for these stretches: ascending, at least one. */
  tree(list: readonly Stretch[]): Tree {
    if (list.length <= WIDEST) return this.#tree(list, []);
    const middle = this.#middle(list);
    const above = list[middle] as Stretch;
    const [no, yes] = [this.tree(list.slice(0, middle)), this.tree(list.slice(middle))];
    return { kind: 'test', op: 'jge', k: above.from, yes, no, list, arriving: [] };
  }

  /** Where to halve by weight, with every stretch counting a little; never at an end. */
  #middle(list: readonly Stretch[]): number {
    const total = list.reduce((sum, s) => sum + s.weight, 0);
    const each = total / list.length + 1;
    let left = (total + each * list.length) / 2;
    for (const [i, s] of list.entries()) {
      left -= s.weight + each;
      if (left <= 0) return Math.min(Math.max(i, list.length >> 3), list.length - (list.length >> 3) - 1);
    }
    return list.length >> 1;
  }

  #tree(list: readonly Stretch[], arriving: Arriving): Tree {
    const table = this.#table(list, arriving);
    return this.#build(table, 0, list.length - 1);
  }

  #cost(list: readonly Stretch[]): number {
    return list.length === 1 ? 0 : (this.#table(list, undefined).cost[list.length - 1] as number);
  }

  /** `arriving` undefined: only the cost is asked for, and a quick answer will do. */
  #table(list: readonly Stretch[], arriving: Arriving | undefined): Table {
    const { insn, maskedStretches, quick } = this.#tuning;
    const table = new Table(list, arriving ?? []);
    const { n } = table;
    fillLists(table, this.#tuning);
    if (arriving) fillReady(table, this.#tuning);
    const masks = arriving && maskedStretches > 0 && n > 2 ? maskCandidates(list, this.#tuning) : undefined;
    const halves = new Halves(this.#tuning, list, arriving ?? []);
    for (let length = 2; length <= n; length++) {
      for (let i = 0; i + length <= n; i++) {
        const j = i + length - 1;
        fillSplits(table, i, j, insn, quick);
        this.#fillHeavy(table, i, j);
        for (const mask of masks?.[i * n + j] ?? []) this.#fillMask(table, halves, i, j, mask);
      }
    }
    return table;
  }

  #fillMask(table: Table, halves: Halves, i: number, j: number, mask: number): void {
    const at = i * table.n + j;
    let cost = table.weight(i, j) + this.#tuning.insn;
    for (const set of [false, true]) {
      if (cost >= (table.cost[at] as number) - CLOSE) return;
      cost += halves.cost(i, j, mask, set);
    }
    table.offer(at, cost, JSET, mask);
  }

  /** A number that weighs much of its interval is tested first; what remains is solved without it. */
  #fillHeavy(table: Table, i: number, j: number): void {
    const total = table.weight(i, j);
    if (total === 0 || j - i < 2) return;
    for (const at of table.heavy) {
      if (at < i || at > j) continue;
      const s = table.list[at] as Stretch;
      if (s.weight < HEAVY * total) continue;
      const rest = this.#cost(without(table.list, i, j, at));
      table.offer(i * table.n + j, total + this.#tuning.insn + rest, JEQ, at);
    }
  }

  #build(table: Table, i: number, j: number): Tree {
    const at = i * table.n + j;
    const arg = table.arg[at] as number;
    const op = OPS[table.op[at] as number] as Op;
    const list = table.list.slice(i, j + 1);
    const { arriving } = table;
    switch (op) {
      case 'leaf':
        return leafTree(arg);
      case 'ready':
        return leafTree((this.#tuning.ready[arg] as ReadyTests).leaf);
      case 'list':
        return listTree(list, arg, arriving);
      case 'jge': {
        const [yes, no] = [this.#build(table, arg, j), this.#build(table, i, arg - 1)];
        return { kind: 'test', op, k: (table.list[arg] as Stretch).from, yes, no, list, arriving };
      }
      case 'jset': {
        const part = (set: boolean) =>
          this.#tree(half(table.list, i, j, arg, set, arriving, this.#tuning.weightOf), [
            ...arriving,
            { mask: arg, set },
          ]);
        return { kind: 'test', op, k: arg, yes: part(true), no: part(false), list, arriving };
      }
      case 'jeq': {
        const s = table.list[arg] as Stretch;
        const no = this.#tree(without(table.list, i, j, arg), arriving);
        return { kind: 'test', op, k: s.from, yes: leafTree(s.leaf), no, list, arriving };
      }
      default:
        return op satisfies never;
    }
  }
}

/** One JEQ for each number that stands out, the heaviest first. */
function listTree(list: readonly Stretch[], around: number, arriving: Arriving): Tree {
  const heaviest = list.filter((s) => s.leaf !== around).sort((a, b) => b.weight - a.weight || a.from - b.from)[0];
  if (heaviest === undefined) return leafTree(around);
  const at = list.indexOf(heaviest);
  const no = listTree(without(list, 0, list.length - 1, at), around, arriving);
  return { kind: 'test', op: 'jeq', k: heaviest.from, yes: leafTree(heaviest.leaf), no, list, arriving };
}

/** An interval without one of its stretches, whose neighbours meet where they are alike. */
function without(list: readonly Stretch[], i: number, j: number, at: number): Stretch[] {
  const before = list.slice(i, at);
  const after = list.slice(at + 1, j + 1);
  const [left, right] = [before.at(-1), after[0]];
  if (left === undefined || right === undefined || left.leaf !== right.leaf) return [...before, ...after];
  const met = { ...left, to: right.to, weight: left.weight + right.weight };
  return [...before.slice(0, -1), met, ...after.slice(1)];
}
