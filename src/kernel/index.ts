export { isConstAllow } from './bitmap.ts';
export { type CheckOptions, check, type Refusal, type Verdict } from './check.ts';
export { budgetLeft, ebpfLength, longestPath, MAX_INSNS_PER_PATH, stackFits } from './cost.ts';
export { run, runWords, type Trace, trace } from './interpret.ts';
export { type Backend, type JitOptions, jit, jitWords, type WordsFunction } from './jit.ts';
export { type Outcome, outcome } from './outcome.ts';
export type { CheckedProgram } from './program.ts';
export { runStack } from './stack.ts';
export { type DataWords, dataWords } from './words.ts';
