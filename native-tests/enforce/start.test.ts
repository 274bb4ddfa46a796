/**
 * What programs need to start and end, measured: a program that only writes a line, made by each compiler at hand, is
 * watched by strace behind its enforce stub. Then each call of the table is denied by itself, with KILL_PROCESS, EPERM and
 * ENOSYS, and what this kernel makes of it is held against what `startFindings` says beforehand.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { type Arch, type ArchName, arch, syscallName } from '../../src/arch/index.ts';
import { type StartCall, startLayers } from '../../src/build/start-calls.ts';
import type { StartFinding } from '../../src/build/start-check.ts';
import { originText } from '../../src/build/start-report.ts';
import { originOf, readElf } from '../../src/elf/index.ts';
import type { Policy } from '../../src/policy/index.ts';
import { suite } from '../../test/suite.ts';
import { absent, must, run } from '../elf/tools.ts';
import { inFreshFolder, withoutLinux } from '../support.ts';
import {
  confined,
  DENIALS,
  type End,
  goEnvironment,
  looksLike,
  OUTPUT,
  policyOf,
  STATUS,
  source,
  told,
} from './starts.ts';

interface Made {
  readonly name: string;
  readonly needs: readonly string[];
  readonly make: (file: string) => readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** What `originOf` has to find. */
  readonly origin: RegExp;
  /** Calls at the start that only some versions, or some runs, make: not in the table. */
  readonly varying?: string;
  /** Looked at as a whole only: what single denied calls do is shown by its relatives. */
  readonly brief?: true;
}

const c =
  (compiler: string, ...flags: readonly string[]) =>
  (file: string) => [compiler, source('start.c'), '-o', file, ...flags];
const go =
  (name: string, ...flags: readonly string[]) =>
  (file: string) => ['go', 'build', ...flags, '-o', file, source(name)];
const rust =
  (...flags: readonly string[]) =>
  (file: string) => ['rustc', '-O', ...flags, '-o', file, source('start.rs')];
const GLIBC = 'readlink readlinkat uname';
const GO = 'exit fcntl getrlimit prlimit64 madvise uname readlinkat sched_yield pipe2 epoll_create1 epoll_ctl eventfd2';
const CGO = `${GO} brk getrandom munmap newfstatat openat membarrier`;
const RUST =
  'getrandom brk openat prlimit64 newfstatat fstat read pread64 close sched_getaffinity munmap mremap gettid';
const STATIC = ['-ldflags=-linkmode=external -extldflags=-static'];

const KINDS: readonly Made[] = [
  { name: 'dynamic glibc', needs: ['gcc'], make: c('gcc'), origin: /^dynamic glibc$/ },
  { name: 'static glibc', needs: ['gcc'], make: c('gcc', '-static'), origin: /^static glibc$/, varying: GLIBC },
  {
    name: 'static PIE',
    needs: ['gcc'],
    make: c('gcc', '-static-pie', '-s'),
    origin: /^static glibc$/,
    varying: GLIBC,
    brief: true,
  },
  { name: 'dynamic musl', needs: ['musl-gcc'], make: c('musl-gcc'), origin: /^dynamic musl$/ },
  { name: 'static musl', needs: ['musl-gcc'], make: c('musl-gcc', '-static', '-s'), origin: /^static musl$/ },
  {
    name: 'Go',
    needs: ['go'],
    make: go('start.go'),
    env: goEnvironment('0'),
    origin: /^Go 1\.\d+, without a C library$/,
    varying: GO,
  },
  {
    name: 'Go, PIE with a loader',
    brief: true,
    needs: ['go'],
    make: go('start.go', '-buildmode=pie', '-ldflags=-s -w'),
    env: goEnvironment('0'),
    origin: /^Go 1\.\d+, without a C library$/,
    varying: GO,
  },
  {
    name: 'cgo',
    needs: ['go', 'gcc'],
    make: go('start-cgo.go'),
    env: goEnvironment('1'),
    origin: /^dynamic glibc, Go 1/,
    varying: CGO,
  },
  {
    name: 'cgo, static',
    brief: true,
    needs: ['go', 'gcc'],
    make: go('start-cgo.go', ...STATIC),
    env: goEnvironment('1'),
    origin: /^static glibc, Go 1/,
    varying: `${CGO} ${GLIBC}`,
  },
  {
    name: 'cgo, static musl',
    needs: ['go', 'musl-gcc'],
    make: go('start-cgo.go', ...STATIC),
    env: { ...goEnvironment('1'), CC: 'musl-gcc' },
    origin: /^static musl, Go 1/,
    varying: CGO,
  },
  { name: 'Rust', needs: ['rustc'], make: rust('-C', 'strip=symbols'), origin: /^dynamic glibc, Rust$/, varying: RUST },
  {
    name: 'Rust, static',
    brief: true,
    needs: ['rustc'],
    make: rust('-C', 'target-feature=+crt-static'),
    origin: /^static glibc, Rust$/,
    varying: `${RUST} ${GLIBC}`,
  },
];

