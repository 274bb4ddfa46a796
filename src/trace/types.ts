/**
 * What a reader of a trace hands on, and what a replay makes of it. Both are plain data.
 *
 * What the trace does not tell stays unknown: an argument is the bits that are known, an architecture may be missing, a
 * call may be a name without a number. Nothing is ever filled up with zeros.
 */
import type { Arch } from '../arch/index.ts';
import type { Diagnostic } from '../diag/index.ts';
import type { U32 } from '../num/index.ts';
import type { OfSet } from './strace-set.ts';

/** One file in this folder for each, but for the three spellings of strace's. */
export type TraceFormat =
  | 'strace'
  | 'audit'
  | 'kernel-log'
  | 'journal-json'
  | 'journal-export'
  | 'perf-script'
  | 'ftrace'
  | 'bpftrace'
  | 'jsonl';

/** A 64-bit register as far as the trace tells it: bit i is that of `value` where `known` has bit i, else it is unknown. */
export interface TracedArg {
  readonly known: bigint;
  /** No bit outside `known`. */
  readonly value: bigint;
}

/**
 * A distinct call. Readers intern them: two events with the same call hold the same object, so that whoever works on
 * calls does it once for each, whatever the number of events.
 */
export interface TracedCall {
  /** Position in the order of first appearance, from 0. */
  readonly id: number;
  /** The ABI that made it; undefined where the trace does not tell. */
  readonly arch: Arch | undefined;
  /** What the filter sees as seccomp_data.nr (x32 with bit 30); undefined for a name that no number is known for. */
  readonly nr: number | undefined;
  /** The ABI's name of the number, else what the trace printed; '' where there is neither. */
  readonly name: string;
  /**
   * Registers 0 to 5; undefined where nothing is known. A reader that was asked for some arguments only
   * (`ReadOptions.wanted`) leaves the others undefined.
   */
  readonly args: readonly (TracedArg | undefined)[];
}

/** A thread, as far as the trace tells it. One object for a thread's whole life. */
export interface Task {
  /** The thread's id as printed; 0 where the trace prints none. */
  readonly tid: number;
  /** The process (thread group) that it belongs to; undefined where the trace does not tell. */
  readonly pid: number | undefined;
  /** As last seen. Text from outside. */
  readonly comm: string | undefined;
  readonly exe: string | undefined;
}

/** What the trace says became of a call under the filter that was in force when it was recorded. */
export type Fate =
  /** Ended its thread or process by SIGSYS. */
  | 'killed'
  /** SIGSYS, SYS_SECCOMP: the call did not run. */
  | 'trapped'
  /** Recorded by the filter's own log entry: LOG, or denied; `word` of the event says which. */
  | 'logged';

export interface CallEvent {
  readonly kind: 'call';
  readonly call: TracedCall;
  readonly task: Task;
  /** 1-based line of the file where the call begins. */
  readonly line: number;
  readonly fate?: Fate | undefined;
  /** The filter's result word where the trace has it (audit: the action without its data). */
  readonly word?: U32 | undefined;
}

/** A thread's end, or that of its whole process. */
export interface EndEvent {
  readonly kind: 'end';
  readonly task: Task;
  readonly line: number;
  readonly signal?: string | undefined;
  /** What it ended with by itself, where the trace tells. */
  readonly status?: number | undefined;
}

export type TraceEvent = CallEvent | EndEvent;

/**
 * What a file was read as, and what became of each of its lines: `lines` is the sum of `calls`, `other` and `unread`.
 * Complete when reading has ended.
 */
export interface ReadReport {
  readonly file: string;
  readonly format: TraceFormat;
  /** How the format was recognised, in words; undefined when it was given. */
  readonly detected: string | undefined;
  readonly lines: number;
  readonly calls: number;
  /** Lines that say something else than calls: signals, exits, headers. */
  readonly other: number;
  /** Lines that could not be understood; each counts, the first five are kept. */
  readonly unread: number;
  readonly firstUnread: readonly { readonly line: number; readonly text: string }[];
  /** False where the format never has them, or none of its records in this trace did. */
  readonly hasArguments: boolean;
  readonly hasArch: boolean;
  /** Why calls may be missing: suppressed callbacks, a cut tail, lost records, a recording that leaves out denied calls. */
  readonly incomplete: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
}

export interface ReadOptions {
  /** Recognised from the first lines when absent. */
  readonly format?: TraceFormat | undefined;
  /** For diagnostics and reports; '-' for standard input. */
  readonly file?: string | undefined;
  /** The machine that it was recorded on, by its native ABI; x86_64 when absent. */
  readonly machine?: Arch | undefined;
  /** The ABI of calls where the format does not tell; never overrides what the trace says. */
  readonly arch?: Arch | undefined;
  /** One of the files of `strace -ff`: whose calls those are whose lines name no thread (`inReadingOrder`). */
  readonly ofSet?: OfSet | undefined;
  /**
   * The arguments that somebody will look at, as a mask (bit i: argument i); all six when absent. `name` is the ABI's
   * name of the call. Fewer arguments mean fewer distinct calls and a faster reader.
   */
  readonly wanted?: ((arch: Arch | undefined, name: string, nr: number | undefined) => number) | undefined;
}

export type Confidence =
  /** Whatever the unknown bits are, this is what happens. */
  | 'exact'
  /** It depends on what the trace does not tell; `possible` lists what may happen. */
  | 'ambiguous'
  /** The trace has no arguments for this call and the filter looks at them. */
  | 'names-only';

