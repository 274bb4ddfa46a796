/** prove, for programs made elsewhere: each is held against the target that it belongs to. */
import { describeWord } from '../../arch/index.ts';
import { describeCall } from '../../assert/index.ts';
import { inspectElf } from '../../build/inspect.ts';
import type { ProgramEntry } from '../../config/index.ts';
import { type Diagnostic, fail, SeccompcError } from '../../diag/index.ts';
import { check } from '../../kernel/index.ts';
import { decide } from '../../policy/index.ts';
import { prove } from '../../prove/index.ts';
import { refusalDiagnostic } from '../check.ts';
import { readProgram, type Subject } from '../subject.ts';
import type { Made } from './compile.ts';
import type { Places } from './places.ts';
import { failed, type Outcome, passed, told } from './step.ts';

/** The target of a file: the named one; of an ELF file that for its ABI; the only one. @throws SeccompcError KEY_MISSING */
function targetOf(subject: Subject, { file, target }: ProgramEntry, all: readonly Made[], places: Places): Made {
  if (target !== undefined) {
    const named = all.find((made) => made.target.name === target.value);
    return (
      named ?? fail({ code: 'USAGE', file: places.name(file), message: `the target ${target.value} could not be made` })
    );
  }
  const own = subject.kind === 'elf' ? subject.arch.name : undefined;
  const fitting = all.filter(({ policy }) => own === undefined || policy.arches.some(({ arch }) => arch.name === own));
  const [only, second] = fitting;
  if (only !== undefined && second === undefined) return only;
  return fail({
    code: 'KEY_MISSING',
    file: places.name(file),
    message: only === undefined ? `no target of the profile is for ${own ?? 'it'}` : 'several targets could be meant',
    help: 'say which: { "file": ..., "target": NAME }',
  });
}

export interface Proven {
  readonly target: string | undefined;
  readonly outcome: Outcome;
}

/** The target's name is given back as far as it is known, for the report. */
export function programStep(entry: ProgramEntry, all: readonly Made[], places: Places): Proven {
  let target: string | undefined;
  try {
    const name = places.input(entry.file);
    const flags = entry.section === undefined ? {} : { section: entry.section };
    const subject = readProgram(name, flags);
    const made = targetOf(subject, entry, all, places);
    target = made.target.name;
    return { target, outcome: proven(subject, name, made) };
  } catch (error) {
    if (!(error instanceof SeccompcError)) throw error;
    return { target, outcome: failed(error.diagnostics) };
  }
}

/** Equal, and, in an ELF file, undamaged. */
function proven(subject: Exclude<Subject, { kind: 'profile' }>, name: string, { policy }: Made): Outcome {
  const verdict = check(subject.bytes, { endian: subject.kind === 'elf' ? subject.endian : policy.endian });
  if (!verdict.ok) return failed([refusalDiagnostic(verdict, name)]);
  const proof = prove(verdict.program, policy);
  if (!proof.proved) {
    if (proof.undecided) {
      const message = `it could not be compared with the profile: ${proof.why}`;
      const help = 'nothing is claimed; build it from the profile, then both are compared while it is made';
      return failed([{ code: 'PROOF_UNDECIDED', severity: 'error', file: name, message, help }]);
    }
    const { data, words } = proof.counterexample;
    const rule = decide(policy, data).rule?.origin;
    const diagnostic: Diagnostic = {
      code: 'PROOF_FAILED',
      severity: 'error',
      file: name,
      message: `the program is not equal to the profile: ${describeCall(data)} gets ${describeWord(words[0])} from the program, ${describeWord(words[1])} from the profile`,
      help: 'build it anew from the profile',
      ...(rule && {
        related: [{ message: 'the rule that decides in the profile', source: policy.source, span: rule.span }],
      }),
    };
    return failed([diagnostic], `${name}: not equal to the profile`);
  }
  if (subject.kind !== 'elf') return passed(`${name}: equal to the profile for all 2^512 inputs`);
  const { problems } = inspectElf(subject.elf, { section: subject.section });
  if (problems.some(({ severity }) => severity === 'error')) return failed(problems, `${name}: equal, and damaged`);
  return passed(`${name}: equal to the profile, and undamaged`, told(problems));
}
