/** What a machine's kernel says about the corpora of native-tests/wasi, against `check` and `run` for its byte order. */
import { arch } from '../../../src/arch/index.ts';
import { type CheckedProgram, check, runWords, type Verdict } from '../../../src/kernel/index.ts';
import { executable } from '../../../src/machine/executable.ts';
import { decodeAnswers, encodeBatch, type ProbeGroup, probeProgram } from '../../../src/machine/index.ts';
import { type Oracle, swapProgram } from '../../wasi/oracle.ts';
import { ALLOW_ALL, disagreement, Tally } from '../ask.ts';
import { decode, encode, type Insn, MAX_INSNS, SELECTOR_WORD, SHIFTS, selecting, showingBits } from '../programs.ts';
import { boot, type InitFile } from './boot.ts';
import type { Machine, MachineReport } from './machines.ts';

/** How much of the corpora is asked: all, or a fifth where a machine is slow or nothing new is expected. */
const SIZES = {
  whole: { programs: 100_000, opcodes: 25_000, results: 2600 },
  part: { programs: 20_000, opcodes: 5000, results: 520 },
} as const;
const INPUTS = 8;
/** Verdicts and programs for the emitted probe, where there is one. */
const PROBED = { verdicts: 4000, programs: 300 } as const;
const DIED = 0x1000;

/** FNV-1a, 32 bits, byte by byte: corpus_digest() of corpus.c. */
const DIGEST_START = 0x811c9dc5;
const digest = (sum: number, byte: number) => Math.imul(sum ^ byte, 0x01000193) >>> 0;
const hex = (word: number) => word.toString(16).padStart(8, '0');

/** A program of the little-endian corpora as this machine's kernel reads it. */
function judged(machine: Machine, little: Uint8Array): Verdict {
  const { endian } = arch(machine.name);
  return check(endian === 'big' ? swapProgram(little) : little, { endian });
}

/** The digits of all lines `NAME HEX`, as bits, first one first. */
function bitsOf(lines: readonly string[], name: string): readonly number[] {
  const digits = lines
    .filter((line) => new RegExp(`^${name} [0-9a-f]+$`).test(line))
    .map((line) => line.split(' ')[1]!);
  return [...digits.join('')].flatMap((digit) => [8, 4, 2, 1].map((bit) => (Number.parseInt(digit, 16) & bit ? 1 : 0)));
}

function compareVerdicts(
  machine: Machine,
  tally: Tally,
  lines: readonly string[],
  name: string,
  programs: readonly (() => Uint8Array)[],
): { readonly theirs: number; readonly ours: number } {
  const bits = bitsOf(lines, name);
  let theirs = DIGEST_START;
  let ours = DIGEST_START;
  programs.forEach((make, i) => {
    const little = make();
    const accepted = judged(machine, little).ok ? 1 : 0;
    theirs = digest(theirs, bits[i] ?? 255);
    ours = digest(ours, accepted);
    tally.compare(bits[i] === accepted, () =>
      disagreement(`${machine.name}: kernel ${bits[i]}, check ${accepted}`, `${name} ${i}`, [little]),
    );
  });
  return { theirs, ours };
}

/** Shifts by X as shifts by a constant: machines differ beyond 31. */
function calm([code, jt, jf, k]: Insn): Insn {
  return code === 0x6c || code === 0x7c ? [code & ~8, jt, jf, k & 31] : [code, jt, jf, k];
}

/** Words 1 to 3 are not the caller's to choose. */
type Fixed = readonly [arch: number, ip2: number, ip3: number];

/** As number_of() of init.c. */
function numberOf(machine: Machine, word: number): number {
  const nr = word & 0xffff;
  return machine.name.startsWith('mips') && nr >= 4000 && nr < 5000 ? nr + 1000 : nr;
}

function callWords(
  oracle: Oracle,
  machine: Machine,
  seed: number,
  shift: number,
  [audit, ip2, ip3]: Fixed,
): Uint32Array {
  const words = oracle.corpusWords(seed);
  words[0] = numberOf(machine, words[0]!);
  // The high words of a 32-bit machine's arguments.
  if (arch(machine.name).wordBits === 32) for (let at = 5; at < 16; at += 2) words[at] = 0;
  words[1] = audit;
  words[2] = ip2;
  words[3] = ip3;
  words[SELECTOR_WORD] = selecting(words[SELECTOR_WORD]!, shift);
  return words;
}

/** What a call gives under `showingBits`: an errno, or DIED. */
function resultOf(program: CheckedProgram, words: Uint32Array): number {
  const word = runWords(program, words);
  return word === 0 ? DIED : word & 0xfff;
}

