export { type Combined, type CombineOptions, combine, intersect, merge } from './combine.ts';
export type { How } from './combined-rules.ts';
export type { Runtime } from './companions.ts';
export { type Added, type Learned, Learning, type LearnOptions, type Narrowed, type Seen } from './learn.ts';
export { learnedText } from './learned-text.ts';
