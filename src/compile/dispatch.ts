/**
 * Tokens to one node: which architecture, then which number.
 *
 * Where two ABIs share a token, x32's numbers are looked for only on the branch of high numbers, so that the others pay
 * nothing. There x32 tests what it decides otherwise than x86_64 and goes back, with bit 30 cleared, to the tests that
 * x86_64's numbers take; of these only the ones on the way to the branch are copied, since a program has no way back.
 *
 *   ld nr -- jge 200 -- jge 400 -- jge 470 -- jset bit 30 -- x32's differences -- and ~bit 30 -- jge 200' -- jge 400' ..
 *               |          |          |                                                            |          |
 *             0..199    200..399   400..469  <-----------------------------------------------------+----------+
 *
 * Tokens whose last calls agree (numbers above 423 are the same everywhere) share one tree for them.
 */
import { OFFSET_ARCH, OFFSET_NR, X32_SYSCALL_BIT } from '../arch/index.ts';
import type { Graph, Node } from './graph.ts';
import { type Calls, MOST, type Span, SpanList, type Token } from './lower.ts';
import { leadsTo, type Ready, stepsFrom, testsBelow } from './ready.ts';
import { type Arriving, arrives, type ReadyTests, Search, type Stretch, type Tree } from './search.ts';
import type { Weights } from './weights.ts';

export interface DispatchOptions {
  readonly insn: number;
  /** Try JSET masks. */
  readonly masks: boolean;
  /** Let tokens share the tree of their last calls. */
  readonly shareLast: boolean;
}

/** Sharing fewer spans than this gains nothing. */
const FEWEST_SHARED = 6;
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
    const shared = this.#options.shareLast ? this.#sharedLast(tokens) : undefined;
    const tests = tokens.map((token) => {
      const node = this.#token(token, shared);
      this.#made = [...this.#made, ...testsBelow(node).map((n) => ({ node: n, insns: 0 }))];
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
    const weightOf = (nr: number) => weights.get(nr) ?? 0;
    const search = new Search({
      insn: this.#options.insn,
      holes: 10,
      maskedStretches: this.#options.masks ? 9 : 0,
      masks: 3,
      weightOf,
      ready: ready.map((r) => readyTests(r, nodes, weightOf)),
    });
    return new Plan(
      this.#graph,
      search.tree(parts.map((p) => stretchOf(p, weightOf))),
      nodes,
      ready.filter((r) => r.insns === 0).map((r) => r.node),
    );
  }

  #token(token: Token, shared: SharedLast | undefined): Node {
    const { native, x32 } = token;
    if (!token.split && native)
      return this.#plan(withShared(native.spans, shared, token), native.weights).root(this.#unknown);
    if (native === undefined) return this.#x32Alone(x32 as Calls);
    return x32 ? this.#both(native, x32, shared, token) : this.#nativeAlone(native, shared, token);
  }

  /** Numbers with bit 30 are unknown; they can only arrive behind the last call. */
  #nativeAlone(native: Calls, shared: SharedLast | undefined, token: Token): Node {
    const { otherwise } = native;
    const skipped = this.#graph.jump('jeq', MOST, token.skipped, this.#unknown);
    const beyond = this.#graph.jump('jset', X32_SYSCALL_BIT, skipped, otherwise);
    return this.#plan(withShared(openEnded(native, 0), shared, token), native.weights).root(beyond);
  }

  #x32Alone(x32: Calls): Node {
    const list = new SpanList();
    list.add(0, X32_SYSCALL_BIT - 1, this.#unknown);
    for (const span of x32.spans) list.add(span.from, span.to, span.node);
    list.add(2 * X32_SYSCALL_BIT, 3 * X32_SYSCALL_BIT - 1, this.#unknown);
    list.add(3 * X32_SYSCALL_BIT, MOST, x32.otherwise);
    return this.#plan(list.spans, x32.weights).root(this.#unknown);
  }

  #both(native: Calls, x32: Calls, shared: SharedLast | undefined, token: Token): Node {
    const { otherwise } = native;
    const plan = this.#plan(withShared(openEnded(native, this.#options.insn / 2), shared, token), native.weights);
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
    const { skipped } = token;
    const beyond = skipped === x32.otherwise ? cleared : this.#graph.jump('jeq', MOST, skipped, cleared);
    return plan.root(this.#graph.jump('jset', X32_SYSCALL_BIT, beyond, otherwise));
  }

  /** The tree for the last calls, where at least two tokens decide them alike. */
  #sharedLast(tokens: readonly Token[]): SharedLast | undefined {
    const [first, ...rest] = tokens.filter((t) => t.native !== undefined);
    if (first?.native === undefined) return undefined;
    const { native } = first;
    const agreeing = rest
      .map((token) => ({ token, from: agreeFrom(native.spans, (token.native as Calls).spans) }))
      .filter(({ from }) => native.spans.filter((s) => s.from >= from).length >= FEWEST_SHARED);
    if (agreeing.length === 0) return undefined;
    const from = Math.max(...agreeing.map((a) => a.from));
    const spans = native.spans.filter((s) => s.to >= from).map((s) => ({ ...s, from: Math.max(s.from, from) }));
    const open = [...spans.slice(0, -1), { ...(spans.at(-1) as Span), to: MOST }];
    const node = this.#plan(open, native.weights).root(this.#unknown);
    this.#made = testsBelow(node).map((n) => ({ node: n, insns: 0 }));
    return { from, node, tokens: new Set([first, ...agreeing.map((a) => a.token)]) };
  }
}

interface SharedLast {
  /** The number from which on the tokens agree. */
  readonly from: number;
  /** Decides them; A holds the number. */
  readonly node: Node;
  readonly tokens: ReadonlySet<Token>;
}

/** x86_64's calls; everything behind the last one, numbers with bit 30 too, lies beyond. */
function openEnded(native: Calls, extra: number): readonly Part[] {
  const last = native.spans.at(-1) as Span;
  const calls = last.node === native.otherwise ? native.spans.slice(0, -1) : native.spans;
  return [...calls, { from: (calls.at(-1)?.to ?? -1) + 1, to: MOST, node: undefined, extra }];
}

/** The parts with the shared tree in place of the last calls. */
function withShared(parts: readonly Part[], shared: SharedLast | undefined, token: Token): readonly Part[] {
  if (!shared?.tokens.has(token)) return parts;
  const kept = parts.filter((p) => p.from < shared.from).map((p) => ({ ...p, to: Math.min(p.to, shared.from - 1) }));
  const last = parts.at(-1) as Part;
  if (last.node) return [...kept, { from: shared.from, to: MOST, node: shared.node }];
  return [...kept, { from: shared.from, to: last.from - 1, node: shared.node }, last];
}

/** The lowest number from which on both decide alike. */
function agreeFrom(a: readonly Span[], b: readonly Span[]): number {
  let [i, j] = [a.length - 1, b.length - 1];
  let from = MOST;
  while (i >= 0 && j >= 0) {
    const [x, y] = [a[i] as Span, b[j] as Span];
    if (x.node !== y.node) return from;
    from = Math.max(x.from, y.from);
    if (x.from === from) i -= 1;
    if (y.from === from) j -= 1;
  }
  return from;
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

function readyTests(ready: Ready, nodes: ReadonlyMap<number, Node>, weightOf: (nr: number) => number): ReadyTests {
  return {
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
