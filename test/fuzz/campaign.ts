/**
 * One process of `npm run fuzz`: it is given stretches of case numbers by scripts/fuzz.mjs and answers with what they
 * came to. The number of the case that is running stands in a file, so that one that ends the process, or never ends,
 * is known.
 */
import { openSync, writeSync } from 'node:fs';
import { makePlan, newTally, type Plan, runCase, type Tally } from './elf/cases.ts';
import { callSums, countBuffers } from './elf/guard.ts';

/** Cases [from, to) of a seed. */
interface Stretch {
  readonly seed: number;
  readonly from: number;
  readonly to: number;
}

/** Making a stack trace costs more than a refusal itself; a case that fails is run again with traces. */
const TRACE = 30;

function run(plan: Plan, { seed, from, to }: Stretch, here: number): unknown {
  const tally = newTally();
  const number = new Float64Array(1);
  let recipe: readonly string[] = [];
  for (let n = from; n < to; n++) {
    number[0] = n;
    writeSync(here, number, 0, 8, 0);
    const failed = tally.failures.length;
    recipe = runCase(plan, seed, n, tally);
    if (tally.failures.length > failed) traced(plan, seed, n, tally);
  }
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
  const failures = tally.failures.map((f) => ({ ...f, bytes: Buffer.from(f.bytes).toString('base64') }));
  return {
    cases: tally.cases,
    families: [...tally.families],
    codes: [...tally.codes],
    roads: [...tally.done],
    failures,
    recipe,
    maxRSS,
    cpu: (userCPUTime + systemCPUTime) / 1e6,
    ...callSums(),
  };
}

/** Runs a case that has failed again, for a message that says where. */
function traced(plan: Plan, seed: number, number: number, tally: Tally): void {
  Error.stackTraceLimit = TRACE;
  const again = newTally();
  runCase(plan, seed, number, again);
  Error.stackTraceLimit = 0;
  const [failure] = again.failures;
  if (failure !== undefined) tally.failures[tally.failures.length - 1] = failure;
}

const [what, place] = process.argv.slice(2);
if (what !== 'elf' || place === undefined) throw new Error('usage: campaign.mjs elf FILE');
const here = openSync(place, 'w');
countBuffers();
const plan = makePlan(true);
Error.stackTraceLimit = 0;
process.on('message', (stretch: Stretch | 'end') => {
  if (stretch === 'end') process.disconnect?.();
  else process.send?.({ done: run(plan, stretch, here) });
});
const { enough, counted, handMade, compiled } = plan;
process.send?.({ ready: { enough, counted, handMade: handMade.length, compiled: compiled.length } });
