/** Profiles learned from traces: what they allow, judged by `evaluate`; what they say of it; that they are the same twice. */
import { parse } from 'jsonc-parser';
import * as assert from 'uvu/assert';
import { Learning, type LearnOptions, learnedText } from '../../src/algebra/index.ts';
import { arch, syscallNumber, syscallsOf } from '../../src/arch/index.ts';
import { evaluate, type Policy, parseProfile, resolvePolicy } from '../../src/policy/index.ts';
import { Decider, readTrace } from '../../src/trace/index.ts';
import { suite, throwsCode } from '../suite.ts';
import { HOSTILE, OBEYED, RAW } from '../support/hostile.ts';
import { data } from '../support/samples.ts';
import { sharedBytes, sharedText, withoutShared } from '../support/shared.ts';

const ALLOW = 0x7fff_0000;
const EPERM = 0x0005_0001;
const ENOSYS = 0x0005_0026;

interface Made {
  readonly text: string;
  readonly policy: Policy;
  readonly learning: Learning;
}

type Files = Readonly<Record<string, string | Uint8Array>>;

async function learn(files: Files, options: Partial<LearnOptions> = {}, name = 'test'): Promise<Made> {
  const learning = new Learning({ args: 'auto', runtime: 'none', ...options });
  for (const [file, content] of Object.entries(files)) {
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
    const stream = readTrace(bytes, { file, wanted: learning.wanted });
    for await (const batch of stream.batches()) learning.add(batch, file);
    learning.source(stream.report);
  }
  const text = learnedText(learning.result(), name);
  return { text, policy: resolvePolicy(parseProfile(text)), learning };
}

/** Lines of `strace -f -n -e raw=all`: process, number, name, arguments. */
const raw = (...calls: readonly (readonly [name: string, ...args: readonly number[]])[]): string =>
  [['execve', 0x5555_5555_0000, 0x5555_5555_0010, 0x5555_5555_0020] as const, ...calls]
    .map(([name, ...args]) => {
      const nr = syscallNumber(arch('x86_64'), name);
      return `17 [${String(nr).padStart(4)}] ${name}(${args.map((a) => `0x${a.toString(16)}`).join(', ')}) = 0\n`;
    })
    .join('');

function says({ policy }: Made, name: string, args: readonly bigint[] = [], abi = 'x86_64'): number {
  const on = arch(abi as 'x86_64');
  return evaluate(policy, data(on.audit, syscallNumber(on, name) ?? -1, args));
}

