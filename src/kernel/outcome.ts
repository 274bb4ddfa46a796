/** What a result word does to the caller, as opposed to what it asks for. */
import {
  actionOf,
  dataOf,
  MAX_ERRNO,
  SECCOMP_RET_ALLOW,
  SECCOMP_RET_ERRNO,
  SECCOMP_RET_KILL_PROCESS,
  SECCOMP_RET_KILL_THREAD,
  SECCOMP_RET_LOG,
  SECCOMP_RET_TRACE,
  SECCOMP_RET_TRAP,
  SECCOMP_RET_USER_NOTIF,
} from '../arch/index.ts';

export type Outcome =
  /** The call is made; `logged` when the kernel also writes an audit record. */
  | { readonly kind: 'executed'; readonly logged: boolean }
  /** The call is skipped and returns -errno; 0 for errno 0. */
  | { readonly kind: 'errno'; readonly errno: number }
  /** SIGSYS with si_errno = data, forced: ignoring it does not help. */
  | { readonly kind: 'trap'; readonly data: number }
  /** SIGSYS ends the thread; the whole process when it is the last one. */
  | { readonly kind: 'kill-thread' }
  /** SIGSYS ends the process. `known` is false when the word is no action of the kernel's. */
  | { readonly kind: 'kill-process'; readonly known: boolean }
  /** A supervisor decides; ENOSYS without one. */
  | { readonly kind: 'notify' | 'trace'; readonly data: number };

/**
 * The effect of a result word (of one filter, or of a whole stack).
 * @see Linux v6.12 kernel/seccomp.c __seccomp_filter()
 */
export function outcome(word: number): Outcome {
  const data = dataOf(word);
  switch (actionOf(word) as number) {
    case SECCOMP_RET_ALLOW:
      return { kind: 'executed', logged: false };
    case SECCOMP_RET_LOG:
      return { kind: 'executed', logged: true };
    case SECCOMP_RET_ERRNO:
      return { kind: 'errno', errno: Math.min(data, MAX_ERRNO) };
    case SECCOMP_RET_TRAP:
      return { kind: 'trap', data };
    case SECCOMP_RET_TRACE:
      return { kind: 'trace', data };
    case SECCOMP_RET_USER_NOTIF:
      return { kind: 'notify', data };
    case SECCOMP_RET_KILL_THREAD:
      return { kind: 'kill-thread' };
    case SECCOMP_RET_KILL_PROCESS:
      return { kind: 'kill-process', known: true };
    default:
      return { kind: 'kill-process', known: false };
  }
}
