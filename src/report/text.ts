/** For a terminal: what was replayed, each denial with its rule, what is unsure, what of the profile was used, what was read. */
import {
  COLOUR,
  type Diagnostic,
  forTerminal,
  PLAIN,
  render as renderDiagnostic,
  type Style,
  withoutCommands,
} from '../diag/index.ts';
import type { Coverage, ReadReport, Replay } from '../trace/index.ts';
import { count, plural, ruleText } from './calls.ts';
import {
  diagnosticOf,
  type Entry,
  type EntryKind,
  entriesOf,
  lackingText,
  lackingTitle,
  type ReportContext,
  tasksText,
  undecidedText,
  unnamed,
} from './entries.ts';

const DEFAULT_WIDTH = 100;
const LEAST_WIDTH = 40;
const BAR = 20;
const MOST_UNUSED_CALLS = 12;
const MOST_UNUSED_RULES = 10;

export function toText(replay: Replay, context: ReportContext): string {
  const style = context.colour ? COLOUR : PLAIN;
  const width = Math.max(LEAST_WIDTH, context.width ?? DEFAULT_WIDTH);
  const entries = entriesOf(replay, context.policy);
  const blocks = [
    summary(replay, context, style),
    ...section('denied', entries, style, 'Denied'),
    ...together(unnamed(entries, context.policy)),
    ...section('ambiguous', entries, style, 'Perhaps denied: the trace does not tell enough'),
    ...undecided(replay, style),
    ...lacking(replay, style),
    ...section('logged', entries, style, 'Allowed and logged'),
    ...(replay.coverage ? [coverageText(replay.coverage, style, width)] : []),
    sourcesText(replay.sources, style),
    ...replay.notes.map((note: Diagnostic) => renderDiagnostic(note, style)),
  ];
  return `${withoutCommands(blocks.filter((block) => block !== '').join('\n\n'))}\n`;
}

function summary({ totals, sources }: Replay, { profile, policy }: ReportContext, style: Style): string {
  const against = forTerminal(profile?.name ?? policy?.source.name ?? 'the filter');
  const rows: readonly (readonly [string, number, (text: string) => string, string])[] = [
    ['allowed', totals.allowed, (t) => t, ''],
    ['logged', totals.logged, style.note, ''],
    ['denied', totals.denied, style.error, ''],
    ['ambiguous', totals.ambiguous, style.warning, 'depends on what the trace does not tell'],
    ['undecided', totals.undecided, style.warning, 'no number is known for the name'],
    ['unfiltered', totals.unfiltered, style.warning, 'the kernel shows these to no filter'],
    ['hypothetical', totals.hypothetical, style.warning, 'of all: behind a call that fails, or may fail'],
    ['unreachable', totals.unreachable, style.warning, 'of all: behind a kill'],
  ];
  const digits = Math.max(...rows.map(([, n]) => count(n).length));
  const always = new Set(['allowed', 'denied']);
  return [
    `${plural(totals.events, 'call')} (${count(totals.distinct)} distinct) of ${plural(sources.length, 'trace')} against ${against}`,
    ...rows
      .filter(([name, n]) => n > 0 || always.has(name))
      .map(([name, n, paint, about]) => {
        const number = count(n).padStart(digits);
        return `  ${name.padEnd(12)} ${n > 0 ? paint(number) : number}${about === '' ? '' : `  ${style.dim(about)}`}`;
      }),
  ].join('\n');
}

function section(kind: EntryKind, entries: readonly Entry[], style: Style, title: string): readonly string[] {
  const own = entries.filter((entry) => entry.kind === kind);
  if (own.length === 0) return [];
  return [`${title}: ${plural(own.length, 'distinct call')}`, ...own.map((entry) => entryText(entry, style))];
}

/** One rule for the calls that no rule names: where a profile lacks twenty, nobody wants to gather them by hand. */
function together(names: readonly string[]): readonly string[] {
  if (names.length < 2) return [];
  const rule = ruleText({ names, action: 'SCMP_ACT_ALLOW' });
  return [
    `One rule for the ${names.length} calls that none names, if they are all to be allowed:\n   ${forTerminal(rule)}`,
  ];
}

function entryText(entry: Entry, style: Style): string {
  const { finding, why } = entry;
  const { first, last } = finding;
  const who = tasksText(finding);
  const lines = [
    ...(last.file === first.file && last.line === first.line ? [] : [`last at ${last.file}:${last.line}`]),
    ...(who === '' ? [] : [`by ${who}`]),
    ...(why === undefined ? [] : [why]),
    ...entry.path,
  ];
  return [renderDiagnostic(diagnosticOf(entry), style), ...lines.map((line) => `   ${forTerminal(line)}`)].join('\n');
}

