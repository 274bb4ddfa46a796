/**
 * Symbolic execution for programs with too many states: one state for each instruction. It knows for which inputs the
 * instruction is reached, and each register there is one word that depends on the input. Slower on ordinary filters,
 * whose few states are simpler than their union.
 */
import { FALSE, type Node, TRUE, type Words } from '../diagram/index.ts';
import type { Joiner, Meaning } from './meaning.ts';
import type { Flow, Progress } from './states.ts';
import { atEntry, onlyLive, type Registers, selectRegisters, step } from './step.ts';

interface Arrival {
  readonly reach: Node;
  readonly registers: Registers;
}

export function joinMerged<R>(flow: Flow, words: Words, joiner: Joiner<R>, progress: Progress): Meaning {
  const d = words.diagrams;
  const arrivals: (Arrival | undefined)[] = flow.insns.map(() => undefined);
  let result = joiner.word(words.zero);
  const enter = (pc: number, reach: Node, registers: Registers) => {
    if (reach === FALSE) return;
    const live = onlyLive(registers, flow.live[pc] as number, words);
    const there = arrivals[pc];
    // Two ways never share an input, so whichever is asked first decides.
    arrivals[pc] =
      there === undefined
        ? { reach, registers: live }
        : { reach: d.or(there.reach, reach), registers: selectRegisters(words, reach, live, there.registers) };
  };
  enter(0, TRUE, atEntry(words));
  for (const [pc, insn] of flow.insns.entries()) {
    const here = arrivals[pc];
    if (here === undefined) continue;
    arrivals[pc] = undefined;
    progress.pc = pc;
    const { reach, registers } = here;
    const next = step(insn, pc, registers, words, flow.endian);
    if (next.kind === 'return') {
      // What the word is elsewhere does not matter; 0 there keeps it small.
      const word = next.word.constant === undefined ? words.select(reach, next.word, words.zero) : next.word;
      result = joiner.choose(reach, joiner.word(word), result);
    } else if (next.kind === 'go') {
      // Where the division by zero returns 0, the result is 0 already.
      enter(next.pc, d.ite(next.zero, FALSE, reach), next.registers);
    } else {
      const taken = d.and(reach, next.condition);
      // A JEQ with a constant that holds makes A that constant.
      const known = insn.op === 'jeq' && insn.source === 'k' ? { ...registers, a: words.constant(insn.k) } : registers;
      enter(next.ifTrue, taken, known);
      enter(next.ifFalse, d.ite(next.condition, FALSE, reach), registers);
    }
  }
  return joiner.done(result);
}
