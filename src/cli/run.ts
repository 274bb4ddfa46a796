/** seccompc run: a command under a profile, as if nothing stood in between. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { archesOfAudit, archOfNode, syscallName } from '../arch/index.ts';
import { abiOf } from '../build/describe.ts';
import { compileProved, loadPolicy } from '../build/index.ts';
import { type Diagnostic, fail } from '../diag/index.ts';
import { readInput, textOf } from '../host/input.ts';
import { HERE } from '../host/process-status.ts';
import { checkDescriptors, endBy, runLauncher, toldOn } from '../host/run.ts';
import { findCommand } from '../host/run-command.ts';
import { type KilledCall, killedCall, SIGSYS } from '../host/run-killed.ts';
import { supervisedLauncher } from '../launcher/launcher.ts';
import { namedArch } from '../launcher/options.ts';
import type { Policy } from '../policy/index.ts';
import { define } from './definition.ts';
import { addPolicyOptions, list, type PolicyFlags, resolveOptions } from './options.ts';
import { Terminal } from './terminal.ts';

interface RunFlags extends PolicyFlags {
  readonly fd: readonly number[];
  readonly quiet?: boolean;
  /** False under --no-prove. */
  readonly prove: boolean;
}

/** The ABI of this machine. Throws LAUNCHER_NONE. */
function ownArch(): string {
  if (process.platform !== 'linux') {
    fail({ code: 'LAUNCHER_NONE', message: `this is ${process.platform}; filters are a thing of Linux` });
  }
  const own = archOfNode(process.arch, HERE);
  return namedArch(own?.name ?? process.arch);
}

function requireOwn(policy: Policy, own: string): void {
  const names = policy.arches.map(({ arch }) => arch.name);
  if (names.some((name) => name === own)) return;
  fail({
    code: 'USAGE',
    message: `this machine is ${own}, the filter is for ${names.join(', ')}: the command could make no call`,
    help: `--arch ${[own, ...names].join(',')}, or leave --arch out`,
  });
}

/** 'mount, call 165 of x86_64'. */
function callText({ arch, nr }: KilledCall): string {
  const abi = abiOf({ arch, nr });
  if (abi === undefined) return `call ${nr} of architecture 0x${arch.toString(16)}`;
  return `${syscallName(abi, nr) ?? 'one without a name'}, call ${nr} of ${abi.name}`;
}

function killed(call: KilledCall | undefined, pid: number, profile: string): Diagnostic {
  const base = { code: 'COMMAND_KILLED', severity: 'note' } as const;
  if (call === undefined) {
    return {
      ...base,
      message:
        'the command was killed by SIGSYS, the signal of a filter; the log that names the call cannot be read here',
      help: `as root: dmesg (or ausearch -m SECCOMP) shows it in a line with type=1326 and pid=${pid}; strace -f names the last call too`,
    };
  }
  const name = archesOfAudit(call.arch).map((abi) => syscallName(abi, call.nr))[0];
  const help =
    name && `why: seccompc explain ${profile} ${name}; what else it needs: seccompc trace ${profile} -- COMMAND`;
  return { ...base, message: `the filter killed the command: ${callText(call)}`, help };
}

async function run(profilePath: string, words: readonly string[], flags: RunFlags): Promise<void> {
  const terminal = new Terminal(false);
  const own = ownArch();
  checkDescriptors(flags.fd);
  const path = findCommand(words[0] ?? '');
  const policy = loadPolicy(textOf(readInput(profilePath)), resolveOptions(flags, [own]));
  requireOwn(policy, own);
  const { program } = compileProved(policy, { prove: flags.prove });
  const command = { path, words, descriptors: flags.fd };
  const options = { arch: own, flags: policy.flags, named: true };
  const launcher = supervisedLauncher(program, options, toldOn(command), command.descriptors);
  if (!flags.quiet) terminal.diagnostics(policy.diagnostics);

  const since = Date.now();
  const ended = await runLauncher(launcher, command);
  if ('status' in ended) {
    process.exitCode = ended.status;
    return;
  }
  if (ended.signal === SIGSYS && !flags.quiet) {
    terminal.diagnostics([killed(await killedCall(ended.pid, since), ended.pid, profilePath)]);
  }
  endBy(ended.signal);
}

/** '3,4' and repeated options. */
function descriptors(text: string, before: readonly number[] = []): readonly number[] {
  const wrong = list(text).find((word) => !/^\d{1,6}$/.test(word) || Number(word) < 3);
  if (wrong !== undefined)
    throw new InvalidArgumentError('Descriptors are numbers from 3 on; 0 to 2 are passed on anyway.');
  return [...new Set([...before, ...list(text).map(Number)])];
}

export function addRun(program: Command): void {
  const command = program
    .command('run')
    .summary('run a command under a profile')
    .description(
      "Compiles the profile for this machine, installs the filter and runs the command. Streams, signals and the terminal's\n" +
        'job control are those of the command, and so is the exit status: a command killed by a signal ends seccompc by the\n' +
        'same one. Own failures: 125 (the profile, the filter), 126 (the command cannot be run), 127 (there is none).\n' +
        'no_new_privs is set: programs with set-id bits gain nothing. The profile has to allow execve.',
    )
    .argument('<profile>', "the profile; '-' is standard input")
    .argument('<command...>', 'what to run, behind --')
    .usage('[options] <profile> -- <command> [argument...]')
    .addOption(
      new Option('--fd <list>', 'open descriptors from 3 on that the command gets too')
        .argParser(descriptors)
        .default([], 'none'),
    )
    .option('--no-prove', 'skip the proof that the filter equals the profile');
  addPolicyOptions(command).action((profile: string, words: readonly string[], flags: RunFlags) =>
    run(profile, words, flags),
  );
  define(command, {
    group: 'processes',
    runs: true,
    result: 'document',
    quiet: 'no warnings about the profile, and no word when the filter killed the command',
    json: { none: "standard output is the command's own" },
    examples: [['run seccomp.json -- ls -l', 'ls under the profile; its status is the status']],
  });
}
