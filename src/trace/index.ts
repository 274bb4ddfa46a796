export { Calls, known, knownLow, Tasks } from './calls.ts';
export { readTrace, type TraceBytes, type TraceStream } from './read.ts';
export type * from './types.ts';
