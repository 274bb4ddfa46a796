/** Either side of a comparison: a program or a policy. */
import type { SeccompData } from '../arch/index.ts';
import type { Words } from '../diagram/index.ts';
import { type CheckedProgram, run } from '../kernel/index.ts';
import type { U32 } from '../num/index.ts';
import { evaluate, type Policy } from '../policy/index.ts';
import type { Meaning } from './meaning.ts';
import { meaningOfPolicy } from './policy.ts';
import { meaningOfProgram } from './program.ts';

export type Subject = CheckedProgram | Policy;

function isPolicy(subject: Subject): subject is Policy {
  return 'arches' in subject;
}

export function meaningOf(subject: Subject, words: Words): Meaning {
  return isPolicy(subject) ? meaningOfPolicy(subject, words) : meaningOfProgram(subject, words);
}

/** The answer to one call by the plain judge of the subject's kind, which shares nothing with its meaning. */
export function answer(subject: Subject, data: SeccompData): U32 {
  return isPolicy(subject) ? evaluate(subject, data) : run(subject, data);
}

/** Architectures that a subject names, in its own order; a program names none. */
export function tokensOf(subject: Subject): readonly U32[] {
  return isPolicy(subject) ? subject.arches.map(({ arch }) => arch.audit) : [];
}
