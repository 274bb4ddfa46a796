/** The report of `seccompc ci`: one writer for each reader. */
import { jsonForTerminal, toJson } from '../diag/index.ts';
import { type Checks, failing } from './checks-data.ts';
import { checksGithub } from './checks-github.ts';
import { checksJunit } from './checks-junit.ts';
import { checksMarkdown } from './checks-markdown.ts';
import { checksSarif } from './checks-sarif.ts';
import { checksText } from './checks-text.ts';

export { type Check, type Checks, checkName, isBad, type Problem, type Standing, statusOf } from './checks-data.ts';

function checksJson({ version, config, base, notes, checks, status }: Checks): string {
  const data = {
    ok: status === 0,
    status,
    tool: { name: 'seccompc', version },
    config: config.name,
    ...(base && { base }),
    notes,
    checks: checks.map(({ problems, ...check }) => ({
      ...check,
      problems: problems.map(({ diagnostic, failing: fails }) => ({ ...toJson(diagnostic), failing: fails })),
    })),
    diagnostics: failing(checks).map(({ diagnostic }) => toJson(diagnostic)),
  };
  return `${jsonForTerminal(data, 2)}\n`;
}

export type ChecksFormat = 'text' | 'json' | 'sarif' | 'junit' | 'github' | 'markdown';

const WRITERS: Readonly<Record<ChecksFormat, (checks: Checks, isColoured: boolean) => string>> = {
  text: checksText,
  json: checksJson,
  sarif: checksSarif,
  junit: checksJunit,
  github: checksGithub,
  markdown: checksMarkdown,
};

export const CHECKS_FORMATS: readonly ChecksFormat[] = Object.keys(WRITERS) as ChecksFormat[];

/** The whole report, with a line break at its end. */
export function renderChecks(format: ChecksFormat, checks: Checks, isColoured = false): string {
  return WRITERS[format](checks, isColoured);
}
