/**
 * `npm run bench -- kernel`: evaluations per second of one filter, by the interpreter, generated JavaScript, WebAssembly and
 * the same loop in C (native code, gcc -O2), in alternating rounds of one run. Numbers in order let the branch predictor
 * learn the filter; numbers drawn unpredictably do not.
 */
import { writeFileSync } from 'node:fs';
import {
  type Backend,
  type CheckedProgram,
  check,
  dataWords,
  jitWords,
  type WordsFunction,
} from '../../src/kernel/index.ts';
import { sharedBytes } from '../support/shared.ts';
import { benchFile, buildC, output } from './native.ts';

const FILTERS = [
  { name: 'Docker x64, linear (libseccomp O1)', file: 'docker-default-x64.libseccomp-deb.o1' },
  { name: 'Docker x64, tree (libseccomp O2)', file: 'docker-default-x64.libseccomp-deb.o2' },
  { name: 'Docker x64, tree (kafel)', file: 'docker-default-x64.kafel' },
];
const BACKENDS: readonly Backend[] = ['interpreter', 'js', 'wasm'];
const ROUNDS = 9;
const ROUND_MS = 120;
const X86_64 = 0xc000_003e;
const NUMBERS = 400;
/** Long enough that no predictor remembers the sequence. */
const DRAWN = 32_768;

function wordsOf(nr: number): Uint32Array {
  return dataWords({ nr, arch: X86_64, instructionPointer: 0n, args: [0n, 0n, 0n, 0n, 0n, 0n] }, 'little');
}

function orders(): Readonly<Record<'in order' | 'drawn', readonly Uint32Array[]>> {
  let state = 1;
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 8) % NUMBERS;
  };
  return {
    'in order': Array.from({ length: NUMBERS }, (_, nr) => wordsOf(nr)),
    drawn: Array.from({ length: DRAWN }, () => wordsOf(next())),
  };
}

function perSecond(f: WordsFunction, inputs: readonly Uint32Array[]): number {
  let done = 0;
  let sum = 0;
  const start = performance.now();
  let end = start;
  while (end - start < ROUND_MS) {
    for (const words of inputs) sum = (sum + f(words)) | 0;
    done += inputs.length;
    end = performance.now();
  }
  if (Number.isNaN(sum)) throw new Error('unreachable');
  return (done / (end - start)) * 1000;
}

const median = (list: readonly number[]): number => list.toSorted((a, b) => a - b)[list.length >> 1] ?? 0;

function measure(program: CheckedProgram, bytes: Uint8Array, loop: string): readonly string[] {
  const programFile = benchFile('program');
  writeFileSync(programFile, bytes);
  const functions = BACKENDS.map((backend) => ({ name: backend as string, f: jitWords(program, { backend }) }));
  return Object.entries(orders()).flatMap(([order, inputs]) => {
    const inputFile = benchFile('inputs');
    writeFileSync(inputFile, Buffer.concat(inputs.map((w) => new Uint8Array(w.buffer))));
    const rates = new Map<string, number[]>(['C', ...BACKENDS].map((name) => [name, []]));
    for (let round = 0; round < ROUNDS; round++) {
      const c = output(loop, [programFile, inputFile, String(ROUND_MS)]);
      rates.get('C')?.push(Number(c.split(' ')[0]));
      for (const { name, f } of functions) rates.get(name)?.push(perSecond(f, inputs));
    }
    const c = rates.get('C') ?? [];
    return [...rates].map(([name, list]) => {
      // Pairs of one round share the machine's mood; the median of their ratios is what can be compared.
      const ratio = median(list.map((rate, i) => rate / (c[i] ?? 1)));
      return `  ${order.padEnd(9)} ${name.padEnd(12)} ${(median(list) / 1e6).toFixed(1).padStart(7)} M/s   ${ratio.toFixed(2).padStart(6)} x C`;
    });
  });
}

export default function bench(): string {
  const loop = buildC('loop', ['test/bench/kernel-loop.c', 'native-tests/wasi/oracle.c']);
  if ('why' in loop) throw new Error(`the C loop cannot be built: ${loop.why}`);
  return FILTERS.flatMap(({ name, file }) => {
    const bytes = sharedBytes(`peers/${file}.bpf`);
    const verdict = check(bytes);
    if (!verdict.ok) throw new Error(verdict.message);
    return [`${name}: ${verdict.program.length} instructions`, ...measure(verdict.program, bytes, loop.path)];
  }).join('\n');
}
