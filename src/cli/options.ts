/** The options that say what a profile means, shared by every command that reads one. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { ResolveOptions } from '../policy/index.ts';
import { capabilityName, DOCKER_CAPABILITIES } from '../policy/vocabulary.ts';
import { takes } from './definition.ts';

export interface PolicyFlags {
  readonly arch?: readonly string[];
  readonly caps: 'none' | 'all' | 'docker';
  readonly cap: readonly string[];
  readonly kernel?: string;
  readonly runtime: 'none' | 'runc';
  readonly unknownArch?: 'kill-process' | 'kill' | 'errno';
  readonly onConflict: 'error' | 'first' | 'strictest';
  readonly multiplexed?: 'allow' | 'deny' | 'written';
  readonly ruleOrder?: 'oci' | 'first-match';
  readonly argWidth?: 'oci' | 'kernel';
  readonly enosysAbove?: boolean;
  readonly strict?: boolean;
}

/** 'a,b' and repeated options to one list. */
export function list(text: string, before: readonly string[] = []): readonly string[] {
  return [
    ...before,
    ...text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== ''),
  ];
}

const SIZE = /^(\d{1,12})([KMG]?)$/i;

function bytesOf(text: string): number {
  const [, number, unit = ''] = SIZE.exec(text) ?? [];
  if (number === undefined) throw new InvalidArgumentError('A size is a number of bytes, such as 500M or 2G.');
  return Number(number) * 2 ** (10 * ' KMG'.indexOf(unit.toUpperCase() || ' '));
}

/** Of whoever reads traces. */
export function maxBytesOption(): Option {
  return new Option('--max-bytes <size>', 'of a trace, unpacked').argParser(bytesOf);
}

/** The heading that they stand below in the help. */
export const POLICY_HEADING = 'What the profile means:';

export function addPolicyOptions(command: Command): Command {
  const own = command.options.length;
  addMeaning(command);
  for (const option of command.options.slice(own)) option.helpGroup(POLICY_HEADING);
  return command;
}

function addMeaning(command: Command): Command {
  return command
    .addOption(takes(new Option('--arch <list>', 'architectures: x86_64,i386,x32 ...').argParser(list), 'arch'))
    .addOption(new Option('--caps <set>', 'capabilities held').choices(['none', 'all', 'docker']).default('docker'))
    .addOption(
      takes(
        new Option('--cap <list>', 'capabilities held besides: NET_ADMIN ...').argParser(list).default([], 'none'),
        'capability',
      ),
    )
    .option('--kernel <version>', 'kernel that minKernel is compared with, such as 6.1 (else all count as satisfied)')
    .addOption(new Option('--runtime <name>', 'whose reading to follow').choices(['none', 'runc']).default('none'))
    .addOption(
      new Option('--unknown-arch <action>', 'for architectures not named (default: kill-process)').choices([
        'kill-process',
        'kill',
        'errno',
      ]),
    )
    .addOption(
      new Option('--on-conflict <how>', 'when rules with different actions match one call')
        .choices(['error', 'first', 'strictest'])
        .default('error'),
    )
    .addOption(
      new Option('--multiplexed <how>', 'socketcall and ipc for calls with conditions').choices([
        'allow',
        'deny',
        'written',
      ]),
    )
    .addOption(
      new Option('--rule-order <which>', 'as runc has it (oci), or the first rule that matches').choices([
        'oci',
        'first-match',
      ]),
    )
    .addOption(new Option('--arg-width <width>', 'compare 64 bits, or what the kernel uses').choices(['oci', 'kernel']))
    .option('--enosys-above', 'numbers above the largest one listed return ENOSYS (implied by --runtime runc)')
    .option('--strict', 'unknown system call names are errors in every rule');
}

/** `arches`: what to build for when --arch is not given (an ELF file's own ABI). */
export function resolveOptions(flags: PolicyFlags, arches?: readonly string[]): ResolveOptions {
  const base: ResolveOptions['caps'] = flags.caps;
  const added = flags.cap.map(capabilityName);
  const held = base === 'docker' ? [...DOCKER_CAPABILITIES, ...added] : added;
  return {
    arches: flags.arch ?? arches,
    caps: base === 'all' ? 'all' : held,
    kernel: flags.kernel,
    runtime: flags.runtime,
    unknownArch: flags.unknownArch,
    onConflict: flags.onConflict,
    multiplexed: flags.multiplexed,
    ruleOrder: flags.ruleOrder,
    argWidth: flags.argWidth,
    enosysAbove: flags.enosysAbove,
    strict: flags.strict,
  };
}
