/**
 * One call's rules as a decision diagram over argument words: choose a word, tell apart the values that make a
 * difference, and go on with what is left of the rules for each. Equal remainders are one node, so loads, value lists and
 * high-word checks are shared by all rules that need them.
 *
 * Which word comes first is found by trying, as long as the rules are few; then the word that most rules look at. Beyond
 * the budget there is no answer, and the caller has the rules tested one after the other (chain.ts).
 */
import type { Endian, U32 } from '../num/index.ts';
import type { CallPolicy } from '../policy/index.ts';
import type { Graph, Node } from './graph.ts';
import { type NumberedTerm, type Rule, type State, stateOf, Terms } from './state.ts';
import { type ValueRange, valueNodes } from './values.ts';
import { type MaskLiteral, type RangeLiteral, termsOf, withMask, withWord, wordsOf } from './words.ts';

/**
 * The states up to which every word is tried as the first, and those up to which there is an answer: a diagram with more
 * states than a few for each condition is no better than the rules one after the other.
 */
const TRIED_STATES = 200;
const FEWEST_STATES = 400;
const STATES_PER_CONDITION = 4;
/** Terms looked at, over all states. */
const MOST_WORK = 500_000;
const MOST_MASKS = 24;
const TRIED_MASKS = 3;
const MOST = 0xffff_ffff;

/** The byte offset of the word that A holds; undefined when it is none. */
type Held = number | undefined;

class OverBudget extends Error {}

export type Price = (node: Node) => number;

export class Decisions {
  readonly #graph: Graph;
  readonly #endian: Endian;
  readonly #price: Price;
  readonly #search: boolean;
  #terms = new Terms();
  #known = new Map<string, Node>();
  #work = 0;
  #mostStates = 0;

  /** `search`: try several orders of words, and keep what `price` finds cheapest. */
  constructor(graph: Graph, endian: Endian, price: Price, search: boolean) {
    this.#graph = graph;
    this.#endian = endian;
    this.#price = price;
    this.#search = search;
  }

  /** The node that decides the call; undefined when that is too much work. */
  leaf(call: CallPolicy, otherwise: U32): Node | undefined {
    this.#terms = new Terms();
    this.#known = new Map();
    this.#work = 0;
    const conditions = call.rules.reduce((sum, r) => sum + r.conditions.length, 0);
    this.#mostStates = FEWEST_STATES + STATES_PER_CONDITION * conditions;
    const rules = call.rules.map((r) =>
      this.#terms.rule(
        this.#graph.ret(r.action),
        r.conditions.flatMap((c) => termsOf(c, this.#endian)),
      ),
    );
    try {
      return this.#decide(this.#state(rules, this.#graph.ret(otherwise)), undefined);
    } catch (error) {
      if (error instanceof OverBudget) return undefined;
      throw error;
    }
  }

  #state(rules: readonly (Rule | undefined)[], otherwise: Node): State {
    this.#work += rules.length;
    if (this.#work > MOST_WORK) throw new OverBudget();
    return stateOf(
      rules.filter((r) => r !== undefined),
      otherwise,
    );
  }

  #decide(state: State, held: Held): Node {
    if (state.rules.length === 0) return state.otherwise;
    const key = `${held ?? ''}@${state.key}`;
    const known = this.#known.get(key);
    if (known) return known;
    if (this.#known.size > this.#mostStates) throw new OverBudget();
    const made = this.#cheapest(this.#words(state, held).flatMap((off) => this.#byWord(state, off, held)));
    this.#known.set(key, made);
    return made;
  }

  #cheapest(nodes: readonly Node[]): Node {
    const [first, ...rest] = nodes as [Node, ...Node[]];
    if (rest.length === 0) return first;
    let best = first;
    let price = this.#price(first);
    for (const node of rest) {
      const other = this.#price(node);
      if (other < price) [best, price] = [node, other];
    }
    return best;
  }

