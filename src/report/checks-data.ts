/**
 * What `seccompc ci` found, as plain data: one check for each step of each profile and target, each with its problems.
 * Nothing in here is escaped; the writers do that, each for its sink.
 */
import type { Diagnostic, Source } from '../diag/index.ts';

/**
 * missing: evidence that could not be had. unreadable: what the configuration names cannot be read, or makes no sense.
 * skipped: it needs what has failed before, or nobody asks for it.
 */
export type Standing = 'passed' | 'failed' | 'missing' | 'unreadable' | 'skipped';

export interface Problem {
  readonly diagnostic: Diagnostic;
  /** It makes the step fail; else it is only told. */
  readonly failing: boolean;
}

export interface Check {
  /** The profile's name in reports. */
  readonly profile: string;
  /** Absent where the profile has one, or the step is about all of them. */
  readonly target?: string | undefined;
  readonly step: string;
  readonly standing: Standing;
  /** In a line: what was found, or why it was not looked at. */
  readonly said: string;
  readonly problems: readonly Problem[];
}

export interface Checks {
  /** Of seccompc. */
  readonly version: string;
  readonly config: Source;
  /** What the profiles were compared with: 'origin/main', and the commit. */
  readonly base?: { readonly ref: string; readonly commit: string } | undefined;
  /** About the whole. */
  readonly notes: readonly string[];
  readonly checks: readonly Check[];
  readonly status: 0 | 1 | 2 | 3;
}

/** 1: something is found; else 2: something cannot be read; else 3: evidence is missing. */
export function statusOf(checks: readonly Check[]): Checks['status'] {
  const has = (standing: Standing) => checks.some((check) => check.standing === standing);
  return has('failed') ? 1 : has('unreadable') ? 2 : has('missing') ? 3 : 0;
}

export const isBad = ({ standing }: Check): boolean => standing !== 'passed' && standing !== 'skipped';

/** Everything that fails, each once: lint and the compiler may find the same. */
export function failing(
  checks: readonly Check[],
): readonly { readonly check: Check; readonly diagnostic: Diagnostic }[] {
  const seen = new Set<string>();
  return checks.flatMap((check) =>
    check.problems.flatMap(({ diagnostic, failing: fails }) => {
      const { code, source, file, span, message } = diagnostic;
      const key = JSON.stringify([code, source?.name ?? file, span?.start, message]);
      if (!fails || seen.has(key)) return [];
      seen.add(key);
      return [{ check, diagnostic }];
    }),
  );
}

/** 'seccomp.json (x86_64)'. */
export const checkName = ({ profile, target }: Check): string =>
  target === undefined ? profile : `${profile} (${target})`;

/** '7 of 9 checks passed, 1 failed, 1 skipped'. */
export function tallyText(checks: readonly Check[]): string {
  const of = (standing: Standing) => checks.filter((check) => check.standing === standing).length;
  const rest = (['failed', 'unreadable', 'missing', 'skipped'] as const).flatMap((standing) =>
    of(standing) > 0 ? [`${of(standing)} ${standing === 'missing' ? 'without evidence' : standing}`] : [],
  );
  return [`${of('passed')} of ${checks.length} checks passed`, ...rest].join(', ');
}
