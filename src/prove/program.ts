/** The meaning of a program, for every possible call. */
import { decode, type Insn } from '../bpf/index.ts';
import { unreachable } from '../diag/index.ts';
import { LimitReached, type Words, within } from '../diagram/index.ts';
import type { CheckedProgram } from '../kernel/index.ts';
import { codeOf } from '../kernel/program.ts';
import { asBits, asLeaves, type Joiner, type Meaning } from './meaning.ts';
import { joinMerged } from './merged.ts';
import { explore, flowOf, joinStates, type Progress } from './states.ts';

/**
 * What the program returns, as a diagram in the table of `words`. Throws LimitReached, with the instruction at hand, when
 * the table is full; TypeError for a program that `check` did not make.
 */
export function meaningOfProgram(program: CheckedProgram, words: Words): Meaning {
  codeOf(program);
  const insns = program.insns.map((raw): Insn => decode(raw) ?? unreachable(`opcode ${raw.code} passed the checker`));
  const flow = flowOf(insns, program.endian);
  const progress: Progress = { pc: 0 };
  try {
    const states = explore(flow, words, progress);
    const join = <R>(joiner: Joiner<R>): Meaning =>
      states === undefined ? joinMerged(flow, words, joiner, progress) : joinStates(states, words, joiner, progress);
    const leaves = within(() => join(asLeaves(words)));
    if (leaves.ok) return leaves.value;
    if (leaves.limit !== 'leaves') throw new LimitReached(leaves.limit, leaves.most);
    return join(asBits(words));
  } catch (error) {
    if (error instanceof LimitReached) error.pc ??= progress.pc;
    throw error;
  }
}
