/** seccompc trace: runs a command under strace, keeps what is recorded, and replays it while it comes. */
import { accessSync, closeSync, constants, openSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Command } from 'commander';
import { describeWord } from '../arch/index.ts';
import { DEFAULT_SECTION } from '../build/index.ts';
import { fail, forTerminal } from '../diag/index.ts';
import { isSameFile } from '../host/destination.ts';
import { endBy } from '../host/run.ts';
import { findCommand } from '../host/run-command.ts';
import { findStrace, signalNumber } from '../host/strace.ts';
import { type Kept, Recording, type StraceEnd } from '../host/strace-recording.ts';
import { codeOf, refuse } from '../host/unwritable.ts';
import { callText } from '../report/index.ts';
import { Decider, kernelVersion, Replaying, readTrace, type TraceStream } from '../trace/index.ts';
import { define } from './definition.ts';
import { addReportOptions, openReport, type ReportFlags } from './replay-report.ts';
import { machine, type Side, type SideFlags, sideOf } from './replay-side.ts';
import { readSubject } from './subject.ts';
import { Terminal } from './terminal.ts';
import { TraceWatch } from './trace-watch.ts';

interface TraceFlags extends SideFlags, ReportFlags {
  readonly section: string;
  readonly output?: string;
  readonly report?: string;
  /** False under --no-wait. */
  readonly wait: boolean;
}

/** Of calls that are denied so many are told while the command runs; the report has them all. */
const MOST_LIVE = 20;
const FAILED = 125;

/** Names for the file of a recording when nobody gives one. */
const MOST_NAMES = 1000;

/** The file for the lines. One that nobody named replaces nothing. @throws SeccompcError OUTPUT_UNWRITABLE */
function openKept(path: string | undefined, words: readonly string[], subject: string | undefined): Kept {
  if (path === '-') {
    fail({ code: 'USAGE', message: "standard output is the command's own", help: '-o FILE keeps the recording' });
  }
  if (path !== undefined) {
    if (subject !== undefined && isSameFile(path, subject)) {
      fail({ code: 'USAGE', file: path, message: 'the recording would replace the profile' });
    }
    try {
      return { path, fd: openSync(path, 'w', 0o666) };
    } catch (error) {
      return refuse(path, error);
    }
  }
  const name = basename(words[0] as string);
  for (let i = 0; i < MOST_NAMES; i++) {
    const free = `${name}${i === 0 ? '' : `.${i}`}.strace`;
    try {
      return { path: free, fd: openSync(free, 'wx', 0o666) };
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') return refuse(free, error);
    }
  }
  return fail({ code: 'USAGE', message: `${name}.strace and its like are all there`, help: '-o FILE names another' });
}

const SIMPLE = /^[\w@%+=:,./-]+$/;

/** A path as a shell takes it. */
function forShell(path: string): string {
  const shown = forTerminal(path);
  return SIMPLE.test(shown) ? shown : `'${shown.replaceAll("'", "'\\''")}'`;
}

/** Options of the report where there is nothing to report. */
function requireNoReport(flags: TraceFlags): void {
  const given = [
    ['--baseline', flags.baseline],
    ['--write-baseline', flags.writeBaseline],
    ['--report', flags.report],
  ].find(([, value]) => value !== undefined);
  if (given === undefined) return;
  fail({ code: 'USAGE', message: `${given[0]} needs a profile: seccompc trace PROFILE -- COMMAND` });
}

/** A command may run for long: that there is no place for its report is said before. @throws SeccompcError OUTPUT_UNWRITABLE */
function requirePlace(path: string | undefined): void {
  if (path === undefined || path === '-') return;
  try {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' });
    accessSync(dirname(path), constants.W_OK);
  } catch (error) {
    refuse(path, error);
  }
}

type Say = (text: string) => void;

/** Denials are told when they come. */
function replayingOf(side: Side, say: Say): Replaying {
  let told = 0;
  return new Replaying(new Decider(side.filter), ({ call, word }) => {
    told += 1;
    if (told > MOST_LIVE) return;
    const abi = call.arch === undefined ? '' : `${call.arch.name} `;
    say(`${abi}${forTerminal(callText(call))} would get ${describeWord(word, call.arch)}`);
    if (told === MOST_LIVE) say('what else is denied stands in the report');
  });
}

/** Takes all events, for the replay or for nothing. */
async function take(stream: TraceStream, replaying: Replaying | undefined): Promise<void> {
  if (replaying !== undefined) await replaying.take(stream);
  else for await (const _ of stream.batches());
}

/** Throws what strace shows by having seen no command at all. */
function requireCommand({ calls, end }: TraceWatch, ended: StraceEnd, command: string): void {
  const how = ended.signal ?? `status ${ended.status}`;
  if (calls === 0) {
    fail({
      code: 'RUN_FAILED',
      message: `strace recorded nothing (${how})`,
      help: 'may this user trace? Containers need SYS_PTRACE; else see /proc/sys/kernel/yama/ptrace_scope',
    });
  }
  // Its own execve, and then strace's child gave up. Whatever was started makes more calls, at least to end.
  if (calls === 1 && end?.status === 1) {
    fail({ code: 'COMMAND_UNABLE', file: command, message: 'the system does not take it for a program' });
  }
}

