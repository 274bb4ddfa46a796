/**
 * What a program or a policy answers to every possible call. Usually one diagram with the result words as leaves; a
 * program that returns a computed A can give more words than a diagram has room for, and is kept bit by bit instead.
 */
import { compareStrictness } from '../arch/index.ts';
import { FALSE, type Input, type Node, TRUE, valueAt, vectors, type Word, type Words } from '../diagram/index.ts';
import { type U32, u32 } from '../num/index.ts';

export type Meaning = { readonly kind: 'leaves'; readonly root: Node } | { readonly kind: 'bits'; readonly word: Word };

/** The result word for one input. */
export function meaningAt(words: Words, meaning: Meaning, input: Input): U32 {
  if (meaning.kind === 'leaves') return valueAt(words.diagrams, meaning.root, input);
  return u32(
    meaning.word.bits.reduce((value: number, bit, i) => value | (valueAt(words.diagrams, bit, input) << i), 0),
  );
}

export function toBits(words: Words, meaning: Meaning): Word {
  return meaning.kind === 'bits' ? meaning.word : words.fromLeaves(meaning.root);
}

/** The set of inputs that get different words; FALSE means that the two are equal. */
export function differing(words: Words, left: Meaning, right: Meaning): Node {
  if (left.kind === 'leaves' && right.kind === 'leaves') {
    return words.diagrams.apply(left.root, right.root, (l, r) => (l === r ? 0 : 1), 0);
  }
  return words.differ(toBits(words, left), toBits(words, right));
}

/** LOOSENED: the right side's action is less strict. CHANGED: the same action with other data. */
export type ChangeKind = 'LOOSENED' | 'TIGHTENED' | 'CHANGED';

export function kindOf(left: number, right: number): ChangeKind {
  const by = compareStrictness(left, right);
  return by < 0 ? 'LOOSENED' : by > 0 ? 'TIGHTENED' : 'CHANGED';
}

/** What changed between two meanings: a diagram whose leaves number the rows of `classes`; 0 is "nothing". */
export interface Changes {
  readonly root: Node;
  readonly classes: readonly ChangeClass[];
}

export interface ChangeClass {
  readonly kind: ChangeKind;
  /** Both result words, where the class has only these two. */
  readonly words?: readonly [U32, U32] | undefined;
}

/** One class for each pair of words; where a side is kept bit by bit, one for each kind. */
export function changes(words: Words, left: Meaning, right: Meaning): Changes {
  if (left.kind === 'bits' || right.kind === 'bits') return changesOfBits(words, left, right);
  const classes: ChangeClass[] = [];
  const ids = new Map<number, number>();
  const classOf = (l: U32, r: U32): number => {
    if (l === r) return 0;
    // Both fit 32 bits, and two diagrams in one table have far fewer than 2^21 leaves.
    const key = ids.get(pairKey(l, r)) ?? classes.push({ kind: kindOf(l, r), words: [l, r] });
    ids.set(pairKey(l, r), key);
    return key;
  };
  const leafIds = new Map<U32, number>();
  const pairKey = (l: U32, r: U32) => idOf(l) * 0x400_0000 + idOf(r);
  const idOf = (word: U32) => {
    const id = leafIds.get(word) ?? leafIds.size;
    leafIds.set(word, id);
    return id;
  };
  return { root: words.diagrams.apply(left.root, right.root, classOf, 0), classes };
}

function changesOfBits(words: Words, left: Meaning, right: Meaning): Changes {
  const d = words.diagrams;
  const l = toBits(words, left);
  const r = toBits(words, right);
  const loosened = stricterSet(words, l, r);
  const tightened = stricterSet(words, r, l);
  const changed = d.not(words.eq(l, r));
  const root = d.ite(loosened, d.leaf(1), d.ite(tightened, d.leaf(2), d.ite(changed, d.leaf(3), FALSE)));
  return { root, classes: [{ kind: 'LOOSENED' }, { kind: 'TIGHTENED' }, { kind: 'CHANGED' }] };
}

/** Where the kernel prefers `a`'s action over `b`'s: `compareStrictness` is negative. */
export function stricterSet(words: Words, a: Word, b: Word): Node {
  const d = words.diagrams;
  // The action half, as a signed number: with the sign turned round, unsigned order is the kernel's.
  const signed = ({ bits }: Word) => bits.slice(16).map((bit, i) => (i === 15 ? d.not(bit) : bit));
  return vectors.greaterThan(d, signed(b), signed(a));
}

/** The inputs of one class, numbered as in `Changes.classes` from 0. */
export function membersOf(words: Words, root: Node, classIndex: number): Node {
  return words.diagrams.where(root, (leaf) => leaf === classIndex + 1);
}

/** How the results of different ways through a program are put together: as one diagram with leaves, or bit by bit. */
export interface Joiner<R> {
  word(word: Word): R;
  /** `a` where the set holds, `b` elsewhere. */
  choose(set: Node, a: R, b: R): R;
  done(result: R): Meaning;
}

export function asLeaves(words: Words): Joiner<Node> {
  const d = words.diagrams;
  return {
    word: (word) => (word.constant === undefined ? words.toLeaves(word) : d.leaf(word.constant)),
    choose: (set, a, b) => d.ite(set, a, b),
    done: (root) => ({ kind: 'leaves', root }),
  };
}

export function asBits(words: Words): Joiner<Word> {
  return {
    word: (word) => word,
    choose: (set, a, b) => (set === TRUE ? a : words.select(set, a, b)),
    done: (word) => ({ kind: 'bits', word }),
  };
}
