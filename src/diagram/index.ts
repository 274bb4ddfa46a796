export { Diagrams, type Limits, watchSteps } from './diagrams.ts';
export {
  bitAt,
  type Input,
  LEVEL_ARCH,
  LEVEL_ARGS,
  LEVEL_INSTRUCTION_POINTER,
  LEVEL_NR,
  LEVELS,
  levelOfArgument,
} from './layout.ts';
export { type LimitKind, LimitReached, type Within, within } from './limit.ts';
export { count, fix, least, leavesOf, nodesOf, valueAt } from './members.ts';
export { DEFAULT_NODE_LIMIT, FALSE, type Node, TRUE } from './nodes.ts';
export { type Field, type Piece, partition, type Values } from './partition.ts';
export * as vectors from './vectors.ts';
export { WORD_LIMIT, type Word, Words } from './words.ts';
