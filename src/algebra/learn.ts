/**
 * A profile from what programs were seen to do: the calls of the traces, the arguments where they decide what a call may
 * do, and what no trace can show (companions.ts).
 *
 * Weak spot: a trace holds what happened, not what can happen. A path that was not taken is denied; record the program
 * at all of its work, errors included.
 */
import { ARCHES, type Arch, isNarrowParameter, isSyscallName, syscallNumber } from '../arch/index.ts';
import { fail } from '../diag/index.ts';
import type { Place, ReadOptions, ReadReport, TracedCall, TraceEvent } from '../trace/types.ts';
import {
  COMPANIONS,
  FALL_BACK_ON_ENOSYS,
  MOST_VALUES,
  NARROWINGS,
  type Narrowing,
  RUNTIME_CALLS,
  type Runtime,
} from './companions.ts';

export interface LearnOptions {
  /** Calls to narrow by their arguments; 'auto': those with few distinct values and security weight. */
  readonly args: 'auto' | 'none' | readonly string[];
  readonly runtime: Runtime;
  /** The only ABIs to learn for; those of the traces when absent. */
  readonly arches?: readonly Arch[] | undefined;
}

/** What was seen of one name, on the ABIs of the profile. */
export interface Seen {
  readonly name: string;
  readonly count: number;
  readonly first: Place;
  readonly arches: readonly Arch[];
  readonly narrowed?: Narrowed | undefined;
  /** Why its arguments stay free although they were to be narrowed. */
  readonly free?: string | undefined;
}

export interface Narrowed {
  readonly argIndex: number;
  readonly what: string;
  /** One rule for each. */
  readonly alternatives: readonly { readonly mask?: bigint; readonly value: bigint }[];
}

export interface Added {
  readonly why: string;
  readonly names: readonly string[];
  readonly arches: readonly Arch[];
  readonly narrowed?: Narrowed | undefined;
}

export interface Learned {
  readonly arches: readonly Arch[];
  /** By name. */
  readonly seen: readonly Seen[];
  readonly added: readonly Added[];
  /** Calls that fail with ENOSYS. */
  readonly enosys: readonly string[];
  readonly sources: readonly ReadReport[];
  /** What was seen and cannot be in the profile, in words. */
  readonly left: readonly string[];
  /** Why the traces may lack calls. */
  readonly incomplete: readonly string[];
}

interface Tally {
  count: number;
  readonly first: Place;
}

/** Takes the events of traces as they are read, and makes of them what a profile is to hold. */
export class Learning {
  readonly #options: LearnOptions;
  readonly #calls = new Map<TracedCall, Tally>();
  readonly #sources: ReadReport[] = [];

  /**
   * Begins with nothing learned.
   * @param options which arguments are narrowed, for which ABIs and runtime
   * @throws SeccompcError USAGE for calls to narrow that no narrowing is known for
   */
  constructor(options: LearnOptions) {
    this.#options = options;
    if (typeof options.args === 'string') return;
    const unknown = options.args.find((name) => !NARROWINGS.has(name));
    if (unknown === undefined) return;
    fail({
      code: 'USAGE',
      message: `arguments of ${unknown} cannot be learned`,
      help: `those of these calls can: ${[...NARROWINGS.keys()].join(', ')}`,
    });
  }

  /** The distinct calls so far. */
  get calls(): Iterable<TracedCall> {
    return this.#calls.keys();
  }

  /** The arguments that will be looked at. */
  readonly wanted: NonNullable<ReadOptions['wanted']> = (arch, name) => {
    const narrowing = this.#narrowing(name);
    return narrowing === undefined ? 0 : 1 << indexOn(arch, name, narrowing);
  };

  /**
   * Takes events of a trace. Never throws.
   * @param events in their order, as `batches()` of `readTrace` gives them
   * @param file the name of the trace, for comments
   */
  add(events: readonly TraceEvent[], file: string): void {
    for (const event of events) {
      if (event.kind !== 'call') continue;
      const known = this.#calls.get(event.call);
      if (known !== undefined) known.count += 1;
      else this.#calls.set(event.call, { count: 1, first: { file, line: event.line } });
    }
  }

