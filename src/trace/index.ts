export { acceptedBy, baselineOf, readBaseline } from './baseline.ts';
export { Calls, known, knownLow, Tasks } from './calls.ts';
export { Decider, type Filter } from './decide.ts';
export { traceLine } from './jsonl.ts';
export { readTrace, type TraceBytes, type TraceStream } from './read.ts';
export { TRACE_FORMATS } from './readers.ts';
export { type Events, Replaying, replay } from './replay.ts';
export type * from './types.ts';
export { requireCalls, type Standing, standing, type Terms } from './verdict.ts';
