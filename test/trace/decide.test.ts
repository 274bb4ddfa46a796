/** Three-valued verdicts against brute force: every completion of what is unknown, asked of the plain meaning. */
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { type Arch, arch, type SeccompData } from '../../src/arch/index.ts';
import { compile, loadPolicy } from '../../src/build/index.ts';
import { run } from '../../src/kernel/index.ts';
import { evaluate, type Policy } from '../../src/policy/index.ts';
import { Calls, Decider, replay, type TracedArg, type TraceEvent } from '../../src/trace/index.ts';
import { suite } from '../suite.ts';

const WHOLE = 0xffff_ffff_ffff_ffffn;
const X86 = arch('x86_64');
const SOCKET = 41;

interface Shape {
  readonly op: string;
  readonly index: number;
  readonly value: bigint;
  readonly valueTwo: bigint;
}

/** Values within a few bits, at both ends of the register, so that all completions can be tried. */
const OPEN_BITS = [0n, 1n, 2n, 32n, 63n];
const spread = (n: number) => OPEN_BITS.reduce((word, bit, i) => word | (BigInt((n >> i) & 1) << bit), 0n);
const small = fc.integer({ min: 0, max: 31 }).map(spread);
const condition = fc.record<Shape>({
  op: fc.constantFrom('EQ', 'NE', 'LT', 'LE', 'GT', 'GE', 'MASKED_EQ').map((op) => `SCMP_CMP_${op}`),
  index: fc.constantFrom(0, 1),
  value: small,
  valueTwo: small,
});
const rule = fc.record({
  action: fc.constantFrom('SCMP_ACT_ALLOW', 'SCMP_ACT_ERRNO', 'SCMP_ACT_KILL_PROCESS', 'SCMP_ACT_LOG'),
  args: fc.array(condition, { minLength: 0, maxLength: 2 }),
});
const known = fc.record({ open: fc.integer({ min: 0, max: 31 }), value: small });

function policyOf(
  rules: readonly { readonly action: string; readonly args: readonly Shape[] }[],
  argWidth: string,
): Policy {
  const syscalls = rules.map(
    ({ action, args }) =>
      `{"names":["socket"],"action":"${action}","args":[${args.map((a) => `{"index":${a.index},"op":"${a.op}","value":${a.value},"valueTwo":${a.valueTwo}}`).join()}]}`,
  );
  const text = `{"defaultAction":"SCMP_ACT_ERRNO","x-argWidth":"${argWidth}","syscalls":[${syscalls.join()}]}`;
  return loadPolicy({ name: 'drawn.json', text }, { arches: ['x86_64'], onConflict: 'first' });
}

const dataOf = (a: bigint, b: bigint): SeccompData => ({
  nr: SOCKET,
  arch: X86.audit,
  instructionPointer: 0n,
  args: [a, b, 0n, 0n, 0n, 0n],
});

/** All values of a register of which `open` bits (of OPEN_BITS) are unknown. */
const completions = (open: number, value: bigint) =>
  Array.from({ length: 32 }, (_, n) => n)
    .filter((n) => (n & ~open) === 0)
    .map((n) => (value & ~spread(open)) | spread(n));
const argOf = (open: number, value: bigint): TracedArg => ({
  known: WHOLE & ~spread(open),
  value: value & ~spread(open),
});

