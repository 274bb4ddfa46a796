/** What `seccompc check` shows besides the verdict: the log of the checker (--log) and what the filter costs (--cost). */
import { ARCHES, type Arch, describeWord, OFFSET_ARGS, type SeccompData, syscallsOf } from '../arch/index.ts';
import { list as listing, type RawInsn } from '../bpf/index.ts';
import {
  budgetLeft,
  type CheckedProgram,
  checkLog,
  ebpfLength,
  isConstAllow,
  longestPath,
  trace,
} from '../kernel/index.ts';
import type { Endian } from '../num/index.ts';

const slots = (mask: number): string =>
  mask === 0xffff
    ? 'all'
    : [...Array(16).keys()]
        .filter((i) => mask & (1 << i))
        .map((i) => `M${i}`)
        .join(' ') || 'none';

/** One line for each instruction: what it is, what was asked of it, which slots are stored before it. */
export function logLines(insns: readonly RawInsn[], endian: Endian): readonly string[] {
  const { lines, refusal } = checkLog(insns);
  const texts = listing(insns, endian);
  return lines.map(({ pc, asked, stored }) => {
    const mark = refusal?.pc === pc ? '!!' : '  ';
    const memory = stored === undefined ? '' : `; stored: ${slots(stored)}`;
    return `${mark}${String(pc).padStart(5)}: ${(texts[pc]?.text ?? '').padEnd(30)} ${asked.join(', ')}${memory}`;
  });
}

export interface ArgumentChecked {
  readonly name: string;
  readonly nr: number;
  readonly steps: number;
}

export interface ArchCost {
  readonly arch: string;
  /** Calls of the ABI's table. */
  readonly calls: number;
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
  const traced = calls
    .filter(([, nr]) => !isCached(nr))
    .map(([name, nr]) => {
      const data: SeccompData = { nr, arch: arch.audit, instructionPointer: 0n, args: [0n, 0n, 0n, 0n, 0n, 0n] };
      const { word, pcs } = trace(program, data);
      const looks = pcs.some((pc) => program.insns[pc]?.code === 0x20 && (program.insns[pc]?.k ?? 0) >= OFFSET_ARGS);
      return { name, nr, steps: pcs.length, looks, allowed: describeWord(word) === 'ALLOW' };
    });
  return {
    arch: arch.name,
    calls: calls.length,
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

export function costLines(cost: Cost): readonly string[] {
  const lines = [
    `  ${cost.instructions} instructions, ${cost.ebpfLength} after conversion to eBPF; ${cost.budgetLeft} of 32768 left for further filters`,
    `  longest path: ${cost.longestPath} instructions`,
  ];
  if (cost.arches.length === 0)
    lines.push('  the program asks for no architecture: name one with --arch for the cost of its calls');
  for (const a of cost.arches) {
    const why = a.arch === 'x32' ? ' (the kernel caches no x32 call)' : '';
    lines.push(`  ${a.arch}: ${a.cached} of ${a.calls} calls never run the filter on Linux 5.11 and later${why}`);
    if (a.allowedUncached.length > 0 && a.arch !== 'x32') {
      lines.push(`    allowed, yet not cached: ${a.allowedUncached.join(', ')}`);
    }
    for (const c of a.argumentChecked)
      lines.push(`    ${c.name} looks at arguments: ${c.steps} instructions when they are 0`);
  }
  return lines;
}
