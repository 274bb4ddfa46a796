/**
 * One call's rules as tests on its arguments. Classic BPF compares 32-bit words, so a 64-bit comparison looks at the high
 * word first and at the low word only where the high words are equal.
 *
 * Every step knows which word the accumulator holds, so that a word is not loaded twice in a row.
 */
import { highWordOffset, lowWordOffset } from '../arch/index.ts';
import { type Endian, high32, low32 } from '../num/index.ts';
import type { CallPolicy, Condition } from '../policy/index.ts';
import type { Graph, JumpOp, Node } from './graph.ts';

/** The byte offset of the word that A holds; undefined when it is none (another call's word, or masked). */
type Held = number | undefined;

/** What follows, given what A holds by then. */
type Continue = (held: Held) => Node;

const LOW = 0xffff_ffffn;

export class RuleChain {
  readonly #graph: Graph;
  readonly #endian: Endian;

  constructor(graph: Graph, endian: Endian) {
    this.#graph = graph;
    this.#endian = endian;
  }

  /** The leaf of a call: the first rule that holds decides, else `otherwise`. A holds nothing useful at its start. */
  leaf(call: CallPolicy, otherwise: Node): Node {
    let following: Continue = () => otherwise;
    // From the last rule to the first, without recursion: 10,000 rules must not exhaust the stack.
    for (const rule of call.rules.toReversed()) {
      const action = this.#graph.ret(rule.action);
      following = remember(this.#all(rule.conditions, () => action, following));
      // Forces the node now; later rules find it ready whatever A holds.
      following(undefined);
    }
    return following(undefined);
  }

  /** All conditions hold: `yes`; else `no`. */
  #all(conditions: readonly Condition[], yes: Continue, no: Continue): Continue {
    return conditions.reduceRight<Continue>((next, c) => remember((held) => this.#test(c, held, next, no)), yes);
  }

  #word(off: number, held: Held, tests: (held: Held) => Node): Node {
    return held === off ? tests(off) : this.#graph.load(off, tests(off));
  }

  #jump(op: JumpOp, k: number, held: Held, yes: Continue, no: Continue): Node {
    return this.#graph.jump(op, k, yes(held), no(held));
  }

  #test(c: Condition, held: Held, yes: Continue, no: Continue): Node {
    switch (c.op) {
      case 'eq':
        return this.#equal(c, held, yes, no);
      case 'ne':
        return this.#equal(c, held, no, yes);
      case 'gt':
        return this.#above(c, 'jgt', held, yes, no);
      case 'le':
        return this.#above(c, 'jgt', held, no, yes);
      case 'ge':
        return this.#above(c, 'jge', held, yes, no);
      case 'lt':
        return this.#above(c, 'jge', held, no, yes);
      case 'masked_eq':
        return this.#masked(c, held, yes, no);
      default:
        return c.op satisfies never;
    }
  }

  #offsets(c: Condition): { readonly low: number; readonly high: number } {
    return { low: lowWordOffset(c.argIndex, this.#endian), high: highWordOffset(c.argIndex, this.#endian) };
  }

  #equal(c: Condition, held: Held, yes: Continue, no: Continue): Node {
    const { low, high } = this.#offsets(c);
    const lowTest = (h: Held) => this.#word(low, h, (l) => this.#jump('jeq', low32(c.value), l, yes, no));
    if (c.narrow) return c.value > LOW ? no(held) : lowTest(held);
    return this.#word(high, held, (h) => this.#jump('jeq', high32(c.value), h, lowTest, no));
  }

  /** Above, or at least: decided by the high words unless they are equal. */
  #above(c: Condition, op: 'jgt' | 'jge', held: Held, yes: Continue, no: Continue): Node {
    const { low, high } = this.#offsets(c);
    const lowTest = (h: Held) => this.#word(low, h, (l) => this.#jump(op, low32(c.value), l, yes, no));
    if (c.narrow) return c.value > LOW ? no(held) : lowTest(held);
    const k = high32(c.value);
    return this.#word(high, held, (h) =>
      this.#jump('jgt', k, h, yes, (same) => this.#jump('jeq', k, same, lowTest, no)),
    );
  }

  #masked(c: Condition, held: Held, yes: Continue, no: Continue): Node {
    if ((c.value & ~c.mask) !== 0n) return no(held);
    const { low, high } = this.#offsets(c);
    const lowHalf: Continue = (h) => this.#half(low, low32(c.mask), low32(c.value), h, yes, no);
    // The high word of a narrow argument is zero: it meets any mask whose high value is zero, and no other.
    if (c.narrow) return c.value > LOW ? no(held) : lowHalf(held);
    return this.#half(high, high32(c.mask), high32(c.value), held, lowHalf, no);
  }

  #half(off: number, mask: number, value: number, held: Held, yes: Continue, no: Continue): Node {
    if (mask === 0) return yes(held);
    if (mask === 0xffff_ffff) return this.#word(off, held, (h) => this.#jump('jeq', value, h, yes, no));
    if (value === 0) return this.#word(off, held, (h) => this.#jump('jset', mask, h, no, yes));
    const oneBit = (mask & (mask - 1)) === 0;
    if (oneBit) return this.#word(off, held, (h) => this.#jump('jset', mask, h, yes, no));
    return this.#word(off, held, () => this.#graph.and(mask, this.#jump('jeq', value, undefined, yes, no)));
  }
}

/** Each continuation is asked for by several tests; it is worked out once for each word that A may hold. */
function remember(make: Continue): Continue {
  const known = new Map<Held, Node>();
  return (held) => {
    const found = known.get(held) ?? make(held);
    known.set(held, found);
    return found;
  };
}
