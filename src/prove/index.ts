export { coveredArches, isDenied } from './covered.ts';
export { type Change, type Differences, difference } from './difference.ts';
export {
  type Call,
  type Clause,
  callsNamed,
  type Held,
  holdsFor,
  Judge,
  type Region,
  regionSet,
  type Statement,
} from './holds.ts';
export { type ChangeKind, differing, type Meaning, meaningAt } from './meaning.ts';
export type { Outside } from './outside.ts';
export { callMeaning, conditionsSet, meaningOfPolicy } from './policy.ts';
export { meaningOfProgram } from './program.ts';
export { type Disproved, type Proof, type Proved, type ProveOptions, prove, type Undecided } from './prove.ts';
export { type ArgumentRegion, type ArgumentRegions, argumentRegions, type FieldValues, sizeOf } from './regions.ts';
export { type ArchChange, abisIn, byArch, type CallSet, callSet } from './rows.ts';
export { type FilterStack, meaningOfStack } from './stack.ts';
export type { Subject } from './subject.ts';
export type { Witness } from './witness.ts';
