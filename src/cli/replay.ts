/** seccompc replay: recorded system calls against a profile or program, without running anything. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type Arch, findArch } from '../arch/index.ts';
import { DEFAULT_SECTION } from '../build/index.ts';
import { fail, quoted } from '../diag/index.ts';
import { openTrace } from '../host/trace-file.ts';
import {
  Decider,
  inReadingOrder,
  kernelVersion,
  type Replay,
  Replaying,
  readTrace,
  requireCalls,
  TRACE_FORMATS,
  type TraceFormat,
} from '../trace/index.ts';
import { define, takes } from './definition.ts';
import { maxBytesOption } from './options.ts';
import { watched } from './progress.ts';
import { addReportOptions, openReport, type ReportFlags } from './replay-report.ts';
import { machine, type Side, type SideFlags, sideOf } from './replay-side.ts';
import { readSubject } from './subject.ts';

interface ReplayFlags extends SideFlags, ReportFlags {
  readonly section: string;
  readonly traceFormat?: TraceFormat;
  readonly maxBytes?: number;
  readonly output?: string;
  readonly json?: boolean;
}

async function replayed(side: Side, traces: readonly string[], flags: ReplayFlags): Promise<Replay> {
  const replaying = new Replaying(new Decider(side.filter));
  for (const { path, ofSet } of inReadingOrder(traces)) {
    const file = openTrace(path, { maxBytes: flags.maxBytes });
    const options = {
      file: path,
      format: flags.traceFormat,
      machine: flags.traceArch ?? machine(),
      wanted: replaying.wanted,
      ofSet,
    };
    await replaying.take(readTrace(watched(file), { ...options, arch: flags.traceArch }));
  }
  return replaying.result({ kernel: flags.kernel });
}

async function replayCommand(subjectPath: string, traces: readonly string[], flags: ReplayFlags): Promise<void> {
  if (traces.filter((path) => path === '-').length + (subjectPath === '-' ? 1 : 0) > 1) {
    fail({ code: 'USAGE', message: 'standard input can be one of the inputs only' });
  }
  if (flags.kernel !== undefined) kernelVersion(flags.kernel);
  const report = openReport(flags);
  const side = sideOf(readSubject(subjectPath, flags), flags);
  const all = await replayed(side, traces, flags);
  requireCalls(all);
  process.exitCode = report.write(all, side, { path: flags.output ?? '-', fd: 1 });
}

function archOf(text: string): Arch {
  const found = findArch(text);
  if (found === undefined) throw new InvalidArgumentError(`${quoted(text)} is no architecture.`);
  return found;
}

export function addReplay(program: Command): void {
  const command = program
    .command('replay')
    .summary('what a filter would have said to the calls of a recorded trace')
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
    .addOption(
      takes(
        new Option('--trace-arch <name>', 'the ABI of calls where the trace does not tell').argParser(archOf),
        'arch',
      ),
    )
    .addOption(maxBytesOption())
    .option('-o, --output <file>', 'where the report goes');
  addReportOptions(command).action((profile: string, traces: readonly string[], flags: ReplayFlags) =>
    replayCommand(profile, traces, flags.json ? { ...flags, format: 'json' } : flags),
  );
  define(command, {
    group: 'processes',
    result: 'document',
    json: 'the same as --format json',
    examples: [
      ['replay seccomp.json app.strace', 'which recorded calls the profile denies, and why'],
      ['replay ./operator app.strace --trace-arch x86_64 --format html -o report.html', 'an ELF file; as a page'],
    ],
  });
}
