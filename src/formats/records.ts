/** What stands behind each record of a program in source text: the instruction, and what it looks at or says. */
import { list } from '../bpf/index.ts';
import type { CheckedProgram } from '../kernel/index.ts';

export function recordComments(program: CheckedProgram): readonly string[] {
  return list(program.insns, program.endian).map(({ pc, text, comment, isTarget }) => {
    const label = isTarget ? `L${pc}: ` : '';
    return comment === '' ? `${label}${text}` : `${label}${text}; ${comment}`;
  });
}

export const hex = (word: number, digits = 1): string => `0x${word.toString(16).padStart(digits, '0')}`;
