/**
 * A command under strace: its lines as they come, through a FIFO of our own, since a descriptor would be handed on to the
 * command. Standard streams, arguments and environment are the command's own.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fail } from '../diag/index.ts';
import { Signals } from './run-signals.ts';
import type { Strace } from './strace.ts';
import { codeOf } from './unwritable.ts';

/** Where the lines go besides, already open. */
export interface Kept {
  readonly path: string;
  readonly fd: number;
}

/** How strace itself ended: as the command did, where it saw the command's end. */
export interface StraceEnd {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
}

const ENDING: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'];
/** By their defaults, so that a shell's job control stops all of the group. */
const LEFT_ALONE: readonly NodeJS.Signals[] = ['SIGTSTP', 'SIGCONT'];

/** A command that is being recorded. Its lines have to be taken: it waits for whoever reads them. */
export class Recording {
  /** Complete when the lines have been taken. */
  readonly incomplete: string[] = [];
  readonly ended: Promise<StraceEnd>;
  readonly #started: Started;
  readonly #kept: Kept | undefined;
  readonly #signals = new Signals(LEFT_ALONE);
  #unwritten: string | undefined;
  #isCut = false;
  #hasEnded = false;

  /** @throws SeccompcError RUN_FAILED, COMMAND_UNABLE */
  constructor(strace: Strace, words: readonly string[], kept: Kept | undefined) {
    this.#kept = kept;
    try {
      this.#started = start(strace, words);
    } catch (error) {
      this.#signals.release();
      throw error;
    }
    const { child, letGo } = this.#started;
    this.ended = new Promise((resolve, reject) => {
      child.on('exit', (status, signal) => {
        letGo();
        resolve({ status, signal });
      });
      child.on('error', (error: NodeJS.ErrnoException) => {
        if (child.pid === undefined) letGo();
        reject(failure(`strace was not started (${error.code})`));
      });
    });
    // Whoever takes the lines waits for it behind them.
    this.ended.catch(() => {});
  }

  /** The code of what went wrong with `kept`; undefined while all is well. */
  get unwritten(): string | undefined {
    return this.#unwritten;
  }

  /** The command's own process: signals go to it from now on. */
  startedAs(pid: number): void {
    this.#signals.startedAs(pid);
  }

  /** The command was seen to end: from now on whoever ends this process ends the recording of what it left behind. */
  commandEnded(): void {
    this.#hasEnded = true;
    this.#signals.release();
    for (const signal of ENDING) process.on(signal, this.cut);
  }

  /** Stops recording. What is recorded runs on, unwatched. */
  readonly cut = (): void => {
    if (this.#isCut) return;
    this.#isCut = true;
    this.incomplete.push('the recording was ended while what the command had started was still running');
    this.#started.child.kill('SIGKILL');
  };

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    const { child, lines, folder } = this.#started;
    try {
      for await (const chunk of lines) {
        // strace has opened it: nothing is left behind even if this process is killed.
        remove(folder);
        this.#write(chunk as Uint8Array);
        yield chunk as Uint8Array;
      }
      const { signal, status } = await this.ended;
      if (!this.#hasEnded)
        this.incomplete.push(`strace was ended (${signal ?? `status ${status}`}) before the command`);
    } finally {
      // Whoever stops early lets the command go.
      lines.destroy();
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      this.#signals.release();
      for (const signal of ENDING) process.off(signal, this.cut);
      remove(folder);
    }
  }

  #write(chunk: Uint8Array): void {
    if (this.#kept === undefined || this.#unwritten !== undefined) return;
    try {
      for (let at = 0; at < chunk.length; ) at += writeSync(this.#kept.fd, chunk, at);
    } catch (error) {
      // The command goes on, and so does whoever reads the lines.
      this.#unwritten = codeOf(error) || String(error);
      this.incomplete.push(`${this.#kept.path} could not be written to its end (${this.#unwritten})`);
    }
  }
}

interface Started {
  readonly child: ChildProcess;
  readonly lines: Socket;
  readonly folder: string;
  /** Closes our own writing end: then strace's end is that of the lines. */
  readonly letGo: () => void;
}

function start(strace: Strace, words: readonly string[]): Started {
  const folder = makeFolder();
  const fds: number[] = [];
  try {
    const fifo = join(folder, 'calls');
    makeFifo(fifo);
    // A reader that does not wait, so that the writer need not; a writer of ours, so that there is no end before strace's.
    const reading = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
    fds.push(reading);
    const writing = openSync(fifo, constants.O_WRONLY);
    fds.push(writing);
    const [tool = strace.path, ...rest] = [...dyingWithUs(), strace.path, ...strace.flags, '-o', fifo, '--', ...words];
    const child = spawn(tool, rest, { stdio: 'inherit' });
    const lines = new Socket({ fd: reading, readable: true, writable: false });
    return { child, lines, folder, letGo: () => closeSync(writing) };
  } catch (error) {
    for (const fd of fds) closeSync(fd);
    remove(folder);
    const code = codeOf(error);
    if (code === 'E2BIG') {
      const message = 'its arguments and the environment are longer than the system takes (E2BIG)';
      return fail({ code: 'COMMAND_UNABLE', file: words[0], message });
    }
    if (code === '') throw error;
    return fail({ code: 'RUN_FAILED', message: `strace was not started (${code})` });
  }
}

const WITH_PARENT: readonly string[] = ['setpriv', '--pdeathsig', 'KILL'];

/**
 * Words that let strace end when this process is killed. Without them it would go on and complain of each line that nobody
 * reads; busybox has none of this.
 */
function dyingWithUs(): readonly string[] {
  const [tool = '', ...flags] = WITH_PARENT;
  return spawnSync(tool, [...flags, 'true'], { stdio: 'ignore' }).status === 0 ? WITH_PARENT : [];
}

/** Once and again. */
function remove(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

function failure(message: string): unknown {
  try {
    return fail({ code: 'RUN_FAILED', message });
  } catch (error) {
    return error;
  }
}

function makeFolder(): string {
  try {
    return mkdtempSync(join(tmpdir(), 'seccompc-trace-'));
  } catch (error) {
    return fail({
      code: 'RUN_FAILED',
      file: tmpdir(),
      message: `there is no room for a FIFO between strace and seccompc (${codeOf(error)})`,
      help: 'TMPDIR names another folder',
    });
  }
}

function makeFifo(path: string): void {
  const { status, error, stderr } = spawnSync('mkfifo', ['-m', '600', path], { encoding: 'latin1' });
  if (status === 0) return;
  fail({
    code: 'RUN_FAILED',
    message: `mkfifo makes no FIFO (${error === undefined ? stderr.trim() : codeOf(error)})`,
    help: 'record by hand: strace -f -n -e raw=all -e quiet=attach,path-resolution,thread-execve -o FILE COMMAND; then seccompc replay',
  });
}
