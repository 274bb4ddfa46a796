/**
 * seccompc build --dry-run: runs the program with the very start that --enforce would give it, under a filter that denies
 * nothing and shows a tracer what would have been denied. "Nothing" is only said where everything was seen: the filter in
 * force from the first instruction, each process traced to its end, and nothing done that hides calls from a tracer.
 */

import { constants } from 'node:os';
import { basename } from 'node:path';
import { type Arch, archOfNode, describeWord, errnoName, type SeccompData, syscallName } from '../arch/index.ts';
import { abiOf } from '../build/describe.ts';
import { openProgram, tracedProgram } from '../build/traced.ts';
import { type Diagnostic, fail, forTerminal, SeccompcError } from '../diag/index.ts';
import type { Edit } from '../elf/index.ts';
import type { OpenedElf } from '../host/elf-file.ts';
import { HERE, threadStatus } from '../host/process-status.ts';
import { type Traced, traceCommand } from '../host/trace-command.ts';
import { trialFile } from '../host/trial-file.ts';
import { type CheckedProgram, outcome } from '../kernel/index.ts';
import { isCpuName, REFUSED_STATUS, tracerElf } from '../machine/index.ts';
import { hex } from '../num/index.ts';
import { type Decision, decide, type Policy } from '../policy/index.ts';
import { ruleText } from '../report/calls.ts';
import { type Denied, Findings, type SeenProcess } from './dry-run-findings.ts';
import { diagnosticsData, type Terminal } from './terminal.ts';

export interface DryRun {
  readonly opened: OpenedElf;
  /** The program's own ABI. */
  readonly own: Arch;
  readonly policy: Policy;
  readonly program: CheckedProgram;
  /** The change to the file that puts another filter in this one's place, and a start that tells the tracer. */
  readonly plan: (program: CheckedProgram) => Edit;
  /** Where the result would have been written. */
  readonly path: string;
  /** argv: the program as it was named, and its arguments. */
  readonly words: readonly [string, ...string[]];
  /** Stop at every call, not at those alone that would be denied. */
  readonly every: boolean;
  /** What else there is to say. */
  readonly diagnostics: readonly Diagnostic[];
}

/** The tracer's descriptor: the first that the program is not given. */
const TELL = 3;
/** Seccomp in /proc/PID/status: there are filters. */
const FILTERED = 2;
/** Processes that are named for one kind of call. */
const NAMED = 4;

function unseen(message: string, help?: string): never {
  return fail({ code: 'DRY_RUN_UNSEEN', message, help });
}

/** The tracer for this machine, where it can run programs of this ABI. */
function tracerFor(own: Arch, every: boolean): Uint8Array {
  const here = process.platform === 'linux' ? archOfNode(process.arch, HERE) : undefined;
  if (here === undefined || !isCpuName(here.name)) {
    return unseen(
      `a dry run needs Linux on a CPU that there is a tracer for; this is ${process.platform} on ${process.arch}`,
    );
  }
  if (own.native !== here.native) {
    return unseen(
      `the program is for ${own.name} and this machine is ${here.name}`,
      'do the dry run on a machine that runs the program',
    );
  }
  return tracerElf({ arch: here.name, tell: TELL, every });
}

/** Runs the program; throws DRY_RUN_UNSEEN when it could not be watched from its first instruction on. */
async function watched(
  run: DryRun,
  terminal: Terminal,
): Promise<{ readonly traced: Traced; readonly findings: Findings }> {
  const { opened, own, program, words } = run;
  // What a filter that is in force already denies never comes to one that is installed later.
  const every = run.every || threadStatus(process.pid)?.seccomp === FILTERED;
  const tracer = tracerFor(own, every);
  const filter = every
    ? openProgram(own)
    : (tracedProgram(program, own) ??
      unseen(
        `the filter has ${program.length} instructions: no room is left for those that watch`,
        '--every-call needs none',
      ));
  const trial = trialFile(opened, run.plan(filter), run.path);
  try {
    if (trial.elsewhere) {
      terminal.aside(`dry run: nothing can be written beside the program; it runs as ${forTerminal(trial.path)}`);
    }
    const findings = new Findings(program, basename(trial.path), basename(words[0]), every);
    const command = { path: trial.path, words, descriptors: [], ...(terminal.json && { output: 2 }) };
    const traced = await traceCommand(tracer, command, {
      call: (call) => findings.hear(call),
      executed: (tid) => findings.executed(tid),
      leftBehind: () =>
        terminal.aside('dry run: the program has ended, and what it started runs on and is watched; Ctrl-C ends it'),
    });
    requireStart(traced, findings);
    return { traced, findings };
  } catch (error) {
    // Here it is evidence that is missing, and no command that failed.
    if (!(error instanceof SeccompcError)) throw error;
    throw new SeccompcError(error.diagnostics.map((d) => ({ ...d, code: 'DRY_RUN_UNSEEN' })));
  } finally {
    trial.remove();
  }
}

