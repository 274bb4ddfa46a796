/** What a dry run shows, call by call: what would have been denied, and what may have kept calls from being seen. */
import type { SeccompData } from '../arch/index.ts';
import { type Sighting, sightingOf } from '../build/traced.ts';
import type { TracedCall } from '../host/trace-command.ts';
import type { CheckedProgram } from '../kernel/index.ts';

export interface SeenProcess {
  /** Undefined where /proc did not say. */
  readonly pid: number | undefined;
  readonly name: string | undefined;
  count: number;
}

/** Calls that are alike: the same call, and the same answer. */
export interface Denied {
  readonly word: number;
  readonly first: SeccompData;
  count: number;
  readonly processes: Map<string, SeenProcess>;
}

type Hiding = Exclude<Sighting['kind'], 'denied' | 'start' | 'harmless'> | 'unread';

/** What the kernel keeps of a program's name: /proc calls it so. */
const NAME_BYTES = 15;

export class Findings {
  readonly denied: Map<string, Denied> = new Map();
  /** The filter is in force in the program itself. */
  hasStarted = false;
  readonly #program: CheckedProgram;
  readonly #every: boolean;
  /** Started before the filter was in force: it does not hold for them. */
  readonly #before = new Set<number>();
  readonly #trial: string;
  readonly #name: string;
  readonly #hidden = new Map<Hiding, SeenProcess>();
  /** Threads that have executed something, and not told since that they start. */
  readonly #executed = new Set<number>();
  /** Filters that a thread has installed since it last executed something; the last of them may turn out to be the stub's. */
  readonly #installed = new Map<number, SeenProcess[]>();

  /**
   * `trial`: the name of the file that is run; it is told of as `name`. `every`: all calls are heard of, also from before
   * the filter is in force.
   */
  constructor(program: CheckedProgram, trial: string, name: string, every: boolean) {
    this.#program = program;
    this.#trial = trial.slice(0, NAME_BYTES);
    this.#name = name;
    this.#every = every;
  }

  hear(call: TracedCall): void {
    const process = this.#processOf(call);
    if (call.data === undefined) {
      this.#hidden.set('unread', process);
      return;
    }
    const sighting = sightingOf(this.#program, call.data, call.pointed);
    if (sighting.kind === 'start') {
      this.#started(call, process);
      return;
    }
    if (this.#every && this.#isBefore(process)) return;
    switch (sighting.kind) {
      case 'denied':
        this.#add(call.data, sighting.word, process);
        return;
      case 'filters':
        this.#installed.set(call.tid, [...(this.#installed.get(call.tid) ?? []), process]);
        return;
      case 'traces':
      case 'untraced':
        this.#hidden.set(sighting.kind, process);
        return;
      case 'harmless':
        return;
      default:
        sighting satisfies never;
    }
  }

  /** What it installed as the program before stays in force. */
  executed(tid: number): void {
    this.#keepInstalled(tid);
    this.#executed.add(tid);
  }

  #keepInstalled(tid: number): void {
    const [first] = this.#installed.get(tid) ?? [];
    if (first !== undefined) this.#hidden.set('filters', first);
    this.#installed.delete(tid);
  }

  /**
   * The first start is the program's own; those of the same file that it executes again follow. Each has executed
   * something before, so what else makes this call, and as often as it likes, is not the stub.
   */
  #started({ tid, process: told }: TracedCall, process: SeenProcess): void {
    if (!this.#executed.delete(tid)) return;
    this.hasStarted = true;
    if (process.pid !== undefined) this.#before.delete(process.pid);
    const installed = this.#installed.get(tid) ?? [];
    // What is installed before the stub's filter is in force comes to no tracer, but it counts.
    if (installed.pop() === undefined && (told?.filters ?? 0) > 1) this.#hidden.set('filters', process);
  }

  #isBefore({ pid }: SeenProcess): boolean {
    if (pid === undefined) return !this.hasStarted;
    if (!this.hasStarted) this.#before.add(pid);
    return this.#before.has(pid);
  }

  /** What may have kept calls from being seen, in words. */
  hidden(): readonly string[] {
    for (const tid of [...this.#installed.keys()]) this.#keepInstalled(tid);
    // A tracer that stops at every call stops before the filters.
    const all = [...this.#hidden].filter(([kind]) => kind !== 'filters' || !this.#every);
    return all.map(([kind, { pid, name }]) => {
      const who = `${name ?? 'a process'}${pid === undefined ? '' : ` (process ${pid})`}`;
      switch (kind) {
        case 'unread':
          return `the kernel did not say what call ${who} made (Linux before 5.3?)`;
        case 'traces':
          return `${who} calls ptrace, which a traced program cannot use: it may have run otherwise than it would`;
        case 'untraced':
          return `${who} starts a process with CLONE_UNTRACED, which cannot be watched`;
        case 'filters':
          return `${who} installs a filter of its own, and calls that it denies do not come to the tracer (--every-call sees them)`;
        default:
          return kind satisfies never;
      }
    });
  }

  #processOf({ process }: TracedCall): SeenProcess {
    if (process === undefined) return { pid: undefined, name: undefined, count: 0 };
    return { pid: process.pid, name: process.name === this.#trial ? this.#name : process.name, count: 0 };
  }

  #add(first: SeccompData, word: number, process: SeenProcess): void {
    const key = `${first.arch} ${first.nr} ${word}`;
    const found = this.denied.get(key) ?? { word, first, count: 0, processes: new Map<string, SeenProcess>() };
    this.denied.set(key, found);
    found.count += 1;
    const who = `${process.pid} ${process.name}`;
    const known = found.processes.get(who) ?? process;
    found.processes.set(who, known);
    known.count += 1;
  }
}
