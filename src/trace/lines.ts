/**
 * Chunks of bytes to lines, without copying what does not have to be: most lines are handed on where they lie in the
 * chunk. A line that reaches over two chunks is put together; of one longer than LINE_MAX only the beginning is kept.
 */

const LF = 10;
const CR = 13;

/** More than any line that a tracer writes: strace's longest are its -v -s ones. A longer line is cut, and said to be. */
export const LINE_MAX: number = 1 << 20;

/** Whoever takes lines. `bytes[from]` to `bytes[to - 1]`, without the line's end, valid during the call only. */
export interface LineTaker {
  /** `line` counts from 1. `cut`: the line was longer than LINE_MAX. */
  line(bytes: Uint8Array, from: number, to: number, line: number, cut: boolean): void;
}

export class Lines {
  readonly #taker: LineTaker;
  /** The beginning of a line whose end has not come yet. */
  #rest: Uint8Array = new Uint8Array(1 << 12);
  #held = 0;
  #cut = false;
  #line = 0;

  constructor(taker: LineTaker) {
    this.#taker = taker;
  }

  /** Lines so far. */
  get count(): number {
    return this.#line;
  }

  /** Bytes of a last line that has no line break (yet). */
  get pending(): number {
    return this.#held;
  }

  push(chunk: Uint8Array): void {
    let from = 0;
    if (this.#held > 0 || this.#cut) {
      const end = chunk.indexOf(LF);
      this.#hold(chunk, 0, end < 0 ? chunk.length : end);
      if (end < 0) return;
      this.#release();
      from = end + 1;
    }
    for (let end = chunk.indexOf(LF, from); end >= 0; end = chunk.indexOf(LF, from)) {
      this.#give(chunk, from, end, false);
      from = end + 1;
    }
    if (from < chunk.length) this.#hold(chunk, from, chunk.length);
  }

  /** A last line without a line break is a line, too. */
  end(): void {
    if (this.#held > 0 || this.#cut) this.#release();
  }

  #give(bytes: Uint8Array, from: number, end: number, cut: boolean): void {
    this.#line += 1;
    const isCut = cut || end - from > LINE_MAX;
    const to = isCut ? Math.min(end, from + LINE_MAX) : end > from && bytes[end - 1] === CR ? end - 1 : end;
    this.#taker.line(bytes, from, to, this.#line, isCut);
  }

  #release(): void {
    const [held, cut] = [this.#held, this.#cut];
    this.#held = 0;
    this.#cut = false;
    this.#give(this.#rest, 0, held, cut);
  }

  #hold(bytes: Uint8Array, from: number, end: number): void {
    const take = Math.min(end - from, LINE_MAX - this.#held);
    if (take < end - from) this.#cut = true;
    const needed = this.#held + take;
    if (needed > this.#rest.length) {
      const grown = new Uint8Array(Math.min(LINE_MAX, Math.max(needed, 2 * this.#rest.length)));
      grown.set(this.#rest.subarray(0, this.#held));
      this.#rest = grown;
    }
    this.#rest.set(bytes.subarray(from, from + take), this.#held);
    this.#held = needed;
  }
}
