/**
 * seccompc replay on what is no log, or one made to break readers: random bytes, lines of a gigabyte, NULs, gzip streams
 * that are cut, in parts, or bombs. It ends with a refusal or with counted lines, and its memory does not grow with them.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { gzipSync } from 'node:zlib';
import * as assert from 'uvu/assert';
import { TRACE_FORMATS } from '../../src/trace/index.ts';
import { suite } from '../suite.ts';
import { COMMAND, file, folder } from './command.ts';

const PROFILE = file(
  'malformed.json',
  `{"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_X86_64"],"syscalls":[
    {"names":["socket"],"action":"SCMP_ACT_ERRNO","args":[{"index":0,"op":"SCMP_CMP_EQ","value":38}]}]}`,
);

/** What a process holds at most, Node included: a quarter of the smallest gigabyte below. */
const MOST_MIB = 256;
/** Says at the end, on file descriptor 3, how much this process held at most, in KiB. */
const WATCH =
  "import{writeSync}from'node:fs';process.on('exit',()=>writeSync(3,String(process.resourceUsage().maxRSS)))";

interface Malformed {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly mib: number;
}

/** Replays a stream from standard input, or a file. */
async function replayed(source: Iterable<Uint8Array> | string, args: readonly string[] = []): Promise<Malformed> {
  const trace = typeof source === 'string' ? source : '-';
  const { NODE_OPTIONS: _, NODE_EXTRA_CA_CERTS: __, ...env } = process.env;
  const child = spawn(
    process.execPath,
    ['--import', `data:text/javascript,${encodeURIComponent(WATCH)}`, COMMAND, 'replay', PROFILE, trace, ...args],
    { cwd: folder, env, stdio: ['pipe', 'pipe', 'pipe', 'pipe'] },
  );
  const texts = ['', '', ''];
  [1, 2, 3].forEach((fd, i) => {
    child.stdio[fd]?.on('data', (text) => {
      texts[i] += text;
    });
  });
  const closed = once(child, 'close');
  let isOpen = true;
  // A command that refuses early leaves the rest of its input unread.
  child.stdin.on('error', () => {
    isOpen = false;
  });
  child.on('exit', () => {
    isOpen = false;
    child.stdin.destroy();
  });
  if (typeof source !== 'string') {
    for (const chunk of source) {
      if (!isOpen) break;
      if (!child.stdin.write(chunk)) await Promise.race([once(child.stdin, 'drain').catch(() => {}), closed]);
    }
  }
  child.stdin.end();
  const [status] = (await closed) as [number | null];
  const [stdout = '', stderr = '', peak = ''] = texts;
  assert.match(peak, /^\d+$/, `no end of its own: ${stderr}`);
  assert.not.match(stderr, /\n {4}at |seccompc has a bug|node:internal/, stderr);
  return { status, stdout, stderr, mib: Number(peak) / 1024 };
}

const MEGABYTE = 2 ** 20;
const GIGABYTE = 2 ** 30;
const text = (s: string) => Buffer.from(s, 'latin1');

function* repeated(piece: Uint8Array, bytes: number): Generator<Uint8Array> {
  for (let given = 0; given < bytes; given += piece.length) yield piece;
}

/** Bytes that look like nothing; every 256th or so ends a line. */
function* random(bytes: number): Generator<Uint8Array> {
  let state = 1;
  for (let given = 0; given < bytes; given += MEGABYTE) {
    const words = new Uint32Array(MEGABYTE / 4);
    for (let i = 0; i < words.length; i++) {
      state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0;
      words[i] = state;
    }
    yield new Uint8Array(words.buffer);
  }
}

const CALL = '7 [  41] socket(0x26, 0x5, 0) = 0x4\n';
function* around(inner: Iterable<Uint8Array>): Generator<Uint8Array> {
  yield text(`${CALL.repeat(60)}7 [   1] write(0x1, "`);
  yield* inner;
  yield text(`", 0x9) = 0x9\n${CALL}`);
}

