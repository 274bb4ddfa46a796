/** Traces in tests: what passes, what fails and how it is shown, what is no evidence. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import * as assert from 'uvu/assert';
import { HarnessError, harness, type PassTerms, type TraceInput } from '../../src/harness/index.ts';
import { compile, parseProfile, readTrace, resolvePolicy, SeccompcError, type TraceEvent } from '../../src/index.ts';
import { baselineOf } from '../../src/trace/index.ts';
import { suite } from '../suite.ts';

const PROFILE = `{"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_X86_64","SCMP_ARCH_X86"],"syscalls":[
  {"names":["socket"],"action":"SCMP_ACT_ERRNO","args":[{"index":0,"op":"SCMP_CMP_EQ","value":38}]}]}`;
const FINE = '7 [  59] execve(0x7fff89765480, 0x7fff89766930) = 0\n7 [  41] socket(0x2, 0x1, 0) = 0x3\n';
const DENIED = `${FINE}7 [  41] socket(0x26, 0x5, 0) = 0x4\n`;
const SYMBOLIC = 'brk(NULL) = 0x5654fa831000\nsocket(0x26 /* AF_??? */, 1, 0) = 3\n';
const bytes = (text: string) => new TextEncoder().encode(text);

const folder = mkdtempSync(join(tmpdir(), 'seccompc-harness-replay-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const file = (name: string, content: string | Uint8Array) => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};
const policy = resolvePolicy(parseProfile(PROFILE, { file: 'filter.json' }));

async function failed(body: () => Promise<unknown>): Promise<Error> {
  try {
    await body();
  } catch (error) {
    return error as Error;
  }
  return assert.unreachable('nothing was thrown') as never;
}
const passes = (trace: TraceInput, terms?: PassTerms) => harness(policy).replay(trace).passes(terms);

async function* pieces(text: string): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < text.length; at += 7) yield bytes(text.slice(at, at + 7));
}

const inputs: readonly (readonly [string, () => TraceInput | Promise<TraceInput>])[] = [
  ['a path', () => file('fine.strace', FINE)],
  ['a packed file', () => file('fine.gz', gzipSync(FINE))],
  ['bytes', () => bytes(FINE)],
  ['pieces', () => pieces(FINE)],
  ['a stream', () => readTrace(bytes(FINE))],
  ['a path with what is known', () => ({ path: file('f', FINE), format: 'strace', arch: 'x86_64', maxBytes: 1000 })],
  ['bytes with what is known', () => ({ bytes: bytes(FINE) })],
  [
    'events',
    async () => {
      const events: TraceEvent[] = [];
      for await (const event of readTrace(bytes(FINE))) events.push(event);
      return events;
    },
  ],
];

suite('harness/replay', (test) => {
  for (const [name, input] of inputs) {
    test(`reads ${name}`, async () => {
      assert.is((await passes(await input())).totals.events, 2);
      assert.is(
        (
          await harness(compile(policy))
            .replay(await input())
            .passes({ strict: true })
        ).totals.denied,
        0,
      );
    });
  }

  test('several traces are one evidence', async () => {
    const replayed = harness(policy).replay(bytes(FINE), file('denied.strace', DENIED));
    assert.is((await replayed.result()).totals.events, 5);
    assert.instance(await failed(() => replayed.passes()), HarnessError);
  });

  test('a denial is shown with its rule, its place and the line of the test', async () => {
    const error = (await failed(() => passes(file('denied.strace', DENIED)))) as HarnessError;
    assert.instance(error, HarnessError);
    for (const part of [
      'filter.json denies 1 recorded calls',
      'denied.strace:3',
      'filter.json:2:',
      'socket(0x26',
      '^^^',
    ])
      assert.ok(error.message.includes(part), `${part} is not in ${error.message}`);
    assert.match(error.actual, /^x86_64 socket\(0x26.* gets ERRNO\(1 EPERM\)/);
    assert.match(error.stack?.split('\n').find((line) => /^\s+at /.test(line)) ?? '', 'replay.test');
  });

  test('so many denials are no failure, and known ones are none', async () => {
    const all = await passes(bytes(DENIED), { maxDenials: 1 });
    assert.is(all.totals.denied, 1);
    const baseline = file('baseline.json', baselineOf(all));
    assert.is((await passes(bytes(DENIED), { baseline })).totals.denied, 1);
    const other = bytes(`${DENIED}7 [  41] socket(0x26, 0x5, 0) = 0x4\n`.replaceAll('0x26', '0x100000026'));
    assert.is((await passes(other, { baseline })).totals.denied, 0, '64 bits are compared');
    const i386 = bytes(`[ Process PID=7 runs in 32 bit mode. ]\n7 [ 359] socket(0x26, 0x5, 0) = 0x4\n`);
    assert.instance(await failed(() => passes(i386, { baseline })), HarnessError);
  });

  test('under strict a trace must tell all', async () => {
    await passes(bytes(SYMBOLIC));
    const error = await failed(() => passes(bytes(SYMBOLIC), { strict: true }));
    assert.match(error.message, 'the trace leaves questions');
    assert.match(error.message, 'REPLAY_AMBIGUOUS');
    const cut = file('cut.gz', gzipSync(FINE.repeat(50)).subarray(0, -9));
    assert.match((await failed(() => passes(cut, { strict: true }))).message, 'the gzip stream ends early');
    const noise = await failed(() => passes(bytes(`${FINE}what is this\n`), { strict: true }));
    assert.match(noise.message, '1 lines were not understood');
  });

  const refused: readonly (readonly [string, () => Promise<unknown>, string])[] = [
    ['a file that is not there', () => passes(join(folder, 'none')), 'INPUT_UNREADABLE'],
    ['a folder', () => passes(folder), 'INPUT_UNREADABLE'],
    ['no trace', () => harness(policy).replay().passes(), 'USAGE'],
    ['nothing', () => passes(bytes('')), 'TRACE_FORMAT'],
    ['no events', () => passes([]), 'TRACE_EMPTY'],
    ['text that is no trace', () => passes({ bytes: bytes('hello\nworld\n'), format: 'strace' }), 'TRACE_EMPTY'],
    ['more than is wanted', () => passes({ path: file('long', DENIED), maxBytes: 10 }), 'TRACE_TOO_LARGE'],
    ['a path and bytes', () => passes({ path: 'x', bytes: bytes(FINE) }), 'USAGE'],
    ['an ABI that is none', () => passes({ bytes: bytes(FINE), arch: 'x' }), 'ARCH_UNKNOWN'],
    ['a baseline that is none', () => passes(bytes(FINE), { baseline: file('b.json', '[]') }), 'BASELINE'],
  ];
  for (const [name, body, code] of refused) {
    test(`refuses ${name}`, async () => {
      const error = await failed(body);
      assert.instance(error, SeccompcError);
      assert.ok(
        (error as SeccompcError).diagnostics.some((d) => d.code === code),
        error.message,
      );
    });
  }
});
