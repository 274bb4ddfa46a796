/** Reading what the user names: a file or standard input, with a limit, and every failure a diagnostic. */
import { type BigIntStats, closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { decodeText, fail, type Source } from '../diag/index.ts';
import type { FileStamp } from './stamp.ts';

export interface Input {
  /** The name to show: the path as given, or '<stdin>'. */
  readonly name: string;
  readonly bytes: Uint8Array;
  /** The file as it was when it was read; absent where standard input is no file. */
  readonly stamp?: FileStamp | undefined;
}

const CHUNK = 1 << 20;
const ELF_MAGIC = [0x7f, 0x45, 0x4c, 0x46];
/** Profiles and programs: far above any real one. */
const MAX_TEXT = 32 * CHUNK;
/** ELF files are read whole; Node's buffers end here. */
const MAX_ELF = 2 ** 31 - 1;

export function isElf(bytes: Uint8Array): boolean {
  return ELF_MAGIC.every((byte, i) => bytes[i] === byte);
}

/** Profiles begin with a brace or a comment; the opcode bytes of a program never do so with text behind. */
export function looksLikeText(bytes: Uint8Array): boolean {
  const head = new TextDecoder().decode(bytes.subarray(0, 512)).trimStart();
  return head === '' || ['{', '[', '//', '/*'].some((start) => head.startsWith(start));
}

/**
 * Text of any kind, by its first bytes. No program looks so: the upper half of an instruction's opcode is a zero byte.
 */
export function isPlainText(bytes: Uint8Array): boolean {
  const head = bytes.subarray(0, 512);
  const isOfText = (byte: number) => (byte >= 0x20 && byte < 0xf8) || (byte >= 0x09 && byte <= 0x0d);
  return head.length > 0 && head.every(isOfText);
}

function reason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOENT':
      return 'there is no such file';
    case 'EISDIR':
      return 'it is a directory';
    case 'EACCES':
    case 'EPERM':
      return 'permission denied';
    default:
      return code ?? String(message);
  }
}

/** INPUT_UNREADABLE for what the system said. */
export function unreadable(name: string, error: unknown): never {
  return fail({ code: 'INPUT_UNREADABLE', file: name, message: `cannot be read: ${reason(error)}` });
}

/** From where the descriptor stands to the end, into memory. */
export function readAll(fd: number, name: string): Uint8Array {
  const chunks: Uint8Array[] = [];
  let total = 0;
  let most = MAX_TEXT;
  for (;;) {
    const chunk = Buffer.allocUnsafe(CHUNK);
    let got: number;
    try {
      got = readSync(fd, chunk, 0, CHUNK, null);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // A non-blocking standard input (a terminal shared with another process) has nothing yet.
      if (code === 'EAGAIN') {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
        continue;
      }
      // Windows ends a closed pipe this way.
      if (code === 'EOF') got = 0;
      else throw error;
    }
    if (got === 0) break;
    chunks.push(chunk.subarray(0, got));
    if (total === 0 && isElf(chunk.subarray(0, got))) most = MAX_ELF;
    total += got;
    if (total > most) {
      fail({ code: 'INPUT_TOO_LARGE', file: name, message: `the input has more than ${most} bytes` });
    }
  }
  return Buffer.concat(chunks, total);
}

/** The bytes of a file, or of standard input for '-'. Throws INPUT_UNREADABLE or INPUT_TOO_LARGE. */
export function readInput(path: string): Input {
  const name = path === '-' ? '<stdin>' : path;
  let fd: number | undefined;
  try {
    fd = path === '-' ? 0 : openSync(path, 'r');
    const stat: BigIntStats = fstatSync(fd, { bigint: true });
    const bytes = readAll(fd, name);
    return { name, bytes, ...((path !== '-' || stat.isFile()) && { stamp: stat }) };
  } catch (error) {
    if ((error as Error).name === 'SeccompcError') throw error;
    return unreadable(name, error);
  } finally {
    if (fd !== undefined && path !== '-') closeSync(fd);
  }
}

/** The text of an input. Throws USAGE for an ELF file, JSON_ENCODING with the offset of the first byte that is not UTF-8. */
export function textOf(input: Input): Source {
  if (isElf(input.bytes)) {
    fail({
      code: 'USAGE',
      file: input.name,
      message: 'this is an ELF file, not a profile',
      help: 'the profile comes first: seccompc build PROFILE --into ELF',
    });
  }
  return decodeText(input.bytes, input.name);
}
