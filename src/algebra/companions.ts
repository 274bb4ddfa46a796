/**
 * What is known about calls beyond any trace: which of them stand in for each other, which depend on timing, which
 * arguments are worth narrowing. By hand, each list with its reason.
 */

/** Calls that belong together for one reason, allowed where one of `when` was seen (or always). */
export interface Companions {
  readonly why: string;
  readonly when: readonly string[] | 'always';
  readonly names: readonly string[];
}

const list = (text: string): readonly string[] => text.split(' ');

export const COMPANIONS: readonly Companions[] = [
  {
    why: 'every program: the start of the next one, signals, the end',
    when: 'always',
    names: list('execve exit exit_group rt_sigreturn sigreturn restart_syscall'),
  },
  {
    // glibc and musl read clocks in the vDSO; with a clock source that it cannot read the same function makes the call.
    why: 'clocks: in the vDSO, a call where the machine has no fast clock source',
    when: 'always',
    names: list('clock_gettime clock_gettime64 clock_getres clock_getres_time64 gettimeofday time getcpu'),
  },
  {
    why: 'memory: which of these the allocator makes depends on sizes',
    when: list('mmap mmap2 brk'),
    names: list('brk munmap mremap madvise'),
  },
  {
    why: 'threads: what happens depends on timing',
    when: list('futex futex_time64 clone clone3'),
    names: list(
      'futex futex_time64 sched_yield nanosleep clock_nanosleep clock_nanosleep_time64 tgkill getpid gettid madvise ' +
        'mprotect munmap rt_sigprocmask sigaltstack set_robust_list rseq',
    ),
  },
  ...(
    [
      ['clone3 fork vfork', 'clone'],
      [
        'fstat newfstatat fstatat64 fstat64 stat stat64 lstat lstat64 statx',
        'fstat newfstatat fstatat64 fstat64 statx',
      ],
      ['access faccessat2', 'faccessat'],
      ['open openat2', 'openat'],
      ['epoll_wait epoll_pwait2', 'epoll_pwait'],
      ['accept4', 'accept'],
      ['preadv2', 'preadv'],
      ['pwritev2', 'pwritev'],
      ['dup3', 'dup2'],
      ['pipe2', 'pipe'],
      ['renameat2', 'renameat'],
      ['fchmodat2', 'fchmodat'],
      ['execveat', 'execve'],
      ['copy_file_range', 'sendfile read write'],
      ['clock_nanosleep', 'nanosleep'],
      ['ppoll_time64', 'ppoll'],
      ['pselect6_time64', 'pselect6'],
    ] as const
  ).map(([when, names]) => ({
    why: 'the C library makes this instead on an older or newer system',
    when: list(when),
    names: list(names),
  })),
];

/** Where these are missing, C libraries and language runtimes fall back, but only when they see ENOSYS. */
export const FALL_BACK_ON_ENOSYS: readonly string[] = list(
  'clone3 faccessat2 openat2 statx close_range epoll_pwait2 fchmodat2 pidfd_open pidfd_send_signal copy_file_range ' +
    'preadv2 pwritev2 renameat2 membarrier io_uring_setup futex_waitv mseal rseq getrandom',
);

export type Runtime = 'none' | 'runc' | 'crun';

/**
 * What the runtime does between installing the filter and execve, on the thread that has the filter.
 * Measured: strace of runc 1.1.5 and crun 1.8.1 with and without noNewPrivileges (without it, the user, groups and
 * capabilities are set behind the filter), as root and as another user with groups of its own; runc's last line is what
 * Go's runtime does in between, depending on timing. With noNewPrivileges crun makes two: close and execve.
 */
export const RUNTIME_CALLS: Readonly<Record<Exclude<Runtime, 'none'>, readonly string[]>> = {
  runc: list(
    'capget capset chdir close epoll_ctl execve faccessat2 fcntl fstat fstatfs getcwd getdents64 getpid getppid ' +
      'newfstatat openat prctl read setgid setgroups setuid write ' +
      'futex rt_sigreturn nanosleep sched_yield epoll_pwait tgkill rt_sigprocmask mmap munmap madvise',
  ),
  crun: list('capset close execve prctl rt_sigaction rt_sigprocmask setresgid setresgid32 setresuid setresuid32 write'),
};

/** An argument that decides what a call may do. */
export interface Narrowing {
  readonly argIndex: number;
  readonly what: string;
  /** By values that were seen; or by flags of this mask, of which those never seen must be 0. */
  readonly how: 'values' | { readonly flags: bigint };
  /** Narrowed without being asked for. */
  readonly auto: boolean;
}

/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET. @see Linux include/uapi/linux/sched.h */
export const NAMESPACES = 0x7e02_0000n;

const values = (argIndex: number, what: string, auto: boolean): Narrowing => ({ argIndex, what, how: 'values', auto });

export const NARROWINGS: ReadonlyMap<string, Narrowing> = new Map<string, Narrowing>([
  ['socket', values(0, 'domain', true)],
  ['socketpair', values(0, 'domain', true)],
  ['personality', values(0, 'persona', true)],
  ['prctl', values(0, 'option', true)],
  ['arch_prctl', values(0, 'option', true)],
  ['seccomp', values(0, 'operation', true)],
  ['bpf', values(0, 'command', true)],
  ['ptrace', values(0, 'request', true)],
  ['keyctl', values(0, 'operation', true)],
  ['setns', values(1, 'kind of namespace', true)],
  ['unshare', values(0, 'flags', true)],
  ['clone', { argIndex: 0, what: 'namespace flags', how: { flags: NAMESPACES }, auto: true }],
  // Only when asked for: which of these a program uses depends on its input and on the terminal.
  ['ioctl', values(1, 'request', false)],
  ['fcntl', values(1, 'command', false)],
  ['setsockopt', values(2, 'option', false)],
  ['getsockopt', values(2, 'option', false)],
  ['madvise', values(2, 'advice', false)],
  ['mprotect', { argIndex: 2, what: 'PROT_EXEC', how: { flags: 4n }, auto: false }],
  ['mmap', { argIndex: 2, what: 'PROT_EXEC', how: { flags: 4n }, auto: false }],
]);

/** More distinct values than this are no narrowing. */
export const MOST_VALUES = 12;
