/**
 * Workflow commands that GitHub Actions turns into annotations. GitHub shows ten of a level for a step and drops the
 * others, so what does not fit is printed as plain lines of the log, and the sum says so.
 * @see https://docs.github.com/actions/reference/workflow-commands-for-github-actions
 */
import { forTerminal, type Severity, withoutCommands } from '../diag/index.ts';
import { plural } from './calls.ts';

export interface Annotation {
  readonly level: 'error' | 'warning' | 'notice';
  readonly title: string;
  readonly lines: readonly string[];
  readonly file?: string | undefined;
  readonly line?: number | undefined;
  readonly column?: number | undefined;
}

/** Of each level in a step. */
const MOST_ANNOTATIONS = 10;
/** Characters of a title. */
const MOST_TITLE = 255;

export const levelOf = (severity: Severity): Annotation['level'] => (severity === 'note' ? 'notice' : severity);

/** All of them, with a notice that sums up. */
export function githubLines(annotations: readonly Annotation[], title: string, summary: string): string {
  const { shown, left } = fitting(annotations);
  const sum: Annotation = {
    level: 'notice',
    title,
    lines: [summary, ...(left.length > 0 ? [`${plural(left.length, 'more finding')} in the log of this step`] : [])],
  };
  return `${[...[...shown, sum].map(command), ...left.map(plainLine)].join('\n')}\n`;
}

/** The first ones of each level, and the others; the sum is a notice, too. */
function fitting(all: readonly Annotation[]): Readonly<Record<'shown' | 'left', readonly Annotation[]>> {
  const room = { error: MOST_ANNOTATIONS, warning: MOST_ANNOTATIONS, notice: MOST_ANNOTATIONS - 1 };
  const shown: Annotation[] = [];
  const left: Annotation[] = [];
  for (const one of all) {
    room[one.level] -= 1;
    (room[one.level] >= 0 ? shown : left).push(one);
  }
  return { shown, left };
}

function plainLine({ level, lines, file, line }: Annotation): string {
  const place = file === undefined ? '' : ` (${file}${line === undefined ? '' : `:${line}`})`;
  return withoutCommands(`${level}: ${lines.map((text) => forTerminal(text)).join('; ')}${forTerminal(place)}`);
}

function command({ level, title, lines, file, line, column }: Annotation): string {
  const properties = Object.entries({ file, line, col: column, title: forTerminal(title).slice(0, MOST_TITLE) })
    .filter(([, value]) => value !== undefined)
    .map(
      ([key, value]) =>
        `${key}=${data(forTerminal(String(value)))
          .replaceAll(':', '%3A')
          .replaceAll(',', '%2C')}`,
    );
  return `::${level} ${properties.join(',')}::${data(lines.map((text) => forTerminal(text)).join('\n'))}`;
}

/** As the runner decodes it. */
const data = (text: string): string => text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
