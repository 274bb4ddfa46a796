/**
 * The calls that C libraries and language runtimes make by themselves, from a program's first instruction to main and at
 * its end: what a filter has to allow so that a program reaches its own code. A dynamic program's loader runs before the
 * filter, so what it does is not in here.
 *
 * Measured with strace behind the enforce stub, each call then denied by itself (native-tests/enforce/start.test.ts does
 * it again with the compilers at hand): with KILL_PROCESS, which ends the program for every call that is really made,
 * and with EPERM and ENOSYS, which shows what the program can do without.
 *
 *     glibc   2.31, 2.36, 2.41          musl   1.2.2, 1.2.3, 1.2.5
 *     Go      1.15, 1.19, 1.24, 1.26    cgo    1.19 and 1.24 on glibc, 1.19 on musl
 *     Rust    1.63, 1.95 on glibc, 1.98 on musl
 *
 * on x86_64. On i386, aarch64, riscv64 and s390x which calls are made was measured under qemu-user (glibc 2.36, Go 1.19 but
 * for i386; musl 1.2.3 but for riscv64), and what denying each does on kernels of these machines (glibc, Go). Derived from
 * x86_64 are how musl's end there, cgo, and Rust by the ABIs' names for the same calls.
 * What only some of the versions call is left out, so that nothing is missed that the program at hand does not need.
 */
import type { Arch, ArchName } from '../arch/index.ts';
import type { Origin } from '../elf/index.ts';

export interface StartCall {
  readonly call: string;
  /** The ways in which it is made: argument index to value. Absent: whatever its arguments are. */
  readonly forms?: readonly ReadonlyMap<number, bigint>[] | undefined;
  /** What an errno does to the program; absent: it goes on without. */
  readonly errno?: string | undefined;
  /** What is called in its place after an errno; after ENOSYS alone, where it says so. */
  readonly instead?: { readonly call: string; readonly after: 'any' | 'ENOSYS' } | undefined;
  /** In most runs, or later: when a thread waits, a signal comes. */
  readonly sometimes?: boolean | undefined;
}

export interface StartLayer {
  readonly maker: string;
  /** The versions that were looked at. */
  readonly versions: string;
  readonly calls: readonly StartCall[];
}

const form = (...pairs: readonly (readonly [number, bigint])[]): ReadonlyMap<number, bigint> => new Map(pairs);
const made = (names: string): readonly StartCall[] => names.split(' ').map((call) => ({ call }));
const sometimes = (names: string): readonly StartCall[] => names.split(' ').map((call) => ({ call, sometimes: true }));

const SEGFAULT = 'it crashes (SIGSEGV)';
const ABORT = 'it aborts (SIGABRT)';
const STATUS_127 = 'it ends with status 127';
const GO_GIVES_UP = "Go's runtime gives up (status 2 or 4), or it crashes";

const PROT = { none: 0n, read: 1n, readWrite: 3n } as const;
const ARCH_SET_FS = 0x1002n;
const RLIMIT_STACK = 3n;

const isOne = ({ name }: Arch, ...names: readonly ArchName[]): boolean => names.includes(name);

/** i386 has two mmaps, and every library uses the newer. */
const mmapOf = (abi: Arch): string => (isOne(abi, 'i386') ? 'mmap2' : 'mmap');

/** The thread pointer: a call where user mode cannot set it. */
function threadPointer(abi: Arch, errno: string): readonly StartCall[] {
  if (isOne(abi, 'x86_64')) return [{ call: 'arch_prctl', forms: [form([0, ARCH_SET_FS])], errno }];
  return isOne(abi, 'i386') ? [{ call: 'set_thread_area', errno }] : [];
}

/** Since 2.35: what came with 2.34's one library for threads, too. */
function glibcSince235(abi: Arch): readonly StartCall[] {
  const stack = form([0, 0n], [1, RLIMIT_STACK], [2, 0n]);
  const limit = isOne(abi, 'i386') ? { call: 'ugetrlimit' } : { call: 'prlimit64', forms: [stack] };
  // On riscv64 2.36 knows no restartable sequences yet.
  const rseq = isOne(abi, 'riscv64') ? [] : made('rseq');
  return [...made('set_tid_address set_robust_list getrandom'), ...rseq, limit];
}

function staticGlibc(abi: Arch, { hasRseq }: Origin): StartLayer {
  return {
    maker: 'static glibc',
    versions: hasRseq ? 'glibc 2.36 and 2.41' : 'glibc 2.31',
    calls: [
      ...threadPointer(abi, hasRseq ? STATUS_127 : SEGFAULT),
      {
        call: 'brk',
        errno: hasRseq ? STATUS_127 : SEGFAULT,
        ...(hasRseq && { instead: { call: mmapOf(abi), after: 'any' } }),
      },
      { call: 'mprotect', forms: [form([2, PROT.read])], errno: STATUS_127 },
      ...(hasRseq ? glibcSince235(abi) : []),
    ],
  };
}

function staticMusl(abi: Arch): StartLayer {
  return {
    maker: 'static musl',
    versions: 'musl 1.2.2 to 1.2.5',
    calls: [...threadPointer(abi, SEGFAULT), ...made('set_tid_address')],
  };
}

