/**
 * Writes a file whole or not at all: the bytes go to a temporary file in the same folder, which takes the old file's
 * name once it is on the disk. Whoever opens the name, at any moment and after any kill, finds the old file or the new
 * one. A running program can be replaced this way (its inode lives on), which writing into it cannot (ETXTBSY).
 *
 * The folder is held open (folder.ts), so a link swapped meanwhile leads nowhere else, and of several seccompc that
 * replace the same file at once all but one are refused (claim.ts).
 *
 * Weak spots: other names of the old file (hard links) still lead to it. Between the last look at the target and the
 * rename, a writer that is no seccompc has a few microseconds; so have two that create the same new file. SIGKILL leaves
 * the temporary file behind; nothing else does.
 */
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  openSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { SeccompcError } from '../diag/error.ts';
import { type Kept, type OldFile, takeOver, takeTimes } from './attributes.ts';
import { claimed } from './claim.ts';
import { Folder } from './folder.ts';
import { randomName } from './random-name.ts';
import { Sink } from './sink.ts';
import { type FileStamp, isSame } from './stamp.ts';
import { codeOf, refuse, unwritable } from './unwritable.ts';

/** What an output holds: bytes, or what writes them in order. */
export type Content = Uint8Array | ((out: Sink) => void);

export interface ReplaceOptions {
  /** Permission bits (07777) of the result, instead of the old file's. */
  readonly mode?: number | undefined;
  /**
   * A file (path or descriptor) whose permission bits (0777, no set-id) a target that does not exist yet takes; else
   * 0666 less the umask.
   */
  readonly likeFile?: string | number | undefined;
  /** The target as it was when the caller read it: refused when it is another one now, and never written through. */
  readonly expected?: FileStamp | undefined;
  /** A descriptor: the result takes its access and modification time. */
  readonly timesOf?: number | undefined;
}

export interface Written extends Kept {
  /** `through`: written into a pipe, terminal or device, which cannot be replaced. */
  readonly how: 'replaced' | 'created' | 'through';
  /** The file itself, behind symbolic links. */
  readonly path: string;
  /** How many other names (hard links) still lead to the old file. */
  readonly otherNames: number;
}

/**
 * Gives the file at `path` this content.
 *
 * A symbolic link is followed and stays. Owner, group, permission bits and extended attributes of the old file are kept
 * where this process may set them; the result says what was not. Pipes, devices and /dev/stdout are written to directly.
 * @throws SeccompcError OUTPUT_UNWRITABLE, or what `content` throws; the target is unchanged then and the temporary file
 *   gone (bytes written to a pipe or device cannot be taken back)
 */
export function replaceFile(path: string, content: Content, options: ReplaceOptions = {}): Written {
  try {
    if (options.expected === undefined) {
      const fd = ownDescriptor(path);
      if (fd !== undefined) return writeInto(fd, path, content);
      const there = statSync(path, { throwIfNoEntry: false });
      if (there !== undefined && !there.isFile()) return writeThrough(path, there, content);
    }
    const target = targetOf(path, options.expected);
    return uninterrupted(() => swap(target, content, options));
  } catch (error) {
    if (error instanceof SeccompcError) throw error;
    return refuse(path, error);
  }
}

/** The path without any link in it. Where a new file goes, its folder must exist. */
function targetOf(path: string, expected: FileStamp | undefined): string {
  if (statSync(path, { throwIfNoEntry: false }) !== undefined) return realpathSync(path);
  if (expected !== undefined) changed(path);
  if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) {
    unwritable(path, 'is a symbolic link that points to nothing', 'remove the link or create what it points to');
  }
  if (path === '' || path.endsWith('/')) unwritable(path, 'names a folder', 'name a file');
  return join(realpathSync(dirname(path)), basename(path));
}

function swap(target: string, content: Content, options: ReplaceOptions): Written {
  const folder = new Folder(dirname(target));
  try {
    const old = openOld(folder.at(basename(target)), target);
    try {
      if (options.expected !== undefined && !isSame(options.expected, old?.stat)) changed(target);
      return swapIn(folder, target, old, content, options);
    } finally {
      // Until here: while the old file is open, no other file gets its inode number.
      if (old?.fd !== undefined) closeSync(old.fd);
    }
  } finally {
    folder.close();
  }
}

/** The file that will be replaced; undefined when there is none. */
function openOld(path: string, target: string): OldFile | undefined {
  const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  // A link, pipe or device that came since the path was looked at: it is neither followed nor opened.
  if (!stat.isFile()) changed(target);
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    if (codeOf(error) === 'EACCES') return { stat, fd: undefined };
    if (['ENOENT', 'ELOOP'].includes(codeOf(error))) changed(target);
    throw error;
  }
  if (isSame(stat, fstatSync(fd, { bigint: true }))) return { stat, fd };
  closeSync(fd);
  return changed(target);
}

function swapIn(
  folder: Folder,
  target: string,
  old: OldFile | undefined,
  content: Content,
  options: ReplaceOptions,
): Written {
  const place = folder.at(basename(target));
  // In the same folder: rename works only inside one file system, and the folder's own permissions apply.
  const temporary = folder.at(`.seccompc-${randomName()}.tmp`);
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0);
  const fd = openSync(temporary, flags, 0o600);
  let kept: Kept;
  try {
    try {
      fill(new Sink(fd, true), content);
      kept = old === undefined ? asNew(fd, options) : takeOver(fd, old, options.mode);
      if (options.timesOf !== undefined) takeTimes(fd, options.timesOf);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    const rename = () => {
      if (!isSame(old?.stat, lstatSync(place, { bigint: true, throwIfNoEntry: false }))) changed(target);
      renameSync(temporary, place);
    };
    if (old === undefined) rename();
    else {
      const claim = claimed(folder, basename(target), old.stat, rename);
      if (claim !== undefined) {
        const help = `run the command again; if no other one runs, remove ${join(dirname(target), claim)}`;
        unwritable(target, 'is being changed by another process', help);
      }
    }
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  folder.sync();
  const otherNames = old === undefined ? 0 : Number(old.stat.nlink) - 1;
  return { how: old === undefined ? 'created' : 'replaced', path: target, ...kept, otherNames };
}

function asNew(fd: number, { mode, likeFile }: ReplaceOptions): Kept {
  const like = typeof likeFile === 'number' ? fstatSync(likeFile) : likeFile && statSync(likeFile);
  fchmodSync(fd, mode ?? (like ? like.mode & 0o777 : 0o666 & ~process.umask()));
  return { ownerKept: true };
}

function fill(out: Sink, content: Content): void {
  if (content instanceof Uint8Array) out.write(content);
  else content(out);
  out.end();
}

function changed(target: string): never {
  unwritable(target, 'was changed by another process meanwhile', 'run the command again');
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

function writeInto(fd: number, path: string, content: Content): Written {
  fill(new Sink(fd, false), content);
  return { how: 'through', path, ownerKept: true, otherNames: 0 };
}

/** Into what is there: a pipe, a terminal, a device. Never creates nor truncates. */
function writeThrough(path: string, stat: Stats, content: Content): Written {
  if (stat.isDirectory()) unwritable(path, 'is a folder', 'name a file');
  const fd = openSync(path, constants.O_WRONLY | (constants.O_NOCTTY ?? 0));
  try {
    return writeInto(fd, path, content);
  } finally {
    closeSync(fd);
  }
}

/**
 * Ctrl-C while a file is written takes effect when the file is whole, or the temporary one gone. It cannot stop a long
 * copy early: nothing looks at signals while this runs.
 */
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
