/**
 * One process of `npm run fuzz`: it is given stretches of case numbers by scripts/fuzz.mjs and answers with what they
 * came to. The number of the case that is running stands in a file, so that one that ends the process, or never ends,
 * is known.
 */
import { openSync, writeSync } from 'node:fs';
import * as elf from './elf/cases.ts';
import { callSums, countBuffers } from './elf/guard.ts';
import * as trace from './trace/cases.ts';

/** Cases [from, to) of a seed. */
interface Stretch {
  readonly seed: number;
  readonly from: number;
  readonly to: number;
}

/** Making a stack trace costs more than a refusal itself; a case that fails is run again with traces. */
const TRACE = 30;

interface Failure {
  readonly number: number;
  readonly what: string;
  readonly recipe: readonly string[];
  readonly bytes: Uint8Array;
}

/** What both campaigns count; `lines` and `changed` are of logs. */
interface Tally {
  readonly cases: number;
  readonly lines?: number;
  readonly changed?: number;
  readonly families: ReadonlyMap<string, { readonly cases: number; readonly accepted: number }>;
  readonly codes: ReadonlyMap<string, number>;
  readonly done: ReadonlyMap<string, number>;
  readonly failures: Failure[];
}

interface Campaign {
  /** For the first message: what is planned. */
  readonly ready: unknown;
  /** Runs cases; `before` is called with each number. */
  readonly run: (
    stretch: Stretch,
    before: (number: number) => void,
  ) => Promise<{ tally: Tally; recipe: readonly string[] }>;
}

function elfCampaign(): Campaign {
  countBuffers();
  const plan = elf.makePlan(true);
  const { enough, counted, handMade, compiled } = plan;
  return {
    ready: { enough, counted, handMade: handMade.length, compiled: compiled.length },
    run: async (stretch, before) => {
      const tally = elf.newTally();
      const one = (n: number, into: elf.Tally) => elf.runCase(plan, stretch.seed, n, into);
      return { tally, recipe: await each(stretch, before, tally, elf.newTally, one) };
    },
  };
}

function traceCampaign(): Campaign {
  const plan = trace.makePlan(true);
  return {
    ready: { enough: 0, handMade: plan.byHand.length, recorded: plan.recorded.length },
    run: async (stretch, before) => {
      const tally = trace.newTally();
      const one = (n: number, into: trace.Tally) => trace.runCase(plan, stretch.seed, n, into);
      return { tally, recipe: await each(stretch, before, tally, trace.newTally, one) };
    },
  };
}

/** Runs the cases of a stretch; one that fails is run again, for a message that says where. */
async function each<T extends Tally>(
  { from, to }: Stretch,
  before: (number: number) => void,
  tally: T,
  newTally: () => T,
  run: (number: number, tally: T) => readonly string[] | Promise<readonly string[]>,
): Promise<readonly string[]> {
  let recipe: readonly string[] = [];
  for (let n = from; n < to; n++) {
    before(n);
    const failed = tally.failures.length;
    recipe = await run(n, tally);
    if (tally.failures.length === failed) continue;
    Error.stackTraceLimit = TRACE;
    const again = newTally();
    await run(n, again);
    Error.stackTraceLimit = 0;
    const [failure] = again.failures;
    if (failure !== undefined) tally.failures[tally.failures.length - 1] = failure;
  }
  return recipe;
}

async function reportOf(campaign: Campaign, stretch: Stretch, here: number): Promise<unknown> {
  const number = new Float64Array(1);
  const { tally, recipe } = await campaign.run(stretch, (n) => {
    number[0] = n;
    writeSync(here, number, 0, 8, 0);
  });
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
  const failures = tally.failures.map((f) => ({ ...f, bytes: Buffer.from(f.bytes).toString('base64') }));
  return {
    cases: tally.cases,
    lines: tally.lines ?? 0,
    changed: tally.changed ?? 0,
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

const CAMPAIGNS: Readonly<Record<string, () => Campaign>> = { elf: elfCampaign, trace: traceCampaign };
const [what = '', place] = process.argv.slice(2);
const open = CAMPAIGNS[what];
if (open === undefined || place === undefined) throw new Error('usage: campaign.mjs elf|trace FILE');
const here = openSync(place, 'w');
const campaign = open();
Error.stackTraceLimit = 0;
process.on('message', async (stretch: Stretch | 'end') => {
  if (stretch === 'end') process.disconnect?.();
  else process.send?.({ done: await reportOf(campaign, stretch, here) });
});
process.send?.({ ready: campaign.ready });
