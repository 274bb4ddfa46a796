/**
 * Each finding of a replay as plain data, made once for all writers: words for the call, what the filter says, where the
 * deciding rule stands. Nothing in here is escaped; the writers do that, each for its sink.
 */
import { type Arch, describeWord, SECCOMP_RET_ALLOW, SECCOMP_RET_LOG } from '../arch/index.ts';
import type { Diagnostic, Severity, Source, Span } from '../diag/index.ts';
import { type CallPolicy, describeCondition, type Policy } from '../policy/index.ts';
import type { Finding, LackingCall, Replay, TracedCall, Verdict } from '../trace/index.ts';
import { archText, callText, count, nameText, plural, ruleText, times, unknownArgs } from './calls.ts';

/** What the replay was held against, and how to write it. */
export interface ReportContext {
  /** The profile, program or ELF file; the text only where it is a profile's. */
  readonly profile?: { readonly name: string; readonly text: string } | undefined;
  /** Gives the deciding rules their places. */
  readonly policy?: Policy | undefined;
  /** Text only. */
  readonly colour?: boolean | undefined;
  /** Columns that lists are broken at; text only. Default 100. */
  readonly width?: number | undefined;
  /** Of seccompc. */
  readonly version: string;
}

export type EntryKind = 'denied' | 'ambiguous' | 'logged';

export interface Entry {
  readonly kind: EntryKind;
  readonly finding: Finding;
  readonly name: string;
  readonly arch: string;
  readonly callText: string;
  /** 'ERRNO(1 EPERM)': what the filter says; the strictest where several are possible. */
  readonly action: string;
  readonly possible: readonly string[];
  readonly total: number;
  /** 'filter.json', its rules that decide (or may), by position; the span is that of the call's name in the rule. */
  readonly rules: readonly { readonly index: number; readonly span: Span }[];
  readonly source: Source | undefined;
  /** Why this verdict: the default action and the rules that do not match, or what the trace does not tell. */
  readonly why: string | undefined;
  readonly allowing: string | undefined;
  /** The instructions that decide, a line each; empty for a profile, and where there is not one way. */
  readonly path: readonly string[];
}

export const SEVERITY: Readonly<Record<EntryKind, Severity>> = {
  denied: 'error',
  ambiguous: 'warning',
  logged: 'note',
};
export const CODE: {
  readonly denied: 'REPLAY_DENIED';
  readonly ambiguous: 'REPLAY_AMBIGUOUS';
  readonly logged: 'REPLAY_LOGGED';
} = { denied: 'REPLAY_DENIED', ambiguous: 'REPLAY_AMBIGUOUS', logged: 'REPLAY_LOGGED' };

/** Of a path so many steps are shown: the last ones, which decide. */
const MOST_STEPS = 16;
/** Of rules that do not match so many are named. */
const MOST_NAMED = 3;

/** Denied, ambiguous, logged, each in the order of the replay. */
export function entriesOf(replay: Replay, policy: Policy | undefined): readonly Entry[] {
  const spans = ruleSpans(policy);
  const make = (kind: EntryKind) => (finding: Finding) => entryOf(kind, finding, policy, spans);
  return [
    ...replay.denied.map(make('denied')),
    ...replay.ambiguous.map(make('ambiguous')),
    ...replay.logged.map(make('logged')),
  ];
}

function entryOf(
  kind: EntryKind,
  finding: Finding,
  policy: Policy | undefined,
  spans: ReadonlyMap<number, Span>,
): Entry {
  const { verdict, counts, allowing } = finding;
  const { call } = verdict;
  const words = verdict.possible.map((word) => describeWord(word, call.arch));
  return {
    kind,
    finding,
    name: nameText(call),
    arch: archText(call.arch),
    callText: callText(call),
    action: describeWord(verdict.word, call.arch),
    possible: words,
    total: counts.reached + counts.hypothetical + counts.unreachable,
    rules: verdict.rules.flatMap((index) => {
      const span = spans.get(index);
      return span === undefined || policy === undefined
        ? []
        : [{ index, span: nameIn(policy.source, span, call.name) }];
    }),
    source: policy?.source,
    why: whyOf(finding, policy),
    allowing: allowing && ruleText(allowing),
    path: pathLines(verdict),
  };
}

