/** seccompc dump: the filters that a running process carries, as the kernel keeps them. */
import { join } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { disassemble } from '../bpf/index.ts';
import { type Diagnostic, Diagnostics, fail, forTerminal, unreachable } from '../diag/index.ts';
import { replaceFile } from '../host/atomic-write.ts';
import { destinationOf } from '../host/destination.ts';
import { withFilterReader } from '../host/filter-reader.ts';
import { isFolder, isThere, prepareFolder } from '../host/output-folder.ts';
import { threadText } from '../host/process-refusal.ts';
import { type ThreadStatus, threadStatus, threadsOf } from '../host/process-status.ts';
import { eachThread, threadNamed } from '../host/process-threads.ts';
import { check } from '../kernel/index.ts';
import { PROGRAM_FORMATS, type ProgramFormat, programAs } from '../view/index.ts';
import {
  type Carried,
  carriedBy,
  carriedData,
  carriedText,
  modeOf,
  processNumber,
  sameFilters,
  withoutFilter,
} from './carried.ts';
import { define, takes } from './definition.ts';
import { checkProgramOutput } from './program-format.ts';
import { diagnosticsData, Terminal } from './terminal.ts';

interface DumpFlags {
  readonly pid: number;
  readonly threads?: boolean;
  readonly index?: number;
  readonly output?: string;
  readonly format?: ProgramFormat;
  readonly json?: boolean;
}

interface ThreadDump {
  readonly thread: ThreadStatus;
  /** How many it carries, of which `filters` are those asked for. */
  readonly carries: number;
  readonly filters: readonly Carried[];
}

/** One program and where it goes. */
interface Part {
  readonly dump: ThreadDump;
  readonly filter: Carried;
}

const EXTENSIONS: Readonly<Record<ProgramFormat, string>> = { raw: 'bpf', asm: 'asm', json: 'json' };
const OURS = /^(thread-\d+-)?filter-\d+\.(bpf|asm|json)$/;

function readThreads(flags: DumpFlags): readonly ThreadDump[] {
  return withFilterReader((reader) => {
    const look = (thread: ThreadStatus): readonly Carried[] => carriedBy(thread, reader.read(thread));
    if (flags.threads) return eachThread(flags.pid, look).map(({ thread, seen }) => chosen(thread, seen, flags.index));
    const thread = threadNamed(flags.pid);
    return [chosen(thread, look(thread), flags.index)];
  });
}

function chosen(thread: ThreadStatus, all: readonly Carried[], index: number | undefined): ThreadDump {
  const filters = index === undefined ? all : all.filter((filter) => filter.index === index);
  if (filters.length === 0 && all.length > 0) {
    const most = all.length - 1;
    const message = `${threadText(thread)} carries no filter ${index}: ${most === 0 ? 'its only one is 0' : `0 (the oldest) to ${most} (the newest)`}`;
    fail({ code: 'FILTER_INDEX', message });
  }
  return { thread, carries: all.length, filters };
}

/** What is worth a word; throws where no thread carries any filter. */
function remarks(dumps: readonly ThreadDump[], flags: DumpFlags): readonly Diagnostic[] {
  const found = new Diagnostics();
  const bare = dumps.flatMap(({ thread }) => withoutFilter(thread) ?? []);
  if (bare.length === dumps.length) {
    found.add(bare[0] ?? unreachable('no thread was looked at'));
    found.throwIfErrors();
  }
  for (const diagnostic of bare) found.add({ ...diagnostic, severity: 'warning' });
  if (!flags.threads) found.addAll(others(dumps[0]?.thread ?? unreachable('no thread was looked at')));
  for (const { dump, filter } of partsOf(dumps)) {
    const verdict = check(filter.bytes, { endian: filter.endian });
    if (verdict.ok) continue;
    found.add({
      code: 'FILTER_NEWER',
      severity: 'warning',
      pc: verdict.pc,
      message: `this kernel took filter ${filter.index} of ${threadText(dump.thread)}, and seccompc would refuse it: ${verdict.message}`,
      help: 'it is written as it is; a kernel newer than this seccompc may take more',
    });
  }
  return found.sorted;
}

/** Other threads with another number of filters: what was read does not speak for them. */
function others({ pid, tid, seccomp, filters }: ThreadStatus): readonly Diagnostic[] {
  const differing = threadsOf(pid).filter((other) => {
    const status = other === tid ? undefined : threadStatus(pid, other);
    return status !== undefined && (status.seccomp !== seccomp || status.filters !== filters);
  });
  if (differing.length === 0) return [];
  const names = differing.length > 5 ? `${differing.slice(0, 5).join(', ')} ...` : differing.join(', ');
  const message = `${differing.length} other threads of process ${pid} carry another number of filters: ${names}`;
  return [{ code: 'PROCESS_THREADS', severity: 'warning', message, help: '--threads takes those of all' }];
}

const partsOf = (dumps: readonly ThreadDump[]): readonly Part[] =>
  dumps.flatMap((dump) => dump.filters.map((filter) => ({ dump, filter })));

function nameOf({ dump, filter }: Part, flags: DumpFlags): string {
  const thread = flags.threads ? `thread-${dump.thread.tid}-` : '';
  return `${thread}filter-${filter.index}.${EXTENSIONS[flags.format ?? 'raw']}`;
}

/**
 * Where each program goes: into a folder (several need one: it is made), or the one that there is to one file. All is
 * checked before anything is written.
 */