const report = (r: Malformed) => {
  assert.ok(r.mib < MOST_MIB, `${r.mib.toFixed(0)} MiB`);
  return JSON.parse(r.stdout).sources[0] as Record<string, number> & { readonly incomplete: readonly string[] };
};
function refused(r: Malformed, code: string): void {
  assert.is(r.status, 2, r.stderr);
  assert.match(r.stderr, code);
  assert.is(r.stdout, '');
  assert.ok(r.mib < MOST_MIB, `${r.mib.toFixed(0)} MiB`);
}
const JSON_REPORT = ['--format', 'json'];

suite('cli/replay-malformed', (test) => {
  test('random bytes are of no format', async () => refused(await replayed(random(64 * MEGABYTE)), 'TRACE_FORMAT'));

  test('a line of a gigabyte between calls is one cut line, and the calls count', async () => {
    const r = await replayed(around(repeated(Buffer.alloc(MEGABYTE, 'a'), GIGABYTE)), JSON_REPORT);
    const { lines, calls, other, unread, incomplete } = report(r);
    assert.equal([lines, calls! + other! + unread!], [62, 62]);
    assert.ok(calls! >= 61);
    assert.match(incomplete.join(), 'too long');
  });

  test('a gigabyte of NULs is no trace', async () =>
    refused(await replayed(repeated(Buffer.alloc(MEGABYTE), GIGABYTE)), 'TRACE_FORMAT'));

  const beginnings = ['{"a":[', 'type=SECCOMP msg=audit(1.1:1): a="', '7 [ 1] write(((('];
  for (const [i, format] of TRACE_FORMATS.entries()) {
    test(`${format}: random bytes, and one line that does not end: counted, in little memory`, async () => {
      refused(await replayed(random(8 * MEGABYTE), ['--trace-format', format]), 'TRACE_EMPTY');
      const line = text((beginnings[i % beginnings.length] as string).repeat(MEGABYTE / 16));
      refused(await replayed(repeated(line, 384 * MEGABYTE), ['--trace-format', format]), 'TRACE_EMPTY');
    });
  }

  test('NULs, carriage returns and empty lines between calls', async () => {
    const inner = ['\0'.repeat(70_000), '\r'.repeat(70_000), '\n'.repeat(3_000_000), '\0\n'.repeat(1000), '\r\n\r\r\n'];
    const r = await replayed(around(inner.map(text)), JSON_REPORT);
    const { lines, calls, other, unread } = report(r);
    assert.equal([lines, calls! + other! + unread!], [3_001_064, 3_001_064]);
    assert.is(calls, 62);
  });

  test('gzip: several members, one that is cut, one that is damaged', async () => {
    const members = Buffer.concat([gzipSync(CALL.repeat(100)), gzipSync(CALL.repeat(50)), gzipSync(CALL)]);
    assert.is(report(await replayed(file('members.gz', members), JSON_REPORT)).calls, 151);
    const cut = report(await replayed(file('cut.gz', members.subarray(0, members.length - 20)), JSON_REPORT));
    assert.ok(cut.calls! >= 150);
    assert.match(cut.incomplete.join(), 'ends early');
    const strict = await replayed(file('cut.gz', members.subarray(0, members.length - 20)), [
      '--strict',
      '--max-denials',
      '999',
    ]);
    assert.is(strict.status, 3, 'a trace that is cut is incomplete evidence');
    refused(await replayed(file('head.gz', members.subarray(0, 12))), 'INPUT_UNREADABLE');
  });

  test('a gzip bomb ends at --max-bytes, and needs no memory without', async () => {
    const member = gzipSync(Buffer.alloc(64 * MEGABYTE));
    const bomb = file('bomb.gz', Buffer.concat(Array.from({ length: 16 }, () => member)));
    refused(await replayed(bomb, ['--max-bytes', '10M', '--trace-format', 'strace']), 'TRACE_TOO_LARGE');
    refused(await replayed(bomb, ['--trace-format', 'strace']), 'TRACE_EMPTY');
  });
});
