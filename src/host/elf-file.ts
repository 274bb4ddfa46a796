/**
 * ELF files on a disk. A regular file is opened once and read in pieces, so that a file of any size costs no more memory
 * than its tables; what is no file (standard input, a pipe) is read whole. An `Edit` is applied by copying from that same
 * descriptor, in order, into whatever the result goes to.
 *
 * Weak spot: a file whose bytes are changed in place while it is copied is told by its time of modification and its size
 * alone, as make(1) tells it.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { fail } from '../diag/collector.ts';
import { SeccompcError, unreachable } from '../diag/error.ts';
import type { Edit, Patch } from '../elf/edit.ts';
import { type ElfSource, sourceOf } from '../elf/source.ts';
import { replaceFile, type Written } from './atomic-write.ts';
import { leadsTo } from './destination.ts';
import { readAll, unreadable } from './input.ts';
import type { Sink } from './sink.ts';
import { type FileStamp, isSame } from './stamp.ts';
import { codeOf, unwritable } from './unwritable.ts';

export interface OpenedElf {
  /** As given; '-' is standard input. */
  readonly path: string;
  /** The name to show: the path, or '<stdin>'. */
  readonly name: string;
  readonly source: ElfSource;
  /** Bytes. */
  readonly size: number;
  /** The file as it was when it was opened; absent for what is no file. */
  readonly stamp?: FileStamp | undefined;
  /** Open for reading on a regular file; absent when the bytes are in memory. */
  readonly fd?: number | undefined;
  /** The file has holes. */
  readonly isSparse: boolean;
  /** Fills `into` with the bytes from `byteOffset` on, which lie in the file. */
  readInto(byteOffset: number, into: Uint8Array): void;
  /** What was read before stays good. */
  close(): void;
}

export interface RewriteOptions {
  /** Permission bits (07777) of the result. */
  readonly mode?: number | undefined;
  /** The result takes the access and modification time of the opened file, as `objcopy -p` has it. */
  readonly preserveTimestamps?: boolean | undefined;
}

/** Small reads are served from a window of so many bytes; tables follow each other. */
const WINDOW = 1 << 16;
/** No table of a real file is longer; a file that says so would only use up memory. */
const MAX_PIECE = 2 ** 30;
/** Copies go through a buffer of so many bytes: as fast as copy_file_range(2), measured. */
const CHUNK = 1 << 20;
/** A hole is looked for in steps of so many bytes. */
const HOLE = 1 << 16;

/**
 * Opens an ELF file (any file: nothing is looked at here); '-' is standard input. Waits for a pipe's writer.
 * @throws SeccompcError INPUT_UNREADABLE, INPUT_TOO_LARGE; so do `source.read` and `readInto`
 */
export function openElf(path: string): OpenedElf {
  const name = path === '-' ? '<stdin>' : path;
  let fd: number | undefined;
  let kept = false;
  try {
    fd = path === '-' ? 0 : openQuietly(path);
    const stat = fstatSync(fd, { bigint: true });
    // Files of /proc and /sys say that they are empty.
    if (path === '-' || !stat.isFile() || stat.size === 0n) {
      return inMemory(path, name, readAll(fd, name), stat.isFile() ? stat : undefined);
    }
    kept = true;
    return onDisk(path, name, fd, stat, stat.blocks * 512n < stat.size);
  } catch (error) {
    if (error instanceof SeccompcError) throw error;
    return unreadable(name, error);
  } finally {
    if (fd !== undefined && !kept && path !== '-') closeSync(fd);
  }
}

/** Without leaving a trace in the time of access, which only the owner may ask for. */
function openQuietly(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | (constants.O_NOATIME ?? 0));
  } catch (error) {
    if (codeOf(error) !== 'EPERM') throw error;
    return openSync(path, constants.O_RDONLY);
  }
}

function inMemory(path: string, name: string, bytes: Uint8Array, stamp: FileStamp | undefined): OpenedElf {
  return {
    path,
    name,
    source: sourceOf(bytes),
    size: bytes.length,
    ...(stamp && { stamp }),
    isSparse: false,
    readInto: (byteOffset, into) => into.set(bytes.subarray(byteOffset, byteOffset + into.length)),
    close: () => {},
  };
}

