export { type Combined, type CombineOptions, combine, intersect, merge } from './combine.ts';
export type { How } from './combined-rules.ts';
