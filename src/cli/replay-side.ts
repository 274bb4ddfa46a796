/** What calls are held against: a profile, made for the ABIs that matter here, or a program. */
import { ARCHES, type Arch, archOfNode } from '../arch/index.ts';
import { loadPolicy } from '../build/index.ts';
import { SeccompcError, type Source } from '../diag/index.ts';
import { textOf } from '../host/input.ts';
import { HERE } from '../host/process-status.ts';
import { type CheckedProgram, check } from '../kernel/index.ts';
import { type Policy, parseProfile } from '../policy/index.ts';
import { refusalDiagnostic } from './check.ts';
import { type PolicyFlags, resolveOptions } from './options.ts';
import type { Subject } from './subject.ts';

export interface SideFlags extends PolicyFlags {
  /** The ABI of calls where the trace does not tell. */
  readonly traceArch?: Arch;
}

export interface Side {
  readonly name: string;
  readonly filter: Policy | CheckedProgram;
  readonly policy?: Policy | undefined;
  readonly source?: Source | undefined;
}

/** This machine's 64-bit ABI; elsewhere than on Linux that of most traces. */
export function machine(): Arch {
  const own = archOfNode(process.arch, HERE) ?? (ARCHES.get('x86_64') as Arch);
  return ARCHES.get(own.native) as Arch;
}

/** The ABIs of the profile that one machine runs: this one's where the profile has any, else all that it names. */
function defaultArches(source: Source, flags: SideFlags): readonly string[] | undefined {
  if (flags.arch !== undefined) return undefined;
  const named = parseProfile(source.text, { file: source.name }).arches.map(({ value }) => value);
  const { native } = flags.traceArch ?? machine();
  const kin = named.filter((arch) => arch.native === native);
  if (kin.length > 0) return [...new Set(kin.map(({ name }) => name))];
  return named.length > 0 ? undefined : [native];
}

/** @throws SeccompcError what is wrong with the profile or the program */
export function sideOf(subject: Subject, flags: SideFlags): Side {
  const { name } = subject.input;
  if (subject.kind === 'profile') {
    const source = textOf(subject.input);
    // --strict speaks of the trace here; names that no ABI has are refused by build.
    const { strict: _, ...meaning } = flags;
    const policy = loadPolicy(source, resolveOptions(meaning, defaultArches(source, flags)));
    return { name, filter: policy, policy, source };
  }
  const verdict = check(subject.bytes, { endian: subject.endian });
  if (!verdict.ok) throw new SeccompcError([refusalDiagnostic(verdict, name)]);
  return { name, filter: verdict.program };
}
