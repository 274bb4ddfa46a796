/** Commands carried out by commands.c on a machine that is booted for them. */
import { boot, type InitFile } from './boot.ts';
import type { Machine } from './machines.ts';

export interface Ended {
  readonly status: number;
  readonly signal: number;
  readonly stdout: Uint8Array;
  readonly stderr: string;
  /** The filters that the process carried at its end, newest first, as sock_filter records of the machine. */
  readonly filters: readonly Uint8Array[];
}

export interface Session {
  readonly kernel: string;
  readonly seconds: number;
  /** One per command that runs a program. */
  readonly ended: readonly Ended[];
  /** What the other commands gave, in their order. */
  readonly answers: readonly string[];
}

/** What a session that throws at the first difference tells of itself. */
export interface Ran {
  readonly kernel: string;
  readonly seconds: number;
  /** Programs that were run. */
  readonly ran: number;
}

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex === '-' ? '' : hex, 'hex'));

/** Boots the machine with these files (all executable, in its root) and carries out the commands; see commands.c. */
export function session(
  machine: Machine,
  files: ReadonlyMap<string, Uint8Array>,
  commands: readonly string[],
  words: readonly string[] = [],
): Session {
  // riscv64 leaves registers of the old program to the new one; with lines of equal length init leaves the same.
  const list = commands.map((text) => `${text.padEnd(63)}\n`).join('');
  const folders = new Set([...files.keys()].flatMap((name) => foldersOf(name)));
  const inside: readonly InitFile[] = [
    { name: 'commands', mode: 0o100644, data: Buffer.from(list) },
    ...[...folders].map((name) => ({ name, mode: 0o040755 })),
    ...[...files].map(([name, data]) => ({ name, mode: 0o100755, data })),
  ];
  const { lines, kernel, seconds } = boot(machine, 'commands.c', inside, words);
  const runs = (command: string) => !/^[=?] /.test(command);
  if (lines.length !== commands.length)
    throw new Error(`${machine.name}: ${commands.length} commands, ${lines.length} answers:\n${lines.join('\n')}`);
  const ended = lines.flatMap((line, i): Ended[] => {
    if (!runs(commands[i]!)) return [];
    const [status, signal, stdout, stderr, ...filters] = line.split(' ') as [string, string, string, string];
    const errors = Buffer.from(bytes(stderr)).toString('latin1');
    const shown = filters as readonly string[];
    return [
      {
        status: Number(status),
        signal: Number(signal),
        stdout: bytes(stdout),
        stderr: errors,
        filters: shown.map(bytes),
      },
    ];
  });
  return { kernel, seconds, ended, answers: lines.filter((_, i) => !runs(commands[i]!)) };
}

/** 'a/b/c' lies in 'a' and in 'a/b'. */
function foldersOf(name: string): readonly string[] {
  const parts = name.split('/').slice(0, -1);
  return parts.map((_, i) => parts.slice(0, i + 1).join('/'));
}
