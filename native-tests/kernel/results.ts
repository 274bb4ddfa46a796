/**
 * Results of accepted programs: interpreter, generated code of every kind, the C oracle, and the running kernel, which
 * shows each result twelve bits at a time.
 */
import { type Backend, type CheckedProgram, check, jit, run } from '../../src/kernel/index.ts';
import type { ProbeGroup } from '../../src/machine/index.ts';
import type { Oracle } from '../wasi/oracle.ts';
import {
  dataOf,
  disagreement,
  type Input,
  inputOf,
  probeKernel,
  type Report,
  SIGSYS,
  type Surroundings,
  Tally,
} from './ask.ts';
import { type Draw, drawFrom } from './draw.ts';
import {
  bitsAdded,
  decode,
  encode,
  FLAVOURS,
  type Flavour,
  type Insn,
  MAX_INSNS,
  randomProgram,
  SELECTOR_WORD,
  SHIFTS,
  showingBits,
} from './programs.ts';

const BACKENDS: readonly Backend[] = ['js', 'wasm', 'interpreter'];
const INPUTS = 8;
/** Of eight inputs, these come by int 0x80 where the kernel has it. */
const COMPAT_INPUTS = 3;

interface Source {
  readonly flavour: Flavour | 'corpus';
  readonly bare: readonly Insn[];
}

function drawLength(draw: Draw, flavour: Flavour): { readonly length: number; readonly rets: number } {
  // One in twelve is as long as a filter can be, its visible ending included.
  const rets = draw.below(flavour === 'branchy' ? 8 : 4);
  if (draw.oneIn(12)) return { length: MAX_INSNS - bitsAdded(rets), rets };
  return { length: 8 + draw.below(draw.oneIn(4) ? 900 : 120), rets };
}

function source(oracle: Oracle, draw: Draw): Source {
  if (draw.oneIn(4)) return { flavour: 'corpus', bare: decode(oracle.corpusSoundProgram(draw.word())) };
  const flavour = draw.pick(FLAVOURS);
  const { length, rets } = drawLength(draw, flavour);
  return { flavour, bare: randomProgram(draw, flavour, length, rets) };
}

/** Calls by index, one list for each child: the calls that end at a division by 0 come last, further ones by themselves. */
function groupsOf(dies: readonly boolean[]): readonly (readonly number[])[] {
  const living = [...dies.keys()].filter((i) => !dies[i]);
  const dying = [...dies.keys()].filter((i) => dies[i]);
  const [first, ...others] = dying;
  return [first === undefined ? living : [...living, first], ...others.slice(0, 2).map((i) => [i])];
}

/** All of ours and the oracle over these inputs; the first that differs is told. */
function inProcess(
  tally: Tally,
  oracle: Oracle,
  seed: string,
  bytes: Uint8Array,
  program: CheckedProgram,
  inputs: readonly Input[],
): Uint32Array {
  const words = new Uint32Array(16 * inputs.length);
  inputs.forEach((input, i) => {
    words.set(input.words, 16 * i);
  });
  const expected = oracle.runMany(bytes, words);
  const judges: [string, (data: ReturnType<typeof dataOf>) => number][] = [
    ['run', (data) => run(program, data)],
    ...BACKENDS.map((backend): [string, (data: ReturnType<typeof dataOf>) => number] => [
      `jit ${backend}`,
      jit(program, { backend }),
    ]),
  ];
  inputs.forEach((input, i) => {
    const data = dataOf(input);
    for (const [name, judge] of judges) {
      const word = judge(data);
      tally.compare(word === expected[i], () =>
        disagreement(`${name}: ${word.toString(16)}; oracle: ${expected[i]?.toString(16)}`, seed, [bytes], input),
      );
    }
  });
  return expected;
}

