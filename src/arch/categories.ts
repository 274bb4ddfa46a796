/** What a call is for, by hand: each name in one category, the first that a reader would look in. */

const ROWS = {
  files:
    'access acct afs_syscall cachestat chdir chmod chown chown32 chroot close close_range copy_file_range creat dup dup2 dup3 faccessat faccessat2 fadvise64 fadvise64_64 fallocate fanotify_init fanotify_mark fchdir fchmod fchmodat fchmodat2 fchown fchown32 fchownat fcntl fcntl64 fdatasync fgetxattr file_getattr file_setattr flistxattr flock fremovexattr fsetxattr fstat fstat64 fstatat64 fstatfs fstatfs64 fsync ftruncate ftruncate64 futimesat getcwd getdents getdents64 getxattr getxattrat inotify_add_watch inotify_init inotify_init1 inotify_rm_watch ioctl lchown lchown32 lgetxattr link linkat listxattr listxattrat llistxattr _llseek lookup_dcookie lremovexattr lseek lsetxattr lstat lstat64 mkdir mkdirat mknod mknodat name_to_handle_at newfstatat oldfstat oldlstat oldstat open open_by_handle_at openat openat2 pipe pipe2 pread64 preadv preadv2 pwrite64 pwritev pwritev2 quotactl quotactl_fd read readahead readdir readlink readlinkat readv removexattr removexattrat rename renameat renameat2 rmdir sendfile sendfile64 setxattr setxattrat splice stat stat64 statfs statfs64 statx symlink symlinkat sync sync_file_range sync_file_range2 arm_sync_file_range arm_fadvise64_64 syncfs tee truncate truncate64 umask unlink unlinkat ustat utime utimensat utimensat_time64 utimes vmsplice write writev bdflush gtty stty lock',
  mounts:
    'fsconfig fsmount fsopen fspick listmount listns mount mount_setattr move_mount open_tree open_tree_attr pivot_root statmount swapoff swapon umount umount2',
  waiting:
    'epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait epoll_wait_old eventfd eventfd2 _newselect poll ppoll ppoll_time64 pselect6 pselect6_time64 select io_cancel io_destroy io_getevents io_pgetevents io_pgetevents_time64 io_setup io_submit io_uring_enter io_uring_register io_uring_setup',
  processes:
    'arch_prctl clone clone3 execve execveat exit exit_group fork futex futex_requeue futex_time64 futex_wait futex_waitv futex_wake get_robust_list get_thread_area get_tls getpgid getpgrp getpid getppid getpriority getrlimit getrusage getsid gettid ioprio_get ioprio_set kcmp membarrier modify_ldt nice personality pidfd_getfd pidfd_open prctl prlimit64 process_madvise process_mrelease process_vm_readv process_vm_writev ptrace rseq rseq_slice_yield sched_get_priority_max sched_get_priority_min sched_getaffinity sched_getattr sched_getparam sched_getscheduler sched_rr_get_interval sched_rr_get_interval_time64 sched_setaffinity sched_setattr sched_setparam sched_setscheduler sched_yield set_robust_list set_thread_area set_tid_address set_tls setns setpgid setpriority setrlimit setsid ugetrlimit ulimit unshare vfork wait4 waitid waitpid getcpu idle atomic_barrier atomic_cmpxchg_32 cmpxchg usr26 usr32 swapcontext spu_create spu_run subpage_prot switch_endian uprobe uretprobe',
  signals:
    'kill pause pidfd_send_signal restart_syscall rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64 rt_tgsigqueueinfo sgetmask sigaction sigaltstack signal signalfd signalfd4 sigpending sigprocmask sigreturn sigsuspend ssetmask tgkill tkill',
  network:
    'accept accept4 bind connect getpeername getsockname getsockopt listen recv recvfrom recvmmsg recvmmsg_time64 recvmsg send sendmmsg sendmsg sendto setsockopt shutdown socket socketcall socketpair getpmsg putpmsg setdomainname sethostname',
  ipc: 'ipc mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedreceive_time64 mq_timedsend mq_timedsend_time64 mq_unlink msgctl msgget msgrcv msgsnd semctl semget semop semtimedop semtimedop_time64 shmat shmctl shmdt shmget',
  memory:
    'brk cachectl cacheflush get_mempolicy getpagesize madvise map_shadow_stack mbind memfd_create memfd_secret migrate_pages mincore mlock mlock2 mlockall mmap mmap2 move_pages mprotect mpx mremap mseal msync munlock munlockall munmap pkey_alloc pkey_free pkey_mprotect remap_file_pages riscv_flush_icache set_mempolicy set_mempolicy_home_node userfaultfd',
  time: 'adjtimex alarm clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 clock_gettime clock_gettime64 clock_nanosleep clock_nanosleep_time64 clock_settime clock_settime64 ftime getitimer gettimeofday nanosleep setitimer settimeofday stime time timer_create timer_delete timer_getoverrun timer_gettime timer_gettime64 timer_settime timer_settime64 timerfd timerfd_create timerfd_gettime timerfd_gettime64 timerfd_settime timerfd_settime64 times',
  identity:
    'add_key capget capset getegid getegid32 geteuid geteuid32 getgid getgid32 getgroups getgroups32 getresgid getresgid32 getresuid getresuid32 getuid getuid32 keyctl request_key setfsgid setfsgid32 setfsuid setfsuid32 setgid setgid32 setgroups setgroups32 setregid setregid32 setresgid setresgid32 setresuid setresuid32 setreuid setreuid32 setuid setuid32',
  security:
    'landlock_add_rule landlock_create_ruleset landlock_restrict_self lsm_get_self_attr lsm_list_modules lsm_set_self_attr seccomp security',
  system:
    '_sysctl bpf create_module delete_module finit_module get_kernel_syms getrandom init_module ioperm iopl kexec_file_load kexec_load nfsservctl oldolduname olduname pciconfig_iobase pciconfig_read pciconfig_write perf_event_open query_module reboot riscv_hwprobe rtas s390_guarded_storage s390_pci_mmio_read s390_pci_mmio_write s390_runtime_instr s390_sthyi sys_debug_setcontext sysfs sysinfo syslog sysmips uname uselib vhangup vm86 vm86old vserver multiplexer syscall tuxcall break breakpoint prof profil',
} as const;

export type Category = keyof typeof ROWS;
export const CATEGORIES: readonly Category[] = Object.keys(ROWS) as Category[];

const byName: ReadonlyMap<string, Category> = new Map(
  CATEGORIES.flatMap((category) => ROWS[category].split(' ').map((name) => [name, category] as const)),
);

/** What a call is for; undefined for a name that no ABI has. */
export function categoryOf(name: string): Category | undefined {
  return byName.get(name);
}
