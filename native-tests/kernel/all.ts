/** The parts of the campaign, each in a short form for `npm test` and in full for `npm run test:kernel`. */
import { loadOracle, type Oracle } from '../wasi/oracle.ts';
import { type Report, surroundings } from './ask.ts';
import { compareBudget, compareFullStacks, compareLengths } from './limits.ts';
import { QUESTIONS } from './qemu/all.ts';
import { compareResults } from './results.ts';
import { compareStacks } from './stacks.ts';
import { compareBoundary, compareOpcodes } from './verdicts.ts';

const OPCODE_SLICES = 8;

type Part = (oracle: Oracle, seed: number) => Report | Promise<Report>;

/** Longest first: they are dealt to as many processes as there are processors. */
export const FULL: ReadonlyMap<string, Part> = new Map<string, Part>([
  ...Array.from({ length: OPCODE_SLICES }, (_, i): [string, Part] => {
    const size = 0x10000 / OPCODE_SLICES;
    return [`opcodes ${i + 1}/${OPCODE_SLICES}`, (oracle) => compareOpcodes(oracle, i * size, (i + 1) * size)];
  }),
  ['results', (oracle, seed) => compareResults(oracle, surroundings(), 4000, seed)],
  ['boundary', (oracle, seed) => compareBoundary(oracle, 100_000, seed)],
  ['stacks', (oracle, seed) => compareStacks(oracle, surroundings(), 3000, seed)],
  ['budget', (oracle, seed) => compareBudget(oracle, 150, seed)],
  ['full stacks', (_, seed) => compareFullStacks(40, seed)],
  ['lengths', (oracle) => compareLengths(oracle)],
]);

/** One part in this process. */
export async function runPart(name: string, seed: number): Promise<Report | { readonly skipped: string }> {
  const question = QUESTIONS.find((each) => each.name === name);
  const part = FULL.get(name) ?? question?.ask;
  if (part === undefined) throw new Error(`no part ${name}`);
  const skipped = question?.absent();
  if (skipped !== undefined) return { skipped };
  const oracle = await loadOracle();
  try {
    return await part(oracle, seed);
  } finally {
    oracle.free();
  }
}
