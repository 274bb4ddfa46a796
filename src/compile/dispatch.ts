/**
 * Ranges of numbers as a search tree: halves by JGE, and where single numbers stand out of an otherwise equal stretch,
 * one JEQ for each of them.
 */
import type { Graph, Node } from './graph.ts';
import type { Range } from './lower.ts';

/** At most this many single numbers are picked out of one stretch; beyond, halving is shorter on average. */
const MOST_HOLES = 3;

/** The single numbers that differ from the node around them; undefined when the ranges are not of that form. */
function holes(ranges: readonly Range[]): { readonly around: Node; readonly holes: readonly Range[] } | undefined {
  const [first, ...rest] = ranges;
  const around = first?.leaf;
  if (around === undefined || rest.length % 2 !== 0 || rest.length > 2 * MOST_HOLES) return undefined;
  const found: Range[] = [];
  for (let i = 0; i < rest.length; i += 2) {
    const [hole, behind] = [rest[i], rest[i + 1]];
    if (hole === undefined || behind === undefined || behind.leaf !== around || behind.from !== hole.from + 1)
      return undefined;
    found.push(hole);
  }
  return { around, holes: found };
}

/** The tree for ranges that cover all numbers that can arrive here; A holds the number. */
export function searchTree(graph: Graph, ranges: readonly Range[]): Node {
  const picked = holes(ranges);
  if (picked) {
    return picked.holes.reduceRight<Node>((no, hole) => graph.jump('jeq', hole.from, hole.leaf, no), picked.around);
  }
  const middle = ranges.length >> 1;
  const pivot = ranges[middle] as Range;
  const below = searchTree(graph, ranges.slice(0, middle));
  const above = searchTree(graph, ranges.slice(middle));
  return graph.jump('jge', pivot.from, above, below);
}