/** What `run` gives for each sound program of the corpus, as init.c prints it. */
function expectedResults(
  oracle: Oracle,
  machine: Machine,
  fixed: Fixed,
): readonly { little: Uint8Array; said: string }[] {
  return Array.from({ length: SIZES[machine.corpora].results }, (_, seed) => {
    const shown = showingBits(decode(oracle.corpusSoundProgram(seed)).map(calm));
    const little = encode(shown.slice(0, MAX_INSNS + 1));
    const verdict = judged(machine, little);
    if (!verdict.ok) return { little, said: 'refused 22' };
    let sum = DIGEST_START;
    for (let i = 0; i < INPUTS; i++) {
      for (const shift of SHIFTS) {
        const result = resultOf(verdict.program, callWords(oracle, machine, seed * INPUTS + i, shift, fixed));
        sum = digest(digest(sum, result & 0xff), result >> 8);
      }
    }
    return { little, said: hex(sum) };
  });
}

const HOW = ['interpreted', 'compiled'] as const;

function compareResults(oracle: Oracle, machine: Machine, tally: Tally, lines: readonly string[]): string {
  const fixed = [1, 2, 3].map((i) => Number.parseInt(wordLine(lines, i), 16)) as unknown as Fixed;
  const expected = expectedResults(oracle, machine, fixed);
  const accepted = expected.filter(({ said }) => !said.startsWith('refused')).length;
  const done: string[] = [];
  for (const [mode, how] of HOW.entries()) {
    const results = lines.flatMap((line) => /^result (\d) \d+ (.+)$/.exec(line)?.slice(1) ?? []);
    const said = results.filter((_, i) => i % 2 === 1 && results[i - 1] === String(mode));
    if (said.length === 0) continue;
    done.push(how);
    expected.forEach((ours, seed) => {
      tally.compare(said[seed] === ours.said, () =>
        disagreement(`${machine.name}, ${how}: kernel ${said[seed]}, run ${ours.said}`, `result ${seed}`, [
          ours.little,
        ]),
      );
    });
  }
  tally.compare(done.length > 0, () => 'no results');
  return `${accepted} accepted programs x ${INPUTS} inputs x ${SHIFTS.length} calls, ${done.join(' and ')}`;
}

const wordLine = (lines: readonly string[], i: number) =>
  lines.find((line) => line.startsWith(`word ${i} `))?.split(' ')[2] ?? 'missing';

/** Lines `shift MODE COUNT LEFT RIGHT`: what 0x80000001 shifted by an X of COUNT gives. */
function compareShifts(machine: Machine, tally: Tally, lines: readonly string[]): string {
  const used = new Set<string>();
  for (const line of lines) {
    const [, mode, count, left, right] = /^shift (\d) (\d+) (\S+) (\S+)$/.exec(line) ?? [];
    if (count === undefined) continue;
    const bits = mode === '1' ? machine.shiftBits : 5;
    used.add(`${HOW[mode === '1' ? 1 : 0]} ${bits}`);
    const by = Number(count) % 2 ** bits;
    const expected = by > 31 ? [0, 0] : [0x80000001 << by, 0x80000001 >>> by];
    tally.compare(
      [left, right].join() === expected.map((word) => hex(word >>> 0)).join(),
      () => `${machine.name}: ${line}`,
    );
  }
  return `bits of X that a shift takes: ${[...used].join(', ')}`;
}

interface Probed {
  readonly groups: readonly ProbeGroup[];
  readonly expected: readonly {
    readonly installs: readonly (number | undefined)[];
    readonly results: readonly bigint[];
  }[];
}