  /**
   * A trace has been read to its end. Never throws.
   * @param report what `readTrace` says of it
   */
  source(report: ReadReport): void {
    this.#sources.push(report);
  }

  #narrowing(name: string): Narrowing | undefined {
    const { args } = this.#options;
    const narrowing = NARROWINGS.get(name);
    if (args === 'none' || narrowing === undefined) return undefined;
    return args === 'auto' ? (narrowing.auto ? narrowing : undefined) : args.includes(name) ? narrowing : undefined;
  }

  /**
   * What the profile is to hold.
   * @returns calls seen and added, and what no trace can show; `learnedText` writes it
   * @throws SeccompcError ARCH_MISSING where neither the traces nor the options tell it; ARCH_BYTE_ORDER; LEARN_EMPTY
   */
  result(): Learned {
    const arches = this.#arches();
    const left = new Map<string, number>();
    const byName = new Map<string, { tally: Tally; readonly arches: Set<Arch>; readonly calls: TracedCall[] }>();
    for (const [call, { count, first }] of this.#calls) {
      const on = (call.arch === undefined ? arches : arches.filter((a) => a === call.arch)).filter(
        (a) => syscallNumber(a, call.name) !== undefined,
      );
      if (on.length === 0) {
        const which = isSyscallName(call.name)
          ? `${call.name} of ${call.arch?.name ?? 'an unknown architecture'}`
          : `number ${call.nr ?? '?'} of ${call.arch?.name ?? 'an unknown architecture'}, which has no name`;
        left.set(which, (left.get(which) ?? 0) + count);
        continue;
      }
      const entry = byName.get(call.name) ?? { tally: { count: 0, first }, arches: new Set(), calls: [] };
      entry.tally.count += count;
      for (const a of on) entry.arches.add(a);
      entry.calls.push(call);
      byName.set(call.name, entry);
    }
    if (byName.size === 0) fail({ code: 'LEARN_EMPTY', message: 'no call of the traces can be in a profile' });
    const seen = [...byName]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, { tally, arches: on, calls }]): Seen => {
        const own = arches.filter((a) => on.has(a));
        return { name, count: tally.count, first: tally.first, arches: own, ...this.#narrow(name, calls, own[0]) };
      });
    const added = this.#added(seen, arches);
    const allowed = new Set([...seen.map(({ name }) => name), ...added.flatMap(({ names }) => names)]);
    const exists = (name: string) => arches.some((a) => syscallNumber(a, name) !== undefined);
    return {
      arches,
      seen,
      added,
      enosys: FALL_BACK_ON_ENOSYS.filter((name) => !allowed.has(name) && exists(name)).sort(),
      sources: this.#sources,
      left: [...left].map(([which, count]) => `${which}: ${count} calls`),
      incomplete: this.#sources.flatMap((s) => [
        ...s.incomplete.map((why) => `${s.file}: ${why}`),
        ...(s.unread > 0 ? [`${s.file}: ${s.unread} lines were not understood`] : []),
      ]),
    };
  }

  #arches(): readonly Arch[] {
    const told = new Set([...this.#calls.keys()].flatMap(({ arch }) => (arch === undefined ? [] : [arch])));
    const arches = this.#options.arches ?? [...ARCHES.values()].filter((a) => told.has(a));
    if (arches.length === 0) {
      fail({
        code: 'ARCH_MISSING',
        message: 'the traces do not tell for which architecture',
        help: 'name it: --arch x86_64 (strace -n records it)',
      });
    }
    if (arches.some((a) => a.endian !== arches[0]?.endian)) {
      fail({
        code: 'ARCH_BYTE_ORDER',
        message: `one profile of ${arches.map((a) => a.name).join(', ')} would need programs of two byte orders`,
        help: 'learn them apart: --arch',
      });
    }
    return arches;
  }

  #narrow(name: string, calls: readonly TracedCall[], arch: Arch | undefined): Pick<Seen, 'narrowed' | 'free'> {
    const narrowing = this.#narrowing(name);
    if (narrowing === undefined || arch === undefined) return {};
    const { what, how } = narrowing;
    const { runtime } = this.#options;
    if (runtime !== 'none' && RUNTIME_CALLS[runtime].includes(name))
      return { free: `${what} free: ${runtime} makes it too` };
    const argIndex = indexOn(arch, name, narrowing);
    const values = new Set<bigint>();
    for (const call of calls) {
      const width = isNarrowParameter(call.arch ?? arch, name, argIndex) ? 0xffff_ffffn : 0xffff_ffff_ffff_ffffn;
      const needed = how === 'values' ? width : how.flags;
      const arg = call.args[argIndex];
      if (arg === undefined || (arg.known & needed) !== needed) {
        return { free: `${what} free: not every value is in the traces` };
      }
      values.add(arg.value & needed);
    }
    const sorted = [...values].sort((a, b) => (a < b ? -1 : 1));
    if (how === 'values') {
      if (sorted.length > MOST_VALUES) return { free: `${what} free: ${sorted.length} different values` };
      return { narrowed: { argIndex, what, alternatives: sorted.map((value) => ({ value })) } };
    }
    const mask = how.flags & ~sorted.reduce((all, value) => all | value, 0n);
    if (mask === 0n) return { free: `${what} free: each of them was used` };
    return { narrowed: { argIndex, what: `${what} never seen`, alternatives: [{ mask, value: 0n }] } };
  }

  #added(seen: readonly Seen[], arches: readonly Arch[]): readonly Added[] {
    const groups: Added[] = [];
    const has = new Set(seen.flatMap(({ name, arches: on }) => on.map((a) => `${a.name} ${name}`)));
    const add = (why: string, on: Arch, names: readonly string[]) => {
      const fresh = names.filter((name) => syscallNumber(on, name) !== undefined && !has.has(`${on.name} ${name}`));
      for (const name of fresh) {
        has.add(`${on.name} ${name}`);
        const narrowing = name === 'clone' ? this.#narrowing('clone') : undefined;
        // In place of clone3, whose flags no trace of registers shows: threads and processes, no namespaces.
        const narrowed =
          narrowing === undefined || narrowing.how === 'values'
            ? undefined
            : {
                argIndex: indexOn(on, name, narrowing),
                what: narrowing.what,
                alternatives: [{ mask: narrowing.how.flags, value: 0n }],
              };
        groups.push({ why, names: [name], arches: [on], narrowed });
      }
    };
    for (const on of arches) {
      const seenHere = new Set(seen.filter((s) => s.arches.includes(on)).map(({ name }) => name));
      if (seenHere.size === 0) continue;
      for (const { why, when, names } of COMPANIONS) {
        if (when === 'always' || when.some((name) => seenHere.has(name))) add(why, on, names);
      }
      const { runtime } = this.#options;
      if (runtime !== 'none')
        add(`what ${runtime} does between the filter and the program`, on, RUNTIME_CALLS[runtime]);
    }
    return gathered(groups);
  }
}

/** s390 takes the flags of clone second. @see Linux kernel/fork.c CONFIG_CLONE_BACKWARDS2 */
function indexOn(arch: Arch | undefined, name: string, { argIndex }: Narrowing): number {
  return name === 'clone' && (arch?.name === 's390x' || arch?.name === 's390') ? 1 : argIndex;
}

/** One name each, to lists: first the ABIs of each name and reason, then the names that share them. */
function gathered(single: readonly Added[]): readonly Added[] {
  const byName = new Map<string, Added>();
  for (const one of single) {
    const key = `${one.why}\n${one.names[0]}`;
    const before = byName.get(key);
    byName.set(key, before === undefined ? one : { ...before, arches: [...before.arches, ...one.arches] });
  }
  const groups = new Map<string, Added>();
  for (const one of byName.values()) {
    const apart = one.narrowed === undefined ? '' : one.names[0];
    const key = `${one.why}\n${one.arches.map((a) => a.name).join()}\n${apart}`;
    const before = groups.get(key);
    groups.set(key, before === undefined ? one : { ...before, names: [...before.names, ...one.names].sort() });
  }
  return [...groups.values()];
}
