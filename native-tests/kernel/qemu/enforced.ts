/**
 * Real programs with an enforce stub on a machine's kernel: confined by exactly our filter before they run, refused their
 * call or ended by it as the profile says, and not started when the filter is damaged.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { arch } from '../../../src/arch/index.ts';
import { compile, loadPolicy, planEmbed } from '../../../src/build/index.ts';
import { applyEdit, readElf } from '../../../src/elf/index.ts';
import { type CpuName, isCpuName, REFUSED_STATUS } from '../../../src/machine/index.ts';
import { ByteView } from '../../../src/num/index.ts';
import { buildKind } from '../../elf/zoo/build.ts';
import { withoutNeeds } from '../../elf/zoo/kind.ts';
import { KINDS } from '../../elf/zoo/rows.ts';
import { inFreshFolder } from '../../support.ts';
import { Tally } from '../ask.ts';
import { compiled } from './boot.ts';
import { type Ended, session } from './commands.ts';
import type { Abi, Machine, MachineReport } from './machines.ts';
import { CONTAINER_PROFILES } from './profiles.ts';

const SIGSYS = 31;
const STATUS = 7;
const EPERM = 1;
const SECTION = '.seccomp_rules';
const MOD_K = 0x94;

/** A program, and how a run of it is told: enforced.c says what it found, hello.go of the zoo says hello. */
interface Program {
  readonly kind: string;
  readonly cpu: CpuName;
  readonly bytes: Uint8Array;
  readonly says: 'findings' | 'hello';
}

const SOURCE = join(process.cwd(), 'native-tests', 'kernel', 'qemu', 'enforced.c');
const WARNINGS = ['-std=gnu11', '-O2', '-Wall', '-Wextra', '-Werror'];
const BARE = ['-DBARE', '-ffreestanding', '-nostdlib', '-fPIE', '-fno-stack-protector', '-static'];
const LINK_BARE = '-Wl,-e,_start,-pie,--no-dynamic-linker,-z,text';
const GO_NAMES: Readonly<Record<CpuName, string>> = {
  x86_64: 'go',
  i386: 'go-386',
  aarch64: 'go-arm64',
  riscv64: 'go-riscv64',
  s390x: 'go-s390x',
};

const printed = (compiler: string, what: string) =>
  spawnSync(compiler, [`-print-${what}`], { encoding: 'utf8' }).stdout.trim();
/** Where a compiler keeps a file of its C library; the bare name when it has none. */
const libraryFile = (compiler: string, name: string) => printed(compiler, `file-name=${name}`);

/** The interpreter that a dynamic program names. */
function interpreter(bytes: Uint8Array): string {
  const PT_INTERP = 3;
  const { p_offset, p_filesz } = readElf(bytes).segments.find((p) => p.p_type === PT_INTERP)!;
  const from = Number(p_offset);
  return Buffer.from(bytes.subarray(from, from + Number(p_filesz) - 1)).toString('latin1');
}

interface Programs {
  readonly programs: readonly Program[];
  /** What dynamic ones need, by path in the machine. */
  readonly libraries: ReadonlyMap<string, Uint8Array>;
  readonly absent: readonly string[];
}

async function programsFor({ compiler }: Abi, cpu: CpuName): Promise<Programs> {
  const c = (kind: string, ...flags: readonly string[]): Program => {
    return { kind, cpu, says: 'findings', bytes: compiled(compiler, [...WARNINGS, ...flags, SOURCE]) };
  };
  const hasStartFile = libraryFile(compiler, 'rcrt1.o') !== 'rcrt1.o';
  const position = c('dynamic, position-independent', '-fPIE', '-pie');
  const programs = [
    c('static', '-static'),
    ...(hasStartFile ? [c('static-pie', '-static-pie')] : []),
    c('static-pie without a library', ...BARE, LINK_BARE),
    c('dynamic', '-fno-pie', '-no-pie'),
    position,
  ];
  const loader = interpreter(position.bytes);
  const libraries = new Map(
    [loader, `/lib/${printed(compiler, 'multiarch')}/libc.so.6`].map((path): [string, Uint8Array] => [
      path.slice(1),
      readFileSync(libraryFile(compiler, path.slice(path.lastIndexOf('/') + 1))),
    ]),
  );
  const go = KINDS.find(({ name }) => name === GO_NAMES[cpu])!;
  const why = withoutNeeds(['go']);
  if (why !== undefined) return { programs, libraries, absent: [`${cpu}, Go: ${why}`] };
  await inFreshFolder((folder) => {
    const bytes = Uint8Array.from(readFileSync(buildKind(go, folder)));
    programs.push({ kind: 'Go', cpu, says: 'hello', bytes });
  });
  return { programs, libraries, absent: [] };
}

const list = (rule: string) => `{ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [${rule}] }`;
const DENIED = list('{ "names": ["getppid"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1 }');
const SILENT = list('{ "names": ["write", "writev"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1 }');
const DEADLY = list('{ "names": ["exit_group", "exit"], "action": "SCMP_ACT_KILL_PROCESS" }');

/** The file with a stub, and the filter in it. */
interface Confined {
  readonly file: Uint8Array;
  readonly filter: Uint8Array;
}

function confined({ cpu, bytes }: Program, name: string, text: string): Confined {
  const policy = loadPolicy({ name, text }, { arches: [cpu] });
  const program = compile(policy);
  const options = { section: SECTION, profileName: name, version: 'test', enforce: true };
  return { file: applyEdit(bytes, planEmbed(readElf(bytes), program, policy, options)), filter: program.bytes };
}

