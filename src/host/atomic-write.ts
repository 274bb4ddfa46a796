/**
 * Writes a file whole or not at all: the bytes go to a temporary file in the same folder, which takes the old file's
 * name once it is on the disk. Whoever opens the name, at any moment and after any kill, finds the old file or the new
 * one. A running program can be replaced this way (its inode lives on), which writing into it cannot (ETXTBSY).
 *
 * Weak spots: extended attributes (file capabilities, ACLs), timestamps and hard links of the old file are not kept.
 * Between the last look at the target and the rename another writer has a few microseconds. SIGKILL leaves the
 * temporary file behind; nothing else does.
 */
import { randomBytes } from 'node:crypto';
import {
  type BigIntStats,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  openSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fail } from '../diag/collector.ts';
import { SeccompcError } from '../diag/error.ts';

/** Tells whether a file is still the one that was read; `fstatSync(fd, { bigint: true })` is one. */
export interface FileStamp {
  readonly dev: bigint;
  readonly ino: bigint;
  /** Bytes. */
  readonly size: bigint;
  /** Nanoseconds. */
  readonly mtimeNs: bigint;
  /** Names of the file. */
  readonly nlink?: bigint;
}

export interface ReplaceOptions {
  /** Permission bits (07777) of the result, instead of the old file's. */
  readonly mode?: number | undefined;
  /** A file whose permission bits (0777, no set-id) a target that does not exist yet takes; else 0666 less the umask. */
  readonly likeFile?: string | undefined;
  /** The target as it was when the caller read it: refused when it is another one now. */
  readonly expected?: FileStamp | undefined;
}

export interface Written {
  /** `through`: written into a pipe, terminal or device, which cannot be replaced. */
  readonly how: 'replaced' | 'created' | 'through';
  /** The file itself, behind symbolic links. */
  readonly path: string;
  /** False when the old file had an owner or group that this process may not give; set-id bits are dropped then. */
  readonly ownerKept: boolean;
}

/**
 * Gives the file at `path` these bytes.
 *
 * A symbolic link is followed and stays; owner, group and permission bits of the old file are kept where this process
 * may set them. Pipes, devices and /dev/stdout are written to directly.
 * @throws SeccompcError OUTPUT_UNWRITABLE; the target is unchanged then and the temporary file gone (bytes written to a
 *   pipe or device cannot be taken back)
 */
export function replaceFile(path: string, bytes: Uint8Array, options: ReplaceOptions = {}): Written {
  try {
    const fd = ownDescriptor(path);
    if (fd !== undefined) {
      writeAll(fd, bytes);
      return { how: 'through', path, ownerKept: true };
    }
    const old = statSync(path, { bigint: true, throwIfNoEntry: false });
    if (old !== undefined && !old.isFile()) {
      writeThrough(path, old, bytes);
      return { how: 'through', path, ownerKept: true };
    }
    const target = old === undefined ? newPath(path) : realpathSync(path);
    return uninterrupted(() => swap(target, bytes, options));
  } catch (error) {
    if (error instanceof SeccompcError) throw error;
    return refuse(path, error);
  }
}

/** Where a new file goes: its folder must exist, behind whatever links lead there. */
function newPath(path: string): string {
  if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) {
    unwritable(path, 'is a symbolic link that points to nothing', 'remove the link or create what it points to');
  }
  if (path === '' || path.endsWith('/')) unwritable(path, 'names a folder', 'name a file');
  return join(realpathSync(dirname(path)), basename(path));
}

