/**
 * A command under a filter, as if nothing stood between it and whoever started this process: its standard streams, its
 * signals, its stops, and how it ends.
 *
 *     this process --spawn--> supervisor (machine/supervise.ts) --clone--> the launcher, which becomes the command
 *                  <--descriptor: process id, wait statuses--
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, fstatSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { Readable } from 'node:stream';
import { fail } from '../diag/index.ts';
import { ByteView } from '../num/index.ts';
import { placeProgram } from './process-file.ts';
import { HERE } from './process-status.ts';
import { Signals } from './run-signals.ts';
import { codeOf } from './unwritable.ts';

export interface Command {
  /** What is executed. */
  readonly path: string;
  /** argv, its first word included. */
  readonly words: readonly string[];
  /** Descriptors of this process from 3 on that it gets too, under the same numbers. */
  readonly descriptors: readonly number[];
  /** The descriptor of this process that is its standard output; 1 unless stated. */
  readonly output?: number | undefined;
}

export type Ended =
  | { readonly pid: number; readonly status: number }
  /** A number: Node has no names for real-time signals. */
  | { readonly pid: number; readonly signal: number };

const cannot = (why: string, help?: string): never =>
  fail({ code: 'RUN_FAILED', message: `the command was not started: ${why}`, help });

/** Throws USAGE for a descriptor that is not open. */
export function checkDescriptors(descriptors: readonly number[]): void {
  for (const fd of descriptors) {
    try {
      fstatSync(fd);
    } catch {
      fail({ code: 'USAGE', message: `descriptor ${fd} is not open` });
    }
  }
}

/** The first descriptor behind all that the command gets: there it is told how the command does. */
export function toldOn({ descriptors }: Pick<Command, 'descriptors'>): number {
  return Math.max(2, ...descriptors) + 1;
}

/**
 * Runs the launcher to the command's end. `launcher` is one with argv[0] apart, supervised on `toldOn(command)`.
 * @throws SeccompcError RUN_FAILED, COMMAND_UNABLE
 */
export async function runLauncher(launcher: Uint8Array, command: Command): Promise<Ended> {
  const signals = new Signals();
  try {
    return await watch(...startTold(launcher, command), signals);
  } finally {
    signals.release();
  }
}

/**
 * Starts an emitted program with the command's path and words as arguments; the second result is what it tells on
 * `toldOn(command)`.
 * @throws SeccompcError RUN_FAILED, COMMAND_UNABLE
 */
export function startTold(elf: Uint8Array, command: Command): readonly [ChildProcess, Readable] {
  const placed = placeProgram(elf);
  if ('why' in placed) return cannot(placed.why, placed.help);
  const told = toldOn(command);
  const stdio = Array.from({ length: told + 1 }, (_, fd) => {
    if (fd === told) return 'pipe';
    if (fd === 1) return command.output ?? fd;
    return fd <= 2 || command.descriptors.includes(fd) ? fd : 'ignore';
  });
  try {
    const child = spawn(placed.path, [command.path, ...command.words], { argv0: 'seccompc-launcher', stdio });
    const words = child.stdio?.[told];
    return words instanceof Readable ? [child, words] : cannot('too many files are open');
  } catch (error) {
    const code = codeOf(error);
    if (code === 'E2BIG') {
      const message = 'its arguments and the environment are longer than the system takes (E2BIG)';
      return fail({ code: 'COMMAND_UNABLE', file: command.path, message });
    }
    if (code === '') throw error;
    return cannot(`the launcher does not start (${code})`);
  } finally {
    // It was executed, if it can be, before spawn returned.
    closeSync(placed.fd);
  }
}

function watch(child: ChildProcess, words: Readable, signals: Signals): Promise<Ended> {
  return new Promise((resolve, reject) => {
    let pid: number | undefined;
    let last: number | undefined;
    let rest: Buffer = Buffer.alloc(0);
    const hear = (word: number) => {
      if (pid !== undefined) {
        last = word;
        if (isStop(word)) signals.stopped((word >> 8) & 0xff);
      } else if (word > 0) {
        pid = word;
        signals.startedAs(pid);
      } else last = word;
    };
    words.on('data', (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk]);
      const view = new ByteView(rest, HERE);
      const whole = rest.length - (rest.length % 4);
      for (let at = 0; at < whole; at += 4) hear(view.u32(at) | 0);
      rest = rest.subarray(whole);
    });
    child.on('error', (error: NodeJS.ErrnoException) => reject(refusal(`the launcher does not start (${error.code})`)));
    child.on('close', () => {
      if (pid !== undefined && last !== undefined && !isStop(last)) {
        resolve((last & 0x7f) === 0 ? { pid, status: (last >> 8) & 0xff } : { pid, signal: last & 0x7f });
      } else if (pid !== undefined)
        reject(refusal(`its supervisor was killed; the command may run on as process ${pid}`));
      else reject(refusal(`there is no process for it (errno ${last === undefined ? 'unknown' : -last})`));
    });
  });
}

/** wait(2): the low byte of a stop's status. */
export function isStop(status: number): boolean {
  return (status & 0xff) === 0x7f;
}

function refusal(why: string): unknown {
  try {
    return cannot(why);
  } catch (error) {
    return error;
  }
}

/** Signals whose default is to write a core file: of this process nobody wants one. */
const CORE_FILTER = '/proc/self/coredump_filter';

/**
 * Ends this process by a signal, as the command ended: whoever waits for it sees the same. Where it does not end of it,
 * the status is 128 and the signal's number, as a shell has it.
 */
export function endBy(signal: number): void {
  process.exitCode = 128 + signal;
  try {
    writeFileSync(CORE_FILTER, '0');
  } catch {
    // A kernel without core files.
  }
  const name = (Object.keys(constants.signals) as NodeJS.Signals[]).find(
    (known) => constants.signals[known] === signal,
  );
  if (name !== undefined && name !== 'SIGKILL' && name !== 'SIGSTOP') {
    // Node ignores SIGPIPE and SIGXFSZ; a listener that comes and goes leaves the default behind.
    process.once(name, () => {});
    process.removeAllListeners(name);
  }
  process.kill(process.pid, signal);
}
