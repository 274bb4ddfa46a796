/**
 * Names for the values that profiles filter on, and which parameter takes which of them. Not every constant of Linux:
 * those of calls whose arguments filters look at. test/arch/constants.test.ts holds them against the C headers.
 *
 * Values are the generic ones; where an ABI numbers a family differently, the constant has no value there rather than a
 * wrong one.
 */
import { type Arch, type ArchName, arch } from './arch.ts';

export type Family =
  | 'AF'
  | 'SOCK'
  | 'NETLINK'
  | 'CLONE'
  | 'PROT'
  | 'PR'
  | 'ARCH'
  | 'PERSONALITY'
  | 'SECCOMP'
  | 'PTRACE'
  | 'IOCTL';

export interface Constant {
  readonly name: string;
  readonly family: Family;
  readonly value: bigint;
  /** A bit that is or-ed with others; else one number of a list. */
  readonly isFlag: boolean;
}

interface Table {
  readonly flags?: string;
  readonly numbers?: string;
  /** e_machine numbers whose ABIs have other values. */
  readonly differs?: readonly number[];
}

const MIPS = 8;
const PARISC = 15;
const PPC = [20, 21];
const SH = 42;

/** 'NAME value' pairs. Linux 6.18 headers; the file of each is named above it. */
const TABLES: Readonly<Record<Family, Table>> = {
  // include/linux/socket.h
  AF: {
    numbers:
      'AF_UNSPEC 0 AF_UNIX 1 AF_LOCAL 1 AF_INET 2 AF_AX25 3 AF_IPX 4 AF_APPLETALK 5 AF_NETROM 6 AF_BRIDGE 7 AF_ATMPVC 8 ' +
      'AF_X25 9 AF_INET6 10 AF_ROSE 11 AF_DECnet 12 AF_NETBEUI 13 AF_SECURITY 14 AF_KEY 15 AF_NETLINK 16 AF_ROUTE 16 ' +
      'AF_PACKET 17 AF_ASH 18 AF_ECONET 19 AF_ATMSVC 20 AF_RDS 21 AF_SNA 22 AF_IRDA 23 AF_PPPOX 24 AF_WANPIPE 25 ' +
      'AF_LLC 26 AF_IB 27 AF_MPLS 28 AF_CAN 29 AF_TIPC 30 AF_BLUETOOTH 31 AF_IUCV 32 AF_RXRPC 33 AF_ISDN 34 ' +
      'AF_PHONET 35 AF_IEEE802154 36 AF_CAIF 37 AF_ALG 38 AF_NFC 39 AF_VSOCK 40 AF_KCM 41 AF_QIPCRTR 42 AF_SMC 43 ' +
      'AF_XDP 44 AF_MCTP 45',
  },
  // include/linux/net.h enum sock_type; the flags above the type are O_CLOEXEC and O_NONBLOCK.
  SOCK: {
    numbers: 'SOCK_STREAM 1 SOCK_DGRAM 2 SOCK_RAW 3 SOCK_RDM 4 SOCK_SEQPACKET 5 SOCK_DCCP 6 SOCK_PACKET 10',
    flags: 'SOCK_CLOEXEC 0x80000 SOCK_NONBLOCK 0x800 SOCK_TYPE_MASK 15',
    differs: [MIPS, PARISC],
  },
  // include/uapi/linux/netlink.h
  NETLINK: {
    numbers:
      'NETLINK_ROUTE 0 NETLINK_USERSOCK 2 NETLINK_FIREWALL 3 NETLINK_SOCK_DIAG 4 NETLINK_NFLOG 5 NETLINK_XFRM 6 ' +
      'NETLINK_SELINUX 7 NETLINK_ISCSI 8 NETLINK_AUDIT 9 NETLINK_FIB_LOOKUP 10 NETLINK_CONNECTOR 11 ' +
      'NETLINK_NETFILTER 12 NETLINK_IP6_FW 13 NETLINK_DNRTMSG 14 NETLINK_KOBJECT_UEVENT 15 NETLINK_GENERIC 16 ' +
      'NETLINK_SCSITRANSPORT 18 NETLINK_ECRYPTFS 19 NETLINK_RDMA 20 NETLINK_CRYPTO 21 NETLINK_SMC 22',
  },
  // include/uapi/linux/sched.h
  CLONE: {
    flags:
      'CLONE_NEWTIME 0x80 CLONE_VM 0x100 CLONE_FS 0x200 CLONE_FILES 0x400 CLONE_SIGHAND 0x800 CLONE_PIDFD 0x1000 ' +
      'CLONE_PTRACE 0x2000 CLONE_VFORK 0x4000 CLONE_PARENT 0x8000 CLONE_THREAD 0x10000 CLONE_NEWNS 0x20000 ' +
      'CLONE_SYSVSEM 0x40000 CLONE_SETTLS 0x80000 CLONE_PARENT_SETTID 0x100000 CLONE_CHILD_CLEARTID 0x200000 ' +
      'CLONE_DETACHED 0x400000 CLONE_UNTRACED 0x800000 CLONE_CHILD_SETTID 0x1000000 CLONE_NEWCGROUP 0x2000000 ' +
      'CLONE_NEWUTS 0x4000000 CLONE_NEWIPC 0x8000000 CLONE_NEWUSER 0x10000000 CLONE_NEWPID 0x20000000 ' +
      'CLONE_NEWNET 0x40000000 CLONE_IO 0x80000000',
  },
  // include/uapi/asm-generic/mman-common.h
  PROT: { numbers: 'PROT_NONE 0', flags: 'PROT_READ 1 PROT_WRITE 2 PROT_EXEC 4' },
  // include/uapi/linux/prctl.h
  PR: {
    numbers:
      'PR_SET_PDEATHSIG 1 PR_GET_PDEATHSIG 2 PR_GET_DUMPABLE 3 PR_SET_DUMPABLE 4 PR_GET_UNALIGN 5 PR_SET_UNALIGN 6 ' +
      'PR_GET_KEEPCAPS 7 PR_SET_KEEPCAPS 8 PR_GET_FPEMU 9 PR_SET_FPEMU 10 PR_GET_FPEXC 11 PR_SET_FPEXC 12 ' +
      'PR_GET_TIMING 13 PR_SET_TIMING 14 PR_SET_NAME 15 PR_GET_NAME 16 PR_GET_ENDIAN 19 PR_SET_ENDIAN 20 ' +
      'PR_GET_SECCOMP 21 PR_SET_SECCOMP 22 PR_CAPBSET_READ 23 PR_CAPBSET_DROP 24 PR_GET_TSC 25 PR_SET_TSC 26 ' +
      'PR_GET_SECUREBITS 27 PR_SET_SECUREBITS 28 PR_SET_TIMERSLACK 29 PR_GET_TIMERSLACK 30 ' +
      'PR_TASK_PERF_EVENTS_DISABLE 31 PR_TASK_PERF_EVENTS_ENABLE 32 PR_MCE_KILL 33 PR_MCE_KILL_GET 34 PR_SET_MM 35 ' +
      'PR_SET_CHILD_SUBREAPER 36 PR_GET_CHILD_SUBREAPER 37 PR_SET_NO_NEW_PRIVS 38 PR_GET_NO_NEW_PRIVS 39 ' +
      'PR_GET_TID_ADDRESS 40 PR_SET_THP_DISABLE 41 PR_GET_THP_DISABLE 42 PR_CAP_AMBIENT 47 PR_SVE_SET_VL 50 ' +
      'PR_SVE_GET_VL 51 PR_GET_SPECULATION_CTRL 52 PR_SET_SPECULATION_CTRL 53 PR_PAC_RESET_KEYS 54 ' +
      'PR_SET_TAGGED_ADDR_CTRL 55 PR_GET_TAGGED_ADDR_CTRL 56 PR_SET_IO_FLUSHER 57 PR_GET_IO_FLUSHER 58 ' +
      'PR_SET_SYSCALL_USER_DISPATCH 59 PR_PAC_SET_ENABLED_KEYS 60 PR_PAC_GET_ENABLED_KEYS 61 PR_SCHED_CORE 62 ' +
      'PR_SME_SET_VL 63 PR_SME_GET_VL 64 PR_SET_VMA 0x53564d41 PR_SET_PTRACER 0x59616d61',
  },
  // arch/x86/include/uapi/asm/prctl.h
  ARCH: {
    numbers:
      'ARCH_SET_GS 0x1001 ARCH_SET_FS 0x1002 ARCH_GET_FS 0x1003 ARCH_GET_GS 0x1004 ARCH_GET_CPUID 0x1011 ' +
      'ARCH_SET_CPUID 0x1012',
  },
  // include/uapi/linux/personality.h
  PERSONALITY: {
    numbers: 'PER_LINUX 0 PER_BSD 6 PER_LINUX32 8',
    flags:
      'UNAME26 0x20000 ADDR_NO_RANDOMIZE 0x40000 FDPIC_FUNCPTRS 0x80000 MMAP_PAGE_ZERO 0x100000 ' +
      'ADDR_COMPAT_LAYOUT 0x200000 READ_IMPLIES_EXEC 0x400000 ADDR_LIMIT_32BIT 0x800000 SHORT_INODE 0x1000000 ' +
      'WHOLE_SECONDS 0x2000000 STICKY_TIMEOUTS 0x4000000 ADDR_LIMIT_3GB 0x8000000',
  },
  // include/uapi/linux/seccomp.h
  SECCOMP: {
    numbers: 'SECCOMP_SET_MODE_STRICT 0 SECCOMP_SET_MODE_FILTER 1 SECCOMP_GET_ACTION_AVAIL 2 SECCOMP_GET_NOTIF_SIZES 3',
  },
  // include/uapi/linux/ptrace.h
  PTRACE: { numbers: 'PTRACE_TRACEME 0 PTRACE_ATTACH 16 PTRACE_SEIZE 0x4206' },
  // include/uapi/asm-generic/ioctls.h
  IOCTL: {
    numbers:
      'TCGETS 0x5401 TIOCSTI 0x5412 TIOCGWINSZ 0x5413 FIONREAD 0x541b TIOCLINUX 0x541c FIONBIO 0x5421 FIONCLEX 0x5450 ' +
      'FIOCLEX 0x5451 FIOASYNC 0x5452',
    differs: [MIPS, PARISC, SH, ...PPC],
  },
};

