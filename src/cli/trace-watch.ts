/** What is seen of a command in its own trace while it is recorded: its process, and its end. */
import type { Recording } from '../host/strace-recording.ts';
import type { EndEvent, Task, TraceEvent, TraceStream } from '../trace/index.ts';

/** So long may what a command started need to end by itself before anybody is told that it is waited for. */
const PATIENCE = 500;

export class TraceWatch {
  calls = 0;
  /** The command's own. */
  end: EndEvent | undefined;
  #command: Task | undefined;
  #timer: NodeJS.Timeout | undefined;
  readonly #recording: Recording;
  readonly #waits: boolean;
  readonly #say: (text: string) => void;

  /** `waits`: for what the command leaves behind. */
  constructor(recording: Recording, waits: boolean, say: (text: string) => void) {
    this.#recording = recording;
    this.#waits = waits;
    this.#say = say;
  }

  /** The same stream, looked at. */
  over(stream: TraceStream): TraceStream {
    const see = (events: readonly TraceEvent[]) => {
      for (const event of events) this.#see(event);
      return events;
    };
    async function* batches(): AsyncGenerator<readonly TraceEvent[]> {
      for await (const batch of stream.batches()) yield see(batch);
    }
    return {
      batches,
      async *[Symbol.asyncIterator]() {
        for await (const batch of batches()) yield* batch;
      },
      get report() {
        return stream.report;
      },
    };
  }

  /** Nothing more will come. */
  done(): void {
    clearTimeout(this.#timer);
  }

  #see(event: TraceEvent): void {
    if (event.kind === 'call') this.calls += 1;
    if (this.#command === undefined) {
      this.#command = event.task;
      this.#recording.startedAs(event.task.tid);
    }
    if (event.kind !== 'end' || this.end !== undefined || event.task.tid !== this.#command.tid) return;
    // Superseded by an execve of another thread, which goes on under its number.
    if (event.signal === undefined && event.status === undefined) return;
    this.end = event;
    this.#recording.commandEnded();
    this.#timer = setTimeout(this.#left, PATIENCE);
  }

  readonly #left = (): void => {
    if (this.#waits) this.#say('the command has ended; what it has started runs on and is recorded: Ctrl-C ends that');
    else this.#recording.cut();
  };
}
