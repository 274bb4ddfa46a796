/** A profile to begin with: commented, denied by default, enough for ordinary programs on the ABIs that it names. */
import { type Arch, errnoNumber, symbolValue, syscallNumber } from '../arch/index.ts';

/** `program`: starts, reads and writes files. `service`: threads, children and the network too. `empty`: only ends. */
export const STARTER_BASES = ['program', 'service', 'empty'] as const;
export type StarterBase = (typeof STARTER_BASES)[number];

interface Group {
  readonly from: StarterBase;
  readonly about: string;
  readonly names: string;
}

/** Names that an ABI lacks are left out, so that each profile says what its machines have. */
const GROUPS: readonly Group[] = [
  {
    from: 'empty',
    about: 'Every program ends, and returns from signal handlers.',
    names: 'exit exit_group rt_sigreturn sigreturn restart_syscall',
  },
  {
    from: 'program',
    about: 'What a C library does before main, static or dynamic. execve starts the program itself under the filter.',
    names:
      'execve brk mmap mmap2 munmap mprotect mremap madvise arch_prctl set_thread_area set_tls set_tid_address set_robust_list rseq prlimit64 getrlimit ugetrlimit getrandom futex futex_time64 rt_sigaction rt_sigprocmask sigaltstack gettid getpid sched_getaffinity sched_yield membarrier cacheflush riscv_flush_icache riscv_hwprobe',
  },
  {
    from: 'program',
    about: 'Open files: reading, writing, position. Which paths may be opened is for mounts and permissions to say.',
    names:
      'read readv pread64 preadv write writev pwrite64 pwritev lseek _llseek close dup dup2 dup3 fcntl fcntl64 flock fsync fdatasync ftruncate ftruncate64 fadvise64 fadvise64_64 arm_fadvise64_64',
  },
  {
    from: 'program',
    about: 'Files by name: opening, looking at, listing.',
    names:
      'open openat access faccessat faccessat2 stat stat64 lstat lstat64 fstat fstat64 newfstatat fstatat64 statx readlink readlinkat getdents getdents64 getcwd statfs statfs64 fstatfs fstatfs64 getxattr lgetxattr listxattr llistxattr',
  },
  {
    from: 'program',
    about: 'The time, sleeping, waiting.',
    names:
      'clock_gettime clock_gettime64 clock_getres clock_getres_time64 gettimeofday time nanosleep clock_nanosleep clock_nanosleep_time64 poll ppoll ppoll_time64 select _newselect pselect6 pselect6_time64',
  },
  {
    from: 'program',
    about: 'Who and where the program is.',
    names:
      'getuid getuid32 geteuid geteuid32 getgid getgid32 getegid getegid32 getppid getpgrp getpgid uname sysinfo umask',
  },
  {
    from: 'service',
    about: 'Threads and children. clone with namespaces, and clone3, are below.',
    names: 'fork vfork wait4 waitid kill tgkill pipe pipe2 setpgid setsid getsid getrusage chdir',
  },
  {
    from: 'service',
    about: 'Descriptors to wait for.',
    names:
      'epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 eventfd eventfd2 timerfd_create timerfd_settime timerfd_settime64 signalfd4',
  },
  {
    from: 'service',
    about: 'Connections; which sockets may be made is below.',
    names:
      'bind listen accept accept4 connect getsockname getpeername getsockopt setsockopt send sendto sendmsg sendmmsg recv recvfrom recvmsg recvmmsg recvmmsg_time64 shutdown',
  },
  {
    from: 'service',
    about: 'Changes to files and folders.',
    names:
      'creat mkdir mkdirat rmdir unlink unlinkat rename renameat renameat2 link linkat symlink symlinkat chmod fchmod fchmodat utimensat utimensat_time64 truncate truncate64 fallocate sendfile sendfile64',
  },
];

/** Newer calls for which C libraries have others: ENOSYS makes them fall back, EPERM would make them give up. */
const FALL_BACK: Readonly<Record<StarterBase, string>> = {
  empty: '',
  program: 'openat2 clone3 fchmodat2 close_range preadv2 pwritev2',
  service: 'openat2 clone3 fchmodat2 close_range preadv2 pwritev2',
};

const NAMESPACES = ['NEWNS', 'NEWCGROUP', 'NEWUTS', 'NEWIPC', 'NEWUSER', 'NEWPID', 'NEWNET', 'NEWTIME'];
const TERMINAL = ['TCGETS', 'TIOCGWINSZ', 'FIONREAD'];
const FAMILIES = ['AF_UNIX', 'AF_INET', 'AF_INET6'];

export interface StarterOptions {
  readonly base: StarterBase;
  readonly arches: readonly Arch[];
  /** What "$schema" says; undefined for none. */
  readonly schema?: string | undefined;
}

const has = (arches: readonly Arch[], name: string): boolean =>
  arches.some((arch) => syscallNumber(arch, name) !== undefined);