function entries(family: Family, list: string | undefined, isFlag: boolean): readonly Constant[] {
  const words = list?.split(' ') ?? [];
  return words.flatMap((name, i) =>
    i % 2 === 0 ? [{ name, family, value: BigInt(words[i + 1] as string), isFlag }] : [],
  );
}

/** By name. */
export const CONSTANTS: ReadonlyMap<string, Constant> = new Map(
  (Object.entries(TABLES) as [Family, Table][]).flatMap(([family, { numbers, flags }]) =>
    [...entries(family, numbers, false), ...entries(family, flags, true)].map((c) => [c.name, c] as const),
  ),
);

/** Whether the constants of a family have their generic values on an ABI. */
export function isGeneric(family: Family, { elf }: Arch): boolean {
  return !TABLES[family].differs?.includes(elf.machine);
}

/** One parameter of a call. Its constants are of one family; some of a second. */
export interface Parameter {
  readonly name: string;
  readonly family?: Family | undefined;
}

const p = (text: string): readonly Parameter[] =>
  text.split(' ').map((word) => {
    const [name = '', family] = word.split(':');
    return { name, ...(family !== undefined && { family: family as Family }) };
  });

/** The parameters of the calls that filters look into, as their manual pages name them. */
export const PARAMETERS: ReadonlyMap<string, readonly Parameter[]> = new Map([
  ['socket', p('family:AF type:SOCK protocol')],
  ['socketpair', p('family:AF type:SOCK protocol sv')],
  ['clone', p('flags:CLONE stack parent_tid child_tid tls')],
  ['unshare', p('flags:CLONE')],
  ['setns', p('fd nstype:CLONE')],
  ['mmap', p('addr length prot:PROT flags fd offset')],
  ['mmap2', p('addr length prot:PROT flags fd pgoffset')],
  ['mprotect', p('addr length prot:PROT')],
  ['pkey_mprotect', p('addr length prot:PROT pkey')],
  ['prctl', p('option:PR arg2 arg3 arg4 arg5')],
  ['arch_prctl', p('code:ARCH addr')],
  ['personality', p('persona:PERSONALITY')],
  ['seccomp', p('operation:SECCOMP flags args')],
  ['ptrace', p('request:PTRACE pid addr data')],
  ['ioctl', p('fd request:IOCTL arg')],
  ['socketcall', p('call args')],
  ['ipc', p('call first second third ptr fifth')],
]);

