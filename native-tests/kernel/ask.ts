/** How the running kernel is asked, and how an answer that differs from ours is told. */
import { decodeProgram, disassemble } from '../../src/bpf/index.ts';
import { liveVerdict, probeKernel } from '../../src/host/probe.ts';
import type { ProbeCall, ProbeGroup } from '../../src/machine/index.ts';
import { encode, type Insn, SELECTOR_WORD, SHIFTS, selecting, showingBits } from './programs.ts';

export { probeKernel };

export const EINVAL = 22;
export const ENOMEM = 12;
const EBUSY = 16;
const ENOSYS = 38;
const FLAG_NEW_LISTENER = 8;
export const SIGSYS = 31;

export const ALLOW_ALL: readonly Insn[] = [[0x06, 0, 0, 0x7fff0000]];

/** Why the kernel cannot be asked here; undefined when it can. */
export function kernelAbsent(): string | undefined {
  const answer = liveVerdict(encode(ALLOW_ALL), 'little');
  return answer.asked ? undefined : answer.why;
}

/**
 * 0 or the errno of each program, without installing any: with a listener in place a second one is refused with EBUSY,
 * but only after the program was checked, converted and compiled. So EBUSY means accepted.
 * @see Linux v6.12 kernel/seccomp.c seccomp_set_mode_filter(), has_duplicate_listener()
 */
export function errnosOf(programs: readonly Uint8Array[]): readonly number[] {
  // A listener stays for the rest of its group; groups of a few thousand keep each batch small.
  const groups: ProbeGroup[] = [];
  for (let at = 0; at < programs.length; at += 4096)
    groups.push({ programs: [encode(ALLOW_ALL), ...programs.slice(at, at + 4096)], flags: FLAG_NEW_LISTENER });
  return probeKernel(groups).flatMap(({ installs: [listener, ...rest] }) => {
    if (listener === undefined || listener < 0) throw new Error(`no listener: ${listener}`);
    // 1000: the probe's child died; 1001: the program went in, which a second listener never does.
    return rest.map((value) => (value === undefined ? 1000 : value >= 0 ? 1001 : value === -EBUSY ? 0 : -value));
  });
}

/** What a filter sees on this machine besides number and arguments. */
export interface Surroundings {
  readonly arch: number;
  readonly seccompNr: number;
  readonly ip: bigint;
  /** int 0x80: absent where the kernel has none. */
  readonly compat?: { readonly arch: number; readonly ip: bigint };
}

const HERE: Readonly<Record<string, { readonly arch: number; readonly seccompNr: number }>> = {
  x64: { arch: 0xc000003e, seccompNr: 317 },
  arm64: { arch: 0xc00000b7, seccompNr: 277 },
};

/** Where the probe's calls come from: a filter tells it. */
function instructionPointer(compat: boolean): bigint | undefined {
  const calls = SHIFTS.map((shift): ProbeCall => {
    const args = [0n, 0n, 0n, 0n, 0n, BigInt(selecting(0, shift))];
    return { nr: 5000, args, compat };
  });
  const halves = [8, 12].map((offset) => {
    const program = showingBits([
      [0x20, 0, 0, offset],
      [0x16, 0, 0, 0],
    ]);
    const { results } = probeKernel([{ programs: [encode(program)], calls }])[0]!;
    if (results.some((value) => value === undefined)) return undefined;
    return results.reduce<bigint>((word, bits, i) => word | (-bits! << BigInt(SHIFTS[i]!)), 0n);
  });
  return halves[0] === undefined || halves[1] === undefined ? undefined : (halves[1] << 32n) | halves[0];
}

export function surroundings(): Surroundings {
  const here = HERE[process.arch];
  const ip = instructionPointer(false);
  if (here === undefined || ip === undefined) throw new Error('the probe shows no instruction pointer');
  const compatIp = process.arch === 'x64' ? instructionPointer(true) : undefined;
  return { ...here, ip, ...(compatIp !== undefined && { compat: { arch: 0x40000003, ip: compatIp } }) };
}

/** One call, and the sixteen words that a filter is shown of it (low half first: both probes are little-endian). */
export interface Input {
  readonly call: ProbeCall;
  readonly words: Uint32Array;
}

/** Words of a corpus as a call of this machine: architecture and instruction pointer are what they are. */
export function inputOf(words: Uint32Array, here: Surroundings, compat: boolean, shift?: number): Input {
  const seen = words.slice();
  const { arch, ip } = compat && here.compat ? here.compat : here;
  if (seen[0] === 335 || seen[0] === 336) seen[0] = 337; // these two never reach a filter on x86_64
  seen[1] = arch;
  seen[2] = Number(ip & 0xffff_ffffn);
  seen[3] = Number(ip >> 32n);
  if (shift !== undefined) seen[SELECTOR_WORD] = selecting(seen[SELECTOR_WORD]!, shift);
  const wide = (at: number) => BigInt(seen[at]!) | (BigInt(seen[at + 1]!) << 32n);
  const args = [4, 6, 8, 10, 12, 14].map(wide);
  // The upper half of the number's register does not count.
  const nr = BigInt(seen[0]!) | (BigInt(words[5]!) << 32n);
  return { call: { nr: compat ? BigInt(seen[0]!) : nr, args, compat }, words: seen };
}

/** The same input as the library takes it. */
export function dataOf({ words }: Input): {
  nr: number;
  arch: number;
  instructionPointer: bigint;
  args: readonly [bigint, bigint, bigint, bigint, bigint, bigint];
} {
  const wide = (at: number) => BigInt(words[at]!) | (BigInt(words[at + 1]!) << 32n);
  return {
    nr: words[0]!,
    arch: words[1]!,
    instructionPointer: wide(2),
    args: [wide(4), wide(6), wide(8), wide(10), wide(12), wide(14)],
  };
}

/** A report's lines: everything that is needed to look at it again. */
export function disagreement(
  what: string,
  seed: number | string,
  programs: readonly Uint8Array[],
  input?: Input,
): string {
  const texts = programs.map((bytes, i) => {
    const text = disassemble({ insns: decodeProgram(bytes, 'little'), endian: 'little' });
    const lines = text.split('\n');
    const shown = lines.length > 120 ? [...lines.slice(0, 120), `... ${lines.length - 1} in all`] : lines;
    return `  program ${i + 1} of ${programs.length}:\n${shown.join('\n')}`;
  });
  const words = input === undefined ? '' : `  words: ${[...input.words].map((w) => w.toString(16)).join(' ')}\n`;
  return `${what} (seed ${seed})\n${words}${texts.join('\n')}`;
}

/** What a campaign found. */
export interface Report {
  readonly compared: number;
  /** Numbers worth telling, in words. */
  readonly note: string;
  /** The first few of them, told in full. */
  readonly disagreements: readonly string[];
  readonly disagreed: number;
}

/** Counts everything, keeps the texts of the first ten. */
export class Tally {
  compared = 0;
  disagreed = 0;
  readonly #texts: string[] = [];

  compare(agree: boolean, tell: () => string): void {
    this.compared += 1;
    if (agree) return;
    this.disagreed += 1;
    if (this.#texts.length < 10) this.#texts.push(tell());
  }

  report(note: string): Report {
    return { compared: this.compared, note, disagreements: this.#texts, disagreed: this.disagreed };
  }
}

export const NOT_EXECUTED: bigint = BigInt(-ENOSYS);
