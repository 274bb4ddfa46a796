/** seccompc verify: is a running process confined, and by what it should be? */
import { type Command, Option } from 'commander';
import { type Arch, archOfNode } from '../arch/index.ts';
import { DEFAULT_SECTION, elfArch, loadPolicy } from '../build/index.ts';
import { type Diagnostic, Diagnostics, fail, SeccompcError } from '../diag/index.ts';
import { readElfFrom } from '../elf/index.ts';
import { openElf } from '../host/elf-file.ts';
import { requireProc, withFilterReader } from '../host/filter-reader.ts';
import { textOf } from '../host/input.ts';
import { HERE, type ThreadStatus } from '../host/process-status.ts';
import { eachThread } from '../host/process-threads.ts';
import { check } from '../kernel/index.ts';
import { carriedBy, modeOf, processNumber } from './carried.ts';
import { refusalDiagnostic } from './check.ts';
import { define, takes } from './definition.ts';
import { failOnOption, isFailure } from './diff-show.ts';
import { addPolicyOptions, type PolicyFlags, resolveOptions } from './options.ts';
import { readSubject } from './subject.ts';
import { diagnosticsData, Terminal } from './terminal.ts';
import { type Comparison, compareAll, type Expected, type ThreadCarries } from './verify-compare.ts';
import { unconfined, withoutNoNewPrivs } from './verify-confined.ts';
import { comparisonData, comparisonLines, confinedLines, threadData } from './verify-report.ts';

interface VerifyFlags extends PolicyFlags {
  readonly pid: number;
  /** True: the file that the process executes. */
  readonly elf?: string | true;
  readonly section: string;
  readonly failOn?: readonly string[];
  readonly requireNoNewPrivs?: boolean;
  readonly json?: boolean;
}

const LOG = 'SECCOMP_FILTER_FLAG_LOG';

/** The ABI of the file that a process executes; this machine's where that is not shown. */
function ownArch(pid: number): Arch | undefined {
  try {
    const opened = openElf(`/proc/${pid}/exe`);
    try {
      return elfArch(readElfFrom(opened.source, { file: opened.name }), opened.name);
    } finally {
      opened.close();
    }
  } catch (error) {
    if (!(error instanceof SeccompcError)) throw error;
    return archOfNode(process.arch, HERE);
  }
}

function readExpected(path: string, pid: number, flags: VerifyFlags): Expected {
  const subject = readSubject(path, flags);
  const { name } = subject.input;
  if (flags.elf !== undefined && subject.kind !== 'elf')
    fail({ code: 'USAGE', file: name, message: 'is no ELF file, and --elf wants one', help: 'leave --elf out' });
  if (subject.kind === 'profile') {
    const own = ownArch(pid);
    const policy = loadPolicy(textOf(subject.input), resolveOptions(flags, own && [own.name]));
    const arches = policy.arches.map(({ arch }) => arch.name).join(', ');
    return { name, what: `profile; ${arches}`, subject: policy, diagnostics: policy.diagnostics };
  }
  const verdict = check(subject.bytes, { endian: subject.kind === 'elf' ? subject.endian : HERE });
  if (!verdict.ok) throw new SeccompcError([refusalDiagnostic(verdict, name)]);
  const what = subject.kind === 'elf' ? `section ${subject.section} of an ELF file` : 'raw program';
  return { name, what, subject: verdict.program, diagnostics: [] };
}

/** The path to compare with; undefined where only confinement is asked for. */
function expectedPath(file: string | undefined, { elf, pid }: VerifyFlags): string | undefined {
  if (elf === undefined) return file;
  if (file !== undefined) fail({ code: 'USAGE', message: 'name a file to compare with, or --elf, not both' });
  return elf === true ? `/proc/${pid}/exe` : elf;
}

/** A filter that logs less, or more, than the profile has it: no call is decided otherwise. */
function logFlag({ subject, name }: Expected, { filters, threads }: Comparison): readonly Diagnostic[] {
  if (!('arches' in subject) || filters.some(({ log }) => log === undefined)) return [];
  const wanted = subject.flags.includes(LOG);
  const carried = filters.some(({ log }) => log === true);
  if (wanted === carried) return [];
  const message = wanted
    ? `${name} names ${LOG}, and no filter of thread ${threads[0]?.tid} was installed with it: what it denies is not logged`
    : `a filter of thread ${threads[0]?.tid} was installed with ${LOG}, which ${name} does not name`;
  return [{ code: 'PROCESS_LOG', severity: 'warning', message }];
}

interface Found {
  readonly threads: readonly ThreadStatus[];
  readonly comparisons: readonly Comparison[];
  readonly diagnostics: Diagnostics;
  /** What could not be had, beside what was found. */
  readonly missing?: SeccompcError | undefined;
}

/** What is carried, and the threads as they were when it was read. */
function readCarrying(pid: number): readonly ThreadCarries[] {
  return withFilterReader((reader) =>
    eachThread(pid, (thread) => carriedBy(thread, reader.read(thread))).map(({ thread, seen }) => ({
      thread,
      filters: seen,
    })),
  );
}

