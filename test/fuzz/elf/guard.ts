/**
 * Calls a verb and judges how it went, whatever it gave: a refusal is a SeccompcError whose diagnostics have an ELF_*
 * code and a help; nothing takes 0.2 s; no verb asks for 64 MiB of buffers.
 *
 * Buffers are counted where they are asked for (`new Uint8Array`, `Uint8Array.from`, `slice`), all of one call together,
 * freed or not: a bound on what a call can hold that does not depend on when the collector runs. Weak spots: what
 * TextEncoder and TextDecoder make is not counted (names, never longer than the file), and neither are JS objects; for
 * those the campaign's processes run with a small heap, and die, with the case's number known, when it does not suffice.
 */
import { SeccompcError } from '../../../src/diag/error.ts';

/** What the judge says. */
export class Wrong extends Error {
  override readonly name: string = 'Wrong';
}

export const MOST_BYTES: number = 64 << 20;
export const MOST_MS = 200;
/** A slow call is made again as often: on a busy machine any call may stand still. */
const AGAIN = 3;

/** Bytes asked for since the last call began; below zero outside of calls. */
let asked = -1;
/** The most that one call asked for, and the calls so far. */
const sums = { mostAsked: 0, calls: 0 };

function count(bytes: number): void {
  if (asked < 0) return;
  asked += bytes;
  if (asked > sums.mostAsked) sums.mostAsked = asked;
  if (asked > MOST_BYTES) {
    asked = -1;
    throw new Wrong(`more than ${MOST_BYTES} bytes of buffers asked for in one call`);
  }
}

/** Puts the counter in front of this process's Uint8Array. */
export function countBuffers(): void {
  const original = globalThis.Uint8Array;
  const slice = original.prototype.slice;
  Object.defineProperty(original.prototype, 'slice', {
    configurable: true,
    writable: true,
    value(this: Uint8Array, start?: number, end?: number) {
      const result = slice.call(this, start, end);
      count(result.length);
      return result;
    },
  });
  globalThis.Uint8Array = new Proxy(original, {
    construct(target, args: [unknown, ...unknown[]]) {
      const [first] = args;
      // A view of a buffer that is there asks for nothing.
      if (typeof first === 'number') count(first);
      else if (!(first instanceof ArrayBuffer)) count((first as { length?: number } | undefined)?.length ?? 0);
      return Reflect.construct(target, args, target);
    },
  });
}

/** The most bytes that one call of this process asked for, and how many calls there were. */
export function callSums(): { readonly mostAsked: number; readonly calls: number } {
  return { ...sums };
}

/** How often each code was the reason of a refusal. */
export type Codes = Map<string, number>;

function codeOf(error: unknown, verb: string): string {
  if (error instanceof Wrong) throw new Wrong(`${verb}: ${error.message}`);
  if (!(error instanceof SeccompcError)) {
    const text = error instanceof Error ? (error.stack ?? '').split('\n').slice(0, 8).join('\n') : '';
    throw new Wrong(`${verb} threw ${String(error)}\n${text}`);
  }
  for (const d of error.diagnostics) {
    if (!d.code.startsWith('ELF_')) throw new Wrong(`${verb}: the code ${d.code} is not one of an ELF file`);
    if (d.help === undefined || d.help === '') throw new Wrong(`${verb}: ${d.code} comes without help`);
    if (d.byteOffset !== undefined && !Number.isSafeInteger(d.byteOffset)) {
      throw new Wrong(`${verb}: ${d.code} has no sound byte offset: ${d.byteOffset}`);
    }
  }
  return error.diagnostics[0]!.code;
}

/** Milliseconds since then; on a busy machine those that this process was given a processor for, if they are fewer. */
function clock(): () => number {
  const started = performance.now();
  const used = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(used);
    return Math.min(performance.now() - started, (user + system) / 1000);
  };
}

/** One attempt: the result or the code of the refusal, and its time. */
function attempt<T>(verb: string, body: () => T): { value?: T; code?: string; ms: number } {
  asked = 0;
  sums.calls += 1;
  const taken = clock();
  try {
    const value = body();
    return { value, ms: taken() };
  } catch (error) {
    const ms = taken();
    asked = -1;
    return { code: codeOf(error, verb), ms };
  } finally {
    asked = -1;
  }
}

/** The verb's result; undefined for a refusal, which is counted in `codes`. */
export function guarded<T>(verb: string, codes: Codes, body: () => T): T | undefined {
  const result = attempt(verb, body);
  let { ms } = result;
  for (let i = 0; i < AGAIN && ms > MOST_MS; i++) ms = Math.min(ms, attempt(verb, body).ms);
  if (ms > MOST_MS) throw new Wrong(`${verb} takes ${ms.toFixed(0)} ms, ${AGAIN} times in a row`);
  if (result.code !== undefined) codes.set(result.code, (codes.get(result.code) ?? 0) + 1);
  return result.value;
}

/** A verb that has to succeed here. */
export function must<T>(verb: string, body: () => T): T {
  const codes: Codes = new Map();
  const value = guarded(verb, codes, body);
  if (value === undefined) throw new Wrong(`${verb} is refused: ${[...codes.keys()].join()}`);
  return value;
}
