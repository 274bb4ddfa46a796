/** Recorded traces in a test: `await h.replay('app.strace').passes()`. */
import { ARCHES, type Arch, findArch } from '../arch/index.ts';
import { fail, forTerminal, quoted, renderPlain } from '../diag/index.ts';
import { readInput, textOf } from '../host/input.ts';
import { openTrace } from '../host/trace-file.ts';
import { diagnosticOf, entriesOf, sentence, undecidedText } from '../report/index.ts';
import {
  acceptedBy,
  Decider,
  type Replay,
  Replaying,
  readBaseline,
  readTrace,
  requireCalls,
  standing,
  type Terms,
  type TraceBytes,
  type TraceEvent,
  type TraceFormat,
  type TraceStream,
} from '../trace/index.ts';
import { callerOf } from './failure.ts';
import type { Side } from './subject.ts';

/** A path, bytes or chunks of them, events, or one of these with what is known about it. */
export type TraceInput = string | TraceBytes | TraceStream | readonly TraceEvent[] | TraceSource;

export interface TraceSource {
  readonly path?: string | undefined;
  readonly bytes?: TraceBytes | undefined;
  /** Recognised when absent. */
  readonly format?: TraceFormat | undefined;
  /** The ABI of calls where the trace does not tell. */
  readonly arch?: string | undefined;
  /** The most bytes, unpacked. */
  readonly maxBytes?: number | undefined;
}

export interface PassTerms extends Terms {
  /** Denials that are accepted: the path of a file that `seccompc replay --write-baseline` wrote. */
  readonly baseline?: string | undefined;
}

const MOST_SHOWN = 10;

/** What was recorded, against the filter. It is read when it is asked for, and once. */
export class Replayed {
  readonly #side: Side;
  readonly #traces: readonly TraceInput[];
  #result: Promise<Replay> | undefined;

  /** @internal */
  constructor(side: Side, traces: readonly TraceInput[]) {
    this.#side = side;
    this.#traces = traces;
  }

  /**
   * Everything that the filter says to the traces, without judging it.
   * @returns the whole result, the same one each time
   * @throws SeccompcError what reading throws; TRACE_EMPTY where no call was understood
   */
  result(): Promise<Replay> {
    this.#result ??= replayed(this.#side, this.#traces);
    return this.#result;
  }

  /**
   * Nothing is denied for certain, or no more than `maxDenials`; under `strict` the trace has to tell all, too.
   * @param terms what is accepted: `maxDenials`, a baseline, `strict`
   * @returns what the filter says, for further questions
   * @throws HarnessError where it does not hold; SeccompcError as `result`: TRACE_*; BASELINE
   */
  passes(terms: PassTerms = {}): Promise<Replay> {
    const caller = callerOf(this.passes);
    return this.#judge(terms, caller);
  }

  async #judge(terms: PassTerms, caller: ReturnType<typeof callerOf>): Promise<Replay> {
    const known = terms.baseline === undefined ? undefined : readBaseline(textOf(readInput(terms.baseline)));
    const all = await this.result();
    const shown = known === undefined ? all : acceptedBy(all, known);
    const { denied } = shown.totals;
    const stands = standing(all, denied, terms);
    if (stands === 'passed') return all;
    const entries = entriesOf(shown, this.#side.policy).filter(
      ({ kind }) => kind === 'denied' || (stands === 'open' && kind === 'ambiguous'),
    );
    const open = stands === 'denied' ? [] : openQuestions(all);
    const frames = entries.slice(0, MOST_SHOWN).map((entry) => renderPlain(diagnosticOf(entry)));
    const more = entries.length > frames.length ? [`and ${entries.length - frames.length} distinct calls more`] : [];
    const most = terms.maxDenials ?? 0;
    const head =
      stands === 'denied'
        ? `${this.#side.name} denies ${denied} recorded calls${most > 0 ? `, and ${most} may be denied` : ''}`
        : `the trace leaves questions, and strict allows none`;
    return caller.throw({
      message: [forTerminal(head), ...frames, ...more, ...open].join('\n'),
      expected: stands === 'denied' ? `at most ${most} denied` : 'no questions',
      actual: [...entries.slice(0, MOST_SHOWN).map((entry) => forTerminal(sentence(entry))), ...more, ...open].join(
        '\n',
      ),
      operator: 'passes',
    });
  }
}

function openQuestions({ sources, undecided }: Replay): readonly string[] {
  return [
    ...undecided.slice(0, MOST_SHOWN).map((each) => `undecided: ${undecidedText(each)}`),
    ...sources.flatMap(({ file, incomplete, unread }) => [
      ...incomplete.map((why) => `${file}: ${why}`),
      ...(unread > 0 ? [`${file}: ${unread} lines were not understood`] : []),
    ]),
  ].map((line) => forTerminal(line));
}

async function replayed(side: Side, traces: readonly TraceInput[]): Promise<Replay> {
  if (traces.length === 0) fail({ code: 'USAGE', message: 'no trace is given: nothing would be tested' });
  const replaying = new Replaying(new Decider(side.filter));
  for (const input of traces) {
    // As the trace has it, events come with their calls made already.
    if (Array.isArray(input) || isStream(input)) await replaying.take(input as readonly TraceEvent[] | TraceStream);
    else await replaying.take(opened(input as Exclude<TraceInput, readonly TraceEvent[]>, side, replaying));
  }
  const result = replaying.result();
  requireCalls(result);
  if (result.totals.events === 0) fail({ code: 'TRACE_EMPTY', message: 'no system call was given' });
  return result;
}

const isStream = (input: object | string): input is TraceStream => typeof input === 'object' && 'batches' in input;
const isChunks = (input: object): input is TraceBytes =>
  input instanceof Uint8Array || Symbol.asyncIterator in input || Symbol.iterator in input;

function opened(input: Exclude<TraceInput, readonly TraceEvent[]>, side: Side, replaying: Replaying): TraceStream {
  const source: TraceSource =
    typeof input === 'string' ? { path: input } : isChunks(input) ? { bytes: input } : (input as TraceSource);
  const { path, bytes, format, maxBytes } = source;
  if ((path === undefined) === (bytes === undefined)) {
    fail({ code: 'USAGE', message: 'a trace is a path or bytes: one of the two' });
  }
  const options = {
    file: path ?? '<trace>',
    format,
    arch: source.arch === undefined ? undefined : archNamed(source.arch),
    machine: ARCHES.get(side.arches[0]?.native ?? 'x86_64'),
    wanted: replaying.wanted,
  };
  return readTrace(bytes ?? openTrace(path as string, { maxBytes }), options);
}

function archNamed(name: string): Arch {
  return findArch(name) ?? fail({ code: 'ARCH_UNKNOWN', message: `${quoted(name)} is no architecture` });
}
