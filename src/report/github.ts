/** Annotations of GitHub Actions: each finding at the deciding rule of the profile, or where none decides at its first line in the trace. */
import { positionAt } from '../diag/index.ts';
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
import { type Annotation, githubLines, levelOf } from './github-parts.ts';

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
  return githubLines(annotations, 'seccompc replay', summary);
}

function entryAnnotation(entry: Entry): Annotation {
  const { finding, rules, source } = entry;
  const [rule] = rules;
  const severity = SEVERITY[entry.kind];
  const { first } = finding;
  const place = rule && source ? positionAt(source.text, rule.span.start) : undefined;
  return {
    level: levelOf(severity),
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