/** `count` accepted programs, each with eight inputs; each input three times, once for every twelve bits. */
export function compareResults(oracle: Oracle, here: Surroundings, count: number, seed: number): Report {
  const tally = new Tally();
  const kernel = new Tally();
  const numbers = { killed: 0, longest: 0, compat: 0 };
  const flavours = new Map<string, number>();
  interface Asked {
    readonly name: string;
    readonly bytes: Uint8Array;
    readonly inputs: readonly Input[];
    readonly bare: Uint32Array;
    readonly plan: readonly (readonly number[])[];
  }
  let asked: Asked[] = [];

  const flush = () => {
    const groups = asked.flatMap(({ bytes, inputs, plan }) =>
      plan.map((indexes): ProbeGroup => ({ programs: [bytes], calls: indexes.map((i) => inputs[i]!.call) })),
    );
    const answers = probeKernel(groups);
    let at = 0;
    for (const { name, bytes, inputs, bare, plan } of asked) {
      for (const indexes of plan) {
        const { installs, results, signal } = answers[at++]!;
        indexes.forEach((input, i) => {
          const word = bare[input]!;
          const shift = inputs[input]!.words[SELECTOR_WORD]! & 28;
          const dies = (word & 0x8000_0000) === 0 && oracle.run(bytes, inputs[input]!.words) === 0;
          const wanted = dies ? undefined : -((word >>> shift) & 0xfff);
          const got = results[i];
          const agree = dies ? got === undefined && signal === SIGSYS : got !== undefined && Number(got) === wanted;
          numbers.killed += dies ? 1 : 0;
          numbers.compat += inputs[input]!.call.compat ? 1 : 0;
          kernel.compare(agree && installs[0] === 0, () =>
            disagreement(
              `kernel: install ${installs[0]}, result ${got}, signal ${signal}; ours: ${word.toString(16)} >> ${shift} & fff`,
              name,
              [bytes],
              inputs[input],
            ),
          );
        });
      }
    }
    asked = [];
  };

  let programs = 0;
  for (let number = seed; programs < count; number = (number + 1) >>> 0) {
    const draw = drawFrom(number);
    const { flavour, bare } = source(oracle, draw);
    const bytes = encode(showingBits(bare));
    const bareVerdict = check(encode(bare));
    const verdict = check(bytes);
    if (!bareVerdict.ok || !verdict.ok) continue;
    programs += 1;
    flavours.set(flavour, (flavours.get(flavour) ?? 0) + 1);
    numbers.longest = Math.max(numbers.longest, verdict.program.length);

    const inputs = Array.from({ length: INPUTS }, (_, i) => oracle.corpusWords(draw.word() ^ i)).flatMap((words, i) => {
      const compat = here.compat !== undefined && i >= INPUTS - COMPAT_INPUTS;
      return SHIFTS.map((shift) => inputOf(words, here, compat, shift));
    });
    const plainWords = inProcess(tally, oracle, `results ${number}`, encode(bare), bareVerdict.program, inputs);
    const shown = inProcess(tally, oracle, `results ${number}, shown`, bytes, verdict.program, inputs);
    const dies = [...shown].map((word) => word === 0);
    asked.push({ name: `results ${number}`, bytes, inputs, bare: plainWords, plan: groupsOf(dies) });
    if (asked.length === 256) flush();
  }
  flush();

  const kinds = [...flavours].map(([name, n]) => `${n} ${name}`).join(', ');
  const kernelReport = kernel.report('');
  const report = tally.report('');
  return {
    compared: report.compared + kernelReport.compared,
    disagreed: report.disagreed + kernelReport.disagreed,
    disagreements: [...kernelReport.disagreements, ...report.disagreements],
    note:
      `${programs} programs (${kinds}; up to ${numbers.longest} instructions) x ${INPUTS} inputs: ` +
      `${kernelReport.compared} kernel outcomes, ${numbers.compat} by int 0x80, ${numbers.killed} killed by a division; ` +
      `${report.compared} in process (run, jit ${BACKENDS.join(', jit ')}; all against the oracle)`,
  };
}
