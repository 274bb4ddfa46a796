/** Which ABIs a side is for. A policy says so; a program is for those on which it lets any call run. */
import {
  ARCHES,
  type Arch,
  actionOf,
  SECCOMP_RET_ALLOW,
  SECCOMP_RET_LOG,
  SECCOMP_RET_TRACE,
  SECCOMP_RET_USER_NOTIF,
  syscallsOf,
} from '../arch/index.ts';
import type { U32 } from '../num/index.ts';
import { holdsFor } from './holds.ts';
import type { ProveOptions } from './prove.ts';
import type { Subject } from './subject.ts';

const RUNS: ReadonlySet<number> = new Set([
  SECCOMP_RET_ALLOW,
  SECCOMP_RET_LOG,
  // A tracer or a supervisor may let it run.
  SECCOMP_RET_TRACE,
  SECCOMP_RET_USER_NOTIF,
]);

/** True when the call is surely not executed: an errno, a trap, a kill, or a word that is no action (which kills). */
export function isDenied(word: U32): boolean {
  return !RUNS.has(actionOf(word));
}

export function coveredArches(subject: Subject, options: ProveOptions = {}): readonly Arch[] {
  if ('arches' in subject) return subject.arches.map(({ arch }) => arch);
  const all = [...ARCHES.values()];
  const statements = all.map((abi) => ({
    region: { calls: [...syscallsOf(abi).values()].map((nr) => ({ arch: abi.audit, nr })) },
    predicate: isDenied,
  }));
  const held = holdsFor(subject, statements, options);
  // What is undecided may let calls run.
  return all.filter((_, i) => held[i]?.holds !== true);
}