/** For the probe that machine/ emits: verdicts beside a listener, and results, as the probe's own groups. */
function probeGroups(oracle: Oracle, machine: Machine): Probed {
  const groups: ProbeGroup[] = [];
  const expected: { installs: number[]; results: bigint[] }[] = [];
  const programs = Array.from({ length: PROBED.verdicts }, (_, i) => oracle.corpusProgram(0x4000_0000 + i));
  groups.push({ programs: [encode(ALLOW_ALL), ...programs], flags: 8 });
  expected.push({ installs: programs.map((bytes) => (judged(machine, bytes).ok ? -16 : -22)), results: [] });
  const audit = arch(machine.name).audit;
  for (let seed = 0x5000_0000; groups.length <= PROBED.programs; seed++) {
    // The probe's instruction pointer is not known here: nothing loads it.
    const bare = decode(oracle.corpusSoundProgram(seed)).map(calm);
    const blind = bare.map(
      ([code, jt, jf, k]): Insn => [code, jt, jf, code === 0x20 && (k === 8 || k === 12) ? 16 : k],
    );
    const shown = showingBits(blind);
    if (shown.length > MAX_INSNS) continue;
    const bytes = encode(shown);
    const verdict = judged(machine, bytes);
    if (!verdict.ok) continue;
    const inputs = Array.from({ length: INPUTS }, (_, i) =>
      callWords(oracle, machine, seed * INPUTS + i, SHIFTS[i % SHIFTS.length]!, [audit, 0, 0]),
    ).filter((words) => resultOf(verdict.program, words) !== DIED);
    const wide = (words: Uint32Array, at: number) => BigInt(words[at]!) | (BigInt(words[at + 1]!) << 32n);
    groups.push({
      programs: [bytes],
      calls: inputs.map((words) => ({ nr: words[0]!, args: [4, 6, 8, 10, 12, 14].map((at) => wide(words, at)) })),
    });
    expected.push({ installs: [0], results: inputs.map((words) => BigInt(-resultOf(verdict.program, words))) });
  }
  return { groups, expected };
}

function compareProbe(tally: Tally, { groups, expected }: Probed, lines: readonly string[]): number {
  const text = lines.filter((line) => line.startsWith('probe ')).map((line) => line.slice(6));
  const answers = decodeAnswers(groups, Uint8Array.from(Buffer.from(text.join(''), 'hex')));
  let compared = 0;
  answers.forEach(({ installs, results }, n) => {
    const wanted = expected[n]!;
    const given = n === 0 ? installs.slice(1) : installs; // the listener's own answer is its descriptor
    wanted.installs.forEach((errno, i) => {
      compared += 1;
      tally.compare(given[i] === errno, () => `probe group ${n}, program ${i}: kernel ${given[i]}, ours ${errno}`);
    });
    wanted.results.forEach((result, i) => {
      compared += 1;
      tally.compare(results[i] === result, () =>
        disagreement(`probe: kernel ${results[i]}, run ${result}, call ${i}`, `group ${n}`, groups[n]!.programs),
      );
    });
  });
  return compared;
}

/** Boots the machine and compares; `machineAbsent` says beforehand whether that can be done here. */
export function compareCorpora(oracle: Oracle, machine: Machine): MachineReport {
  const probed = machine.name === 'aarch64' ? probeGroups(oracle, machine) : undefined;
  const files: readonly InitFile[] =
    probed === undefined
      ? []
      : [
          { name: 'probe', mode: 0o100755, data: executable(arch('aarch64'), probeProgram('aarch64')) },
          { name: 'batch', mode: 0o100644, data: encodeBatch(probed.groups) },
        ];
  const { programs, results: resultCount, opcodes: opcodeCount } = SIZES[machine.corpora];
  const step = 2 * Math.floor(oracle.corpusOpcodeCount / opcodeCount / 2) + 1;
  const opcodes = Math.floor((oracle.corpusOpcodeCount - 1) / step);
  const settings = { PROGRAMS: programs, OPCODES: opcodes, STEP: step, RESULTS: resultCount };
  const words = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
  const { lines, kernel, seconds } = boot(machine, 'init.c', files, words);
  const tally = new Tally();
  for (const line of lines) if (/ odd | no listener /.test(line)) tally.compare(false, () => line);
  tally.compare(
    Number.parseInt(wordLine(lines, 1), 16) === arch(machine.name).audit,
    () => `arch ${wordLine(lines, 1)}`,
  );
  const range = (count: number, make: (i: number) => Uint8Array) =>
    Array.from({ length: count }, (_, i) => () => make(i));
  const boundary = compareVerdicts(machine, tally, lines, 'programs', range(programs, oracle.corpusProgram));
  const every = range(opcodes, (i) => oracle.corpusOpcode(i * step));
  const opcode = compareVerdicts(machine, tally, lines, 'opcodes', every);
  const results = compareResults(oracle, machine, tally, lines);
  const shifts = compareShifts(machine, tally, lines);
  const probe = probed === undefined ? '' : `; ${compareProbe(tally, probed, lines)} answers of the emitted probe`;
  const told = (name: string, count: number, { theirs, ours }: { readonly theirs: number; readonly ours: number }) =>
    `${count} ${name}, digest ${hex(theirs)} (ours ${hex(ours)})`;
  const note =
    `${arch(machine.name).endian}-endian: ${told('boundary programs', programs, boundary)}; ` +
    `${told('opcodes', opcodes, opcode)}; ${results}; ${shifts}${probe}`;
  return { ...tally.report(note), kernel, seconds };
}
