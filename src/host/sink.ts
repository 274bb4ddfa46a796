/** Where the bytes of an output go, in order: a new file, or something that is already there (pipe, terminal, device). */
import { close, fdatasync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { codeOf } from './unwritable.ts';

const ZEROS = new Uint8Array(1 << 16);
/** After so many bytes the disk is set to work on what there is. */
const STEP = 32 << 20;

let watcher: ((bytes: number) => void) | undefined;

/** `watch` is called after each piece of an output, with the bytes of it so far. */
export function onBytesWritten(watch: ((bytes: number) => void) | undefined): void {
  watcher = watch;
}

export class Sink {
  readonly #fd: number;
  readonly #isNew: boolean;
  #length = 0;
  #nextStep = STEP;

  /** `isNew`: an empty file that nobody else writes to, so zeros may be left out as a hole. */
  constructor(fd: number, isNew: boolean) {
    this.#fd = fd;
    this.#isNew = isNew;
  }

  /** Bytes so far. */
  get length(): number {
    return this.#length;
  }

  write(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) {
      try {
        const got = writeSync(this.#fd, bytes, done, bytes.length - done, this.#isNew ? this.#length : null);
        done += got;
        this.#length += got;
        watcher?.(this.#length);
        if (this.#isNew && this.#length >= this.#nextStep) this.#startWriting();
      } catch (error) {
        if (codeOf(error) !== 'EAGAIN') throw error;
        // A pipe that somebody made non-blocking is full: give its reader time.
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
      }
    }
  }

  /**
   * Lets another thread write out what is there while more is copied, so that the fsync at the end finds little left to
   * do. It promises nothing: that fsync does. By a descriptor of its own, which lives until the thread is done.
   */
  #startWriting(): void {
    this.#nextStep = this.#length + STEP;
    try {
      const fd = openSync(`/proc/self/fd/${this.#fd}`, 'r');
      fdatasync(fd, () => close(fd));
    } catch {
      // No /proc: the fsync at the end does it all.
    }
  }

  /** Long runs of zeros become a hole in a new file; a hole at its very end becomes part of it by `end`. */
  zeros(count: number): void {
    if (this.#isNew && count >= ZEROS.length) this.#length += count;
    else for (let left = count; left > 0; left -= ZEROS.length) this.write(ZEROS.subarray(0, left));
  }

  end(): void {
    if (this.#isNew) ftruncateSync(this.#fd, this.#length);
  }
}
