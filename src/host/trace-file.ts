/** A recorded trace as a stream of bytes: a file or standard input, unpacked where its first bytes say gzip. */
import { constants, createReadStream, fstatSync, openSync } from 'node:fs';
import { createGunzip, type Gunzip } from 'node:zlib';
import { fail } from '../diag/index.ts';
import { unreadable } from './input.ts';

/** Unpacked bytes of a packed trace, when nobody says otherwise: above a day of strace, below a disk. */
export const MAX_UNPACKED: number = 2 ** 36;
const CHUNK = 1 << 18;
/** Packed bytes that are unpacked at once. They give at most 1032 times as many, which is what memory has to hold. */
const PACKED_CHUNK = 1 << 14;

export interface TraceFileOptions {
  /**
   * The most bytes that come out, unpacked. When absent: any number from a plain file, MAX_UNPACKED from a packed one,
   * so that a few bytes cannot keep a machine busy for ever.
   */
  readonly maxBytes?: number | undefined;
}

export interface TraceFile extends AsyncIterable<Uint8Array> {
  /** As given; '-' for standard input. */
  readonly name: string;
  /** Its size on disk, for a progress bar; undefined for what is no regular file. */
  readonly size: number | undefined;
  /** Bytes taken from the disk so far. */
  readonly taken: number;
  /** Why bytes may be missing at the end: complete when reading has ended. */
  readonly incomplete: readonly string[];
}

/** Other packers, by their first bytes: what to write instead. */
const PACKED: readonly { readonly magic: readonly number[]; readonly tool: string }[] = [
  { magic: [0x28, 0xb5, 0x2f, 0xfd], tool: 'zstd' },
  { magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a], tool: 'xz' },
  { magic: [0x42, 0x5a, 0x68], tool: 'bzip2' },
  { magic: [0x04, 0x22, 0x4d, 0x18], tool: 'lz4' },
];
const MAGIC_BYTES = 5;

/**
 * Opens a trace; '-' is standard input. It can be read once. Nothing is read before the first chunk is asked for.
 *
 * @throws SeccompcError INPUT_UNREADABLE at once or while it is read, TRACE_TOO_LARGE while it is read
 */
export function openTrace(path: string, options: TraceFileOptions = {}): TraceFile {
  const incomplete: string[] = [];
  let taken = 0;
  let size: number | undefined;
  let fd = 0;
  try {
    // A FIFO without a writer is waited for, as by any tool.
    if (path !== '-') fd = openSync(path, constants.O_RDONLY);
    const stat = fstatSync(fd);
    if (stat.isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' });
    if (stat.isFile()) size = stat.size;
  } catch (error) {
    return unreadable(path, error);
  }
  async function* raw(): AsyncGenerator<Uint8Array> {
    const stream = path === '-' ? process.stdin : createReadStream(path, { fd, highWaterMark: CHUNK });
    try {
      for await (const chunk of stream) {
        taken += (chunk as Uint8Array).length;
        yield chunk as Uint8Array;
      }
    } catch (error) {
      unreadable(path, error);
    }
  }
  async function* bounded(): AsyncGenerator<Uint8Array> {
    const source = raw();
    const head = await headOf(source);
    const isGzip = head[0] === 0x1f && head[1] === 0x8b;
    refuseOther(path, head);
    const all = prefixed(head, source);
    const most = options.maxBytes ?? (isGzip ? MAX_UNPACKED : Number.POSITIVE_INFINITY);
    let given = 0;
    for await (const chunk of isGzip ? unpacked(path, all, incomplete) : all) {
      given += chunk.length;
      if (given > most) {
        const message = `the trace has more than ${most} bytes${isGzip ? ' when unpacked' : ''}`;
        fail({ code: 'TRACE_TOO_LARGE', file: path, message, help: '--max-bytes allows more' });
      }
      yield chunk;
    }
  }
  return {
    name: path,
    size,
    get taken() {
      return taken;
    },
    incomplete,
    [Symbol.asyncIterator]: bounded,
  };
}

/** The first chunk, and as many as it takes to see what it is. */
async function headOf(source: AsyncGenerator<Uint8Array>): Promise<Uint8Array> {
  let head: Uint8Array = new Uint8Array(0);
  while (head.length < MAGIC_BYTES) {
    const { value, done } = await source.next();
    if (done === true) break;
    head = head.length === 0 ? value : Buffer.concat([head, value]);
  }
  return head;
}

async function* prefixed(head: Uint8Array, rest: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  // Whoever stops early closes the file, too.
  try {
    if (head.length > 0) yield head;
    yield* rest;
  } finally {
    await rest.return(undefined);
  }
}

function refuseOther(file: string, head: Uint8Array): void {
  const other = PACKED.find(({ magic }) => magic.every((byte, i) => head[i] === byte));
  if (other === undefined) return;
  const message = `the trace is packed by ${other.tool}; only gzip is unpacked here`;
  fail({ code: 'INPUT_UNREADABLE', file, message, help: `${other.tool} -dc FILE, and '-' for the trace` });
}

/**
 * All members of a gzip stream. One that ends early or is damaged gives what comes before, and its reason.
 * Input goes in piece by piece, each waited for: what has been unpacked when an error comes is not lost with it.
 */
async function* unpacked(
  file: string,
  source: AsyncIterable<Uint8Array>,
  incomplete: string[],
): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip({ chunkSize: CHUNK });
  const ready: Uint8Array[] = [];
  let failed: NodeJS.ErrnoException | undefined;
  let given = 0;
  gunzip.on('data', (chunk: Uint8Array) => ready.push(chunk));
  gunzip.on('error', (error) => {
    failed = error;
  });
  const take = function* (): Generator<Uint8Array> {
    for (const chunk of ready.splice(0)) {
      given += chunk.length;
      yield chunk;
    }
  };
  try {
    for await (const chunk of source) {
      for (let from = 0; from < chunk.length && failed === undefined; from += PACKED_CHUNK) {
        await written(gunzip, chunk.subarray(from, from + PACKED_CHUNK));
        yield* take();
      }
      if (failed !== undefined) break;
    }
    if (failed === undefined) await ended(gunzip);
    yield* take();
  } finally {
    gunzip.destroy();
  }
  if (failed === undefined) return;
  const isCut = failed.code === 'Z_BUF_ERROR';
  const why = isCut ? 'the gzip stream ends early' : `the gzip stream is damaged (${failed.message})`;
  if (given === 0) fail({ code: 'INPUT_UNREADABLE', file, message: `cannot be unpacked: ${why}` });
  incomplete.push(`${why}; what came before it was read`);
}

/** The piece has been unpacked, or the stream has failed, or it wants no more (zeros behind the last member). */
function written(gunzip: Gunzip, piece: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      gunzip.off('close', done);
      // What was pushed meanwhile is given out before the next turn.
      setImmediate(resolve);
    };
    gunzip.once('close', done);
    gunzip.write(piece, done);
  });
}

function ended(gunzip: Gunzip): Promise<void> {
  return new Promise((resolve) => {
    if (gunzip.closed || gunzip.readableEnded) {
      resolve();
      return;
    }
    gunzip.once('close', resolve);
    gunzip.once('end', resolve);
    gunzip.end();
  });
}
