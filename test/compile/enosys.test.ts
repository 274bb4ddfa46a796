/** runc's ENOSYS stub: numbers above the largest one listed, per ABI, in front of every rule. */
import * as assert from 'uvu/assert';
import { compile } from '../../src/build/index.ts';
import { run } from '../../src/kernel/index.ts';
import { evaluate, parseProfile, type ResolveOptions, resolvePolicy } from '../../src/policy/index.ts';
import { suite } from '../suite.ts';
import { callsToTry, data } from '../support/samples.ts';

const ENOSYS = 0x0005_0026;
const EPERM = 0x0005_0001;
const KILL_PROCESS = 0x8000_0000;
const ALLOW = 0x7fff_0000;
const X86_64 = 0xc000_003e;
const I386 = 0x4000_0003;
const S390X = 0x8000_0016;

function policyOf(
  defaultAction: string,
  names: readonly string[],
  arches: readonly string[],
  options: ResolveOptions = {},
) {
  const text = JSON.stringify({ defaultAction, syscalls: [{ names, action: 'SCMP_ACT_ALLOW' }] });
  return resolvePolicy(parseProfile(text), { enosysAbove: true, ...options, arches });
}

interface Row {
  readonly name: string;
  readonly defaultAction?: string;
  readonly names: readonly string[];
  readonly arches: readonly string[];
  /** Audit token, number, word. */
  readonly calls: readonly (readonly [number, number, number])[];
}

// biome-ignore format: a table
const rows: readonly Row[] = [
  { name: 'x86_64 alone', names: ['read', 'openat'], arches: ['x86_64'],
    calls: [[X86_64, 0, ALLOW], [X86_64, 1, EPERM], [X86_64, 257, ALLOW], [X86_64, 258, ENOSYS], [X86_64, 0x8000_0000, ENOSYS],
      [X86_64, 0x4000_0000, KILL_PROCESS], [X86_64, 0xffff_ffff, EPERM]] },
  { name: 'x86_64 with x32: each has its own largest number', names: ['read', 'openat'], arches: ['x86_64', 'x32'],
    calls: [[X86_64, 258, ENOSYS], [X86_64, 0x4000_0101, ALLOW], [X86_64, 0x4000_0102, ENOSYS], [X86_64, 0x4000_0001, EPERM],
      [X86_64, 0xc000_0000, ENOSYS], [X86_64, 0xffff_ffff, ENOSYS]] },
  { name: 'x32 alone', names: ['read'], arches: ['x32'],
    calls: [[X86_64, 0x4000_0000, ALLOW], [X86_64, 0x4000_0001, ENOSYS], [X86_64, 0, KILL_PROCESS], [X86_64, 0xffff_ffff, ENOSYS]] },
  { name: 'i386: calls behind socketcall do not count', names: ['read', 'socket'], arches: ['i386'],
    calls: [[I386, 3, ALLOW], [I386, 4, ENOSYS], [I386, 102, ENOSYS], [I386, 359, ENOSYS], [I386, 0xffff_ffff, ENOSYS]] },
  { name: 's390x: number 0 too', names: ['read', 'openat'], arches: ['s390x'],
    calls: [[S390X, 0, ENOSYS], [S390X, 3, ALLOW], [S390X, 1, EPERM], [S390X, 289, ENOSYS]] },
  { name: 'no stub where the default action lets calls through', defaultAction: 'SCMP_ACT_LOG', names: ['read'], arches: ['x86_64'],
    calls: [[X86_64, 400, 0x7ffc_0000]] },
  { name: 'nor for an ABI without any listed call', names: ['arch_prctl_nosuch'], arches: ['aarch64'], calls: [[0xc000_00b7, 400, EPERM]] },
];

suite('compile/enosys', (test) => {
  for (const { name, defaultAction = 'SCMP_ACT_ERRNO', names, arches, calls } of rows) {
    test(name, () => {
      const policy = policyOf(defaultAction, names, arches);
      const program = compile(policy);
      for (const [arch, nr, word] of calls) {
        assert.is(evaluate(policy, data(arch, nr)), word, `evaluate ${arch.toString(16)} ${nr.toString(16)}`);
        assert.is(run(program, data(arch, nr)), word, `run ${arch.toString(16)} ${nr.toString(16)}`);
      }
      for (const call of callsToTry(policy)) assert.is(run(program, call), evaluate(policy, call));
    });
  }
  test('runtime runc implies it', () => {
    const policy = policyOf('SCMP_ACT_ERRNO', ['write'], ['x86_64'], { enosysAbove: false, runtime: 'runc' });
    assert.is(evaluate(policy, data(X86_64, 400)), ENOSYS);
  });
});
