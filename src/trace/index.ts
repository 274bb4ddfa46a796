export { Calls, known, knownLow, Tasks } from './calls.ts';
export { readTrace, type Trace, type TraceBytes } from './read.ts';
export type * from './types.ts';
