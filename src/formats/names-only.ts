/**
 * A policy for clients that know names and nothing else: one outcome for each call, whatever its arguments and on every ABI.
 * Where the policy has several for one call, the strictest of them (or, told so, the most lenient) stands for all.
 */
import {
  actionOf,
  compareStrictness,
  dataOf,
  errnoName,
  errnoNumber,
  SECCOMP_RET_ALLOW,
  SECCOMP_RET_ERRNO,
  SECCOMP_RET_LOG,
  SECCOMP_RET_TRACE,
  SECCOMP_RET_USER_NOTIF,
  syscallsOf,
} from '../arch/index.ts';
import type { U32 } from '../num/index.ts';
import type { ArchPolicy, Policy } from '../policy/index.ts';
import { flatJson } from '../policy/json-text.ts';
import { settledRules } from './plain-rules.ts';

/** 'stricter': a call that is allowed for some arguments is denied; 'looser': it is allowed for all. */
export type Lossy = 'stricter' | 'looser';

/** A number is an errno. */
export type Outcome = 'run' | 'kill' | number;

export interface NamesOnly {
  /** What calls get that are not in `calls`; on an allowlist they do not run. */
  readonly otherwise: Outcome;
  /** By name, sorted. */
  readonly calls: ReadonlyMap<string, Outcome>;
}

function outcomeOf(word: U32, { arch }: ArchPolicy): Outcome {
  switch (actionOf(word)) {
    case SECCOMP_RET_ALLOW:
    case SECCOMP_RET_LOG:
      return 'run';
    case SECCOMP_RET_ERRNO:
      return dataOf(word);
    case SECCOMP_RET_TRACE:
    case SECCOMP_RET_USER_NOTIF:
      // What the kernel says where no tracer or listener is.
      return errnoNumber('ENOSYS', arch) ?? 38;
    default:
      return 'kill';
  }
}

const RANK = (outcome: Outcome): number => (outcome === 'kill' ? 0 : outcome === 'run' ? 2 : 1);

/** Every word that the policy has for a number. */
function wordsFor(a: ArchPolicy, nr: number): readonly U32[] {
  const { enosys, defaultAction } = a;
  if (enosys && (nr > enosys.above || (enosys.zero && nr === 0))) return [enosys.word];
  const { rules } = settledRules(a.calls.get(nr)?.rules ?? [], defaultAction);
  const words = rules.map((r) => r.action);
  return rules.some((r) => r.conditions.length === 0) ? words : [...words, defaultAction];
}

export function namesOnly(policy: Policy, lossy: Lossy): NamesOnly {
  const sign = lossy === 'stricter' ? 1 : -1;
  const chosen = <T>(list: readonly T[], compare: (x: T, y: T) => number): T =>
    list.reduce((x, y) => (sign * compare(y, x) < 0 ? y : x));
  const byRank = (x: Outcome, y: Outcome) => RANK(x) - RANK(y);
  const otherwise = chosen(
    policy.arches.map((a) => outcomeOf(a.defaultAction, a)),
    byRank,
  );
  const found = new Map<string, Outcome>();
  for (const a of policy.arches) {
    for (const [name, nr] of syscallsOf(a.arch)) {
      const outcome = outcomeOf(chosen(wordsFor(a, nr), compareStrictness), a);
      const known = found.get(name);
      found.set(name, known === undefined ? outcome : chosen([known, outcome], byRank));
    }
  }
  const calls = [...found].filter(([, outcome]) => outcome !== otherwise).sort(([a], [b]) => (a < b ? -1 : 1));
  return { otherwise, calls: new Map(calls) };
}

/** An errno by its name, where all ABIs of the policy number it alike; else as a number. */
export function errnoText(errno: number, policy: Policy): string {
  const names = new Set(policy.arches.map(({ arch }) => errnoName(errno, arch)));
  const [name] = names;
  return names.size === 1 && name !== undefined ? name : String(errno);
}

/**
 * What the client will do, as a profile of our own dialect, so that it can be held against the policy. `multiplexed`: whether
 * the client's rule for socket reaches socketcall too.
 */
export function asProfile({ otherwise, calls }: NamesOnly, policy: Policy, multiplexed: 'allow' | 'written'): string {
  const action = (outcome: Outcome) =>
    outcome === 'run'
      ? { action: 'SCMP_ACT_ALLOW' }
      : outcome === 'kill'
        ? { action: 'SCMP_ACT_KILL_PROCESS' }
        : { action: 'SCMP_ACT_ERRNO', errnoRet: outcome };
  const { action: defaultAction, ...rest } = action(otherwise) as { action: string; errnoRet?: number };
  return flatJson({
    defaultAction,
    defaultErrnoRet: rest.errnoRet,
    architectures: policy.arches.map(({ arch }) => arch.scmp),
    'x-multiplexed': multiplexed,
    syscalls: [...new Set(calls.values())].map((outcome) => ({
      names: [...calls].filter(([, o]) => o === outcome).map(([name]) => name),
      ...action(outcome),
    })),
  });
}
