/** seccompc replay: recorded system calls against a profile or program, without running anything. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { ARCHES, type Arch, archOfNode, findArch } from '../arch/index.ts';
import { DEFAULT_SECTION, loadPolicy } from '../build/index.ts';
import { fail, forTerminal, quoted, SeccompcError, type Source } from '../diag/index.ts';
import { replaceFile } from '../host/atomic-write.ts';
import { readInput, textOf } from '../host/input.ts';
import { HERE } from '../host/process-status.ts';
import { openTrace, type TraceFile } from '../host/trace-file.ts';
import { type CheckedProgram, check } from '../kernel/index.ts';
import { type Policy, parseProfile } from '../policy/index.ts';
import { REPORT_FORMATS, type ReportFormat, render } from '../report/index.ts';
import {
  acceptedBy,
  baselineOf,
  Decider,
  type Replay,
  Replaying,
  readBaseline,
  readTrace,
  requireCalls,
  standing,
  TRACE_FORMATS,
  type TraceFormat,
} from '../trace/index.ts';
import { refusalDiagnostic } from './check.ts';
import { addPolicyOptions, type PolicyFlags, resolveOptions } from './options.ts';
import { readSubject, type Subject } from './subject.ts';
import { Terminal } from './terminal.ts';
import { VERSION } from './version.ts';

interface ReplayFlags extends PolicyFlags {
  readonly section: string;
  readonly traceFormat?: TraceFormat;
  readonly traceArch?: Arch;
  readonly maxBytes?: number;
  readonly format: ReportFormat;
  readonly output?: string;
  readonly baseline?: string;
  readonly writeBaseline?: string;
  readonly maxDenials: number;
  readonly quiet?: boolean;
}

interface Side {
  readonly name: string;
  readonly filter: Policy | CheckedProgram;
  readonly policy?: Policy | undefined;
  readonly source?: Source | undefined;
}

/** This machine's 64-bit ABI; elsewhere than on Linux that of most traces. */
function machine(): Arch {
  const own = archOfNode(process.arch, HERE) ?? (ARCHES.get('x86_64') as Arch);
  return ARCHES.get(own.native) as Arch;
}

/** The ABIs of the profile that one machine runs: this one's where the profile has any, else all that it names. */
function defaultArches(source: Source, flags: ReplayFlags): readonly string[] | undefined {
  if (flags.arch !== undefined) return undefined;
  const named = parseProfile(source.text, { file: source.name }).arches.map(({ value }) => value);
  const { native } = flags.traceArch ?? machine();
  const kin = named.filter((arch) => arch.native === native);
  if (kin.length > 0) return [...new Set(kin.map(({ name }) => name))];
  return named.length > 0 ? undefined : [native];
}

function sideOf(subject: Subject, flags: ReplayFlags): Side {
  const { name } = subject.input;
  if (subject.kind === 'profile') {
    const source = textOf(subject.input);
    // --strict speaks of the trace here; names that no ABI has are refused by build.
    const { strict: _, ...meaning } = flags;
    const policy = loadPolicy(source, resolveOptions(meaning, defaultArches(source, flags)));
    return { name, filter: policy, policy, source };
  }
  const verdict = check(subject.bytes, { endian: subject.endian });
  if (!verdict.ok) throw new SeccompcError([refusalDiagnostic(verdict, name)]);
  return { name, filter: verdict.program };
}

const FIRST_PROGRESS_MS = 500;
const PROGRESS_MS = 200;

/** A line on a terminal that says how far it is, after half a second; chunks pass through. */
function watched(trace: TraceFile, isShown: boolean): AsyncIterable<Uint8Array> & Pick<TraceFile, 'incomplete'> {
  return { incomplete: trace.incomplete, [Symbol.asyncIterator]: () => showing(trace, isShown) };
}

async function* showing(trace: TraceFile, isShown: boolean): AsyncGenerator<Uint8Array> {
  let next = performance.now() + FIRST_PROGRESS_MS;
  let hasShown = false;
  try {
    for await (const chunk of trace) {
      yield chunk;
      if (!isShown || performance.now() < next) continue;
      next = performance.now() + PROGRESS_MS;
      const done = trace.size ? `${Math.floor((100 * trace.taken) / trace.size)} %` : `${trace.taken >> 20} MB`;
      process.stderr.write(`\r${forTerminal(trace.name)}: ${done} `);
      hasShown = true;
    }
  } finally {
    if (hasShown) process.stderr.write('\r\x1b[K');
  }
}

