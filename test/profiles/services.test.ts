/** What node-service, go-service and no-network answer, in rows to read. */
import { suite } from '../suite.ts';
import { checkRow, type DecisionRow, titleOf } from './decisions.ts';

/** What a thread of glibc, of musl and of Go's runtime asks of clone. */
const THREADS: readonly DecisionRow[] = [
  { call: 'clone(0x3d0f00)', gives: 'ALLOW', why: 'thread, glibc' },
  { call: 'clone(0x7d0f00)', gives: 'ALLOW', why: 'thread, musl' },
  { call: 'clone(0x50f00)', gives: 'ALLOW', why: 'thread, Go' },
  { call: 'clone(0xd0f00)', gives: 'ALLOW', why: 'thread with its thread pointer, Go' },
  { arch: 's390x', call: 'clone(0, 0x50f00)', gives: 'ALLOW', why: 'flags second' },
  { arch: 's390x', call: 'clone(0x50f00, 0x11)', gives: 'EPERM', why: 'flags second' },
];

/** The same in both service profiles. */
const services: readonly DecisionRow[] = [
  { call: 'execve()', gives: 'ALLOW', why: 'the filter is there before the program' },
  ...THREADS,
  { call: 'clone(0x11)', gives: 'EPERM', why: 'fork' },
  { call: 'clone(0x4111)', gives: 'EPERM', why: 'vfork by clone, as os/exec and posix_spawn do' },
  { call: 'clone(0x10010000)', gives: 'EPERM', why: 'CLONE_NEWUSER' },
  { call: 'fork()', gives: 'EPERM' },
  { call: 'vfork()', gives: 'EPERM' },
  { call: 'clone3()', gives: 'ENOSYS' },

  { call: 'socket(2, 0x80801)', gives: 'ALLOW', why: 'TCP, SOCK_NONBLOCK and SOCK_CLOEXEC' },
  { call: 'socket(10, 2)', gives: 'ALLOW', why: 'UDP over IPv6' },
  { call: 'socket(2, 3)', gives: 'EPERM', why: 'SOCK_RAW' },
  { call: 'socket(2, 0x100000003)', gives: 'EPERM', why: 'SOCK_RAW behind a high bit' },
  { call: 'socket(1, 1)', gives: 'ALLOW', why: 'AF_UNIX' },
  { call: 'socket(16, 0x80003, 0)', gives: 'ALLOW', why: 'NETLINK_ROUTE: getaddrinfo, net.Interfaces' },
  { call: 'socket(16, 3, 12)', gives: 'EPERM', why: 'NETLINK_NETFILTER' },
  { call: 'socket(17, 3)', gives: 'EPERM', why: 'AF_PACKET' },
  { call: 'socket(38, 5)', gives: 'EPERM', why: 'AF_ALG' },
  { call: 'socket(40, 1)', gives: 'EPERM', why: 'AF_VSOCK' },
  { call: 'socketpair(1, 1)', gives: 'ALLOW' },
  { call: 'socketpair(30, 1)', gives: 'EPERM', why: 'AF_TIPC' },
  { arch: 'i386', call: 'socketcall(1)', gives: 'EPERM' },
  { arch: 'i386', call: 'socketcall(3)', gives: 'ALLOW', why: 'SYS_CONNECT' },

  { call: 'prlimit64(0, 7)', gives: 'ALLOW' },
  { call: 'prlimit64(1, 7)', gives: 'EPERM', why: 'the limits of another process' },
  { call: 'prctl(15)', gives: 'ALLOW', why: 'PR_SET_NAME' },
  { call: 'prctl(0x53564d41)', gives: 'ALLOW', why: 'PR_SET_VMA' },
  { call: 'prctl(22, 2)', gives: 'EPERM', why: 'PR_SET_SECCOMP' },
  { call: 'ioctl(1, 0x5401)', gives: 'ALLOW', why: 'TCGETS' },
  { call: 'ioctl(0, 0x5412)', gives: 'EPERM', why: 'TIOCSTI' },
  { call: 'ioctl(0, 0x100005412)', gives: 'EPERM', why: 'TIOCSTI behind a high bit' },
  { call: 'restart_syscall()', gives: 'ALLOW' },

  { call: 'ptrace()', gives: 'EPERM' },
  { call: 'process_vm_writev()', gives: 'EPERM' },
  { call: 'mount()', gives: 'EPERM', options: { caps: 'all' } },
  { call: 'unshare()', gives: 'EPERM' },
  { call: 'bpf()', gives: 'EPERM', options: { caps: 'all' } },
  { call: 'setuid()', gives: 'EPERM' },
  { call: 'userfaultfd()', gives: 'EPERM' },
  { call: 'keyctl()', gives: 'EPERM' },

  { arch: 'i386', call: 'getpid()', gives: 'KILL_PROCESS', options: { arches: ['x86_64'] }, why: 'int 0x80' },
  { arch: 'x32', call: 'getpid()', gives: 'KILL_PROCESS', options: { arches: ['x86_64'] } },
  { arch: 'aarch64', call: 'epoll_pwait()', gives: 'ALLOW' },
  { arch: 'aarch64', call: 'ptrace()', gives: 'EPERM' },
];

