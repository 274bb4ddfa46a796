/** A profile's text to findings. */
import { ARCHES, type Arch } from '../arch/index.ts';
import { type Diagnostic, SeccompcError, type Severity, type Source } from '../diag/index.ts';
import { type OciProfile, type Policy, readProfile, resolve } from '../policy/index.ts';
import { conditions } from './arguments.ts';
import { dangers } from './danger.ts';
import type { Finding, LintOptions } from './finding.ts';
import { withoutIgnored } from './ignore.ts';
import { lifecycle } from './lifecycle.ts';
import { names } from './names.ts';
import { withFix } from './repairs.ts';
import { rules } from './rules.ts';
import { runtime } from './runtime.ts';
import { siblings } from './siblings.ts';
import { Machine, Subject } from './subject.ts';
import { versions } from './versions.ts';

const FAMILIES = [names, rules, conditions, siblings, lifecycle, versions, dangers, runtime];
/** What rules.ts finds out exactly, and policy/ by comparing rules in pairs. */
const BETTER_HERE: ReadonlySet<string> = new Set(['RULE_SUBSUMED']);
const OPTION_FAULTS: ReadonlySet<string> = new Set(['ARCH_UNKNOWN', 'CAP_UNKNOWN', 'KERNEL_VERSION']);
const RANK: Readonly<Record<Severity, number>> = { error: 0, warning: 1, note: 2 };

/**
 * Everything odd in a profile: what cannot be built, what does not do what it seems to, and what should be thought about.
 * Exact where it speaks of meanings: rules that decide nothing and calls that run are found over every argument value.
 *
 * @param profile the text, or a parsed profile, whose text is read again
 * @param options for which ABIs, capabilities and kernel; `level` leaves out what is less
 * @returns findings in the order of the text (offsets are UTF-16); mistakes in the text are findings, too
 * @throws SeccompcError USAGE or ARCH_UNKNOWN for options that cannot be understood
 */
export function lint(profile: string | OciProfile, options: LintOptions = {}): readonly Finding[] {
  const source: Source =
    typeof profile === 'string' ? { name: options.file ?? '<profile>', text: profile } : profile.source;
  const { subject, diagnostics } = read(source, options);
  const own = diagnostics.filter((d) => !BETTER_HERE.has(d.code));
  if (subject !== undefined) for (const family of FAMILIES) family(subject);
  const all = [...own.map((d) => withFix(d, source)), ...once(subject?.findings ?? [], own)];
  const most = RANK[options.level ?? 'note'];
  return withoutIgnored(all, source)
    .filter((f) => RANK[f.severity] <= most)
    .sort((a, b) => (a.span?.start ?? -1) - (b.span?.start ?? -1) || RANK[a.severity] - RANK[b.severity]);
}

/** A rule of which policy/ has said that another one decides instead need not be told so again. */
function once(findings: readonly Finding[], before: readonly Diagnostic[]): readonly Finding[] {
  const isSettled = (code: string) => code === 'RULE_DUPLICATE' || code === 'RULE_CONFLICT';
  const said = new Set(before.map(({ code, span }) => `${isSettled(code) ? 'RULE_SHADOWED' : code} ${span?.start}`));
  return findings.filter((f) => !said.has(`${f.code} ${f.span?.start}`));
}

/** The ABIs of each machine together: rules by architecture are resolved against the machine. */
function machinesOf(profile: OciProfile, options: LintOptions): readonly (readonly string[])[] {
  const named = options.arches ?? profile.arches.map(({ value }) => value.name);
  const groups = new Map<string, string[]>();
  for (const name of new Set(named)) {
    const native = ([...ARCHES.values()] as readonly Arch[]).find((a) => a.name === name)?.native ?? name;
    groups.set(native, [...(groups.get(native) ?? []), name]);
  }
  return [...groups.values()];
}

const ABI = new RegExp(`\\b(${[...ARCHES.keys()].join('|')})\\b`, 'g');

export function read(
  source: Source,
  options: LintOptions,
): { readonly subject: Subject | undefined; readonly diagnostics: readonly Diagnostic[] } {
  const parsed = readProfile(source);
  const kept = new Map<string, Diagnostic>();
  const keep = (d: Diagnostic): void => {
    // The same for every machine: once, with the first one's name.
    const key = `${d.code} ${d.span?.start} ${d.message.replace(ABI, '')}`;
    if (!kept.has(key)) kept.set(key, d);
  };
  for (const d of parsed.diagnostics.sorted) keep(d);
  const { profile } = parsed;
  if (profile === undefined) return { subject: undefined, diagnostics: [...kept.values()] };
  let machines = machinesOf(profile, options);
  if (machines.length === 0 && !profile.namesArches) {
    machines = [['x86_64']];
    const message = 'the profile names no architecture; it is judged for x86_64';
    keep({
      code: 'ARCH_MISSING',
      severity: 'note',
      source,
      span: profile.defaultAction.span,
      message,
      help: 'name others with --arch',
    });
  }
  const policies = machines.map((arches): Policy => {
    const resolved = resolve(profile, { ...options, arches, onConflict: 'error' });
    // What has no place in the text is wrong with the options.
    const misused = resolved.diagnostics.sorted.filter((d) => d.severity === 'error' && d.span === undefined);
    if (misused.some((d) => OPTION_FAULTS.has(d.code))) throw new SeccompcError(misused);
    for (const d of resolved.diagnostics.sorted) keep(d);
    return resolved.policy;
  });
  const subject = new Subject(
    profile,
    policies.map((policy) => new Machine(policy)),
    options,
  );
  return { subject, diagnostics: [...kept.values()] };
}
