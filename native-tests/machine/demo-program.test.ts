/** The demo program on this kernel, and its aarch64 twin under qemu-user: it follows the filter in its section, or does not start. */
import { readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { arch, syscallNumber } from '../../src/arch/index.ts';
import { executable } from '../../src/machine/executable.ts';
import { demoProgram, type MachineTarget, REFUSED_STATUS } from '../../src/machine/index.ts';
import { suite } from '../../test/suite.ts';
import {
  ALLOW,
  absent,
  cannotRun,
  errnoWord,
  fileOf,
  filterOf,
  freshPath,
  KILL,
  type Ran,
  records,
  run,
  withSections,
} from './tools.ts';

const SECTION = '.seccomp_rules';
const demo = (target: MachineTarget) => executable(arch(target), demoProgram(target));
const withFilter = (target: MachineTarget, data: Uint8Array) => withSections(demo(target), [{ name: SECTION, data }]);
const nr = (name: string): number => syscallNumber(arch('x86_64'), name) as number;
const denying = (...calls: readonly (readonly [string, number])[]) =>
  filterOf(new Map(calls.map(([name, word]) => [nr(name), word])));

/** What the program printed: the answer of each call by name. */
function answers(ran: Ran): ReadonlyMap<string, string> {
  return new Map([...ran.stdout.matchAll(/^(\w+)\(.*?\) -> (.*)$/gm)].map((m) => [m[1] as string, m[2] as string]));
}

function refusal(ran: Ran, reason: RegExp): void {
  assert.match(ran.stderr, reason);
  assert.is(ran.status, REFUSED_STATUS);
  assert.is(ran.stdout, '');
}

suite('native/machine/demo', (test) => {
  const here = cannotRun('x64');
  const runs = (data: Uint8Array) => run(fileOf(withFilter('x86_64', data)));

  test.needs(here, 'without the section it does not start', () =>
    refusal(run(fileOf(demo('x86_64'))), /no \.seccomp_rules/),
  );

  test.needs(here, 'a filter that allows everything', () => {
    const ran = runs(filterOf(new Map()));
    assert.is(ran.status, 0, ran.stderr);
    assert.is(answers(ran).get('getpid'), String(ran.pid));
    assert.is(answers(ran).get('unshare'), '0');
    assert.match(answers(ran).get('socket') ?? '', /^\d+$|^-1 errno/);
  });

  for (const [name, word, answer] of [
    ['EPERM', errnoWord(1), '-1 EPERM (1)'],
    ['ENOSYS', errnoWord(38), '-1 ENOSYS (38)'],
    ['ENOENT', errnoWord(2), '-1 errno 2'],
    ['the largest errno', errnoWord(4095), '-1 errno 4095'],
    ['errno 0', errnoWord(0), '0'],
    ['TRACE without a tracer', 0x7ff0_0000, '-1 ENOSYS (38)'],
  ] as const)
    test.needs(here, `the answer follows the filter: ${name}`, () => {
      const ran = runs(denying(['unshare', word], ['socket', word], ['getpid', word]));
      assert.is(ran.status, 0, ran.stderr);
      assert.equal(
        [...answers(ran)],
        [
          ['getpid', answer],
          ['socket', answer],
          ['unshare', answer],
        ],
      );
    });

  test.needs(here, 'a swapped section changes one call', () => {
    const one = answers(runs(denying(['socket', errnoWord(1)])));
    const other = answers(runs(denying(['unshare', errnoWord(1)])));
    assert.is(one.get('socket'), '-1 EPERM (1)');
    assert.is(one.get('unshare'), '0');
    assert.is.not(other.get('socket'), '-1 EPERM (1)');
    assert.is(other.get('unshare'), '-1 EPERM (1)');
  });

  test.needs(here, 'KILL_PROCESS ends it with SIGSYS', () => {
    const ran = runs(denying(['socket', KILL]));
    assert.is(ran.signal, 'SIGSYS');
    assert.match(ran.stdout, /^getpid\(\) -> \d+\n$/);
  });
  test.needs(here, 'a filter without write: silent, and still to the end', () => {
    const ran = runs(denying(['write', errnoWord(1)]));
    assert.is(ran.stdout, '');
    assert.is(ran.status, 0);
  });
  test.needs(here, 'a filter without exit_group: it traps instead of running on', () => {
    assert.is(runs(denying(['exit_group', errnoWord(1)])).signal, 'SIGILL');
  });
  test.needs(here, 'a strict allowlist of three calls', () => {
    const allowed = new Map(['getpid', 'write', 'exit_group'].map((name) => [nr(name), ALLOW]));
    const ran = runs(filterOf(allowed, errnoWord(1)));
    assert.is(ran.status, 0);
    assert.is(answers(ran).get('socket'), '-1 EPERM (1)');
    assert.is(answers(ran).get('getpid'), String(ran.pid));
  });

  const ret = [0x06, 0, 0, ALLOW] as const;
  const refused: readonly (readonly [string, Uint8Array, RegExp])[] = [
    ['a program that does not end in a return', records([[0x20, 0, 0, 0]]), /errno 22$/m],
    ['an opcode that seccomp refuses', records([[0x94, 0, 0, 1], ret]), /errno 22$/m],
    ['an empty section', new Uint8Array(0), /empty/],
    ['4097 instructions', records(Array.from({ length: 4097 }, () => ret)), /4096/],
    ['half an instruction at the end', Uint8Array.from([...records([ret]), 0, 0, 0, 0]), /cut short/],
  ];
  for (const [name, data, reason] of refused)
    test.needs(here, `${name}: does not start`, () => refusal(runs(data), reason));

  test.needs(here, '4096 instructions', () => {
    assert.is(runs(records(Array.from({ length: 4096 }, () => ret))).status, 0);
  });
  test.needs(here, 'a section that reaches past the end of the file', () => {
    const data = records([ret]);
    refusal(run(fileOf(withSections(demo('x86_64'), [{ name: SECTION, data, size: 8 * 4096 }]))), /cut short/);
  });
  test.needs(here, 'finds its section among others, by its whole name', () => {
    const decoy = records([[0x06, 0, 0, KILL]]);
    const decoys = ['.seccomp_rule', '.seccomp_rules2', 'x.seccomp_rules2', '.Seccomp_rules', '.seccomp_ruleS'];
    const others = decoys.map((name) => ({ name, data: decoy }));
    refusal(run(fileOf(withSections(demo('x86_64'), others))), /no \.seccomp_rules/);
    const wanted = { name: SECTION, data: denying(['socket', errnoWord(1)]) };
    const ran = run(fileOf(withSections(demo('x86_64'), [...others, wanted, ...others])));
    assert.is(answers(ran).get('socket'), '-1 EPERM (1)', ran.stderr);
  });
  test.needs(here, 'damaged headers: does not start', () => {
    const file = withFilter('x86_64', filterOf(new Map()));
    for (const [at, bytes] of [
      [40, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]],
      [58, [40, 0]],
      [60, [0xff, 0xff]],
      [62, [0xff, 0xff]],
    ] as const) {
      const damaged = file.slice();
      damaged.set(bytes, at);
      const ran = run(fileOf(damaged));
      // e_shnum alone changed: the section is found before the walk leaves the file.
      if (at === 60) assert.is(ran.status, 0);
      else refusal(ran, /cannot read/);
    }
  });
  test.needs(here ?? absent('strace'), 'no call but its own reading comes before the filter', () => {
    const log = freshPath();
    run('strace', ['-o', log, fileOf(withFilter('x86_64', filterOf(new Map())))]);
    const calls = [...readFileSync(log, 'utf8').matchAll(/^(\w+)\(/gm)].map((m) => m[1]);
    const before = calls.slice(0, calls.indexOf('seccomp'));
    assert.equal([...new Set(before)], ['execve', 'openat', 'pread64', 'close', 'prctl']);
  });

  const qemu = absent('qemu-aarch64-static') === undefined ? 'qemu-aarch64-static' : 'qemu-aarch64';
  const noArm = cannotRun('arm64');
  const emulated = process.platform !== 'linux' ? 'this is not Linux' : absent(qemu);
  test.needs(emulated, 'aarch64 under qemu-user: without the section it does not start', () => {
    refusal(run(qemu, [fileOf(demo('aarch64'))]), /no \.seccomp_rules/);
  });
  test.needs(emulated, 'aarch64 under qemu-user, which has no seccomp: reads its section, then does not start', () => {
    refusal(run(qemu, [fileOf(withFilter('aarch64', filterOf(new Map())))]), /errno 38$/m);
    refusal(run(qemu, [fileOf(withFilter('aarch64', new Uint8Array(0)))]), /empty/);
  });
  test.needs(noArm, 'aarch64 on this kernel: follows its filter', () => {
    const socket = syscallNumber(arch('aarch64'), 'socket') as number;
    const ran = run(fileOf(withFilter('aarch64', filterOf(new Map([[socket, errnoWord(1)]])))));
    assert.is(answers(ran).get('socket'), '-1 EPERM (1)', ran.stderr);
  });
});
