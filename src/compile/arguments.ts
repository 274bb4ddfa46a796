/**
 * The leaf of each call that looks at arguments: as a diagram over argument words, and as rules one after the other;
 * the cheaper one counts.
 */
import type { Endian, U32 } from '../num/index.ts';
import type { CallPolicy } from '../policy/index.ts';
import { RuleChain } from './chain.ts';
import { Decisions } from './decide.ts';
import { type Graph, type Node, reachable } from './graph.ts';

/** Above this many conditions the chain is made only where there is no diagram. */
const FEW_CONDITIONS = 64;
/** What one instruction costs beside one test executed for arguments that are all zero. */
const INSN = 8;

/** Tests that are executed for arguments that are all zero. */
export function stepsForZero(node: Node): number {
  let steps = 0;
  let a = 0;
  for (let at = node; at.kind !== 'ret'; steps += 1) {
    if (at.kind === 'jump') {
      const taken = at.op === 'jeq' ? a === at.k : at.op === 'jge' ? a >= at.k : at.op === 'jgt' ? a > at.k : false;
      at = taken ? at.yes : at.no;
    } else {
      a = 0;
      at = at.next;
    }
  }
  return steps;
}

function price(node: Node): number {
  let size = 0;
  for (const n of reachable(node)) if (n.kind !== 'ret') size += 1;
  return size * INSN + stepsForZero(node);
}

export class ArgumentTests {
  readonly #graph: Graph;
  readonly #chain: RuleChain;
  readonly #decisions: Decisions | undefined;

  /** `how`: the rules as they stand; or as a diagram with the words in a quickly chosen order, or in the best one. */
  constructor(graph: Graph, endian: Endian, how: 'rules' | 'fast' | 'full') {
    this.#graph = graph;
    this.#chain = new RuleChain(graph, endian);
    this.#decisions = how === 'rules' ? undefined : new Decisions(graph, endian, price, how === 'full');
  }

  /** The first rule that holds decides, else `otherwise`. A holds nothing useful at its start. */
  leaf(call: CallPolicy, otherwise: U32): Node {
    const [first] = call.rules;
    if (first === undefined || first.conditions.length === 0) return this.#graph.ret(first?.action ?? otherwise);
    const diagram = this.#decisions?.leaf(call, otherwise);
    const conditions = call.rules.reduce((sum, r) => sum + r.conditions.length, 0);
    if (diagram && conditions > FEW_CONDITIONS) return diagram;
    const chain = this.#chain.leaf(call, this.#graph.ret(otherwise));
    return diagram && price(diagram) <= price(chain) ? diagram : chain;
  }
}