function undecided({ undecided: list }: Replay, style: Style): readonly string[] {
  if (list.length === 0) return [];
  const rows = list.map(
    (each) =>
      `  ${forTerminal(`${each.first.file}:${each.first.line}`)} ${style.warning('warning')} REPLAY_UNDECIDED ${forTerminal(undecidedText(each))}`,
  );
  return [[`Undecided: ${plural(list.length, 'distinct call')}`, ...rows].join('\n')];
}

function lacking({ lacking: asked }: Replay, style: Style): readonly string[] {
  if (asked === undefined) return [];
  const rows = asked.calls.map(
    (each) =>
      `  ${forTerminal(`${each.first.file}:${each.first.line}`)} ${style.note('note')} REPLAY_LACKING ${forTerminal(lackingText(each))}`,
  );
  return [[forTerminal(lackingTitle(asked)), ...rows].join('\n')];
}

function bar(part: number, whole: number): string {
  const filled = whole === 0 ? 0 : Math.floor((part * BAR) / whole);
  return `[${'#'.repeat(filled)}${'.'.repeat(BAR - filled)}]`;
}

function coverageText({ rules, unusedCalls }: Coverage, style: Style, width: number): string {
  const used = rules.filter((rule) => rule.hits + rule.possibleHits > 0);
  const idle = rules.filter((rule) => rule.hits + rule.possibleHits === 0);
  const unseen = rules.filter((rule) => rule.hits + rule.possibleHits > 0 && rule.unseen.length > 0);
  const dangerous = unusedCalls.filter((call) => call.danger > 0);
  const lines = [
    `Coverage: ${bar(used.length, rules.length)} ${count(used.length)} of ${plural(rules.length, 'rule')} used; ${plural(unusedCalls.length, 'allowed call')} never made`,
  ];
  for (const { ruleIndex, names } of idle.slice(0, MOST_UNUSED_RULES))
    lines.push(...wrapped(`  rule ${ruleIndex} never used: `, names, width));
  if (idle.length > MOST_UNUSED_RULES)
    lines.push(`  and ${plural(idle.length - MOST_UNUSED_RULES, 'more rule')} never used`);
  for (const { ruleIndex, unseen: values } of unseen) {
    const each = values.map(({ argIndex, value }) => `arg${argIndex} 0x${value.toString(16)}`);
    lines.push(...wrapped(`  rule ${ruleIndex} asks for values never seen: `, each, width));
  }
  for (const { name, arches, why } of dangerous.slice(0, MOST_UNUSED_CALLS))
    lines.push(
      `  ${style.warning('never made, dangerous')} ${forTerminal(name)} (${arches.join(', ')})${why === undefined ? '' : `: ${forTerminal(why)}`}`,
    );
  if (dangerous.length > MOST_UNUSED_CALLS)
    lines.push(`  and ${plural(dangerous.length - MOST_UNUSED_CALLS, 'more dangerous call')} never made`);
  return lines.join('\n');
}

/** A list behind its title, broken between items. Three lines at most; the rest is counted. */
function wrapped(title: string, items: readonly string[], width: number): readonly string[] {
  const mostLines = 3;
  const lines: string[] = [];
  let line = title;
  let taken = 0;
  for (const item of items) {
    const piece = forTerminal(item) + (taken + 1 < items.length ? ', ' : '');
    if (taken > 0 && line.length + piece.length > width) {
      lines.push(line.trimEnd());
      if (lines.length === mostLines) return [...lines, `    and ${count(items.length - taken)} more`];
      line = '    ';
    }
    line += piece;
    taken += 1;
  }
  return [...lines, line.trimEnd()];
}

function sourcesText(sources: readonly ReadReport[], style: Style): string {
  return sources
    .flatMap((source) => [
      forTerminal(
        `Read ${source.file}: ${source.format}${source.detected === undefined ? '' : ` (${source.detected})`}, ${plural(source.lines, 'line')}, ${plural(source.calls, 'call')}, ${count(source.other)} other, ${count(source.unread)} not understood`,
      ),
      ...(source.hasArguments ? [] : ['  this format carries no arguments: rules that look at them cannot be decided']),
      ...(source.hasArch ? [] : ['  this format does not tell the architecture']),
      ...source.incomplete.map((why) => `  ${style.warning('incomplete')} ${forTerminal(why)}`),
      ...source.firstUnread.map(({ line, text }) => {
        const shown = text.length > 160 ? `${text.slice(0, 160)}…` : text;
        return `  ${style.warning('not understood')} line ${line}: ${forTerminal(shown)}`;
      }),
      ...source.diagnostics.map((d) => renderDiagnostic(d, style)),
    ])
    .join('\n');
}