function planned(parts: readonly Part[], flags: DumpFlags): ReadonlyMap<Part, string> {
  const { format = 'raw', output } = flags;
  const path = output ?? '-';
  const json = flags.json === true;
  if (path !== '-' && (isFolder(path) || (parts.length > 1 && !isThere(path)))) {
    const names = parts.map((part) => nameOf(part, flags));
    prepareFolder(path, names, (name) => OURS.test(name));
    return new Map(parts.map((part, i) => [part, join(path, names[i] as string)]));
  }
  checkProgramOutput(path, { isBinary: format === 'raw', json });
  if (parts.length === 1) return new Map(parts.map((part) => [part, path]));
  return fail({
    code: 'FILTER_SEVERAL',
    message: `there are ${parts.length} filters, and ${path === '-' ? 'standard output' : 'a file'} takes one`,
    help: '--index N takes one of them; -o FOLDER/ writes each to a file of its own',
  });
}

function summary(dumps: readonly ThreadDump[], say: (text: string) => void): void {
  const groups: ThreadDump[][] = [];
  for (const dump of dumps) {
    const alike = groups.find(([first]) => first?.carries === dump.carries && sameFilters(first.filters, dump.filters));
    if (alike === undefined) groups.push([dump]);
    else alike.push(dump);
  }
  for (const group of groups) {
    const { thread, carries, filters } = group[0] ?? unreachable('an empty group');
    const who =
      group.length === 1
        ? threadText(thread)
        : `threads ${group.map((g) => g.thread.tid).join(', ')} of process ${thread.pid}`;
    const what = modeOf(thread) !== 'filter' ? 'no filter' : carries === 1 ? '1 filter' : `${carries} filters`;
    say(`${who}: ${what}`);
    for (const filter of filters) {
      const age =
        carries === 1 ? '' : filter.index === 0 ? ' (the oldest)' : filter.index === carries - 1 ? ' (the newest)' : '';
      say(`  filter ${filter.index}${age}: ${carriedText(filter)}`);
    }
  }
  if (dumps.some(({ carries }) => carries > 1))
    say('  each is asked about every call, and the strictest answer counts; of equal actions the newest one');
}

/** `--format asm` without -o: for reading, whatever their number. */
function listings(parts: readonly Part[]): string {
  const head = ({ dump, filter }: Part) =>
    `; filter ${filter.index} of ${dump.carries} of ${forTerminal(threadText(dump.thread))}: ${carriedText(filter)}\n`;
  return parts.map((part) => head(part) + disassemble(part.filter)).join('\n');
}

function run(flags: DumpFlags): void {
  const terminal = new Terminal(flags.json === true);
  const dumps = readThreads(flags);
  const diagnostics = remarks(dumps, flags);
  const parts = partsOf(dumps);
  const isListing = flags.output === undefined && flags.format === 'asm' && !flags.json;
  const isAskedFor = flags.format !== undefined || (flags.index !== undefined && !flags.threads && !flags.json);
  const isWritten = !isListing && (flags.output !== undefined || isAskedFor);
  const paths = isWritten ? planned(parts, flags) : new Map<Part, string>();
  for (const [{ filter }, path] of paths) {
    replaceFile(path === '-' ? '/dev/fd/1' : path, programAs(filter, flags.format ?? 'raw'));
  }
  terminal.diagnostics(diagnostics);
  const isStdout = isListing || [...paths.values()].some((path) => destinationOf(path).isStdout);
  summary(dumps, isStdout ? (text) => terminal.aside(text) : (text) => terminal.line(text));
  if (isListing) terminal.line(listings(parts).trimEnd());
  for (const path of paths.values()) if (!isStdout) terminal.line(`  wrote ${forTerminal(path)}`);
  terminal.data({
    ok: true,
    pid: dumps[0]?.thread.pid,
    threads: dumps.map((dump) => threadData(dump, paths)),
    diagnostics: diagnosticsData(diagnostics),
  });
}

function threadData(dump: ThreadDump, paths: ReadonlyMap<Part, string>): Record<string, unknown> {
  const { tid, name, noNewPrivs } = dump.thread;
  const pathOf = (filter: Carried) => [...paths].find(([part]) => part.filter === filter)?.[1] ?? null;
  return {
    tid,
    name,
    mode: modeOf(dump.thread),
    noNewPrivs: noNewPrivs ?? null,
    carries: dump.carries,
    filters: dump.filters.map((filter) => ({ ...carriedData(filter), output: pathOf(filter) })),
  };
}

function filterIndex(text: string): number {
  if (/^\d{1,5}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('The oldest filter is 0.');
}

export function addDump(program: Command): void {
  const command = program
    .command('dump')
    .summary('the filters that a running process carries')
    .description(
      'Takes them from the kernel, byte for byte as they were installed. They are numbered in the order of installing: 0 is\n' +
        'the oldest, and the kernel asks all of them about each call. The process is not stopped for longer than a moment and\n' +
        'does not notice. Needs CAP_SYS_ADMIN in the first user namespace. Exit status: 1 no filter is carried, 3 it could not\n' +
        'be found out.',
    )
    .addOption(
      takes(
        new Option('--pid <number>', 'the process (its main thread), or a single thread of any process')
          .argParser(processNumber)
          .makeOptionMandatory(),
        'process',
      ),
    )
    .option('--threads', 'those of every thread of the process')
    .addOption(
      new Option('--index <n>', 'one of them, 0 being the oldest; it goes to standard output without -o').argParser(
        filterIndex,
      ),
    )
    .option(
      '-o, --output <path>',
      "a file for one filter, or a folder (for several, or with a slash at the end): filter-0.bpf ...; '-' is standard output",
    )
    .addOption(new Option('--format <format>', 'of the programs (default: raw)').choices(PROGRAM_FORMATS))
    .action(run);
  define(command, {
    group: 'processes',
    result: 'document',
    json: 'everything as JSON, the instructions included',
    examples: [
      ['dump --pid 1234', 'the filters that it carries, oldest first'],
      ['dump --pid 1234 -o filters/', 'each into a file: filters/filter-0.bpf ...'],
    ],
  });
}
