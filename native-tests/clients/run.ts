/**
 * One run of the witness in a client: its outcomes, and the filters that its process really carries, as the kernel gives
 * them back. The witness is found by a word among its arguments, and ended by its process id.
 */
import { type ChildProcess, execFileSync } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as after } from 'node:timers/promises';
import { outcomeOf } from './calls.ts';
import type { Start } from './client.ts';
import { argumentsOf, type Place, processIds } from './place.ts';
import { program } from './programs.ts';

export interface Observed {
  /** One for each call, in their order. */
  readonly outcomes: readonly string[];
  /** Programs as bytes, in the order of installing. */
  readonly filters: readonly Uint8Array[];
  /** Seccomp_filters of /proc/PID/status. */
  readonly count: number;
}

const PATIENCE = 60_000;
/** The first descriptor that can be handed over, and the first that is. */
const FIRST = 3;
const OPENED = 10;

/** The witness among all processes; undefined when there is none. */
function witnessOf(token: string): number | undefined {
  return processIds().find((pid) => {
    const [name, first] = argumentsOf(pid);
    return name?.endsWith('/witness') && first === token;
  });
}

function filtersOf(pid: number): readonly Uint8Array[] {
  const lines = execFileSync(program('filters'), [String(pid)], { encoding: 'utf8' }).trim();
  return lines === '' ? [] : lines.split('\n').map((line) => Uint8Array.from(Buffer.from(line, 'hex')));
}

function observe(pid: number, output: string): Observed {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const lines = output.split('\n').filter((line) => /^(returned|signal|trapped) /.test(line));
  return {
    outcomes: lines.map(outcomeOf),
    filters: filtersOf(pid),
    count: Number(/^Seccomp_filters:\s*(\d+)$/m.exec(status)?.[1]),
  };
}

/** The witness may be gone: its sleep goes on by a call of its own after it was looked at, which a filter may deny. */
function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** What a process says, and how it ends. */
class Conversation {
  output = '';
  errors = '';
  readonly ended: Promise<string>;
  readonly #child: ChildProcess;

  constructor(child: ChildProcess) {
    this.#child = child;
    this.ended = new Promise((done) => {
      child.on('error', (error) => done(String(error)));
      child.on('close', (status, signal) => done(`it ended with ${signal ?? `status ${status}`}`));
    });
    child.stderr?.on('data', (chunk) => {
      this.errors += chunk;
    });
    child.stdout?.on('data', (chunk) => {
      this.output += chunk;
    });
  }

  /** Waits until a line says `word`. Throws when it ends before. */
  async says(word: RegExp): Promise<void> {
    const said = new Promise<undefined>((done) => {
      const look = () => {
        if (word.test(this.output)) done(undefined);
      };
      this.#child.stdout?.on('data', look);
      look();
    });
    const why = await Promise.race([said, this.ended, late()]);
    if (why !== undefined) throw new Error(why);
  }

  /** Waits for its end; ends it when that does not come. */
  async over(): Promise<void> {
    const stopping = new AbortController();
    const end = await Promise.race([this.ended, late(stopping.signal)]);
    stopping.abort();
    if (end !== LATE) return;
    this.#child.kill('SIGKILL');
    throw new Error('it did not end when the witness did');
  }
}

const LATE = `nothing came for ${PATIENCE / 1000} s`;
const late = (signal?: AbortSignal) =>
  after(PATIENCE, LATE, { ref: false, ...(signal && { signal }) }).catch(() => LATE);

/**
 * Starts a command that runs the witness, waits until it has made its calls, looks at its process, and ends that. `look`
 * is for whoever wants to look as well.
 */
export async function runWitness(
  place: Place,
  token: string,
  { command, open = [], env }: Start,
  look: (pid: number) => void = () => {},
): Promise<Observed> {
  const opened = open.map((path) => openSync(path, 'r'));
  // Descriptors are handed over by position: the first ones are placeholders.
  const filler = Array.from({ length: opened.length > 0 ? OPENED - FIRST : 0 }, () => openSync('/dev/null', 'r'));
  const fds = [...filler, ...opened];
  const talk = new Conversation(place.start(command, { fds, ...(env && { env }) }));
  for (const fd of fds) closeSync(fd);
  try {
    await talk.says(/^done$/m);
    const pid = witnessOf(token);
    if (pid === undefined) throw new Error('its process is not to be found');
    try {
      look(pid);
      return observe(pid, talk.output);
    } finally {
      end(pid);
      await talk.over();
    }
  } catch (error) {
    const shown = command.join(' ').slice(0, 300);
    throw new Error(`${error instanceof Error ? error.message : error}: ${shown} ...\n${talk.errors}${talk.output}`);
  }
}
