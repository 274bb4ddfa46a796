/**
 * What a statement means for a policy or a program, and whether it holds for every value.
 *
 * A denial is meant on every ABI, said or not: on those that the subject covers, on those that it does not, on tokens
 * that no ABI has, and through socketcall(2) and ipc(2) where they reach the call. Where the subject covers an ABI the
 * verdict must be the one that is said; elsewhere it is enough that the call does not run. "allowed" and "logged" speak
 * of the ABIs that the subject covers, and of the direct call.
 *
 * Values are what the kernel sees: of a parameter that it cuts to 32 bits, every word with that low half. Where the
 * arguments are out of a filter's sight (behind a pointer), the verdict must hold whatever they are.
 */

import { type Family, hasHiddenArguments, isGeneric, parametersOf } from '../arch/constants.ts';
import {
  ACTION_NAMES,
  ARCHES,
  type Arch,
  actionOf,
  dataOf,
  errnoNumber,
  isNarrowParameter,
  MAX_ERRNO,
  SECCOMP_RET_ALLOW,
  SECCOMP_RET_ERRNO,
  SECCOMP_RET_KILL_PROCESS,
  SECCOMP_RET_KILL_THREAD,
  SECCOMP_RET_LOG,
  SECCOMP_RET_TRAP,
  type SeccompData,
  syscallNumber,
  UNFILTERED_X86_64,
} from '../arch/index.ts';
import { type U32, U64_MAX } from '../num/index.ts';
import type { Condition } from '../policy/index.ts';
import { multiplexed, SELECTOR_MASK } from '../policy/multiplex.ts';
import {
  type Clause,
  coveredArches,
  type Held,
  holdsFor,
  isDenied,
  type ProveOptions,
  type Region,
  type Subject,
} from '../prove/index.ts';
import type { ArgumentTest, Assertion, Bits, BitTest, CallPattern, Verdict } from './statement.ts';

export interface AssertOptions extends ProveOptions {
  /** The ABIs that the subject is for. By default a policy's own; of a program, those on which it lets any call run. */
  readonly arches?: readonly Arch[] | undefined;
}

/**
 * How a call is made: by its own number; so, with its arguments in memory; through socketcall or ipc; by the number that it
 * has on another ABI of the machine (MIPS); or through an architecture that no ABI has.
 */
export type Form = 'direct' | 'in-memory' | 'multiplexed' | 'other-number' | 'unknown-arch';

/** A call that breaks a statement. */
export interface Breach {
  readonly call: string;
  /** Absent where the token is of no ABI. */
  readonly arch?: Arch | undefined;
  readonly form: Form;
  /** It has been run. */
  readonly data: SeccompData;
  readonly word: U32;
  /** How many of the 2^512 inputs break it in this form. */
  readonly count: bigint;
}

export type Outcome =
  /** `vacuous`: none of the ABIs that it speaks of has such a call. */
  | { readonly kind: 'holds'; readonly assertion: Assertion; readonly vacuous: boolean }
  | { readonly kind: 'fails'; readonly assertion: Assertion; readonly breaches: readonly Breach[] }
  /** No filter can make it true: the kernel shows the call to none. */
  | { readonly kind: 'unfiltered'; readonly assertion: Assertion; readonly call: string }
  | { readonly kind: 'undecided'; readonly assertion: Assertion; readonly why: string };

type Predicate = (word: U32) => boolean;

const isAllowed: Predicate = (word) => actionOf(word) === SECCOMP_RET_ALLOW || actionOf(word) === SECCOMP_RET_LOG;
const isLogged: Predicate = (word) => actionOf(word) === SECCOMP_RET_LOG;
const isTrapped: Predicate = (word) => actionOf(word) === SECCOMP_RET_TRAP;
/** A word that is no action kills the process. */
const killsProcess: Predicate = (word) =>
  actionOf(word) === SECCOMP_RET_KILL_PROCESS || !ACTION_NAMES.has(actionOf(word));
const killsThread: Predicate = (word) => actionOf(word) === SECCOMP_RET_KILL_THREAD;
const isKilled: Predicate = (word) => killsProcess(word) || killsThread(word);
const returning = new Map<number, Predicate>();

/** Predicates are compared by identity further down, so each errno has one. */
function returns(errno: number): Predicate {
  const known = returning.get(errno);
  if (known !== undefined) return known;
  const made: Predicate = (word) => actionOf(word) === SECCOMP_RET_ERRNO && Math.min(dataOf(word), MAX_ERRNO) === errno;
  returning.set(errno, made);
  return made;
}

function predicateOf(verdict: Verdict, abi: Arch): Predicate {
  switch (verdict.kind) {
    case 'denied':
      return isDenied;
    case 'allowed':
      return isAllowed;
    case 'killed':
      return isKilled;
    case 'kills the process':
      return killsProcess;
    case 'kills the thread':
      return killsThread;
    case 'trapped':
      return isTrapped;
    case 'logged':
      return isLogged;
    case 'returns': {
      const { errno } = verdict;
      return returns(typeof errno === 'number' ? errno : (errnoNumber(errno, abi) ?? -1));
    }
    default:
      return verdict satisfies never;
  }
}

