/**
 * SARIF 2.1.0, for code scanning: each finding at its first line in the trace, with the deciding rules as related places.
 * Incomplete traces and lines that were not understood are notifications, so that "no results" is not read as "all well".
 * @see https://docs.oasis-open.org/sarif/sarif/v2.1.0/ sections 3.11 (messages), 3.20.21 (notifications), 3.27 (results)
 */
import { CODES, forTerminal, jsonForTerminal, positionAt } from '../diag/index.ts';
import type { Replay } from '../trace/index.ts';
import { plural } from './calls.ts';
import { CODE, type Entry, entriesOf, type ReportContext, SEVERITY, sentence, undecidedText } from './entries.ts';

const RULES = ['REPLAY_DENIED', 'REPLAY_AMBIGUOUS', 'REPLAY_LOGGED', 'REPLAY_UNDECIDED'] as const;

export function toSarif(replay: Replay, context: ReportContext): string {
  const notifications = replay.sources.flatMap(({ file, incomplete, unread }) => [
    ...incomplete.map((why) => notification(file, why)),
    ...(unread > 0 ? [notification(file, `${plural(unread, 'line')} not understood`)] : []),
  ]);
  const run = {
    tool: {
      driver: {
        name: 'seccompc',
        version: context.version,
        rules: RULES.map((id) => ({
          id,
          shortDescription: { text: CODES[id].about },
          defaultConfiguration: { level: CODES[id].severity },
        })),
      },
    },
    invocations: [{ executionSuccessful: true, toolExecutionNotifications: notifications }],
    columnKind: 'unicodeCodePoints',
    results: [...entriesOf(replay, context.policy).map(resultOf), ...replay.undecided.map(undecidedResult)],
  };
  return `${jsonForTerminal({ $schema: 'https://json.schemastore.org/sarif-2.1.0.json', version: '2.1.0', runs: [run] }, 2)}\n`;
}

function resultOf(entry: Entry): Record<string, unknown> {
  const { finding, rules, source } = entry;
  const severity = SEVERITY[entry.kind];
  return {
    ...result(
      CODE[entry.kind],
      severity,
      entry.why === undefined ? sentence(entry) : `${sentence(entry)}: ${entry.why}`,
    ),
    occurrenceCount: entry.total,
    locations: [place(finding.first.file, { startLine: finding.first.line })],
    relatedLocations: rules.map(({ index, span }) => {
      const { line, column } = positionAt(source?.text ?? '', span.start);
      const region = { startLine: line, startColumn: column };
      return {
        ...place(source?.name ?? '', region),
        message: message(`rule ${index} ${entry.kind === 'ambiguous' ? 'may decide' : 'decides'}`),
      };
    }),
    ...(entry.allowing !== undefined && { properties: { allowing: entry.allowing } }),
  };
}

function undecidedResult(undecided: Replay['undecided'][number]): Record<string, unknown> {
  const { first, count } = undecided;
  return {
    ...result('REPLAY_UNDECIDED', 'warning', undecidedText(undecided)),
    occurrenceCount: count,
    locations: [place(first.file, { startLine: first.line })],
  };
}

const result = (ruleId: (typeof RULES)[number], level: string, text: string): Record<string, unknown> => ({
  ruleId,
  ruleIndex: RULES.indexOf(ruleId),
  level,
  message: message(text),
});

const notification = (file: string, text: string): Record<string, unknown> => ({
  level: 'warning',
  message: message(text),
  locations: [place(file)],
});

/** A viewer makes links of brackets and fills in braces. */
const message = (text: string): { readonly text: string } => ({
  text: forTerminal(text)
    .replace(/[\\[\]]/g, '\\$&')
    .replace(/[{}]/g, '$&$&'),
});

function place(file: string, region?: Record<string, number>): Record<string, unknown> {
  return { physicalLocation: { artifactLocation: { uri: uri(file) }, ...(region && { region }) } };
}

/** A path as a URI reference; a colon is encoded, so that no path becomes a scheme. */
function uri(path: string): string {
  const encoded = path
    .replace(/\p{Surrogate}/gu, '\ufffd')
    .split('/')
    .map((part) => encodeURIComponent(part))
    .join('/');
  return path.startsWith('/') ? `file://${encoded.replace(/^\/+/, '/')}` : encoded;
}