suite('algebra/learn', (test) => {
  test('what was seen is allowed, with its count and first line; the rest is not', async () => {
    const made = await learn({ 'a.strace': raw(['getuid'], ['getuid'], ['getppid']) });
    assert.is(says(made, 'getuid'), ALLOW);
    assert.is(says(made, 'getppid'), ALLOW);
    assert.is(says(made, 'ptrace'), EPERM);
    assert.is(says(made, 'mount'), EPERM);
    assert.match(made.text, /"getuid", +\/\/ 2 times, first a\.strace:2/);
    assert.match(made.text, 'a.strace: 4 calls (strace)');
  });

  test('values that decide much are narrowed, and compared as the kernel uses them', async () => {
    const made = await learn({ a: raw(['socket', 2, 1, 0], ['socket', 1, 1, 0], ['prctl', 15, 0]) });
    assert.is(says(made, 'socket', [2n]), ALLOW);
    assert.is(says(made, 'socket', [1n]), ALLOW);
    assert.is(says(made, 'socket', [0x1_0000_0002n]), ALLOW, 'AF_INET to the kernel');
    assert.is(says(made, 'socket', [38n]), EPERM);
    assert.is(says(made, 'prctl', [15n]), ALLOW);
    assert.is(says(made, 'prctl', [22n]), EPERM);
    const free = await learn({ a: raw(['socket', 2, 1, 0]) }, { args: 'none' });
    assert.is(says(free, 'socket', [38n]), ALLOW);
    assert.not.match(free.text, 'x-argWidth');
  });

  test('one value that the trace does not tell, and none is narrowed', async () => {
    const made = await learn({ a: `${raw(['socket', 2, 1, 0])}17 [  41] socket(AF_WHAT, SOCK_STREAM, 0) = 3\n` });
    assert.is(says(made, 'socket', [38n]), ALLOW);
    assert.match(made.text, 'domain free: not every value is in the traces');
  });

  test('clone: flags of namespaces that were never seen stay out, others are free', async () => {
    const made = await learn({ a: raw(['clone', 0x1200011, 0, 0, 0, 0]) });
    assert.is(says(made, 'clone', [0x3d0f00n]), ALLOW);
    assert.is(says(made, 'clone', [0x1000_0011n]), EPERM, 'CLONE_NEWUSER');
    assert.is(says(made, 'clone3'), ENOSYS, 'libraries then use clone');
    const user = await learn({ a: raw(['clone', 0x1000_0011, 0, 0, 0, 0]) });
    assert.is(says(user, 'clone', [0x1000_0011n]), ALLOW);
    assert.is(says(user, 'clone', [0x4000_0011n]), EPERM, 'CLONE_NEWNET');
  });

  test('what stands in for what: clone for clone3, clocks, memory, ENOSYS for newer calls', async () => {
    const made = await learn({ a: raw(['clone3', 0x7fff_0000_0000, 88], ['mmap', 0, 4096, 3, 34, 0xffff_ffff, 0]) });
    assert.is(says(made, 'clone3'), ALLOW);
    assert.is(says(made, 'clone', [0x3d0f00n]), ALLOW);
    assert.is(says(made, 'clone', [0x1000_0011n]), EPERM);
    for (const name of ['clock_gettime', 'munmap', 'mremap', 'rt_sigreturn', 'exit_group', 'restart_syscall', 'futex'])
      assert.is(says(made, name), ALLOW, name);
    assert.is(says(made, 'openat2'), ENOSYS);
    assert.is(says(made, 'openat'), EPERM);
  });

  test('--runtime runc: what stands between its filter and the program', async () => {
    const made = await learn({ a: raw(['prctl', 15, 0]) }, { runtime: 'runc' });
    for (const name of ['setgid', 'capset', 'close', 'execve']) assert.is(says(made, name), ALLOW, name);
    assert.is(says(made, 'prctl', [24n]), ALLOW, 'it sets capabilities by prctl, whatever the program asks');
  });

  test('two architectures: what one was seen to do is not allowed on the other', async () => {
    const i386 =
      '9 [  11] execve(0x5555550000, 0x1, 0x2) = 0\n[ Process PID=9 runs in 32 bit mode. ]\n9 [  20] getpid() = 9\n9 [   5] open(0x804a000, 0, 0) = 3\n';
    const made = await learn({ a: raw(['getuid']), b: i386 });
    assert.equal(
      made.policy.arches.map((a) => a.arch.name),
      ['x86_64', 'i386'],
    );
    assert.is(says(made, 'open', [], 'i386'), ALLOW);
    assert.is(says(made, 'open', [], 'x86_64'), EPERM);
    assert.is(says(made, 'getuid', [], 'i386'), EPERM);
    assert.match(made.text, /i386: \d calls; seen there alone: .*open/);
  });

  test('a number without a name is left out, and said', async () => {
    const made = await learn({ a: `${raw(['getuid'])}17 [ 999] syscall_0x3e7(0x1) = -1 ENOSYS\n` });
    assert.match(made.text, 'LEFT OUT: number 999 of x86_64, which has no name: 1 calls');
  });

  test('no text from outside leaves its comment', async () => {
    const value = async (name: string) => parse((await learn({ [name]: raw(['getuid']) }, {}, name)).text) as unknown;
    const plain = await value('plain');
    for (const hostile of HOSTILE) {
      const { text } = await learn({ [hostile]: raw(['getuid']) }, {}, hostile);
      assert.not.match(text, RAW);
      assert.not.match(text, OBEYED);
      assert.equal(await value(hostile), plain, hostile);
    }
  });

  test('the same traces give the same bytes', async () => {
    const files = { a: raw(['getuid'], ['socket', 2, 1, 0]), b: raw(['socket', 1, 1, 0], ['clone3', 1, 2]) };
    assert.is((await learn(files)).text, (await learn(files)).text);
  });

  test('arguments that cannot be learned', () => {
    throwsCode(() => new Learning({ args: ['read'], runtime: 'none' }), 'USAGE');
  });

  const traces = ['ls_f', 'ls_n_raw', 'nginx_f_tt', 'redis_y', 'py_hello_f', 'hello_go_raw', 'node_http_f'];
  for (const name of traces) {
    test.needs(withoutShared, `${name}: all of it allowed; 70 % of what Docker's default allows denied`, async () => {
      const made = await learn({ [name]: sharedBytes(`traces/strace/${name}.strace`) });
      const decider = new Decider(made.policy);
      for (const call of made.learning.calls) assert.is(decider.decide(call)?.word, ALLOW, call.name);
      const docker = resolvePolicy(parseProfile(sharedText('profiles/docker-default.json')), { arches: ['x86_64'] });
      const lets = (policy: Policy, nr: number) =>
        policy.arches[0]?.calls.get(nr)?.rules.some(({ action }) => action === ALLOW) === true;
      const allowed = [...syscallsOf(arch('x86_64')).values()].filter((nr) => lets(docker, nr));
      const denied = allowed.filter((nr) => !lets(made.policy, nr));
      assert.ok(allowed.length > 300);
      assert.ok(denied.length >= 0.7 * allowed.length, `${denied.length} of ${allowed.length}`);
    });
  }
});
