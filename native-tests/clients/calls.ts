/**
 * The calls that the witness makes, and what each must come to. They are chosen so that the kernel, left alone, refuses
 * them for a reason of its own (a bad descriptor, a null pointer), or does something harmless: what a filter does to them
 * then shows.
 */
import * as word from '../../src/arch/index.ts';
import { type ArchName, actionOf, arch, dataOf, type SeccompData, syscallNumber } from '../../src/arch/index.ts';

/** How a call gets into the kernel: the machine's own way, or int 0x80. */
type Entry = 'native' | 'compat';

/** What the call is there to show: denied by its number, by its arguments, through another ABI. */
export type Kind = 'number' | 'argument' | 'i386' | 'x32';

export interface Call {
  /** As in C; '(i386)' and '(x32)' say through which ABI. */
  readonly title: string;
  readonly entry: Entry;
  readonly data: SeccompData;
  readonly kind: Kind;
}

/** ABIs of this machine's kernel: the own one, and those that ride on it. */
export const ABIS: readonly ArchName[] = process.arch === 'arm64' ? ['aarch64', 'arm'] : ['x86_64', 'i386', 'x32'];
const OWN = ABIS[0] as ArchName;

const M64 = (1n << 64n) - 1n;

type Row = readonly [name: string | number, ...args: (number | bigint)[]];

function call(abi: ArchName, kind: Kind, [name, ...args]: Row): Call {
  const nr = typeof name === 'number' ? name : syscallNumber(arch(abi), name);
  if (nr === undefined) throw new Error(`${abi} has no ${name}`);
  const words = Array.from({ length: 6 }, (_, i) => BigInt(args[i] ?? 0) & M64) as bigint[];
  const shown = args.map((a) => (typeof a === 'bigint' || a > 9 ? `0x${a.toString(16)}` : String(a))).join(', ');
  return {
    title: `${name}(${shown})${abi === OWN ? '' : ` (${abi})`}`,
    entry: abi === 'i386' ? 'compat' : 'native',
    data: {
      nr,
      arch: arch(abi).audit,
      instructionPointer: 0n,
      args: words as unknown as SeccompData['args'],
    },
    kind,
  };
}

const CLONE_FS = 0x200;
const CLONE_SIGHAND = 0x800;
const CLONE_NEWNS = 0x2_0000;
const CLONE_NEWUSER = 0x1000_0000;
const AF = { unix: 1, inet: 2, alg: 38, vsock: 40 } as const;

/** By their number alone. */
const PLAIN: readonly Row[] = [
  ['getpid'],
  ['uname', 0],
  ['read', -1, 0, 0],
  ['openat', -1, 0, 0],
  ['prctl', 9999],
  ['ptrace', 9999],
  ['unshare', 1],
  ['setns', -1, 0],
  ['add_key'],
  ['request_key'],
  ['keyctl', 99],
  ['mount'],
  ['perf_event_open', 0, 0, -1, -1],
  ['userfaultfd', 0xff],
  ['io_uring_setup'],
  ['clone3'],
  ['nfsservctl'],
  ['lookup_dcookie'],
  ['getpriority', 9],
  ['sched_getparam', -1],
  [600],
  [0x3fff_ffff],
  [0xffff_ffff],
];

/** A filter may look at what is given; the high half of an int is ignored by the kernel. */
const WITH_ARGUMENTS: readonly Row[] = [
  ['socket', AF.unix, 1],
  ['socket', AF.inet, 99],
  ['socket', AF.alg, 99],
  ['socket', AF.vsock, 99],
  ['socket', (1n << 32n) + BigInt(AF.vsock), 99],
  ['personality', 0xffff_ffff],
  ['personality', 8],
  ['personality', 0x1234],
  // Flags that exclude each other.
  ['clone', CLONE_SIGHAND],
  ['clone', CLONE_NEWUSER | CLONE_FS],
  ['clone', CLONE_NEWNS | CLONE_FS],
  ['kcmp', 0, 0, 99, 5],
  ['kcmp', 0, 0, 99, (1n << 32n) + 5n],
  ['kcmp', 0, 0, 99, (1n << 63n) + 5n],
];

