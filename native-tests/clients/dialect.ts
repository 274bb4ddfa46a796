/**
 * Our reading of the dialect, judged by the runtimes: random profiles in plain OCI JSON are given to a runtime as they are,
 * and the program that it loads is held against our reading for all inputs.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { type ArchName, arch } from '../../src/arch/index.ts';
import { SeccompcError } from '../../src/diag/index.ts';
import { type CheckedProgram, run } from '../../src/kernel/index.ts';
import type { ResolveOptions } from '../../src/policy/index.ts';
import type { ArchChange } from '../../src/prove/index.ts';
import { ABIS } from './calls.ts';
import type { Client } from './client.ts';
import type { Runtime } from './each/oci.ts';
import { toJson } from './json.ts';
import { policyOf } from './material.ts';
import { ownFolder } from './programs.ts';
import { Session } from './session.ts';
import { type Compared, changesText, checked, compareTheirs } from './their-program.ts';

/** What the runtimes and the witness do once the filter is in force. */
// biome-ignore format: a list
const NEEDED = [
  'access', 'arch_prctl', 'brk', 'capget', 'capset', 'chdir', 'clock_gettime', 'clone', 'close', 'close_range', 'dup',
  'dup3', 'epoll_create1', 'epoll_ctl', 'epoll_pwait', 'execve', 'execveat', 'exit', 'exit_group', 'fchdir', 'fchown',
  'fcntl', 'fstat', 'fstatfs', 'futex', 'getcwd', 'getdents64', 'getegid', 'geteuid', 'getgid', 'getpid', 'getppid',
  'getrandom', 'gettid', 'getuid', 'lseek', 'lstat', 'madvise', 'mmap', 'mprotect', 'munmap', 'nanosleep', 'newfstatat',
  'open', 'openat', 'pipe2', 'poll', 'ppoll', 'prctl', 'pread64', 'prlimit64', 'read', 'readlink', 'readlinkat',
  'restart_syscall', 'rseq', 'rt_sigaction', 'rt_sigprocmask', 'rt_sigreturn', 'sched_yield', 'seccomp',
  'set_robust_list', 'set_tid_address', 'setgid', 'setgroups', 'setresgid', 'setresuid', 'setuid', 'sigaltstack', 'stat',
  'statx', 'tgkill', 'tkill', 'umask', 'uname', 'wait4', 'write', 'writev',
];

/** None of them is needed, none can be made through socketcall or ipc, and libseccomp knows them all. */
// biome-ignore format: a list
const NAMES = [
  'acct', 'add_key', 'bpf', 'copy_file_range', 'fallocate', 'ioctl', 'kcmp', 'keyctl', 'mbind', 'mount', 'move_pages',
  'perf_event_open', 'personality', 'preadv', 'process_vm_readv', 'ptrace', 'pwritev', 'quotactl', 'readahead',
  'setns', 'sync_file_range', 'syslog', 'tee', 'timer_create', 'unshare', 'userfaultfd', 'vmsplice', '_sysctl', 'io_uring_setup',
];

const u64 = fc.oneof(
  { weight: 4, arbitrary: fc.bigInt(0n, 20n) },
  { weight: 3, arbitrary: fc.constantFrom(0x7fff_ffffn, 0x8000_0000n, 0xffff_fffen, 0xffff_ffffn) },
  { weight: 3, arbitrary: fc.constantFrom(1n << 32n, (1n << 32n) + 5n, 1n << 63n, (1n << 64n) - 1n, (5n << 32n) - 1n) },
  { weight: 2, arbitrary: fc.bigInt(0n, (1n << 64n) - 1n) },
);
/** On 32-bit ABIs more is not expressible. */
const u32 = fc.oneof(fc.bigInt(0n, 20n), fc.bigInt(0n, 0xffff_ffffn), fc.constantFrom(0x8000_0000n, 0xffff_ffffn));

const conditions = (value: fc.Arbitrary<bigint>) =>
  fc.uniqueArray(
    fc
      .record({
        index: fc.nat({ max: 5 }),
        op: fc.constantFrom('NE', 'LT', 'LE', 'EQ', 'GE', 'GT', 'MASKED_EQ'),
        value,
        other: value,
      })
      .map(({ index, op, value: v, other }) => ({
        index,
        op: `SCMP_CMP_${op}`,
        value: v,
        // Inside the mask: beyond it the runtimes and we differ (docs/runtime-cases.md).
        ...(op === 'MASKED_EQ' && { valueTwo: other & v }),
      })),
    { selector: ({ index }) => index, maxLength: 3 },
  );

const rule = (value: fc.Arbitrary<bigint>) =>
  fc
    .record({
      names: fc.uniqueArray(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 3 }),
      action: fc.constantFrom('KILL', 'KILL_PROCESS', 'KILL_THREAD', 'TRAP', 'ERRNO', 'TRACE', 'ALLOW', 'LOG'),
      errnoRet: fc.constantFrom(undefined, 0, 1, 38, 4094),
      args: fc.oneof({ weight: 1, arbitrary: fc.constant([]) }, { weight: 4, arbitrary: conditions(value) }),
    })
    .map(({ names, action, errnoRet, args }) => ({
      names,
      action: `SCMP_ACT_${action}`,
      ...(/ERRNO|TRACE/.test(action) && errnoRet !== undefined && { errnoRet }),
      ...(args.length > 0 && { args }),
    }));

interface MadeRule {
  readonly names: readonly string[];
}

interface Made {
  readonly defaultAction: string;
  readonly rules: readonly MadeRule[];
  readonly arches: readonly ArchName[];
}

