/**
 * Rules that decide nothing. A rule is taken out for one name, and the meaning of the calls behind that name is compared,
 * with and without it, for every argument value: not the texts. From the last rule to the first, and what is taken out stays
 * out, so that all that is reported may go together.
 *
 * Weak spot: a name in more than MOST_RULES rules is left alone; comparing takes the square of their number.
 */
import type { Code } from '../diag/index.ts';
import { type OciProfile, type OciRule, type Policy, type ResolveOptions, resolve } from '../policy/index.ts';
import { prove } from '../prove/index.ts';
import { Editor } from './edit.ts';
import { listed, type Subject } from './subject.ts';

const MOST_RULES = 64;

interface Dead {
  readonly code: Code;
  readonly names: string[];
  readonly others: Set<OciRule>;
}

export function rules(subject: Subject): void {
  const dead = new Map<OciRule, Map<Code, Dead>>();
  const { profile } = subject;
  const byName = new Map<string, OciRule[]>();
  for (const rule of profile.rules) {
    for (const name of new Set(rule.names.map((n) => n.value))) byName.set(name, [...(byName.get(name) ?? []), rule]);
  }
  const isDefault = ({ action }: OciRule) =>
    action.action === profile.defaultAction.action && (action.errno ?? 1) === (profile.defaultAction.errno ?? 1);
  const note = (rule: OciRule, code: Code, name: string, others: readonly OciRule[]): void => {
    const codes = dead.get(rule) ?? new Map<Code, Dead>();
    const entry = codes.get(code) ?? { code, names: [], others: new Set<OciRule>() };
    entry.names.push(name);
    for (const other of others) entry.others.add(other);
    codes.set(code, entry);
    dead.set(rule, codes);
  };
  for (const [name, all] of byName) {
    // In first-match order a rule with the default action keeps later ones from being asked.
    for (const rule of all)
      if (profile.ruleOrder !== 'first-match' && isDefault(rule)) note(rule, 'RULE_DEFAULT', name, []);
    const counting = all.filter((rule) => profile.ruleOrder === 'first-match' || !isDefault(rule));
    if (counting.length < 2 || counting.length > MOST_RULES) continue;
    for (const { rule, others } of superfluous(subject, name, counting)) {
      const same = others.some((o) => o.action.action === rule.action.action && o.action.errno === rule.action.errno);
      note(rule, same ? 'RULE_SUBSUMED' : 'RULE_SHADOWED', name, others);
    }
  }
  report(subject, dead);
}

/** Rules for a name that may go, with those that stay. */
function superfluous(
  subject: Subject,
  name: string,
  all: readonly OciRule[],
): readonly { readonly rule: OciRule; readonly others: readonly OciRule[] }[] {
  const { profile } = subject;
  const only = (kept: readonly OciRule[]): readonly Policy[] =>
    policiesOf(subject, { ...profile, rules: narrowed(kept, name) });
  let kept = all;
  let meaning = only(kept);
  const out: OciRule[] = [];
  for (const rule of all.toReversed()) {
    // One that holds nowhere under these options, or whose call no ABI has, is for others.
    const isUsed = meaning.some((p) =>
      p.arches.some((a) => a.calls.size > 0 && !a.inactive.some((i) => i.origin.ruleIndex === rule.index)),
    );
    if (!isUsed) continue;
    const fewer = kept.filter((other) => other !== rule);
    const without = only(fewer);
    if (!without.every((policy, i) => prove(policy, meaning[i] as Policy).proved)) continue;
    // Under other capabilities or kernels it may be needed: only rules that hold wherever this one does make it superfluous.
    if (!fewer.some((other) => holdsWherever(other, rule))) continue;
    out.push(rule);
    kept = fewer;
    meaning = without;
  }
  return out.map((rule) => ({ rule, others: kept }));
}

const SAME = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

function holdsWherever(other: OciRule, rule: OciRule): boolean {
  const isFree = ({ includes, excludes, onlyArches }: OciRule) =>
    [includes, excludes].every((f) => f.arches.length + f.caps.length === 0 && f.minKernel === undefined) &&
    onlyArches.length === 0;
  return (
    isFree(other) ||
    (SAME(other.includes, rule.includes) &&
      SAME(other.excludes, rule.excludes) &&
      SAME(other.onlyArches, rule.onlyArches))
  );
}

function narrowed(kept: readonly OciRule[], name: string): readonly OciRule[] {
  return kept.map((rule) => ({ ...rule, names: rule.names.filter((n) => n.value === name).slice(0, 1) }));
}

/** What a profile means on every machine of the subject; conflicts, which are reported elsewhere, settled by order. */
export function policiesOf(
  { machines, options }: Pick<Subject, 'machines' | 'options'>,
  profile: OciProfile,
): readonly Policy[] {
  return machines.map(({ arches }) => {
    const settled: ResolveOptions = { ...options, arches: arches.map(({ arch }) => arch.name), onConflict: 'first' };
    return resolve(profile, settled).policy;
  });
}

function report(subject: Subject, dead: ReadonlyMap<OciRule, ReadonlyMap<Code, Dead>>): void {
  const editor = new Editor(subject.text);
  for (const [rule, codes] of dead) {
    for (const { code, names, others } of codes.values()) {
      const isWhole = names.length === new Set(rule.names.map((n) => n.value)).size;
      const places = rule.names.filter(({ value }) => names.includes(value)).map(({ span }) => span.start);
      const edits = editor.removeItems(isWhole ? [rule.span.start] : places);
      const title = isWhole ? 'remove the rule' : `remove ${listed(names)} from the rule`;
      subject.add({
        code,
        span: rule.span,
        message: MESSAGES[code as keyof typeof MESSAGES](listed(names)),
        related: [...others].slice(0, 3).map((o) => subject.related(o.span, 'this rule stays')),
        fix: edits.length === 0 ? undefined : { title, edits, sameMeaning: true },
      });
    }
  }
}

const MESSAGES = {
  RULE_DEFAULT: (names: string) => `for ${names} this says what the default action says`,
  RULE_SUBSUMED: (names: string) => `without this rule every ${names} gets the same: other rules say it already`,
  RULE_SHADOWED: (names: string) => `without this rule every ${names} gets the same: other rules decide instead`,
} as const;
