/**
 * 32-bit words whose value depends on the input: what a register of classic BPF can hold. Words are interned, so that
 * two are the same value on every input exactly when they are the same object.
 */
import { u32 } from '../num/index.ts';
import { Diagrams, type Limits } from './diagrams.ts';
import { LimitReached } from './limit.ts';
import { FALSE, type Node, TRUE } from './nodes.ts';
import * as vectors from './vectors.ts';

export interface Word {
  /** 0, 1, 2, ... in the order of making. */
  readonly id: number;
  /** Bit 0 (the least significant) first. */
  readonly bits: vectors.Bits;
  /** The value, when it does not depend on the input. */
  readonly constant: number | undefined;
}

/** Most words; some 300 bytes each. Two ids and an instruction index fit one safe integer. */
export const WORD_LIMIT: number = 1 << 18;

/** More distinct leaves than this are better kept bit by bit. */
const LEAF_LIMIT = 2048;

export class Words {
  readonly diagrams: Diagrams;
  readonly zero: Word;
  readonly #byHash = new Map<number, Word[]>();
  readonly #constants = new Map<number, Word>();
  readonly #fields = new Map<number, Word>();
  #count = 0;

  constructor(limits: Limits = {}) {
    this.diagrams = new Diagrams(limits);
    this.zero = this.constant(0);
  }

  /** The word with these bits. */
  of(bits: vectors.Bits): Word {
    let hash = 0;
    let value = 0;
    let isConstant = true;
    for (let i = 0; i < 32; i++) {
      const bit = bits[i] as Node;
      hash = Math.imul(hash ^ bit, 0x9e37_79b1) + (hash >>> 15);
      if (bit === TRUE) value |= 1 << i;
      else if (bit !== FALSE) isConstant = false;
    }
    if (isConstant) return this.constant(value);
    const alike = this.#byHash.get(hash);
    const found = alike?.find((word) => word.bits.every((bit, i) => bit === bits[i]));
    if (found !== undefined) return found;
    const made = this.#make(bits, undefined);
    if (alike === undefined) this.#byHash.set(hash, [made]);
    else alike.push(made);
    return made;
  }

