/**
 * MIPS tells the calls of its three ABIs apart by the number alone, so a denylist for one of them must not let the numbers of
 * the others through. What the kernel does with them: native-tests/kernel/qemu.
 */
import * as assert from 'uvu/assert';
import { type ArchName, arch, syscallsOf } from '../../src/arch/index.ts';
import { compile } from '../../src/build/index.ts';
import { run } from '../../src/kernel/index.ts';
import {
  decide,
  evaluate,
  parseProfile,
  printPolicy,
  type ResolveOptions,
  resolvePolicy,
} from '../../src/policy/index.ts';
import { suite } from '../suite.ts';
import { callsToTry, data } from '../support/samples.ts';

const ALLOW = 0x7fff_0000;
const LOG = 0x7ffc_0000;
const EPERM = 0x0005_0001;
const KILL_PROCESS = 0x8000_0000;
const KILL_THREAD = 0;

/** getppid on o32, n64 and n32; numbers around the ranges. */
const GETPPID = { o32: 4064, n64: 5108, n32: 6108 };

interface Row {
  readonly name: string;
  readonly defaultAction: string;
  readonly arches: readonly ArchName[];
  readonly options?: ResolveOptions;
  /** On the token of the first architecture: number, word. */
  readonly words: readonly (readonly [number, number])[];
}

// biome-ignore format: a table
const rows: readonly Row[] = [
  { name: 'n64 alone', defaultAction: 'SCMP_ACT_ALLOW', arches: ['mipsel64'],
    words: [[GETPPID.n64, EPERM], [GETPPID.o32, KILL_PROCESS], [GETPPID.n32, KILL_PROCESS], [3999, ALLOW], [4000, KILL_PROCESS],
      [4999, KILL_PROCESS], [5000, ALLOW], [5999, ALLOW], [6000, KILL_PROCESS], [6999, KILL_PROCESS], [7000, ALLOW], [0xffff_ffff, ALLOW]] },
  { name: 'o32 alone', defaultAction: 'SCMP_ACT_LOG', arches: ['mips'],
    words: [[GETPPID.o32, EPERM], [GETPPID.n64, KILL_PROCESS], [GETPPID.n32, KILL_PROCESS], [4999, LOG], [5000, KILL_PROCESS], [7000, LOG]] },
  { name: 'n32 with another word for what is not named', defaultAction: 'SCMP_ACT_ALLOW', arches: ['mips64n32'], options: { unknownArch: 'kill' },
    words: [[GETPPID.n32, EPERM], [GETPPID.n64, KILL_THREAD], [GETPPID.o32, KILL_THREAD], [6999, ALLOW]] },
  { name: 'all three: each by its own token alone', defaultAction: 'SCMP_ACT_ALLOW', arches: ['mips64', 'mips64n32', 'mips'],
    words: [[GETPPID.n64, EPERM], [GETPPID.o32, KILL_PROCESS], [GETPPID.n32, KILL_PROCESS]] },
  { name: 'a default action that refuses stays', defaultAction: 'SCMP_ACT_ERRNO', arches: ['mipsel64'],
    words: [[GETPPID.n64, EPERM], [GETPPID.o32, EPERM], [GETPPID.n32, EPERM]] },
  { name: 'other machines have no such numbers', defaultAction: 'SCMP_ACT_ALLOW', arches: ['riscv64'],
    words: [[GETPPID.o32, ALLOW], [GETPPID.n64, ALLOW], [173, EPERM]] },
];

suite('compile/other-numbers', (test) => {
  for (const { name, defaultAction, arches, options, words } of rows) {
    test(name, () => {
      const action = 'SCMP_ACT_ERRNO';
      const text = JSON.stringify({ defaultAction, syscalls: [{ names: ['getppid'], action }] });
      const policy = resolvePolicy(parseProfile(text), { ...options, arches });
      const program = compile(policy);
      const { audit } = arch(arches[0]!);
      for (const [nr, word] of words) {
        assert.is(evaluate(policy, data(audit, nr)), word, `evaluate ${nr}`);
        assert.is(run(program, data(audit, nr)), word, `run ${nr}`);
      }
      const again = resolvePolicy(parseProfile(printPolicy(policy)));
      for (const call of callsToTry(policy)) {
        assert.is(run(program, call), evaluate(policy, call));
        assert.is(evaluate(again, call), evaluate(policy, call));
      }
    });
  }

  test('the number is said to be of another ABI', () => {
    const text = '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["getppid"],"action":"SCMP_ACT_ERRNO"}]}';
    const policy = resolvePolicy(parseProfile(text), { arches: ['mips64'] });
    const { reason, arch: found } = decide(policy, data(arch('mips64').audit, GETPPID.o32));
    assert.equal([reason, found?.arch.name], ['unknown-arch', 'mips64']);
  });

  test('no ABI has a call among the numbers of another', () => {
    for (const name of ['mips', 'mips64', 'mips64n32'] as const) {
      const { otherNumbers } = arch(name);
      assert.is(otherNumbers.length, 2);
      for (const { first, last } of otherNumbers)
        for (const call of syscallsOf(arch(name)).values())
          assert.not.ok(first <= call && call <= last, `${name} ${call}`);
    }
  });
});