/** CLONE_VM, FS, FILES, SIGHAND, THREAD, SYSVSEM; Go's own adds SETTLS on x86_64 alone. */
const GO_THREAD = 0x50f00n;
const CLONE_SETTLS = 0x80000n;
/** The same, SETTLS, PARENT_SETTID, CHILD_CLEARTID and DETACHED. */
const MUSL_THREAD = 0x7d0f00n;

/** s390x takes the stack first. On riscv64 an errno leaves Go neither running nor ended (seen with 1.19). */
function threadClone(abi: Arch, flags: bigint): StartCall {
  const errno = isOne(abi, 'riscv64') ? 'it never ends' : GO_GIVES_UP;
  return { call: 'clone', forms: [form([isOne(abi, 's390x') ? 1 : 0, flags])], errno };
}

/** How Go's runtime ends what cannot be: by a write to address 0, a breakpoint, or no instruction at all. */
function goCrash(abi: Arch): string {
  if (isOne(abi, 'i386')) return 'it crashes (SIGTRAP)';
  return isOne(abi, 'riscv64') ? 'it crashes (SIGILL)' : SEGFAULT;
}

/** How a C library starts the threads of Go's runtime. */
function cgoThreads(abi: Arch, { libc, isDynamic }: Origin): readonly StartCall[] {
  const stack = { call: 'mprotect', forms: [form([2, PROT.readWrite])], errno: GO_GIVES_UP };
  if (libc !== 'glibc') return [stack, threadClone(abi, MUSL_THREAD)];
  return [
    stack,
    { call: 'clone3', errno: GO_GIVES_UP, instead: { call: 'clone', after: 'ENOSYS' } },
    // A loader has registered the first thread before the filter is there; glibc then insists on it for all others.
    { call: 'rseq', ...(isDynamic && { errno: ABORT }) },
    ...made('set_robust_list'),
  ];
}

function goRuntime(abi: Arch, origin: Origin): StartLayer {
  const { libc, goVersion } = origin;
  const [major, minor] = goVersion ?? [0, 0];
  const isC = libc !== 'none';
  const isChecked = libc !== 'glibc';
  const open = isOne(abi, 'i386', 's390x') ? [] : made('openat');
  return {
    maker: isC ? "Go's runtime on a C library (cgo)" : "Go's runtime",
    versions: isC ? 'Go 1.19 and 1.24' : 'Go 1.15 to 1.26',
    calls: [
      ...(isC
        ? cgoThreads(abi, origin)
        : [
            ...threadPointer(abi, goCrash(abi)),
            threadClone(abi, isOne(abi, 'x86_64') ? GO_THREAD | CLONE_SETTLS : GO_THREAD),
          ]),
      { call: mmapOf(abi), forms: [form([2, PROT.none]), form([2, PROT.readWrite])], errno: GO_GIVES_UP },
      { call: 'rt_sigprocmask', errno: goCrash(abi) },
      { call: 'sigaltstack', errno: goCrash(abi) },
      // Through glibc its answer is not looked at.
      { call: 'rt_sigaction', ...(isChecked && { errno: GO_GIVES_UP }) },
      { call: 'futex', errno: GO_GIVES_UP },
      ...(major === 1 && minor >= 24 ? [{ call: 'fcntl', errno: GO_GIVES_UP }] : []),
      ...made('sched_getaffinity gettid'),
      ...open,
      // Read and closed only where there is a /sys.
      ...sometimes('read close nanosleep getpid tgkill'),
      { call: 'rt_sigreturn', errno: goCrash(abi), sometimes: true },
    ],
  };
}

function rustStart(abi: Arch, { libc }: Origin): StartLayer {
  return {
    maker: "Rust's library",
    versions: 'Rust 1.63 to 1.98',
    calls: [
      { call: isOne(abi, 'aarch64', 'riscv64') ? 'ppoll' : 'poll', errno: ABORT },
      { call: 'rt_sigaction', errno: ABORT },
      { call: mmapOf(abi), forms: [form([2, PROT.readWrite])], errno: libc === 'musl' ? SEGFAULT : ABORT },
      { call: 'mprotect', forms: [form([2, PROT.none])], errno: ABORT },
      ...made('sigaltstack'),
    ],
  };
}

/** What is known to be called, by whom; nothing for programs of other makes. */
export function startLayers(origin: Origin, abi: Arch): readonly StartLayer[] {
  const { isDynamic, libc, language } = origin;
  const layers: StartLayer[] = [];
  if (!isDynamic && libc === 'glibc') layers.push(staticGlibc(abi, origin));
  if (!isDynamic && libc === 'musl') layers.push(staticMusl(abi));
  if (language === 'go' && libc !== undefined) layers.push(goRuntime(abi, origin));
  if (language === 'rust') layers.push(rustStart(abi, origin));
  return layers;
}

/** What becomes of a program whose exit_group, or exit_group and exit, give an errno. */
export function endWithout(origin: Origin, isExitDenied: boolean): string | undefined {
  if (origin.language === 'go')
    return 'it never ends, or crashes: its runtime faults at its end, and again in telling so';
  if (isExitDenied) {
    if (origin.libc === 'musl') return 'it never ends: it calls exit again and again';
    return origin.libc === 'glibc' ? 'it crashes at its end' : 'it cannot end by itself';
  }
  if (origin.libc === 'musl') return 'it ends through exit, which leaves other threads running';
  if (origin.libc === 'glibc')
    return 'it ends through exit, which leaves other threads running (glibc 2.36), or crashes (2.41)';
  return undefined;
}
