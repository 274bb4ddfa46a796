/**
 * Blocks of shell, as a reader types them: the lines run one after another in one bash, and the status of each is looked
 * at. `seccompc` is the command as it is built.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export interface Ran {
  /** Both standard streams, as a terminal shows them. */
  readonly printed: string;
  /** Commands with their exit status, in the order of the block. */
  readonly commands: readonly { readonly text: string; readonly status: number }[];
  /** Of the shell: undefined where it came to the end of the block. */
  readonly ended: string | undefined;
}

/** Where the helpers of a folder lie: not in the reader's way. */
const OWN = '.docs';

/** Makes the commands that a reader has on the PATH. */
export function preparePath(folder: string): void {
  const bin = join(folder, OWN, 'bin');
  mkdirSync(bin, { recursive: true });
  symlinkSync(resolve('dist/seccompc.mjs'), join(bin, 'seccompc'));
}

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

/** The environment of somebody who has not set anything: no colours, no certificates that slow node down. */
export function plainEnvironment(folder: string): NodeJS.ProcessEnv {
  const { NO_COLOR: _, FORCE_COLOR: __, NODE_OPTIONS: ___, NODE_EXTRA_CA_CERTS: ____, ...env } = process.env;
  return { ...env, PATH: `${join(folder, OWN, 'bin')}:${env.PATH}`, TERM: 'dumb' };
}

export function runShell(folder: string, text: string): Ran {
  const at = (name: string) => join(folder, OWN, name);
  const commands = commandsOf(text);
  const lines = commands.flatMap((command) => [command, `echo "$?" >>'${at('status')}'`]);
  // What a block leaves in the background ends with it.
  const script = ['set -o pipefail', `trap 'kill $(jobs -p) 2>/dev/null' EXIT`, ...lines, ''].join('\n');
  writeFileSync(at('status'), '');
  const output = openSync(at('output'), 'w');
  // timeout(1) makes a process group of the block, and ends all of it.
  const { signal, error } = spawnSync('timeout', ['--kill-after=5', '60', 'bash', '-c', script], {
    cwd: folder,
    env: plainEnvironment(folder),
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  const statuses = readFileSync(at('status'), 'utf8').trim().split('\n').filter(Boolean).map(Number);
  const stopped =
    statuses.length < commands.length ? `after ${statuses.length} of ${commands.length} commands` : undefined;
  return {
    printed: readFileSync(at('output'), 'utf8'),
    commands: statuses.map((status, i) => ({ text: commands[i] as string, status })),
    ended: error?.message ?? signal ?? stopped,
  };
}
