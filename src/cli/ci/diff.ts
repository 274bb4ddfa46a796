/**
 * diff: what a profile lets run that it did not at the base, or the other way round. Both sides mean what their own
 * configuration says of them: an option that loosens shows as a rule does.
 */
import { describeCall } from '../../assert/index.ts';
import { loadPolicy } from '../../build/load.ts';
import { applyIgnores, type ProfileEntry, readIgnoreFile, type Target } from '../../config/index.ts';
import { type Diagnostic, Diagnostics, decodeText, quoted, type Source } from '../../diag/index.ts';
import { type Base, fileAt } from '../../host/git.ts';
import { decide, type Policy, readProfile } from '../../policy/index.ts';
import { byArch, type ChangeKind, difference } from '../../prove/index.ts';
import type { Problem } from '../../report/checks.ts';
import { changeText, type Group, grouped, tally, whereText } from '../../view/index.ts';
import { type Before, entryThen, placeThen, targetThen, unknown } from './base.ts';
import type { Made } from './compile.ts';
import type { Places } from './places.ts';
import { failed, type Outcome, passed, told } from './step.ts';

const CODES: Readonly<Record<ChangeKind, 'DIFF_LOOSENED' | 'DIFF_TIGHTENED' | 'DIFF_CHANGED'>> = {
  LOOSENED: 'DIFF_LOOSENED',
  TIGHTENED: 'DIFF_TIGHTENED',
  CHANGED: 'DIFF_CHANGED',
};
const SEVERITIES = { LOOSENED: 'warning', TIGHTENED: 'note', CHANGED: 'note' } as const;

/** At the rule that decides now, or the default action. */
function diagnosticOf(group: Group, policy: Policy, base: Base): Diagnostic {
  const { example, arches, callsText, kind } = group;
  const span = decide(policy, example.data).rule?.origin.span ?? readProfile(policy.source).profile?.defaultAction.span;
  const where = whereText(group.where);
  return {
    code: CODES[kind],
    severity: SEVERITIES[kind],
    source: policy.source,
    span,
    message: `${callsText} on ${arches.join(', ')}: ${changeText(group)}${where === '' ? '' : `, where ${where}`}; such as ${describeCall(example.data)}`,
    help: `since ${base.ref}; where it is wanted, "diff": { "ignore": [FILE] } says so, with the reason`,
  };
}

export function diffStep(entry: ProfileEntry, made: Made, now: Before, places: Places): Outcome {
  const { base } = now;
  const was = entry.was ?? entry.profile;
  const then = entryThen(entry, now, places);
  const target = then === undefined ? made.target : targetThen(made.target, entry, then, now);
  const bytes = fileAt(base, places.folder, placeThen(entry, places));
  if (bytes === undefined) {
    const isNew = then === undefined && entry.was === undefined;
    if (isNew)
      return passed(
        `new: ${was.value} is not there at ${base.ref}, so there is nothing to compare with ("was" names another path)`,
      );
    const help =
      entry.was === undefined ? 'the configuration of the base names it' : '"was" is where it lay at the base';
    return unknown(
      now,
      `${quoted(was.value)} is not there at ${base.ref}, so nothing is known of what changed`,
      help,
      was.span,
    );
  }
  const old = loadThen(decodeText(bytes, `${places.name(was)} at ${base.ref}`), target);
  if (!('arches' in old)) return old;
  const found = difference(old, made.policy);
  if (found.undecided) {
    const message = `it could not be compared with ${base.ref}: ${found.why}`;
    return failed([
      { code: 'PROOF_UNDECIDED', severity: 'error', source: made.policy.source, message, help: 'nothing is claimed' },
    ]);
  }
  const diagnostics = new Diagnostics();
  const known = entry.diffIgnore.flatMap((path) => readIgnoreFile(places.text(path), diagnostics));
  diagnostics.throwIfErrors();
  const all = grouped(applyIgnores(byArch(found), known, diagnostics)).filter(({ outside }) => !outside);
  const groups = all.filter(({ ignored }) => ignored === undefined);
  const { diff } = entry.fail;
  const fails = ({ kind }: Group) => diff.includes('any') || diff.some((c) => c === kind.toLowerCase());
  const problems = [
    ...groups.map((group): Problem => ({ diagnostic: diagnosticOf(group, made.policy, base), failing: fails(group) })),
    ...told(diagnostics.sorted),
  ];
  const ignored = all.length - groups.length;
  const said = found.equal
    ? 'no difference, for all 2^512 inputs'
    : `${tally(groups)}${ignored > 0 ? `; ${ignored} ignored` : ''}`;
  const byNow = then === undefined ? `; the base's configuration does not have it: read with the options of now` : '';
  return { ...passed(`${said}${byNow}`, problems), standing: groups.some(fails) ? 'failed' : 'passed' };
}

/** A base that could not be built is no measure: evidence is missing, and what was wrong with it is told. */
function loadThen(source: Source, target: Target): Policy | Outcome {
  try {
    // For the architectures that its own side says: one that has come since is a change like any other.
    return loadPolicy(source, target.options);
  } catch (error) {
    const message = `${source.name} cannot be built, so nothing is known of what changed: ${firstLine(error)}`;
    return failed([
      { code: 'BASE_MISSING', severity: 'error', message, help: 'compare with a commit at which it could: --base' },
    ]);
  }
}

const firstLine = (error: unknown): string => (error instanceof Error ? (error.message.split('\n')[0] ?? '') : '');
