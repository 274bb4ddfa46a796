/** Distinct calls and living threads: one object for each, so that work on them is done once and memory stays flat. */
import { type Arch, syscallName } from '../arch/index.ts';
import type { Task, TracedArg, TracedCall } from './types.ts';

const WHOLE = 0xffff_ffff_ffff_ffffn;
const NONE: readonly undefined[] = Array.from({ length: 6 }, () => undefined);

/** A register of which all 64 bits are known. */
export function known(value: bigint): TracedArg {
  return { known: WHOLE, value: BigInt.asUintN(64, value) };
}

/** A register of which only the low half is known: what a tracer prints of an int. */
export function knownLow(value: bigint): TracedArg {
  return { known: 0xffff_ffffn, value: BigInt.asUintN(32, value) };
}

export class Calls {
  readonly #byKey = new Map<string, TracedCall>();

  get count(): number {
    return this.#byKey.size;
  }

  /**
   * The object for this call; arguments beyond those given are unknown. `printed` is the name where the number is
   * unknown, or the ABI has no name for it.
   */
  intern(
    arch: Arch | undefined,
    nr: number | undefined,
    printed: string,
    args: readonly (TracedArg | undefined)[] = NONE,
  ): TracedCall {
    const name = (arch !== undefined && nr !== undefined ? syscallName(arch, nr) : undefined) ?? printed;
    const words = args.map((a) =>
      a === undefined || a.known === 0n ? '' : `${a.known.toString(36)}/${a.value.toString(36)}`,
    );
    const key = `${arch?.name ?? ''}:${nr ?? ''}:${name}:${words.join()}`;
    const found = this.#byKey.get(key);
    if (found !== undefined) return found;
    const six = NONE.map((_, i) => (args[i] === undefined || args[i].known === 0n ? undefined : args[i]));
    const made: TracedCall = { id: this.#byKey.size, arch, nr, name, args: six };
    this.#byKey.set(key, made);
    return made;
  }
}

interface Living extends Task {
  pid: number | undefined;
  comm: string | undefined;
  exe: string | undefined;
}

export class Tasks {
  readonly #byTid = new Map<number, Living>();

  /** The living thread of this number, or a new one. Facts that are given replace what was known. */
  get(tid: number, facts: Partial<Pick<Task, 'pid' | 'comm' | 'exe'>> = {}): Task {
    let task = this.#byTid.get(tid);
    if (task === undefined) {
      task = { tid, pid: undefined, comm: undefined, exe: undefined };
      this.#byTid.set(tid, task);
    }
    if (facts.pid !== undefined) task.pid = facts.pid;
    if (facts.comm !== undefined) task.comm = facts.comm;
    if (facts.exe !== undefined) task.exe = facts.exe;
    return task;
  }

  /** It has ended: the number may come again and then means another. */
  end(tid: number): void {
    this.#byTid.delete(tid);
  }
}
