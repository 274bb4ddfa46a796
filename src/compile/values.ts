/**
 * Values of one 32-bit word to nodes. Every value can arrive, so masks help only where listed values form cubes (all
 * combinations of some bits over a common rest):
 *
 *   {0, 8, 0x20000, 0x20008}     jset ~0x20008: not set means one of them
 *   {0x10, 0x11, 0x30, 0x31}     and ~1, then jeq 0x10 and jeq 0x30
 */
import type { Graph, Node } from './graph.ts';
import { Search } from './search.ts';
import type { Stretch, Tree } from './stretch.ts';

/** A value range and the node that follows; ranges are ascending and cover 0 to 2^32-1. */
export interface ValueRange {
  readonly from: number;
  readonly to: number;
  readonly node: Node;
}

interface Single {
  readonly value: number;
  readonly node: Node;
}

/** Above this many values no cubes are looked for. */
const MOST_CUBED = 48;
/** A list of JEQs may be this long. */
const MOST_LISTED = 24;
/** What one instruction costs beside a test executed for one call. */
const INSN = 8;

const bitCount = (n: number): number => {
  let count = 0;
  for (let rest = n >>> 0; rest !== 0; rest = (rest & (rest - 1)) >>> 0) count += 1;
  return count;
};

function merged(ranges: readonly ValueRange[]): readonly ValueRange[] {
  const found: ValueRange[] = [];
  for (const range of ranges) {
    const last = found.at(-1);
    if (last?.node === range.node) found[found.length - 1] = { ...last, to: range.to };
    else found.push(range);
  }
  return found;
}

export function treeToNode(graph: Graph, tree: Tree, leaf: (leaf: number) => Node): Node {
  if (tree.kind === 'leaf') return leaf(tree.leaf);
  return graph.jump(tree.op, tree.k, treeToNode(graph, tree.yes, leaf), treeToNode(graph, tree.no, leaf));
}

function searched(graph: Graph, ranges: readonly ValueRange[]): Node {
  const nodes = [...new Set(ranges.map((r) => r.node))];
  const index = new Map(nodes.map((node, i) => [node, i]));
  const stretches = ranges.map<Stretch>((r) => ({
    from: r.from,
    to: r.to,
    leaf: index.get(r.node) as number,
    weight: (r.from === 0 ? 0.5 : 0) + 0.5 / ranges.length,
  }));
  const search = new Search({
    insn: INSN,
    holes: MOST_LISTED,
    maskedStretches: 0,
    quick: false,
    masks: 0,
    weightOf: () => 0,
    base: 0,
    ready: [],
  });
  return treeToNode(graph, search.tree(stretches), (leaf) => nodes[leaf] as Node);
}

/** The single values that stand out of one node; undefined when they are too many. */
function singlesOf(ranges: readonly ValueRange[]): { readonly around: Node; readonly singles: Single[] } | undefined {
  const widest = ranges.reduce((a, b) => (b.to - b.from > a.to - a.from ? b : a));
  const singles: Single[] = [];
  for (const { from, to, node } of ranges) {
    if (node === widest.node) continue;
    if (to - from > MOST_CUBED || singles.length > MOST_CUBED) return undefined;
    for (let value = from; value <= to; value++) singles.push({ value, node });
  }
  return { around: widest.node, singles };
}

/** All values of the cube that `free` bits span over `base`. */
function cube(base: number, free: number): readonly number[] {
  let values = [(base & ~free) >>> 0];
  for (let rest = free >>> 0; rest !== 0; rest = (rest & (rest - 1)) >>> 0) {
    const bit = (rest & -rest) >>> 0;
    values = [...values, ...values.map((v) => (v | bit) >>> 0)];
  }
  return values;
}

/** The most bits that may be anything over `base`, each added as long as the whole cube leads to one node. */
function freeBits(nodes: ReadonlyMap<number, Node>, base: number): number {
  const node = nodes.get(base);
  if (node === undefined) return 0;
  let free = 0;
  for (const value of [...nodes.keys()].sort((a, b) => a - b)) {
    const bit = (value ^ base) >>> 0;
    if (bitCount(bit) !== 1) continue;
    const wider = (free | bit) >>> 0;
    if (cube(base, wider).every((v) => nodes.get(v) === node)) free = wider;
  }
  return free;
}

/** The bits to clear before the last tests, so that the most values share one; 0 when nothing is gained. */
function bestFold(nodes: ReadonlyMap<number, Node>): number {
  const values = [...nodes.keys()];
  const candidates = new Set<number>();
  for (const a of values) for (const b of values) if (a < b && bitCount(a ^ b) <= 3) candidates.add((a ^ b) >>> 0);
  let best = 0;
  let most = 0;
  for (const free of [...candidates].sort((a, b) => a - b)) {
    const covered = values.filter((v) => cube(v, free).every((w) => nodes.get(w) === nodes.get(v))).length;
    const gain = covered - covered / 2 ** bitCount(free) - 1;
    if (gain > most) [best, most] = [free, gain];
  }
  return best;
}

/** JSET for the cube that holds 0, JEQ for what has no cube, and at last AND with one JEQ for each folded cube. */
function cubed(graph: Graph, around: Node, singles: readonly Single[]): Node {
  const nodes = new Map(singles.map((s) => [s.value, s.node]));
  const zero = nodes.get(0);
  const zeroFree = freeBits(nodes, 0);
  if (zeroFree !== 0) for (const value of cube(0, zeroFree)) nodes.delete(value);
  const fold = bestFold(nodes);
  const folded = new Map<number, Node>();
  const plain: [number, Node][] = [];
  for (const [value, node] of nodes) {
    if (fold !== 0 && cube(value, fold).every((v) => nodes.get(v) === node)) folded.set((value & ~fold) >>> 0, node);
    else plain.push([value, node]);
  }
  const list = (entries: Iterable<[number, Node]>, last: Node) =>
    [...entries].sort(([a], [b]) => b - a).reduce((no, [value, node]) => graph.jump('jeq', value, node, no), last);
  const tail = folded.size > 0 ? graph.and(~fold >>> 0, list(folded, around)) : around;
  const middle = list(plain, tail);
  return zero !== undefined && zeroFree !== 0 ? graph.jump('jset', ~zeroFree >>> 0, middle, zero) : middle;
}

/** Ways to decide a word that A holds, each right; the caller takes the cheapest. */
export function valueNodes(graph: Graph, ranges: readonly ValueRange[]): readonly Node[] {
  const simple = merged(ranges);
  const [first] = simple;
  if (simple.length === 1 && first) return [first.node];
  const found = [searched(graph, simple)];
  const list = singlesOf(simple);
  if (list && list.singles.length > 1 && list.singles.length <= MOST_CUBED)
    found.push(cubed(graph, list.around, list.singles));
  return found;
}