suite('trace/decide', (test) => {
  for (const width of ['oci', 'kernel']) {
    test(`exactly the words that are possible, ${width} width; by policy and by program`, () => {
      fc.assert(
        fc.property(fc.array(rule, { minLength: 1, maxLength: 4 }), known, known, (rules, a, b) => {
          const policy = policyOf(rules, width);
          const program = compile(policy);
          const brute = new Set<number>();
          const ran = new Set<number>();
          for (const first of completions(a.open, a.value)) {
            for (const second of completions(b.open, b.value)) {
              brute.add(evaluate(policy, dataOf(first, second)));
              ran.add(run(program, dataOf(first, second)));
            }
          }
          const call = new Calls().intern(X86, SOCKET, 'socket', [argOf(a.open, a.value), argOf(b.open, b.value)]);
          const verdict = new Decider(policy).decide(call)!;
          assert.equal(new Set(verdict.possible), brute);
          assert.equal(new Set(new Decider(program).decide(call)?.possible), ran);
          assert.is(verdict.confidence === 'exact', brute.size === 1);
        }),
        { numRuns: 150 },
      );
    });
  }

  const policy = loadPolicy(
    {
      name: 'p.json',
      text: `{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[
        {"names":["read","close"],"action":"SCMP_ACT_ALLOW"},
        {"names":["getpid"],"action":"SCMP_ACT_KILL_PROCESS"},
        {"names":["gettid"],"action":"SCMP_ACT_KILL_THREAD"},
        {"names":["socket"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"op":"SCMP_CMP_EQ","value":2}]}]}`,
    },
    { arches: ['x86_64', 'i386'] },
  );
  const calls = new Calls();
  const decider = new Decider(policy);

  test('arguments that the filter looks at, and no others', () => {
    assert.is(decider.wanted(X86, 'socket', 41), 0b1);
    assert.is(decider.wanted(X86, 'read', 0), 0);
    assert.is(decider.wanted(undefined, 'socket', undefined), 0b1);
  });
  test('nothing known of an argument: names-only; half of it: ambiguous', () => {
    assert.is(decider.decide(calls.intern(X86, 41, 'socket'))?.confidence, 'names-only');
    const half = calls.intern(X86, 41, 'socket', [{ known: 0xffff_ffffn, value: 2n }]);
    assert.equal([decider.decide(half)?.confidence, decider.decide(half)?.rules], ['ambiguous', [3]]);
    const other = calls.intern(X86, 41, 'socket', [{ known: 0xffff_ffffn, value: 1n }]);
    assert.equal([decider.decide(other)?.confidence, decider.decide(other)?.rules], ['exact', []]);
  });
  test('an unknown ABI is every one of the machine', () => {
    assert.is(decider.decide(calls.intern(undefined, undefined, 'read'))?.confidence, 'exact');
    const one = loadPolicy({ name: 'p.json', text: '{"defaultAction":"SCMP_ACT_ALLOW"}' }, { arches: ['x86_64'] });
    assert.is(new Decider(one).decide(calls.intern(undefined, undefined, 'read'))?.confidence, 'ambiguous');
  });
  test('a name that no ABI has gets no verdict', () => {
    assert.is(decider.decide(calls.intern(X86, undefined, 'frobnicate')), undefined);
  });

  const thread = (tid: number, pid: number) => ({ tid, pid, comm: undefined, exe: undefined });
  const made = (name: string, nr: number, tid = 1, pid = 1): TraceEvent => ({
    kind: 'call',
    call: calls.intern(X86, nr, name),
    task: thread(tid, pid),
    line: nr,
  });
  const after = async (events: readonly TraceEvent[]) => (await replay(policy, events)).totals;

  test('after KILL_PROCESS nothing of that process is reached; others go on', async () => {
    const { unreachable, denied, allowed } = await after([
      made('read', 0),
      made('getpid', 39),
      made('close', 3),
      made('close', 3, 2, 1),
      made('close', 3, 9, 9),
    ]);
    assert.equal([unreachable, denied, allowed], [2, 1, 4]);
  });
  test('after KILL_THREAD that thread alone is gone', async () => {
    assert.is((await after([made('gettid', 186), made('close', 3), made('close', 3, 2, 1)])).unreachable, 1);
  });
  test('after ERRNO, and after what may have failed, the rest is hypothetical', async () => {
    assert.is((await after([made('getuid', 102), made('close', 3), made('close', 3, 9, 9)])).hypothetical, 1);
    assert.is((await after([made('socket', 41), made('close', 3)])).hypothetical, 1);
  });
  test('x86_64 335 and 336 are counted and not judged', async () => {
    const totals = await after([made('uretprobe', 335), made('uprobe', 336)]);
    assert.equal([totals.unfiltered, totals.denied], [2, 0]);
  });
  test('coverage: rules, names and values that nobody used; dangerous ones first', async () => {
    const open = loadPolicy(
      {
        name: 'p.json',
        text: `{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{"names":["read","bpf","close"],"action":"SCMP_ACT_ALLOW"},
          {"names":["socket"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"op":"SCMP_CMP_EQ","value":38}]}]}`,
      },
      { arches: ['x86_64'] },
    );
    const { coverage } = await replay(open, [made('read', 0), made('read', 0)]);
    assert.equal(
      coverage?.rules.map(({ hits, unused, unseen }) => [hits, unused, unseen]),
      [
        [2, ['close', 'bpf'], []],
        [0, ['socket'], [{ argIndex: 0, value: 38n }]],
      ],
    );
    assert.equal(
      coverage?.unusedCalls.map(({ name }) => name),
      ['bpf', 'close', 'socket'],
    );
  });
  test('no rule is named where none would change anything: what is open, or denied, is the ABI', async () => {
    const text = '{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{"names":["brk"],"action":"SCMP_ACT_ALLOW"}]}';
    const allowlist = loadPolicy({ name: 'allowlist.json', text }, { arches: ['x86_64'] });
    const made = (abi: Arch | undefined, nr: number | undefined, name: string): TraceEvent => ({
      kind: 'call',
      call: calls.intern(abi, nr, name, []),
      task: thread(1, 1),
      line: 1,
    });
    // brk: allowed on x86_64, and perhaps a call of i386. mount: denied on both, and a rule for x86_64 would help there.
    const { ambiguous } = await replay(
      allowlist,
      ['brk', 'mount'].map((name) => made(undefined, undefined, name)),
    );
    assert.equal(
      ambiguous.map(({ verdict, allowing }) => [verdict.call.name, allowing?.names]),
      [
        ['brk', undefined],
        ['mount', ['mount']],
      ],
    );
    const foreign = await replay(allowlist, [made(arch('i386'), 45, 'brk')]);
    assert.equal(
      foreign.denied.map(({ verdict, allowing }) => [verdict.call.name, allowing]),
      [['brk', undefined]],
    );
  });
  test('no rule is offered where one denies: behind it, an added one would decide nothing', async () => {
    const text = (more: string) =>
      `{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir"],"action":"SCMP_ACT_ERRNO"}${more}]}`;
    const mkdir = calls.intern(X86, 83, 'mkdir', []);
    const event: TraceEvent = { kind: 'call', call: mkdir, task: thread(1, 1), line: 1 };
    for (const more of ['', ',{"names":["mkdir"],"action":"SCMP_ACT_ALLOW"}']) {
      const { denied } = await replay(
        loadPolicy({ name: 'p.json', text: text(more) }, { arches: ['x86_64'], onConflict: 'first' }),
        [event],
      );
      assert.equal(
        denied.map(({ verdict, allowing }) => [verdict.rules, allowing]),
        [[[0], undefined]],
      );
    }
  });
  test('the smallest rule that lets a denied call through does so', async () => {
    const socket = calls.intern(X86, 41, 'socket', [{ known: WHOLE, value: 38n }]);
    const event: TraceEvent = { kind: 'call', call: socket, task: thread(1, 1), line: 1 };
    const { denied } = await replay(policy, [event]);
    assert.equal(denied[0]?.allowing, {
      names: ['socket'],
      action: 'SCMP_ACT_ALLOW',
      args: [{ index: 0, value: 38n, valueTwo: 0n, op: 'SCMP_CMP_EQ' }],
    });
  });
});
