/** The words of the dialect: actions, operators, capabilities, and the names that a typo may have meant. */
import {
  SECCOMP_RET_ALLOW,
  SECCOMP_RET_ERRNO,
  SECCOMP_RET_KILL_PROCESS,
  SECCOMP_RET_KILL_THREAD,
  SECCOMP_RET_LOG,
  SECCOMP_RET_TRACE,
  SECCOMP_RET_TRAP,
  SECCOMP_RET_USER_NOTIF,
} from '../arch/index.ts';
import type { U32 } from '../num/index.ts';
import type { ConditionOp } from './types.ts';

export type ScmpAction =
  | 'SCMP_ACT_KILL'
  | 'SCMP_ACT_KILL_PROCESS'
  | 'SCMP_ACT_KILL_THREAD'
  | 'SCMP_ACT_TRAP'
  | 'SCMP_ACT_ERRNO'
  | 'SCMP_ACT_TRACE'
  | 'SCMP_ACT_ALLOW'
  | 'SCMP_ACT_LOG'
  | 'SCMP_ACT_NOTIFY';

/** Actions and their words without data. SCMP_ACT_KILL is KILL_THREAD, as in libseccomp. */
export const ACTIONS: ReadonlyMap<string, U32> = new Map<ScmpAction, U32>([
  ['SCMP_ACT_KILL', SECCOMP_RET_KILL_THREAD],
  ['SCMP_ACT_KILL_PROCESS', SECCOMP_RET_KILL_PROCESS],
  ['SCMP_ACT_KILL_THREAD', SECCOMP_RET_KILL_THREAD],
  ['SCMP_ACT_TRAP', SECCOMP_RET_TRAP],
  ['SCMP_ACT_ERRNO', SECCOMP_RET_ERRNO],
  ['SCMP_ACT_TRACE', SECCOMP_RET_TRACE],
  ['SCMP_ACT_ALLOW', SECCOMP_RET_ALLOW],
  ['SCMP_ACT_LOG', SECCOMP_RET_LOG],
  ['SCMP_ACT_NOTIFY', SECCOMP_RET_USER_NOTIF],
]);

export type ScmpOp =
  | 'SCMP_CMP_NE'
  | 'SCMP_CMP_LT'
  | 'SCMP_CMP_LE'
  | 'SCMP_CMP_EQ'
  | 'SCMP_CMP_GE'
  | 'SCMP_CMP_GT'
  | 'SCMP_CMP_MASKED_EQ';

export const OPS: ReadonlyMap<string, ConditionOp> = new Map<ScmpOp, ConditionOp>([
  ['SCMP_CMP_NE', 'ne'],
  ['SCMP_CMP_LT', 'lt'],
  ['SCMP_CMP_LE', 'le'],
  ['SCMP_CMP_EQ', 'eq'],
  ['SCMP_CMP_GE', 'ge'],
  ['SCMP_CMP_GT', 'gt'],
  ['SCMP_CMP_MASKED_EQ', 'masked_eq'],
]);

/** Linux include/uapi/linux/capability.h, without the CAP_ prefix. */
export const CAPABILITIES: ReadonlySet<string> = new Set(
  (
    'CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE ' +
    'NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT ' +
    'SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP ' +
    'MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE'
  ).split(' '),
);

/** What Docker gives a container when nothing is added or dropped. */
export const DOCKER_CAPABILITIES: readonly string[] = (
  'CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL ' +
  'AUDIT_WRITE'
).split(' ');

/** 'CAP_NET_ADMIN' or 'net_admin' to 'NET_ADMIN'. */
export function capabilityName(text: string): string {
  return text.toUpperCase().replace(/^CAP_/, '');
}

/** Edit distance with transpositions of neighbours, given up above `most`. */
function distance(a: string, b: string, most: number): number {
  if (Math.abs(a.length - b.length) > most) return most + 1;
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  let least = 0;
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    const leastBefore = least;
    least = i;
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min((previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (previous[j - 1] ?? 0) + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, (before[j - 2] ?? 0) + 1);
      row.push(best);
      if (best < least) least = best;
    }
    // A row is made of the two above it, and nothing in it is smaller than what they hold.
    if (least > most && leastBefore > most) return most + 1;
    before = previous;
    previous = row;
  }
  return previous[b.length] ?? most + 1;
}

/** The known word nearest to a mistyped one, when it is near enough to be meant. */
export function nearest(text: string, known: Iterable<string>): string | undefined {
  if (text.length > 64) return undefined;
  const lower = text.toLowerCase();
  let most = Math.max(1, Math.floor(text.length / 3));
  let found: string | undefined;
  for (const word of known) {
    // Anything from here on must be nearer than what was found.
    const limit = found === undefined ? most : most - 1;
    if (limit < 0) break;
    const d = distance(lower, word.toLowerCase(), limit);
    if (d > limit) continue;
    found = word;
    most = d;
  }
  return found;
}

/** "did you mean 'x'?", or undefined when nothing is near. */
export function didYouMean(text: string, known: Iterable<string>): string | undefined {
  const word = nearest(text, known);
  return word === undefined ? undefined : `did you mean '${word}'?`;
}
