/** How far a long command is: one line on standard error, on a terminal alone, and only after half a second. */
import { forTerminal } from '../diag/index.ts';
import type { TraceFile } from '../host/trace-file.ts';

const FIRST_MS = 500;
const NEXT_MS = 200;

export interface ProgressOptions {
  readonly write: (text: string) => void;
  /** Milliseconds, on any clock that only goes forward. */
  readonly now: () => number;
}

export class Progress {
  readonly #options: ProgressOptions;
  readonly #start: number;
  #next: number;
  #hasLine = false;

  constructor(options: ProgressOptions) {
    this.#options = options;
    this.#start = options.now();
    this.#next = this.#start + FIRST_MS;
  }

  /** May be called as often as one likes: `text` is asked for when it is time for a line. It holds no raw outside text. */
  tick(text: (seconds: number) => string): void {
    const now = this.#options.now();
    if (now < this.#next) return;
    this.#next = now + NEXT_MS;
    this.#hasLine = true;
    this.#options.write(`\r\u001b[K${text(Math.floor((now - this.#start) / 1000))} `);
  }

  /** Takes the line away, before anything else is written. */
  clear(): void {
    if (!this.#hasLine) return;
    this.#hasLine = false;
    this.#options.write('\r\u001b[K');
  }
}

let current: Progress | undefined;

/** The command's own, when somebody sits there to see it. */
export function startProgress(isShown: boolean): Progress | undefined {
  const write = (text: string) => void process.stderr.write(text);
  current =
    isShown && process.stderr.isTTY === true ? new Progress({ write, now: () => performance.now() }) : undefined;
  return current;
}

export function clearProgress(): void {
  current?.clear();
}

type Read = AsyncIterable<Uint8Array> & Pick<TraceFile, 'incomplete'>;

/** The same chunks; says how much of the trace has been read. */
export function watched(trace: TraceFile): Read {
  return { incomplete: trace.incomplete, [Symbol.asyncIterator]: () => showing(trace) };
}

async function* showing(trace: TraceFile): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of trace) {
      yield chunk;
      current?.tick(() => {
        const done = trace.size ? `${Math.floor((100 * trace.taken) / trace.size)} %` : `${trace.taken >> 20} MB`;
        return `${forTerminal(trace.name)}: ${done}`;
      });
    }
  } finally {
    clearProgress();
  }
}
