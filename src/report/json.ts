/**
 * Everything that a replay found, for programs. 64-bit values are strings ("0x26"), since JSON's readers keep 53 bits;
 * of an argument that is known in part, `known` is the mask of the bits that `value` has. Rules are counted from 0 in the
 * profile's `syscalls`; `span` is in UTF-16 units of its text, lines and columns are counted from 1.
 */
import { toJson as diagnosticJson, jsonForTerminal, positionAt } from '../diag/index.ts';
import type { Replay, SuggestedRule, TracedCall } from '../trace/index.ts';
import { type Entry, entriesOf, type ReportContext } from './entries.ts';

const hex = (n: bigint): string => `0x${n.toString(16)}`;

export function toJson(replay: Replay, context: ReportContext): string {
  return `${jsonForTerminal(replayData(replay, context), 2)}\n`;
}

/** The same as data without bigints, for whoever embeds it. */
export function replayData(replay: Replay, context: ReportContext): Record<string, unknown> {
  const entries = entriesOf(replay, context.policy);
  const of = (kind: Entry['kind']) => entries.filter((entry) => entry.kind === kind).map(entryData);
  return {
    tool: { name: 'seccompc', version: context.version },
    profile: context.profile?.name ?? context.policy?.source.name,
    totals: replay.totals,
    denied: of('denied'),
    ambiguous: of('ambiguous'),
    logged: of('logged'),
    undecided: replay.undecided.map(({ call, ...rest }) => ({ call: callData(call), ...rest })),
    ...(replay.lacking && {
      lacking: {
        kernel: replay.lacking.kernel,
        calls: replay.lacking.calls.map(({ call, ...rest }) => ({ call: callData(call), ...rest })),
      },
    }),
    ...(replay.coverage && {
      coverage: {
        rules: replay.coverage.rules.map((rule) => ({
          ...rule,
          unseen: rule.unseen.map(({ argIndex, value }) => ({ argIndex, value: hex(value) })),
        })),
        unusedCalls: replay.coverage.unusedCalls,
      },
    }),
    sources: replay.sources.map((source) => ({ ...source, diagnostics: source.diagnostics.map(diagnosticJson) })),
    notes: replay.notes.map(diagnosticJson),
  };
}

function callData({ arch, nr, name, args }: TracedCall): Record<string, unknown> {
  return {
    ...(arch && { arch: arch.name }),
    ...(nr !== undefined && { nr }),
    name,
    args: args.map((arg) => (arg === undefined ? null : { known: hex(arg.known), value: hex(arg.value) })),
  };
}

/** A finding as data. */
export function entryData(entry: Entry): Record<string, unknown> {
  const { finding, rules, source } = entry;
  const { verdict, counts, first, last, tasks, timeline, allowing } = finding;
  return {
    call: callData(verdict.call),
    text: entry.callText,
    confidence: verdict.confidence,
    action: entry.action,
    word: verdict.word,
    possible: verdict.possible.map((word, i) => ({ word, action: entry.possible[i] })),
    count: entry.total,
    counts,
    first,
    last,
    tasks,
    ...(timeline && { timeline }),
    rules: rules.map(({ index, span }) => {
      const { line, column } = positionAt(source?.text ?? '', span.start);
      return { index, span, line, column };
    }),
    ...(verdict.path && { path: verdict.path }),
    ...(entry.why !== undefined && { why: entry.why }),
    ...(allowing && { allowing: ruleData(allowing) }),
  };
}

function ruleData({ names, action, args }: SuggestedRule): Record<string, unknown> {
  const conditions = args?.map(({ index, value, valueTwo, op }) => ({
    index,
    value: hex(value),
    valueTwo: hex(valueTwo),
    op,
  }));
  return { names, action, ...(conditions && { args: conditions }) };
}
