/** The probe on this kernel, against facts that are known from elsewhere; and its flow on aarch64 under qemu-user. */
import * as assert from 'uvu/assert';
import { arch, syscallNumber } from '../../src/arch/index.ts';
import { executable } from '../../src/machine/executable.ts';
import {
  decodeAnswers,
  encodeBatch,
  type MachineTarget,
  PROBE_STATUS,
  type ProbeAnswer,
  type ProbeGroup,
  probeProgram,
} from '../../src/machine/index.ts';
import { suite } from '../../test/suite.ts';
import { ALLOW, absent, cannotRun, errnoWord, feed, fileOf, filterOf, KILL, records } from './tools.ts';

const probe = (target: MachineTarget) => fileOf(executable(arch(target), probeProgram(target)));
const EINVAL = -22;
const ENOMEM = -12;
const SIGILL = 4;
const SIGSYS = 31;

const ret = (word: number) => records([[0x06, 0, 0, word]]);
const allow = ret(ALLOW);
/** An opcode that the kernel refuses (mod). */
const refused = records([
  [0x94, 0, 0, 1],
  [0x06, 0, 0, ALLOW],
]);

suite('native/machine/probe', (test) => {
  const here = cannotRun('x64');
  const path = here === undefined ? probe('x86_64') : '';
  const ask = (groups: readonly ProbeGroup[]): readonly ProbeAnswer[] => {
    const { status, bytes } = feed(path, [], encodeBatch(groups));
    assert.is(status, 0);
    return decodeAnswers(groups, bytes);
  };
  const installs = (program: Uint8Array) => ask([{ programs: [program] }])[0]?.installs[0];

  test.needs(here, 'verdicts at the limits of length', () => {
    const of = (length: number) => records(Array.from({ length }, () => [0x06, 0, 0, ALLOW] as const));
    assert.equal(
      [0, 1, 4096, 4097, 65535].map((n) => installs(of(n))),
      [EINVAL, 0, 0, EINVAL, EINVAL],
    );
  });
  test.needs(here, 'accepted and refused programs in any order, over several children', () => {
    const pattern = Array.from({ length: 500 }, (_, i) => i % 7 === 3 || i % 5 === 0);
    const answers = ask(pattern.map((good) => ({ programs: [good ? allow : refused] })));
    assert.equal(
      answers.map((answer) => answer.installs[0]),
      pattern.map((good) => (good ? 0 : EINVAL)),
    );
    assert.ok(answers.every((answer) => answer.signal === 0));
  });
  test.needs(here, 'flags reach the kernel', () => {
    const [log, unknown] = ask([
      { programs: [allow], flags: 2 },
      { programs: [allow], flags: 0x40 },
    ]);
    assert.equal([log?.installs, unknown?.installs], [[0], [EINVAL]]);
  });
  test.needs(here, 'one-instruction filters stack to the budget and not one further', () => {
    // `ret K` is 5 instructions after conversion; each filter below counts 4 more: 5 + 9 (n - 1) <= 32768.
    const [answer] = ask([{ programs: Array.from({ length: 3643 }, () => allow) }]);
    assert.is(
      answer?.installs.findIndex((errno) => errno !== 0),
      3641,
    );
    assert.equal(answer?.installs.slice(3641), [ENOMEM, ENOMEM]);
  });

  test.needs(here, 'each leaf of a filter is seen, arguments included', () => {
    // ld nr; jeq 5000 -> 1; ld low(arg 5); jeq 0x1234 -> 2; ld high(arg 0); jgt 9 -> 3; else 4
    const program = records([
      [0x20, 0, 0, 0],
      [0x15, 0, 1, 5000],
      [0x06, 0, 0, errnoWord(1)],
      [0x20, 0, 0, 56],
      [0x15, 0, 1, 0x1234],
      [0x06, 0, 0, errnoWord(2)],
      [0x20, 0, 0, 20],
      [0x25, 0, 1, 9],
      [0x06, 0, 0, errnoWord(3)],
      [0x06, 0, 0, errnoWord(4)],
    ]);
    const [answer] = ask([
      {
        programs: [program],
        calls: [
          { nr: 5000 },
          { nr: 0xdead_beef_0000_1388n },
          { nr: 5001, args: [0n, 0n, 0n, 0n, 0n, 0xffff_0000_1234n] },
          { nr: 5001, args: [10n << 32n] },
          { nr: 5001, args: [9n << 32n] },
          { nr: -1 },
        ],
      },
    ]);
    assert.equal(answer?.results, [-1n, -1n, -2n, -3n, -4n, -4n]);
    // This filter denies exit_group too, so the child ends in its trap.
    assert.is(answer?.signal, SIGILL);
  });
  test.needs(here, 'what a child stored survives its death; what it did not do stays unanswered', () => {
    const calls = [{ nr: 5000 }, { nr: 5001 }, { nr: 5000 }];
    const [killed, next] = ask([
      {
        programs: [
          filterOf(
            new Map([
              [5001, KILL],
              [5000, errnoWord(7)],
            ]),
          ),
        ],
        calls,
      },
      { programs: [refused], calls },
    ]);
    assert.equal(killed, { installs: [0], results: [-7n, undefined, undefined], signal: SIGSYS });
    assert.equal(next, { installs: [EINVAL], results: [undefined, undefined, undefined], signal: 0 });
  });
  test.needs(here, 'a stack: the strictest answer wins, and a refused program in between changes nothing', () => {
    const stack = [5, 6].map((errno) => filterOf(new Map([[5000, errnoWord(errno)]])));
    const [answer] = ask([
      { programs: [stack[0], refused, stack[1]] as Uint8Array[], calls: [{ nr: 5000 }, { nr: 5001 }] },
    ]);
    assert.equal(answer, { installs: [0, EINVAL, 0], results: [-6n, -38n], signal: 0 });
  });

  const compatFilter = records([
    [0x20, 0, 0, 4],
    [0x15, 1, 0, 0x4000_0003],
    [0x06, 0, 0, ALLOW],
    [0x20, 0, 0, 20],
    [0x15, 0, 1, 0xdead_beef],
    [0x06, 0, 0, errnoWord(9)],
    [0x20, 0, 0, 56],
    [0x15, 0, 1, 6],
    [0x06, 0, 0, errnoWord(10)],
    [0x06, 0, 0, errnoWord(11)],
  ]);
  const compat = (args: readonly bigint[]): ProbeGroup => ({
    programs: [compatFilter],
    calls: [{ nr: 5000, args, compat: true }],
  });
  const noCompat = () =>
    here ?? (ask([compat([])])[0]?.results[0] === undefined ? 'this kernel has no int 0x80' : undefined);
  test.needs(noCompat, 'int 0x80 shows the filter whole registers', () => {
    const answers = ask([compat([0xdead_beef_0000_0001n]), compat([0n, 1n, 2n, 3n, 4n, 6n]), compat([])]);
    assert.equal(
      answers.map((answer) => answer.results),
      [[-9n], [-10n], [-11n]],
    );
    assert.ok(answers.every((answer) => answer.installs[0] === 0));
  });

  test.needs(here, 'several batches, one after another', () => {
    const groups: readonly ProbeGroup[] = [{ programs: [allow, refused] }];
    const { status, bytes } = feed(path, [], Uint8Array.from([...encodeBatch(groups), ...encodeBatch(groups)]));
    assert.is(status, 0);
    for (const half of [bytes.slice(0, bytes.length / 2), bytes.slice(bytes.length / 2)])
      assert.equal(decodeAnswers(groups, half)[0]?.installs, [0, EINVAL]);
  });
  test.needs(here, 'nothing, an empty batch, and batches that end early', () => {
    const batch = encodeBatch([{ programs: [allow] }]);
    assert.equal(feed(path, [], new Uint8Array(0)), { status: 0, bytes: new Uint8Array(0) });
    assert.equal(ask([]), []);
    for (const size of [1, 7, 8, 40, batch.length - 1])
      assert.is(feed(path, [], batch.slice(0, size)).status, PROBE_STATUS.cut);
  });

  const qemu = absent('qemu-aarch64-static') === undefined ? 'qemu-aarch64-static' : 'qemu-aarch64';
  const emulated = process.platform !== 'linux' ? 'this is not Linux' : absent(qemu);
  test.needs(emulated, 'aarch64 under qemu-user, which has no seccomp: ENOSYS for each program', () => {
    const groups: readonly ProbeGroup[] = [
      { programs: [allow, refused], calls: [{ nr: 5000 }] },
      { programs: [allow] },
    ];
    const { status, bytes } = feed(qemu, [probe('aarch64')], encodeBatch(groups));
    assert.is(status, 0);
    assert.equal(
      decodeAnswers(groups, bytes).map((answer) => answer.installs),
      [[-38, -38], [-38]],
    );
  });
  test.needs(cannotRun('arm64'), 'aarch64 on this kernel: verdicts and one call', () => {
    const socket = syscallNumber(arch('aarch64'), 'socket') as number;
    const groups: readonly ProbeGroup[] = [
      { programs: [filterOf(new Map([[socket, errnoWord(77)]]))], calls: [{ nr: socket }] },
      { programs: [refused] },
    ];
    const { bytes } = feed(probe('aarch64'), [], encodeBatch(groups));
    assert.equal(decodeAnswers(groups, bytes), [
      { installs: [0], results: [-77n], signal: 0 },
      { installs: [EINVAL], results: [], signal: 0 },
    ]);
  });
});
