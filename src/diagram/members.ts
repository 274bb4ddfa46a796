/** What a diagram says about single inputs: its leaf for one, how many are in a set, and the smallest of them. */
import { unreachable } from '../diag/index.ts';
import type { U32 } from '../num/index.ts';
import type { Diagrams } from './diagrams.ts';
import { bitAt, type Input, LEVELS } from './layout.ts';
import { FALSE, type Node, type NodeTable, TRUE } from './nodes.ts';

/** The leaf for one input. */
export function valueAt(d: NodeTable, root: Node, input: Input): U32 {
  let n = root;
  while (!d.isLeaf(n)) n = bitAt(input, d.level(n)) === 1 ? d.hi(n) : d.lo(n);
  return d.wordOf(n);
}

/** The exact number of inputs in a set, 0 to 2^512. */
export function count(d: NodeTable, set: Node): bigint {
  /** Assignments of the bits from the node's own level on. */
  const known = new Map<Node, bigint>([
    [FALSE, 0n],
    [TRUE, 1n],
  ]);
  const below = (n: Node, level: number) => walk(n) << BigInt(d.level(n) - level);
  const walk = (n: Node): bigint => {
    const found = known.get(n);
    if (found !== undefined) return found;
    if (d.isLeaf(n)) return unreachable('a set has no leaf but 0 and 1');
    const next = d.level(n) + 1;
    const made = below(d.lo(n), next) + below(d.hi(n), next);
    known.set(n, made);
    return made;
  };
  return below(set, 0);
}

/** The smallest input of a set, fields compared in the diagram's order: zeros wherever zeros will do. */
export function least(d: NodeTable, set: Node): Input | undefined {
  if (set === FALSE) return undefined;
  const input: Input = new Uint32Array(LEVELS / 32);
  // Every set but the empty one has members, so the low side will do unless it is empty itself.
  for (let n = set; n !== TRUE; ) {
    if (d.lo(n) !== FALSE) {
      n = d.lo(n);
      continue;
    }
    const level = d.level(n);
    input[level >>> 5] = ((input[level >>> 5] as number) | (1 << (31 - (level & 31)))) >>> 0;
    n = d.hi(n);
  }
  return input;
}

/** The diagram with the 32-bit field at `firstLevel` fixed to `value`: it tests that field no more. */
export function fix(d: Diagrams, root: Node, firstLevel: number, value: number): Node {
  const known = new Map<Node, Node>();
  const walk = (n: Node): Node => {
    const level = d.level(n);
    if (level >= firstLevel + 32) return n;
    if (level >= firstLevel) return walk((value >>> (31 - (level - firstLevel))) & 1 ? d.hi(n) : d.lo(n));
    const found = known.get(n);
    if (found !== undefined) return found;
    const made = d.node(level, walk(d.lo(n)), walk(d.hi(n)));
    known.set(n, made);
    return made;
  };
  return walk(root);
}

/** Every leaf that the diagram has. */
export function leavesOf(d: NodeTable, root: Node): ReadonlySet<U32> {
  const seen = new Set<Node>();
  const words = new Set<U32>();
  const walk = (n: Node): void => {
    if (seen.has(n)) return;
    seen.add(n);
    if (d.isLeaf(n)) {
      words.add(d.wordOf(n));
      return;
    }
    walk(d.lo(n));
    walk(d.hi(n));
  };
  walk(root);
  return words;
}

/** Nodes that one diagram consists of, leaves included. */
export function nodesOf(d: NodeTable, root: Node): number {
  const seen = new Set<Node>();
  const walk = (n: Node): void => {
    if (seen.has(n)) return;
    seen.add(n);
    if (d.isLeaf(n)) return;
    walk(d.lo(n));
    walk(d.hi(n));
  };
  walk(root);
  return seen.size;
}