const ABI = arch('x86_64');
/** The program's own part. */
const OWN = ['write'];

interface Ran {
  readonly end: End;
  readonly stdout: string;
}

/** Milliseconds: for what ends, on a machine that has other things to do; and for what is not expected to. */
const PATIENCE = { ends: 20_000, never: 500 } as const;

/** One program, with other filters in turn. */
class Subject {
  readonly file: string;
  readonly #original: Uint8Array;

  constructor(file: string) {
    this.file = file;
    this.#original = readFileSync(file);
  }

  get origin(): ReturnType<typeof originOf> {
    return originOf(readElf(this.#original));
  }

  /** Puts it in; what the check says of it beforehand. */
  confine(policy: Policy): readonly StartFinding[] {
    const { bytes, findings } = confined(this.#original, policy, ABI);
    writeFileSync(this.file, bytes);
    chmodSync(this.file, 0o755);
    return findings;
  }

  run(patience: number = PATIENCE.ends): Ran {
    const { error, status, signal, stdout } = spawnSync(this.file, [], {
      stdio: ['ignore', 'pipe', 'ignore'],
      encoding: 'utf8',
      timeout: patience,
      killSignal: 'SIGKILL',
    });
    return { end: error === undefined ? (signal ?? status ?? '?') : 'never', stdout };
  }

  /** Every call behind the stub's, with its arguments as numbers. */
  calls(log: string): readonly (readonly [name: string, args: readonly bigint[]])[] {
    must(['sh', '-c', 'strace -f -qq -e raw=all -o "$1" "$2" || [ $? = 7 ]', 'sh', log, this.file]);
    const lines = readFileSync(log, 'utf8')
      .split('\n')
      .map((line) => line.replace(/^\d+ +/, ''));
    const at = lines.findIndex((line) => line.startsWith('seccomp('));
    assert.ok(at > 0, 'the stub installs a filter');
    return lines.slice(at + 1).flatMap((line) => {
      const [, name, args] = /^(\w+)\(([^)<]*)/.exec(line) ?? [];
      if (name === undefined || args === undefined || name === 'execve') return [];
      return [
        [
          name,
          args.split(',').flatMap((word) => (/^\s*(0x[0-9a-f]+|\d+)\s*$/.test(word) ? [BigInt(word.trim())] : [])),
        ],
      ] as const;
    });
  }
}

function matches(args: readonly bigint[], form: ReadonlyMap<number, bigint>): boolean {
  return [...form].every(([index, value]) => args[index] === value);
}

function measure(kind: Made, folder: string): void {
  const file = join(folder, 'program');
  must(kind.make(file), { cwd: folder, ...(kind.env && { env: kind.env }) });
  const subject = new Subject(file);
  assert.match(originText(subject.origin), kind.origin);
  const table = startLayers(subject.origin, ABI).flatMap(({ calls }) => calls);
  const always = table.filter((call) => !call.sometimes);

  assert.equal(subject.confine(policyOf(ABI, 'SCMP_ACT_ALLOW', [['SCMP_ACT_ERRNO', 1, 'reboot']])), []);
  const before = subject.run();
  assert.equal(before, { end: STATUS, stdout: OUTPUT });
  const seen = [1, 2, 3].map((i) => subject.calls(join(folder, `trace${i}`)));
  const measured = new Set(seen.flat().map(([name]) => name));

  // The table says nothing that is not so, and leaves nothing out that each version does.
  for (const { call, forms } of always) {
    for (const calls of seen)
      assert.ok(
        calls.some(([name]) => name === call),
        told('not made', call),
      );
    for (const form of forms ?? [])
      assert.ok(
        seen.flat().some(([name, args]) => name === call && matches(args, form)),
        told('no such form', call, [...form].map(String)),
      );
  }
  const known = new Set([...table.map(({ call }) => call), ...OWN, 'exit_group', ...(kind.varying?.split(' ') ?? [])]);
  assert.equal(
    [...measured].filter((name) => !known.has(name)),
    [],
    'made, and not in the table',
  );

  // Confined to that and nothing else, it runs.
  const names = [...known];
  assert.equal(subject.confine(policyOf(ABI, 'SCMP_ACT_KILL_PROCESS', [['SCMP_ACT_ALLOW', 0, ...names]])), []);
  assert.equal(subject.run(), before, 'confined to what it makes');
  const needed = table.flatMap(({ call, errno, instead }) =>
    errno === undefined ? [] : [call, ...(instead ? [instead.call] : [])],
  );
  const least = [...new Set([...needed, ...OWN, 'exit_group'])];
  assert.equal(subject.confine(policyOf(ABI, 'SCMP_ACT_ERRNO', [['SCMP_ACT_ALLOW', 0, ...least]])), []);
  assert.equal(subject.run(), before, `confined to ${least.join(', ')}, all else EPERM`);

  for (const call of kind.brief ? [] : [...always, { call: 'exit_group' }]) denyOne(subject, call, before);
  endsWithoutBoth(subject);
}

const patienceFor = (said: StartFinding | undefined): number =>
  said?.consequence?.includes('never ends') ? PATIENCE.never : PATIENCE.ends;

/** What the check says when one call is denied is what happens. */
function denyOne(subject: Subject, { call }: StartCall, before: Ran): void {
  for (const [name, action, errnoRet] of DENIALS) {
    const findings = subject.confine(policyOf(ABI, 'SCMP_ACT_ALLOW', [[action, errnoRet, call]]));
    const said = findings.find((f) => f.call === call);
    assert.equal(
      findings.filter((f) => f !== said),
      [],
      told('of other calls', call, name),
    );
    const { end } = subject.run(patienceFor(said));
    if (said === undefined) assert.is(end, before.end, told('nothing was said of', call, name));
    else assert.ok(looksLike(said.consequence ?? '', end), told(call, name, said.consequence, 'but', end));
  }
}

function endsWithoutBoth(subject: Subject): void {
  const findings = subject.confine(policyOf(ABI, 'SCMP_ACT_ALLOW', [['SCMP_ACT_ERRNO', 1, 'exit_group', 'exit']]));
  const [said, ...more] = findings;
  assert.equal([said?.call, more], ['exit_group', []]);
  const { end } = subject.run(patienceFor(said));
  assert.ok(looksLike(said?.consequence ?? '', end), told(said?.consequence, 'but', end));
}

/** Other machines under qemu-user: which calls are made, and none of them denied. */
const FOREIGN: readonly (readonly [cpu: ArchName, compiler: string, goarch: string | undefined])[] = [
  // Go's i386 programs crash under qemu 7.2.
  ['i386', 'i686-linux-gnu-gcc', undefined],
  ['aarch64', 'aarch64-linux-gnu-gcc', 'arm64'],
  ['riscv64', 'riscv64-linux-gnu-gcc', 'riscv64'],
  ['s390x', 's390x-linux-gnu-gcc', 's390x'],
];

/** No vDSO; and what Go calls under other names on some machines. */
const EMULATED = 'clock_gettime clock_gettime64 open openat brk';

function compareForeign(abi: Arch, file: string, varying: string): void {
  const { status, stderr } = run([`qemu-${abi.name}-static`, '-strace', file]);
  assert.is(status, STATUS, stderr.slice(-500));
  const measured = new Set(
    [...stderr.matchAll(/^\d+ (?:Unknown syscall (\d+)|(\w+)\()/gm)].map(
      ([, nr, name]) => name ?? syscallName(abi, Number(nr)) ?? `call ${nr}`,
    ),
  );
  const table = startLayers(originOf(readElf(readFileSync(file))), abi).flatMap(({ calls }) => calls);
  assert.ok(table.length > 2, 'its make is known');
  for (const { call, sometimes } of table) assert.ok(sometimes || measured.has(call), told('not made', call));
  const known = new Set([...table.map(({ call }) => call), ...OWN, 'exit_group', ...varying.split(' ')]);
  assert.equal(
    [...measured].filter((name) => !known.has(name)),
    [],
    'made, and not in the table',
  );
}

suite('enforce/start', (test) => {
  const here = () => withoutLinux('x64') ?? absent('strace');
  for (const kind of KINDS)
    test.needs(
      () => here() ?? absent(...kind.needs),
      `${kind.name}: the calls of its start and end, each denied by itself`,
      () => inFreshFolder((folder) => measure(kind, folder)),
    );
  for (const [cpu, compiler, goarch] of FOREIGN) {
    const qemu = `qemu-${cpu}-static`;
    test.needs(
      () => absent(compiler, qemu),
      `${cpu}, static glibc: the calls of its start and end`,
      () =>
        inFreshFolder((folder) => {
          const file = join(folder, 'program');
          must([compiler, '-static', source('start.c'), '-o', file]);
          compareForeign(arch(cpu), file, GLIBC);
        }),
    );
    if (goarch === undefined) continue;
    test.needs(
      () => absent('go', qemu),
      `${cpu}, Go: the calls of its start and end`,
      () =>
        inFreshFolder((folder) => {
          const file = join(folder, 'program');
          must(go('start.go')(file), { cwd: folder, env: goEnvironment('0', goarch) });
          compareForeign(arch(cpu), file, `${GO} ${EMULATED}`);
        }),
    );
  }
});
