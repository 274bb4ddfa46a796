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
