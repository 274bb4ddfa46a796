/**
 * The program as a graph of tests, before it has an order. Nodes are hash-consed: two that do the same are one, so equal
 * tails of different calls and architectures become one run of instructions.
 *
 * A test compares whatever the accumulator holds; which word that is follows from the loads on the way to it. So two
 * equal subtrees behind different loads are still one node, and rightly so: they are the same code.
 */
import { type U32, u32 } from '../num/index.ts';

export type JumpOp = 'jeq' | 'jgt' | 'jge' | 'jset';

export type Node =
  | { readonly kind: 'ret'; readonly id: number; readonly k: U32 }
  | { readonly kind: 'ld'; readonly id: number; readonly off: number; readonly next: Node }
  | { readonly kind: 'and'; readonly id: number; readonly k: U32; readonly next: Node }
  | {
      readonly kind: 'jump';
      readonly id: number;
      readonly op: JumpOp;
      readonly k: U32;
      readonly yes: Node;
      readonly no: Node;
    };

type NewNode = Node extends infer N ? (N extends Node ? Omit<N, 'id'> : never) : never;

export class Graph {
  readonly #nodes = new Map<string, Node>();

  #cons(key: string, node: NewNode): Node {
    const known = this.#nodes.get(key);
    if (known) return known;
    const made = { ...node, id: this.#nodes.size } as Node;
    this.#nodes.set(key, made);
    return made;
  }

  ret(word: U32): Node {
    return this.#cons(`r${word}`, { kind: 'ret', k: word });
  }

  /** A = the word at byte `off`. Vanishes where what follows does not look at A. */
  load(off: number, next: Node): Node {
    if (next.kind === 'ret' || next.kind === 'ld') return next;
    return this.#cons(`l${off},${next.id}`, { kind: 'ld', off, next });
  }

  /** A = A & k. */
  and(k: number, next: Node): Node {
    if (next.kind === 'ret' || next.kind === 'ld' || k === 0xffff_ffff) return next;
    return this.#cons(`a${k},${next.id}`, { kind: 'and', k: u32(k), next });
  }

  /** Tests A against k. Tests with one outcome, or whose outcomes lead to one node, vanish. */
  jump(op: JumpOp, k: number, yes: Node, no: Node): Node {
    if (yes === no) return yes;
    if ((op === 'jge' && k === 0) || (op === 'jset' && k === 0)) return op === 'jge' ? yes : no;
    if (op === 'jgt' && k === 0xffff_ffff) return no;
    return this.#cons(`${op}${k},${yes.id},${no.id}`, { kind: 'jump', op, k: u32(k), yes, no });
  }
}

/** What a node leads to: none for a return, one or two else. */
export function successors(node: Node): readonly Node[] {
  switch (node.kind) {
    case 'ret':
      return [];
    case 'ld':
    case 'and':
      return [node.next];
    case 'jump':
      return [node.yes, node.no];
    default:
      return node satisfies never;
  }
}

/** Every node that can be reached, each once; stops counting beyond `most`. */
export function reachable(root: Node, most: number = Number.POSITIVE_INFINITY): ReadonlySet<Node> {
  const found = new Set<Node>([root]);
  // A Set is walked in order of insertion, including what is added on the way: a queue without recursion.
  for (const node of found) {
    if (found.size > most) break;
    for (const next of successors(node)) found.add(next);
  }
  return found;
}