const node: readonly DecisionRow[] = [
  { call: 'mmap(0, 4096, 7)', gives: 'ALLOW', why: 'V8 writes machine code' },
  { call: 'pkey_alloc()', gives: 'ALLOW', why: 'V8 guards it' },
  { call: 'io_uring_setup()', gives: 'ENOSYS', why: 'libuv falls back' },
  { call: 'ioctl(3, 0x5421)', gives: 'ALLOW', why: 'FIONBIO' },
  { call: 'ioctl(0, 0x80045430)', gives: 'ALLOW', why: 'TIOCGPTN' },
  { call: 'ioctl(0, 0xffffffff80045430)', gives: 'ALLOW', why: 'TIOCGPTN as musl passes it' },
];

const go: readonly DecisionRow[] = [
  { call: 'mmap(0, 4096, 3)', gives: 'ALLOW', why: 'PROT_READ and PROT_WRITE' },
  { call: 'mmap(0, 4096, 5)', gives: 'ALLOW', why: 'PROT_READ and PROT_EXEC: a shared library' },
  { call: 'mmap(0, 4096, 7)', gives: 'EPERM', why: 'writable and executable' },
  { call: 'mprotect(0, 4096, 6)', gives: 'EPERM', why: 'writable and executable' },
  { call: 'mprotect(0, 4096, 1)', gives: 'ALLOW' },
  { arch: 'arm', call: 'mmap2(0, 4096, 7)', gives: 'EPERM' },
  { arch: 's390x', call: 'mmap(0x3ff00000000, 0, 7)', gives: 'ALLOW', why: 'its arguments lie in memory' },
  { call: 'timer_create()', gives: 'ALLOW', why: 'CPU profiles' },
  { call: 'splice()', gives: 'ALLOW', why: 'io.Copy' },
  { call: 'inotify_init1()', gives: 'ALLOW', why: 'fsnotify' },
  { call: 'ioctl(3, 0x5421)', gives: 'EPERM', why: 'FIONBIO: Go uses fcntl' },
  { call: 'io_uring_setup()', gives: 'EPERM' },
];

