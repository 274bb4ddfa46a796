/** What container-default answers, in rows to read. */
import { suite } from '../suite.ts';
import { checkRow, type DecisionRow, titleOf } from './decisions.ts';

const admin = { caps: ['SYS_ADMIN'] };
const x86 = { arches: ['x86_64', 'i386', 'x32'] };

const rows: readonly DecisionRow[] = [
  { call: 'read()', gives: 'ALLOW' },
  { call: 'execve()', gives: 'ALLOW' },
  { call: 'seccomp()', gives: 'ALLOW', why: 'a process may confine itself further' },
  { call: 'io_uring_setup()', gives: 'EPERM' },
  { call: 'userfaultfd()', gives: 'EPERM' },
  { call: 'keyctl()', gives: 'EPERM' },
  { call: 'kexec_load()', gives: 'EPERM', options: { caps: 'all' } },

  // Sockets by family.
  { call: 'socket(1)', gives: 'ALLOW', why: 'AF_UNIX' },
  { call: 'socket(2)', gives: 'ALLOW', why: 'AF_INET' },
  { call: 'socket(37)', gives: 'ALLOW' },
  { call: 'socket(38)', gives: 'EPERM', why: 'AF_ALG' },
  { call: 'socket(39)', gives: 'ALLOW' },
  { call: 'socket(40)', gives: 'EPERM', why: 'AF_VSOCK' },
  { call: 'socket(41)', gives: 'ALLOW' },
  { call: 'socket(0xffffffff)', gives: 'ALLOW', why: 'the kernel refuses it' },
  { call: 'socket(0x100000026)', gives: 'EPERM', why: 'AF_ALG to the kernel; a comparison of 64 bits lets it through' },
  { call: 'socket(0x8000000000000028)', gives: 'EPERM', why: 'AF_VSOCK likewise' },
  { call: 'socket(0x100000002)', gives: 'ALLOW', why: 'AF_INET to the kernel' },
  { arch: 'i386', call: 'socketcall(1)', gives: 'EPERM', why: 'SYS_SOCKET, its family out of sight' },
  { arch: 'i386', call: 'socketcall(0x100000001)', gives: 'EPERM', why: 'the same, from 64-bit code' },
  { arch: 'i386', call: 'socketcall(3)', gives: 'ALLOW', why: 'SYS_CONNECT' },
  { arch: 'i386', call: 'socket(38)', gives: 'EPERM' },
  { arch: 's390x', call: 'socketcall(1)', gives: 'EPERM' },
  { arch: 's390x', call: 'socketcall(2)', gives: 'ALLOW' },
  { arch: 's390x', call: 'ipc(21)', gives: 'ALLOW', why: 'SHMAT has no conditions' },

  // Namespaces.
  { call: 'clone(0x11)', gives: 'ALLOW', why: 'fork' },
  { call: 'clone(0x3d0f00)', gives: 'ALLOW', why: 'a thread' },
  { call: 'clone(0x10000000)', gives: 'EPERM', why: 'CLONE_NEWUSER' },
  { call: 'clone(0x10000000)', gives: 'ALLOW', options: admin },
  { call: 'clone(0x00020000)', gives: 'EPERM', why: 'CLONE_NEWNS' },
  { call: 'clone(0x02000000)', gives: 'EPERM', why: 'CLONE_NEWCGROUP' },
  { call: 'clone(0x40000011)', gives: 'EPERM', why: 'CLONE_NEWNET' },
  { call: 'clone(0x11, 0x10000000)', gives: 'ALLOW', why: 'flags first' },
  { arch: 's390x', call: 'clone(0x10000000, 0x11)', gives: 'ALLOW', why: 'flags second' },
  { arch: 's390x', call: 'clone(0, 0x10000000)', gives: 'EPERM', why: 'flags second' },
  { call: 'clone3()', gives: 'ENOSYS', why: 'C libraries fall back to clone' },
  { call: 'clone3()', gives: 'ALLOW', options: admin },
  { call: 'unshare()', gives: 'EPERM' },
  { call: 'setns()', gives: 'ALLOW', options: admin },
  { call: 'mount()', gives: 'EPERM' },
  { call: 'mount()', gives: 'ALLOW', options: admin },
  { call: 'pivot_root()', gives: 'EPERM', options: { caps: 'all' } },
  { call: 'sethostname()', gives: 'EPERM' },
  { call: 'sethostname()', gives: 'ALLOW', options: admin },

  // personality.
  { call: 'personality(0)', gives: 'ALLOW', why: 'PER_LINUX' },
  { call: 'personality(8)', gives: 'ALLOW', why: 'PER_LINUX32' },
  { call: 'personality(0x20000)', gives: 'ALLOW', why: 'UNAME26' },
  { call: 'personality(0x20008)', gives: 'ALLOW' },
  { call: 'personality(0xffffffff)', gives: 'ALLOW', why: 'a question' },
  { call: 'personality(-1)', gives: 'ALLOW', why: 'the same question, sign-extended' },
  { call: 'personality(0x40000)', gives: 'EPERM', why: 'ADDR_NO_RANDOMIZE' },
  { call: 'personality(0x400000)', gives: 'EPERM', why: 'READ_IMPLIES_EXEC' },
  { call: 'personality(0x20009)', gives: 'EPERM' },

  // By kernel.
  { call: 'ptrace()', gives: 'ALLOW', why: 'no kernel named: every minKernel counts as satisfied' },
  { call: 'ptrace()', gives: 'EPERM', options: { kernel: '4.7' } },
  { call: 'ptrace()', gives: 'ALLOW', options: { kernel: '4.8' } },
  { call: 'ptrace()', gives: 'ALLOW', options: { kernel: '4.7', caps: ['SYS_PTRACE'] } },
  { call: 'process_vm_writev()', gives: 'EPERM', options: { kernel: '3.10' } },

  // By capability.
  { call: 'chroot()', gives: 'ALLOW', why: "one of Docker's capabilities" },
  { call: 'chroot()', gives: 'EPERM', options: { caps: 'none' } },
  { call: 'bpf()', gives: 'EPERM' },
  { call: 'bpf()', gives: 'ALLOW', options: { caps: ['BPF'] } },
  { call: 'open_by_handle_at()', gives: 'EPERM' },
  { call: 'open_by_handle_at()', gives: 'ALLOW', options: { caps: ['DAC_READ_SEARCH'] } },
  { call: 'clock_settime()', gives: 'EPERM' },
  { call: 'clock_settime()', gives: 'ALLOW', options: { caps: ['SYS_TIME'] } },
  { call: 'init_module()', gives: 'EPERM' },
  { call: 'init_module()', gives: 'ALLOW', options: { caps: ['SYS_MODULE'] } },
  { call: 'syslog()', gives: 'ALLOW', options: { caps: ['SYSLOG'] } },
  { call: 'reboot()', gives: 'EPERM', options: { caps: ['SYS_ADMIN'] } },

  // By machine.
  { call: 'arch_prctl()', gives: 'ALLOW' },
  { call: 'modify_ldt()', gives: 'ALLOW' },
  { arch: 'i386', call: 'modify_ldt()', gives: 'ALLOW' },
  { arch: 'arm', call: 'set_tls()', gives: 'ALLOW' },
  { arch: 'arm', call: 'cacheflush()', gives: 'ALLOW' },
  { arch: 's390x', call: 's390_runtime_instr()', gives: 'ALLOW' },
  { arch: 'riscv64', call: 'riscv_flush_icache()', gives: 'ALLOW' },

  // By ABI: a program made for x86_64 alone has no answer to the other two.
  { arch: 'i386', call: 'read()', gives: 'KILL_PROCESS', options: { arches: ['x86_64'] } },
  { arch: 'x32', call: 'read()', gives: 'KILL_PROCESS', options: { arches: ['x86_64'] } },
  { arch: 'i386', call: 'read()', gives: 'ALLOW', options: x86 },
  { arch: 'x32', call: 'read()', gives: 'ALLOW', options: x86 },
  { arch: 'x32', call: 'socket(38)', gives: 'EPERM', options: x86 },
];

suite('profiles/container-default', (test) => {
  for (const row of rows) test(titleOf(row), () => checkRow('container-default', row));
});
