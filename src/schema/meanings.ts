/**
 * What each system call does, in a few words of our own, by hand: for whoever reads a profile in an editor. Variants of a
 * call share its line. test/schema holds that every name of arch/ has one.
 */
const TEXT = `
read: reads from a descriptor
write: writes to a descriptor
readv: reads into several buffers
writev: writes from several buffers
pread64: reads at an offset
pwrite64: writes at an offset
preadv preadv2: reads at an offset into several buffers
pwritev pwritev2: writes at an offset from several buffers
open: opens or creates a file
openat: opens or creates a file below an open folder
openat2: opens a file below an open folder, with rules for how its path is walked
creat: creates a file and opens it for writing
close: closes a descriptor
close_range: closes a range of descriptors
dup dup2 dup3: makes a second descriptor of the same open file
fcntl fcntl64: flags, locks and copies of a descriptor
ioctl: requests of a device's own; the second argument says which
flock lock: locks a whole file
lseek _llseek: moves the offset of an open file
sendfile sendfile64: copies from a file to another descriptor inside the kernel
splice: moves bytes between a pipe and a descriptor without copying
tee: duplicates what stands in a pipe
vmsplice: puts pages of memory into a pipe
copy_file_range: copies a range between two files inside the kernel
pipe pipe2: makes a pipe
stat stat64 oldstat: size, owner, mode and times of a file by its path
lstat lstat64 oldlstat: the same as stat, of a link itself
fstat fstat64 oldfstat: size, owner, mode and times of an open file
newfstatat fstatat64: size, owner, mode and times of a file below an open folder
statx: size, owner, mode and times of a file, those that are asked for
access: may the real user read, write or execute a file?
faccessat faccessat2: may the real user reach a file below an open folder?
chmod: changes the permissions of a file
fchmod: changes the permissions of an open file
fchmodat fchmodat2: changes the permissions of a file below an open folder
chown chown32: changes the owner of a file
fchown fchown32: changes the owner of an open file
lchown lchown32: changes the owner of a link itself
fchownat: changes the owner of a file below an open folder
umask: permissions that new files do not get
utime utimes: sets the times of a file
futimesat utimensat utimensat_time64: sets the times of a file below an open folder
truncate truncate64: cuts or extends a file to a length
ftruncate ftruncate64: cuts or extends an open file to a length
fallocate: reserves or frees space of a file
fadvise64 fadvise64_64 arm_fadvise64_64: how a file will be read, for the kernel to plan
readahead: reads part of a file into the cache
sync: writes all that is cached to the disks
syncfs: writes all that is cached of one file system
fsync fdatasync: waits until a file is on the disk
sync_file_range sync_file_range2 arm_sync_file_range: starts writing part of a file to the disk
bdflush: tuned the writing of cached blocks
cachestat: how much of a file is cached
link: gives a file another name
linkat: gives a file another name below an open folder
symlink: makes a symbolic link
symlinkat: makes a symbolic link below an open folder
readlink: where a symbolic link leads
readlinkat: where a symbolic link below an open folder leads
unlink: removes a name of a file
unlinkat: removes a file or folder below an open folder
rename: renames a file
renameat renameat2: renames a file below open folders
mkdir: makes a folder
mkdirat: makes a folder below an open one
rmdir: removes an empty folder
mknod: makes a device, pipe or file
mknodat: makes a device, pipe or file below an open folder
getdents getdents64 readdir: the entries of a folder
getcwd: the path of the current folder
chdir: changes the current folder
fchdir: makes an open folder the current one
chroot: changes where paths begin
statfs statfs64: room and kind of a file system by a path
fstatfs fstatfs64: room and kind of an open file's file system
ustat: room of a file system by its device
getxattr lgetxattr fgetxattr getxattrat: reads an extended attribute
setxattr lsetxattr fsetxattr setxattrat: sets an extended attribute
listxattr llistxattr flistxattr listxattrat: lists extended attributes
removexattr lremovexattr fremovexattr removexattrat: removes an extended attribute
file_getattr: flags of a file such as immutable
file_setattr: sets flags of a file such as immutable
name_to_handle_at: a file as a handle that survives closing
open_by_handle_at: opens a file by its handle, past all folders
inotify_init inotify_init1: starts watching files
inotify_add_watch: watches a file or folder
inotify_rm_watch: ends a watch
fanotify_init: starts watching or ruling the opening of files
fanotify_mark: which files fanotify is about
quotactl: disk quotas
quotactl_fd: disk quotas of an open file's file system
acct: accounting of ended processes
lookup_dcookie: the path behind a profiler's cookie
afs_syscall: reserved for AFS
gtty stty: settings of a terminal, never made
mount: mounts a file system, or changes a mount
umount umount2: takes a mount away
mount_setattr: changes the properties of mounts
move_mount: attaches or moves a mount
open_tree open_tree_attr: takes a mount, or a copy of it, as a descriptor
fsopen: begins to set up a file system
fsconfig: sets options of a file system that is being set up
fsmount: makes a mount of a file system that was set up
fspick: takes a mounted file system to change its options
statmount: what there is to know of a mount
listmount: the mounts below a mount
listns: the namespaces of the system
pivot_root: makes another mount the root
swapon: begins to swap to a file or device
swapoff: ends swapping to a file or device
epoll_create epoll_create1: makes a set of descriptors to wait for
epoll_ctl epoll_ctl_old: puts a descriptor into a set to wait for
epoll_wait epoll_wait_old: waits for a set of descriptors
epoll_pwait epoll_pwait2: waits for a set of descriptors, or a signal
poll: waits for descriptors
ppoll ppoll_time64: waits for descriptors, or a signal
select _newselect: waits for descriptors, by bit sets
pselect6 pselect6_time64: waits for descriptors by bit sets, or a signal
eventfd eventfd2: a counter that can be waited for
io_setup: begins asynchronous input and output
io_destroy: ends asynchronous input and output
io_submit: starts asynchronous reads and writes
io_cancel: cancels an asynchronous request
io_getevents io_pgetevents io_pgetevents_time64: waits for asynchronous requests
io_uring_setup: makes a ring through which calls are made that no filter sees
io_uring_enter: submits and awaits requests of a ring
io_uring_register: descriptors and buffers for a ring
arch_prctl: segment bases and features of x86
clone: makes a process or thread; flags make namespaces
clone3: makes a process or thread; its flags lie in memory, where no filter sees them
fork: makes a child process
vfork: makes a child process that shares memory until it executes
execve: becomes another program
execveat: becomes another program, by a path below an open folder or a descriptor
exit: ends the thread
exit_group: ends the process
wait4 waitpid waitid: waits for a child
futex futex_time64: sleeps on and wakes by a word of memory; what locks are made of
futex_wait futex_waitv: sleeps until a word of memory changes
futex_wake: wakes who sleeps on a word of memory
futex_requeue: moves sleepers from one word of memory to another
get_robust_list: the locks that a dying thread gives up
set_robust_list: names the locks to give up when the thread dies
set_tid_address: a word to clear when the thread ends
set_thread_area set_tls: sets the thread's own storage
get_thread_area get_tls: the thread's own storage
modify_ldt: the local descriptor table of x86
getpid: the process's number
getppid: the parent's number
gettid: the thread's number
getpgid getpgrp: the process group
setpgid: moves a process into a group
getsid: the session
setsid: begins a session
getpriority: the niceness of processes
setpriority nice: changes the niceness
ioprio_get: the priority on disks
ioprio_set: sets the priority on disks
getrlimit ugetrlimit: a limit on resources
setrlimit: sets a limit on resources
prlimit64: gets and sets limits, of other processes too
ulimit: limits on resources, never made
getrusage: resources used
getcpu: the processor that runs the thread
kcmp: do two processes share a descriptor or memory?
membarrier: orders memory between threads
rseq: sections that restart when they are preempted
rseq_slice_yield: gives back a slice of time that was extended
personality: the ways of other systems; also turns address randomization off
prctl: settings of the process and its threads
ptrace: traces and changes another process
process_vm_readv: reads another process's memory
process_vm_writev: writes into another process's memory
process_madvise: advice on another process's memory
process_mrelease: frees the memory of a dying process
pidfd_open: a descriptor of a process
pidfd_getfd: takes a descriptor out of another process
sched_yield: lets others run
sched_getaffinity: the processors that a thread may use
sched_setaffinity: sets the processors that a thread may use
sched_getattr sched_getparam sched_getscheduler: how a thread is scheduled
sched_setattr sched_setparam sched_setscheduler: changes how a thread is scheduled
sched_get_priority_max: the highest real-time priority
sched_get_priority_min: the lowest real-time priority
sched_rr_get_interval sched_rr_get_interval_time64: the slice of round-robin scheduling
setns: enters a namespace
unshare: leaves namespaces for new ones
idle: the kernel's own idle process
swapcontext: swaps user contexts on PowerPC
spu_create: makes a context of a Cell processor's unit
spu_run: runs a context of a Cell processor's unit
subpage_prot: protects parts of pages on PowerPC
switch_endian: changes the byte order on PowerPC
uprobe uretprobe: how probes of user programs enter the kernel
atomic_barrier: a memory barrier on m68k
atomic_cmpxchg_32 cmpxchg: compares and swaps a word
usr26 usr32: changes the mode of old ARM processors
kill: sends a signal to a process or group
tkill tgkill: sends a signal to a thread
pidfd_send_signal: sends a signal by a descriptor of a process
rt_sigqueueinfo rt_tgsigqueueinfo: sends a signal with data
rt_sigaction sigaction signal: sets the handler of a signal
rt_sigprocmask sigprocmask sgetmask ssetmask: blocks and unblocks signals
rt_sigpending sigpending: the signals that wait
rt_sigsuspend sigsuspend: waits for a signal under another mask
rt_sigtimedwait rt_sigtimedwait_time64: waits for a signal and takes it
rt_sigreturn sigreturn: returns from a handler; the C library makes it unseen
sigaltstack: another stack for handlers
signalfd signalfd4: signals to read from a descriptor
pause: waits for any signal
restart_syscall: goes on with a call that a stop interrupted; the kernel makes it unseen
socket: makes a socket; the first argument is the family
socketpair: makes two connected sockets
socketcall: all calls about sockets in one; arguments lie in memory
bind: gives a socket an address
listen: lets others connect to a socket
accept accept4: takes a connection
connect: connects a socket
getsockname: a socket's own address
getpeername: the address that a socket is connected to
getsockopt: reads an option of a socket
setsockopt: sets an option of a socket
send sendto: sends through a socket
sendmsg: sends through a socket, descriptors too
sendmmsg: sends several messages
recv recvfrom: receives from a socket
recvmsg: receives from a socket, descriptors too
recvmmsg recvmmsg_time64: receives several messages
shutdown: ends a direction of a connection
getpmsg putpmsg: messages of STREAMS, never made
sethostname: sets the host name
setdomainname: sets the NIS domain name
ipc: all System V calls in one
mq_open: opens a POSIX message queue
mq_unlink: removes a POSIX message queue
mq_timedsend mq_timedsend_time64: sends to a message queue
mq_timedreceive mq_timedreceive_time64: receives from a message queue
mq_notify: asks to be told of a message
mq_getsetattr: properties of a message queue
msgget: opens a System V message queue
msgsnd: sends to a System V queue
msgrcv: receives from a System V queue
msgctl: state and removal of a System V queue
semget: opens System V semaphores
semop semtimedop semtimedop_time64: changes System V semaphores
semctl: state and removal of System V semaphores
shmget: opens System V shared memory
shmat: maps System V shared memory
shmdt: unmaps System V shared memory
shmctl: state and removal of System V shared memory
brk: moves the end of the heap
mmap mmap2: maps memory or a file
munmap: takes a mapping away
mremap: moves or resizes a mapping
mprotect: changes what a mapping permits
pkey_mprotect: changes what a mapping permits, with a key
pkey_alloc: takes a protection key
pkey_free: gives a protection key back
mseal: makes mappings unchangeable
madvise: how memory will be used
msync: writes a mapped file back
mincore: which pages are in memory
mlock mlock2: keeps memory from being swapped
munlock: lets memory be swapped again
mlockall: keeps all memory from being swapped
munlockall: lets all memory be swapped again
remap_file_pages: rearranges the pages of a mapping
memfd_create: a file in memory, without a name
memfd_secret: memory that even the kernel does not map
userfaultfd: page faults handled by the program
get_mempolicy: where memory is taken from
set_mempolicy set_mempolicy_home_node mbind: where memory is to be taken from
migrate_pages move_pages: moves memory between nodes
map_shadow_stack: makes a shadow stack
cacheflush cachectl riscv_flush_icache: flushes caches of the processor
getpagesize: the size of a page
mpx: memory protection extensions, never made
time: seconds since 1970
ftime: seconds since 1970, never made
stime: sets the clock
gettimeofday: the time in microseconds
settimeofday: sets the time
adjtimex: disciplines the clock
clock_gettime clock_gettime64: the time of a clock
clock_settime clock_settime64: sets a clock
clock_getres clock_getres_time64: the resolution of a clock
clock_adjtime clock_adjtime64: disciplines one clock
clock_nanosleep clock_nanosleep_time64: sleeps by a clock
nanosleep: sleeps
alarm: a signal after so many seconds
getitimer: what is left of an interval timer
setitimer: sets an interval timer
times: processor time used
timer_create: makes a POSIX timer
timer_delete: removes a POSIX timer
timer_settime timer_settime64: sets a POSIX timer
timer_gettime timer_gettime64: what is left of a POSIX timer
timer_getoverrun: how often a POSIX timer ran over
timerfd timerfd_create: a timer that can be waited for
timerfd_settime timerfd_settime64: sets such a timer
timerfd_gettime timerfd_gettime64: what is left of such a timer
getuid getuid32: the real user
geteuid geteuid32: the effective user
getgid getgid32: the real group
getegid getegid32: the effective group
getresuid getresuid32: real, effective and saved user
getresgid getresgid32: real, effective and saved group
getgroups getgroups32: supplementary groups
setuid setuid32: changes the user
setgid setgid32: changes the group
setreuid setreuid32: changes real and effective user
setregid setregid32: changes real and effective group
setresuid setresuid32: changes real, effective and saved user
setresgid setresgid32: changes real, effective and saved group
setfsuid setfsuid32: changes the user that files are opened as
setfsgid setfsgid32: changes the group that files are opened as
setgroups setgroups32: changes the supplementary groups
capget: the capabilities of a thread
capset: changes the capabilities of the thread
add_key: puts a key into a keyring
request_key: looks for a key, and may have it made
keyctl: reads and changes keys and keyrings
seccomp: installs a filter, or asks about filters
landlock_create_ruleset: begins a Landlock ruleset
landlock_add_rule: adds a rule to it
landlock_restrict_self: puts the thread under it
lsm_get_self_attr: the thread's security label
lsm_set_self_attr: sets the thread's security label
lsm_list_modules: the security modules that are active
security: reserved for security modules
bpf: loads and runs programs in the kernel, and their maps
perf_event_open: counts and samples events, of the kernel too
getrandom: random bytes
uname olduname oldolduname: name and version of the kernel
sysinfo: memory and load of the system
syslog: reads and clears the kernel's log
sysfs: names of file systems
_sysctl: settings of the kernel by numbers
reboot: restarts or stops the machine
kexec_load: loads another kernel to start
kexec_file_load: loads another kernel to start, from a file
init_module: loads a kernel module
finit_module: loads a kernel module from a file
delete_module: removes a kernel module
create_module query_module get_kernel_syms: kernel modules, as they were long ago
ioperm: ports that the process may use
iopl: all ports for the process
vhangup: hangs up the terminal
vm86 vm86old: runs 16-bit code
uselib: loads a library, as it was long ago
nfsservctl: controlled the NFS server
vserver tuxcall multiplexer: reserved, never made
syscall: makes the call whose number is its first argument
prof profil: profiling, never made
break: never made
breakpoint: stops for a debugger on ARM
pciconfig_read pciconfig_write pciconfig_iobase: configuration of PCI devices
rtas: firmware of PowerPC
sys_debug_setcontext: contexts for debugging on PowerPC
s390_guarded_storage: guarded storage on s390
s390_pci_mmio_read s390_pci_mmio_write: memory of PCI devices on s390
s390_runtime_instr: run-time instrumentation on s390
s390_sthyi: what the hypervisor says on s390
riscv_hwprobe: features of a RISC-V processor
sysmips: settings of MIPS
`;

let meanings: ReadonlyMap<string, string> | undefined;

/** What a call does, such as 'reads from a descriptor'; undefined for a name that no ABI has. */
export function meaningOf(name: string): string | undefined {
  meanings ??= new Map(
    TEXT.trim()
      .split('\n')
      .flatMap((line) => {
        const [names = '', meaning = ''] = line.split(': ');
        return names.split(' ').map((each) => [each, meaning] as const);
      }),
  );
  return meanings.get(name);
}