  /** The words to try first: all of them while there are few states, else the one that most rules look at. */
  #words(state: State, held: Held): readonly number[] {
    const uses = new Map<number, number>();
    for (const rule of state.rules)
      for (const off of new Set(rule.terms.flatMap(({ term }) => wordsOf(term))))
        uses.set(off, (uses.get(off) ?? 0) + 1);
    if (held !== undefined && uses.has(held)) return [held];
    const words = [...uses.keys()].sort((a, b) => (uses.get(b) as number) - (uses.get(a) as number) || a - b);
    const few = this.#search && this.#known.size < TRIED_STATES && state.rules.length < 64;
    return few ? words : words.slice(0, 1);
  }

  #byWord(state: State, off: number, held: Held): readonly Node[] {
    const masks = this.#masksOn(state, off);
    if (masks.length === 0) {
      const nodes = valueNodes(
        this.#graph,
        this.#ranges(state, off, MOST, (rule, value) => this.#with(rule, off, value)),
      );
      return nodes.map((node) => this.#load(off, held, node));
    }
    const oneMask = this.#onlyMask(state, off, masks);
    if (oneMask !== undefined && masks.length > 1) return [this.#byMasked(state, off, oneMask, held)];
    if (masks.length > MOST_MASKS) throw new OverBudget();
    const tried = this.#search && this.#known.size < TRIED_STATES ? masks.slice(0, TRIED_MASKS) : masks.slice(0, 1);
    return tried.map((mask) => this.#byMask(state, mask, held));
  }

  #load(off: number, held: Held, tests: Node): Node {
    return held === off ? tests : this.#graph.load(off, tests);
  }

  #masksOn(state: State, off: number): readonly MaskLiteral[] {
    const found = new Map<number, MaskLiteral>();
    for (const { terms } of state.rules)
      for (const { id, term } of terms) if (term.kind === 'mask' && term.off === off) found.set(id, term);
    return [...found.values()];
  }

  /** The mask, when every term on this word has the same one. */
  #onlyMask(state: State, off: number, masks: readonly MaskLiteral[]): number | undefined {
    const mask = masks[0]?.mask;
    const alike = (rule: Rule) =>
      rule.terms.every(({ term }) => !wordsOf(term).includes(off) || (term.kind === 'mask' && term.mask === mask));
    return state.rules.every(alike) ? mask : undefined;
  }

  /** Several values under one mask: A = word & mask, then a list of values. */
  #byMasked(state: State, off: number, mask: number, held: Held): Node {
    const ranges = this.#ranges(state, off, mask, (rule, value) => this.#withMasked(rule, off, value));
    const nodes = valueNodes(this.#graph, ranges).map((node) => this.#graph.and(mask, node));
    return this.#load(off, held, this.#cheapest(nodes));
  }

  /** One masked comparison, then what is left where it holds and where it does not. */
  #byMask(state: State, fact: MaskLiteral, held: Held): Node {
    const { off, mask, value } = fact;
    const after = (truth: boolean, holds: Held) =>
      this.#decide(
        this.#state(
          state.rules.map((r) =>
            this.#terms.rule(
              r.action,
              r.terms.map((t) => withMask(t.term, fact, truth)),
            ),
          ),
          state.otherwise,
        ),
        holds,
      );
    const oneBit = value === mask && (mask & (mask - 1)) === 0;
    const whole = value === 0 || oneBit;
    const [yes, no] = [after(true, whole ? off : undefined), after(false, whole ? off : undefined)];
    if (value === 0) return this.#load(off, held, this.#graph.jump('jset', mask, no, yes));
    if (oneBit) return this.#load(off, held, this.#graph.jump('jset', mask, yes, no));
    return this.#load(off, held, this.#graph.and(mask, this.#graph.jump('jeq', value, yes, no)));
  }

  #with(rule: Rule, off: number, value: number): Rule | undefined {
    return this.#terms.rule(
      rule.action,
      rule.terms.map((t) => {
        const left = withWord(t.term, off, value);
        return left === t.term ? t : left;
      }),
    );
  }

  /** As #with, where the value is what is left of the word under the only mask: other bits are 0. */
  #withMasked(rule: Rule, off: number, value: number): Rule | undefined {
    const left = ({ term }: NumberedTerm) => term.kind === 'mask' && term.off === off && term.value === value;
    return this.#terms.rule(
      rule.action,
      rule.terms.map((t) => (wordsOf(t.term).includes(off) ? left(t) : t)),
    );
  }

  /** The stretches of one word's values between which nothing changes, each with the node for what is left. */
  #ranges(
    state: State,
    off: number,
    most: number,
    left: (rule: Rule, value: number) => Rule | undefined,
  ): readonly ValueRange[] {
    const starts = cuts(state, off).filter((cut) => cut <= most);
    const bucketOf = new Map(starts.map((start, i) => [start, i]));
    const buckets: (Rule | undefined)[][] = starts.map(() => []);
    for (const rule of state.rules) {
      const span = spanOf(rule, off);
      const first = bucketOf.get(span.from) ?? 0;
      for (let i = first; i < starts.length && (starts[i] as number) <= span.to; i++) {
        this.#work += rule.terms.length;
        if (this.#work > MOST_WORK) throw new OverBudget();
        (buckets[i] as (Rule | undefined)[]).push(left(rule, starts[i] as number));
      }
    }
    return starts.map((from, i) => ({
      from,
      to: (starts[i + 1] ?? MOST + 1) - 1,
      node: this.#decide(this.#state(buckets[i] ?? [], state.otherwise), undefined),
    }));
  }
}

/** The range that a rule's own terms leave of a word; cuts() has its ends. */
function spanOf(rule: Rule, off: number): { readonly from: number; readonly to: number } {
  const inside = rule.terms
    .map((t) => t.term)
    .find((t): t is RangeLiteral => t.kind === 'range' && t.off === off && t.inside);
  return inside ?? { from: 0, to: MOST };
}

/** Every value of a word at which some term may change, 0 included, ascending. */
function cuts(state: State, off: number): readonly number[] {
  const found = new Set<number>([0]);
  const between = (from: number, to: number) => found.add(from).add(to + 1);
  for (const { terms } of state.rules) {
    for (const { term } of terms) {
      if (term.kind === 'pair') {
        if (term.high === off) between(term.k, term.k);
        if (term.equal.off === off) between(term.equal.from, term.equal.to);
      } else if (term.off === off) {
        if (term.kind === 'range') between(term.from, term.to);
        else between(term.value, term.value);
      }
    }
  }
  found.delete(MOST + 1);
  return [...found].sort((a, b) => a - b);
}
