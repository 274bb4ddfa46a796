/**
 * The project's test helper over uvu. `suite` calls uvu's `run()` itself (forgetting it would pass silently), counts
 * what ran for the closing line, and turns an absent tool into a skip that has a name and a reason.
 */
import { suite as uvuSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { SeccompcError } from '../src/diag/error.ts';

interface Counts {
  suites: number;
  passed: number;
  failed: number;
  skipped: { name: string; why: string }[];
}

const key = Symbol.for('seccompc.tests');
const store = globalThis as unknown as Record<symbol, Counts | undefined>;
store[key] ??= { suites: 0, passed: 0, failed: 0, skipped: [] };
const counts: Counts = store[key];

// uvu prints a failed comparison through JSON.stringify, which refuses bigints.
Object.defineProperty(BigInt.prototype, 'toJSON', {
  configurable: true,
  value(this: bigint) {
    return `${this}n`;
  },
});

export interface TestFunction {
  (name: string, body: () => void | Promise<void>): void;
  /** Runs the test when `absent` is undefined; otherwise a named skip with that reason. */
  needs(absent: string | undefined | (() => string | undefined), name: string, body: () => void | Promise<void>): void;
}

/** Declares and runs a suite; `name` is the room it tests, such as 'kernel/check'. */
export function suite(name: string, define: (test: TestFunction) => void): void {
  const underlying = uvuSuite(name);
  counts.suites += 1;
  const test = ((title: string, body: () => void | Promise<void>) => {
    underlying(title, async () => {
      try {
        await body();
        counts.passed += 1;
      } catch (error) {
        counts.failed += 1;
        throw error;
      }
    });
  }) as TestFunction;
  test.needs = (absent, title, body) => {
    const why = typeof absent === 'function' ? absent() : absent;
    if (why === undefined) test(title, body);
    else counts.skipped.push({ name: `${name}: ${title}`, why });
  };
  define(test);
  underlying.run();
}

/** The verdict is a refusal with this code. Compares codes, never messages. */
export function refusedWith(verdict: { readonly ok: boolean; readonly code?: string }, code: string): void {
  assert.is(verdict.ok, false, 'accepted what should be refused');
  assert.is(verdict.code, code);
}

/** The codes of the errors in what `body` throws; fails when it throws nothing or something else. */
export function thrownCodes(body: () => unknown): readonly string[] {
  try {
    body();
  } catch (error) {
    if (error instanceof SeccompcError)
      return error.diagnostics.filter((d) => d.severity === 'error').map((d) => d.code);
    throw error;
  }
  assert.unreachable('nothing was thrown');
  return [];
}

/** `body` throws one SeccompcError that holds an error with this code. */
export function throwsCode(body: () => unknown, code: string): void {
  const codes = thrownCodes(body);
  assert.ok(codes.includes(code), `expected ${code}, got ${codes.join(', ')}`);
}
