/**
 * Nodes to instructions, back to front.
 *
 * Working backwards, everything that a node leads to is already placed when the node is, so a skip is a subtraction. A
 * target more than 255 instructions away from a test gets a stepping stone directly behind the test: the same
 * instruction again where that is enough, else one JA; later tests reach the target through the nearest stone.
 *
 * Weak spot: which of two branches is placed first is decided by size alone, so the layout can need a few more stones
 * than the best one.
 */
import type { RawInsn } from '../bpf/index.ts';
import {
  BPF_AND_K,
  BPF_JA,
  BPF_JEQ_K,
  BPF_JGE_K,
  BPF_JGT_K,
  BPF_JSET_K,
  BPF_LD_ABS,
  BPF_RET_K,
} from '../bpf/opcodes.ts';
import { unreachable } from '../diag/index.ts';
import type { JumpOp, Node } from './graph.ts';

const JUMP_CODE: Readonly<Record<JumpOp, number>> = {
  jeq: BPF_JEQ_K,
  jgt: BPF_JGT_K,
  jge: BPF_JGE_K,
  jset: BPF_JSET_K,
};
const FARTHEST = 255;

type Test = Node & { readonly kind: 'jump' };

class Emitter {
  /** The program, last instruction first. */
  readonly reversed: RawInsn[] = [];
  /** Where a node can be entered, as an index into `reversed`: the copy or stone placed last, so the nearest one. */
  readonly #entry = new Map<Node, number>();

  /** Instructions between a test placed next and this node's entry. */
  #skip(node: Node): number {
    const entry = this.#entry.get(node) ?? unreachable('a node was used before it was placed');
    return this.reversed.length - 1 - entry;
  }

  #push(node: Node, insn: RawInsn): void {
    this.#entry.set(node, this.reversed.length);
    this.reversed.push(insn);
  }

  /** A further way into a placed node, right here: the same instruction again where that is one, else JA. */
  #stone(node: Node): void {
    if (node.kind === 'ret') this.#push(node, { code: BPF_RET_K, jt: 0, jf: 0, k: node.k });
    else if (node.kind === 'jump' && this.#farTarget(node) === undefined) this.#test(node);
    else this.#push(node, { code: BPF_JA, jt: 0, jf: 0, k: this.#skip(node) });
  }

  #test(node: Test): void {
    this.#push(node, { code: JUMP_CODE[node.op], jt: this.#skip(node.yes), jf: this.#skip(node.no), k: node.k });
  }

  place(node: Node): void {
    if (this.#entry.has(node)) return;
    switch (node.kind) {
      case 'ret':
        this.#push(node, { code: BPF_RET_K, jt: 0, jf: 0, k: node.k });
        return;
      case 'ld':
      case 'and': {
        this.place(node.next);
        if (this.#skip(node.next) !== 0) this.#stone(node.next);
        const code = node.kind === 'ld' ? BPF_LD_ABS : BPF_AND_K;
        this.#push(node, { code, jt: 0, jf: 0, k: node.kind === 'ld' ? node.off : node.k });
        return;
      }
      case 'jump':
        this.place(node.no);
        this.place(node.yes);
        // A stone moves the other target one further away, so look again until both are in reach.
        for (let far = this.#farTarget(node); far !== undefined; far = this.#farTarget(node)) this.#stone(far);
        this.#test(node);
        return;
      default:
        node satisfies never;
    }
  }

  #farTarget(node: Test): Node | undefined {
    if (this.#skip(node.yes) > FARTHEST) return node.yes;
    return this.#skip(node.no) > FARTHEST ? node.no : undefined;
  }
}

/** The instructions of the graph below `root`, which becomes instruction 0. */
export function emit(root: Node): readonly RawInsn[] {
  const emitter = new Emitter();
  emitter.place(root);
  return emitter.reversed.reverse();
}