async function trace(subject: string | undefined, words: readonly string[], flags: TraceFlags): Promise<void> {
  const terminal = new Terminal(false);
  const say: Say = (text) => {
    if (!flags.quiet) terminal.aside(`seccompc: ${text}`);
  };
  const command = words[0] ?? '';
  findCommand(command);
  const strace = findStrace();
  if (subject === undefined) requireNoReport(flags);
  for (const path of [flags.report, flags.writeBaseline]) requirePlace(path);
  if (flags.kernel !== undefined) kernelVersion(flags.kernel);
  const report = openReport(flags);
  const side = subject === undefined ? undefined : sideOf(readSubject(subject, flags), flags);
  const replaying = side && replayingOf(side, say);
  if (strace.lacks !== undefined) say(strace.lacks);
  const kept = side && flags.output === undefined ? undefined : openKept(flags.output, words, subject);
  try {
    const recording = new Recording(strace, words, kept);
    const watch = new TraceWatch(recording, flags.wait, say);
    const options = {
      file: kept?.path ?? `strace of ${basename(command)}`,
      format: 'strace' as const,
      machine: machine(),
      arch: flags.traceArch,
      wanted: replaying?.wanted ?? (() => 0),
    };
    await take(watch.over(readTrace(recording, options)), replaying);
    watch.done();
    const ended = await recording.ended;
    requireCommand(watch, ended, command);
    const status =
      side && replaying
        ? report.write(replaying.result({ kernel: flags.kernel }), side, { path: flags.report ?? '-', fd: 2 })
        : 0;
    // A report has said so itself.
    if (side === undefined) for (const why of recording.incomplete) say(`incomplete: ${forTerminal(why)}`);
    if (kept !== undefined) sayNext(kept.path, watch.calls, subject, say);
    end(watch, recording.unwritten, status, say);
  } finally {
    if (kept !== undefined) closeSync(kept.fd);
  }
}

function sayNext(path: string, calls: number, subject: string | undefined, say: Say): void {
  const file = forShell(path);
  say(`${calls} calls are in ${forTerminal(path)}`);
  if (subject !== undefined) return;
  // A file of another name than the profile's: whoever pastes this line must not lose the profile that is there.
  const learn = `seccompc learn ${file} -o ${forShell(`${path}.jsonc`)}`;
  const replay = `seccompc replay PROFILE ${file}`;
  const column = Math.max(learn.length, replay.length);
  say(`next: ${learn.padEnd(column)}   # the profile that lets them through`);
  say(`      ${replay.padEnd(column)}   # what another would have said`);
}

/** As the command ended; where it ended well, as the replay did. */
function end({ end }: TraceWatch, unwritten: string | undefined, status: number, say: Say): void {
  if (end === undefined || unwritten !== undefined) process.exitCode = FAILED;
  else if (end.signal !== undefined) {
    say(`the command was ended by ${forTerminal(end.signal)}`);
    endBy(signalNumber(end.signal) ?? 0);
  } else {
    if (end.status) say(`the command ended with status ${end.status}`);
    process.exitCode = end.status || status;
  }
}

/** What stands in front of -- and behind it. The parser has taken that away; a value of an option may look like it. */
function parted(
  operands: readonly string[],
  argv: readonly string[],
): readonly [string | undefined, readonly string[]] {
  for (let at = argv.indexOf('--'); at >= 0; at = argv.indexOf('--', at + 1)) {
    const command = argv.slice(at + 1);
    const before = operands.length - command.length;
    if (before < 0 || before > 1 || command.some((word, i) => operands[before + i] !== word)) continue;
    if (command.length > 0) return [before === 1 ? operands[0] : undefined, command];
  }
  return fail({
    code: 'USAGE',
    message: 'the command to run stands behind --',
    help: 'seccompc trace seccomp.json -- ls -l; or, to record alone: seccompc trace -o ls.strace -- ls -l',
  });
}

export function addTrace(program: Command): void {
  const command = program
    .command('trace')
    .summary('record the calls of a command, and replay them while it runs')
    .description(
      'Runs the command under strace, with the flags that a replay knows most from. Nothing is denied: with a profile (or a\n' +
        'program, or an ELF file) it is told what the filter would have done, while the command runs and in a report on\n' +
        "standard error. Streams and signals are the command's own. Status: the command's where it did not end well (by a\n" +
        'signal: the same signal), else that of replay: 0, 1 denied, 3 open under --strict. Own failures: 125, 126 (the\n' +
        'command or strace cannot be run), 127 (there is none).',
    )
    .argument('[words...]', 'a profile, a raw program or an ELF file, or nothing; then, behind --, what to run')
    .usage('[options] [profile] -- <command> [argument...]')
    .option('-o, --output <file>', 'keep what is recorded (without a profile: NAME.strace)')
    .option('--report <file>', 'where the report goes, instead of standard error')
    .option('--no-wait', 'end with the command, whatever it has left running')
    .option('--section <name>', 'of the ELF file', DEFAULT_SECTION);
  addReportOptions(command).action((words: readonly string[], flags: TraceFlags) => {
    const [subject, run] = parted(words, process.argv.slice(2));
    return trace(subject, run, flags);
  });
  define(command, {
    group: 'processes',
    runs: true,
    result: 'document',
    quiet: 'the report and failures alone',
    json: { none: "standard output is the command's own; --report FILE --format json has the report" },
    examples: [
      ['trace -o app.strace -- ls -l', 'records'],
      ['trace seccomp.json -- ls', 'would this profile break it?'],
      ['trace seccomp.json --report report.html --format html -- ls', 'the same as a page'],
    ],
  });
}