/** `target` has no symbolic link in it. */
function swap(target: string, bytes: Uint8Array, options: ReplaceOptions): Written {
  const old = lstatSync(target, { bigint: true, throwIfNoEntry: false });
  if (options.expected !== undefined && !isSame(options.expected, old)) changed(target);

  // In the same folder: rename works only inside one file system, and the folder's own permissions apply.
  const temporary = join(dirname(target), `.seccompc-${randomBytes(8).toString('hex')}.tmp`);
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0);
  const fd = openSync(temporary, flags, 0o600);
  let ownerKept: boolean;
  try {
    try {
      writeAll(fd, bytes);
      ownerKept = setOwnerAndMode(fd, old, options);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    if (!isSame(old, lstatSync(target, { bigint: true, throwIfNoEntry: false }))) changed(target);
    renameSync(temporary, target);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  syncFolder(dirname(target));
  return { how: old === undefined ? 'created' : 'replaced', path: target, ownerKept };
}

function isSame(a: FileStamp | undefined, b: FileStamp | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.dev === b.dev && a.ino === b.ino && a.size === b.size && a.mtimeNs === b.mtimeNs;
}

function changed(target: string): never {
  unwritable(target, 'was changed by another process meanwhile', 'run the command again');
}

/**
 * Owner first: changing it clears the set-id bits. Until the end the file is 0600, so nobody reads or runs it early.
 * What the old owner or group could do must not pass to another one, so their bits go when they cannot be kept.
 */
function setOwnerAndMode(fd: number, old: BigIntStats | undefined, options: ReplaceOptions): boolean {
  if (old === undefined) {
    const like = options.likeFile === undefined ? 0o666 & ~process.umask() : statSync(options.likeFile).mode & 0o777;
    fchmodSync(fd, options.mode ?? like);
    return true;
  }
  const mine = fstatSync(fd);
  const [uid, gid] = [Number(old.uid), Number(old.gid)];
  if (mine.uid !== uid || mine.gid !== gid) tryOwner(fd, uid, gid) || tryOwner(fd, mine.uid, gid);
  const now = fstatSync(fd);
  let mode = Number(old.mode & 0o7777n);
  if (now.uid !== uid) mode &= ~0o4000;
  if (now.gid !== gid) mode = (mode & ~0o2070) | ((mode & 0o007) << 3);
  fchmodSync(fd, options.mode ?? mode);
  return now.uid === uid && now.gid === gid;
}

/** EPERM: not ours to give; EINVAL: no such id in this user namespace. */
function tryOwner(fd: number, uid: number, gid: number): boolean {
  try {
    fchownSync(fd, uid, gid);
    return true;
  } catch (error) {
    if (['EPERM', 'EINVAL'].includes(codeOf(error))) return false;
    throw error;
  }
}

/** Makes the rename survive a power cut. Some file systems cannot; the new file is in place all the same. */
function syncFolder(folder: string): void {
  try {
    const fd = openSync(folder, constants.O_RDONLY);
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch {
    // Not an error: nothing is left to undo.
  }
}

/** The number N when the path leads to a descriptor of this process: /dev/stdout, /dev/fd/N, /proc/self/fd/N. */
function ownDescriptor(path: string): number | undefined {
  let at = resolve(path);
  for (let links = 0; links < 40; links++) {
    const match = /^\/(?:dev|proc\/(?:self|thread-self|(\d+)))\/fd\/(\d+)$/.exec(at);
    if (match !== null && (match[1] === undefined || Number(match[1]) === process.pid)) return Number(match[2]);
    if (lstatSync(at, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return undefined;
    at = resolve(dirname(at), readlinkSync(at));
  }
  return undefined;
}

/** Into what is there: a pipe, a terminal, a device. Never creates nor truncates. */
function writeThrough(path: string, stat: BigIntStats, bytes: Uint8Array): void {
  if (stat.isDirectory()) unwritable(path, 'is a folder', 'name a file');
  const fd = openSync(path, constants.O_WRONLY | (constants.O_NOCTTY ?? 0));
  try {
    writeAll(fd, bytes);
  } finally {
    closeSync(fd);
  }
}

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) {
    try {
      done += writeSync(fd, bytes, done);
    } catch (error) {
      if (codeOf(error) !== 'EAGAIN') throw error;
      // A pipe that somebody made non-blocking is full: give its reader time.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}

/** Ctrl-C while a file is written takes effect when the file is whole, or the temporary one gone. */
function uninterrupted<T>(body: () => T): T {
  const signals = (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).filter((name) => process.listenerCount(name) === 0);
  const stop = () => {
    for (const name of signals) process.off(name, again);
  };
  const again = (signal: NodeJS.Signals) => {
    stop();
    process.kill(process.pid, signal);
  };
  for (const name of signals) process.on(name, again);
  try {
    return body();
  } finally {
    // A signal that came meanwhile is delivered when the event loop polls, which it does between two immediates.
    setImmediate(() => setImmediate(stop));
  }
}

const WHY: ReadonlyMap<string, readonly [message: string, help: string]> = new Map([
  ['ENOENT', ['cannot be created: its folder does not exist', 'create the folder first']],
  ['ENOTDIR', ['cannot be created: a part of its path is no folder', 'check the path']],
  ['EISDIR', ['is a folder', 'name a file']],
  ['EACCES', ['cannot be written: permission denied', 'the folder must be writable too: the file is replaced whole']],
  ['EPERM', ['cannot be replaced: not permitted', 'it may be immutable, or in a sticky folder that another user owns']],
  ['EROFS', ['is on a read-only file system', 'write to another place']],
  ['ENOSPC', ['cannot be written: no space left', 'old and new file need space at the same time; make room']],
  [
    'EDQUOT',
    ['cannot be written: the disk quota is used up', 'old and new file need space at the same time; make room'],
  ],
  [
    'EFBIG',
    ['cannot be written: larger than the limit on files', 'raise the limit (ulimit -f) or write to another place'],
  ],
  ['EBUSY', ['cannot be replaced: it is a mount point', 'write to another place, then copy']],
  ['ELOOP', ['cannot be reached: too many symbolic links', 'check the links']],
  ['ENAMETOOLONG', ['has a name longer than its file system takes', 'choose a shorter name']],
  ['EPIPE', ['has no reader any more', 'the command at the other end of the pipe has ended']],
]);

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

function refuse(path: string, error: unknown): never {
  const known = WHY.get(codeOf(error));
  if (known !== undefined) unwritable(path, ...known);
  if (!(error instanceof Error && 'syscall' in error)) throw error; // our own bug, not the file system's word
  return unwritable(path, `cannot be written: ${codeOf(error)}`, 'see errno(3)');
}

function unwritable(path: string, message: string, help: string): never {
  fail({ code: 'OUTPUT_UNWRITABLE', file: path, message: `the output ${message}`, help });
}
