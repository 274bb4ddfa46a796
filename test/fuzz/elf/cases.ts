/**
 * Case numbers: which seed, which mutation, which roads. The same seed and number give the same case on every machine,
 * except for one number in sixteen, which is for the files of this machine's gcc (a hand-made file where there is none).
 *
 * Two of three cases are mutations that are counted out, in an order that strides through all of them: any stretch of
 * numbers is an even sample, and `enough` numbers have each of them once.
 */
import { type Draw, drawFrom } from '../../../native-tests/kernel/draw.ts';
import { bytesMostAsked, type Codes, Wrong } from './guard.ts';
import { countedOut, drawMutant, FAMILIES, type Family, type Mutant, mutantAt, type Target, targetOf } from './mutate.ts';
import { type Case, travel } from './roads.ts';
import { compiledSeeds, handMadeSeeds, type Seed } from './seeds.ts';

interface Planned extends Target {
  readonly name: string;
}

export interface Plan {
  readonly handMade: readonly Planned[];
  readonly compiled: readonly Planned[];
  /** Mutations of the hand-made files that are counted out. */
  readonly counted: number;
  /** As many cases have each of those once. */
  readonly enough: number;
}

const planned = (seeds: readonly Seed[]): readonly Planned[] =>
  seeds.map((seed) => ({ ...targetOf(seed.bytes)!, name: seed.name }));

/** Every sixteenth case is for compiled files; of the others every third is drawn. */
const COMPILED = 16;
const DRAWN = 3;

export function makePlan(compiled: boolean): Plan {
  const handMade = planned(handMadeSeeds());
  const counted = handMade.reduce((sum, t) => sum + countedOut(t), 0);
  const enough = Math.ceil(((counted * DRAWN) / (DRAWN - 1)) * (COMPILED / (COMPILED - 1)));
  return { handMade, compiled: compiled ? planned(compiledSeeds()) : [], counted, enough };
}

/** A multiplier that visits every number below `count` once, far apart from its neighbours. */
function stride(count: number): number {
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
    const own = countedOut(target);
    if (rest < own) return { target, mutant: mutantAt(target, rest) };
    rest -= own;
  }
  throw new Error(`no mutation ${number}`);
}

function mutantOf(plan: Plan, number: number, draw: Draw): Drawn {
  const isCompiled = number % COMPILED === COMPILED - 1;
  if (isCompiled && plan.compiled.length > 0) {
    const target = draw.pick(plan.compiled);
    const mutant = draw.oneIn(2) ? mutantAt(target, draw.below(countedOut(target))) : drawMutant(target, draw);
    return { target, mutant };
  }
  const own = number - Math.floor(number / COMPILED);
  if (isCompiled || own % DRAWN === DRAWN - 1) {
    const target = draw.pick(plan.handMade);
    return { target, mutant: drawMutant(target, draw, plan.handMade) };
  }
  const index = Math.floor(own / DRAWN) * (DRAWN - 1) + (own % DRAWN);
  // In bigint: the product does not fit 53 bits.
  const spread = Number((BigInt(index) * BigInt(stride(plan.counted))) % BigInt(plan.counted));
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
  mostAsked: number;
}

export function newTally(): Tally {
  const families = new Map(FAMILIES.map((family) => [family, { cases: 0, accepted: 0 }]));
  return { cases: 0, families, codes: new Map(), done: new Map(), failures: [], mostAsked: 0 };
}

/** One case; what is wrong with it goes into the tally. */
export function runCase(plan: Plan, seed: number, number: number, tally: Tally): void {
  const draw = drawFrom(Math.imul(number + 1, 0x85ebca6b) ^ seed);
  const { target, mutant } = mutantOf(plan, number, draw);
  const { bytes, family, text } = mutant;
  const steps = [target.name, `${family}: ${text}`];
  const c: Case = { bytes, draw, codes: tally.codes, done: tally.done, steps };
  const count = tally.families.get(family)!;
  tally.cases += 1;
  count.cases += 1;
  try {
    if (travel(c, family)) count.accepted += 1;
  } catch (error) {
    const what = error instanceof Wrong ? error.message : `the campaign itself: ${(error as Error).stack}`;
    tally.failures.push({ number, what, recipe: steps, bytes });
  }
  tally.mostAsked = Math.max(tally.mostAsked, bytesMostAsked());
}
