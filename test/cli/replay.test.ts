/** seccompc replay as a person meets it: statuses, what is denied and what is open, baselines, refusals. */
import { readFileSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import * as assert from 'uvu/assert';
import { compile, loadPolicy } from '../../src/build/index.ts';
import { suite } from '../suite.ts';
import { file, seccompc } from './command.ts';

const PROFILE = file(
  'replay.json',
  `{"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_X86_64","SCMP_ARCH_X86"],"syscalls":[
    {"names":["socket"],"action":"SCMP_ACT_ERRNO","args":[{"index":0,"op":"SCMP_CMP_EQ","value":38}]},
    {"names":["ptrace"],"action":"SCMP_ACT_KILL_PROCESS"}]}`,
);
const START = '7 [  59] execve(0x7fff89765480, 0x7fff89766930) = 0\n';
const FINE = `${START}7 [  41] socket(0x2, 0x1, 0) = 0x3\n`;
const DENIED = `${FINE}7 [  41] socket(0x26, 0x5, 0) = 0x4\n7 [   3] close(0x4) = 0\n`;
const trace = (name: string, text: string | Uint8Array) => {
  const path = file(name, '');
  writeFileSync(path, text);
  return path;
};
const fine = trace('fine.strace', FINE);
const denied = trace('denied.strace', DENIED);
const symbolic = trace('symbolic.strace', 'brk(NULL) = 0x5654fa831000\nsocket(0x26 /* AF_??? */, 1, 0) = 3\n');
const data = (args: readonly string[], profile = PROFILE) => {
  const { status, stdout } = seccompc(['replay', profile, ...args, '--format', 'json']);
  return { status, report: JSON.parse(stdout) as { totals: Record<string, number> } };
};

suite('cli/replay', (test) => {
  test('0 when nothing is denied, 1 when something is', () => {
    assert.is(data([fine]).status, 0);
    const { status, report } = data([denied]);
    assert.is(status, 1);
    assert.equal([report.totals.denied, report.totals.hypothetical, report.totals.events], [1, 1, 4]);
  });
  test('the text names call, rule and place', () => {
    const { stdout } = seccompc(['replay', PROFILE, denied]);
    assert.match(stdout, /denied\.strace:3 .*socket\(0x26/);
    assert.match(stdout, /replay\.json:2/);
    assert.match(stdout, /SCMP_CMP_EQ/);
  });
  test('the calls that no rule names, as one rule that lets them through', () => {
    const text = (more: string) =>
      `{"defaultAction":"SCMP_ACT_ERRNO","architectures":["SCMP_ARCH_X86_64"],"syscalls":[
        {"names":["socket"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"op":"SCMP_CMP_EQ","value":2}]}${more}]}`;
    const { stdout } = seccompc(['replay', file('narrow.json', text('')), denied]);
    const rule = '{ "names": ["close","execve"], "action": "SCMP_ACT_ALLOW" }';
    assert.ok(stdout.includes(rule), stdout);
    const wider = data([denied], file('wider.json', text(`,${rule}`)));
    assert.is(wider.report.totals.denied, 1, 'socket alone, which a rule names');
  });
  test('an ABI that stays open: how it is named, and no rule that would change nothing', () => {
    const allowlist = file(
      'allowlist.json',
      '{"defaultAction":"SCMP_ACT_ERRNO","architectures":["SCMP_ARCH_X86_64"],"syscalls":[{"names":["close"],"action":"SCMP_ACT_ALLOW"}]}',
    );
    const anyAbi = trace('any-abi.strace', 'close(3) = 0\n');
    const { stdout } = seccompc(['replay', allowlist, anyAbi]);
    assert.match(stdout, 'REPLAY_AMBIGUOUS');
    assert.match(stdout, '--trace-arch');
    assert.not.match(stdout, 'to allow it');
    assert.not.match(seccompc(['replay', allowlist, anyAbi, '--trace-arch', 'x86_64']).stdout, 'REPLAY_');
  });
  test('several traces, packed ones, standard input', () => {
    const packed = trace('packed.strace', gzipSync(DENIED));
    assert.equal(data([fine, packed]).report.totals.denied, 1);
    assert.is(seccompc(['replay', PROFILE, '-', '-q'], { input: DENIED }).status, 1);
  });
  test('what is open is open: 0, and 3 under --strict', () => {
    const { status, report } = data([symbolic]);
    assert.equal([status, report.totals.ambiguous], [0, 1]);
    assert.is(data([symbolic, '--strict']).status, 3);
  });
  test('lines that are not understood count under --strict', () => {
    const odd = trace('odd.strace', `${FINE}7 frobnicate(1) = 0\n`);
    assert.is(data([odd]).status, 0);
    assert.is(data([odd, '--strict']).status, 3);
  });
  test('a baseline accepts what it lists, and nothing else', () => {
    const baseline = file('baseline.json', '');
    assert.is(data([denied, '--write-baseline', baseline]).status, 1);
    assert.match(readFileSync(baseline, 'utf8'), /x86_64 socket 0x26/);
    assert.is(data([denied, '--baseline', baseline]).status, 0);
    const killed = trace('killed.strace', `${DENIED}7 [ 101] ptrace(0, 0, 0, 0) = 0\n7 [   3] close(0x3) = 0\n`);
    const { status, report } = data([killed, '--baseline', baseline]);
    assert.equal([status, report.totals.denied, report.totals.unreachable], [1, 1, 1]);
    assert.match(seccompc(['replay', PROFILE, denied, '--baseline', PROFILE]).stderr, /error BASELINE/);
  });
  test('--max-denials', () => {
    assert.is(data([denied, '--max-denials', '1']).status, 0);
  });
  test('a program instead of a profile', () => {
    const program = file('replay.bpf', '');
    assert.is(seccompc(['build', PROFILE, '--arch', 'x86_64,i386', '-o', program]).status, 0);
    const { status, stdout } = seccompc(['replay', program, denied, '--format', 'json']);
    assert.equal([status, JSON.parse(stdout).totals.denied], [1, 1]);
  });
  test('no trace at all: 2, and what to do', () => {
    for (const text of ['', 'hello\nworld\n', '\0\0\0\0']) {
      const { status, stderr } = seccompc(['replay', PROFILE, trace('none.strace', text)]);
      assert.is(status, 2, stderr);
      assert.match(stderr, /TRACE_FORMAT/);
    }
    const { status, stderr } = seccompc([
      'replay',
      PROFILE,
      trace('none.strace', 'hello\n'),
      '--trace-format',
      'strace',
    ]);
    assert.is(status, 2);
    assert.match(stderr, /TRACE_EMPTY.*strace -f -n|TRACE_EMPTY/);
  });
  test('text from the trace does not reach the terminal raw', () => {
    const evil = trace('evil.strace', `${START}7<a\x1b[31m> [  41] socket(0x26, 0, 0) = 0x3\n`);
    const { stdout, stderr } = seccompc(['replay', PROFILE, evil]);
    assert.not.match(stdout + stderr, /\x1b/);
  });
});

suite('cli/replay/kernel', (test) => {
  const path = trace('kernel.strace', `${FINE}7 [ 435] clone3(0x7ffe, 0x58) = 9\n`);
  const asked = (kernel: string) => seccompc(['replay', PROFILE, path, '--kernel', kernel]);

  test('lists what that kernel lacks, which is no denial', () => {
    const { status, stdout } = asked('5.2');
    assert.is(status, 0);
    assert.match(stdout, /Linux 5\.2 lacks 1 distinct call\n.*kernel\.strace:3 note REPLAY_LACKING x86_64 clone3/);
    assert.match(asked('5.3').stdout, 'Linux 5.3 has every call of the trace');
  });

  test('a version that is none is a mistake, for a program too', () => {
    assert.match(asked('five').stderr, 'KERNEL_VERSION');
    const program = file(
      'kernel.bpf',
      compile(loadPolicy({ name: 'p', text: readFileSync(PROFILE, 'utf8') }, {})).bytes,
    );
    const made = seccompc(['replay', program, path, '--kernel', 'five']);
    assert.equal([made.status, made.stdout], [2, '']);
    const shown = seccompc(['replay', program, path, '--kernel', '5.2']);
    assert.match(shown.stdout, 'REPLAY_LACKING');
    assert.match(seccompc(['replay', program, denied]).stdout, /\n +\d+: ret #0x50001/);
  });
});
