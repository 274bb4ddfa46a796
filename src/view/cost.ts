/** What a filter costs, by architecture: instructions, and how many of them a call runs. */
import { ARCHES, type Arch, describeWord, OFFSET_ARGS, type SeccompData, syscallsOf } from '../arch/index.ts';
import { budgetLeft, type CheckedProgram, ebpfLength, isConstAllow, longestPath, trace } from '../kernel/index.ts';

export interface ArgumentChecked {
  readonly name: string;
  readonly nr: number;
  readonly steps: number;
}

export interface ArchCost {
  readonly arch: string;
  /** Calls of the ABI's table. */
  readonly calls: number;
  /** Instructions that a call of the table runs with zero arguments, on average. */
  readonly averagePath: number;
  /** Calls that Linux 5.11 and later allow without running the filter. */
  readonly cached: number;
  /** Allowed with zero arguments, and not cached. */
  readonly allowedUncached: readonly string[];
  /** Calls whose answer looks at arguments, with the instructions run when all are zero. */
  readonly argumentChecked: readonly ArgumentChecked[];
}

export interface Cost {
  readonly instructions: number;
  readonly ebpfLength: number;
  readonly budgetLeft: number;
  readonly longestPath: number;
  readonly arches: readonly ArchCost[];
}

/** The ABIs that a program asks for by their audit token. */
export function archesNamedIn(program: CheckedProgram): readonly Arch[] {
  const constants = new Set(program.insns.filter((i) => i.code === 0x15).map((i) => i.k));
  return [...ARCHES.values()].filter((a) => a.endian === program.endian && constants.has(a.audit));
}

function archCost(program: CheckedProgram, arch: Arch): ArchCost {
  const calls = [...syscallsOf(arch)];
  // The kernel caches for the native and the compat ABI; x32 numbers lie beyond its bitmap.
  const isCached = (nr: number) => arch.name !== 'x32' && isConstAllow(program, arch.audit, nr);
  const all = calls.map(([name, nr]) => {
    const data: SeccompData = { nr, arch: arch.audit, instructionPointer: 0n, args: [0n, 0n, 0n, 0n, 0n, 0n] };
    const { word, pcs } = trace(program, data);
    const looks = pcs.some((pc) => program.insns[pc]?.code === 0x20 && (program.insns[pc]?.k ?? 0) >= OFFSET_ARGS);
    return { name, nr, steps: pcs.length, looks, allowed: describeWord(word) === 'ALLOW' };
  });
  const traced = all.filter(({ nr }) => !isCached(nr));
  return {
    arch: arch.name,
    calls: calls.length,
    averagePath: all.reduce((sum, { steps }) => sum + steps, 0) / all.length,
    cached: calls.length - traced.length,
    allowedUncached: traced.filter((t) => t.allowed && !t.looks).map((t) => t.name),
    argumentChecked: traced.filter((t) => t.looks).map(({ name, nr, steps }) => ({ name, nr, steps })),
  };
}

export function costOf(program: CheckedProgram, arches: readonly Arch[]): Cost {
  return {
    instructions: program.length,
    ebpfLength: ebpfLength(program),
    budgetLeft: budgetLeft([program]),
    longestPath: longestPath(program),
    arches: arches.map((arch) => archCost(program, arch)),
  };
}
