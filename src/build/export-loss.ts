/**
 * What an exported text says otherwise than the policy, worked out by comparing the two for every call there can be, and
 * put into words by ABI and call.
 */
import { type Arch, actionOf, describeWord, SECCOMP_RET_TRACE, SECCOMP_RET_USER_NOTIF } from '../arch/index.ts';
import type { Code } from '../diag/codes.ts';
import { type Diagnostic, fail } from '../diag/index.ts';
import type { U32 } from '../num/index.ts';
import type { Policy } from '../policy/index.ts';
import { type ArchChange, byArch, difference, isDenied, type ProveOptions } from '../prove/index.ts';

/** 'looser': a call runs that the policy denies. 'different': neither more nor fewer calls run. */
export type Direction = 'looser' | 'stricter' | 'different';

export interface Loss {
  readonly direction: Direction;
  /** ABIs, or a phrase. */
  readonly where: string;
  /** Names of calls, or a phrase. */
  readonly calls: readonly string[];
  /** 'ALLOW for some arguments in the profile, ERRNO(1 EPERM) here'. */
  readonly what: string;
}

/** A tracer or a listener may deny the call. */
const isAsked = (word: U32): boolean => [SECCOMP_RET_TRACE, SECCOMP_RET_USER_NOTIF].some((a) => a === actionOf(word));

function directionOf({ words, kind }: ArchChange): Direction {
  if (words === undefined) return kind === 'LOOSENED' ? 'looser' : kind === 'TIGHTENED' ? 'stricter' : 'different';
  const [from, to] = words;
  if (isDenied(from)) return isDenied(to) ? 'different' : 'looser';
  if (isDenied(to)) return 'stricter';
  return isAsked(from) && !isAsked(to) ? 'looser' : 'different';
}

/** Whether the change is there for all arguments of the call. */
function isWhole({ arguments: regions }: ArchChange): boolean {
  const [only, more] = regions?.regions ?? [];
  return only !== undefined && more === undefined && only.args.size === 0 && only.instructionPointer === undefined;
}

function whatOf(change: ArchChange): string {
  if (change.words === undefined) return 'something else here';
  const [from, to] = change.words.map((word) => describeWord(word, change.arch));
  return `${from}${isWhole(change) ? '' : ' for some arguments'} in the profile, ${to} here`;
}

/** What numbers that are no call get is the default action; what is said of them is said of every call without a rule. */
const NO_CALL = 'numbers that are no call';
const WITHOUT_RULE: readonly string[] = ['every call that the profile has no rule for'];

const callOf = (change: ArchChange): string => change.call ?? (change.arch === undefined ? 'every call' : NO_CALL);

/** Every difference between what the policy says and what a client makes of the text; nothing when they are equal. */
export function lossesOf(policy: Policy, reading: Policy, options: ProveOptions): readonly Loss[] {
  const found = difference(policy, reading, options);
  if (found.undecided) {
    return fail({
      code: 'PROOF_UNDECIDED',
      source: policy.source,
      message: `the exported text could not be held against the profile: ${found.why}`,
      help: 'nothing was written; simplify the rules with many conditions',
    });
  }
  /** What happened to whom: the names of the calls by ABI. */
  const byWhat = new Map<string, { readonly change: ArchChange; readonly calls: Map<Arch | undefined, string[]> }>();
  for (const change of byArch(found)) {
    if (change.outside) continue;
    const id = `${directionOf(change)} ${whatOf(change)}`;
    const entry = byWhat.get(id) ?? { change, calls: new Map<Arch | undefined, string[]>() };
    const calls = entry.calls.get(change.arch) ?? [];
    if (!calls.includes(callOf(change))) calls.push(callOf(change));
    entry.calls.set(change.arch, calls);
    byWhat.set(id, entry);
  }
  return [...byWhat.values()].flatMap(({ change, calls }) => {
    const texts = new Map<string, { readonly arches: string[]; readonly calls: readonly string[] }>();
    for (const [arch, found] of calls) {
      const names = found.includes(NO_CALL) ? WITHOUT_RULE : found.toSorted();
      const entry = texts.get(names.join()) ?? { arches: [], calls: names };
      entry.arches.push(arch?.name ?? 'other architectures');
      texts.set(names.join(), entry);
    }
    return [...texts.values()].map(
      ({ arches, calls: names }): Loss => ({
        direction: directionOf(change),
        where: arches.join(', '),
        calls: names,
        what: whatOf(change),
      }),
    );
  });
}

const CODE: Readonly<Record<Direction, Code>> = {
  looser: 'EXPORT_LOOSER',
  stricter: 'EXPORT_STRICTER',
  different: 'EXPORT_DIFFERENT',
};
const MOST_NAMES = 30;

/** As a finding: an error for what is looser, unless that was asked for. */
export function lossDiagnostic(loss: Loss, policy: Policy, wantsLooser: boolean): Diagnostic {
  const { direction, where, calls, what } = loss;
  const more = calls.length - MOST_NAMES;
  const names = [...calls.slice(0, MOST_NAMES), ...(more > 0 ? [`and ${more} more`] : [])].join(', ');
  const isError = direction === 'looser' && !wantsLooser;
  return {
    code: CODE[direction],
    severity: isError ? 'error' : 'warning',
    source: policy.source,
    message: `on ${where}: ${what}: ${names}`,
    ...(isError && { help: 'nothing was written; --lossy looser takes it all the same' }),
  };
}

/** As words of a comment. */
export function lossWords({ direction, where, calls, what }: Loss): readonly string[] {
  return `${direction}, on ${where}: ${what}: ${calls.join(', ')}`.split(' ');
}
