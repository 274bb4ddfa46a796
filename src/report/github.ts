/**
 * Workflow commands that GitHub Actions turns into annotations: one a line, at the deciding rule of the profile, or where
 * none decides at the first such line of the trace. GitHub shows ten of a level for a step and drops the others, so what
 * does not fit is printed as plain lines of the log, and the sum says so.
 * @see https://docs.github.com/actions/reference/workflow-commands-for-github-actions
 */
import { forTerminal, positionAt, withoutCommands } from '../diag/index.ts';
import type { Replay } from '../trace/index.ts';
import { count, plural } from './calls.ts';
import {
  type Entry,
  entriesOf,
  lackingText,
  type ReportContext,
  SEVERITY,
  sentence,
  undecidedText,
} from './entries.ts';

interface Annotation {
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

export function toGithub(replay: Replay, context: ReportContext): string {
  const { totals } = replay;
  const summary = `${plural(totals.events, 'call')}: ${count(totals.allowed)} allowed, ${count(totals.logged)} logged, ${count(totals.denied)} denied, ${count(totals.ambiguous)} ambiguous, ${count(totals.undecided)} undecided`;
  const annotations: readonly Annotation[] = [
    ...entriesOf(replay, context.policy).map(entryAnnotation),
    ...replay.undecided.map(
      (u): Annotation => ({ level: 'warning', title: 'undecided call', lines: [undecidedText(u)], ...u.first }),
    ),
    ...(replay.lacking?.calls ?? []).map(
      (each): Annotation => ({
        level: 'notice',
        title: `not in Linux ${replay.lacking?.kernel}`,
        lines: [lackingText(each)],
        ...each.first,
      }),
    ),
    ...replay.sources.flatMap(({ file, incomplete, unread, firstUnread }): readonly Annotation[] => [
      ...incomplete.map((why): Annotation => ({ level: 'warning', title: 'incomplete trace', lines: [why], file })),
      ...(unread > 0
        ? [
            {
              level: 'warning' as const,
              title: 'lines not understood',
              lines: [`${plural(unread, 'line')} not understood`],
              file,
              line: firstUnread[0]?.line,
            },
          ]
        : []),
    ]),
  ];
  const { shown, left } = fitting(annotations);
  const sum: Annotation = {
    level: 'notice',
    title: 'seccompc replay',
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

function entryAnnotation(entry: Entry): Annotation {
  const { finding, rules, source } = entry;
  const [rule] = rules;
  const severity = SEVERITY[entry.kind];
  const { first } = finding;
  const place = rule && source ? positionAt(source.text, rule.span.start) : undefined;
  return {
    level: severity === 'note' ? 'notice' : severity,
    title: `${entry.kind}: ${entry.callText}`,
    lines: [
      sentence(entry),
      `first at ${first.file}:${first.line}`,
      ...(entry.why === undefined ? [] : [entry.why]),
      ...entry.path,
      ...(entry.allowing === undefined || entry.kind === 'logged' ? [] : [`to allow it: ${entry.allowing}`]),
    ],
    ...(place ? { file: source?.name, line: place.line, column: place.column } : first),
  };
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
