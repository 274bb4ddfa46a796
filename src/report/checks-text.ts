/** For a terminal, and for the log of a CI run: a line for each check, then each failure with its place and what to do. */
import { COLOUR, forTerminal, PLAIN, render, type Style, withoutCommands } from '../diag/index.ts';
import { type Check, type Checks, checkName, failing, isBad, type Standing, tallyText } from './checks-data.ts';

const WORDS: Readonly<Record<Standing, string>> = {
  passed: 'ok',
  failed: 'FAILED',
  missing: 'NO EVIDENCE',
  unreadable: 'UNREADABLE',
  skipped: 'skipped',
};

function paint({ standing }: Check, style: Style): (text: string) => string {
  if (standing === 'passed') return (text) => text;
  return standing === 'skipped' ? style.dim : standing === 'failed' ? style.error : style.warning;
}

/** What each profile's checks come to, in columns. */
function lines(checks: readonly Check[], style: Style): readonly string[] {
  const several = checks.some(({ target }) => target !== undefined);
  const most = (texts: readonly string[]) => Math.max(...texts.map((text) => text.length));
  const targets = most(checks.map(({ target = '' }) => forTerminal(target)));
  const steps = most(checks.map(({ step }) => step));
  const words = most(checks.map(({ standing }) => WORDS[standing]));
  return checks.map((check) => {
    const target = several ? `${forTerminal(check.target ?? '').padEnd(targets)}  ` : '';
    const word = paint(check, style)(WORDS[check.standing].padEnd(words));
    return `  ${check.step.padEnd(steps)}  ${target}${word}  ${forTerminal(check.said)}`;
  });
}

export function checksText({ config, base, notes, checks }: Checks, isColoured: boolean): string {
  const style = isColoured ? COLOUR : PLAIN;
  const from = base === undefined ? '' : `, compared with ${forTerminal(base.ref)} (${base.commit.slice(0, 12)})`;
  const profiles = [...new Set(checks.map(({ profile }) => profile))];
  const bad = failing(checks);
  const text = [
    `seccompc ci: ${forTerminal(config.name)}${from}`,
    ...notes.map((note) => `note: ${forTerminal(note)}`),
    ...profiles.flatMap((name) => [
      '',
      forTerminal(name),
      ...lines(
        checks.filter((c) => c.profile === name),
        style,
      ),
    ]),
    ...bad.flatMap(({ check, diagnostic }) => [
      '',
      `${check.step} of ${forTerminal(checkName(check))}:`,
      render(diagnostic, style),
    ]),
    '',
    `${tallyText(checks)}${checks.some(isBad) ? '' : ': all is well'}`,
  ].join('\n');
  return `${withoutCommands(text)}\n`;
}
