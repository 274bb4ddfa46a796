/** The report of a replay, and the status that it comes to: shared by `replay` and `trace`. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { replaceFile } from '../host/atomic-write.ts';
import { readInput, textOf } from '../host/input.ts';
import { REPORT_FORMATS, type ReportFormat, render } from '../report/index.ts';
import { acceptedBy, baselineOf, type Replay, readBaseline, standing } from '../trace/index.ts';
import { addPolicyOptions } from './options.ts';
import type { Side } from './replay-side.ts';
import { isColoured, Terminal } from './terminal.ts';
import { VERSION } from './version.ts';

export interface ReportFlags {
  readonly format: ReportFormat;
  readonly baseline?: string;
  readonly writeBaseline?: string;
  readonly maxDenials: number;
  readonly strict?: boolean;
  readonly quiet?: boolean;
}

const STATUS = { passed: 0, denied: 1, open: 3 } as const;

export interface Report {
  /** Writes the report to a file, or for '-' to the stream `fd`. 1: more is denied than may be; 3: strict, and open. */
  readonly write: (replay: Replay, side: Side, to: { readonly path: string; readonly fd: 1 | 2 }) => 0 | 1 | 3;
}

/** Reads what the report needs, before anything is replayed. @throws SeccompcError BASELINE, INPUT_UNREADABLE */
export function openReport(flags: ReportFlags): Report {
  const baseline = flags.baseline === undefined ? undefined : readBaseline(textOf(readInput(flags.baseline)));
  return {
    write: (all, side, { path, fd }) => {
      const shown = baseline === undefined ? all : acceptedBy(all, baseline);
      if (flags.writeBaseline !== undefined) replaceFile(flags.writeBaseline, baselineOf(all));
      const stream = fd === 1 ? process.stdout : process.stderr;
      const text = render(flags.format, shown, {
        version: VERSION,
        profile: side.source && { name: side.source.name, text: side.source.text },
        policy: side.policy,
        colour: path === '-' && isColoured(stream),
        width: stream.columns,
      });
      const bytes = new TextEncoder().encode(text.endsWith('\n') ? text : `${text}\n`);
      if (path === '-') stream.write(bytes);
      else replaceFile(path, bytes);
      if (side.policy && !flags.quiet) {
        new Terminal(flags.format === 'json').diagnostics(
          side.policy.diagnostics.filter((d) => d.severity === 'error'),
        );
      }
      return STATUS[standing(all, shown.totals.denied, flags)];
    },
  };
}

function count(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('A number from 0 on.');
  return Number(text);
}

/** What two options of a policy say besides, where calls are replayed against it. */
const ALSO: ReadonlyMap<string, string> = new Map([
  [
    '--kernel',
    'kernel that the filter is for, such as 6.1: minKernel is compared with it, calls that it lacks are listed',
  ],
  ['--strict', 'a trace that is incomplete, or leaves calls open, ends with status 3'],
]);

/** The options of a report, and those of the policy. */
export function addReportOptions(command: Command): Command {
  addPolicyOptions(command);
  for (const option of command.options) option.description = ALSO.get(option.long ?? '') ?? option.description;
  return command
    .addOption(new Option('--format <format>', 'of the report').choices(REPORT_FORMATS).default('text'))
    .option('--baseline <file>', 'denials that are known and accepted')
    .option('--write-baseline <file>', 'accept what is denied now')
    .addOption(new Option('--max-denials <n>', 'denied calls that are no failure').argParser(count).default(0));
}
