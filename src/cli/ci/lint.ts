/** lint: for every target, each finding once, without those that the configuration knows. */
import type { ProfileEntry } from '../../config/index.ts';
import { CODES, type Code, type Diagnostic, type Severity, type Source } from '../../diag/index.ts';
import { type Finding, lint } from '../../lint/index.ts';
import type { Problem } from '../../report/checks.ts';
import { type Outcome, plural } from './step.ts';

const RANK: Readonly<Record<Severity | 'none', number>> = { none: -1, error: 0, warning: 1, note: 2 };

export function lintStep({ targets, lintIgnore, fail }: ProfileEntry, source: Source, config: Source): Outcome {
  const found = new Map<string, Finding>();
  for (const { options } of targets) {
    const { onConflict: _, ...judged } = options;
    for (const f of lint(source.text, { ...judged, file: source.name })) {
      const key = `${f.code} ${f.span?.start} ${f.message}`;
      if (!found.has(key)) found.set(key, f);
    }
  }
  // What keeps a profile from being built is not helped by silence.
  const isIgnored = (f: Finding) => f.severity !== 'error' && lintIgnore.some(({ code }) => code.value === f.code);
  const findings = [...found.values()];
  const shown: readonly Diagnostic[] = [
    ...findings.filter((f) => !isIgnored(f)),
    ...lintIgnore
      .filter(({ code }) => !findings.some((f) => f.code === code.value))
      .map(({ code }) => unused(code.value, code.span, config)),
  ];
  const fails = (d: Diagnostic) => RANK[d.severity] <= RANK[fail.lint];
  const problems = shown.map((diagnostic): Problem => ({ diagnostic, failing: fails(diagnostic) }));
  const of = (severity: Severity) => shown.filter((d) => d.severity === severity).length;
  const ignored = findings.filter(isIgnored).length;
  const said = `${plural(of('error'), 'error')}, ${plural(of('warning'), 'warning')}, ${plural(of('note'), 'note')}${ignored > 0 ? `; ${ignored} ignored` : ''}`;
  return { standing: problems.some(({ failing }) => failing) ? 'failed' : 'passed', said, problems };
}

function unused(code: Code, span: Diagnostic['span'], source: Source): Diagnostic {
  const severity = CODES.LINT_IGNORE_UNUSED.severity;
  return { code: 'LINT_IGNORE_UNUSED', severity, source, span, message: `there is no ${code} to ignore any more` };
}