/** The descriptor is -1; what follows are offsets and lengths of 64 bits on 64-bit ABIs. */
const OFFSETS: readonly Row[] = [
  ['preadv', -1, 0, 0, 0x1234_5678_9abcn],
  ['preadv', -1, 0, 0, 0x5678_9abcn],
  ['readahead', -1, 0x1_0000_0000n, 0],
  ['readahead', -1, 0x1_0000_0001n, 0],
  ['readahead', -1, 0xffff_ffffn, 0],
  ['fallocate', -1, 0, 0x7fff_ffff_ffff_ffffn, 1],
  ['fallocate', -1, 0, 0x7fff_ffff_ffff_fffen, 1],
  ['sync_file_range', -1, 1n << 63n, 0],
  ['sync_file_range', -1, (1n << 63n) - 1n, 0],
  ['fadvise64', -1, 7],
  ['fadvise64', -1, (7n << 32n) + 7n],
  ['copy_file_range', -1, 0, -1, 0, 0xf0f0_0000_0f0fn],
  ['copy_file_range', -1, 0, -1, 0, 0xf0f0_0000_0f1fn],
  ['copy_file_range', -1, 0, -1, 0, 0x0f0fn],
  ['pwritev', -1, 0, 0, 16],
  ['pwritev', -1, 0, 0, 17],
];

const COMPAT: readonly Row[] = [
  ['getpid'],
  ['unshare', 1],
  ['add_key'],
  ['keyctl', 99],
  ['personality', 0xffff_ffff],
  ['personality', 0x1234],
  ['socket', AF.unix, 1],
  ['socket', AF.vsock, 99],
  ['clone', CLONE_NEWUSER | CLONE_FS],
  ['kcmp', 0, 0, 99, 5],
  [600],
];

const X32: readonly Row[] = [['getpid'], ['add_key'], ['unshare', 1], ['socket', AF.vsock, 99]];

/** Calls that every profile is tried with. */
export const CALLS: readonly Call[] = [
  ...PLAIN.map((row) => call(OWN, 'number', row)),
  ...[...WITH_ARGUMENTS, ...OFFSETS].map((row) => call(OWN, 'argument', row)),
  ...(OWN === 'x86_64' ? COMPAT.map((row) => call('i386', 'i386', row)) : []),
  ...(OWN === 'x86_64' ? X32.map((row) => call('x32', 'x32', row)) : []),
];

/** The word by which the witness is told to make a call. */
export function witnessWord({ entry, data }: Call): string {
  const numbers = data.args.map((a) => a.toString(16)).join(',');
  return `${entry === 'native' ? 'n' : 'c'}:${(data.nr >>> 0).toString(16)}:${numbers}`;
}

/** What a call came to, as the witness says it; results that are no errors are alike. */
export function outcomeOf(line: string): string {
  const returned = /^returned (-?\d+)$/.exec(line);
  return returned === null ? line : Number(returned[1]) < 0 ? line : 'returned';
}

const ENOSYS = 38;
const SYS_SECCOMP = 1;
const failing = (errno: number) => (errno === 0 ? 'returned' : `returned -${errno}`);

/**
 * What a call must come to under a filter whose word for it is this, when without one it comes to `free`.
 * @see seccomp(2)
 */
export function expected(result: number, { data }: Call, free: string): string {
  switch (actionOf(result)) {
    case word.SECCOMP_RET_ALLOW:
    case word.SECCOMP_RET_LOG:
      return free;
    case word.SECCOMP_RET_ERRNO:
      return failing(dataOf(result));
    case word.SECCOMP_RET_TRAP:
      return `trapped ${(data.nr >>> 0).toString(16)} ${data.arch.toString(16)} ${dataOf(result)} ${SYS_SECCOMP}`;
    case word.SECCOMP_RET_TRACE:
      return failing(ENOSYS);
    default:
      return 'signal 31';
  }
}
