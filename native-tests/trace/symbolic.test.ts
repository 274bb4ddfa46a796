/** The same calls, recorded raw and with names: no bit that is taken from a name may differ. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { type CallEvent, readTrace } from '../../src/trace/index.ts';
import { suite } from '../../test/suite.ts';
import { inFreshFolder, runCommand, withoutLinux, withoutTool } from '../support.ts';

const SOURCE = 'native-tests/trace/calls.c';
const COUNT = 15_000;

function withoutTracing(): string | undefined {
  const absent = withoutLinux('x64') ?? ['strace', 'gcc', 'setarch'].map(withoutTool).find((one) => one !== undefined);
  if (absent !== undefined) return absent;
  const fixed = runCommand('setarch', ['-R', 'strace', '-o', '/dev/null', 'true']);
  return fixed.status === 0 ? undefined : 'strace may not trace here, or addresses cannot be fixed';
}

async function recorded(path: string): Promise<readonly CallEvent[]> {
  const events: CallEvent[] = [];
  const stream = readTrace(readFileSync(path), { file: path });
  for await (const event of stream) if (event.kind === 'call') events.push(event);
  assert.is(stream.report.unread, 0);
  return events;
}

suite('native/symbolic', (test) => {
  for (const seed of [1, 2]) {
    test.needs(withoutTracing, `names give back what the registers held, seed ${seed}`, () =>
      inFreshFolder(async (folder) => {
        const program = join(folder, 'calls');
        const built = runCommand('gcc', ['-O1', '-static', '-o', program, SOURCE]);
        assert.is(built.status, 0, built.stderr);
        const record = (name: string, flags: readonly string[]) => {
          const path = join(folder, name);
          const ran = runCommand('setarch', [
            ...['-R', 'strace', '-n', ...flags, '-o', path, program, String(seed), String(COUNT)],
          ]);
          assert.is(ran.status, 77, ran.stderr.slice(0, 300));
          return recorded(path);
        };
        const raw = await record('raw', ['-e', 'raw=all']);
        const named = await record('named', []);
        assert.is(named.length, raw.length);
        assert.ok(raw.length > COUNT * 0.9, `${raw.length} calls`);
        const wrong: string[] = [];
        let claimed = 0;
        for (const [i, { call, line }] of named.entries()) {
          const there = raw[i]?.call;
          assert.is(call.nr, there?.nr, `line ${line}`);
          // The program's own start: its environment is shorter by the flags of the recording.
          if (call.name === 'execve' && i === 0) continue;
          for (const [at, arg] of call.args.entries()) {
            if (arg === undefined) continue;
            claimed += 1;
            const word = there?.args[at];
            if (word === undefined || ((arg.value ^ word.value) & arg.known) !== 0n) {
              wrong.push(`seed ${seed} line ${line}: ${call.name} argument ${at}`);
            }
          }
        }
        assert.equal(wrong.slice(0, 10), []);
        // Most of what is printed is understood, else this test would say little.
        const printed = raw.reduce((sum, { call }) => sum + call.args.filter((arg) => arg !== undefined).length, 0);
        assert.ok(claimed > printed * 0.85, `${claimed} of ${printed} arguments`);
      }),
    );
  }
});
