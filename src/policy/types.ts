/**
 * The three forms of a profile: `OciProfile` (what the text says, with places), `Policy` (what it means for chosen
 * architectures, capabilities and kernel), and the options that lead from one to the other.
 */
import type { Arch, ArchName, NumberRange } from '../arch/index.ts';
import type { Diagnostic, Source, Span } from '../diag/index.ts';
import type { Endian, U32 } from '../num/index.ts';
import type { ScmpAction, ScmpOp } from './vocabulary.ts';

/** A word of the profile and where it stands. */
export interface Located<T> {
  readonly value: T;
  readonly span: Span;
}

/** An action with its optional data: a number, or an errno name that each architecture numbers itself. */
export interface ActionSpec {
  readonly action: ScmpAction;
  readonly errno?: number | string | undefined;
  readonly span: Span;
}

export interface OciCondition {
  /** Argument, 0 to 5. */
  readonly argIndex: number;
  readonly op: ScmpOp;
  /** 64 bits, unsigned. For SCMP_CMP_MASKED_EQ the mask. */
  readonly value: bigint;
  /** For SCMP_CMP_MASKED_EQ what the masked argument must equal; else without meaning. */
  readonly valueTwo: bigint;
  /** The condition's own `x-width`: how many of the argument's bits are compared, whatever argWidth says. */
  readonly width?: 32 | 64 | undefined;
  readonly span: Span;
}

/** Docker's includes / excludes: a rule holds only where these do (or do not). */
export interface Filter {
  readonly arches: readonly ArchName[];
  readonly caps: readonly string[];
  /** [major, minor]. */
  readonly minKernel?: readonly [number, number] | undefined;
}

export interface OciRule {
  /** Position in the profile's `syscalls`, from 0. */
  readonly index: number;
  readonly names: readonly Located<string>[];
  readonly action: ActionSpec;
  readonly conditions: readonly OciCondition[];
  readonly comment?: string | undefined;
  readonly includes: Filter;
  readonly excludes: Filter;
  /** The rule's own `x-architectures`: the only ABIs for which it holds, each by its own name; none: no restriction. */
  readonly onlyArches: readonly ArchName[];
  readonly span: Span;
}

export type ArgWidth = 'oci' | 'kernel';
/** 'written': socketcall and ipc get what the rules for them say, and nothing from the rules for the calls behind them. */
export type Multiplexed = 'allow' | 'deny' | 'written';
/** 'first-match': the first rule of the text whose conditions all hold decides, whatever it says. */
export type RuleOrder = 'oci' | 'first-match';
export type UnknownArch = 'kill-process' | 'kill' | 'errno';