/** 'EPERM', or '524'. */
const errnoText = (errno: number): string => errnoName(errno) ?? String(errno);

const WHY_NOT_TRACED: ReadonlyMap<string, string> = new Map([
  [
    'EPERM',
    'something forbids tracing: kernel.yama.ptrace_scope, a container that denies ptrace(2), or a tracer that this process runs under itself (strace)',
  ],
  ['ENOSYS', 'this kernel, or the sandbox around this process, has no ptrace(2)'],
]);

const WHY_NOT_RUN: ReadonlyMap<string, string> = new Map([
  ['EACCES', 'it may lack the permission to be run (chmod +x), or lie on a file system mounted noexec'],
  ['ENOENT', 'its loader (the interpreter that readelf -l shows) is not installed here'],
  ['ENOEXEC', 'this kernel runs no programs of its kind'],
]);

function requireStart({ pid, errno, started, status, signal, whole, ended }: Traced, findings: Findings): void {
  if (pid === undefined)
    unseen(`the program cannot be traced (${errnoText(errno)})`, WHY_NOT_TRACED.get(errnoText(errno)));
  if (!started) {
    const why = status === undefined ? `signal ${signal ?? 'unknown'}` : errnoText(status);
    unseen(`the program was not started: ${why}`, WHY_NOT_RUN.get(why));
  }
  if (!whole && !ended) unseen('the tracer was killed before the program had ended, and the program with it');
  if (findings.hasStarted) return;
  if (status === REFUSED_STATUS) {
    unseen('the filter could not be installed: this kernel, or a filter that is in force already, refuses it');
  }
  unseen('the program ended before its own first instruction', 'it may fail in its loader: run it as it is first');
}

const signalText = (signal: number): string =>
  Object.entries(constants.signals).find(([, number]) => number === signal)?.[0] ?? `signal ${signal}`;

function endText({ status, signal, ended }: Traced): string {
  if (status !== undefined) return `ended with status ${status}`;
  return signal === undefined ? `was ended${ended ? ' on request' : ''}` : `was ended by ${signalText(signal)}`;
}

const processText = ({ pid, name }: SeenProcess): string =>
  pid === undefined ? 'a process that /proc does not name' : `${name} (${pid})`;

/** The arguments that rules for the call look at: what else stands in the registers decides nothing. */
function argumentsText({ args }: SeccompData, { call }: Decision): string {
  const looked = new Set(call?.rules.flatMap(({ conditions }) => conditions.map((c) => c.argIndex)));
  const shown = [...looked].toSorted().map((i) => `argument ${i} is ${hex(args[i] ?? 0n)}`);
  return shown.length === 0 ? '' : `; of the first, ${shown.join(', ')}`;
}

function deniedDiagnostic({ word, first, count, processes }: Denied, policy: Policy): Diagnostic {
  const abi = abiOf(first);
  const name = abi && syscallName(abi, first.nr);
  const call = `${name ?? 'a call without a name'}, call ${first.nr} of ${abi?.name ?? `architecture ${hex(first.arch)}`}`;
  const named = [...processes.values()].map(processText);
  const who = [...named.slice(0, NAMED), ...(named.length > NAMED ? [`${named.length - NAMED} more`] : [])].join(', ');
  const times = count === 1 ? 'once' : `${count} times`;
  const decision = decide(policy, first);
  const { rule, reason } = decision;
  const help = reason === 'default' ? 'no rule for it matches: the default action decides' : undefined;
  return {
    code: 'DRY_RUN_DENIED',
    severity: 'error',
    source: policy.source,
    ...(rule && { span: rule.origin.span }),
    message: `${call}, would get ${describeWord(word, abi)}: ${times}, by ${who}${argumentsText(first, decision)}`,
    help: reason === 'unknown-arch' ? 'the profile does not name this architecture' : help,
  };
}

