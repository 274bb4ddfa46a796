/** What `verify` makes of threads and of what they carry: all that needs no process. */
import * as assert from 'uvu/assert';
import { encodeProgram } from '../../src/bpf/index.ts';
import { carriedBy, modeOf, processNumber, sameFilters } from '../../src/cli/carried.ts';
import { compareAll, type Expected, type ThreadCarries } from '../../src/cli/verify-compare.ts';
import { noNewPrivs, threadList, unconfined, withoutNoNewPrivs } from '../../src/cli/verify-confined.ts';
import { comparisonLines, confinedLines, directionOf } from '../../src/cli/verify-report.ts';
import type { ThreadStatus } from '../../src/host/process-status.ts';
import type { ReadFilter } from '../../src/machine/index.ts';
import { insn, program } from '../prove/subjects.ts';
import { suite, throwsCode } from '../suite.ts';

const thread = (more: Partial<ThreadStatus> = {}): ThreadStatus => ({
  tid: 12,
  pid: 12,
  started: '100',
  name: 'cat',
  state: 'S',
  tracer: 0,
  noNewPrivs: true,
  seccomp: 2,
  filters: 1,
  isKernel: false,
  ...more,
});

const ALLOW = 0x7fff_0000;
const LOGGED = 2;
const answering = (nr: number, word: number) => [insn(0x20, 0), insn(0x15, nr, 0, 1), insn(6, word), insn(6, ALLOW)];
const filter = (insns: ReturnType<typeof answering>, flags: number | undefined = 0): ReadFilter => ({
  program: encodeProgram(insns, 'little'),
  flags,
});
const denyRead = filter(answering(0, 0x5_0001));
const denyWrite = filter(answering(1, 0x5_0001));
const carries = (status: Partial<ThreadStatus>, ...filters: readonly ReadFilter[]): ThreadCarries => ({
  thread: thread(status),
  filters: carriedBy(thread(status), filters),
});
const expecting = (insns: ReturnType<typeof answering>): Expected => ({
  name: 'x.bpf',
  what: 'raw program',
  subject: program(insns),
  diagnostics: [],
});

const NONE = { seccomp: 0, filters: 0 };
const heads: readonly (readonly [readonly ThreadStatus[], string])[] = [
  [[thread()], "process 12 ('cat'): 1 thread with 1 filter; no_new_privs is set"],
  [[thread({ filters: 3 })], "process 12 ('cat'): 1 thread with 3 filters; no_new_privs is set"],
  [[thread(), thread({ tid: 13 })], "process 12 ('cat'): 2 threads with 1 filter each; no_new_privs is set"],
  [[thread(), thread({ tid: 13, filters: 2 })], "process 12 ('cat'): 2 threads with filters; no_new_privs is set"],
  [
    [thread(), thread({ tid: 13, ...NONE })],
    "process 12 ('cat'): 2 threads, 1 of them with 1 filter; no_new_privs is set",
  ],
  [[thread(NONE)], "process 12 ('cat'): 1 thread without filters; no_new_privs is set"],
  [[thread({ filters: undefined })], "process 12 ('cat'): 1 thread with filters; no_new_privs is set"],
  [[thread({ noNewPrivs: undefined })], "process 12 ('cat'): 1 thread with 1 filter; no_new_privs is unknown"],
  [
    [thread(), thread({ tid: 13, noNewPrivs: false })],
    "process 12 ('cat'): 2 threads with 1 filter each; no_new_privs is not set",
  ],
  [[thread({ tid: 13 })], "thread 13 of process 12 ('cat'): 1 thread with 1 filter; no_new_privs is set"],
];

