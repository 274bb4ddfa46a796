/**
 * A folder that is held open, so that its path may lead elsewhere meanwhile (a link swapped, a folder renamed) and the
 * names in it still mean the same. Node has no openat(2); on Linux /proc/self/fd/N leads to what descriptor N is open
 * on, whatever its path has become. Where that does not work the plain path is used, and is only as good as a path.
 */
import { closeSync, constants, fstatSync, fsyncSync, openSync, statSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Needs no permission to list the folder, as using a path does not. Node does not name the flag; the value is that of
 * every Linux machine that Node runs on. @see Linux 6.12 include/uapi/asm-generic/fcntl.h
 */
const O_PATH = 0o10000000;

export class Folder {
  readonly #path: string;
  readonly #fd: number | undefined;

  /** `path` has no symbolic link in it. */
  constructor(path: string) {
    this.#fd = process.platform === 'linux' ? pinned(path) : undefined;
    this.#path = this.#fd === undefined ? path : `/proc/self/fd/${this.#fd}`;
  }

  /** A path for a name in the folder; good until the folder is closed. */
  at(name: string): string {
    return join(this.#path, name);
  }

  /** Makes what was renamed survive a power cut. Some file systems cannot; the names are right all the same. */
  sync(): void {
    try {
      const fd = openSync(`${this.#path}/.`, constants.O_RDONLY);
      try {
        fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
    } catch {
      // Not an error: nothing is left to undo.
    }
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
  }
}

/** A descriptor of the folder that /proc leads back to; undefined where /proc is not mounted. */
function pinned(path: string): number | undefined {
  const fd = openSync(path, O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    const [own, there] = [fstatSync(fd, { bigint: true }), statSync(`/proc/self/fd/${fd}/.`, { bigint: true })];
    if (own.dev === there.dev && own.ino === there.ino) return fd;
  } catch {
    // ENOENT: no /proc.
  }
  closeSync(fd);
  return undefined;
}
