/** What a format's file exports: how its lines are recognised, and what reads them. */
import type { Calls, Tasks } from './calls.ts';
import type { LineTaker } from './lines.ts';
import type { ReadOptions, TraceEvent, TraceFormat } from './types.ts';

/** What a reader is given, and where its results go. */
export interface ReaderContext {
  readonly options: ReadOptions;
  readonly calls: Calls;
  readonly tasks: Tasks;
  readonly emit: (event: TraceEvent) => void;
  /** A line that says something else than a call: a signal, an exit, a header. */
  readonly other: () => void;
  /** A line that was not understood. */
  readonly unread: (bytes: Uint8Array, from: number, to: number, line: number) => void;
  /** The format may have arguments, and this trace has none. */
  readonly withoutArguments: () => void;
  /** Why calls may be missing; the same words count once. */
  readonly incomplete: (why: string) => void;
}

export interface TraceReader extends LineTaker {
  /** The trace has ended; what waits for its second half is given out or counted now. */
  end(): void;
}

export interface ReaderKind {
  readonly format: TraceFormat;
  /** Its name for people. */
  readonly title: string;
  /** Whether the format ever tells arguments, and the architecture. */
  readonly hasArguments: boolean;
  readonly hasArch: boolean;
  /** How many of these first lines (at most 50, as text) are of this format; the reader with the most wins. */
  readonly recognise: (lines: readonly string[]) => number;
  readonly open: (context: ReaderContext) => TraceReader;
}