export interface OciProfile {
  readonly source: Source;
  readonly defaultAction: ActionSpec;
  /** From `architectures`, or `archMap` flattened; empty when the profile names none. */
  readonly arches: readonly Located<Arch>[];
  /** Also when none of the names could be read. */
  readonly namesArches: boolean;
  readonly flags: readonly string[];
  readonly listenerPath?: string | undefined;
  readonly listenerMetadata?: string | undefined;
  readonly rules: readonly OciRule[];
  /** The profile's own `x-argWidth`, `x-multiplexed`, `x-ruleOrder` and `x-unknownArch`. */
  readonly argWidth?: ArgWidth | undefined;
  readonly multiplexed?: Multiplexed | undefined;
  readonly ruleOrder?: RuleOrder | undefined;
  readonly unknownArch?: UnknownArch | undefined;
  /** The profile's own `x-enosysAbove`: above the largest number that the rules name, or above these. */
  readonly enosysAbove?: boolean | ReadonlyMap<ArchName, number> | undefined;
  /** The profile's own `x-assert`: statements that `seccompc prove` proves (src/assert). */
  readonly assertions: readonly Located<string>[];
  /** Warnings; errors are thrown. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Everything that changes what a profile means. See docs/semantics.md. */
export interface ResolveOptions {
  /** ABIs by any of their names; the profile's own when absent. All must have one byte order. */
  readonly arches?: readonly string[] | undefined;
  /** Capabilities held: a list ('NET_ADMIN' or 'CAP_NET_ADMIN'), none, all, or Docker's default set (the default). */
  readonly caps?: 'none' | 'all' | 'docker' | readonly string[] | undefined;
  /** Kernel version 'MAJOR.MINOR' for minKernel; every minKernel counts as satisfied when absent. */
  readonly kernel?: string | undefined;
  /** Whose reading of doubtful profiles to follow; 'runc' ignores unknown system call names. Default 'none'. */
  readonly runtime?: 'none' | 'runc' | undefined;
  /** What calls of an architecture not named get. Default 'kill-process'. */
  readonly unknownArch?: UnknownArch | undefined;
  /** Conditional rules with different actions that match one call. Default 'error'. */
  readonly onConflict?: 'error' | 'first' | 'strictest' | undefined;
  /** What socketcall(2) and ipc(2) get for a call whose rules look at arguments. Default 'allow', as libseccomp. */
  readonly multiplexed?: Multiplexed | undefined;
  /** Which of several rules for one call decides: as runc with libseccomp ('oci', the default), or the first. */
  readonly ruleOrder?: RuleOrder | undefined;
  /** 64-bit comparisons as the dialect says ('oci', the default), or what the kernel will use of the parameter. */
  readonly argWidth?: ArgWidth | undefined;
  /**
   * Numbers above the largest one that the profile lists for an ABI return ENOSYS, unless the default action lets calls
   * through: newer calls than the profile knows then fail in the way that C libraries fall back from. Implied by 'runc'.
   */
  readonly enosysAbove?: boolean | undefined;
  /** Unknown system call names are errors in every rule. */
  readonly strict?: boolean | undefined;
}

export type ConditionOp = 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge' | 'masked_eq';

/** One comparison, unsigned. `masked_eq`: (argument & mask) == value; else `mask` is all ones and unused. */
export interface Condition {
  readonly argIndex: number;
  readonly op: ConditionOp;
  readonly value: bigint;
  readonly mask: bigint;
  /** Compare only the low 32 bits of the argument, zero-extended. */
  readonly narrow: boolean;
}

/** Which rule of the profile a decision comes from. */
export interface Origin {
  readonly ruleIndex: number;
  readonly span: Span;
  /** Set where a rule for this name decides a call of the multiplexer. */
  readonly via?: string | undefined;
}

export interface PolicyRule {
  /** The whole result word. */
  readonly action: U32;
  /** All must hold; none means always. */
  readonly conditions: readonly Condition[];
  readonly origin: Origin;
}

export interface CallPolicy {
  /** The number as the ABI passes it (x32 with bit 30). */
  readonly nr: number;
  readonly name: string;
  /** The first rule whose conditions hold decides; when none does, the default action. */
  readonly rules: readonly PolicyRule[];
}

/** A rule that does not hold for one ABI under the options chosen. */
export interface InactiveRule {
  readonly origin: Origin;
  readonly names: readonly string[];
  /** What is missing or excluded: 'needs CAP_SYS_ADMIN'. */
  readonly why: string;
}

/** Numbers that get ENOSYS instead of the default action. */
export interface EnosysStub {
  /** The largest number that the profile lists; those above it are meant. */
  readonly above: number;
  /** Number 0 is meant too: s390's way to make calls with large numbers, which unknown ones fall back to. */
  readonly zero: boolean;
  /** The whole result word. */
  readonly word: U32;
}

/** Numbers that are another ABI's calls, where the default action would let them through. */
export interface OtherNumbers {
  readonly ranges: readonly NumberRange[];
  /** The whole result word: that of architectures which the policy does not name. */
  readonly word: U32;
}

export interface ArchPolicy {
  readonly arch: Arch;
  /** The whole result word for every number without a matching rule. */
  readonly defaultAction: U32;
  readonly calls: ReadonlyMap<number, CallPolicy>;
  readonly inactive: readonly InactiveRule[];
  readonly enosys?: EnosysStub | undefined;
  readonly others?: OtherNumbers | undefined;
}

export interface Policy {
  readonly source: Source;
  readonly endian: Endian;
  readonly arches: readonly ArchPolicy[];
  /** The result word for architectures that are not in `arches`. */
  readonly unknownArch: U32;
  /** What the profile itself names, whether or not it was built for. */
  readonly profileArches: readonly Arch[];
  readonly flags: readonly string[];
  /** Whom SCMP_ACT_NOTIFY asks: the profile's words, which no decision depends on. */
  readonly listener?: { readonly path?: string | undefined; readonly metadata?: string | undefined } | undefined;
  /** The kernel version asked for; undefined means that every minKernel counted as satisfied. */
  readonly kernel?: string | undefined;
  readonly argWidth: ArgWidth;
  readonly multiplexed: Multiplexed;
  /** Warnings of parsing and of resolving; errors are thrown. */
  readonly diagnostics: readonly Diagnostic[];
}
