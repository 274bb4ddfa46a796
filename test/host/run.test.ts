/** The parts of `run` and `verify` that need no command: names to paths, lines of the kernel's log, what /proc says. */
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { placeProgram } from '../../src/host/process-file.ts';
import { stateOf, threadStatus, threadsOf } from '../../src/host/process-status.ts';
import { findCommand } from '../../src/host/run-command.ts';
import { killedCallIn } from '../../src/host/run-killed.ts';
import { suite, throwsCode } from '../suite.ts';

const linux = process.platform === 'linux' ? undefined : 'this is not Linux';
const folder: string = mkdtempSync(join(tmpdir(), 'seccompc-run-test-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
for (const name of ['a', 'b', 'a/folder']) mkdirSync(join(folder, name));
const put = (name: string, mode: number) => {
  writeFileSync(join(folder, name), '#!/bin/sh\n');
  chmodSync(join(folder, name), mode);
};
put('a/tool', 0o755);
put('b/tool', 0o755);
put('a/text', 0o644);
put('b/text', 0o755);
put('a/only', 0o644);
put('b/folder', 0o755);
const at = (name: string) => join(folder, name);
const PATH = [at('nowhere'), at('a'), at('b')].join(':');

const commands: readonly { readonly name: string; readonly path?: string; readonly gives: string }[] = [
  { name: 'tool', gives: at('a/tool') },
  { name: 'tool', path: `${at('b')}:${at('a')}`, gives: at('b/tool') },
  // What cannot be run is passed over, as execvp(3) does.
  { name: 'text', gives: at('b/text') },
  { name: 'folder', gives: at('b/folder') },
  { name: 'only', gives: 'COMMAND_UNABLE' },
  { name: 'nothing', gives: 'COMMAND_MISSING' },
  { name: '', gives: 'COMMAND_MISSING' },
  { name: 'tool', path: '', gives: 'COMMAND_MISSING' },
  { name: at('b/tool'), path: '', gives: at('b/tool') },
  { name: at('a/text'), gives: 'COMMAND_UNABLE' },
  { name: at('a'), gives: 'COMMAND_UNABLE' },
  { name: at('a/tool/under'), gives: 'COMMAND_MISSING' },
  { name: './tool', gives: 'COMMAND_MISSING' },
];

const SINCE = 1_795_314_626_000;
const fields = (words: { pid?: number; sig?: number; call?: string; more?: string } = {}) => {
  const {
    pid = 4711,
    sig = 31,
    call = 'arch=c000003e syscall=165',
    more = 'comm="mount" exe="/usr/bin/mount"',
  } = words;
  return `auid=4294967295 uid=0 gid=0 ses=4294967295 pid=${pid} ${more} sig=${sig} ${call} compat=0 ip=0x7f0a code=0x80000000`;
};
const mount = { arch: 0xc000_003e, nr: 165, action: 0x8000_0000 };
const kernel = 'audit: type=1326 audit(1795314626.595:76514): ';
const lines: readonly (readonly [string, string, ReturnType<typeof killedCallIn>])[] = [
  ['the kernel log', `5,123,456,-;${kernel}${fields()}\n`, mount],
  ['the audit log', `type=SECCOMP msg=audit(1795314626.595:76514): ${fields()}`, mount],
  ['an x32 call', kernel + fields({ call: 'arch=c000003e syscall=1073741990' }), { ...mount, nr: 0x4000_00a6 }],
  ['call -1', kernel + fields({ call: 'arch=c000003e syscall=-1' }), { ...mount, nr: 0xffff_ffff }],
  ['another process', kernel + fields({ pid: 4712 }), undefined],
  ['a call that was logged only', kernel + fields({ sig: 0 }), undefined],
  ['an earlier process of this number', `audit: type=1326 audit(1795314620.595:1): ${fields()}`, undefined],
  ['another record', `audit: type=1701 audit(1795314626.595:76514): ${fields()}`, undefined],
  ['a name that looks like fields', kernel + fields({ pid: 1, more: 'comm=20706964 exe="/x"' }), undefined],
];

suite('host/run', (test) => {
  for (const { name, path = PATH, gives } of commands)
    test.needs(linux, `'${name}' in '${path.replaceAll(folder, '')}': ${gives.replace(folder, '')}`, () => {
      if (gives.startsWith('COMMAND_')) throwsCode(() => findCommand(name, path), gives);
      else assert.is(findCommand(name, path), gives);
    });
  test.needs(linux, 'an empty word of $PATH is the working folder', () => {
    const before = process.cwd();
    process.chdir(at('a'));
    try {
      assert.is(findCommand('tool', ':/nowhere'), './tool');
    } finally {
      process.chdir(before);
    }
  });
  for (const [name, line, call] of lines)
    test(`a line of ${name}`, () => assert.equal(killedCallIn(line, 4711, SINCE), call));

  test.needs(linux, 'a program is placed without a name, in the first folder that takes it', () => {
    const program = Buffer.from('#!/bin/sh\n');
    const placed = placeProgram(program, [at('nowhere'), at('b')]);
    if ('why' in placed) throw new Error(placed.why);
    assert.equal(readFileSync(placed.path), program);
    assert.equal(existsSync(at('b/seccompc-run')), false);
    const none = placeProgram(program, [at('nowhere')]);
    assert.match('why' in none ? none.why : '', /nowhere cannot be written to \(ENOENT\)/);
  });
  test.needs(linux, 'threads and their status', async () => {
    const child = spawn('sleep', ['60']);
    try {
      const pid = child.pid as number;
      const { tid, name, tracer, isKernel } = threadStatus(pid) as NonNullable<ReturnType<typeof threadStatus>>;
      assert.equal([tid, tracer, isKernel], [pid, 0, false]);
      assert.ok(['sleep', 'node'].includes(name));
      assert.equal(threadsOf(pid), [pid]);
      assert.is(stateOf(pid)?.length, 1);
    } finally {
      child.kill();
    }
    assert.equal([threadStatus(2 ** 30), stateOf(2 ** 30), threadsOf(2 ** 30)], [undefined, undefined, []]);
    assert.ok(threadsOf(process.pid).length > 1);
  });
});