const isDenial = ({ kind }: Verdict): boolean => kind !== 'allowed' && kind !== 'logged';

/** One region that a statement speaks of, and what must be true of it. */
interface Part {
  readonly call: string;
  readonly arch?: Arch | undefined;
  readonly form: Form;
  readonly region: Region;
  readonly predicate: Predicate;
}

const LOW = 0xffff_ffffn;

interface Place {
  readonly call: string;
  readonly abi: Arch;
  readonly argIndex: number;
}

function condition({ call, abi, argIndex }: Place, op: Condition['op'], value: bigint, mask = U64_MAX): Condition {
  const narrow = isNarrowParameter(abi, call, argIndex);
  return narrow
    ? { argIndex, op, value: value & LOW, mask: mask & LOW, narrow }
    : { argIndex, op, value, mask, narrow };
}

function rangeConditions(place: Place, first: bigint, last: bigint): readonly Condition[] {
  if (first === last) return [condition(place, 'eq', first)];
  const isNarrow = isNarrowParameter(place.abi, place.call, place.argIndex);
  const from = condition(place, 'ge', first);
  return isNarrow && last >= LOW ? [from] : [from, condition(place, 'le', last)];
}

function bitsClause(place: Place, test: BitTest, bits: readonly Bits[]): Clause {
  // Of clone's flags the lowest byte is a signal, so CLONE_NEW* does not reach into it there.
  const own = bits.filter((b) => !(place.call === 'clone' && b.byPattern && (b.value & 0xffn) !== 0n));
  const mask = own.reduce((all, { value }) => all | value, 0n);
  const set = (value: bigint) => ({ oneOf: [[condition(place, 'masked_eq', value, mask)]] });
  switch (test) {
    case 'all':
      return set(mask);
    case 'no':
      return set(0n);
    case 'any':
      return { ...set(0n), not: true };
    default:
      return test satisfies never;
  }
}

function clauseOf(place: Place, test: ArgumentTest): Clause | undefined {
  switch (test.kind) {
    case 'any':
      return undefined;
    case 'values':
      return {
        oneOf: test.ranges.map(({ first, last }) => rangeConditions(place, first.value, last.value)),
        not: test.not,
      };
    case 'bits':
      return bitsClause(place, test.test, test.bits);
    case 'masked':
      return { oneOf: [[condition(place, 'masked_eq', test.value.value, test.mask.value)]] };
    default:
      return test satisfies never;
  }
}

function familiesOf(assertion: Assertion): readonly Family[] {
  const ofTest = (test: ArgumentTest): readonly Family[] => {
    switch (test.kind) {
      case 'any':
        return [];
      case 'values':
        return test.ranges.flatMap(({ first, last }) => [...first.families, ...last.families]);
      case 'bits':
        return test.bits.flatMap(({ constant }) => constant?.family ?? []);
      case 'masked':
        return [...test.mask.families, ...test.value.families];
      default:
        return test satisfies never;
    }
  };
  return [
    ...assertion.calls.flatMap(({ args }) => args.flatMap(ofTest)),
    ...(assertion.given ? [assertion.given.family] : []),
  ];
}

function clausesOf({ name, args }: CallPattern, { given }: Assertion, abi: Arch): readonly Clause[] {
  const place = (argIndex: number): Place => ({ call: name, abi, argIndex });
  const clauses = args.flatMap((test, i) => clauseOf(place(i), test) ?? []);
  const at = given ? parametersOf(name, abi).findIndex(({ family }) => family === given.family) : -1;
  return given && at >= 0 ? [...clauses, bitsClause(place(at), given.test, given.bits)] : clauses;
}

function partsOfCall(pattern: CallPattern, assertion: Assertion, abi: Arch, predicate: Predicate): readonly Part[] {
  const { name } = pattern;
  const parts: Part[] = [];
  const nr = syscallNumber(abi, name);
  if (nr !== undefined) {
    const clauses = clausesOf(pattern, assertion, abi);
    const isHidden = clauses.length > 0 && hasHiddenArguments(name, abi);
    // Constants that this ABI numbers otherwise say nothing here (on covered ABIs they leave the statement undecided).
    const isBlind = isHidden || !familiesOf(assertion).every((family) => isGeneric(family, abi));
    const region = { calls: [{ arch: abi.audit, nr }], clauses: isBlind ? [] : clauses };
    parts.push({ call: name, arch: abi, form: isHidden ? 'in-memory' : 'direct', region, predicate });
  }
  const other = multiplexed(abi, name);
  if (other !== undefined && isDenial(assertion.verdict)) {
    const place: Place = { call: other.multiplexer, abi, argIndex: 0 };
    const selector = condition(place, 'masked_eq', BigInt(other.selector), SELECTOR_MASK[other.multiplexer]);
    const region = { calls: [{ arch: abi.audit, nr: other.nr }], conditions: [selector] };
    parts.push({ call: name, arch: abi, form: 'multiplexed', region, predicate });
  }
  return parts;
}

