/**
 * The file layer as a program of its own, for what only another process can show: `files.test.ts` bundles it, starts it
 * in numbers and ends it early. Prints one line of JSON with what it did.
 *
 *     grow FILE [-p]         in place: four bytes at 1 MiB become GROWN, a piece is appended (see `grown`)
 *     copy FILE DESTINATION  the same, to another place
 *     add FILE NAME...       a section of each name, each read and planned anew until it is not refused; slowly
 *     claims FILE NAME...    the same, with the claim of a dead process in the way each time
 *     count FILE TIMES       in place: the count at byte 8, TIMES times, each time whatever FILE leads to then
 */
import { spawnSync } from 'node:child_process';
import fs, { symlinkSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { SeccompcError } from '../../src/diag/error.ts';
import { type Edit, planInject, readElfFrom } from '../../src/elf/index.ts';
import { claimPrefix, thisProcess } from '../../src/host/claim.ts';
import { type OpenedElf, openElf, type RewriteOptions, rewrite } from '../../src/host/elf-file.ts';

const text = (s: string) => new TextEncoder().encode(s);

/** Patches across the border of two of the layer's buffers, a gap of three bytes, a piece. */
function grown(size: number): Edit {
  const patches = [{ byteOffset: (1 << 20) - 2, bytes: text('GROWN') }];
  return { keep: size, patches, pieces: [{ byteOffset: size + 3, bytes: text('a piece') }], size: size + 10 };
}

function withOpened<T>(path: string, body: (opened: OpenedElf) => T): T {
  const opened = openElf(path);
  try {
    return body(opened);
  } finally {
    opened.close();
  }
}

/** Runs `body` until it is not refused; returns how often it was. */
function insist(body: () => void): number {
  for (let refusals = 0; ; refusals++) {
    try {
      body();
      return refusals;
    } catch (error) {
      if (!isRefusal(error)) throw error;
    }
  }
}

function isRefusal(error: unknown): boolean {
  const codes = ['OUTPUT_UNWRITABLE', 'INPUT_UNREADABLE'];
  return error instanceof SeccompcError && error.diagnostics.every((d) => codes.includes(d.code));
}

/**
 * What happens between two processes within microseconds would be met once in thousands of runs, so each call on names
 * is held up for up to two milliseconds.
 */
function dawdle(): void {
  for (const name of ['lstatSync', 'readlinkSync', 'symlinkSync', 'unlinkSync', 'renameSync'] as const) {
    const original = fs[name] as (...args: unknown[]) => unknown;
    const slow = (...args: unknown[]) => {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Math.random() * 2);
      return original(...args);
    };
    Object.assign(fs, { [name]: slow });
  }
  syncBuiltinESMExports();
}

function add(path: string, names: readonly string[], before: (opened: OpenedElf) => void = () => {}): number {
  dawdle();
  let refusals = 0;
  for (const name of names) {
    refusals += insist(() =>
      withOpened(path, (opened) => {
        const edit = planInject(readElfFrom(opened.source), [{ name, data: text(name.repeat(9)) }]);
        before(opened);
        rewrite(opened, edit);
      }),
    );
  }
  return refusals;
}

/** The first rank of every version is taken by a process that has ended, so all must go by way of the second. */
function deadClaim(pid: number, opened: OpenedElf): void {
  const name = `${claimPrefix(basename(opened.path), opened.stamp!)}.0.claim`;
  const [, , ...place] = thisProcess().split(' ');
  try {
    symlinkSync([pid, 1, ...place].join(' '), join(dirname(opened.path), name));
  } catch {
    // EEXIST: another one was here, or has the claim.
  }
}

function count(path: string, times: number): { done: number; refusals: number } {
  let done = 0;
  for (let i = 0; i < times; i++) {
    try {
      withOpened(path, (opened) => {
        const bytes = text(String(i).padStart(8, '0'));
        rewrite(opened, { keep: opened.size, patches: [{ byteOffset: 8, bytes }], pieces: [], size: opened.size });
      });
      done++;
    } catch (error) {
      if (!isRefusal(error)) throw error;
    }
  }
  return { done, refusals: times - done };
}

function act(verb: string | undefined, path: string, rest: readonly string[]): object {
  switch (verb) {
    case 'grow':
    case 'copy': {
      const options: RewriteOptions = { preserveTimestamps: rest.includes('-p') };
      return withOpened(path, (opened) => {
        process.stdout.write('begins\n');
        return rewrite(opened, grown(opened.size), verb === 'copy' ? rest[0] : undefined, options);
      });
    }
    case 'add':
      return { refusals: add(path, rest) };
    case 'claims': {
      const { pid } = spawnSync('true');
      return { refusals: add(path, rest, (opened) => deadClaim(pid, opened)) };
    }
    case 'count':
      return count(path, Number(rest[0]));
    default:
      throw new Error(`no verb ${verb}`);
  }
}

const [verb, path = '', ...rest] = process.argv.slice(2);
const started = performance.now();
try {
  const answer = act(verb, path, rest);
  const milliseconds = performance.now() - started;
  process.stderr.write(`${JSON.stringify({ ...answer, milliseconds, kilobytes: process.resourceUsage().maxRSS })}\n`);
} catch (error) {
  if (!(error instanceof SeccompcError)) throw error;
  process.stderr.write(`${error.diagnostics.map((d) => `${d.code} ${d.message}`).join('\n')}\n`);
  process.exitCode = 1;
}
