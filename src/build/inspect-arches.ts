/**
 * Which ABIs a filter is for, worked out from its instructions. A filter carries no list; one for another machine treats
 * every call of this one as a call of an architecture that it does not know.
 *
 * By proof (src/prove) for every known call and all argument values; where that takes too much work, each known call is
 * run once with arguments of 0, and the answer says so.
 */
import { ARCHES, type Arch, OFFSET_ARCH, type SeccompData, syscallsOf } from '../arch/index.ts';
import { type CheckedProgram, run } from '../kernel/index.ts';
import type { U32 } from '../num/index.ts';
import { type Call, holdsFor, isDenied, type ProveOptions, type Statement } from '../prove/index.ts';

/** What becomes of the calls of one ABI. */
export type AbiFit =
  /** Some known call can run. */
  | 'runs'
  /** None can, but not each gets what calls of unknown architectures get. */
  | 'denied'
  /** Each known call gets the one word that every call of an unknown architecture gets, and that denies it. */
  | 'unknown';

export interface ArchFit {
  readonly how: 'proved' | 'sampled';
  /** Every ABI in the filter's byte order. */
  readonly fits: ReadonlyMap<Arch, AbiFit>;
  /** Whether the filter loads the architecture at all. */
  readonly looks: boolean;
}

/** No ABI's token: EM_NONE, 32 bits, big-endian. */
const NO_ARCH = 0;
const BPF_LD_W_ABS = 0x20;

function callsOf(abi: Arch): readonly Call[] {
  return [...new Set(syscallsOf(abi).values())].map((nr) => ({ arch: abi.audit, nr }));
}

/** The ABIs of which some call can run. */
export function runningOn({ fits }: ArchFit): readonly Arch[] {
  return [...fits].flatMap(([abi, fit]) => (fit === 'runs' ? [abi] : []));
}

/** What the filter makes of every ABI of its byte order. */
export function archFit(program: CheckedProgram, options: ProveOptions = {}): ArchFit {
  const abis = [...ARCHES.values()].filter((a) => a.endian === program.endian);
  const looks = program.insns.some((i) => i.code === BPF_LD_W_ABS && i.k === OFFSET_ARCH);
  const fits = proved(program, abis, options);
  if (fits !== undefined) return { how: 'proved', fits, looks };
  return { how: 'sampled', fits: sampled(program, abis), looks };
}

/** Undefined when the proof takes too much work. */
function proved(
  program: CheckedProgram,
  abis: readonly Arch[],
  options: ProveOptions,
): ReadonlyMap<Arch, AbiFit> | undefined {
  const unknown = answer(program, { arch: NO_ARCH as U32, nr: 0 });
  const isUnknown = (word: U32) => word === unknown;
  const statements: readonly Statement[] = [
    ...abis.map((abi) => ({ region: { calls: callsOf(abi) }, predicate: isDenied })),
    ...abis.map((abi) => ({ region: { calls: callsOf(abi) }, predicate: isUnknown })),
    { region: { archesExcept: [...ARCHES.values()].map((a) => a.audit) }, predicate: isUnknown },
  ];
  const verdicts = holdsFor(program, statements, options);
  if (verdicts.some((v) => !v.holds && v.undecided)) return undefined;
  const holds = (index: number) => verdicts[index]?.holds === true;
  const othersAreUnknown = holds(2 * abis.length);
  return new Map(
    abis.map((abi, i) => [abi, !holds(i) ? 'runs' : othersAreUnknown && holds(abis.length + i) ? 'unknown' : 'denied']),
  );
}

function sampled(program: CheckedProgram, abis: readonly Arch[]): ReadonlyMap<Arch, AbiFit> {
  const fitOf = (abi: Arch): AbiFit => {
    const calls = callsOf(abi);
    if (!calls.every((call) => isDenied(answer(program, call)))) return 'runs';
    const isUnknown = (call: Call) => answer(program, call) === answer(program, { ...call, arch: NO_ARCH as U32 });
    return calls.every(isUnknown) ? 'unknown' : 'denied';
  };
  return new Map(abis.map((abi) => [abi, fitOf(abi)]));
}

function answer(program: CheckedProgram, { arch, nr }: Call): U32 {
  const data: SeccompData = { nr, arch, instructionPointer: 0n, args: [0n, 0n, 0n, 0n, 0n, 0n] };
  return run(program, data);
}