/** The last arguments of such a call are looked for elsewhere, so that filters are not shown what counts. */
const SHOWN_OF_OTHERS = 4;

/** The call by its numbers on the ABIs whose calls the kernel makes for this one's programs too. */
function partsByOtherNumbers(pattern: CallPattern, assertion: Assertion, abi: Arch): readonly Part[] {
  if (abi.otherNumbers.length === 0) return [];
  const sharing = [...ARCHES.values()].filter(
    ({ name, endian, elf }) => name !== abi.name && endian === abi.endian && elf.machine === abi.elf.machine,
  );
  return sharing.flatMap((other): readonly Part[] => {
    const nr = syscallNumber(other, pattern.name);
    if (nr === undefined) return [];
    const isBlind =
      pattern.args.length > SHOWN_OF_OTHERS || !familiesOf(assertion).every((family) => isGeneric(family, other));
    const clauses = isBlind ? [] : clausesOf(pattern, assertion, other);
    const region = { calls: [{ arch: abi.audit, nr }], clauses };
    return [{ call: pattern.name, arch: abi, form: 'other-number', region, predicate: isDenied }];
  });
}

const EVERY_TOKEN: readonly U32[] = [...new Set([...ARCHES.values()].map(({ audit }) => audit))];

function partsOf(assertion: Assertion, covered: readonly Arch[]): readonly Part[] {
  const { verdict, calls, arches } = assertion;
  const named = arches ?? covered;
  const said = named.flatMap((abi) => calls.flatMap((c) => partsOfCall(c, assertion, abi, predicateOf(verdict, abi))));
  if (!isDenial(verdict)) return said;
  const byOther = named.flatMap((abi) => calls.flatMap((c) => partsByOtherNumbers(c, assertion, abi)));
  if (arches !== undefined) return [...said, ...byOther];
  const others = [...ARCHES.values()].filter((abi) => !covered.includes(abi));
  const elsewhere = others.flatMap((abi) => calls.flatMap((c) => partsOfCall(c, assertion, abi, isDenied)));
  const region = { archesExcept: EVERY_TOKEN };
  const nowhere: Part = { call: calls[0]?.name ?? '', form: 'unknown-arch', region, predicate: isDenied };
  return [...said, ...byOther, ...elsewhere, nowhere];
}

/** A denial of a call that no filter sees. */
function unfilteredCall({ calls, verdict, arches }: Assertion, covered: readonly Arch[]): string | undefined {
  const onX86 = (arches ?? covered).some(({ name }) => name === 'x86_64');
  if (!isDenial(verdict) || !onX86) return undefined;
  return calls.find(({ name }) => [...UNFILTERED_X86_64.values()].includes(name))?.name;
}

function outcomeOf(assertion: Assertion, parts: readonly Part[], held: readonly Held[]): Outcome {
  const breaches: Breach[] = [];
  let why: string | undefined;
  for (const [i, { call, arch, form }] of parts.entries()) {
    const one = held[i] as Held;
    if (one.holds) continue;
    if (one.undecided) why ??= one.why;
    else breaches.push({ call, arch, form, data: one.data, word: one.word, count: one.count });
  }
  if (breaches.length > 0) return { kind: 'fails', assertion, breaches };
  if (why !== undefined) return { kind: 'undecided', assertion, why };
  return { kind: 'holds', assertion, vacuous: parts.every(({ form }) => form === 'unknown-arch') };
}

/** One outcome for each assertion, in their order. */
export function proveAssertions(
  subject: Subject,
  assertions: readonly Assertion[],
  options: AssertOptions = {},
): readonly Outcome[] {
  const covered = assertions.length === 0 ? [] : (options.arches ?? coveredArches(subject, options));
  const settled = assertions.map((assertion) => ({ assertion, parts: partsOf(assertion, covered) }));
  const held = holdsFor(
    subject,
    settled.flatMap(({ parts }) => parts),
    options,
  );
  let at = 0;
  return settled.map(({ assertion, parts }): Outcome => {
    const own = held.slice(at, at + parts.length);
    at += parts.length;
    const call = unfilteredCall(assertion, covered);
    if (call !== undefined) return { kind: 'unfiltered', assertion, call };
    const strange = (assertion.arches ?? covered).find(
      (abi) => !familiesOf(assertion).every((family) => isGeneric(family, abi)),
    );
    if (strange !== undefined) {
      return {
        kind: 'undecided',
        assertion,
        why: `${strange.name} numbers these constants differently; write numbers`,
      };
    }
    return outcomeOf(assertion, parts, own);
  });
}
