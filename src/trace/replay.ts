/**
 * Recorded calls against a filter: what it says to each, and how far the program would have come.
 *
 * Each distinct call is decided once; events only count. What a filter does to a program changes what comes after: behind
 * a kill nothing of that process (or thread) happens any more, behind a failed call the program may do something else.
 */
import { actionOf, compareStrictness, SECCOMP_RET_ALLOW, SECCOMP_RET_LOG, UNFILTERED_X86_64 } from '../arch/index.ts';
import type { Diagnostic } from '../diag/index.ts';
import { outcome } from '../kernel/index.ts';
import type { Policy } from '../policy/index.ts';
import { coverageOf, type Hits } from './coverage.ts';
import { Decider, type Filter } from './decide.ts';
import { kernelVersion, lacks } from './lacking.ts';
import type { TraceStream } from './read.ts';
import { allowing } from './suggest.ts';
import { Bins, TIMELINES_KEPT } from './timeline.ts';
import type {
  CallEvent,
  Counts,
  Finding,
  LackingCall,
  Place,
  Replay,
  Task,
  TracedCall,
  TraceEvent,
  Verdict,
} from './types.ts';

export type Events = Iterable<TraceEvent> | AsyncIterable<TraceEvent> | TraceStream | readonly TraceStream[];

/** Of the tasks that made a denied call so many are kept. */
const TASKS_KEPT = 10;

interface Tally {
  readonly call: TracedCall;
  readonly verdict: Verdict | undefined;
  reached: number;
  hypothetical: number;
  unreachable: number;
  first: Place;
  last: Place;
  readonly tasks: Map<number, Pick<Task, 'tid' | 'pid' | 'comm'>>;
  bins?: Bins;
}

/** What became of a process under the filter. */
interface Fortune {
  killed: boolean;
  /** A call of it would have failed, or may have. */
  strayed: boolean;
  readonly killedThreads: Set<number>;
}

const isLetThrough = (word: number) => actionOf(word) === SECCOMP_RET_ALLOW || actionOf(word) === SECCOMP_RET_LOG;

export interface ReplayOptions {
  /** 'MAJOR.MINOR' of the kernel that it is for: gives `Replay.lacking`. A policy's own when absent. */
  readonly kernel?: string | undefined;
}

/**
 * Replays traces in turn, each as processes of its own. The filter is in force from the first event on.
 * @param filter a policy, or a program
 * @param events one trace, or several in turn
 * @param options `kernel`: what it is for
 * @returns every denial with the rule or instructions that decide, counts, and coverage of the rules
 * @throws SeccompcError what reading throws; PROOF_UNDECIDED for a program that cannot be decided; KERNEL_VERSION
 */
export async function replay(filter: Filter, events: Events, options: ReplayOptions = {}): Promise<Replay> {
  const replaying = new Replaying(new Decider(filter));
  const streams =
    Array.isArray(events) && events.every(isStream) ? events : [events as Exclude<Events, readonly TraceStream[]>];
  for (const stream of streams) await replaying.take(stream as Exclude<Events, readonly TraceStream[]>);
  return replaying.result(options);
}

const isStream = (events: unknown): events is TraceStream =>
  typeof events === 'object' && events !== null && 'batches' in events && 'report' in events;

/** For whoever wants to read with `decider.wanted` first. */
export class Replaying {
  readonly #decider: Decider;
  readonly #onDenied: ((verdict: Verdict, place: Place) => void) | undefined;
  /** By the call itself: ids of different traces are not the same. */
  readonly #tallies = new Map<TracedCall, Tally>();
  readonly #sources: TraceStream[] = [];
  #fortunes = new Map<number, Fortune>();
  #events = 0;
  #unfiltered = 0;
  /** Calls that no filter sees. */
  readonly #bypassing = new Map<TracedCall, Omit<LackingCall, 'why'>>();
  #binned = 0;
  #file = '-';

  /** `onDenied`: told of each distinct call that is denied for certain, when it comes for the first time. */
  constructor(decider: Decider, onDenied?: (verdict: Verdict, place: Place) => void) {
    this.#decider = decider;
    this.#onDenied = onDenied;
  }

  /** `ReadOptions.wanted` for the traces that are taken. */
  get wanted(): Decider['wanted'] {
    return this.#decider.wanted;
  }

  async take(events: Exclude<Events, readonly TraceStream[]>): Promise<void> {
    this.#fortunes = new Map();
    if (isStream(events)) {
      this.#sources.push(events);
      this.#file = events.report.file;
      for await (const batch of events.batches()) for (const event of batch) this.#event(event);
      return;
    }
    this.#file = '-';
    for await (const event of events) this.#event(event);
  }

  #event(event: TraceEvent): void {
    if (event.kind === 'end') {
      this.#fortuneOf(event.task)?.killedThreads.delete(event.task.tid);
      return;
    }
    this.#events += 1;
    const { call } = event;
    if (call.arch?.name === 'x86_64' && UNFILTERED_X86_64.has(call.nr ?? -1)) {
      this.#unfiltered += 1;
      const place = { file: this.#file, line: event.line };
      const seen = this.#bypassing.get(call) ?? { call, count: 0, first: place };
      this.#bypassing.set(call, { ...seen, count: seen.count + 1 });
      return;
    }
    const tally = this.#tallyOf(event);
    const fortune = this.#fortuneOf(event.task);
    if (fortune?.killed || fortune?.killedThreads.has(event.task.tid)) tally.unreachable += 1;
    else {
      if (fortune?.strayed) tally.hypothetical += 1;
      else tally.reached += 1;
      this.#follow(event, tally.verdict, fortune);
    }
  }

