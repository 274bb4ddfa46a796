/**
 * JUnit XML, as CI servers read it: a denied call is a failed test, one that cannot be decided a skipped one, all that is
 * allowed one passed test. A trace of which nothing was understood is an error. Elements and attributes are those that
 * Jenkins' schema has; every test has a name of its own, since servers take equal names for the same test.
 * @see Jenkins' xunit plugin, jenkins-junit.xsd; GitLab's "Unit test reports"; Surefire's schema, which asks for times
 */
import { forTerminal, renderPlain } from '../diag/index.ts';
import type { ReadReport, Replay } from '../trace/index.ts';
import { archText, callText, count, plural } from './calls.ts';
import {
  CODE,
  diagnosticOf,
  type Entry,
  entriesOf,
  lackingText,
  type ReportContext,
  sentence,
  undecidedText,
} from './entries.ts';
import { type Case, junitXml } from './junit-parts.ts';

export function toJunit(replay: Replay, context: ReportContext): string {
  const title = `seccompc replay: ${context.profile?.name ?? context.policy?.source.name ?? 'filter'}`;
  return junitXml(title, [
    {
      group: 'replay',
      name: `${count(replay.totals.allowed)} of ${plural(replay.totals.events, 'call')} allowed`,
      outcome: 'passed',
    } as const,
    ...entriesOf(replay, context.policy).map(entryCase),
    ...replay.undecided.map(
      (u): Case => ({
        group: 'undecided',
        name: `${archText(u.call.arch)} ${callText(u.call)}`,
        outcome: 'skipped',
        message: undecidedText(u),
      }),
    ),
    ...(replay.lacking?.calls ?? []).map(
      (each): Case => ({
        group: 'kernel',
        name: `${archText(each.call.arch)} ${callText(each.call)} in Linux ${replay.lacking?.kernel}`,
        outcome: 'skipped',
        message: lackingText(each),
      }),
    ),
    ...replay.sources.map(sourceCase),
  ]);
}

function entryCase(entry: Entry): Case {
  const outcome = { denied: 'failure', ambiguous: 'skipped', logged: 'passed' } as const;
  const why = entry.why === undefined ? '' : `\n${forTerminal(entry.why)}`;
  return {
    group: entry.kind,
    name: `${entry.arch} ${entry.callText}`,
    outcome: outcome[entry.kind],
    type: CODE.denied,
    message: sentence(entry),
    detail: [renderPlain(diagnosticOf(entry)) + why, ...entry.path.map((line) => forTerminal(line))].join('\n'),
  };
}

function sourceCase({ file, format, calls, lines, unread, firstUnread, incomplete }: ReadReport): Case {
  const detail = [...incomplete, ...firstUnread.map(({ line, text }) => `line ${line} not understood: ${text}`)];
  return {
    group: 'traces',
    name: `${file} is read as ${format}`,
    outcome: calls === 0 && lines > 0 ? 'error' : 'passed',
    type: 'TRACE_EMPTY',
    message: `${plural(lines, 'line')}, ${plural(calls, 'call')}, ${count(unread)} not understood`,
    detail: detail.map((line) => forTerminal(line)).join('\n'),
  };
}
