/** When a call was made, in a bounded number of bins whatever the length of the trace. */
import type { Timeline } from './types.ts';

const MOST_BINS = 64;

/** Of so many distinct calls a timeline is kept. */
export const TIMELINES_KEPT = 1000;

/** Bins double in width whenever an event lies behind the last one. */
export class Bins {
  #width = 1;
  #counts: number[] = [];

  /** `position`: that of the event among all events, from 0. */
  add(position: number): void {
    while (position >= this.#width * MOST_BINS) this.#double();
    const bin = Math.floor(position / this.#width);
    while (this.#counts.length <= bin) this.#counts.push(0);
    this.#counts[bin] = (this.#counts[bin] as number) + 1;
  }

  /** At the width that `events` events need. */
  timeline(events: number): Timeline {
    while (events > this.#width * MOST_BINS) this.#double();
    return { width: this.#width, counts: [...this.#counts] };
  }

  #double(): void {
    const { length } = this.#counts;
    this.#counts = Array.from(
      { length: Math.ceil(length / 2) },
      (_, i) => (this.#counts[2 * i] as number) + (this.#counts[2 * i + 1] ?? 0),
    );
    this.#width *= 2;
  }
}