suite('cli/verify', (test) => {
  for (const [threads, text] of heads) test(text, () => assert.equal(confinedLines(threads), [text]));

  test('modes', () => {
    assert.equal(
      [0, 1, 2].map((seccomp) => modeOf(thread({ seccomp }))),
      ['none', 'strict', 'filter'],
    );
  });
  test('threads without a filter are one finding, however many', () => {
    const many = Array.from({ length: 30 }, (_, i) => thread({ tid: 12 + i, ...(i % 2 === 0 ? NONE : {}) }));
    const [found, ...more] = unconfined(many);
    assert.equal([found?.code, more], ['PROCESS_UNFILTERED', []]);
    assert.match(found?.message ?? '', /^15 threads of process 12 carry no filter: 12, 14, .* \.\.\. \(15 in all\)$/);
    assert.match(unconfined([thread(NONE), thread({ tid: 13, ...NONE })])[0]?.message ?? '', /^all 2 threads/);
    const mixed = unconfined([thread(NONE), thread({ tid: 13, seccomp: 1, filters: 0 })]);
    assert.equal(
      mixed.map(({ code }) => code),
      ['PROCESS_UNFILTERED', 'PROCESS_STRICT'],
    );
    assert.equal(unconfined([thread(), thread({ tid: 13 })]), []);
  });
  test('no_new_privs', () => {
    const [set, not, unknown] = [thread(), thread({ noNewPrivs: false }), thread({ noNewPrivs: undefined })];
    assert.equal([[set], [set, not], [set, unknown], [not, unknown]].map(noNewPrivs), [true, false, undefined, false]);
    const found = (threads: readonly ThreadStatus[], isRequired: boolean) =>
      withoutNoNewPrivs(threads, isRequired).map(({ code, severity }) => `${code} ${severity}`);
    assert.equal(found([set], true), []);
    assert.equal(found([set, not], false), ['PROCESS_PRIVILEGES_NEW warning']);
    assert.equal(found([set, not], true), ['PROCESS_PRIVILEGES_NEW error']);
    assert.equal(found([unknown], false), []);
    assert.equal(found([unknown], true), ['KERNEL_UNABLE undefined']);
    // Nothing is in force that it could weaken.
    assert.equal(found([thread({ ...NONE, noNewPrivs: false })], false), []);
  });

  test('threads that carry the same are compared once', () => {
    const all = [
      carries({}, denyRead),
      carries({ tid: 13 }, denyRead),
      carries({ tid: 14 }, denyRead, denyWrite),
      carries({ tid: 15 }, filter(answering(0, 0x5_0001), LOGGED)),
      carries({ tid: 16, ...NONE }),
    ];
    const found = compareAll(all, expecting(answering(0, 0x5_0001)));
    assert.equal(
      found.map((c) => [c.threads.map(({ tid }) => tid), c.equal, directionOf(c), c.equalAlone]),
      [
        [[12, 13], true, [], []],
        [[14], false, ['tighter'], [0]],
        [[15], true, [], []],
      ],
    );
  });
  test('directions, with the call first', () => {
    const [looser] = compareAll([carries({}, denyRead)], expecting(answering(1, 0x5_0001)));
    assert.equal(looser && directionOf(looser), ['looser', 'tighter']);
    const lines = comparisonLines(looser as never, expecting(answering(1, 0x5_0001)), true);
    assert.is(lines[0], 'it carries:');
    assert.match(
      lines[2] ?? '',
      /^NOT EQUAL to x\.bpf \(raw program\): looser, tighter \(\d+ loosened, \d+ tightened, 0 changed\)$/,
    );
    assert.match(lines[3] ?? '', /should get ERRNO\(1 EPERM\), gets ALLOW$/);
    const [changed] = compareAll([carries({}, denyRead)], expecting(answering(0, 0x5_0002)));
    assert.equal(changed && directionOf(changed), ['other data']);
  });
  test('calls that no filter sees make no difference', () => {
    const native = (nr: number) => [insn(0x20, 4), insn(0x15, 0xc000_003e, 1, 0), insn(6, ALLOW), ...answering(nr, 0)];
    const allowing = [insn(6, ALLOW)];
    const [found] = compareAll([carries({}, filter(native(335)))], {
      ...expecting(allowing),
      subject: program(allowing),
    });
    assert.equal([found?.equal, found?.groups], [true, []]);
    const [other] = compareAll([carries({}, filter(native(334)))], {
      ...expecting(allowing),
      subject: program(allowing),
    });
    assert.is(other?.equal, false);
  });
  test('a program that seccompc would refuse: nothing is claimed', () => {
    const newer = filter([insn(0x94, 3), insn(6, ALLOW)]);
    throwsCode(() => compareAll([carries({}, denyRead, newer)], expecting(answering(0, 0))), 'FILTER_NEWER');
  });
  test('a program that is too much to compare is undecided', () => {
    // A times X, three times over: no diagram of that fits.
    const heavy = [insn(0x20, 16), insn(0x07), insn(0x20, 24), insn(0x2c), insn(0x07), insn(0x2c), insn(0x16)];
    const [found] = compareAll([carries({}, filter(heavy))], expecting(answering(0, 0)));
    assert.equal([found?.equal, found?.groups], [false, []]);
    assert.ok(found?.undecided);
    assert.match(
      comparisonLines(found as never, expecting(answering(0, 0)), true).at(-1) ?? '',
      /^undecided: .*Nothing is claimed\.$/,
    );
  });
  test('a filter that the kernel does not show', () => {
    throwsCode(() => carriedBy(thread(), [denyRead, { program: { errno: 124 }, flags: 0 }]), 'FILTER_EBPF');
  });
  test('the same filters are the same programs, flags and order', () => {
    const of = (...filters: readonly ReadFilter[]) => carriedBy(thread(), filters);
    assert.ok(sameFilters(of(denyRead, denyWrite), of(denyRead, denyWrite)));
    assert.not(sameFilters(of(denyRead, denyWrite), of(denyWrite, denyRead)));
    assert.not(sameFilters(of(denyRead), of(denyRead, denyWrite)));
    assert.not(sameFilters(of(denyRead), of({ ...denyRead, flags: LOGGED })));
    assert.not(sameFilters(of(denyRead), of({ ...denyRead, flags: undefined })));
  });
  test('numbers of processes', () => {
    assert.equal(['1', '4194304'].map(processNumber), [1, 4_194_304]);
    for (const text of ['', '0', '01', '-1', '1.5', '0x10', ' 1', '4194305', '12345678', 'self'])
      assert.throws(() => processNumber(text));
  });
  test('many threads in few words', () => {
    assert.is(threadList([1, 2]), '1, 2');
    assert.is(threadList(Array.from({ length: 9 }, (_, i) => i)), '0, 1, 2, 3, 4, 5, 6, 7 ... (9 in all)');
  });
});
