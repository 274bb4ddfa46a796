/**
 * Tokens to one node: which architecture, then which number.
 *
 * What one architecture has been given tests for, the next ones can go to: where those tests decide an interval of its
 * numbers rightly, the search takes them for nothing.
 *
 * Where two ABIs share a token, x32's numbers are looked for only on the branch of high numbers, so that the others pay
 * nothing. With bit 30 cleared they are numbers as x86_64 has them, and x32 may go to x86_64's tests too. Those on the way
 * to the branch must be copied for that, since a program has no way back.
 *
 *   ld nr -- jge 200 -- jge 400 -- jge 470 -- jset bit 30 -- and ~bit 30 -- jge 56 -- jge 200' -- jge 400' ..
 *               |          |          |                                       |          |          |
 *             0..199    200..399   400..469                              differences   0..199    200..399
 */
import { OFFSET_ARCH, OFFSET_NR, X32_SYSCALL_BIT } from '../arch/index.ts';
import type { Graph, Node } from './graph.ts';
import { type Calls, MOST, type Span, SpanList, type Token } from './lower.ts';
import { depthOf, leadsTo, NumberSets, type Ready, stepsFrom, testsBelow } from './ready.ts';
import { Search } from './search.ts';
import { type Arriving, arrives, type ReadyTests, type Stretch, type Tree } from './stretch.ts';
import type { Weights } from './weights.ts';

export interface DispatchOptions {
  readonly insn: number;
  /** Try JSET masks. */
  readonly masks: boolean;
  /** Let an architecture go to tests made for another. */
  readonly share: boolean;
}

/** Numbers that weigh anything lie within this distance of where their stretch starts. */
const WIDE = 4096;
const WITHOUT_X32_BIT = ~X32_SYSCALL_BIT >>> 0;

/** A leaf that is filled in later; every other leaf is a node's id. */
const BEYOND = -1;

interface Part {
  readonly from: number;
  readonly to: number;
  /** Undefined for what lies beyond the calls. */
  readonly node: Node | undefined;
  /** Beside the weights of its numbers. */
  readonly extra?: number;
}

/** A tree whose leaves have become nodes, but for those beyond. */
class Plan {
  readonly #graph: Graph;
  readonly #tree: Tree;
  readonly #nodes: ReadonlyMap<number, Node>;
  /** What subtrees have become, where nothing beyond is in them. */
  readonly #known = new Map<Tree, Node>();
  readonly #made: Set<Node>;

  constructor(graph: Graph, tree: Tree, nodes: ReadonlyMap<number, Node>, made: Iterable<Node>) {
    this.#made = new Set(made);
    this.#graph = graph;
    this.#tree = tree;
    this.#nodes = nodes;
  }

