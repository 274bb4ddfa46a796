/** build --weights: what a trace holds most runs shortest. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import * as assert from 'uvu/assert';
import { check } from '../../src/kernel/index.ts';
import { steps } from '../bench/measure.ts';
import { suite } from '../suite.ts';
import { file, folder, json, seccompc } from './command.ts';

/** A server, by how often it makes each call: number, name, count. */
const CALLS: readonly (readonly [number, string, number])[] = [
  [281, 'epoll_pwait', 900],
  [0, 'read', 800],
  [20, 'writev', 700],
  [288, 'accept4', 400],
  [3, 'close', 400],
  [202, 'futex', 60],
  [9, 'mmap', 20],
  [59, 'execve', 1],
];
const line = (nr: number, name: string) => `7 [${String(nr).padStart(4)}] ${name}(0x3) = 0\n`;
const TRACE = `${CALLS.map(([nr, name, count]) => line(nr, name).repeat(count)).join('')}what is this\n`;
const trace = file('server.strace', TRACE);
const profile = resolve('profiles/container-default.jsonc');

/** Instructions for one of the trace's events, on average. */
function average(path: string): number {
  const verdict = check(readFileSync(path));
  if (!verdict.ok) throw new Error(verdict.message);
  const total = CALLS.reduce((sum, [nr, , count]) => sum + count * steps(verdict.program, nr), 0);
  return total / CALLS.reduce((sum, [, , count]) => sum + count, 0);
}

function built(name: string, more: readonly string[]): { readonly path: string; readonly stderr: string } {
  const path = join(folder, name);
  // A kernel that remembers no verdicts, so that every instruction counts.
  const r = seccompc(['build', profile, '--arch', 'x86_64', '--kernel', '5.10', '-o', path, ...more]);
  assert.is(r.status, 0, r.stderr);
  return { path, stderr: r.stderr };
}

suite('cli/weights', (test) => {
  test('the average path of a trace gets shorter, and what was not understood is told', () => {
    const plain = average(built('plain.bpf', []).path);
    const weighed = built('weighed.bpf', ['--weights', trace]);
    assert.ok(average(weighed.path) < plain - 1, `${average(weighed.path)} instead of ${plain}`);
    assert.match(
      weighed.stderr,
      /server\.strace: 3281 calls \(strace\); 1 lines not understood, first 3282: 'what is this'/,
    );
  });

  test('a packed trace is the same, two add up, and counts in JSON are as good', () => {
    const packed = file('server.gz', gzipSync(TRACE));
    const counts = file(
      'counts.json',
      JSON.stringify(Object.fromEntries(CALLS.map(([, name, count]) => [name, count]))),
    );
    const one = readFileSync(built('1.bpf', ['--weights', trace]).path);
    assert.equal(readFileSync(built('2.bpf', ['--weights', packed]).path), one);
    assert.equal(readFileSync(built('3.bpf', ['--weights', counts]).path), one);
    assert.equal(readFileSync(built('4.bpf', ['--weights', counts, '--weights', trace]).path), one);
    const lines = file('lines.jsonl', '{"call":"read","arch":"x86_64"}\n');
    assert.match(built('5.bpf', ['--weights', lines]).stderr, '1 calls (jsonl)');
  });

  test('what is neither, and what holds no call, is refused', () => {
    const refused = (text: string) => {
      const r = seccompc(['build', profile, '--arch', 'x86_64', '--weights', file('bad', text), '--json']);
      assert.is.not(r.status, 0, r.stderr);
      return JSON.stringify(json(r));
    };
    assert.match(refused('{ "read": '), 'WEIGHTS');
    assert.match(refused('{ "raed": 3 }'), 'WEIGHTS');
    assert.match(refused('{ "read": -3 }'), 'WEIGHTS');
    assert.match(refused('hello\n'), 'WEIGHTS');
    assert.match(refused('+++ exited with 0 +++\n'), 'TRACE_EMPTY');
  });
});
