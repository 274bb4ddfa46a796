/**
 * Expectations of a filter, for the test files of any runner: each throws, or does nothing. Decided by diagram (prove/)
 * for every value that the test leaves open; a call that breaks an expectation has been run.
 */
import {
  type Arch,
  describeWord,
  findArch,
  isSyscallName,
  syscallName,
  syscallNames,
  syscallNumber,
  UNFILTERED_X86_64,
} from '../arch/index.ts';
import { fail, quoted, SeccompcError } from '../diag/index.ts';
import { didYouMean } from '../policy/vocabulary.ts';
import { type Held, Judge } from '../prove/index.ts';
import { type Args, callWritten, clausesOf } from './arguments.ts';
import { type Denial, denial, type Expected, LOGGED, RUNS } from './expected.ts';
import { breach, type Caller, callerOf, type Facts } from './failure.ts';
import { Replayed, type TraceInput } from './replay.ts';
import { type HarnessOptions, type HarnessSubject, type Side, sideOf } from './subject.ts';

/** A call by its name, or by the number that the filter sees (x32 with bit 30); or several, each of which is meant. */
export type CallName = string | number | readonly (string | number)[];

/**
 * A filter to expect things of. Files are read here and now.
 * @param subject a path, a profile's text or bytes, a parsed profile, a `Policy`, a program: see `HarnessSubject`
 * @param options what the profile means: as `resolvePolicy`
 * @returns expectations, each of which throws or does nothing
 * @throws SeccompcError everything that is wrong with the filter
 */
export function harness(subject: HarnessSubject, options: HarnessOptions = {}): Harness {
  const side = sideOf(subject, options);
  return new Harness(side, new Judge(side.filter));
}

/** Made by `harness`. Every expectation gives the harness back, so that they can be chained. */
export class Harness {
  readonly #side: Side;
  readonly #judge: Judge;

  /** @internal */
  constructor(side: Side, judge: Judge) {
    this.#side = side;
    this.#judge = judge;
  }

  /** The ABIs that expectations are about, all of them: a call that one of them lacks is not expected of it. */
  get arches(): readonly string[] {
    return this.#side.arches.map(({ name }) => name);
  }