function onDisk(path: string, name: string, fd: number, stamp: FileStamp, isSparse: boolean): OpenedElf {
  const size = Number(stamp.size);
  const readInto = (byteOffset: number, into: Uint8Array): void => {
    for (let done = 0; done < into.length; ) {
      let got: number;
      try {
        got = readSync(fd, into, done, into.length - done, byteOffset + done);
      } catch (error) {
        unreadable(name, error);
      }
      if (got === 0) changedWhileRead(name);
      done += got;
    }
  };
  let window = { from: 0, bytes: new Uint8Array(0) };
  const read = (byteOffset: number, length: number): Uint8Array => {
    if (length > MAX_PIECE) {
      const message = `a table of ${length} bytes is not read; no real one has more than ${MAX_PIECE}`;
      fail({ code: 'INPUT_TOO_LARGE', file: name, byteOffset, message });
    }
    const inWindow = byteOffset >= window.from && byteOffset + length <= window.from + window.bytes.length;
    if (!inWindow) {
      // A new array each time: what was given out before stays as it was.
      const bytes = new Uint8Array(Math.max(length, Math.min(WINDOW, size - byteOffset)));
      readInto(byteOffset, bytes);
      if (length > WINDOW) return bytes;
      window = { from: byteOffset, bytes };
    }
    return window.bytes.subarray(byteOffset - window.from, byteOffset - window.from + length);
  };
  return { path, name, source: { size, read }, size, stamp, fd, isSparse, readInto, close: () => closeSync(fd) };
}

function changedWhileRead(name: string): never {
  const message = 'cannot be read: it was changed while it was read';
  return fail({ code: 'INPUT_UNREADABLE', file: name, message, help: 'run the command again' });
}

/**
 * Writes the edited file: over the opened one when `destination` is undefined or leads to it, else to that path ('-' is
 * standard output). In place it is the opened file that is replaced, or nothing: when the path leads to another file
 * by then, that one is left alone.
 * @throws SeccompcError OUTPUT_UNWRITABLE, INPUT_UNREADABLE (the opened file was changed meanwhile); the destination is
 *   unchanged then, except for what went through a pipe already
 */
export function rewrite(
  opened: OpenedElf,
  edit: Edit,
  destination?: string | undefined,
  options: RewriteOptions = {},
): Written {
  const path = destination ?? opened.path;
  const isOwnPath = destination === undefined || (path !== '-' && path === opened.path);
  if (isOwnPath && opened.fd === undefined) {
    unwritable(opened.name, 'is no regular file, so it cannot be changed in place', 'name another output');
  }
  const inPlace = isOwnPath || leadsTo(path, opened.stamp);
  const { mode, preserveTimestamps = false } = options;
  return replaceFile(path === '-' ? '/dev/fd/1' : path, (out) => apply(opened, edit, out), {
    mode,
    ...(inPlace ? { expected: opened.stamp } : { likeFile: opened.fd }),
    ...(preserveTimestamps && { timesOf: opened.fd }),
  });
}

/** The same bytes as `applyEdit` gives, in order. */
function apply(opened: OpenedElf, edit: Edit, out: Sink): void {
  const { keep, patches, pieces, rest, size } = edit;
  const upTo = (byteOffset: number): void => {
    if (byteOffset < out.length) unreachable(`an edit writes byte ${byteOffset} after byte ${out.length}`);
    out.zeros(byteOffset - out.length);
  };
  if (patches.some((p) => p.byteOffset + p.bytes.length > keep)) unreachable('an edit patches bytes that it drops');
  copy(opened, 0, keep, patches, out);
  for (const { byteOffset, bytes } of pieces) {
    upTo(byteOffset);
    out.write(bytes);
  }
  if (rest !== undefined) {
    upTo(size - (rest.to - rest.from));
    copy(opened, rest.from, rest.to, [], out);
  }
  upTo(size);
  if (opened.fd !== undefined && !isSame(opened.stamp, fstatSync(opened.fd, { bigint: true }))) {
    changedWhileRead(opened.name);
  }
}

/** Bytes [from, to) of the opened file with the patches over them. */
function copy(opened: OpenedElf, from: number, to: number, patches: readonly Patch[], out: Sink): void {
  const buffer = Buffer.allocUnsafeSlow(Math.min(CHUNK, to - from));
  for (let at = from; at < to; at += CHUNK) {
    const chunk = buffer.subarray(0, Math.min(CHUNK, to - at));
    opened.readInto(at, chunk);
    for (const { byteOffset, bytes } of patches) overlay(chunk, byteOffset - at, bytes);
    if (opened.isSparse) writeSparsely(chunk, out);
    else out.write(chunk);
  }
}

/** The part of `bytes`, which stand at `place` from the chunk's start (perhaps before it), that lies in the chunk. */
function overlay(chunk: Uint8Array, place: number, bytes: Uint8Array): void {
  const [start, end] = [Math.max(0, -place), Math.min(bytes.length, chunk.length - place)];
  if (start < end) chunk.set(bytes.subarray(start, end), place + start);
}

const ZEROS = Buffer.alloc(HOLE);

/** What was a hole stays one, or a file of 5 GB that takes 1 MB would take 5 GB. */
function writeSparsely(chunk: Buffer, out: Sink): void {
  for (let at = 0; at < chunk.length; at += HOLE) {
    const part = chunk.subarray(at, at + HOLE);
    if (part.equals(ZEROS)) out.zeros(HOLE);
    else out.write(part);
  }
}
