/**
 * An emitted program as an open file that can be executed and has no name any more: it is written to an exclusive file in
 * a fresh 0700 folder, opened, and removed, all within a millisecond. Whoever starts /proc/self/fd/N starts it, so nothing
 * is left behind however this process ends; only SIGKILL within that millisecond leaves a folder.
 */
import { accessSync, closeSync, constants, fchmodSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { codeOf } from './unwritable.ts';

export type PlacedProgram =
  | {
      readonly fd: number;
      /** What to execute; it leads to the file in this process, and in a child until the child executes something. */
      readonly path: string;
    }
  | { readonly why: string; readonly help: string };

const HELD: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** A signal that nobody waits for, and that would end this process, does so after `body`. */
function uninterrupted<T>(body: () => T): T {
  const ours = HELD.filter((signal) => process.listenerCount(signal) === 0);
  const stop = () => {
    for (const signal of ours) process.off(signal, again);
  };
  const again = (signal: NodeJS.Signals) => {
    stop();
    process.kill(process.pid, signal);
  };
  for (const signal of ours) process.on(signal, again);
  try {
    return body();
  } finally {
    // A signal that came meanwhile is delivered when the event loop polls, which it does between two immediates.
    setImmediate(() => setImmediate(stop));
  }
}

function nameless(elf: Uint8Array, parent: string): number {
  const folder = mkdtempSync(join(parent, 'seccompc-run-')); // 0700
  try {
    const path = join(folder, 'program');
    const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY, O_RDONLY } = constants;
    const writing = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o700);
    try {
      writeFileSync(writing, elf);
      fchmodSync(writing, 0o500); // whatever the umask is
    } finally {
      closeSync(writing);
    }
    return openSync(path, O_RDONLY | O_NOFOLLOW);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Where files can be written for a moment; the first of them that runs programs is taken. */
function folders(): readonly string[] {
  const { XDG_RUNTIME_DIR } = process.env;
  return [...new Set([tmpdir(), ...(XDG_RUNTIME_DIR ? [XDG_RUNTIME_DIR] : []), '/var/tmp', '/dev/shm'])];
}

/** `elf`, ready to be executed. The caller closes the descriptor. */
export function placeProgram(elf: Uint8Array, parents: readonly string[] = folders()): PlacedProgram {
  const reasons: string[] = [];
  for (const parent of parents) {
    let fd: number;
    try {
      fd = uninterrupted(() => nameless(elf, parent));
    } catch (error) {
      reasons.push(`${parent} cannot be written to (${codeOf(error)})`);
      continue;
    }
    const path = `/proc/self/fd/${fd}`;
    try {
      // access(2) also asks whether the file system is mounted noexec.
      accessSync(path, constants.X_OK);
      return { fd, path };
    } catch (error) {
      closeSync(fd);
      if (codeOf(error) === 'ENOENT')
        return { why: '/proc is not mounted, and programs are started through it', help: 'mount -t proc proc /proc' };
      reasons.push(`no program can be run from ${parent} (is it mounted noexec?)`);
    }
  }
  return { why: reasons.join('; '), help: 'name a folder on a file system that runs programs: TMPDIR=FOLDER' };
}
