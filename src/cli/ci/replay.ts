/** replay: recorded traces, and what must hold of them. */
import { ARCHES, type Arch, findArch } from '../../arch/index.ts';
import type { ProfileEntry, TraceEntry } from '../../config/index.ts';
import type { Diagnostic, Source } from '../../diag/index.ts';
import { openTrace } from '../../host/trace-file.ts';
import { diagnosticOf, entriesOf } from '../../report/index.ts';
import {
  acceptedBy,
  Decider,
  inReadingOrder,
  isDamaged,
  type Replay,
  Replaying,
  readBaseline,
  readTrace,
  requireCalls,
  standing,
} from '../../trace/index.ts';
import type { Made } from './compile.ts';
import type { Places } from './places.ts';
import { bad, type Outcome, passed, plural, told } from './step.ts';

export const belongsTo = (entry: { readonly target?: { readonly value: string } | undefined }, made: Made): boolean =>
  entry.target === undefined || entry.target.value === made.target.name;

async function replayed({ files, format, arch: name }: TraceEntry, { policy }: Made, places: Places): Promise<Replay> {
  const replaying = new Replaying(new Decider(policy));
  const arch = name === undefined ? undefined : findArch(name);
  // Not this machine's, so that a configuration means the same everywhere.
  const machine = ARCHES.get(policy.arches[0]?.arch.native ?? 'x86_64') as Arch;
  for (const { path, ofSet } of inReadingOrder(files.map((file) => places.input(file)))) {
    const options = { file: path, format, machine: arch ?? machine, arch, wanted: replaying.wanted, ofSet };
    await replaying.take(readTrace(openTrace(path), options));
  }
  return replaying.result();
}

/** Denials that are none of those that the entry names, and names that nothing was denied of. */
function judged(
  replay: Replay,
  { denied }: TraceEntry,
): { readonly replay: Replay; readonly lacking: TraceEntry['denied'] } {
  if (denied.length === 0) return { replay, lacking: [] };
  const names = new Set(denied.map(({ value }) => value));
  const found = new Set(replay.denied.map(({ verdict }) => verdict.call.name));
  const others = replay.denied.filter(({ verdict }) => !names.has(verdict.call.name));
  const count = others.reduce((n, { counts }) => n + counts.reached + counts.hypothetical + counts.unreachable, 0);
  return {
    replay: { ...replay, denied: others, totals: { ...replay.totals, denied: count } },
    lacking: denied.filter(({ value }) => !found.has(value)),
  };
}

export async function replayStep(
  entry: ProfileEntry,
  trace: TraceEntry,
  made: Made,
  places: Places,
  config: Source,
): Promise<Outcome> {
  const all = await replayed(trace, made, places);
  requireCalls(all);
  const shown = trace.baseline === undefined ? all : acceptedBy(all, readBaseline(places.text(trace.baseline)));
  const { replay, lacking } = judged(shown, trace);
  const strict = entry.fail.traces === 'open';
  const came = standing(replay, replay.totals.denied, { maxDenials: trace.maxDenials, strict });
  const entries = entriesOf(replay, made.policy);
  const denials = entries.filter(({ kind }) => kind === 'denied').map(diagnosticOf);
  const questions = entries.filter(({ kind }) => kind === 'ambiguous').map(diagnosticOf);
  const missed = lacking.map(
    ({ value, span }): Diagnostic => ({
      code: 'TRACE_NOT_DENIED',
      severity: 'error',
      source: config,
      span,
      message: `${value} should be denied in ${trace.files.map((f) => places.name(f)).join(', ')}, and no call of it is`,
      help: 'the profile allows it, or it was not recorded',
    }),
  );
  // Silence of a trace that is not whole is no evidence, whatever level was asked for.
  const isOpen = came === 'open' || all.sources.some(isDamaged);
  const gaps = unread(all);
  const problems = [
    ...(came === 'denied' ? bad(denials) : told(denials)),
    ...bad(missed),
    ...(came === 'open' ? bad(questions) : told(questions)),
    ...(isOpen ? bad(gaps) : told(gaps)),
  ];
  return {
    ...passed(saidOf(trace, replay, places, missed.length), problems),
    standing: came === 'denied' || missed.length > 0 ? 'failed' : isOpen ? 'missing' : 'passed',
  };
}

/** What is missing from each trace, or was not understood of it. */
function unread({ sources }: Replay): readonly Diagnostic[] {
  return sources.flatMap(({ file, lines, incomplete, unread: count }) =>
    [...incomplete, ...(count > 0 ? [`${count} of ${plural(lines, 'line')} not understood`] : [])].map(
      (why): Diagnostic => ({
        code: 'TRACE_EMPTY',
        severity: 'warning',
        file,
        message: `the trace is no whole evidence: ${why}`,
        help: 'record it anew: seccompc trace -o FILE -- COMMAND',
      }),
    ),
  );
}

function saidOf({ files, denied }: TraceEntry, { totals, sources }: Replay, places: Places, missed: number): string {
  const names = files.map((file) => places.name(file));
  const which = names.length > 3 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more` : names.join(', ');
  const expected =
    denied.length > 0 ? `; ${denied.length - missed} of ${plural(denied.length, 'expected denial')}` : '';
  const open = totals.ambiguous + totals.undecided;
  const broken = sources.filter(({ incomplete, unread: lines }) => incomplete.length > 0 || lines > 0).length;
  const whole = broken === 0 ? '' : `; ${plural(broken, 'trace')} not whole`;
  return `${which}: ${plural(totals.events, 'call')}, ${totals.denied} denied${expected}${open > 0 ? `, ${open} that the trace does not decide` : ''}${whole}`;
}
