/** strace's symbolic arguments: what is claimed of a register, and that nothing else is. */
import * as assert from 'uvu/assert';
import { type ArchName, arch } from '../../src/arch/index.ts';
import { splitArguments } from '../../src/trace/strace-arguments.ts';
import { symbolicArguments } from '../../src/trace/symbols.ts';
import { suite } from '../suite.ts';

const LOW = 'ffffffff';
const ALL = 'ffffffffffffffff';

/** The claim for one argument as 'known:value' in hexadecimal; '-': none. */
const rows: readonly { call: string; text: string; at: number; is: string; on?: ArchName }[] = [
  { call: 'socket', text: 'AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_TCP', at: 0, is: `${LOW}:2` },
  { call: 'socket', text: 'AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_TCP', at: 1, is: `${LOW}:80001` },
  { call: 'socket', text: 'AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_TCP', at: 2, is: `${LOW}:6` },
  { call: 'socket', text: '0x2 /* AF_INET */, 0x1 /* SOCK_STREAM */, 0', at: 0, is: `${LOW}:2` },
  { call: 'socket', text: '0x63 /* AF_??? */, SOCK_RAW, 0', at: 0, is: `${LOW}:63` },
  { call: 'socket', text: 'AF_INET, SOCK_STREAM, 0', at: 1, is: `${LOW}:2`, on: 'mips64' },
  { call: 'socket', text: 'AF_ALG, SOCK_SEQPACKET, 0', at: 0, is: `${ALL}:26`, on: 'i386' },
  { call: 'socket', text: 'AF_NEWER, SOCK_STREAM, 0', at: 0, is: '-' },
  { call: 'clone', text: 'child_stack=NULL, flags=CLONE_NEWUSER|SIGCHLD', at: 0, is: `${LOW}:10000011` },
  { call: 'clone', text: 'child_stack=NULL, flags=CLONE_NEWUSER|SIGNEW', at: 0, is: 'ffffff00:10000000' },
  { call: 'clone', text: 'child_stack=NULL, flags=SIGCHLD', at: 0, is: `${ALL}:12`, on: 'mips' },
  {
    call: 'clone',
    text: 'child_stack=0x7f0012345678, flags=CLONE_VM|CLONE_THREAD, parent_tid=[9]',
    at: 0,
    is: `${LOW}:10100`,
  },
  { call: 'clone', text: 'child_stack=NULL, flags=CLONE_VM', at: 0, is: '-', on: 's390x' },
  { call: 'clone', text: 'child_stack=NULL, flags=CLONE_VM', at: 1, is: `${LOW}:100`, on: 's390x' },
  { call: 'unshare', text: 'CLONE_NEWNS|0x10', at: 0, is: `${LOW}:20010` },
  { call: 'mmap', text: 'NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE, 3</a, b>, 0', at: 2, is: `${LOW}:3` },
  { call: 'mmap', text: 'NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE, 3</a, b>, 0', at: 3, is: `${LOW}:2` },
  { call: 'mmap', text: 'NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE, 3</a, b>, 0', at: 4, is: `${LOW}:3` },
  { call: 'prctl', text: 'PR_SET_NAME, "x, y(PR_GET_NAME"', at: 0, is: `${LOW}:f` },
  { call: 'prctl', text: 'PR_SET_NAME, "x, y(PR_GET_NAME"', at: 1, is: '-' },
  { call: 'personality', text: '0xffffffff', at: 0, is: `${LOW}:ffffffff` },
  { call: 'chmod', text: '"/x", 0644', at: 1, is: 'ffff:1a4' },
  { call: 'mknod', text: '"/x", S_IFCHR|0666, makedev(0x1, 0x103)', at: 1, is: 'ffff:21b6' },
  { call: 'mknod', text: '"/x", S_IFCHR|0666, makedev(0x1, 0x103)', at: 2, is: `${LOW}:100103` },
  { call: 'shmget', text: 'IPC_PRIVATE, 4096, 0x20000203', at: 2, is: '-' },
  {
    call: 'mmap',
    text: 'NULL, 1, PROT_NONE, MAP_SHARED|MAP_HUGETLB|21<<MAP_HUGE_SHIFT, 3</x>, 7',
    at: 3,
    is: `${LOW}:54040001`,
  },
  {
    call: 'mmap',
    text: 'NULL, 1, PROT_NONE, MAP_SHARED|MAP_HUGETLB|21<<MAP_HUGE_SHIFT, 3</x>, 7',
    at: 5,
    is: `${LOW}:7`,
  },
  { call: 'mmap', text: 'NULL, 1, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0', at: 3, is: `${LOW}:802`, on: 'mips64' },
  { call: 'mmap', text: '{addr=NULL}', at: 0, is: '-', on: 'i386' },
  { call: 'ioctl', text: '0, TCGETS, 0x7ffd00000000', at: 1, is: `${LOW}:5401` },
  { call: 'ioctl', text: '0, TCGETS, 0x7ffd00000000', at: 1, is: `${LOW}:402c7413`, on: 'ppc64le' },
  { call: 'ioctl', text: '0, SNDCTL_TMR_TIMEBASE or TCGETS, 0x1', at: 1, is: `${LOW}:5401` },
  { call: 'ioctl', text: '0, TIOCSTI or TCGETS, 0x1', at: 1, is: '-' },
  { call: 'ioctl', text: '0, _IOC(_IOC_READ|_IOC_WRITE, 0x54, 0x1, 0x4), 0x1', at: 1, is: `${LOW}:c0045401` },
  { call: 'ioctl', text: '0, _IOC(_IOC_NONE, 0x54, 0x1, 0), 0x1', at: 1, is: `${LOW}:20005401`, on: 'mips64' },
  { call: 'ioctl', text: '0, EVIOCSABS(ABS_MT_TOOL_Y), 0x1', at: 1, is: '-' },
  { call: 'socket', text: 'AF_PACKET, SOCK_RAW, htons(ETH_P_ALL)', at: 2, is: 'ffff:300' },
  { call: 'socket', text: 'AF_PACKET, SOCK_RAW, htons(ETH_P_ALL)', at: 2, is: 'ffff:3', on: 's390x' },
  { call: 'openat', text: 'AT_FDCWD, "/x", O_RDONLY|O_LARGEFILE|O_CLOEXEC', at: 0, is: `${LOW}:ffffff9c` },
  { call: 'openat', text: 'AT_FDCWD, "/x", O_RDONLY|O_LARGEFILE|O_CLOEXEC', at: 2, is: `${LOW}:88000` },
  { call: 'openat', text: 'AT_FDCWD, "/x", O_RDONLY|O_DIRECTORY', at: 2, is: `${LOW}:4000`, on: 'aarch64' },
  { call: 'kill', text: '1, SIGRT_2', at: 1, is: `${LOW}:22` },
  { call: 'kill', text: '1, SIGSTOP', at: 1, is: `${LOW}:17`, on: 'mipsel64' },
  { call: 'futex', text: 'NULL, FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME, 5', at: 1, is: `${LOW}:189` },
  { call: 'futex', text: 'NULL, FUTEX_LOCK_PI, 5', at: 2, is: '-' },
  { call: 'preadv2', text: '3, 0x1, 2, 9, RWF_HIPRI', at: 5, is: `${LOW}:1` },
  { call: 'preadv2', text: '3, 0x1, 2, 9, RWF_HIPRI', at: 5, is: '-', on: 'arm' },
  { call: 'pread64', text: '3, 0x1, 2, 9', at: 3, is: '-', on: 'i386' },
  { call: 'prctl', text: 'PR_CAPBSET_DROP, CAP_SYS_ADMIN', at: 1, is: `${LOW}:15` },
  {
    call: 'kexec_load',
    text: '0x1, 2, 0x3, 0x4a0000 /* KEXEC_ARCH_??? */|0x7358 /* KEXEC_??? */',
    at: 3,
    is: `${LOW}:4a7358`,
  },
  { call: 'lseek', text: '3, -1, SEEK_CUR', at: 1, is: `${LOW}:ffffffff` },
  { call: 'brk', text: 'NULL', at: 0, is: `${ALL}:0` },
  { call: 'brk', text: '0x5654fa831000', at: 0, is: `${ALL}:5654fa831000` },
];

suite('trace/symbols', (test) => {
  for (const { call, text, at, is, on = 'x86_64' } of rows) {
    test(`${on} ${call}(${text}): argument ${at} is ${is}`, () => {
      const arg = symbolicArguments(arch(on), call, splitArguments(text))[at];
      assert.is(arg === undefined ? '-' : `${arg.known.toString(16)}:${arg.value.toString(16)}`, is);
    });
  }
});
