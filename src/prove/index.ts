export { meaningAt, type ChangeKind, type Meaning } from './meaning.ts';
export { meaningOfPolicy } from './policy.ts';
export { meaningOfProgram } from './program.ts';
export { type Disproved, type Proof, type Proved, type ProveOptions, prove, type Undecided } from './prove.ts';
