/** Lengths at the limits, and the budget of a stack exact to one instruction. */
import { type CheckedProgram, check, ebpfLength, stackFits } from '../../src/kernel/index.ts';
import type { Oracle } from '../wasi/oracle.ts';
import { ALLOW_ALL, disagreement, EINVAL, ENOMEM, errnosOf, probeKernel, type Report, Tally } from './ask.ts';
import { drawFrom } from './draw.ts';
import { encode, FLAVOURS, type Insn, MAX_INSNS, randomProgram } from './programs.ts';

/** Instructions of eBPF in a stack of filters, and what each installed filter counts besides its own. */
const BUDGET = 32_768;
const PENALTY = 4;

/** Programs of one kind of instruction, as long as asked; the last one returns. */
const KINDS: Readonly<Record<string, Insn>> = {
  'ret K': [0x06, 0, 0, 0x7fff0000],
  'ld imm': [0x00, 0, 0, 1],
  'div X': [0x3c, 0, 0, 0],
  'jset, large k': [0x45, 0, 0, 0x8000_0000],
};

const ofKind = (insn: Insn, length: number): Uint8Array =>
  encode(Array.from({ length }, (_, pc) => (pc === length - 1 ? ALLOW_ALL[0]! : insn)));

export function compareLengths(oracle: Oracle): Report {
  const tally = new Tally();
  for (const [name, insn] of Object.entries(KINDS)) {
    for (const length of [0, 1, 2, 4095, MAX_INSNS, MAX_INSNS + 1, 65_535]) {
      const bytes = ofKind(insn, length);
      // Installed for real, and judged beside a listener: the two ways must say the same.
      const installed = -(probeKernel([{ programs: [bytes] }])[0]?.installs[0] ?? 1000);
      const [errno] = errnosOf([bytes]);
      const expected = length >= 1 && length <= MAX_INSNS ? 0 : EINVAL;
      const ours = check(bytes).ok ? 0 : EINVAL;
      const other = oracle.check(bytes).ok ? 0 : EINVAL;
      tally.compare(
        [installed, errno, ours, other].every((value) => value === expected),
        () =>
          `${length} x ${name}: installed ${installed}, judged ${errno}, check ${ours}, oracle ${other}; expected ${expected}`,
      );
    }
  }
  return tally.report(`lengths 0, 1, 2, 4095, 4096, 4097, 65535 of ${Object.keys(KINDS).length} kinds`);
}

interface Filler {
  readonly bytes: Uint8Array;
  readonly program: CheckedProgram;
}
const made = new Map<number, Filler>();

/** Takes up `length` instructions of the budget once installed, its penalty included: 9 to 4104. */
function filler(length: number): Filler {
  const known = made.get(length);
  if (known !== undefined) return known;
  const bytes = ofKind(KINDS['ld imm']!, length - PENALTY - 4);
  const verdict = check(bytes);
  if (!verdict.ok) throw new Error(`a filler of ${length} is refused`);
  const fresh = { bytes, program: verdict.program };
  made.set(length, fresh);
  return fresh;
}

/** Filters that take up exactly `total` of the budget. */
function fillers(total: number): readonly Filler[] {
  const most = 4104;
  const count = Math.ceil(total / most);
  return Array.from({ length: count }, (_, i) => filler(Math.floor((total + i) / count)));
}

/** Constant blinding makes compiled filters longer than they are written: then nothing can be predicted. */
export function lengthsAbsent(): string | undefined {
  const exact = [...fillers(BUDGET - 5).map(({ bytes }) => bytes), encode(ALLOW_ALL)];
  const { installs } = probeKernel([{ programs: exact }])[0]!;
  return installs.every((errno) => errno === 0) ? undefined : 'bpf_jit_harden makes filters longer here';
}

/** Each program with exactly its length left (it fits), and with one instruction less (ENOMEM). */
export function compareBudget(oracle: Oracle, count: number, seed: number): Report {
  const tally = new Tally();
  let longest = 0;
  let programs = 0;
  for (let number = seed; programs < count; number = (number + 1) >>> 0) {
    const draw = drawFrom(number);
    // Divisions by X grow most: up to 20480.
    const bytes = draw.oneIn(2)
      ? oracle.corpusSoundProgram(draw.word())
      : draw.oneIn(8)
        ? ofKind(KINDS['div X']!, MAX_INSNS - draw.below(9))
        : encode(
            randomProgram(draw, draw.pick(FLAVOURS), draw.oneIn(6) ? MAX_INSNS : 2 + draw.below(900), draw.below(9)),
          );
    const verdict = check(bytes);
    if (!verdict.ok) continue;
    programs += 1;
    const length = ebpfLength(verdict.program);
    longest = Math.max(longest, length);
    const other = oracle.ebpfLength(bytes);
    tally.compare(length === other, () =>
      disagreement(`ebpfLength ${length}, oracle ${other}`, `budget ${number}`, [bytes]),
    );
    for (const missing of [0, 1]) {
      const under = fillers(BUDGET - length + missing);
      const stack = [...under.map((one) => one.bytes), bytes];
      const fits = stackFits([...under.map((one) => one.program), verdict.program]);
      const oracleFits = oracle.stackFits(stack) === stack.length;
      const { installs } = probeKernel([{ programs: stack }])[0]!;
      const before = installs.slice(0, -1).every((errno) => errno === 0);
      const last = installs.at(-1);
      const agree = before && last === (missing ? -ENOMEM : 0) && fits === (missing === 0) && oracleFits === fits;
      tally.compare(agree, () =>
        disagreement(
          `${length} instructions with ${length - missing} left: kernel ${installs}; stackFits ${fits}; oracle ${oracleFits}`,
          `budget ${number}`,
          [bytes],
        ),
      );
    }
  }
  return tally.report(`${programs} programs of up to ${longest} eBPF instructions, each exact to one`);
}

/** Stacks of random filters to the end of the budget and beyond: a short filter may still fit where a long one did not. */
export function compareFullStacks(count: number, seed: number): Report {
  const tally = new Tally();
  for (let i = 0; i < count; i++) {
    const number = (seed + i) >>> 0;
    const draw = drawFrom(number);
    const stack: { readonly bytes: Uint8Array; readonly length: number }[] = [];
    for (let total = 0; total < BUDGET + 12_000; ) {
      const size = draw.oneIn(3) ? MAX_INSNS - draw.below(40) : 8 + draw.below(700);
      const bytes = encode(randomProgram(draw, draw.pick(FLAVOURS), size, 0).map(allowing));
      const verdict = check(bytes);
      if (!verdict.ok) continue;
      stack.push({ bytes, length: ebpfLength(verdict.program) });
      total += stack.at(-1)!.length + PENALTY;
    }
    let used = 0;
    const expected = stack.map(({ length }) => {
      if (used + length > BUDGET) return -ENOMEM;
      used += length + PENALTY;
      return 0;
    });
    const { installs } = probeKernel([{ programs: stack.map(({ bytes }) => bytes) }])[0]!;
    tally.compare(installs.join() === expected.join(), () =>
      disagreement(
        `kernel ${installs}; ours ${expected}; lengths ${stack.map(({ length }) => length)}`,
        `full ${number}`,
        [],
      ),
    );
  }
  return tally.report(`${count} stacks filled beyond the budget`);
}

/** Lets every call through, whatever the program computes, so that the next filter can be installed. */
function allowing([code, jt, jf, k]: Insn): Insn {
  if (code === 0x16) return [0x06, jt, jf, 0x7fff0000];
  // No division by X = 0, which would kill.
  return code === 0x3c ? [0x34, jt, jf, k || 1] : [code, jt, jf, k];
}
