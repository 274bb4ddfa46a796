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

interface Case {
  readonly group: string;
  readonly name: string;
  readonly outcome: 'passed' | 'failure' | 'error' | 'skipped';
  /** In a line. */
  readonly message?: string | undefined;
  /** May hold line breaks. */
  readonly detail?: string | undefined;
}

export function toJunit(replay: Replay, context: ReportContext): string {
  const title = `seccompc replay: ${context.profile?.name ?? context.policy?.source.name ?? 'filter'}`;
  const cases = ownNames([
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
  const having = (outcome: Case['outcome']) => cases.filter((c) => c.outcome === outcome).length;
  const totals = `tests="${cases.length}" failures="${having('failure')}" errors="${having('error')}" time="0"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="${attribute(title)}" ${totals}>`,
    `  <testsuite name="${attribute(title)}" ${totals} skipped="${having('skipped')}">`,
    ...cases.flatMap(caseXml),
    '  </testsuite>',
    '</testsuites>\n',
  ].join('\n');
}

/** Equal names of a group are numbered. */
function ownNames(cases: readonly Case[]): readonly Case[] {
  const seen = new Map<string, number>();
  return cases.map((one) => {
    const key = `${one.group} ${one.name}`;
    const before = seen.get(key) ?? 0;
    seen.set(key, before + 1);
    return before === 0 ? one : { ...one, name: `${one.name} #${before + 1}` };
  });
}

function entryCase(entry: Entry): Case {
  const outcome = { denied: 'failure', ambiguous: 'skipped', logged: 'passed' } as const;
  const why = entry.why === undefined ? '' : `\n${forTerminal(entry.why)}`;
  return {
    group: entry.kind,
    name: `${entry.arch} ${entry.callText}`,
    outcome: outcome[entry.kind],
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
    message: `${plural(lines, 'line')}, ${plural(calls, 'call')}, ${count(unread)} not understood`,
    detail: detail.map((line) => forTerminal(line)).join('\n'),
  };
}

function caseXml({ group, name, outcome, message = '', detail = '' }: Case): readonly string[] {
  const open = `    <testcase classname="seccompc.${group}" name="${attribute(name)}" time="0"`;
  const said = `message="${attribute(message)}"`;
  if (outcome === 'skipped') return [`${open}><skipped ${said}/></testcase>`];
  const type = outcome === 'failure' ? CODE.denied : 'TRACE_EMPTY';
  if (outcome !== 'passed')
    return [`${open}><${outcome} type="${type}" ${said}>${escaped(detail)}</${outcome}></testcase>`];
  const output = [message, detail].filter((text) => text !== '').join('\n');
  return [output === '' ? `${open}/>` : `${open}><system-out>${escaped(output)}</system-out></testcase>`];
}

const ENTITIES: Readonly<Record<string, string>> = {
  '<': '&lt;',
  '>': '&gt;',
  '&': '&amp;',
  '"': '&quot;',
  "'": '&apos;',
};

/**
 * XML 1.0 has no place for most control characters, lone surrogates and two non-characters, not even as references. What a
 * CI runner obeys in a line is written as references.
 */
function escaped(text: string): string {
  return text
    .split('\n')
    .map((line) =>
      forTerminal(line)
        .replace(/[\ufffe\uffff]/g, (c) => `\\u{${c.charCodeAt(0).toString(16)}}`)
        .replace(/[<>&"']/g, (c) => ENTITIES[c] ?? c)
        .replace(/^(\s*)::/, '$1&#58;:')
        .replaceAll('##[', '#&#35;['),
    )
    .join('\n');
}

const attribute = (text: string): string => escaped(forTerminal(text));