  /** A subtree that tests made before decide as well is not made again. */
  #node(tree: Tree, beyond: Node): Node {
    if (tree.kind === 'leaf') return tree.leaf === BEYOND ? beyond : (this.#nodes.get(tree.leaf) as Node);
    const known = this.#known.get(tree);
    if (known) return known;
    const [no, yes] = [this.#node(tree.no, beyond), this.#node(tree.yes, beyond)];
    const inside = !leadsBeyond(tree);
    const found = inside ? this.#found(tree.list, tree.arriving) : undefined;
    const node = found ?? this.#graph.jump(tree.op, tree.k, yes, no);
    if (!inside) return node;
    this.#known.set(tree, node);
    if (node.kind === 'jump') this.#made.add(node);
    return node;
  }

  #found(list: readonly Stretch[], arriving: Arriving): Node | undefined {
    for (const node of this.#made)
      if (list.every((s) => decides(node, s, arriving, this.#nodes.get(s.leaf) as Node))) return node;
    return undefined;
  }

  root(beyond: Node): Node {
    return this.#node(this.#tree, beyond);
  }

  /**
   * What can be shared before it is known what lies beyond: subtrees without it cost nothing; those with it are copied,
   * test by test.
   */
  ready(beyond: Node): readonly Ready[] {
    const found: Ready[] = [];
    let onTheWay = this.#tree;
    const way: Tree[] = [];
    while (onTheWay.kind === 'test') {
      way.push(onTheWay);
      const [next, other] = leadsBeyond(onTheWay.yes) ? [onTheWay.yes, onTheWay.no] : [onTheWay.no, onTheWay.yes];
      for (const node of testsBelow(this.#node(other, beyond))) found.push({ node, insns: 0 });
      onTheWay = next;
    }
    way.forEach((tree, i) => {
      const node = this.#node(tree, beyond);
      if (node.kind === 'jump') found.push({ node, insns: way.length - i });
    });
    return found;
  }
}

function leadsBeyond(tree: Tree): boolean {
  return tree.kind === 'leaf' ? tree.leaf === BEYOND : leadsBeyond(tree.yes) || leadsBeyond(tree.no);
}

export class Dispatch {
  readonly #graph: Graph;
  readonly #options: DispatchOptions;
  readonly #unknown: Node;
  /** Tests on numbers made so far. */
  #made: readonly Ready[] = [];

  constructor(graph: Graph, unknown: Node, options: DispatchOptions) {
    this.#graph = graph;
    this.#unknown = unknown;
    this.#options = options;
  }

  root(tokens: readonly Token[]): Node {
    const tests = tokens.map((token) => {
      const node = this.#token(token);
      if (this.#options.share) this.#made = [...this.#made, ...testsBelow(node).map((n) => ({ node: n, insns: 0 }))];
      return node;
    });
    const byArch = tokens.reduceRight<Node>((no, token, i) => {
      return this.#graph.jump('jeq', token.audit, this.#graph.load(OFFSET_NR, tests[i] as Node), no);
    }, this.#unknown);
    return this.#graph.load(OFFSET_ARCH, byArch);
  }

  /** The cheapest tree over the parts. */
  #plan(parts: readonly Part[], weights: Weights, ready: readonly Ready[] = this.#made): Plan {
    const nodes = new Map<number, Node>();
    for (const { node } of [...parts, ...ready]) if (node) nodes.set(node.id, node);
    const base = baseOf(parts);
    const near = Float64Array.from({ length: 1024 }, (_, i) => weights.get(base + i) ?? 0);
    const weightOf = (nr: number) => near[nr - base] ?? weights.get(nr) ?? 0;
    const sets = new NumberSets(base);
    const search = new Search({
      insn: this.#options.insn,
      holes: 10,
      maskedStretches: this.#options.masks ? 10 : 0,
      quick: !this.#options.masks,
      masks: 3,
      weightOf,
      base,
      ready: ready
        .map((r) => readyTests(r, nodes, sets, weightOf))
        .sort((a, b) => a.insns - b.insns || a.depth - b.depth || a.leaf - b.leaf),
    });
    return new Plan(
      this.#graph,
      search.tree(parts.map((p) => stretchOf(p, weightOf))),
      nodes,
      ready.filter((r) => r.insns === 0).map((r) => r.node),
    );
  }

  #token(token: Token): Node {
    const { native, x32 } = token;
    if (!token.split && native) return this.#plan(native.spans, native.weights).root(this.#unknown);
    if (native === undefined) return this.#x32Alone(x32 as Calls);
    return x32 ? this.#both(native, x32, token.skipped) : this.#nativeAlone(native, token.skipped);
  }

  /** Numbers with bit 30 are unknown; they can only arrive behind the last call. */
  #nativeAlone(native: Calls, minusOne: Node): Node {
    const { otherwise } = native;
    const skipped = this.#graph.jump('jeq', MOST, minusOne, this.#unknown);
    const beyond = this.#graph.jump('jset', X32_SYSCALL_BIT, skipped, otherwise);
    return this.#plan(openEnded(native, 0), native.weights).root(beyond);
  }

  #x32Alone(x32: Calls): Node {
    const list = new SpanList();
    list.add(0, X32_SYSCALL_BIT - 1, this.#unknown);
    for (const span of x32.spans) list.add(span.from, span.to, span.node);
    list.add(2 * X32_SYSCALL_BIT, 3 * X32_SYSCALL_BIT - 1, this.#unknown);
    list.add(3 * X32_SYSCALL_BIT, MOST, x32.otherwise);
    return this.#plan(list.spans, x32.weights).root(this.#unknown);
  }

  #both(native: Calls, x32: Calls, minusOne: Node): Node {
    const { otherwise } = native;
    const plan = this.#plan(openEnded(native, this.#options.insn / 2), native.weights);
    const parts = x32.spans.map(({ from, to, node }) => ({
      from: from - X32_SYSCALL_BIT,
      to: to - X32_SYSCALL_BIT,
      node,
    }));
    // With bit 30 cleared, c0000000 and above is 80000000 and above: no calls.
    const last = parts.at(-1) as Span;
    const open = last.node === x32.otherwise ? parts.slice(0, -1) : parts;
    const all = [...open, { from: (open.at(-1)?.to ?? -1) + 1, to: MOST, node: x32.otherwise }];
    const weights = new Map([...x32.weights].map(([nr, weight]) => [nr - X32_SYSCALL_BIT, weight]));
    const numbers = this.#plan(all, weights, [...this.#made, ...plan.ready(otherwise)]).root(this.#unknown);
    const cleared = this.#graph.and(WITHOUT_X32_BIT, numbers);
    const beyond = minusOne === x32.otherwise ? cleared : this.#graph.jump('jeq', MOST, minusOne, cleared);
    return plan.root(this.#graph.jump('jset', X32_SYSCALL_BIT, beyond, otherwise));
  }
}

/** x86_64's calls; everything behind the last one, numbers with bit 30 too, lies beyond. */
function openEnded(native: Calls, extra: number): readonly Part[] {
  const last = native.spans.at(-1) as Span;
  const calls = last.node === native.otherwise ? native.spans.slice(0, -1) : native.spans;
  return [...calls, { from: (calls.at(-1)?.to ?? -1) + 1, to: MOST, node: undefined, extra }];
}

function stretchOf({ from, to, node, extra }: Part, weightOf: (nr: number) => number): Stretch {
  let weight = extra ?? 0;
  for (let nr = from; nr <= Math.min(to, from + WIDE); nr++) weight += weightOf(nr);
  return { from, to, leaf: node?.id ?? BEYOND, weight };
}

/** True when the tests from `node` on lead every number of the stretch that arrives to `leaf`. */
function decides(node: Node, { from, to }: Stretch, arriving: Arriving, leaf: Node): boolean {
  if (arriving.length === 0 || to - from > WIDE) return leadsTo(node, from, to, leaf);
  for (let n = from; n <= to; n++) if (arrives(n, arriving) && !leadsTo(node, n, n, leaf)) return false;
  return true;
}

/** Where the numbers that are told apart start. */
function baseOf(parts: readonly Part[]): number {
  return parts.find(({ from, to }) => to - from < WIDE)?.from ?? 0;
}

function readyTests(
  ready: Ready,
  nodes: ReadonlyMap<number, Node>,
  sets: NumberSets,
  weightOf: (nr: number) => number,
): ReadyTests {
  return {
    numbers: (leaf) => (leaf === BEYOND ? undefined : sets.of(ready.node, nodes.get(leaf) as Node)),
    depth: depthOf(ready.node),
    leaf: ready.node.id,
    insns: ready.insns,
    decides: (stretch, arriving) =>
      stretch.leaf !== BEYOND && decides(ready.node, stretch, arriving, nodes.get(stretch.leaf) as Node),
    weight: ({ from, to }) => {
      let sum = 0;
      for (let nr = from; nr <= Math.min(to, from + WIDE); nr++) {
        const weight = weightOf(nr);
        if (weight > 0) sum += weight * stepsFrom(ready.node, nr);
      }
      return sum;
    },
  };
}