  #tallyOf(event: CallEvent): Tally {
    const place = { file: this.#file, line: event.line };
    let tally = this.#tallies.get(event.call);
    if (tally === undefined) {
      const verdict = this.#decider.decide(event.call);
      const counts = { reached: 0, hypothetical: 0, unreachable: 0 };
      tally = { call: event.call, verdict, ...counts, first: place, last: place, tasks: new Map() };
      this.#tallies.set(event.call, tally);
      if (verdict?.confidence === 'exact' && !isLetThrough(verdict.word)) this.#onDenied?.(verdict, place);
    }
    const { verdict } = tally;
    if (verdict?.confidence === 'exact' && actionOf(verdict.word) === SECCOMP_RET_ALLOW) return tally;
    tally.last = place;
    if (tally.bins === undefined && this.#binned < TIMELINES_KEPT && verdict !== undefined) {
      tally.bins = new Bins();
      this.#binned += 1;
    }
    tally.bins?.add(this.#events - 1);
    const { tid, pid, comm } = event.task;
    if (tally.tasks.size < TASKS_KEPT && !tally.tasks.has(tid)) tally.tasks.set(tid, { tid, pid, comm });
    return tally;
  }

  #fortuneOf(task: Task): Fortune | undefined {
    return this.#fortunes.get(task.pid ?? task.tid);
  }

  /** What this call does to the process that makes it. */
  #follow(event: CallEvent, verdict: Verdict | undefined, known: Fortune | undefined): void {
    if (verdict?.possible.every(isLetThrough)) return;
    const fortune = known ?? { killed: false, strayed: false, killedThreads: new Set<number>() };
    if (known === undefined) this.#fortunes.set(event.task.pid ?? event.task.tid, fortune);
    const effect = verdict?.confidence === 'exact' ? outcome(verdict.word).kind : 'unknown';
    if (effect === 'kill-process') fortune.killed = true;
    else if (effect === 'kill-thread') fortune.killedThreads.add(event.task.tid);
    else fortune.strayed = true;
  }

  /** @throws SeccompcError KERNEL_VERSION */
  result({ kernel }: ReplayOptions = {}): Replay {
    const all = [...this.#tallies.values()];
    const judged = all.flatMap((t) => (t.verdict === undefined ? [] : [{ ...t, verdict: t.verdict }]));
    const exact = judged.filter(({ verdict }) => verdict.confidence === 'exact');
    const denied = exact.filter(({ verdict }) => !isLetThrough(verdict.word));
    const logged = judged.filter(
      ({ verdict }) => verdict.possible.every(isLetThrough) && actionOf(verdict.word) === SECCOMP_RET_LOG,
    );
    const ambiguous = judged.filter(
      ({ verdict }) => verdict.confidence !== 'exact' && !verdict.possible.every(isLetThrough),
    );
    const undecided = all.filter(({ verdict }) => verdict === undefined);
    const sum = (of: readonly Tally[]) => of.reduce((n, t) => n + t.reached + t.hypothetical + t.unreachable, 0);
    const { filter } = this.#decider;
    const policy: Policy | undefined = 'arches' in filter ? filter : undefined;
    const notes: readonly Diagnostic[] = [];
    const asked = kernel ?? policy?.kernel;
    return {
      denied: this.#findings(denied),
      ambiguous: this.#findings(ambiguous),
      logged: this.#findings(logged),
      undecided: undecided.map((t) => ({
        call: t.call,
        count: sum([t]),
        first: t.first,
        why:
          t.call.nr === undefined ? 'no ABI of the filter has a call of this name' : 'no ABI has this name and number',
      })),
      totals: {
        events: this.#events,
        distinct: this.#tallies.size,
        allowed: sum(judged) - sum(denied) - sum(logged) - sum(ambiguous),
        logged: sum(logged),
        denied: sum(denied),
        ambiguous: sum(ambiguous),
        undecided: sum(undecided),
        unreachable: all.reduce((n, t) => n + t.unreachable, 0),
        hypothetical: all.reduce((n, t) => n + t.hypothetical, 0),
        unfiltered: this.#unfiltered,
      },
      sources: this.#sources.map(({ report }) => report),
      ...(asked !== undefined && { lacking: { kernel: asked, calls: this.#lacking(asked) } }),
      ...(policy && {
        coverage: coverageOf(
          policy,
          judged.map((t): Hits => ({ verdict: t.verdict, count: sum([t]) })),
        ),
      }),
      notes,
    };
  }

  #lacking(kernel: string): readonly LackingCall[] {
    const version = kernelVersion(kernel);
    const tallied = [...this.#tallies.values()].map(({ call, first, reached, hypothetical, unreachable }) => ({
      call,
      first,
      count: reached + hypothetical + unreachable,
    }));
    return [...tallied, ...this.#bypassing.values()].flatMap((each) => {
      const missing = lacks(each.call, version, this.#decider.arches);
      return missing === undefined ? [] : [{ ...each, ...missing }];
    });
  }

  #findings(tallies: readonly (Tally & { readonly verdict: Verdict })[]): readonly Finding[] {
    return tallies
      .map((t): Finding => {
        const counts: Counts = { reached: t.reached, hypothetical: t.hypothetical, unreachable: t.unreachable };
        const rule = this.#decider.isForRules(t.verdict) ? allowing(t.call) : undefined;
        return {
          verdict: t.verdict,
          counts,
          first: t.first,
          last: t.last,
          tasks: [...t.tasks.values()],
          ...(t.bins && { timeline: t.bins.timeline(this.#events) }),
          ...(rule && { allowing: rule }),
        };
      })
      .sort((a, b) => compareStrictness(a.verdict.word, b.verdict.word) || countOf(b) - countOf(a));
  }
}

const countOf = ({ counts }: Finding) => counts.reached + counts.hypothetical + counts.unreachable;
