/**
 * The profiles that clients are given: ours for containers, Docker's (where the recorded data is at hand), and one whose
 * every rule has an outcome of its own, so that no two rules can be taken for each other.
 */
import { readFileSync } from 'node:fs';
import { type ArchName, arch } from '../../src/arch/index.ts';
import { sharedText, withoutShared } from '../../test/support/shared.ts';
import { ABIS } from './calls.ts';
import { toJson } from './json.ts';

export interface TestedProfile {
  readonly name: string;
  readonly text: string;
  /** What it is for; all that this machine's kernel has unless stated. */
  readonly arches: readonly ArchName[];
  readonly absent?: string | undefined;
  /** Docker's own dialect, which Docker and podman resolve by themselves. */
  readonly isDockers?: boolean;
}

const errno = (errnoRet: number, name: string, ...args: readonly object[]) => ({
  names: [name],
  action: 'SCMP_ACT_ERRNO',
  errnoRet,
  args,
});
const when = (index: number, op: string, value: bigint, valueTwo = 0n) => ({
  index,
  op: `SCMP_CMP_${op}`,
  value,
  valueTwo,
});
const act = (name: string, action: string) => ({ names: [name], action: `SCMP_ACT_${action}` });
const dockersText = () => (withoutShared() === undefined ? sharedText('profiles/docker-default.json') : '');

/** Runtimes see 32 bits of an argument on other ABIs; here 64 count. */
const OWN = ABIS.slice(0, 1);

/** One outcome for each rule. */
const DISTINCT: string = toJson({
  defaultAction: 'SCMP_ACT_ALLOW',
  architectures: OWN.map((name) => arch(name).scmp),
  syscalls: [
    errno(71, 'unshare'),
    errno(72, 'setns'),
    // Said to have succeeded.
    errno(0, 'mount'),
    // The largest that libseccomp takes; the kernel takes 4095 too.
    errno(4094, 'perf_event_open'),
    act('add_key', 'KILL_PROCESS'),
    act('getpriority', 'KILL_THREAD'),
    act('keyctl', 'TRAP'),
    act('request_key', 'LOG'),
    act('sched_getparam', 'TRACE'),
    errno(81, 'kcmp', when(3, 'EQ', 0x100000005n)),
    errno(82, 'kcmp', when(3, 'EQ', 5n)),
    errno(83, 'preadv', when(3, 'EQ', 0x123456789abcn)),
    errno(84, 'readahead', when(1, 'LE', 0x100000000n)),
    errno(85, 'fallocate', when(2, 'GE', 0x7fffffffffffffffn)),
    errno(86, 'sync_file_range', when(1, 'GT', 0x7fffffffffffffffn)),
    errno(87, 'fadvise64', when(1, 'NE', 0x700000007n)),
    errno(88, 'copy_file_range', when(4, 'MASKED_EQ', 0xffffffff000000ffn, 0xf0f00000000fn)),
    errno(89, 'pwritev', when(3, 'LT', 17n)),
    errno(90, 'personality', when(0, 'EQ', 0x1234n)),
    errno(91, 'socket', when(0, 'EQ', 40n), when(1, 'GT', 3n)),
  ],
});

/** A second filter on top of any: of the calls that all profiles let through, it denies one. */
export const SECOND: string = JSON.stringify({
  defaultAction: 'SCMP_ACT_ALLOW',
  syscalls: [errno(99, 'uname')],
});

/** For clients that take names and nothing else. */
export const NAMES: readonly string[] = [
  ...['add_key', 'keyctl', 'request_key', 'mount', 'unshare', 'setns', 'perf_event_open', 'userfaultfd', 'getpriority'],
];

export const PROFILES: readonly TestedProfile[] = [
  { name: 'container-default', text: readFileSync('profiles/container-default.jsonc', 'utf8'), arches: ABIS },
  { name: "Docker's default", absent: withoutShared(), text: dockersText(), arches: ABIS, isDockers: true },
  { name: 'distinct outcomes', text: DISTINCT, arches: OWN },
];

/** The same as a profile. */
export const NAMES_PROFILE: TestedProfile = {
  name: `${NAMES.length} names`,
  arches: OWN,
  text: JSON.stringify({
    defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [{ names: NAMES, action: 'SCMP_ACT_ERRNO', errnoRet: 1 }],
  }),
};