/** The same with an instruction that no kernel takes. */
function damaged({ file }: Confined): Uint8Array {
  const elf = readElf(file);
  const section = elf.sections.find(({ name }) => name === SECTION)!;
  const bytes = file.slice();
  new ByteView(bytes, elf.endian).setU16(Number(section.sh_offset), MOD_K);
  return bytes;
}

/** What a run must show. `filter` is the one that the process carries at its end. */
interface Expected {
  readonly status: number;
  readonly signal: number;
  readonly stdout: Uint8Array;
  readonly stderr: RegExp;
  readonly filter: Uint8Array | undefined;
}

interface Case {
  readonly name: string;
  readonly file: Uint8Array;
  readonly expected: Expected;
}

function casesFor(program: Program): readonly Case[] {
  const { cpu, says } = program;
  const findings = (noNewPrivs: bigint, mode: bigint, parent: bigint) => {
    const view = new ByteView(new Uint8Array(says === 'hello' ? 0 : 24), arch(cpu).endian);
    if (says === 'hello') return view.bytes;
    [noNewPrivs, mode, parent].forEach((word, i) => {
      view.setU64(8 * i, word);
    });
    return view.bytes;
  };
  const hello = says === 'hello' ? /^hello\n$/ : /^$/;
  const runs = (stdout: Uint8Array, filter: Uint8Array | undefined, stderr = hello): Expected => {
    return { status: STATUS, signal: 0, stdout, stderr, filter };
  };
  const nothing = new Uint8Array(0);
  const refuses = { status: REFUSED_STATUS, signal: 0, stdout: nothing, stderr: /not started\n$/, filter: undefined };
  const denied = confined(program, 'denied', DENIED);
  const deadly = confined(program, 'deadly', DEADLY);
  const silent = confined(program, 'silent', SILENT);
  const minusOne = (1n << 64n) - BigInt(EPERM);
  // A C program whose output fails ends with its own status for that; the one without a library does not look.
  const mute = says === 'hello' || program.kind.includes('without') ? STATUS : 3;
  const present = CONTAINER_PROFILES.filter(({ absent }) => absent() === undefined);
  return [
    { name: 'alone', file: program.bytes, expected: runs(findings(0n, 0n, 1n), undefined) },
    { name: 'getppid fails', file: denied.file, expected: runs(findings(1n, 2n, minusOne), denied.filter) },
    { name: 'write fails', file: silent.file, expected: { ...runs(nothing, silent.filter, /^$/), status: mute } },
    // A process that its filter ends is in SECCOMP_MODE_DEAD, whose filters cannot be read.
    {
      name: 'exit kills',
      file: deadly.file,
      expected: { ...runs(findings(1n, 2n, 1n), undefined), status: -1, signal: SIGSYS },
    },
    { name: 'damaged filter', file: damaged(denied), expected: refuses },
    ...present.map(({ name, text }): Case => {
      const { file, filter } = confined(program, name, text());
      return { name, file, expected: runs(findings(1n, 2n, 1n), filter) };
    }),
  ];
}

const same = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;

/** What of a run is not as expected. */
function faults({ status, signal, stdout, stderr, filters }: Ended, expected: Expected): readonly string[] {
  const wanted = expected.filter === undefined ? [] : [expected.filter];
  const carries = filters.length === wanted.length && filters.every((filter, i) => same(filter, wanted[i]!));
  return [
    status === expected.status ? '' : `status ${status}, not ${expected.status}`,
    signal === expected.signal ? '' : `signal ${signal}, not ${expected.signal}`,
    same(stdout, expected.stdout)
      ? ''
      : `wrote ${Buffer.from(stdout).toString('hex')}, not ${Buffer.from(expected.stdout).toString('hex')}`,
    expected.stderr.test(stderr) ? '' : `said ${JSON.stringify(stderr)}`,
    carries
      ? ''
      : `carries ${filters.map((filter) => filter.length / 8)} instructions, ours has ${wanted.map((w) => w.length / 8)}`,
  ].filter((fault) => fault !== '');
}

/** The CPUs of this machine that there is a stub for, with the compiler of each. */
function stubAbis({ abis }: Machine): readonly (readonly [CpuName, Abi])[] {
  const names = new Map<CpuName, Abi>();
  for (const abi of abis) if (isCpuName(abi.name) && !names.has(abi.name)) names.set(abi.name, abi);
  return [...names];
}

export function canEnforce(machine: Machine): boolean {
  return stubAbis(machine).length > 0;
}

/** Boots the machine and compares; `machineAbsent` says beforehand whether that can be done here. */
export async function compareEnforced(machine: Machine): Promise<MachineReport> {
  const sets = await Promise.all(stubAbis(machine).map(([cpu, abi]) => programsFor(abi, cpu)));
  const files = new Map(sets.flatMap(({ libraries }) => [...libraries]));
  const programs = sets.flatMap((set) => set.programs);
  const cases = programs.flatMap((program) => casesFor(program).map((each) => ({ ...each, program })));
  cases.forEach(({ file }, i) => {
    files.set(`run${i}`, file);
  });
  const commands = cases.map((_, i) => `/run${i}`);
  const { kernel, seconds, ended } = session(machine, files, commands);
  const tally = new Tally();
  cases.forEach(({ name, expected, program }, i) => {
    const found = faults(ended[i]!, expected);
    tally.compare(found.length === 0, () => `${program.cpu}, ${program.kind}, ${name}: ${found.join('; ')}`);
  });
  const kinds = programs.map(({ cpu, kind }) => `${cpu} ${kind}`);
  const absent = sets.flatMap((set) => set.absent).map((why) => `; not built: ${why}`);
  const note = `${kinds.join(', ')}${absent.join('')}`;
  return { ...tally.report(note), kernel, seconds };
}
