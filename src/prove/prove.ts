/**
 * Equality for every architecture, number and argument value, or a call that tells the two sides apart.
 *
 * Both sides become diagrams in one table; equal means the same node. What does not fit the table's limit is undecided,
 * which is not proved.
 */
import { count, FALSE, type Limits, type Node, nodesOf, type Within, Words, within } from '../diagram/index.ts';
import { differing, type Meaning } from './meaning.ts';
import { type Outside, outside } from './outside.ts';
import { meaningOf, type Subject } from './subject.ts';
import { type Witness, witness } from './witness.ts';

/** `nodeLimit` and `stepLimit`: how much work before the answer is "undecided". */
export type ProveOptions = Limits;

export interface Proved {
  readonly proved: true;
  /** Nodes of the one diagram that both sides are. */
  readonly nodes: number;
  /** Nodes made on the way. */
  readonly work: number;
  readonly outside: Outside;
}

export interface Disproved {
  readonly proved: false;
  readonly undecided?: false;
  /** The smallest call found; both sides have been run on it. */
  readonly counterexample: Witness;
  /** How many of the 2^512 inputs get different words, exactly. */
  readonly count: bigint;
  readonly work: number;
  readonly outside: Outside;
}

export interface Undecided {
  readonly proved: false;
  readonly undecided: true;
  readonly why: string;
  /** The instruction whose meaning became too large, if it was one. */
  readonly pc?: number | undefined;
}

export type Proof = Proved | Disproved | Undecided;

/**
 * Whether `left` and `right` give every call the same result word, over all 2^512 inputs.
 * @param left a policy, a program, or a stack of programs in the order of installing
 * @param right another one, of any of these kinds
 * @param options limits of the work
 * @returns `proved`; or a call that tells the two apart, which has been run; or `undecided`, which is never "equal"
 * @throws TypeError for a program that `check` did not make
 */
export function prove(left: Subject, right: Subject, options: ProveOptions = {}): Proof {
  const words = new Words(options);
  const done = within((): Proof => {
    const l = meaningOf(left, words);
    const r = meaningOf(right, words);
    const d = words.diagrams;
    const set = sameDiagram(l, r) ? FALSE : differing(words, l, r);
    if (set === FALSE) {
      const nodes = rootsOf(l).reduce((total, root) => total + nodesOf(d, root), 0);
      return { proved: true, nodes, work: d.size, outside: outside(d, FALSE) };
    }
    const counterexample = witness(d, set, left, right);
    return { proved: false, counterexample, count: count(d, set), work: d.size, outside: outside(d, set) };
  });
  return done.ok ? done.value : undecided(done);
}

function sameDiagram(l: Meaning, r: Meaning): boolean {
  return l.kind === 'leaves' && r.kind === 'leaves' && l.root === r.root;
}

function rootsOf(meaning: Meaning): readonly Node[] {
  return meaning.kind === 'leaves' ? [meaning.root] : [...new Set(meaning.word.bits)];
}

export function undecided(stopped: Extract<Within<unknown>, { ok: false }>): Undecided {
  const { limit, most, pc } = stopped;
  const where = pc === undefined ? '' : ` (at instruction ${pc})`;
  return { proved: false, undecided: true, why: `the comparison takes more than ${most} ${limit}${where}`, pc };
}