/** Words in lines of the width that our profiles have. */
function wrapped(names: readonly string[], indent: string): string {
  const lines: string[] = [];
  for (const name of names) {
    const word = `"${name}",`;
    const last = lines.at(-1);
    if (last === undefined || last.length + word.length + 1 > 100) lines.push(`${indent}${word}`);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines.join('\n');
}

function rule(about: string, names: readonly string[], action: string, more = ''): string {
  return `    // ${about}\n    {\n      "names": [\n${wrapped(names, '        ')}\n      ],\n      "action": "${action}",${more}\n    },`;
}

/** One value of a constant on all of these ABIs; undefined where they differ. */
function shared(arches: readonly Arch[], name: string): number | undefined {
  const values = new Set(arches.map((arch) => symbolValue(arch, name)));
  const [value] = values;
  return values.size === 1 ? value : undefined;
}

function condition(index: number, name: string, value: number, op = 'SCMP_CMP_EQ'): string {
  return `\n      // ${name}\n      "args": [{ "index": ${index}, "op": "${op}", "value": ${value}${op === 'SCMP_CMP_MASKED_EQ' ? ', "valueTwo": 0' : ''} }],`;
}

/** A rule for each value of an argument, or one for all where the ABIs number them otherwise. */
function valueRules(
  call: string,
  about: string,
  argIndex: number,
  { arches }: StarterOptions,
  constants: readonly string[],
): string[] {
  if (!has(arches, call)) return [];
  const values = constants.map((name) => [name, shared(arches, name)] as const);
  if (values.some(([, value]) => value === undefined)) return [rule(about, [call], 'SCMP_ACT_ALLOW')];
  return values.map(([name, value], i) =>
    rule(
      i === 0 ? about : `The same for ${name}.`,
      [call],
      'SCMP_ACT_ALLOW',
      condition(argIndex, name, value as number),
    ),
  );
}

function specialRules(options: StarterOptions): readonly string[] {
  const { base, arches } = options;
  if (base === 'empty') return [];
  const terminal = valueRules(
    'ioctl',
    'Is it a terminal, how wide? An argument is a number that can be compared.',
    1,
    options,
    TERMINAL,
  );
  if (base === 'program') return terminal;
  const mask = NAMESPACES.map((name) => shared(arches, `CLONE_${name}`) ?? 0).reduce(
    (all, bit) => (all | bit) >>> 0,
    0,
  );
  // On s390 the flags are the second argument.
  const isSwapped = arches.some(({ name }) => name.startsWith('s390'));
  const clone = rule(
    'clone without any flag of a new namespace.',
    ['clone'],
    'SCMP_ACT_ALLOW',
    condition(isSwapped ? 1 : 0, 'CLONE_NEW*', mask, 'SCMP_CMP_MASKED_EQ'),
  );
  const sockets = valueRules(
    'socket',
    'Sockets of the usual families; AF_ALG, AF_VSOCK, raw netlink and others are not among them.',
    0,
    options,
    FAMILIES,
  );
  return [...terminal, clone, ...sockets];
}

/** ENOSYS as these ABIs number it: by number where they agree, by podman's name else. */
function enosys(arches: readonly Arch[]): string {
  const numbers = new Set(arches.map((arch) => errnoNumber('ENOSYS', arch)));
  const [number] = numbers;
  return numbers.size === 1 ? `\n      "errnoRet": ${number}, // ENOSYS` : '\n      "errno": "ENOSYS",';
}

const ABOUT: Readonly<Record<StarterBase, string>> = {
  program: 'a program that reads and writes files; no network, no children',
  service: 'a service: files, threads, children, the network',
  empty: 'nothing but ending: add what the program needs',
};

/** The text of a starter profile (JSON with comments). Never throws. */
export function starterProfile(options: StarterOptions): string {
  const { base, arches, schema } = options;
  const level = (of: StarterBase) => ['empty', 'program', 'service'].indexOf(of);
  const present = (names: string) => names.split(' ').filter((name) => name !== '' && has(arches, name));
  const groups = GROUPS.filter((group) => level(group.from) <= level(base)).map((group) =>
    rule(group.about, present(group.names), 'SCMP_ACT_ALLOW'),
  );
  const back = present(FALL_BACK[base]);
  const fallBack =
    back.length === 0
      ? []
      : [
          rule(
            'Newer forms of calls that are allowed here: with ENOSYS libraries fall back to those.',
            back,
            'SCMP_ACT_ERRNO',
            enosys(arches),
          ),
        ];
  const isMultiplexed = base === 'service' && has(arches, 'socketcall');
  const multiplexed = isMultiplexed
    ? '\n  // socketcall(2) hides its arguments from every filter: what has conditions here is denied there.\n  "x-multiplexed": "deny",'
    : '';
  return `// A seccomp profile to begin with: ${ABOUT[base]}.
//
//   seccompc lint FILE                           what is odd in it
//   seccompc trace FILE -- ./program             would it break the program? Nothing is denied while that runs
//   seccompc explain FILE openat                 what happens to a call, and which rule decides
//   seccompc build FILE -o filter.bpf            the filter; --into ./program puts it into an ELF file
{${schema === undefined ? '' : `\n  // Where an editor finds what may stand here, and what it means.\n  "$schema": ${JSON.stringify(schema)},\n`}
  // Whatever no rule names fails with EPERM. SCMP_ACT_KILL_PROCESS ends the program instead; SCMP_ACT_LOG only tells.
  "defaultAction": "SCMP_ACT_ERRNO",
  "defaultErrnoRet": 1,

  // The ABIs that may be used; a call through any other one ends the process.
  "architectures": [${arches.map((arch) => `"${arch.scmp}"`).join(', ')}],

  // Arguments are compared in the width that the kernel uses: 32 bits of an int. Only seccompc reads this key.
  "x-argWidth": "kernel",${multiplexed}

  "syscalls": [
${[...groups, ...specialRules(options), ...fallBack].join('\n\n')}
  ],
}
`;
}
