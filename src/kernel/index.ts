export { type CheckOptions, check, type Refusal, type Verdict } from './check.ts';
export { type DataWords, dataWords, run, runWords, type Trace, trace } from './interpret.ts';
export type { CheckedProgram } from './program.ts';
export { runStack } from './stack.ts';
