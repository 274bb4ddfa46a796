/** What `seccompc doctor` says of the kernel: its settings, the features of its seccomp, its other ABIs. */
import { arch as nodeArch, release } from 'node:os';
import { type KernelFeatures, kernelSettings } from '../host/kernel-features.ts';
import { parseKernelVersion } from '../policy/index.ts';

/** `fault`: the main job does not work. `lacks`: something else does not, and `help` says what to do. */
export interface Line {
  readonly part: 'seccompc' | 'kernel' | 'this process' | 'tools';
  readonly name: string;
  readonly state: 'good' | 'lacks' | 'fault';
  readonly value: string;
  /** For the user. */
  readonly means: string;
  readonly help?: string;
}

const ACTIONS_WANTED = ['kill_process', 'kill_thread', 'trap', 'errno', 'user_notif', 'trace', 'log', 'allow'];

/** Settings that /proc shows. */
export function kernelLines(): readonly Line[] {
  const part = 'kernel';
  if (process.platform !== 'linux') {
    const means =
      'filters are built here and installed elsewhere: run, trace, launcher, dump, verify and check --live need Linux';
    return [
      {
        part,
        name: 'release',
        state: 'lacks',
        value: process.platform,
        means,
        help: 'copy the result to a Linux machine',
      },
    ];
  }
  const version = parseKernelVersion(release());
  const isCaching = version !== undefined && (version[0] > 5 || (version[0] === 5 && version[1] >= 11));
  const { actions, logged, jit, jitHarden } = kernelSettings();
  const unseen = 'not shown';
  const missing = ACTIONS_WANTED.filter((action) => actions !== undefined && !actions.includes(action));
  return [
    {
      part,
      name: 'release',
      state: 'good',
      value: `${release()} (${nodeArch()})`,
      means: isCaching
        ? 'calls that are always allowed cost next to nothing (since 5.11)'
        : 'every call runs the filter; from 5.11 on the kernel remembers what is always allowed',
    },
    actions === undefined
      ? {
          part,
          name: 'actions',
          state: 'lacks',
          value: unseen,
          means: 'Linux before 4.14, or /proc is hidden: assume kill, trap, errno, trace, allow',
          help: 'mount /proc, or try with check --live',
        }
      : missing.length > 0
        ? {
            part,
            name: 'actions',
            state: 'lacks',
            value: actions.join(' '),
            means: `not there: ${missing.join(' ')}; the kernel takes an unknown action as killing the thread`,
            help: 'use other actions in profiles for this kernel',
          }
        : {
            part,
            name: 'actions',
            state: 'good',
            value: actions.join(' '),
            means: 'every action of a profile is there',
          },
    logged === undefined
      ? {
          part,
          name: 'logged',
          state: 'lacks',
          value: unseen,
          means: 'whether denials are logged is not to be seen',
          help: 'sysctl kernel.seccomp.actions_logged, outside the container',
        }
      : {
          part,
          name: 'logged',
          state: 'good',
          value: logged.join(' ') || 'nothing',
          means: 'denials of these kinds can stand in the audit log (errno only where a filter asks: FLAG_LOG)',
        },
    jit === undefined
      ? {
          part,
          name: 'jit',
          state: 'lacks',
          value: unseen,
          means: 'a kernel whose JIT is always on does not show it, nor does a container',
          help: 'sysctl net.core.bpf_jit_enable, outside the container',
        }
      : jit === 0
        ? {
            part,
            name: 'jit',
            state: 'lacks',
            value: 'off',
            means: 'filters are interpreted: several times slower',
            help: 'sysctl -w net.core.bpf_jit_enable=1',
          }
        : {
            part,
            name: 'jit',
            state: 'good',
            value: `on${jitHarden ? `, hardened (${jitHarden})` : ''}`,
            means: 'filters run as machine code',
          },
  ];
}

/** What it is for, in the order of Linux's versions. */
const FEATURES: readonly (readonly [string, string, string])[] = [
  ['TSYNC', 'TSYNC', 'one thread confines all (since 3.17)'],
  ['GET_ACTION_AVAIL', 'action query', 'programs can ask which actions there are (since 4.14)'],
  ['LOG', 'FLAG_LOG', 'denials by errno can be logged (since 4.14)'],
  ['SPEC_ALLOW', 'SPEC_ALLOW', 'a filter may leave speculation alone (since 4.17)'],
  ['NEW_LISTENER', 'NEW_LISTENER', 'SCMP_ACT_NOTIFY: a supervisor decides (since 5.0)'],
  ['GET_NOTIF_SIZES', 'notif sizes', 'supervisors can ask for the sizes of messages (since 5.0)'],
  ['TSYNC_ESRCH', 'TSYNC_ESRCH', 'TSYNC together with a listener (since 5.7)'],
  ['WAIT_KILLABLE_RECV', 'WAIT_KILLABLE_RECV', 'calls that wait for a supervisor are not interrupted (since 5.19)'],
];

/** What the kernel answered when it was asked. */
export function featureLines(found: KernelFeatures): readonly Line[] {
  const part = 'kernel';
  if (process.platform !== 'linux') return [];
  if (!found.asked) {
    const means = 'what its seccomp can do is not known; run and launchers may not work here, build does';
    return [
      {
        part,
        name: 'features',
        state: 'lacks',
        value: found.why,
        means,
        help: 'outside of the sandbox, or on another machine, seccompc doctor sees more',
      },
    ];
  }
  const lines = FEATURES.map(([key, name, means]): Line => {
    const isThere = found.features.get(key as Parameters<typeof found.features.get>[0]) === true;
    const line = { part, name, value: isThere ? 'yes' : 'no', means } as const;
    return isThere
      ? { ...line, state: 'good' }
      : { ...line, state: 'lacks', help: 'a newer kernel has it; profiles that do without it work' };
  });
  const abi = (name: string, isServed: boolean | undefined): readonly Line[] =>
    isServed === undefined
      ? []
      : [
          {
            part,
            name,
            state: 'good',
            value: isServed ? 'yes' : 'no',
            means: isServed
              ? `${name} programs and calls run here: a filter must decide about them too`
              : `no ${name} call is served here; profiles lose nothing by naming it`,
          },
        ];
  return [...lines, ...abi('i386', found.i386), ...abi('x32', found.x32)];
}
