/** For the summary of a CI run, or a comment: tables, without HTML. */
import { forMarkdown, positionAt } from '../diag/index.ts';
import { type Checks, checkName, failing, tallyText } from './checks-data.ts';

/** GitHub takes a summary of 1 MiB. */
const MOST_FAILURES = 200;

export function checksMarkdown({ config, base, notes, checks, status }: Checks): string {
  const bad = failing(checks);
  const left = bad.length - MOST_FAILURES;
  const place = ({ source, span, file }: (typeof bad)[number]['diagnostic']) => {
    const name = source?.name ?? file ?? '';
    return source && span ? `${name}:${positionAt(source.text, span.start).line}` : name;
  };
  const lines = [
    `# seccompc ci: ${status === 0 ? 'all is well' : 'not well'}`,
    '',
    `${forMarkdown(config.name)}${base ? `, compared with ${forMarkdown(base.ref)} (${base.commit.slice(0, 12)})` : ''}. ${tallyText(checks)}.`,
    ...notes.flatMap((note) => ['', `Note: ${forMarkdown(note)}`]),
    '',
    '| profile | step | | |',
    '|--|--|--|--|',
    ...checks.map(
      (check) =>
        `| ${forMarkdown(checkName(check))} | ${check.step} | ${check.standing === 'passed' ? 'ok' : `**${check.standing}**`} | ${forMarkdown(check.said)} |`,
    ),
    ...(bad.length > 0 ? ['', '| step | where | what | what to do |', '|--|--|--|--|'] : []),
    ...bad.slice(0, MOST_FAILURES).map(({ check, diagnostic }) => {
      const { code, message, help = '' } = diagnostic;
      const cells = [`${checkName(check)}: ${check.step}`, place(diagnostic), `${code}: ${message}`, help];
      return `| ${cells.map(forMarkdown).join(' | ')} |`;
    }),
    ...(left > 0 ? ['', `${left} more are in the report.`] : []),
  ];
  return `${lines.join('\n')}\n`;
}