/** clone has its stack first and its flags second there. @see Linux kernel/fork.c CONFIG_CLONE_BACKWARDS2 */
const FLAGS_SECOND: ReadonlySet<ArchName> = new Set<ArchName>(['s390', 's390x']);
const CLONE_BACKWARDS = p('stack flags:CLONE parent_tid child_tid tls');

export function parametersOf(call: string, abi: Arch): readonly Parameter[] {
  if (call === 'clone' && FLAGS_SECOND.has(abi.name)) return CLONE_BACKWARDS;
  return PARAMETERS.get(call) ?? [];
}

/** ABIs on which mmap takes one pointer to its arguments. @see Linux mm/mmap.c SYSCALL_DEFINE1(old_mmap) */
const OLD_MMAP: ReadonlySet<ArchName> = new Set<ArchName>(['i386', 's390', 's390x', 'm68k']);

/** Whether a call's arguments lie in memory, where no filter can look, although other ABIs have them in registers. */
export function hasHiddenArguments(call: string, abi: Arch): boolean {
  return call === 'mmap' && OLD_MMAP.has(abi.name);
}

/** The name of a value of a parameter, where the families tell: 'AF_ALG', 'CLONE_NEWUSER|CLONE_NEWPID'. */
export function nameOfValue(family: Family, value: bigint, abi: Arch = arch('x86_64')): string | undefined {
  if (!isGeneric(family, abi)) return undefined;
  const members = [...CONSTANTS.values()].filter((c) => c.family === family);
  const exact = members.find((c) => c.value === value && !c.name.endsWith('_MASK'));
  if (exact !== undefined) return exact.name;
  // clone's lowest byte is a signal, not flags.
  const flags = members.filter((c) => c.isFlag && !c.name.endsWith('_MASK') && (value & c.value) === c.value);
  const rest = flags.reduce((left, c) => left & ~c.value, value);
  const number = rest === 0n ? undefined : members.find((c) => !c.isFlag && c.value === rest);
  if (flags.length === 0 || (rest !== 0n && number === undefined)) return undefined;
  return [...(number ? [number.name] : []), ...flags.map((c) => c.name)].join('|');
}