  /**
   * The same filter on some ABIs alone: those of the policy, or any that a program may be asked about.
   * @param names of ABIs, as `findArch` takes them
   * @returns a harness for these
   * @throws SeccompcError ARCH_UNKNOWN, ARCH_BYTE_ORDER, USAGE
   */
  on(...names: readonly string[]): Harness {
    const arches = names.map((name) => {
      const found = findArch(name) ?? fail({ code: 'ARCH_UNKNOWN', message: `${quoted(name)} is no architecture` });
      if (found.endian === this.#endian) return found;
      return fail({ code: 'ARCH_BYTE_ORDER', message: `${name} is ${found.endian}-endian, and the filter is not` });
    });
    if (arches.length === 0) fail({ code: 'USAGE', message: 'on no ABI there is nothing to expect' });
    return new Harness({ ...this.#side, arches }, this.#judge);
  }

  get #endian(): string {
    return this.#side.filter.endian;
  }

  /**
   * The call runs (ALLOW, or LOG), on every ABI and for every value of what `args` leaves out.
   * @param call names, or numbers as the filter sees them
   * @param args by position, 0 to 5; 64 bits each. What is left out is every value
   * @throws HarnessError where it does not hold; SeccompcError USAGE, SYSCALL_UNKNOWN, PROOF_UNDECIDED
   */
  allows(call: CallName, args: Args = {}): this {
    this.#expect(call, args, () => RUNS, 'allows', callerOf(this.allows));
    return this;
  }

  /**
   * The call does not run, on every ABI and for every value of what `args` leaves out; and with `how` in just this way.
   * `how` may stand in the place of `args`.
   * @param call names, or numbers as the filter sees them
   * @param how an errno, by name or number, or a kind of denial; any when absent
   * @throws HarnessError where it does not hold; SeccompcError USAGE, SYSCALL_UNKNOWN, PROOF_UNDECIDED
   */
  denies(call: CallName, how?: Denial): this;
  denies(call: CallName, args: Args, how?: Denial): this;
  denies(call: CallName, argsOrHow: Args | Denial = {}, how?: Denial): this {
    const isHow = typeof argsOrHow === 'string' || typeof argsOrHow === 'number';
    const wanted = isHow ? argsOrHow : how;
    this.#expect(call, isHow ? {} : argsOrHow, (arch) => denial(wanted, arch), 'denies', callerOf(this.denies));
    return this;
  }

  /**
   * The call runs and is logged (LOG).
   * @param call names, or numbers as the filter sees them
   * @param args by position, 0 to 5; 64 bits each. What is left out is every value
   * @throws HarnessError where it does not hold; SeccompcError USAGE, SYSCALL_UNKNOWN, PROOF_UNDECIDED
   */
  logs(call: CallName, args: Args = {}): this {
    this.#expect(call, args, () => LOGGED, 'logs', callerOf(this.logs));
    return this;
  }

  /**
   * What was recorded of a program, against this filter. Never throws: reading begins when it is asked for.
   * @param traces paths, bytes, or events
   * @returns the recordings, to be judged by `passes`
   */
  replay(...traces: readonly TraceInput[]): Replayed {
    return new Replayed(this.#side, traces);
  }

  #expect(
    calls: CallName,
    args: Args,
    expectedOn: (arch: Arch) => Expected,
    operator: Facts['operator'],
    caller: Caller,
  ): void {
    const names = typeof calls === 'object' ? calls : [calls];
    if (names.length === 0) fail({ code: 'USAGE', message: 'no call is named: nothing would be tested' });
    const broken = names.flatMap((call) => this.#broken(call, args, expectedOn));
    if (broken.length === 0) return;
    caller.throw({
      message: broken.map(({ text }) => text).join('\n'),
      expected: broken.map(({ expected }) => expected).join('\n'),
      actual: broken.map(({ actual }) => actual).join('\n'),
      operator,
      witnesses: broken.map(({ data }) => data),
    });
  }

  #broken(call: string | number, args: Args, expectedOn: (arch: Arch) => Expected) {
    return this.#numbers(call).flatMap(({ arch, nr }) => {
      const name = typeof call === 'string' ? call : syscallName(arch, nr);
      const clauses = clausesOf(args, arch, name);
      const expected = expectedOn(arch);
      const isUnfiltered = arch.name === 'x86_64' && UNFILTERED_X86_64.has(nr);
      const region = { calls: [{ arch: arch.audit, nr }], clauses };
      // No word of the filter counts there: the call runs.
      const predicate = isUnfiltered && expected === RUNS ? () => true : isUnfiltered ? () => false : expected.holds;
      const held = this.#judge.holds({ region, predicate });
      if (held.holds) return [];
      if (held.undecided) return undecided(held, callWritten(name ?? String(call), args), arch);
      const { data, word } = held;
      const written = `${callWritten(name ?? String(call), args)} on ${arch.name}`;
      const gets = isUnfiltered ? 'is shown to no filter' : `gets ${describeWord(word, arch)}`;
      return [
        {
          text: breach(this.#side, arch, data, word, expected.text),
          expected: `${written} should ${expected.text}`,
          actual: `${written} ${gets}`,
          data,
        },
      ];
    });
  }

  /** On each ABI that has the call. Throws SYSCALL_UNKNOWN where none has it. */
  #numbers(call: string | number): readonly { readonly arch: Arch; readonly nr: number }[] {
    const { arches } = this.#side;
    if (typeof call === 'number') {
      if (Number.isInteger(call) && call >= -0x8000_0000 && call <= 0xffff_ffff) {
        return arches.map((arch) => ({ arch, nr: call >>> 0 }));
      }
      return fail({ code: 'USAGE', message: `a call's number has 32 bits; ${call} is none` });
    }
    const found = arches.flatMap((arch) => {
      const nr = syscallNumber(arch, call);
      return nr === undefined ? [] : [{ arch, nr }];
    });
    if (found.length > 0) return found;
    if (isSyscallName(call)) {
      const where = arches.map(({ name }) => name).join(', ');
      return fail({
        code: 'SYSCALL_UNKNOWN',
        message: `${quoted(call)} is no call of ${where}: nothing would be tested`,
      });
    }
    const help = didYouMean(String(call), syscallNames());
    const message = `no system call is named ${quoted(String(call))} on any architecture`;
    return fail({ code: 'SYSCALL_UNKNOWN', message, help });
  }
}

/** Not a failed expectation: nobody knows. */
function undecided(held: Extract<Held, { readonly undecided: true }>, call: string, arch: Arch): never {
  const message = `whether it holds for ${call} on ${arch.name} cannot be worked out: ${held.why}`;
  throw new SeccompcError([{ code: 'PROOF_UNDECIDED', severity: 'error', message }]);
}
