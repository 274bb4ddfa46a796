/** Traces as streams: packed in any cut, truncated, damaged, too large. Node's one-shot gzip writes what is read here. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import * as assert from 'uvu/assert';
import { openTrace } from '../../src/host/trace-file.ts';
import { suite, throwsCode } from '../suite.ts';

const folder = mkdtempSync(join(tmpdir(), 'seccompc-trace-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
let count = 0;
function file(bytes: Uint8Array): string {
  count += 1;
  const path = join(folder, `${count}.log`);
  writeFileSync(path, bytes);
  return path;
}

async function read(bytes: Uint8Array, maxBytes?: number) {
  const trace = openTrace(file(bytes), { maxBytes });
  const chunks: Uint8Array[] = [];
  for await (const chunk of trace) chunks.push(chunk);
  return { bytes: Buffer.concat(chunks), incomplete: trace.incomplete, taken: trace.taken, size: trace.size };
}

/** Lines that do not pack well, so that a cut leaves something. */
const text = Buffer.from(
  Array.from({ length: 60_000 }, (_, i) => `${i} read(3, 0x${((i * 2654435761) >>> 0).toString(16)}, 1) = 1\n`).join(
    '',
  ),
);
const third = Math.floor(text.length / 3);

suite('host/trace-file', (test) => {
  test('plain bytes come as they are', async () => {
    const got = await read(text);
    assert.ok(got.bytes.equals(text));
    assert.is(got.taken, text.length);
    assert.is(got.size, text.length);
    assert.equal(got.incomplete, []);
  });

  test('several members, one of them empty, and zeros behind the last', async () => {
    const members = [text.subarray(0, third), Buffer.alloc(0), text.subarray(third)].map((part) => gzipSync(part));
    const got = await read(Buffer.concat([...members, Buffer.alloc(512)]));
    assert.ok(got.bytes.equals(text));
    assert.equal(got.incomplete, []);
  });

  test('a member that ends where a piece ends', async () => {
    // 16 KiB pieces: the first member is stored, and padded by its own name field to end at every place near the border.
    for (let shift = -2; shift <= 2; shift += 1) {
      const body = Buffer.alloc((1 << 14) - 40, 'a');
      const stored = gzipSync(body, { level: 0 });
      const padded = Buffer.concat([
        stored.subarray(0, 3),
        Buffer.from([8]),
        stored.subarray(4, 10),
        Buffer.alloc((1 << 14) - stored.length - 1 + shift, 'n'),
        Buffer.from([0]),
        stored.subarray(10),
      ]);
      assert.is(padded.length, (1 << 14) + shift);
      const got = await read(Buffer.concat([padded, gzipSync(text)]));
      assert.is(got.bytes.length, body.length + text.length, `${shift}`);
      assert.equal(got.incomplete, []);
    }
  });

  test('a gzip stream that ends early gives what there is, and says so', async () => {
    const whole = gzipSync(text);
    for (const length of [whole.length >> 1, (1 << 14) * 3, whole.length - 8, whole.length - 1]) {
      const got = await read(whole.subarray(0, length));
      assert.ok(text.subarray(0, got.bytes.length).equals(got.bytes));
      // Deflate's blocks are read symbol by symbol: at most a few symbols are held back.
      assert.ok(got.bytes.length > (text.length * length) / whole.length / 2, `${got.bytes.length} of ${length}`);
      assert.is(got.incomplete.length, 1);
      assert.match(got.incomplete[0] as string, 'ends early');
    }
  });

  test('a wrong check sum, and something else behind the last member', async () => {
    const whole = gzipSync(text);
    const damaged = Buffer.from(whole);
    // The check sum of the last member.
    damaged[whole.length - 8] = (damaged[whole.length - 8] as number) ^ 1;
    for (const bytes of [damaged, Buffer.concat([whole, Buffer.from('no gzip')])]) {
      const got = await read(bytes);
      assert.ok(got.bytes.length > text.length / 4);
      assert.match(got.incomplete.join(), 'damaged');
    }
    const rejected = await read(Buffer.from([0x1f, 0x8b, 0, 0, 0, 0, 0, 0])).catch((error) => error);
    throwsCode(() => {
      throw rejected;
    }, 'INPUT_UNREADABLE');
  });

  test('a bomb stops at the bound', async () => {
    const bomb = gzipSync(Buffer.alloc(1 << 26));
    const rejected = await read(bomb, 1 << 20).catch((error) => error);
    throwsCode(() => {
      throw rejected;
    }, 'TRACE_TOO_LARGE');
    assert.is((await read(bomb, 1 << 26)).bytes.length, 1 << 26);
  });

  test('the bound counts a plain file, too, when it is given', async () => {
    const rejected = await read(text, 100).catch((error) => error);
    throwsCode(() => {
      throw rejected;
    }, 'TRACE_TOO_LARGE');
  });

  test('what cannot be read, or is packed by another tool', async () => {
    throwsCode(() => openTrace(join(folder, 'none')), 'INPUT_UNREADABLE');
    throwsCode(() => openTrace(folder), 'INPUT_UNREADABLE');
    const rejected = await read(Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0])).catch((error) => error);
    throwsCode(() => {
      throw rejected;
    }, 'INPUT_UNREADABLE');
  });

  test('an empty file, and one of two bytes', async () => {
    assert.is((await read(Buffer.alloc(0))).bytes.length, 0);
    assert.is((await read(Buffer.from('a\n'))).bytes.length, 2);
  });
});