function pathLines({ path = [] }: Verdict): readonly string[] {
  const shown = path.slice(-MOST_STEPS).map(({ pc, text, taken }) => {
    return `${String(pc).padStart(5)}: ${text}${taken === undefined ? '' : ` (${taken})`}`;
  });
  const left = path.length - shown.length;
  return left > 0 ? [`${String(left).padStart(5)} instructions before, then`, ...shown] : shown;
}

/** Where each rule that is in force stands. */
export function ruleSpans(policy: Policy | undefined): ReadonlyMap<number, Span> {
  const spans = new Map<number, Span>();
  for (const { calls } of policy?.arches ?? [])
    for (const { rules } of calls.values()) for (const { origin } of rules) spans.set(origin.ruleIndex, origin.span);
  return spans;
}

/** The name's own place in a rule, which may be pages long; the rule's, where the name is not written so. */
function nameIn({ text }: Source, span: Span, name: string): Span {
  const written = JSON.stringify(name);
  const at = text.slice(span.start, span.end).indexOf(written);
  return at < 0 ? span : { start: span.start + at, end: span.start + at + written.length };
}

/** Calls that a rule by the name alone lets through: denied for certain, by the default action, and in no rule. Sorted. */
export function unnamed(entries: readonly Entry[], policy: Policy | undefined): readonly string[] {
  const names = entries
    .filter(({ kind, finding }) => kind === 'denied' && finding.allowing !== undefined)
    .map(({ finding }) => finding.verdict.call)
    .filter((call) => callPolicies(policy, call.arch, call).length === 0)
    .map(({ name }) => name);
  return policy === undefined ? [] : [...new Set(names)].sort();
}

function callPolicies(policy: Policy | undefined, arch: Arch | undefined, call: TracedCall): readonly CallPolicy[] {
  return (policy?.arches ?? [])
    .filter((a) => arch === undefined || a.arch.audit === arch.audit)
    .flatMap(({ calls }) => [...calls.values()])
    .filter((c) => (call.nr === undefined || call.arch === undefined ? c.name === call.name : c.nr === call.nr));
}

function whyOf({ verdict }: Finding, policy: Policy | undefined): string | undefined {
  const { call, confidence, rules } = verdict;
  const found = callPolicies(policy, call.arch, call).flatMap((c) => c.rules);
  if (confidence !== 'exact')
    return whyUnsure(
      verdict.confidence,
      call,
      found.flatMap((r) => r.conditions),
    );
  if (policy === undefined) return undefined;
  const [rule] = rules;
  if (rule !== undefined) {
    if (!isDenied(verdict)) return undefined;
    return `rule ${rule} denies it: take it out there, or change the conditions; a rule added behind changes nothing`;
  }
  const isNamed = call.arch === undefined || policy.arches.some(({ arch }) => arch.audit === call.arch?.audit);
  if (!isNamed) return `the filter is not for ${archText(call.arch)}`;
  if (found.length === 0) return 'no rule names it: the default action decides';
  const asked = new Set(
    found.map((r) => `${r.conditions.map(describeCondition).join(' and ')} (rule ${r.origin.ruleIndex})`),
  );
  const rest = asked.size > MOST_NAMED ? ` and ${asked.size - MOST_NAMED} more` : '';
  return `the default action decides, as none of its rules holds: ${[...asked].slice(0, MOST_NAMED).join('; ')}${rest}`;
}

const isDenied = ({ word }: Verdict): boolean => word !== SECCOMP_RET_ALLOW && word !== SECCOMP_RET_LOG;

