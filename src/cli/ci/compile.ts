/** compile, check, prove: a target's program. What is handed out is accepted by the checker and proved, or nothing is. */
import { compileProved } from '../../build/compile.ts';
import { loadPolicy } from '../../build/load.ts';
import type { ProfileEntry, Target } from '../../config/index.ts';
import { type Diagnostic, SeccompcError, type Source } from '../../diag/index.ts';
import { type CheckedProgram, findings, longestPath } from '../../kernel/index.ts';
import type { Policy } from '../../policy/index.ts';
import type { Counted } from '../weights.ts';
import { bad, failed, type Outcome, passed, skipped, told } from './step.ts';

/** What the steps behind need: a target with what was made for it. */
export interface Made {
  readonly target: Target;
  readonly policy: Policy;
  /** Absent where none could be made. */
  readonly program?: CheckedProgram | undefined;
}

export interface Compiled {
  readonly made?: Made | undefined;
  readonly compile: Outcome;
  readonly check: Outcome;
  readonly prove: Outcome;
}

const NONE = 'there is no program';

export function compileSteps(
  entry: ProfileEntry,
  target: Target,
  source: Source,
  weights: Counted | undefined,
): Compiled {
  let policy: Policy;
  try {
    policy = loadPolicy(source, target.options);
  } catch (error) {
    if (!(error instanceof SeccompcError)) throw error;
    const { diagnostics } = error;
    // Only the configuration can say which architectures are meant.
    const help = 'name them: "targets": [{ "arches": ["x86_64"] }]';
    const shown = diagnostics.map((d) =>
      d.code === 'ARCH_MISSING' || d.code === 'ARCH_BYTE_ORDER' ? { ...d, help } : d,
    );
    return { compile: failed(shown), check: skipped(NONE), prove: skipped(NONE) };
  }
  const { optimize, search } = entry;
  try {
    const { program } = compileProved(policy, { optimize, search, ...(weights && { weights }) });
    const names = policy.arches.map(({ arch }) => arch.name).join(', ');
    const warnings = findings(program).map((d): Diagnostic => ({ ...d, file: source.name }));
    return {
      made: { target, policy, program },
      compile: passed(`${program.length} instructions for ${names}`),
      check: passed(
        `valid by Linux's rules; the longest path runs ${longestPath(program)} instructions`,
        told(warnings),
      ),
      prove: passed('equal to the profile for all 2^512 inputs'),
    };
  } catch (error) {
    if (!(error instanceof SeccompcError)) throw error;
    const { diagnostics } = error;
    const isProof = diagnostics.every(({ code }) => code.startsWith('PROOF_'));
    const made = { target, policy };
    if (!isProof) return { made, compile: failed(diagnostics), check: skipped(NONE), prove: skipped(NONE) };
    const refused = 'made, and not handed out: see prove';
    return {
      made,
      compile: passed(refused),
      check: passed('accepted'),
      prove: { ...failed(diagnostics), problems: bad(diagnostics) },
    };
  }
}
