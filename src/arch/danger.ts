/**
 * How much a call gives to whoever has taken over a program: what it reaches in the kernel or in other processes, beyond
 * what the program's own files and sockets already are. Graded by hand from what the calls do (their man pages) and from
 * the kernel code behind them; calls not listed have grade 0.
 */

export interface Danger {
  /** 3: owns the machine, or large attack surface. 2: other processes, namespaces, mounts. 1: worth a look. */
  readonly grade: 1 | 2 | 3;
  readonly why: string;
}

const ROWS: readonly (readonly [Danger['grade'], string, string])[] = [
  [3, 'loads another kernel', 'kexec_load kexec_file_load reboot'],
  [3, 'loads or removes kernel modules', 'init_module finit_module delete_module create_module query_module'],
  [3, 'loads programs into the kernel', 'bpf'],
  [3, 'reaches hardware', 'iopl ioperm pciconfig_read pciconfig_write pciconfig_iobase'],
  [3, 'lets user space answer page faults, which makes kernel races easy to win', 'userfaultfd'],
  [
    3,
    'a large interface of its own, behind which calls are made that no filter sees',
    'io_uring_setup io_uring_enter io_uring_register',
  ],
  [3, 'reads performance counters and kernel addresses', 'perf_event_open'],
  [
    3,
    'reads and changes other processes',
    'ptrace process_vm_readv process_vm_writev process_madvise kcmp pidfd_getfd',
  ],
  [2, 'keys of the kernel and of other sessions', 'keyctl add_key request_key'],
  [
    2,
    'changes what is mounted',
    'mount umount umount2 move_mount open_tree fsopen fsmount fsconfig fspick mount_setattr pivot_root',
  ],
  [2, 'changes namespaces', 'unshare setns'],
  [2, 'changes the root directory', 'chroot'],
  [2, 'opens files by handle, past mount boundaries', 'open_by_handle_at name_to_handle_at'],
  [2, 'changes swap, quota or accounting', 'swapon swapoff quotactl quotactl_fd acct'],
  [2, 'changes the clock', 'settimeofday clock_settime clock_adjtime adjtimex stime'],
  [2, 'reads or clears the kernel log', 'syslog'],
  [2, 'changes host or domain name', 'sethostname setdomainname'],
  [2, 'old interfaces that few use', 'modify_ldt vm86 vm86old uselib lookup_dcookie nfsservctl sysfs _sysctl'],
  [1, 'starts other programs', 'execve execveat'],
  [1, 'changes the execution domain', 'personality'],
  [1, 'watches whole file systems', 'fanotify_init fanotify_mark'],
  [
    1,
    'changes users and groups',
    'setuid setgid setreuid setregid setresuid setresgid setgroups setfsuid setfsgid capset',
  ],
  [1, 'makes devices and other special files', 'mknod mknodat'],
  [1, 'memory as a file, which can be executed', 'memfd_create memfd_secret'],
];

export const DANGERS: ReadonlyMap<string, Danger> = new Map(
  ROWS.flatMap(([grade, why, names]) => names.split(' ').map((name) => [name, { grade, why }] as const)),
);
