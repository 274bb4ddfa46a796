/** What the threads of a process carry, against what they should: all filters of a thread together, for every call. */
import { type Diagnostic, Diagnostics } from '../diag/index.ts';
import type { ThreadStatus } from '../host/process-status.ts';
import { type CheckedProgram, check } from '../kernel/index.ts';
import type { Policy } from '../policy/index.ts';
import { byArch, coveredArches, difference, type FilterStack, type Outside, prove } from '../prove/index.ts';
import { type Group, grouped } from '../view/index.ts';
import { type Carried, sameFilters } from './carried.ts';
import { threadList } from './verify-confined.ts';

export interface Expected {
  readonly name: string;
  /** 'profile; x86_64', 'ELF file of x86_64', 'raw program'. */
  readonly what: string;
  readonly subject: Policy | CheckedProgram;
  readonly diagnostics: readonly Diagnostic[];
}

export interface ThreadCarries {
  readonly thread: ThreadStatus;
  readonly filters: readonly Carried[];
}

/** Threads that carry the same. */
export interface Comparison {
  readonly threads: readonly ThreadStatus[];
  readonly filters: readonly Carried[];
  /** But for calls that no filter sees. False as well where it is undecided. */
  readonly equal: boolean;
  /** Why nothing is claimed. */
  readonly undecided?: string | undefined;
  readonly outside?: Outside | undefined;
  /** From what is expected to what is carried; calls that no filter sees are left out. */
  readonly groups: readonly Group[];
  /** Of several, those that are what is expected when taken alone. */
  readonly equalAlone: readonly number[];
  /** The ABIs on which the filters let any call run, where these are not those of the profile. */
  readonly otherArches?: readonly string[] | undefined;
}

/** Of more filters than this none is looked at by itself; a kernel takes thousands. */
const MOST_ALONE = 16;

/** One comparison for each set of filters. Throws FILTER_NEWER for a program that seccompc would refuse. */
export function compareAll(carrying: readonly ThreadCarries[], expected: Expected): readonly Comparison[] {
  const sets: { filters: readonly Carried[]; threads: ThreadStatus[] }[] = [];
  for (const { thread, filters } of carrying) {
    if (filters.length === 0) continue;
    const alike = sets.find((set) => sameFilters(set.filters, filters));
    if (alike === undefined) sets.push({ filters, threads: [thread] });
    else alike.threads.push(thread);
  }
  return sets.map(({ filters, threads }) => compare(filters, threads, expected));
}

function compare(filters: readonly Carried[], threads: readonly ThreadStatus[], { subject }: Expected): Comparison {
  const programs = checkedPrograms(filters, threads);
  const stack: FilterStack = { programs };
  const base = { threads, filters, groups: [], equalAlone: [] };
  const proof = prove(stack, subject);
  if (proof.proved) return { ...base, equal: true, outside: proof.outside };
  const found = proof.undecided ? proof : difference(subject, stack);
  if (found.undecided) return { ...base, equal: false, undecided: found.why };
  const groups = grouped(byArch(found).map((change) => ({ change }))).filter(({ outside }) => !outside);
  const isFew = programs.length > 1 && programs.length <= MOST_ALONE;
  const alone = isFew ? programs.map((program) => prove(program, subject).proved) : [];
  return {
    ...base,
    equal: groups.length === 0,
    groups,
    equalAlone: alone.flatMap((equal, index) => (equal ? [index] : [])),
    otherArches: otherArches(stack, subject),
  };
}

function checkedPrograms(filters: readonly Carried[], threads: readonly ThreadStatus[]): readonly CheckedProgram[] {
  const refused = new Diagnostics();
  const programs = filters.flatMap(({ index, bytes, endian }) => {
    const verdict = check(bytes, { endian });
    if (verdict.ok) return [verdict.program];
    refused.add({
      code: 'FILTER_NEWER',
      pc: verdict.pc,
      message: `this kernel took filter ${index} of thread ${threadList(threads.map(({ tid }) => tid))}, and seccompc would refuse it: ${verdict.message}`,
      help: 'nothing is claimed about a program that seccompc does not know the meaning of',
    });
    return [];
  });
  refused.throwIfErrors();
  return programs;
}

/**
 * A profile that was read for other ABIs than the filter was made for is the most common reason for a difference. Only
 * those count that this machine can enter.
 */
function otherArches(stack: FilterStack, subject: Policy | CheckedProgram): readonly string[] | undefined {
  if (!('arches' in subject)) return undefined;
  const native = new Set(subject.arches.map(({ arch }) => arch.native));
  const names = (side: Policy | FilterStack) =>
    coveredArches(side)
      .filter((abi) => native.has(abi.native))
      .map(({ name }) => name);
  const [theirs, ours] = [names(stack), names(subject)];
  const same = theirs.length === ours.length && theirs.every((name) => ours.includes(name));
  return same || theirs.length === 0 ? undefined : theirs;
}
