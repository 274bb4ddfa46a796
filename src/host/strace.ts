/** Which strace there is, what it is asked for, and how it names signals. */
import { spawnSync } from 'node:child_process';
import { constants } from 'node:os';
import { fail, type SeccompcError } from '../diag/index.ts';
import { findCommand } from './run-command.ts';
import { codeOf } from './unwritable.ts';

export interface Strace {
  readonly path: string;
  /** '6.1'; undefined where it does not say. */
  readonly version: string | undefined;
  readonly flags: readonly string[];
  /** What this version cannot record, in words. */
  readonly lacks: string | undefined;
}

const INSTALL =
  'install it: apt-get install strace (Debian, Ubuntu), dnf install strace (Fedora), apk add strace (Alpine), pacman -S strace (Arch)';

/** The versions since which there are options, as major times 1000 and minor. @see strace's NEWS of 5.6 and 5.9 */
const QUIET_SETS = 5006;
const NUMBERS = 5009;

/** @throws SeccompcError COMMAND_MISSING with how to install it, COMMAND_UNABLE */
export function findStrace(): Strace {
  let path: string;
  try {
    path = findCommand('strace');
  } catch (error) {
    const [first] = (error as SeccompcError).diagnostics ?? [];
    if (first?.code !== 'COMMAND_MISSING') throw error;
    return fail({ code: 'COMMAND_MISSING', file: 'strace', message: 'not found: it records the calls', help: INSTALL });
  }
  const { stdout, error } = spawnSync(path, ['-V'], { encoding: 'latin1', stdio: ['ignore', 'pipe', 'ignore'] });
  if (error !== undefined) fail({ code: 'COMMAND_UNABLE', file: path, message: `cannot be run (${codeOf(error)})` });
  const [, major, minor] = /^strace -- version (\d{1,3})\.(\d{1,3})/m.exec(stdout) ?? [];
  // One that does not say is as new as any: made from a repository.
  const age = major === undefined ? Number.POSITIVE_INFINITY : 1000 * Number(major) + Number(minor);
  return {
    path,
    version: major === undefined ? undefined : `${major}.${minor}`,
    flags: [
      '-f',
      ...(age >= NUMBERS ? ['-n'] : []),
      '-e',
      'raw=all',
      // Else -o hides when a process changes its ABI. What is attached would be said on the command's standard error.
      ...(age >= QUIET_SETS ? ['-e', 'quiet=attach,path-resolution,thread-execve'] : []),
    ],
    lacks:
      age >= NUMBERS
        ? undefined
        : `strace ${major}.${minor} prints no numbers of calls, so their ABI may stay open; 5.9 and later do`,
  };
}

/** The number of a signal as strace names it ('SIGTERM', 'SIGRT_3'); undefined for a name that nobody knows. */
export function signalNumber(name: string): number | undefined {
  const [, realtime] = /^SIGRT_(\d{1,2})$/.exec(name) ?? [];
  if (realtime !== undefined) return FIRST_REALTIME + Number(realtime);
  if (name === 'SIGRTMIN') return FIRST_REALTIME;
  return constants.signals[name as NodeJS.Signals];
}

/** The kernel's; C libraries keep the first two or three for themselves. */
const FIRST_REALTIME = 32;
