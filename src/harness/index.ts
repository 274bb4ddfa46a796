/**
 * `seccompc/harness`: what a filter must allow and deny, and recorded traces that it must let through, in the test files of
 * any runner. Nothing here starts or ends a test: expectations throw. Node only, since it reads files.
 */
export { type Args, bits, int, type Matcher, noneOf, oneOf, type SingleMatcher, type Value } from './arguments.ts';
export type { Denial } from './expected.ts';
export { HarnessError } from './failure.ts';
export { type CallName, type Harness, harness } from './harness.ts';
export type { PassTerms, Replayed, TraceInput, TraceSource } from './replay.ts';
export type { HarnessOptions, HarnessSubject } from './subject.ts';