const allIn = { arches: ['x86_64', 'i386', 'aarch64', 'arm'] };
const noNetwork: readonly DecisionRow[] = [
  { call: 'read()', gives: 'ALLOW' },
  { call: 'fork()', gives: 'ALLOW' },
  { call: 'execve()', gives: 'ALLOW' },
  { call: 'unshare(0x10000000)', gives: 'ALLOW', why: 'not a matter of network' },
  { call: 'socket(2, 1)', gives: 'EAFNOSUPPORT', why: 'AF_INET' },
  { call: 'socket(1, 1)', gives: 'EAFNOSUPPORT', why: 'AF_UNIX: Docker, D-Bus, ssh-agent' },
  { call: 'socket(16, 3)', gives: 'EAFNOSUPPORT', why: 'AF_NETLINK' },
  { call: 'socket(40, 1)', gives: 'EAFNOSUPPORT', why: 'AF_VSOCK' },
  { call: 'socket(0x100000002, 1)', gives: 'EAFNOSUPPORT' },
  { call: 'socketpair(1, 0x80801)', gives: 'ALLOW', why: "node's pipes to its children" },
  { call: 'socketpair(1, 5)', gives: 'ALLOW', why: 'SOCK_SEQPACKET' },
  { call: 'socketpair(1, 0x100000001)', gives: 'ALLOW', why: 'SOCK_STREAM to the kernel' },
  ...[0, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15].map((type) => ({
    call: `socketpair(1, ${type})`,
    gives: 'EAFNOSUPPORT',
    why: 'only connected types',
  })),
  { call: 'socketpair(30, 1)', gives: 'EAFNOSUPPORT', why: 'AF_TIPC' },
  { call: 'connect(3, 0x1000, 16)', gives: 'EPERM', why: 'an inherited socket' },
  { call: 'bind()', gives: 'EPERM' },
  { call: 'accept4()', gives: 'EPERM' },
  { call: 'sendto(3, 0x1000, 1, 0, 0, 0)', gives: 'ALLOW', why: 'asyncio wakes itself' },
  { call: 'sendto(3, 0x1000, 1, 0, 0x2000, 16)', gives: 'EPERM' },
  { call: 'sendto(3, 0x1000, 1, 0, 0x100000000, 16)', gives: 'EPERM', why: 'a pointer has 64 bits' },
  { call: 'io_uring_setup()', gives: 'ENOSYS' },
  { call: 'io_uring_enter()', gives: 'ENOSYS' },
  { call: 'pidfd_getfd()', gives: 'EPERM' },
  { call: 'ptrace()', gives: 'EPERM' },
  { call: 'request_key()', gives: 'EPERM', why: 'the kernel asks the name servers' },
  { call: 'ioctl(0, 0x5413)', gives: 'ALLOW' },
  { call: 'ioctl(0, 0x5412)', gives: 'EPERM', why: 'TIOCSTI' },
  { call: 'ioctl(0, 0x100005412)', gives: 'EPERM', why: 'TIOCSTI behind a high bit' },
  { call: 'ioctl(0, 0x541c)', gives: 'EPERM', why: 'TIOCLINUX' },
  { arch: 'i386', call: 'getpid()', gives: 'ALLOW', options: allIn },
  { arch: 'i386', call: 'socket(2, 1)', gives: 'EAFNOSUPPORT', options: allIn },
  { arch: 'i386', call: 'socketcall(1)', gives: 'EAFNOSUPPORT', options: allIn, why: 'SYS_SOCKET' },
  { arch: 'i386', call: 'socketcall(0x100000001)', gives: 'EAFNOSUPPORT', options: allIn },
  { arch: 'i386', call: 'socketcall(3)', gives: 'EPERM', options: allIn, why: 'SYS_CONNECT' },
  { arch: 'i386', call: 'socketcall(8)', gives: 'EAFNOSUPPORT', options: allIn, why: 'SYS_SOCKETPAIR, type unseen' },
  { arch: 'i386', call: 'socketcall(11)', gives: 'EPERM', options: allIn, why: 'SYS_SENDTO, address unseen' },
  { arch: 'i386', call: 'socketcall(17)', gives: 'ALLOW', options: allIn, why: 'SYS_RECVMSG' },
  { arch: 'x32', call: 'getpid()', gives: 'KILL_PROCESS', options: allIn },
  { arch: 'x32', call: 'socket(2, 1)', gives: 'KILL_PROCESS', options: allIn },
  { arch: 'arm', call: 'socket(2, 1)', gives: 'EAFNOSUPPORT', options: allIn },
  { arch: 'aarch64', call: 'socket(2, 1)', gives: 'EAFNOSUPPORT', options: allIn },
  { arch: 's390x', call: 'socketcall(1)', gives: 'EAFNOSUPPORT' },
];

const tables = [
  { profile: 'node-service', rows: [...services, ...node] },
  { profile: 'go-service', rows: [...services, ...go] },
  { profile: 'no-network', rows: noNetwork },
];

suite('profiles/services', (test) => {
  for (const { profile, rows } of tables) {
    for (const row of rows) test(`${profile}: ${titleOf(row)}`, () => checkRow(profile, row));
  }
});