/** What the filter says to one distinct call. */
export interface Verdict {
  readonly call: TracedCall;
  readonly confidence: Confidence;
  /** The word of an exact verdict; of the others the strictest of those that are possible. */
  readonly word: U32;
  /** All words that are possible, strictest first; one for an exact verdict. */
  readonly possible: readonly U32[];
  /** Positions in the profile's `syscalls` of the rules that decide (one when exact), empty: the default action, or no profile. */
  readonly rules: readonly number[];
  /** What a program runs for it, in order; absent for a policy, and where the unknown bits may lead another way. */
  readonly path?: readonly PathStep[] | undefined;
}

/** An instruction that ran. */
export interface PathStep {
  /** From 0. */
  readonly pc: number;
  /** In assembler text, and what it means. */
  readonly text: string;
  /** Which way a conditional jump went. */
  readonly taken?: 'jt' | 'jf' | undefined;
}

/** A recorded call that the kernel asked about does not have. */
export interface LackingCall {
  readonly call: TracedCall;
  readonly count: number;
  readonly first: Place;
  /** 'there since Linux 5.11'. */
  readonly why: string;
  /** The version that brought it to its first ABI, or that took it away. */
  readonly since?: string | undefined;
  readonly removed?: string | undefined;
}

/** Where a call stands. */
export interface Place {
  readonly file: string;
  /** 1-based. */
  readonly line: number;
}

/**
 * How often a call was made, by what the filter would have done before it.
 * After KILL_PROCESS nothing of that process happens any more, after KILL_THREAD nothing of that thread; after ERRNO or
 * TRAP the program knows that a call failed, and what it does then is not what it did in the trace.
 */
export interface Counts {
  /** The program comes here under the filter as it did in the trace. */
  readonly reached: number;
  /** An earlier call of the same process would have failed: it may do something else instead. */
  readonly hypothetical: number;
  /** The process or thread would have been killed before. */
  readonly unreachable: number;
}

/**
 * How often among each `width` events of the replay, in their order: counts[0] is for the first `width` of them. All
 * timelines of a replay have one width, a power of two, and 64 counts at most; those at the end that are 0 are left out.
 */
export interface Timeline {
  readonly width: number;
  readonly counts: readonly number[];
}

/** A distinct call that the filter does not simply allow (or, in `Replay.ambiguous`, perhaps does not). */
export interface Finding {
  readonly verdict: Verdict;
  readonly counts: Counts;
  readonly first: Place;
  readonly last: Place;
  /** Who made it; at most ten are kept, in the order of their first such call. */
  readonly tasks: readonly Pick<Task, 'tid' | 'pid' | 'comm'>[];
  /** When it was made; the first thousand findings of a replay have one. */
  readonly timeline?: Timeline | undefined;
  /**
   * The smallest rule that, put behind the others, lets it through, as an element of `syscalls`; undefined where none can
   * (nr unknown, an ABI that the filter is not for, a rule that denies it).
   */
  readonly allowing?: SuggestedRule | undefined;
}

/** A rule as the OCI dialect has it. */
export interface SuggestedRule {
  readonly names: readonly string[];
  readonly action: string;
  readonly args?: readonly {
    readonly index: number;
    readonly value: bigint;
    readonly valueTwo: bigint;
    readonly op: string;
  }[];
}

/** What the trace used of a profile. */
export interface Coverage {
  /** One entry for each rule of the profile that is in force for an ABI of the policy. */
  readonly rules: readonly {
    readonly ruleIndex: number;
    readonly names: readonly string[];
    /** Events that it decided for certain, and that it may have decided. */
    readonly hits: number;
    readonly possibleHits: number;
    /** Of its names those that no event had. */
    readonly unused: readonly string[];
    /** Values that its conditions compare with and that no event had. */
    readonly unseen: readonly { readonly argIndex: number; readonly value: bigint }[];
  }[];
  /** Calls that the profile lets through and the trace never made, dangerous ones first. */
  readonly unusedCalls: readonly {
    readonly name: string;
    readonly arches: readonly string[];
    readonly danger: number;
    readonly why?: string | undefined;
  }[];
}

/** What replaying one or several traces gave. */
export interface Replay {
  /** Certainly denied (exact verdicts other than ALLOW and LOG), strictest first, then by count. */
  readonly denied: readonly Finding[];
  /** Perhaps denied: ambiguous and names-only verdicts of which some word denies. */
  readonly ambiguous: readonly Finding[];
  /** Let through but logged (LOG). */
  readonly logged: readonly Finding[];
  /** Calls whose number is unknown: no verdict. */
  readonly undecided: readonly {
    readonly call: TracedCall;
    readonly count: number;
    readonly first: Place;
    readonly why: string;
  }[];
  readonly totals: {
    readonly events: number;
    readonly distinct: number;
    readonly allowed: number;
    readonly logged: number;
    readonly denied: number;
    readonly ambiguous: number;
    readonly undecided: number;
    readonly unreachable: number;
    readonly hypothetical: number;
    /** x86_64's 335 and 336, which no filter sees. */
    readonly unfiltered: number;
  };
  readonly sources: readonly ReadReport[];
  /** Where a kernel version was given: what it, or an ABI of the filter, does not have; in the order of the trace. */
  readonly lacking?: { readonly kernel: string; readonly calls: readonly LackingCall[] } | undefined;
  /** Absent for a raw program. */
  readonly coverage?: Coverage | undefined;
  readonly notes: readonly Diagnostic[];
}
