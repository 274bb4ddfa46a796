/**
 * Statements about one side: every call of a region gets a word that a predicate takes. For all values, or with a call
 * that breaks it. "socket(AF_ALG) is denied" is the region of socket's numbers whose first argument, narrow, is 38.
 */
import { type Arch, type SeccompData, syscallNumber } from '../arch/index.ts';
import { unreachable } from '../diag/index.ts';
import {
  count,
  type Diagrams,
  FALSE,
  LEVEL_ARCH,
  LEVEL_NR,
  type Node,
  TRUE,
  type Within,
  Words,
  within,
} from '../diagram/index.ts';
import { type U32, u32 } from '../num/index.ts';
import type { Condition } from '../policy/index.ts';
import type { Meaning } from './meaning.ts';
import { byValue, conditionsSet } from './policy.ts';
import { type ProveOptions, type Undecided, undecided } from './prove.ts';
import { answer, meaningOf, type Subject, tokensOf } from './subject.ts';
import { choose } from './witness.ts';

/** A call as the filter sees it: the audit token and the number (x32 with bit 30). */
export interface Call {
  readonly arch: U32;
  readonly nr: number;
}

export interface Region {
  /** Absent: every architecture and number there can be. */
  readonly calls?: readonly Call[] | undefined;
  /** Without `calls`: every architecture but these tokens. */
  readonly archesExcept?: readonly U32[] | undefined;
  /** All must hold. `narrow` conditions see what the kernel uses of an int: the low half. */
  readonly conditions?: readonly Condition[] | undefined;
  /** All must hold. */
  readonly clauses?: readonly Clause[] | undefined;
}

/** Holds where one of the conjunctions does; with `not`, where none does. */
export interface Clause {
  readonly oneOf: readonly (readonly Condition[])[];
  readonly not?: boolean | undefined;
}

export interface Statement {
  readonly region: Region;
  /** Must be true of the result word of every call in the region. */
  readonly predicate: (word: U32) => boolean;
}

export type Held =
  | { readonly holds: true }
  | {
      readonly holds: false;
      readonly undecided?: false;
      /** The smallest call found that breaks it; it has been run. */
      readonly data: SeccompData;
      readonly word: U32;
      /** How many of the 2^512 inputs break it, exactly. */
      readonly count: bigint;
    }
  | { readonly holds: false; readonly undecided: true; readonly why: string };

/** The calls of this name, on every architecture that has it. */
export function callsNamed(name: string, arches: Iterable<Arch>): readonly Call[] {
  return [...arches].flatMap((arch) => {
    const nr = syscallNumber(arch, name);
    return nr === undefined ? [] : [{ arch: arch.audit, nr }];
  });
}

/** One verdict for each statement, in their order. */
export function holdsFor(
  subject: Subject,
  statements: readonly Statement[],
  options: ProveOptions = {},
): readonly Held[] {
  const judge = new Judge(subject, options);
  return statements.map((statement) => judge.holds(statement));
}

/** Statements about one subject as they come: what it means is worked out once. */
export class Judge {
  readonly #subject: Subject;
  readonly #options: ProveOptions;
  #words: Words;
  #meaning: Within<Meaning>;
  /** Many statements share few predicates, and what a predicate takes is the same set for all of them. */
  #refused = new Map<Statement['predicate'], Node>();
  #isUsed = false;

  constructor(subject: Subject, options: ProveOptions = {}) {
    this.#subject = subject;
    this.#options = options;
    this.#words = new Words(options);
    this.#meaning = within(() => meaningOf(subject, this.#words));
  }

  holds(statement: Statement): Held {
    const meaning = this.#meaning;
    if (!meaning.ok) return unknown(undecided(meaning));
    const wasUsed = this.#isUsed;
    this.#isUsed = true;
    const done = within(() => judge(this.#words, this.#subject, meaning.value, statement, this.#refused));
    if (done.ok) return done.value;
    // The limit is one statement's: what the ones before it have left in the table is none of its.
    if (!wasUsed) return unknown(undecided(done));
    const fresh = new Judge(this.#subject, this.#options);
    this.#words = fresh.#words;
    this.#meaning = fresh.#meaning;
    this.#refused = new Map();
    this.#isUsed = false;
    return this.holds(statement);
  }
}

function unknown({ why }: Undecided): Held {
  return { holds: false, undecided: true, why };
}

function judge(
  words: Words,
  subject: Subject,
  meaning: Meaning,
  { region, predicate }: Statement,
  refused: Map<Statement['predicate'], Node>,
): Held {
  const d = words.diagrams;
  const inRegion = regionSet(words, region);
  const breaking = (root: Node) => d.where(root, (word) => !predicate(word));
  const refusedSet = (root: Node): Node => {
    const set = refused.get(predicate) ?? breaking(root);
    refused.set(predicate, set);
    return set;
  };
  const broken = d.and(
    inRegion,
    meaning.kind === 'leaves'
      ? refusedSet(meaning.root)
      : // Words outside the region are of no interest; 0 there keeps the leaves few.
        breaking(words.toLeaves(words.select(inRegion, meaning.word, words.zero))),
  );
  if (broken === FALSE) return { holds: true };
  const data = choose(d, broken, tokensOf(subject));
  const word = answer(subject, data);
  if (predicate(word)) return unreachable('the call that breaks the statement does not');
  return { holds: false, data, word, count: count(d, broken) };
}

/** The inputs of a region. */
export function regionSet(words: Words, { calls, archesExcept, conditions, clauses }: Region): Node {
  const d = words.diagrams;
  const inside = d.and(conditionsSet(d, conditions ?? []), clausesSet(d, clauses ?? []));
  if (calls === undefined) {
    const except = (archesExcept ?? []).map((token): [number, Node] => [token, FALSE]);
    return d.and(byValue(d, LEVEL_ARCH, new Map(except), TRUE), inside);
  }
  const tokens = [...new Set(calls.map(({ arch }) => arch))].map((token): [number, Node] => {
    const here = calls.filter(({ arch }) => arch === token);
    const numbers = new Map(here.map(({ nr }): [number, Node] => [u32(nr), TRUE]));
    return [token, byValue(d, LEVEL_NR, numbers, FALSE)];
  });
  return d.and(byValue(d, LEVEL_ARCH, new Map(tokens), FALSE), inside);
}

function clausesSet(d: Diagrams, clauses: readonly Clause[]): Node {
  return clauses.reduce((all: Node, { oneOf, not }) => {
    const some = oneOf.reduce((set: Node, conditions) => d.or(set, conditionsSet(d, conditions)), FALSE);
    return d.and(not ? d.not(some) : some, all);
  }, TRUE);
}
