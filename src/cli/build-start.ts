/** What build says of a program that will confine itself: whether its filter lets it start and end. */
import type { Arch } from '../arch/index.ts';
import { originText, programEntry, type StartFinding, startDiagnostics, startFindings } from '../build/index.ts';
import type { Diagnostic } from '../diag/index.ts';
import { type ElfFile, type Origin, originOf } from '../elf/index.ts';
import type { CheckedProgram } from '../kernel/index.ts';
import { hex } from '../num/index.ts';

/** What the program needs to start and end, and is not let have. */
export interface Start {
  readonly origin: Origin;
  readonly findings: readonly StartFinding[];
  readonly diagnostics: readonly Diagnostic[];
  /** The same for --json. */
  readonly data: Record<string, unknown>;
}

export function lookAtStart(program: CheckedProgram, file: ElfFile, own: Arch): Start {
  const origin = originOf(file, programEntry(file, own));
  const findings = startFindings(program, origin, own);
  const diagnostics = startDiagnostics(findings, origin, own, file.file);
  return { origin, findings, diagnostics, data: startData(origin, findings) };
}

function startData(origin: Origin, findings: readonly StartFinding[]): Record<string, unknown> {
  return {
    madeOf: originText(origin),
    evidence: origin.evidence,
    denied: findings.map(({ word, consequence, maker, versions: _, ...rest }) => ({
      ...rest,
      maker: maker ?? null,
      word: hex(word),
      consequence: consequence ?? null,
    })),
  };
}
