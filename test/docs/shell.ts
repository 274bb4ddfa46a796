/**
 * Blocks of shell, as a reader types them: the lines run one after another in one bash, and the status of each is looked
 * at. `seccompc` is the command as it is built. To start it takes most of the time, so one process answers all calls that
 * only read and write files; what pipes, redirects, or starts programs of its own is a process of its own, and with
 * `--long` every call is.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export interface Ran {
  /** Both standard streams, as a terminal shows them. */
  readonly printed: string;
  /** Commands with their exit status, in the order of the block. */
  readonly commands: readonly { readonly text: string; readonly status: number }[];
  /** Of the shell: undefined where it came to the end of the block. */
  readonly ended: string | undefined;
}

const COMMAND = resolve('dist/seccompc.mjs');
/** Commands that start others, trace them, or are about this process. */
const OWN_PROCESS = 'run|trace|dump|verify|doctor';

/** The commands of a block: a line, or several where one ends in a backslash, an open quote or begins a here-document. */
export function commandsOf(text: string): readonly string[] {
  const commands: string[] = [];
  let open: string[] = [];
  let until: string | undefined;
  for (const line of text.trimEnd().split('\n')) {
    open.push(line);
    if (until !== undefined) {
      if (line !== until) continue;
      until = undefined;
    } else {
      until = /<<\s*'?(\w+)'?/.exec(line)?.[1];
      const quotes = open.join('\n').replace(/\\.|#.*$/gm, '');
      const isOpen = (quotes.match(/'/g)?.length ?? 0) % 2 === 1 || (quotes.match(/"/g)?.length ?? 0) % 2 === 1;
      if (until !== undefined || isOpen || /\\$/.test(line)) continue;
    }
    const command = open.join('\n');
    if (!/^\s*(#.*)?$/.test(command)) commands.push(command);
    open = [];
  }
  if (open.length > 0) throw new Error(`a command does not end: ${open.join('\n')}`);
  return commands;
}

/** Runs blocks; `folder` is for its own files, where no reader looks. */
export class Shell {
  readonly #folder: string;
  #server: ChildProcess | undefined;

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(join(folder, 'bin'), { recursive: true });
    symlinkSync(COMMAND, this.#at('bin/seccompc'));
    writeFileSync(this.#at('output'), '');
    const fifos = spawnSync('mkfifo', ['requests', 'replies'], { cwd: folder });
    if (process.env.SECCOMPC_LONG || fifos.status !== 0) return;
    const output = openSync(this.#at('output'), 'a');
    const server = [resolve('test/docs/command-server.mjs'), COMMAND, this.#at('requests'), this.#at('replies')];
    this.#server = spawn(process.execPath, server, { env: this.environment(), stdio: ['ignore', output, output] });
    this.#server.unref();
    closeSync(output);
  }

  end(): void {
    this.#server?.kill('SIGKILL');
  }

  #at(name: string): string {
    return join(this.#folder, name);
  }

  /** The environment of somebody who has not set anything: no colours, no certificates that slow node down. */
  environment(): NodeJS.ProcessEnv {
    const { NO_COLOR: _, FORCE_COLOR: __, NODE_OPTIONS: ___, NODE_EXTRA_CA_CERTS: ____, ...env } = process.env;
    return { ...env, PATH: `${this.#at('bin')}:${env.PATH}`, TERM: 'dumb' };
  }

  /** The shell's function of that name: hands a call on where nothing but the block's own output is connected to it. */
  #command(): readonly string[] {
    if (this.#server === undefined) return [];
    return [
      'seccompc() {',
      `  case " $* " in *" --dry-run "*|*" --live "*|*" - "*) command seccompc "$@"; return;; esac`,
      `  case "$1" in ${OWN_PROCESS}) command seccompc "$@"; return;; esac`,
      `  if ! [[ /dev/fd/0 -ef /dev/null && /dev/fd/1 -ef '${this.#at('output')}' && /dev/fd/2 -ef '${this.#at('output')}' ]]; then`,
      '    command seccompc "$@"; return; fi',
      '  local status',
      `  printf '%s\\0' "$PWD" "$@" >'${this.#at('requests')}' && read -r status <'${this.#at('replies')}'`,
      '  return "$status"',
      '}',
    ];
  }

  run(folder: string, text: string): Ran {
    const commands = commandsOf(text);
    const lines = commands.flatMap((command) => [command, `echo "$?" >>'${this.#at('status')}'`]);
    // What a block leaves in the background ends with it.
    const script = ['set -o pipefail', `trap 'kill $(jobs -p) 2>/dev/null' EXIT`, ...this.#command(), ...lines, ''];
    writeFileSync(this.#at('status'), '');
    truncateSync(this.#at('output'));
    // Appended to by the block and by the process that answers its calls, in the order of writing.
    const output = openSync(this.#at('output'), 'a');
    // timeout(1) makes a process group of the block, and ends all of it.
    const { signal, error } = spawnSync('timeout', ['--kill-after=5', '60', 'bash', '-c', script.join('\n')], {
      cwd: folder,
      env: this.environment(),
      stdio: ['ignore', output, output],
    });
    closeSync(output);
    const statuses = readFileSync(this.#at('status'), 'utf8').trim().split('\n').filter(Boolean).map(Number);
    const stopped =
      statuses.length < commands.length ? `after ${statuses.length} of ${commands.length} commands` : undefined;
    return {
      printed: readFileSync(this.#at('output'), 'utf8'),
      commands: statuses.map((status, i) => ({ text: commands[i] as string, status })),
      ended: error?.message ?? signal ?? stopped,
    };
  }
}