async function replayed(side: Side, traces: readonly string[], flags: ReplayFlags): Promise<Replay> {
  const replaying = new Replaying(new Decider(side.filter));
  const isShown = process.stderr.isTTY === true && !flags.quiet;
  for (const path of traces) {
    const file = openTrace(path, { maxBytes: flags.maxBytes });
    const options = {
      file: path,
      format: flags.traceFormat,
      machine: flags.traceArch ?? machine(),
      wanted: replaying.wanted,
    };
    await replaying.take(readTrace(watched(file, isShown), { ...options, arch: flags.traceArch }));
  }
  return replaying.result();
}

const STATUS = { passed: 0, denied: 1, open: 3 } as const;

async function replayCommand(subjectPath: string, traces: readonly string[], flags: ReplayFlags): Promise<void> {
  if (traces.filter((path) => path === '-').length + (subjectPath === '-' ? 1 : 0) > 1) {
    fail({ code: 'USAGE', message: 'standard input can be one of the inputs only' });
  }
  const baseline = flags.baseline === undefined ? undefined : readBaseline(textOf(readInput(flags.baseline)));
  const side = sideOf(readSubject(subjectPath, flags), flags);
  const all = await replayed(side, traces, flags);
  requireCalls(all);
  const shown = baseline === undefined ? all : acceptedBy(all, baseline);
  if (flags.writeBaseline !== undefined) replaceFile(flags.writeBaseline, baselineOf(all));
  const terminal = new Terminal(flags.format === 'json');
  const isStdout = flags.output === undefined || flags.output === '-';
  const text = render(flags.format, shown, {
    version: VERSION,
    profile: side.source && { name: side.source.name, text: side.source.text },
    policy: side.policy,
    colour: isStdout && process.stdout.isTTY === true && !process.env.NO_COLOR,
    width: process.stdout.columns,
  });
  const bytes = new TextEncoder().encode(text.endsWith('\n') ? text : `${text}\n`);
  if (isStdout) process.stdout.write(bytes);
  else replaceFile(flags.output as string, bytes);
  if (side.policy && !flags.quiet) terminal.diagnostics(side.policy.diagnostics.filter((d) => d.severity === 'error'));
  process.exitCode = STATUS[standing(all, shown.totals.denied, flags)];
}

const SIZE = /^(\d{1,12})([KMG]?)$/i;
function bytesOf(text: string): number {
  const [, number, unit = ''] = SIZE.exec(text) ?? [];
  if (number === undefined) throw new InvalidArgumentError('A size is a number of bytes, such as 500M or 2G.');
  return Number(number) * 2 ** (10 * ' KMG'.indexOf(unit.toUpperCase() || ' '));
}

function count(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('A number from 0 on.');
  return Number(text);
}

function archOf(text: string): Arch {
  const found = findArch(text);
  if (found === undefined) throw new InvalidArgumentError(`${quoted(text)} is no architecture.`);
  return found;
}

export function addReplay(program: Command): void {
  const command = program
    .command('replay')
    .summary('what a filter would have said to the system calls of a recorded trace')
    .description(
      'Reads traces (strace, auditd, the kernel log, ...; gzip too) and says for every call what the filter does with it,\n' +
        'which rule decides, and what would let it through. What a trace does not tell is unknown, never zero: such calls\n' +
        'are listed as ambiguous. Nothing is run. Status: 0 nothing is denied, 1 something is, 2 nothing was understood,\n' +
        '3 (with --strict) the trace leaves questions.',
    )
    .argument('<profile>', 'a profile, a raw program, or an ELF file that carries one')
    .argument('<trace...>', "traces; '-' is standard input")
    .option('--section <name>', 'of the ELF file', DEFAULT_SECTION)
    .addOption(new Option('--trace-format <format>', 'instead of recognising it').choices(TRACE_FORMATS))
    .addOption(new Option('--trace-arch <name>', 'the ABI of calls where the trace does not tell').argParser(archOf))
    .addOption(new Option('--max-bytes <size>', 'of a trace, unpacked').argParser(bytesOf))
    .addOption(new Option('--format <format>', 'of the report').choices(REPORT_FORMATS).default('text'))
    .option('-o, --output <file>', 'where the report goes')
    .option('--baseline <file>', 'denials that are known and accepted')
    .option('--write-baseline <file>', 'accept what is denied now')
    .addOption(new Option('--max-denials <n>', 'denied calls that are no failure').argParser(count).default(0))
    .option('-q, --quiet', 'no progress');
  addPolicyOptions(command).action((profile: string, traces: readonly string[], flags: ReplayFlags) =>
    replayCommand(profile, traces, flags),
  );
}
