/**
 * Fixes made in the text. Those that keep the meaning come first, and are proved to: before and after, for every machine,
 * architecture, number and argument value. One that does not is left out. Then those whose change is what they are about.
 */
import { ARCHES } from '../arch/index.ts';
import { prove } from '../prove/index.ts';
import { edited } from './edit.ts';
import type { Finding, Fix, LintOptions, TextEdit } from './finding.ts';
import { lint, read } from './lint.ts';
import { policiesOf } from './rules.ts';

export interface Fixed {
  readonly text: string;
  /** What was mended, in the order in which it was. */
  readonly made: readonly Finding[];
  /** What is left, with places in the new text. */
  readonly left: readonly Finding[];
}

type Fixable = Omit<Finding, 'fix'> & { readonly fix: Fix };

/** Each pass mends at least one; what overlaps waits for the next. */
const MOST_PASSES = 100;

/**
 * The text of a profile with all safe fixes made; comments stay.
 * @param text the profile
 * @param options as for `lint`
 * @returns the new text, what was mended, and what is left
 * @throws SeccompcError USAGE or ARCH_UNKNOWN, as `lint`
 */
export function fixProfile(text: string, options: LintOptions = {}): Fixed {
  let now = text;
  const made: Finding[] = [];
  const refused = new Set<string>();
  const keyOf = (f: Fixable) => `${f.code} ${f.fix.title} ${f.message}`;
  for (let pass = 0; pass < MOST_PASSES; pass++) {
    const able = lint(now, options).filter(
      (f): f is Finding & Fixable => f.fix !== undefined && !refused.has(keyOf(f as Fixable)),
    );
    const same = able.filter((f) => f.fix.sameMeaning);
    const chosen = apart(same.length > 0 ? same : able);
    if (chosen.length === 0) break;
    const next = edited(
      now,
      chosen.flatMap((f) => f.fix.edits),
    );
    if (isGood(now, next, same.length > 0, options)) {
      now = next;
      made.push(...chosen);
      continue;
    }
    // One of them is not what it says: each by itself.
    const good = chosen.find((f) => {
      const one = edited(now, f.fix.edits);
      if (isGood(now, one, f.fix.sameMeaning, options)) return true;
      refused.add(keyOf(f));
      return false;
    });
    if (good === undefined) continue;
    now = edited(now, good.fix.edits);
    made.push(good);
  }
  return { text: now, made, left: lint(now, options) };
}

/** As many as do not touch each other, in the order of the text. */
function apart(able: readonly Fixable[]): readonly Fixable[] {
  const taken: TextEdit[] = [];
  const meets = (a: TextEdit) => taken.some((b) => a.offset <= b.offset + b.length && b.offset <= a.offset + a.length);
  return able.filter(({ fix }) => {
    if (fix.edits.some(meets)) return false;
    taken.push(...fix.edits);
    return true;
  });
}

/**
 * What a profile may be built for later, and who may read it: what is not missed here must not be missed there. A rule that
 * decides nothing may still be the one by whose number runc knows where its ENOSYS begins.
 */
const WORLDS: readonly LintOptions[] = [{}, { caps: 'all' }, { caps: 'none' }, { runtime: 'runc' }];

/** No new error; and where it was promised, the same meaning, for the ABIs of the profile and any capabilities. */
function isGood(before: string, after: string, sameMeaning: boolean, options: LintOptions): boolean {
  const sourceOf = (text: string) => ({ name: options.file ?? '<profile>', text });
  const sides = [before, after].map((text) => read(sourceOf(text), options));
  const [errorsBefore = 0, errorsAfter = 0] = sides.map(
    ({ diagnostics }) => diagnostics.filter((d) => d.severity === 'error').length,
  );
  const [old, fresh] = sides.map(({ subject }) => subject);
  if (errorsAfter > errorsBefore || old === undefined || fresh === undefined) return false;
  if (!sameMeaning) return true;
  const own = old.profile.arches.map(({ value }) => value.name);
  // Where the profile names none it can be built for any.
  const arches = [...new Set([...(own.length > 0 ? own : ARCHES.keys()), ...(options.arches ?? [])])];
  return WORLDS.every((world) => {
    const { subject } = read(sourceOf(before), { ...options, ...world, arches });
    if (subject === undefined) return false;
    const policies = policiesOf(subject, old.profile);
    return policiesOf(subject, fresh.profile).every((policy, i) => prove(policy, policies[i] as typeof policy).proved);
  });
}