function look(expected: Expected | undefined, flags: VerifyFlags): Found {
  const diagnostics = new Diagnostics();
  const judged = (threads: readonly ThreadStatus[]) => {
    for (const d of unconfined(threads)) diagnostics.add(d);
    for (const d of withoutNoNewPrivs(threads, flags.requireNoNewPrivs === true)) diagnostics.add(d);
  };
  if (expected !== undefined) {
    try {
      const carrying = readCarrying(flags.pid);
      const comparisons = compareAll(carrying, expected);
      const threads = carrying.map(({ thread }) => thread);
      judged(threads);
      for (const comparison of comparisons) diagnostics.addAll(logFlag(expected, comparison));
      return { threads, comparisons, diagnostics };
    } catch (error) {
      if (!(error instanceof SeccompcError)) throw error;
      // A thread without a filter is a finding whether or not the filters of the others can be seen.
      const threads = statuses(flags.pid, error);
      judged(threads);
      return { threads, comparisons: [], diagnostics, missing: error };
    }
  }
  const threads = eachThread(flags.pid, () => true).map(({ thread }) => thread);
  judged(threads);
  return { threads, comparisons: [], diagnostics };
}

function statuses(pid: number, before: SeccompcError): readonly ThreadStatus[] {
  try {
    return eachThread(pid, () => true).map(({ thread }) => thread);
  } catch (error) {
    if (error instanceof SeccompcError) throw before;
    throw error;
  }
}

/** 1 for what was found, else 3 for what could not be. */
function statusOf({ comparisons, diagnostics, missing }: Found, flags: VerifyFlags): number {
  const errors = diagnostics.sorted.filter(({ severity, code }) => severity === 'error' && code !== 'KERNEL_UNABLE');
  const differs = comparisons.some(({ groups }) => isFailure(groups, flags.failOn));
  if (errors.length > 0 || differs) return 1;
  const undecided = comparisons.some((comparison) => comparison.undecided !== undefined);
  return missing !== undefined || undecided || diagnostics.hasErrors ? 3 : 0;
}

function run(file: string | undefined, flags: VerifyFlags): void {
  const terminal = new Terminal(flags.json === true);
  requireProc();
  const path = expectedPath(file, flags);
  const expected = path === undefined ? undefined : readExpected(path, flags.pid, flags);
  const found = look(expected, flags);
  const { threads, comparisons, missing } = found;
  const diagnostics = [...(expected?.diagnostics ?? []), ...found.diagnostics.sorted, ...(missing?.diagnostics ?? [])];
  const status = statusOf(found, flags);
  terminal.diagnostics(diagnostics);
  for (const text of confinedLines(threads)) terminal.line(text);
  if (expected !== undefined) {
    for (const comparison of comparisons) {
      const isAll = comparison.threads.length === threads.length;
      for (const text of comparisonLines(comparison, expected, isAll)) terminal.line(text);
    }
  } else if (status === 0) terminal.line('confined; by what was not asked: name a profile, a program or --elf');
  terminal.data({
    ok: status === 0,
    class: classOf(found, expected),
    pid: threads[0]?.pid ?? null,
    confined: threads.every((thread) => modeOf(thread) === 'filter'),
    threads: threads.map(threadData),
    expected: expected === undefined ? null : { file: expected.name, what: expected.what },
    comparisons: comparisons.map(comparisonData),
    diagnostics: diagnosticsData(diagnostics),
  });
  process.exitCode = status;
}

function classOf({ threads, comparisons, missing }: Found, expected: Expected | undefined): string {
  if (threads.some((thread) => modeOf(thread) !== 'filter')) return 'UNCONFINED';
  if (expected === undefined) return 'CONFINED';
  if (missing !== undefined || comparisons.some(({ undecided }) => undecided !== undefined)) return 'UNDECIDED';
  return comparisons.every(({ equal }) => equal) ? 'EQUAL' : 'DIFFERENT';
}

export function addVerify(program: Command): void {
  const command = program
    .command('verify')
    .summary('is a running process confined, and by what it should be?')
    .description(
      'Every thread must carry a filter (/proc says so, to anybody). With a file, what each thread carries, all its filters\n' +
        'together, is compared with it for every call there can be; that needs CAP_SYS_ADMIN in the first user namespace.\n' +
        'Without --arch a profile is read for the ABI of the file that the process executes. Exit status: 0 confined and\n' +
        'equal, 1 not confined or not equal, 3 it could not be found out.',
    )
    .argument('[file]', 'the profile, raw program or ELF file that it should carry')
    .addOption(
      takes(new Option('--pid <number>', 'the process').argParser(processNumber).makeOptionMandatory(), 'process'),
    )
    .option(
      '--elf [file]',
      'compare with the filter in this ELF file; without a name, in the one that the process executes',
    )
    .option('--section <name>', 'the section of an ELF file', DEFAULT_SECTION)
    .addOption(failOnOption())
    .option('--require-no-new-privs', 'a thread without no_new_privs is a finding, not a warning');
  define(addPolicyOptions(command).action(run), {
    group: 'processes',
    result: 'verdict',
    examples: [
      ['verify --pid 1234', 'does every thread carry a filter?'],
      ['verify --pid 1234 seccomp.json', 'and do they decide as the profile says, for every call?'],
    ],
  });
}
