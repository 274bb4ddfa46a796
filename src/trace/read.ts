/**
 * A trace from its bytes: finds out the format, cuts lines, and hands on events in batches, one for each chunk. Memory
 * does not grow with the trace's length.
 */
import { fail } from '../diag/index.ts';
import { Calls, Tasks } from './calls.ts';
import { detect, firstLines, LOOKED_AT } from './detect.ts';
import { Lines } from './lines.ts';
import type { ReaderContext, ReaderKind } from './reader.ts';
import { READERS, readerOf } from './readers.ts';
import { isOneThread } from './strace-set.ts';
import type { ReadOptions, ReadReport, TraceEvent } from './types.ts';
import { unfitFor } from './unfit.ts';

/** Chunks; a source may say, when it has given all, why bytes are missing at its end. */
export type TraceBytes =
  | Uint8Array
  | ((Iterable<Uint8Array> | AsyncIterable<Uint8Array>) & { readonly incomplete?: readonly string[] | undefined });

export interface TraceStream extends AsyncIterable<TraceEvent> {
  /** Events as they come, many at a time. A trace can be read once. */
  batches(): AsyncIterable<readonly TraceEvent[]>;
  /** Complete when all events have been taken. */
  readonly report: ReadReport;
}

/** Enough to recognise a format by, even where lines are long. */
const PROBE = 1 << 18;
const UNREAD_KEPT = 5;
const UNREAD_TEXT = 300;

const decoder = new TextDecoder('utf-8');

/**
 * Reads a recorded trace: chunks of bytes in, events out. Nothing is read before the first event is asked for.
 * @param bytes all, or chunks of any size
 * @param options format and ABI, where the trace does not tell them
 * @returns the events, and a report of what was read
 * @throws SeccompcError TRACE_FORMAT while it is read, when no reader knows the first lines; TRACE_UNFIT when they are of
 *   a form that does not hold the calls as they were made
 */
export function readTrace(bytes: TraceBytes, options: ReadOptions = {}): TraceStream {
  const reading = new Reading(options);
  return {
    batches: () => reading.batches(bytes),
    async *[Symbol.asyncIterator]() {
      for await (const batch of reading.batches(bytes)) yield* batch;
    },
    get report() {
      return reading.report();
    },
  };
}

class Reading {
  readonly #options: ReadOptions;
  #kind: ReaderKind | undefined;
  #detected: string | undefined;
  #lines: Lines | undefined;
  #calls = 0;
  #other = 0;
  #unread = 0;
  #hasArguments = true;
  readonly #firstUnread: { readonly line: number; readonly text: string }[] = [];
  readonly #incomplete = new Set<string>();

  constructor(options: ReadOptions) {
    this.#options = options;
  }

  async *batches(bytes: TraceBytes): AsyncIterable<readonly TraceEvent[]> {
    let batch: TraceEvent[] = [];
    const emit = (event: TraceEvent) => {
      if (event.kind === 'call') this.#calls += 1;
      batch.push(event);
    };
    let reader: ReturnType<ReaderKind['open']> | undefined;
    let lines: Lines | undefined;
    const start = (first: Uint8Array, atEnd: boolean) => {
      const kind = this.#choose(first, atEnd);
      this.#kind = kind;
      const { ofSet } = this.#options;
      const isAlone = ofSet !== undefined && isOneThread(firstLines(first, atEnd));
      reader = kind.open({
        ...this.#context(emit),
        options: { ...this.#options, ofSet: isAlone ? ofSet : undefined },
      });
      lines = new Lines(reader);
      this.#lines = lines;
      lines.push(first);
    };
    /** Chunks from before the format is known. */
    const held = new Held();
    for await (const chunk of bytes instanceof Uint8Array ? [bytes] : bytes) {
      if (lines === undefined) {
        held.add(chunk);
        // A format that is given needs no look: what is live comes at once.
        if (this.#options.format === undefined && !held.isEnough(chunk)) continue;
        start(held.bytes, false);
      } else lines.push(chunk);
      if (batch.length > 0) yield batch;
      batch = [];
    }
    if (lines === undefined) start(held.bytes, true);
    lines!.end();
    reader!.end();
    if (!(bytes instanceof Uint8Array)) for (const why of bytes.incomplete ?? []) this.#incomplete.add(why);
    if (batch.length > 0) yield batch;
  }

  #choose(first: Uint8Array, atEnd: boolean): ReaderKind {
    const { format, file } = this.#options;
    if (format !== undefined) {
      const kind = readerOf(format);
      return kind ?? fail({ code: 'TRACE_FORMAT', file, message: `there is no reader for ${format}` });
    }
    // The same bytes, however they were cut into chunks; a first line that is longer than they are is looked at, too.
    const probe = first.subarray(0, PROBE);
    const lines = firstLines(probe, (atEnd && first.length <= PROBE) || probe.indexOf(10) < 0);
    // A thread that was stopped before it did anything.
    if (lines.length === 0 && this.#options.ofSet !== undefined) return readerOf('strace') as ReaderKind;
    const found = detect(lines, READERS);
    const unfit = unfitFor(lines, found?.own ?? 0);
    if (unfit !== undefined) {
      const refusal = `this is ${unfit.title}: ${unfit.why}`;
      return fail({ code: 'TRACE_UNFIT', file, message: refusal, help: unfit.help });
    }
    if (found !== undefined) {
      this.#detected = found.why;
      return found.kind;
    }
    const message = lines.length === 0 ? 'the trace is empty' : 'no reader knows the first lines of this trace';
    const help = `formats: ${READERS.map(({ format: name }) => name).join(', ')}; --trace-format names one`;
    return fail({ code: 'TRACE_FORMAT', file, message, help });
  }

  #context(emit: (event: TraceEvent) => void): ReaderContext {
    return {
      options: this.#options,
      calls: new Calls(),
      tasks: new Tasks(),
      emit,
      other: () => {
        this.#other += 1;
      },
      unread: (bytes, from, to, line) => {
        this.#unread += 1;
        if (this.#firstUnread.length >= UNREAD_KEPT) return;
        this.#firstUnread.push({ line, text: decoder.decode(bytes.subarray(from, Math.min(to, from + UNREAD_TEXT))) });
      },
      withoutArguments: () => {
        this.#hasArguments = false;
      },
      incomplete: (why) => this.#incomplete.add(why),
    };
  }

  report(): ReadReport {
    return {
      file: this.#options.file ?? '-',
      format: this.#kind?.format ?? this.#options.format ?? 'strace',
      detected: this.#detected,
      lines: this.#lines?.count ?? 0,
      calls: this.#calls,
      other: this.#other,
      unread: this.#unread,
      firstUnread: this.#firstUnread,
      hasArguments: this.#hasArguments && (this.#kind?.hasArguments ?? false),
      hasArch: this.#kind?.hasArch ?? false,
      incomplete: [...this.#incomplete],
      diagnostics: [],
    };
  }
}

/** Chunks until there is enough to recognise a format by. Copied: their memory may be their owner's again. */
class Held {
  #bytes: Uint8Array = new Uint8Array(0);
  #length = 0;

  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  add(chunk: Uint8Array): void {
    const needed = this.#length + chunk.length;
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(needed, 2 * this.#length));
      grown.set(this.bytes);
      this.#bytes = grown;
    }
    this.#bytes.set(chunk, this.#length);
    this.#length = needed;
  }

  /** Asked behind every chunk: one without the end of a line brings no line. */
  isEnough(last: Uint8Array): boolean {
    return this.#length >= PROBE || (last.includes(10) && firstLines(this.bytes, false).length >= LOOKED_AT);
  }
}