function deniedData({ word, first, count, processes }: Denied): Record<string, unknown> {
  const abi = abiOf(first);
  return {
    call: (abi && syscallName(abi, first.nr)) ?? null,
    nr: first.nr,
    arch: hex(first.arch),
    abi: abi?.name ?? null,
    word: hex(word),
    action: describeWord(word, abi),
    count,
    first: first.args.map(hex),
    processes: [...processes.values()].map((p) => ({ pid: p.pid ?? null, name: p.name ?? null, count: p.count })),
  };
}

/** Calls that no rule names and the default action denies: a rule by the name alone lets them through. */
function unnamed(denied: readonly Denied[], policy: Policy): readonly string[] {
  const names = denied.flatMap(({ first }) => {
    const { reason, call } = decide(policy, first);
    const abi = abiOf(first);
    return reason === 'default' && call === undefined ? ((abi && syscallName(abi, first.nr)) ?? []) : [];
  });
  return [...new Set(names)].sort();
}

const KILLS: ReadonlySet<string> = new Set(['kill-thread', 'kill-process', 'trap']);

/** What can be said in a line: how it ended, and what that means. */
function verdictLines(run: DryRun, traced: Traced, denied: readonly Denied[], isSure: boolean): readonly string[] {
  const lines = [`dry run: ${forTerminal(run.words[0])} ${endText(traced)}; nothing was written`];
  const calls = denied.reduce((sum, { count }) => sum + count, 0);
  if (calls > 0) {
    lines.push(
      `  ${calls} ${calls === 1 ? 'call' : 'calls'} would have been denied, of ${denied.length} ${denied.length === 1 ? 'kind' : 'kinds'}`,
    );
    if (denied.some(({ word }) => KILLS.has(outcome(word).kind)))
      lines.push(
        '  the first that kills would have ended the process: what comes behind it would not have been reached',
      );
    const names = unnamed(denied, run.policy);
    if (names.length > 1) {
      const rule = ruleText({ names, action: 'SCMP_ACT_ALLOW' });
      lines.push(`  one rule for the ${names.length} that none names, if they are all to be allowed:`, `    ${rule}`);
    }
  } else if (isSure) lines.push('  nothing would have been denied: each of its calls was seen');
  if (traced.ended) lines.push('  what it left behind was watched until it was ended on request');
  return lines;
}

/** Runs it, tells what it found, and sets the exit status: 0 nothing, 1 something would be denied, 3 not all was seen. */
export async function dryRun(run: DryRun, terminal: Terminal): Promise<void> {
  terminal.diagnostics(run.diagnostics);
  const { traced, findings } = await watched(run, terminal);
  const denied = [...findings.denied.values()];
  const hidden = findings
    .hidden()
    .map(
      (message): Diagnostic => ({ code: 'DRY_RUN_UNSEEN', severity: denied.length > 0 ? 'warning' : 'error', message }),
    );
  const found = [...denied.map((d) => deniedDiagnostic(d, run.policy)), ...hidden];
  terminal.diagnostics(found);
  for (const line of verdictLines(run, traced, denied, hidden.length === 0)) terminal.aside(line);
  terminal.data({
    ok: found.length === 0,
    dryRun: {
      status: traced.status ?? null,
      signal: traced.signal === undefined ? null : signalText(traced.signal),
      endedOnRequest: traced.ended,
      complete: hidden.length === 0,
      denied: denied.map(deniedData),
    },
    diagnostics: diagnosticsData([...run.diagnostics, ...found]),
  });
  if (found.length > 0) process.exitCode = denied.length > 0 ? 1 : 3;
}
