/**
 * Where two sides differ, for every possible call: by architecture and number, and there by what became of the action.
 * Numbers in a row that differ alike are one row.
 */
import {
  count,
  type Diagrams,
  FALSE,
  LEVEL_ARCH,
  LEVEL_NR,
  leavesOf,
  type Node,
  type Piece,
  partition,
  type Values,
  Words,
  within,
} from '../diagram/index.ts';
import type { U32 } from '../num/index.ts';
import { type ChangeKind, type Changes, changes, membersOf } from './meaning.ts';
import { outsideSet } from './outside.ts';
import { type ProveOptions, type Undecided, undecided } from './prove.ts';
import { type ArgumentRegions, argumentRegions, sizeOf, valuesSet } from './regions.ts';
import { meaningOf, type Subject } from './subject.ts';
import { type Witness, witness } from './witness.ts';

export interface Change {
  /** By the strictness of the two actions; CHANGED is the same action with other data. */
  readonly kind: ChangeKind;
  /** The two result words, where the whole row has the same two. */
  readonly words?: readonly [U32, U32] | undefined;
  readonly arch: Values;
  readonly nr: Values;
  /** Absent where arch and nr are not separate from the arguments. */
  readonly arguments?: ArgumentRegions | undefined;
  /** How many of the 2^512 inputs. */
  readonly count: bigint;
  /** One of them; both sides have been run on it. */
  readonly example: Witness;
  /** The kernel shows these calls to no filter, so the change has no effect. */
  readonly outside: boolean;
}

export interface Differences {
  readonly undecided?: false;
  readonly equal: boolean;
  /** How many of the 2^512 inputs get different words. */
  readonly count: bigint;
  readonly changes: readonly Change[];
}

/** More pieces than this along arch or nr are not cut apart. */
const MOST_PIECES = 4096;
const ARCH = { firstLevel: LEVEL_ARCH, width: 32 };
const NR = { firstLevel: LEVEL_NR, width: 32 };

/**
 * Every change from `left` to `right`, over all 2^512 inputs, with exact values.
 * @param left a policy, a program, or a stack of programs in the order of installing
 * @param right another one, of any of these kinds
 * @param options limits of the work
 * @returns the changes and how many inputs they touch; or `undecided` and why, which claims nothing
 * @throws TypeError for a program that `check` did not make
 */
export function difference(left: Subject, right: Subject, options: ProveOptions = {}): Differences | Undecided {
  const words = new Words(options);
  const done = within((): Differences => {
    const all = changes(words, meaningOf(left, words), meaningOf(right, words));
    const rows = rowsOf(words.diagrams, all.root).flatMap((row) => changesOf(words, all, row, left, right));
    return {
      equal: rows.length === 0,
      count: rows.reduce((total, { count }) => total + count, 0n),
      changes: rows,
    };
  });
  return done.ok ? done.value : undecided(done);
}

interface Row {
  readonly arch: Values;
  readonly nr: Values;
  /** Both fields are cut away: `rest` tests only the instruction pointer and arguments. */
  readonly separate: boolean;
  readonly rest: Node;
}

function rowsOf(d: Diagrams, root: Node): readonly Row[] {
  const any = { kind: 'any' } as const;
  const arches: readonly Piece[] | undefined = partition(d, root, ARCH, MOST_PIECES);
  if (arches === undefined) return [{ arch: any, nr: any, separate: false, rest: root }];
  return arches.flatMap(({ values: arch, rest }): readonly Row[] => {
    const numbers = partition(d, rest, NR, MOST_PIECES);
    if (numbers === undefined) return [{ arch, nr: any, separate: false, rest }];
    return numbers.map((piece) => ({ arch, nr: piece.values, separate: true, rest: piece.rest }));
  });
}

function changesOf(words: Words, all: Changes, row: Row, left: Subject, right: Subject): readonly Change[] {
  const d = words.diagrams;
  const { arch, nr, rest } = row;
  const found: Change[] = [];
  for (const leaf of leavesOf(d, rest)) {
    const classIndex = leaf - 1;
    const entry = all.classes[classIndex];
    if (entry === undefined) continue;
    const set = membersOf(words, rest, classIndex);
    const here = d.and(valuesSet(d, LEVEL_ARCH, 32, arch), d.and(valuesSet(d, LEVEL_NR, 32, nr), set));
    found.push({
      kind: entry.kind,
      words: entry.words,
      arch,
      nr,
      arguments: row.separate ? argumentRegions(d, set) : undefined,
      // The set leaves both fields free, or all of one, whose size is then 2^32.
      count: (count(d, set) * sizeOf(arch, 32) * sizeOf(nr, 32)) >> 64n,
      example: witness(d, here, left, right),
      outside: d.and(here, d.not(outsideSet(d))) === FALSE,
    });
  }
  return found;
}
