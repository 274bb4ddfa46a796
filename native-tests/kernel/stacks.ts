/** Stacks of two to six random filters: what the kernel does, what `runStack` and `outcome` say, what the oracle says. */
import { type CheckedProgram, check, type Outcome, outcome, runStack } from '../../src/kernel/index.ts';
import type { ProbeGroup } from '../../src/machine/index.ts';
import type { Oracle } from '../wasi/oracle.ts';
import {
  dataOf,
  disagreement,
  type Input,
  inputOf,
  NOT_EXECUTED,
  probeKernel,
  type Report,
  SIGSYS,
  type Surroundings,
  Tally,
} from './ask.ts';
import { type Draw, drawFrom } from './draw.ts';
import { choosingAction, decode, encode, FLAVOURS, randomProgram } from './programs.ts';

const CALLS = 8;
/** Numbers that no kernel has, with bit 30 (x32) and without: a call that every filter allows gives ENOSYS. */
const NUMBERS = [5000, 0x7fff, 0xffff, 0x10000, 0x4000_2000, 0x7fff_0000, 0x8000_1388, 0xffff_f000, 0xffff_ffff];

/** What the caller sees; undefined: the process is gone. */
function seen(effect: Outcome): bigint | undefined {
  switch (effect.kind) {
    case 'executed':
    case 'notify':
    case 'trace':
      return NOT_EXECUTED; // without a listener or a tracer
    case 'errno':
      return BigInt(-effect.errno);
    case 'trap':
    case 'kill-thread':
    case 'kill-process':
      return undefined;
    default:
      return effect satisfies never;
  }
}

function filters(
  oracle: Oracle,
  draw: Draw,
  seccompNr: number,
): readonly { bytes: Uint8Array; program: CheckedProgram }[] {
  const depth = 2 + draw.below(5);
  const found: { bytes: Uint8Array; program: CheckedProgram }[] = [];
  while (found.length < depth) {
    const bare = draw.oneIn(3)
      ? decode(oracle.corpusSoundProgram(draw.word()))
      : randomProgram(draw, draw.pick(FLAVOURS), 8 + draw.below(60), draw.below(3));
    if (bare.length > 700) continue;
    const bytes = encode(choosingAction(draw, bare, seccompNr));
    const verdict = check(bytes);
    if (verdict.ok) found.push({ bytes, program: verdict.program });
  }
  return found;
}

export function compareStacks(oracle: Oracle, here: Surroundings, count: number, seed: number): Report {
  const tally = new Tally();
  const depths = new Map<number, number>();
  const kinds = new Map<string, number>();
  let compat = 0;
  const stacks = Array.from({ length: count }, (_, i) => {
    const number = (seed + i) >>> 0;
    const draw = drawFrom(number);
    const stack = filters(oracle, draw, here.seccompNr);
    depths.set(stack.length, (depths.get(stack.length) ?? 0) + 1);
    const programs = stack.map(({ program }) => program);
    const bytes = stack.map((filter) => filter.bytes);
    const inputs: { input: Input; word: number; wanted: bigint | undefined }[] = [];
    for (let n = 0; n < CALLS; n++) {
      const words = oracle.corpusWords(draw.word());
      words[0] = draw.pick(NUMBERS);
      const byInt80 = here.compat !== undefined && draw.oneIn(3);
      compat += byInt80 ? 1 : 0;
      const input = inputOf(words, here, byInt80);
      const word = runStack(programs, dataOf(input));
      const other = oracle.runStack(bytes, input.words);
      tally.compare(word === other, () =>
        disagreement(`runStack: ${word.toString(16)}; oracle: ${other.toString(16)}`, `stack ${number}`, bytes, input),
      );
      const effect = outcome(word);
      kinds.set(effect.kind, (kinds.get(effect.kind) ?? 0) + 1);
      inputs.push({ input, word, wanted: seen(effect) });
    }
    // One call that kills, at the end: nothing comes after it.
    const living = inputs.filter(({ wanted }) => wanted !== undefined);
    const dying = inputs.filter(({ wanted }) => wanted === undefined);
    const plan = [[...living, ...dying.slice(0, 1)], ...dying.slice(1, 3).map((one) => [one])];
    return { number, bytes, plan: plan.filter((calls) => calls.length > 0) };
  });
  const groups = stacks.flatMap(({ bytes, plan }) =>
    plan.map((calls): ProbeGroup => ({ programs: bytes, calls: calls.map(({ input }) => input.call) })),
  );
  const answers = probeKernel(groups);
  let at = 0;
  for (const { number, bytes, plan } of stacks) {
    for (const calls of plan) {
      const { installs, results, signal } = answers[at++]!;
      const installed = installs.every((errno) => errno === 0);
      calls.forEach(({ input, word, wanted }, i) => {
        const agree = installed && results[i] === wanted && (wanted !== undefined || signal === SIGSYS);
        tally.compare(agree, () =>
          disagreement(
            `kernel: installs ${installs}, result ${results[i]}, signal ${signal}; ours: ${word.toString(16)}`,
            `stack ${number}`,
            bytes,
            input,
          ),
        );
      });
    }
  }
  const told = (map: ReadonlyMap<string | number, number>) =>
    [...map]
      .sort()
      .map(([name, n]) => `${n} of ${name}`)
      .join(', ');
  return tally.report(`${count} stacks (filters: ${told(depths)}); ${told(kinds)}; ${compat} calls by int 0x80`);
}
