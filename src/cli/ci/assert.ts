/** assert: the profile's own x-assert, the configuration's statements, and its files of them, for every value. */
import {
  type Assertion,
  type Outcome as Proof,
  proveAssertions,
  readAssertionFile,
  readStatements,
} from '../../assert/index.ts';
import type { Config, ProfileEntry } from '../../config/index.ts';
import { type Diagnostic, Diagnostics, fail, type Source } from '../../diag/index.ts';
import { readProfile } from '../../policy/index.ts';
import { breachLines } from '../assert.ts';
import type { Made } from './compile.ts';
import type { Places } from './places.ts';
import { bad, type Outcome, passed, plural, skipped } from './step.ts';

/** Of the ways in which one statement is broken so many are told. */
const MOST_BREACHES = 3;

/** Read once for all targets; every mistake at once. @throws SeccompcError */
export function statementsOf(
  entry: ProfileEntry,
  { source }: Config,
  profile: Source,
  places: Places,
): readonly Assertion[] {
  const diagnostics = new Diagnostics();
  const own = readProfile(profile).profile?.assertions ?? [];
  const statements = [
    ...readStatements(profile, own, diagnostics),
    ...readStatements(source, entry.statements, diagnostics),
    ...entry.assertFiles.flatMap((path) => {
      const read = readAssertionFile(places.text(path), diagnostics);
      // A gate whose statements have gone must not stay green.
      if (read.length === 0 && !diagnostics.hasErrors)
        fail({
          code: 'ASSERT_SYNTAX',
          source,
          span: path.span,
          message: 'this file has no statement: nothing is proved by it',
        });
      return read;
    }),
  ];
  diagnostics.throwIfErrors();
  return statements;
}

function diagnosticOf(proof: Proof, { policy }: Made): Diagnostic {
  const { source, span, text } = proof.assertion.written;
  const where = { severity: 'error', source, span } as const;
  switch (proof.kind) {
    case 'fails': {
      const { breaches } = proof;
      const lines = breaches.slice(0, MOST_BREACHES).map((b) =>
        breachLines(b, policy)
          .map((line) => line.trim())
          .join(', '),
      );
      const more = breaches.length > MOST_BREACHES ? `; and ${breaches.length - MOST_BREACHES} more forms` : '';
      return {
        ...where,
        code: 'ASSERT_FAILED',
        message: `'${text}' does not hold: ${lines.join('; ')}${more}`,
        help: 'change the rule that decides, or the statement',
      };
    }
    case 'unfiltered':
      return {
        ...where,
        code: 'ASSERT_FAILED',
        message: `'${text}' does not hold: Linux shows ${proof.call} on x86_64 to no filter`,
      };
    case 'undecided':
      return {
        ...where,
        code: 'PROOF_UNDECIDED',
        message: `'${text}' is not decided: ${proof.why}`,
        help: 'nothing is claimed; say it more narrowly',
      };
    default:
      throw new Error(`seccompc has a bug: a statement that ${proof.kind}`);
  }
}

export function assertStep(statements: readonly Assertion[], made: Made): Outcome {
  if (statements.length === 0)
    return skipped('no statement: "assert" in the configuration, or "x-assert" in the profile');
  const outcomes = proveAssertions(made.policy, statements);
  const open = outcomes.filter(({ kind }) => kind !== 'holds');
  const empty = outcomes.filter((o) => o.kind === 'holds' && o.vacuous).length;
  if (open.length === 0) {
    const about = empty > 0 ? ` (${empty} of calls that no ABI here has)` : '';
    return passed(
      `${plural(statements.length, 'statement')} hold${statements.length === 1 ? 's' : ''} for all values${about}`,
    );
  }
  const isUndecided = open.every(({ kind }) => kind === 'undecided');
  return {
    standing: isUndecided ? 'missing' : 'failed',
    said: `${open.length} of ${plural(statements.length, 'statement')} ${isUndecided ? 'not decided' : 'do not hold'}`,
    problems: bad(open.map((outcome) => diagnosticOf(outcome, made))),
  };
}