  #make(bits: vectors.Bits, constant: number | undefined): Word {
    if (this.#count >= WORD_LIMIT) throw new LimitReached('words', WORD_LIMIT);
    return { id: this.#count++, bits, constant };
  }

  constant(k: number): Word {
    const value = k >>> 0;
    const found = this.#constants.get(value);
    if (found !== undefined) return found;
    const made = this.#make(vectors.constantBits(BigInt(value), 32), value);
    this.#constants.set(value, made);
    return made;
  }

  /** The field of the input whose most significant bit is tested at `level`. */
  field(level: number): Word {
    const found = this.#fields.get(level);
    if (found !== undefined) return found;
    const made = this.of(vectors.fieldBits(this.diagrams, level + 31, 32));
    this.#fields.set(level, made);
    return made;
  }

  eq(a: Word, b: Word): Node {
    return a === b ? TRUE : vectors.equal(this.diagrams, a.bits, b.bits);
  }
  gt(a: Word, b: Word): Node {
    return a === b ? FALSE : vectors.greaterThan(this.diagrams, a.bits, b.bits);
  }
  ge(a: Word, b: Word): Node {
    return a === b ? TRUE : vectors.atLeast(this.diagrams, a.bits, b.bits);
  }
  /** Where (a & b) != 0. */
  set(a: Word, b: Word): Node {
    return vectors.anyCommon(this.diagrams, a.bits, b.bits);
  }

  and(a: Word, b: Word): Word {
    return this.of(a.bits.map((bit, i) => this.diagrams.and(bit, b.bits[i] as Node)));
  }
  or(a: Word, b: Word): Word {
    return this.of(a.bits.map((bit, i) => this.diagrams.or(bit, b.bits[i] as Node)));
  }
  xor(a: Word, b: Word): Word {
    return this.of(a.bits.map((bit, i) => this.diagrams.xor(bit, b.bits[i] as Node)));
  }
  add(a: Word, b: Word): Word {
    return this.of(vectors.sum(this.diagrams, a.bits, b.bits, FALSE));
  }
  sub(a: Word, b: Word): Word {
    return a === b ? this.zero : this.of(vectors.minus(this.diagrams, a.bits, b.bits));
  }
  neg(a: Word): Word {
    return this.sub(this.zero, a);
  }
  mul(a: Word, b: Word): Word {
    if (a.constant !== undefined && b.constant !== undefined) return this.constant(Math.imul(a.constant, b.constant));
    const [many, few] = a.constant === undefined ? [a, b] : [b, a];
    return this.of(vectors.product(this.diagrams, many.bits, few.bits));
  }
  /** a / b, rounded down; of no meaning where b = 0. */
  div(a: Word, b: Word): Word {
    const by = b.constant;
    if (by === 0) return this.zero;
    if (by !== undefined && a.constant !== undefined) return this.constant(Math.floor(a.constant / by));
    if (by !== undefined && (by & (by - 1)) === 0) return this.rsh(a, this.constant(31 - Math.clz32(by)));
    return this.of(vectors.quotient(this.diagrams, a.bits, b.bits));
  }
  /** a << b, the count taken modulo 32. */
  lsh(a: Word, b: Word): Word {
    return this.#shift(a, b, (bits, i, by) => (i < by ? FALSE : (bits[i - by] as Node)));
  }
  /** a >> b, the count taken modulo 32; zeros move in. */
  rsh(a: Word, b: Word): Word {
    return this.#shift(a, b, (bits, i, by) => (i + by > 31 ? FALSE : (bits[i + by] as Node)));
  }

  /** Each of the count's five bits shifts by its own power of two, or not. */
  #shift(a: Word, count: Word, from: (bits: vectors.Bits, i: number, by: number) => Node): Word {
    let bits = a.bits;
    for (let power = 0; power < 5; power++) {
      const before = bits;
      const shifted = before.map((_, i) => from(before, i, 1 << power));
      bits = vectors.select(this.diagrams, count.bits[power] as Node, shifted, before);
    }
    return this.of(bits);
  }

  /** a where the set holds, b elsewhere. */
  select(set: Node, a: Word, b: Word): Word {
    if (set === TRUE || a === b) return a;
    return set === FALSE ? b : this.of(vectors.select(this.diagrams, set, a.bits, b.bits));
  }

  /** Where two words differ. */
  differ(a: Word, b: Word): Node {
    return this.diagrams.not(this.eq(a, b));
  }

  /** One diagram with the word's values as leaves. Throws LimitReached when it takes too many values. */
  toLeaves(word: Word): Node {
    const d = this.diagrams;
    const known = new Map<Word, Node>();
    const values = new Set<number>();
    const walk = (w: Word): Node => {
      if (w.constant !== undefined) {
        if (values.add(w.constant).size > LEAF_LIMIT) throw new LimitReached('leaves', LEAF_LIMIT);
        return d.leaf(w.constant);
      }
      const found = known.get(w);
      if (found !== undefined) return found;
      d.step();
      const level = Math.min(...w.bits.map((bit) => d.level(bit)));
      const half = (child: (bit: Node) => Node) => this.of(w.bits.map((b) => (d.level(b) === level ? child(b) : b)));
      const made = d.node(level, walk(half((b) => d.lo(b))), walk(half((b) => d.hi(b))));
      known.set(w, made);
      return made;
    };
    return walk(word);
  }

  /** The word whose value is the diagram's leaf. */
  fromLeaves(root: Node): Word {
    return this.of(
      Array.from({ length: 32 }, (_, i) => this.diagrams.where(root, (word) => u32(word >>> i) % 2 === 1)),
    );
  }
}
