/** Either side of a comparison: a program, several on one task, or a policy. */
import type { SeccompData } from '../arch/index.ts';
import type { Words } from '../diagram/index.ts';
import { type CheckedProgram, run, runStack } from '../kernel/index.ts';
import type { U32 } from '../num/index.ts';
import { evaluate, type Policy } from '../policy/index.ts';
import type { Meaning } from './meaning.ts';
import { meaningOfPolicy } from './policy.ts';
import { meaningOfProgram } from './program.ts';
import { type FilterStack, meaningOfStack } from './stack.ts';

export type Subject = CheckedProgram | Policy | FilterStack;

function isPolicy(subject: Subject): subject is Policy {
  return 'arches' in subject;
}

function isStack(subject: Subject): subject is FilterStack {
  return 'programs' in subject;
}

export function meaningOf(subject: Subject, words: Words): Meaning {
  if (isPolicy(subject)) return meaningOfPolicy(subject, words);
  return isStack(subject) ? meaningOfStack(subject, words) : meaningOfProgram(subject, words);
}

/** The answer to one call by the plain judge of the subject's kind, which shares nothing with its meaning. */
export function answer(subject: Subject, data: SeccompData): U32 {
  if (isPolicy(subject)) return evaluate(subject, data);
  return isStack(subject) ? runStack(subject.programs, data) : run(subject, data);
}

/** Architectures that a subject names, in its own order; a program names none. */
export function tokensOf(subject: Subject): readonly U32[] {
  return isPolicy(subject) ? subject.arches.map(({ arch }) => arch.audit) : [];
}
