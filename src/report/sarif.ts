/**
 * SARIF 2.1.0, for code scanning: each finding at its first line in the trace, with the deciding rules as related places.
 * Incomplete traces and lines that were not understood are notifications, so that "no results" is not read as "all well".
 * A finding's fingerprint is made of the call, not of its line, which is another one in every recording.
 * @see https://docs.oasis-open.org/sarif/sarif/v2.1.0/ sections 3.11 (messages), 3.20.21 (notifications), 3.27 (results)
 * @see GitHub's "SARIF support for code scanning": what it requires of rules, results and fingerprints, and its limits
 */
import { CODES, jsonForTerminal, sarifMessage as message, positionAt, uriOf } from '../diag/index.ts';
import { fingerprint } from '../num/fingerprint.ts';
import type { LackingCall, Replay, TracedCall } from '../trace/index.ts';
import { argText, plural } from './calls.ts';
import {
  CODE,
  type Entry,
  entriesOf,
  lackingText,
  type ReportContext,
  SEVERITY,
  sentence,
  undecidedText,
} from './entries.ts';

const RULES = ['REPLAY_DENIED', 'REPLAY_AMBIGUOUS', 'REPLAY_LOGGED', 'REPLAY_UNDECIDED', 'REPLAY_LACKING'] as const;
type RuleId = (typeof RULES)[number];

const HELP: Readonly<Record<RuleId, string>> = {
  REPLAY_DENIED:
    'Under this filter the program would not get what it asked for. Allow the call by the rule that the result names, or keep the program from making it.',
  REPLAY_AMBIGUOUS:
    'Record with whole registers to decide it: strace -f -n -e raw=all -e quiet=attach,path-resolution,thread-execve -o FILE COMMAND',
  REPLAY_LOGGED: 'The call runs; the kernel writes a line to its log each time.',
  REPLAY_UNDECIDED: 'No ABI of the filter has a call of this name. Record with numbers (strace -n) to decide it.',
  REPLAY_LACKING: 'The kernel answers ENOSYS where the filter lets the call through. Programs often have another way.',
};

/** GitHub takes no more results of a run. */
const MOST_RESULTS = 25_000;

export function toSarif(replay: Replay, context: ReportContext): string {
  const notifications = replay.sources.flatMap(({ file, incomplete, unread }) => [
    ...incomplete.map((why) => notification(file, why)),
    ...(unread > 0 ? [notification(file, `${plural(unread, 'line')} not understood`)] : []),
  ]);
  const results = [
    ...entriesOf(replay, context.policy).map(resultOf),
    ...replay.undecided.map(undecidedResult),
    ...(replay.lacking?.calls ?? []).map(lackingResult),
  ];
  const left = results.length - MOST_RESULTS;
  if (left > 0) notifications.push(notification(undefined, `${plural(left, 'more finding')} left out`));
  const run = {
    tool: {
      driver: {
        name: 'seccompc',
        version: context.version,
        rules: RULES.map((id) => ({
          id,
          shortDescription: { text: CODES[id].about },
          fullDescription: { text: `In a replayed trace: ${CODES[id].about}.` },
          help: { text: HELP[id] },
          defaultConfiguration: { level: CODES[id].severity },
        })),
      },
    },
    invocations: [{ executionSuccessful: true, toolExecutionNotifications: notifications }],
    columnKind: 'unicodeCodePoints',
    results: results.slice(0, MOST_RESULTS),
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
      finding.verdict.call,
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
    ...((entry.allowing !== undefined || entry.path.length > 0) && {
      properties: {
        ...(entry.allowing !== undefined && { allowing: entry.allowing }),
        ...(finding.verdict.path && { path: finding.verdict.path }),
      },
    }),
  };
}

function undecidedResult(undecided: Replay['undecided'][number]): Record<string, unknown> {
  const { first, count } = undecided;
  return {
    ...result('REPLAY_UNDECIDED', 'warning', undecided.call, undecidedText(undecided)),
    occurrenceCount: count,
    locations: [place(first.file, { startLine: first.line })],
  };
}

function lackingResult(lacking: LackingCall): Record<string, unknown> {
  const { first, count, call } = lacking;
  return {
    ...result('REPLAY_LACKING', 'note', call, lackingText(lacking)),
    occurrenceCount: count,
    locations: [place(first.file, { startLine: first.line })],
  };
}

const result = (ruleId: RuleId, level: string, call: TracedCall, text: string): Record<string, unknown> => ({
  ruleId,
  ruleIndex: RULES.indexOf(ruleId),
  level,
  message: message(text),
  partialFingerprints: { primaryLocationLineHash: `${fingerprintOf(ruleId, call)}:1` },
});

/** The same for the same call in every trace; of two calls never the same. */
function fingerprintOf(ruleId: RuleId, { arch, nr, name, args }: TracedCall): string {
  return fingerprint(JSON.stringify([ruleId, arch?.name, nr, name, args.map(argText)]));
}

const notification = (file: string | undefined, text: string): Record<string, unknown> => ({
  level: 'warning',
  message: message(text),
  ...(file !== undefined && { locations: [place(file)] }),
});

function place(file: string, region?: Record<string, number>): Record<string, unknown> {
  return { physicalLocation: { artifactLocation: { uri: uriOf(file) }, ...(region && { region }) } };
}