const DEFAULTS = ['KILL', 'KILL_PROCESS', 'TRAP', 'ERRNO', 'TRACE', 'ALLOW', 'LOG'];

/** A profile under which runtimes and the witness can work, whatever these rules do to other calls. */
export function dialectProfile(defaultAction: string, rules: readonly object[], arches: readonly ArchName[]): string {
  const needed = { names: NEEDED, action: 'SCMP_ACT_ALLOW' };
  const architectures = arches.map((name) => arch(name).scmp);
  return toJson({ defaultAction, architectures, syscalls: [needed, ...rules] });
}

const profile = (arches: readonly ArchName[], value: fc.Arbitrary<bigint>): fc.Arbitrary<Made> =>
  fc
    .record({
      defaultAction: fc.constantFrom(...DEFAULTS).map((action) => `SCMP_ACT_${action}`),
      rules: fc.array(rule(value), { minLength: 1, maxLength: 12 }),
    })
    .map(({ defaultAction, rules }) => ({ defaultAction, rules, arches }));

const anyProfile = fc.oneof(
  { weight: 2, arbitrary: profile(ABIS.slice(0, 1), u64) },
  { weight: 1, arbitrary: profile(ABIS.slice(0, 2), u32) },
  { weight: 1, arbitrary: profile(ABIS, u32) },
);

export interface Tally {
  readonly equal: number;
  /** What they differ in is known. */
  readonly equalBut: number;
  /** libseccomp makes something else of several rules than of each by itself. */
  readonly libseccompErrs: number;
  /** Rules that contradict each other: the dialect does not say what they mean, and we refuse. */
  readonly contradicting: number;
  readonly wrong: readonly string[];
}

const textOf = ({ defaultAction, rules, arches }: Made): string => dialectProfile(defaultAction, rules, arches);

/** Why we refuse a profile; undefined when we do not. */
function refusal(made: Made, reading: ResolveOptions): string | undefined {
  try {
    policyOf({ name: 'random', text: textOf(made), arches: made.arches }, reading);
    return undefined;
  } catch (error) {
    if (error instanceof SeccompcError) return error.diagnostics.find((d) => d.severity === 'error')?.code ?? 'none';
    throw error;
  }
}

class Campaign {
  readonly #session: Session;
  readonly #runtime: Runtime;
  readonly #reading: ResolveOptions;
  readonly #path: string;

  constructor(session: Session, runtime: Runtime, reading: ResolveOptions, name: string) {
    this.#session = session;
    this.#runtime = runtime;
    this.#reading = reading;
    this.#path = join(ownFolder(), `${name}.random.json`);
  }

  /** The program that the runtime loads, and how it compares with our reading. */
  async load(made: Made): Promise<{ readonly program: CheckedProgram; readonly compared: Compared }> {
    const seccomp = textOf(made);
    const { filters } = await this.#session.observe((run) => this.#runtime(run, { seccomp }), []);
    const [bytes] = filters;
    if (bytes === undefined || filters.length > 1) throw new Error(`it loaded ${filters.length} programs`);
    writeFileSync(this.#path, seccomp);
    const compared = compareTheirs(bytes, this.#path, { name: 'random', text: '', arches: made.arches }, this.#reading);
    return { program: checked(bytes), compared };
  }

  /**
   * Whether libseccomp contradicts itself: of each rule by itself it makes what we read, for all inputs, and on the
   * examples that gives our answer; only of the rules together it makes something else.
   */
  async contradictsItself(made: Made, others: readonly ArchChange[]): Promise<boolean> {
    const calls = new Set(others.map(({ call }) => call ?? ''));
    const rules = made.rules.filter(({ names }) => names.some((name) => calls.has(name)));
    const alone: CheckedProgram[] = [];
    for (const rule of rules) {
      const { program, compared } = await this.load({ ...made, rules: [rule] });
      if (compared.others.length > 0) return false;
      alone.push(program);
    }
    const { program: none } = await this.load({ ...made, rules: [] });
    return others.every(({ example: { data, words } }) => {
      const otherwise = run(none, data);
      const said = new Set(alone.map((program) => run(program, data)).filter((word) => word !== otherwise));
      return said.size === 0 ? words[0] === otherwise : said.size === 1 && said.has(words[0]);
    });
  }
}

/** Gives `count` profiles to a runtime. What went wrong is told with the profile; the seed repeats it. */
export async function judgeDialect(client: Client, runtime: Runtime, count: number, seed: number): Promise<Tally> {
  const reading: ResolveOptions = { unknownArch: 'kill', ...(client.runtime && { runtime: client.runtime }) };
  const made = fc.sample(anyProfile, { numRuns: count, seed });
  const meant = made.filter((one) => refusal(one, reading) !== 'RULE_CONFLICT');
  let [equal, equalBut, libseccompErrs] = [0, 0, 0];
  const wrong: string[] = [];
  await Session.with(client, async (session) => {
    const campaign = new Campaign(session, runtime, reading, client.name);
    for (const one of meant) {
      try {
        const { compared } = await campaign.load(one);
        if (compared.equal) equal += 1;
        else if (compared.others.length === 0) equalBut += 1;
        else if (await campaign.contradictsItself(one, compared.others)) libseccompErrs += 1;
        else throw new Error(`it differs from what we read:\n${changesText(compared.others)}`);
      } catch (error) {
        wrong.push(`${error instanceof Error ? error.message : error}\n${toJson(one)}`);
      }
    }
  });
  return { equal, equalBut, libseccompErrs, contradicting: count - meant.length, wrong };
}
