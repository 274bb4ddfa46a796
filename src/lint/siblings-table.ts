/** Calls that do what others do. By hand, from their man pages and the kernel functions behind them. */

const words = (text: string): readonly string[] => text.split(' ');

/** Any member does what the others do, or the part of it that is worth denying. */
const GROUPS: readonly (readonly string[])[] = [
  'open openat openat2 creat',
  'chmod fchmod fchmodat fchmodat2',
  'chown lchown fchown fchownat chown32 lchown32 fchown32',
  'clone clone3 fork vfork',
  'kill tkill tgkill pidfd_send_signal rt_sigqueueinfo rt_tgsigqueueinfo',
  'stat lstat fstat newfstatat fstatat64 statx stat64 lstat64 fstat64',
  'access faccessat faccessat2',
  'rename renameat renameat2',
  'link linkat',
  'symlink symlinkat',
  'unlink unlinkat',
  'mkdir mkdirat',
  'mknod mknodat',
  'readlink readlinkat',
  'execve execveat',
  'utime utimes utimensat futimesat utimensat_time64',
  'truncate ftruncate truncate64 ftruncate64',
  'read readv pread64 preadv preadv2',
  'write writev pwrite64 pwritev pwritev2',
  'accept accept4',
  'send sendto sendmsg sendmmsg',
  'recv recvfrom recvmsg recvmmsg recvmmsg_time64',
  'init_module finit_module',
  'kexec_load kexec_file_load',
  'settimeofday clock_settime clock_settime64 stime',
  'setuid setreuid setresuid setuid32 setreuid32 setresuid32',
  'setgid setregid setresgid setgid32 setregid32 setresgid32',
  'setgroups setgroups32',
  'setxattr lsetxattr fsetxattr setxattrat',
  'getxattr lgetxattr fgetxattr getxattrat',
  'removexattr lremovexattr fremovexattr removexattrat',
  'listxattr llistxattr flistxattr listxattrat',
  'getdents getdents64 readdir',
  'umount umount2',
  'statfs fstatfs statfs64 fstatfs64',
  'sched_setscheduler sched_setattr sched_setparam',
  'quotactl quotactl_fd',
  'fcntl fcntl64',
  'mprotect pkey_mprotect',
  'mmap mmap2',
].map(words);

export interface Sibling {
  /** All of these together. */
  readonly calls: readonly string[];
  /** Also where only some arguments are denied: what was denied there can be asked for here. */
  readonly forArguments: boolean;
}

const alone = (text: string, forArguments = true): readonly Sibling[] =>
  words(text).map((call) => ({ calls: [call], forArguments }));

/** In this direction only, or with more to say than that one does what the other does. */
const DIRECTED: ReadonlyMap<string, readonly Sibling[]> = new Map([
  // fork and vfork make no namespaces and share nothing, so they are no way round conditions on flags.
  ['clone', [...alone('clone3'), ...alone('fork vfork', false)]],
  ['unshare', alone('clone3 clone', false)],
  [
    'mount',
    [
      { calls: ['fsopen', 'fsmount', 'move_mount'], forArguments: true },
      { calls: ['open_tree', 'move_mount'], forArguments: true },
      ...alone('mount_setattr'),
    ],
  ],
  ['pidfd_getfd', alone('ptrace')],
  ['rmdir', alone('unlinkat')],
  ['setrlimit', alone('prlimit64')],
  // Conditions there are on whose limits are meant, and setrlimit sets the caller's own.
  ['prlimit64', alone('setrlimit', false)],
  ['process_vm_readv', alone('ptrace')],
  ['process_vm_writev', alone('ptrace')],
  ['ptrace', alone('process_vm_writev', false)],
  ['seccomp', alone('prctl', false)],
]);

/** The ways round a call that is kept from callers. */
export function siblingsOf(name: string): readonly Sibling[] {
  const directed = DIRECTED.get(name);
  if (directed !== undefined) return directed;
  const group = GROUPS.find((members) => members.includes(name)) ?? [];
  return alone(group.filter((other) => other !== name).join(' ')).filter(({ calls }) => calls[0] !== '');
}

/** What io_uring does without a system call that a filter sees. @see Linux v6.12 io_uring/opdef.c */
export const IO_URING_DOES: ReadonlySet<string> = new Set(
  words(
    'open openat openat2 close read write readv writev pread64 pwrite64 preadv pwritev preadv2 pwritev2 stat lstat statx ' +
      'newfstatat connect accept accept4 socket bind listen shutdown send sendto sendmsg recv recvfrom recvmsg rename renameat ' +
      'renameat2 unlink unlinkat mkdir mkdirat symlink symlinkat link linkat setxattr fsetxattr getxattr fgetxattr fallocate ' +
      'fadvise64 madvise splice tee epoll_ctl fsync fdatasync sync_file_range ftruncate poll waitid futex',
  ),
);
