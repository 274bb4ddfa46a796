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
  { call: 'socket', text: 'AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_TCP', at: 2, is: '-' },
  { call: 'socket', text: '0x2 /* AF_INET */, 0x1 /* SOCK_STREAM */, 0', at: 0, is: `${LOW}:2` },
  { call: 'socket', text: '0x63 /* AF_??? */, SOCK_RAW, 0', at: 0, is: `${LOW}:63` },
  { call: 'socket', text: 'AF_INET, SOCK_STREAM, 0', at: 1, is: '-', on: 'mips64' },
  { call: 'socket', text: 'AF_ALG, SOCK_SEQPACKET, 0', at: 0, is: `${ALL}:26`, on: 'i386' },
  { call: 'socket', text: 'AF_NEWER, SOCK_STREAM, 0', at: 0, is: '-' },
  { call: 'clone', text: 'child_stack=NULL, flags=CLONE_NEWUSER|SIGCHLD', at: 0, is: 'ffffff00:10000000' },
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
  { call: 'mmap', text: 'NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE, 3</a, b>, 0', at: 3, is: '-' },
  { call: 'mmap', text: 'NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE, 3</a, b>, 0', at: 4, is: `${LOW}:3` },
  { call: 'prctl', text: 'PR_SET_NAME, "x, y(PR_GET_NAME"', at: 0, is: `${LOW}:f` },
  { call: 'prctl', text: 'PR_SET_NAME, "x, y(PR_GET_NAME"', at: 1, is: '-' },
  { call: 'personality', text: '0xffffffff', at: 0, is: `${LOW}:ffffffff` },
  { call: 'chmod', text: '"/x", 0644', at: 1, is: `${LOW}:1a4` },
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
