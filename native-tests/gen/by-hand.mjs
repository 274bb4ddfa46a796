/**
 * What no input of the generator states, by hand. Every entry names where it comes from: a kernel file, function and
 * version. Keep this file small; a fact that a header, a table or a signature states belongs to the extracts instead.
 */

/**
 * Calls that had a number on a kernel with seccomp filters (3.5 and later) and are in no user-space header.
 * cmpxchg: __ARM_NR_BASE + 0xfff0 in arch/arm/include/asm/unistd.h, handled by arm_syscall() in arch/arm/kernel/traps.c,
 * removed by Linux commit db695c0509d6 ("ARM: remove user cmpxchg syscall", 2015).
 * @type {Record<string, Record<string, number>>}
 */
export const RETIRED_NUMBERS = {
  arm: { cmpxchg: 0xf0000 + 0xfff0 },
};

/**
 * Kernel versions that the man-pages list lacks. time64: commit 48166e6ea47d, the y2038 numbers 403-423. The rest: the
 * release whose syscall tables first hold the number (arch/x86/entry/syscalls/syscall_64.tbl, since 6.11 also
 * scripts/syscall.tbl; riscv_hwprobe: arch/riscv/include/uapi/asm/unistd.h).
 * @type {Record<string, string>}
 */
export const SINCE = {
  5.1:
    'clock_gettime64 clock_settime64 clock_adjtime64 clock_getres_time64 clock_nanosleep_time64 timer_gettime64 ' +
    'timer_settime64 timerfd_gettime64 timerfd_settime64 utimensat_time64 pselect6_time64 ppoll_time64 ' +
    'io_pgetevents_time64 recvmmsg_time64 mq_timedsend_time64 mq_timedreceive_time64 semtimedop_time64 ' +
    'rt_sigtimedwait_time64 futex_time64 sched_rr_get_interval_time64',
  5.12: 'mount_setattr',
  5.15: 'process_mrelease',
  5.16: 'futex_waitv',
  5.17: 'set_mempolicy_home_node',
  6.4: 'riscv_hwprobe',
  6.5: 'cachestat',
  6.6: 'fchmodat2 map_shadow_stack',
  6.7: 'futex_wake futex_wait futex_requeue',
  6.8: 'statmount listmount lsm_get_self_attr lsm_set_self_attr lsm_list_modules',
  '6.10': 'mseal',
  6.11: 'uretprobe',
  6.13: 'setxattrat getxattrat listxattrat removexattrat',
  6.15: 'open_tree_attr',
  6.17: 'file_getattr file_setattr',
  6.18: 'uprobe',
  6.19: 'listns',
  '7.0': 'rseq_slice_yield',
};

/**
 * Removals that the man-pages list does not state. lookup_dcookie: fs/dcookies.c, removed with oprofile (be65de6b03aa).
 * @type {Record<string, string>}
 */
export const REMOVED = { lookup_dcookie: '5.12' };

/**
 * Signatures in neither extract (written as there: '*' is a pointer). They are of calls newer than both, of calls gone
 * before Linux 6.1, or of calls that the traced kernel was built without:
 *
 * | call | declared in |
 * | lookup_dcookie, bdflush | v5.11 fs/dcookies.c, v5.14 fs/buffer.c |
 * | map_shadow_stack | v6.6 arch/x86/kernel/shstk.c; the same in arch/arm64/mm/gcs.c and arch/riscv/kernel/usercfi.c |
 * | riscv_hwprobe | v6.6 arch/riscv/kernel/sys_riscv.c (before, do_riscv_hwprobe() took the flags as unsigned int) |
 * | listns, rseq_slice_yield | v6.19 kernel/nstree.c, v7.0 kernel/rseq.c |
 * @type {Record<string, string>}
 */
export const SIGNATURES = {
  lookup_dcookie: 'u64,*,size_t',
  bdflush: 'int,long',
  map_shadow_stack: 'unsigned long,unsigned long,unsigned int',
  riscv_hwprobe: '*,size_t,size_t,*,unsigned int',
  listns: '*,*,size_t,unsigned int',
  rseq_slice_yield: '',
};

const FD = 'the descriptor goes straight to fget() or fdget_pos(), which take an unsigned int';

/**
 * Parameters declared long or unsigned long whose high half the kernel drops on use, whatever the other arguments are.
 * `only` limits an entry to one table, `except` takes tables out (their parameters are others).
 *
 * Looked at and left out, because high bits are refused or matter: unshare (check_unshare_flags() tests the complement
 * of int constants, which sign-extend), mount's flags (MS_NOUSER is `1 << 31`, an int: flags with bits above 31 are
 * refused), ptrace's request (compared as long), mmap's prot and flags, mbind's mode (older kernels compare it as
 * unsigned long), prctl's and keyctl's later parameters and kcmp's idx2 (it depends on the first ones).
 * @type {{ call: string, parameter: number, why: string, only?: string, except?: string[] }[]}
 */
export const TRUNCATED_ON_USE = [
  {
    call: 'clone',
    parameter: 0,
    except: ['s390x'],
    why: 'kernel/fork.c sys_clone(): lower_32_bits(clone_flags) since 5.7; until 5.4 no code looked above bit 31. 5.5 and 5.6 alone took bit 32 as CLONE_CLEAR_SIGHAND',
  },
  {
    call: 'clone',
    parameter: 1,
    only: 's390x',
    why: 'the same; CONFIG_CLONE_BACKWARDS2 has the stack first and the flags second',
  },
  { call: 'mmap', parameter: 4, except: ['s390x', 'parisc64'], why: `mm/mmap.c ksys_mmap_pgoff(): ${FD}` },
  { call: 'readv', parameter: 0, why: `fs/read_write.c do_readv(): ${FD}` },
  { call: 'writev', parameter: 0, why: `fs/read_write.c do_writev(): ${FD}` },
  { call: 'preadv', parameter: 0, why: `fs/read_write.c do_preadv(): ${FD}` },
  { call: 'pwritev', parameter: 0, why: `fs/read_write.c do_pwritev(): ${FD}` },
  { call: 'preadv2', parameter: 0, why: `fs/read_write.c do_preadv(): ${FD}` },
  { call: 'pwritev2', parameter: 0, why: `fs/read_write.c do_pwritev(): ${FD}` },
  { call: 'ptrace', parameter: 1, why: 'kernel/ptrace.c: find_get_task_by_vpid(pid) takes a pid_t' },
  {
    call: 'kcmp',
    parameter: 3,
    why: 'kernel/kcmp.c: every type that uses idx1 passes it to get_file_raw_ptr(), which takes an unsigned int',
  },
  {
    call: 'personality',
    parameter: 0,
    only: 'ppc64',
    why: 'arch/powerpc/kernel/syscalls.c do_ppc64_personality(): ksys_personality() takes an unsigned int',
  },
];