function whyUnsure(
  confidence: Verdict['confidence'],
  call: TracedCall,
  conditions: Parameters<typeof unknownArgs>[1],
): string {
  if (confidence === 'names-only') return 'the trace has no arguments for it, and the filter looks at them';
  const args = unknownArgs(call, conditions);
  const missing = [
    ...(call.arch === undefined ? ['its ABI (--trace-arch names it)'] : []),
    ...(call.nr === undefined ? ['its number'] : []),
    ...(args.length > 0 ? [`${args.length === 1 ? 'argument' : 'arguments'} ${args.join(', ')} in full`] : []),
  ];
  return `the trace does not tell ${missing.length > 0 ? missing.join(', nor ') : 'all that the filter looks at'}`;
}

/** 'x86_64 socket(0x26, …) gets ERRNO(1 EPERM), 12 times (3 hypothetical)'. */
export function sentence(entry: Entry): string {
  const { counts } = entry.finding;
  const apart = [
    ...(counts.hypothetical > 0 ? [`${count(counts.hypothetical)} hypothetical`] : []),
    ...(counts.unreachable > 0 ? [`${count(counts.unreachable)} unreachable`] : []),
  ];
  const says = entry.kind === 'ambiguous' ? `may get ${entry.possible.join(' or ')}` : `gets ${entry.action}`;
  return `${entry.arch} ${entry.callText} ${says}, ${times(entry.total)}${apart.length > 0 ? ` (${apart.join(', ')})` : ''}`;
}

/** 'pid 12 ls, thread 13 of pid 12'; at most three. '' where the trace tells nobody. */
export function tasksText({ tasks }: Finding): string {
  const most = 3;
  const shown = tasks.flatMap(({ tid, pid, comm }) => {
    const who = tid === 0 ? [] : [pid === undefined || pid === tid ? `pid ${tid}` : `thread ${tid} of pid ${pid}`];
    const text = [...who, ...(comm === undefined ? [] : [comm])].join(' ');
    return text === '' ? [] : [text];
  });
  return shown.length > most ? `${shown.slice(0, most).join(', ')} and others` : shown.join(', ');
}

/** 'x86_64 foo(…), 3 times: no ABI of the filter has a call of this name'. */
export function undecidedText({ call, count: n, why }: Replay['undecided'][number]): string {
  return `${archText(call.arch)} ${callText(call)}, ${times(n)}: ${why}`;
}

/** The finding with its place in the trace, the deciding rules as related places, and the rule that would allow it. */
export function diagnosticOf(entry: Entry): Diagnostic {
  const { finding, rules, source } = entry;
  const { first } = finding;
  return {
    code: CODE[entry.kind],
    severity: SEVERITY[entry.kind],
    file: `${first.file}:${first.line}`,
    message: sentence(entry),
    related: rules.map(({ index, span }) => ({
      message: `rule ${index} ${entry.kind === 'ambiguous' ? 'may decide' : 'decides'}`,
      source,
      span,
    })),
    ...helpOf(entry),
  };
}

function helpOf({ kind, allowing, rules, why }: Entry): { readonly help?: string } {
  if (kind === 'logged') return {};
  if (allowing !== undefined) return { help: `to allow it: ${allowing}` };
  return kind === 'denied' && rules.length > 0 && why !== undefined ? { help: why } : {};
}

/** 'x86_64 clone3(…), 3 times: there since Linux 5.3'. */
export function lackingText({ call, count: n, why }: LackingCall): string {
  return `${archText(call.arch)} ${callText(call)}, ${times(n)}: ${why}`;
}

/** 'Linux 5.2 lacks 2 of the distinct calls', or that it has all of them. */
export function lackingTitle({ kernel, calls }: NonNullable<Replay['lacking']>): string {
  if (calls.length === 0) return `Linux ${kernel} has every call of the trace that is known`;
  return `Linux ${kernel} lacks ${plural(calls.length, 'distinct call')}`;
}
