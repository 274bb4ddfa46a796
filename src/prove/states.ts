/**
 * Symbolic execution, the usual way. Forwards: every state (instruction, registers) that some way through the program
 * reaches, equal ones merged. A state does not remember how it was reached, so its result is one diagram whatever the
 * way; backwards, each state's result is joined from those of the states that follow it.
 *
 * Weak spot: a program can have exponentially many states. `explore` gives up early then, and `merged.ts` takes over.
 */
import type { Insn } from '../bpf/index.ts';
import { unreachable } from '../diag/index.ts';
import { FALSE, type Node, TRUE, WORD_LIMIT, type Words } from '../diagram/index.ts';
import type { Endian } from '../num/index.ts';
import { liveness } from './liveness.ts';
import type { Joiner, Meaning } from './meaning.ts';
import { atEntry, onlyLive, type Registers, step } from './step.ts';

/** Instructions with their byte order and what is live before each. */
export interface Flow {
  readonly insns: readonly Insn[];
  readonly endian: Endian;
  readonly live: Uint32Array;
}

export function flowOf(insns: readonly Insn[], endian: Endian): Flow {
  return { insns, endian, live: liveness(insns) };
}

/** Where work stands, for the message when a limit is reached. */
export interface Progress {
  pc: number;
}

type Exit =
  | { readonly kind: 'return'; readonly registers: Registers; readonly value: Registers['a'] }
  /** Follows `ifTrue` where the condition holds; a state of `undefined` returns 0. */
  | { readonly kind: 'branch'; readonly condition: Node; readonly ifTrue: State | undefined; readonly ifFalse: State };

interface State {
  readonly registers: Registers;
  exit: Exit | undefined;
}

/** The states of each instruction, merged. */
export type States = readonly (readonly State[])[];

/** Real filters have one or two states at an instruction. */
const MOST_STATES_AT_ONE = 192;
const MOST_STATES = 50_000;

/** Every reachable state, or undefined when there are too many, at one instruction or in all. */
export function explore(flow: Flow, words: Words, progress: Progress): States | undefined {
  const states: State[][] = flow.insns.map(() => []);
  const byKey = new Map<number | string, State>();
  const enter = (pc: number, registers: Registers): State => {
    const live = onlyLive(registers, flow.live[pc] as number, words);
    const key = keyOf(pc, live);
    const found = byKey.get(key);
    if (found !== undefined) return found;
    const made: State = { registers: live, exit: undefined };
    byKey.set(key, made);
    (states[pc] as State[]).push(made);
    return made;
  };
  enter(0, atEntry(words));
  for (const [pc, insn] of flow.insns.entries()) {
    const here = states[pc] as State[];
    if (here.length > MOST_STATES_AT_ONE || byKey.size > MOST_STATES) return undefined;
    progress.pc = pc;
    for (const state of here) {
      const { registers } = state;
      const next = step(insn, pc, registers, words, flow.endian);
      if (next.kind === 'return') state.exit = { kind: 'return', registers, value: next.word };
      else if (next.kind === 'go') {
        const ifFalse = enter(next.pc, next.registers);
        state.exit = { kind: 'branch', condition: next.zero, ifTrue: undefined, ifFalse };
      } else if (next.condition === TRUE || next.condition === FALSE) {
        const only = enter(next.condition === TRUE ? next.ifTrue : next.ifFalse, registers);
        state.exit = { kind: 'branch', condition: FALSE, ifTrue: undefined, ifFalse: only };
      } else {
        const ifTrue = enter(next.ifTrue, registers);
        const ifFalse = enter(next.ifFalse, registers);
        state.exit = { kind: 'branch', condition: next.condition, ifTrue, ifFalse };
      }
    }
  }
  return states;
}

function keyOf(pc: number, { a, x, memory }: Registers): number | string {
  // 4096 instructions and two ids below 2^18 make a number below 2^48.
  const key = (pc * WORD_LIMIT + a.id) * WORD_LIMIT + x.id;
  return memory.length === 0 ? key : `${key}:${memory.map((word) => word.id).join()}`;
}

/** The program's meaning: each state's result from those behind it. */
export function joinStates<R>(states: States, words: Words, joiner: Joiner<R>, progress: Progress): Meaning {
  const results = new Map<State, R>();
  const resultOf = (state: State): R => results.get(state) ?? unreachable('a state follows itself');
  const zero = joiner.word(words.zero);
  for (let pc = states.length - 1; pc >= 0; pc--) {
    progress.pc = pc;
    for (const state of states[pc] as readonly State[]) {
      const exit = state.exit ?? unreachable('a state was not executed');
      if (exit.kind === 'return') results.set(state, joiner.word(exit.value));
      else if (exit.condition === FALSE) results.set(state, resultOf(exit.ifFalse));
      else {
        const whenTrue = exit.ifTrue === undefined ? zero : resultOf(exit.ifTrue);
        results.set(state, joiner.choose(exit.condition, whenTrue, resultOf(exit.ifFalse)));
      }
    }
  }
  return joiner.done(resultOf((states[0] as readonly State[])[0] as State));
}
