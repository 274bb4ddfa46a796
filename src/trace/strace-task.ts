/** A thread of a strace log, and what is not settled about it yet. */
import type { Arch } from '../arch/index.ts';
import type { Named, Slot } from './strace-names.ts';
import type { CallEvent, Fate, Task, TraceEvent } from './types.ts';

/** A call that is not given out yet: its ABI, or its end, is missing. */
export interface Waiting {
  readonly slot: Slot | undefined;
  readonly named: Named;
  /** Beside the name (-n); negative: none. */
  readonly nr: number;
  /** Arguments as printed; '' where nobody needs them. */
  readonly text: string;
  readonly line: number;
  /** It has been given out; its second half says nothing new. */
  readonly emitted?: boolean;
}

interface Held {
  readonly event: CallEvent;
  readonly emit: (event: TraceEvent) => void;
}

export class StraceTask {
  readonly tid: number;
  readonly task: Task;
  /** Undefined until something tells. */
  arch: Arch | undefined;
  hasEnded = false;
  unfinished: Waiting | undefined;
  /** Since its program began, for evidence of the ABI. */
  readonly waiting: Waiting[] = [];
  #held: Held | undefined;

  constructor(tid: number, task: Task) {
    this.tid = tid;
    this.task = task;
  }

  /** A call that may have been the task's last: what comes next tells. */
  hold(event: CallEvent, emit: (event: TraceEvent) => void): void {
    this.settle(undefined);
    this.#held = { event, emit };
  }

  settle(fate: Fate | undefined): void {
    if (this.#held === undefined) return;
    const { event, emit } = this.#held;
    this.#held = undefined;
    emit(fate === undefined ? event : { ...event, fate });
  }
}
