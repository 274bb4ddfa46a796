/**
 * Case numbers: which seed, which mutation, which roads. The same seed and number give the same case on every machine,
 * except for one number in sixteen, which is for the files of this machine's gcc (a hand-made file where there is none).
 *
 * Two of three cases are mutations that are counted out, in an order that strides through all of them: any stretch of
 * numbers is an even sample, and `enough` numbers have each of them once.
 */
import { type Draw, drawFrom } from '../../../native-tests/kernel/draw.ts';
import { type Codes, Wrong } from './guard.ts';
import { type Owned, ownedIn } from './judge.ts';
import {
  countedOut,
  drawMutant,
  FAMILIES,
  type Family,
  type Mutant,
  mutantAt,
  type Target,
  targetOf,
} from './mutate.ts';
import { type Case, travel } from './roads.ts';
import { compiledSeeds, handMadeSeeds, type Seed } from './seeds.ts';

export interface Planned extends Target {
  readonly name: string;
  readonly owned: Owned;
  /** Mutations of this file that are counted out. */
  readonly counted: number;
}

export interface Plan {
  readonly handMade: readonly Planned[];
  readonly compiled: readonly Planned[];
  /** Mutations of the hand-made files that are counted out. */
  readonly counted: number;
  /** How far one counted-out case is from the next one. */
  readonly stride: number;
  /** As many cases have each of those mutations once. */
  readonly enough: number;
}

export function planned(seed: Seed): Planned {
  const target = targetOf(seed.bytes)!;
  return { ...target, name: seed.name, owned: ownedIn(target.view), counted: countedOut(target) };
}

/** Every sixteenth case is for compiled files; of the others every third is drawn. */
const COMPILED = 16;
const DRAWN = 3;

export function makePlan(compiled: boolean): Plan {
  const handMade = handMadeSeeds().map(planned);
  const counted = handMade.reduce((sum, t) => sum + t.counted, 0);
  const enough = Math.ceil(((counted * DRAWN) / (DRAWN - 1)) * (COMPILED / (COMPILED - 1)));
  return {
    handMade,
    compiled: compiled ? compiledSeeds().map(planned) : [],
    counted,
    stride: strideOf(counted),
    enough,
  };
}

/** A step that comes by every number below `count` once, each far from the one before. */
function strideOf(count: number): number {
  const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));
  let step = Math.floor(count * 0.618);
  while (gcd(count, step) !== 1) step++;
  return step;
}

interface Drawn {
  readonly target: Planned;
  readonly mutant: Mutant;
}

/** The counted-out mutation with this number, over all of the targets. */
function countedMutant(targets: readonly Planned[], number: number): Drawn {
  let rest = number;
  for (const target of targets) {
    if (rest < target.counted) return { target, mutant: mutantAt(target, rest) };
    rest -= target.counted;
  }
  throw new Error(`no mutation ${number}`);
}

/** True for the numbers that mean another file where there is another gcc, or none. */
export function forCompiled(number: number): boolean {
  return number % COMPILED === COMPILED - 1;
}

function mutantOf(plan: Plan, number: number, draw: Draw): Drawn {
  const isCompiled = forCompiled(number);
  if (isCompiled && plan.compiled.length > 0) {
    const target = draw.pick(plan.compiled);
    const mutant = draw.oneIn(2) ? mutantAt(target, draw.below(target.counted)) : drawMutant(target, draw);
    return { target, mutant };
  }
  const own = number - Math.floor(number / COMPILED);
  if (isCompiled || own % DRAWN === DRAWN - 1) {
    const target = draw.pick(plan.handMade);
    return { target, mutant: drawMutant(target, draw, plan.handMade) };
  }
  const index = Math.floor(own / DRAWN) * (DRAWN - 1) + (own % DRAWN);
  // In bigint: the product does not fit 53 bits.
  const spread = Number((BigInt(index) * BigInt(plan.stride)) % BigInt(plan.counted));
  return countedMutant(plan.handMade, spread);
}

export interface Failure {
  readonly number: number;
  readonly what: string;
  /** Seed file, mutation, roads. */
  readonly recipe: readonly string[];
  readonly bytes: Uint8Array;
}

/** What a stretch of cases came to. */
export interface Tally {
  cases: number;
  readonly families: Map<Family, { cases: number; accepted: number }>;
  readonly codes: Codes;
  readonly done: Map<string, number>;
  readonly failures: Failure[];
}

export function newTally(): Tally {
  const families = new Map(FAMILIES.map((family) => [family, { cases: 0, accepted: 0 }]));
  return { cases: 0, families, codes: new Map(), done: new Map(), failures: [] };
}

/** One case; what is wrong with it goes into the tally. Returns what was done. */
export function runCase(plan: Plan, seed: number, number: number, tally: Tally): readonly string[] {
  const draw = drawFrom(Math.imul(number + 1, 0x85ebca6b) ^ seed);
  const { target, mutant } = mutantOf(plan, number, draw);
  return runMutant(target, mutant, number, draw, tally);
}

/** `runCase` for a mutant that is there; the roads are drawn. */
export function runMutant(
  { name, owned }: Planned,
  { bytes, family, text }: Mutant,
  number: number,
  draw: Draw,
  tally: Tally,
): readonly string[] {
  const steps = [name, `${family}: ${text}`];
  const c: Case = { bytes, owned, draw, codes: tally.codes, done: tally.done, steps };
  const count = tally.families.get(family)!;
  tally.cases += 1;
  count.cases += 1;
  try {
    if (travel(c, family)) count.accepted += 1;
  } catch (error) {
    const what = error instanceof Wrong ? error.message : `the campaign itself: ${(error as Error).stack}`;
    tally.failures.push({ number, what, recipe: steps, bytes });
  }
  return steps;
}

/** The failures of a tally as one text; empty for none. */
export function failuresOf(tally: Tally): string {
  const shown = tally.failures.slice(0, 5).map((f) => `${f.number}: ${f.what}\n  ${f.recipe.join('\n  ')}`);
  return tally.failures.length === 0 ? '' : `${tally.failures.length} failed\n${shown.join('\n')}`;
}
