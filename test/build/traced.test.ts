/** The filter of a dry run: the same decisions, with TRACE in place of every denial, and a few calls more to look at. */
import * as assert from 'uvu/assert';
import { type ArchName, arch, type SeccompData } from '../../src/arch/index.ts';
import { compile, loadPolicy } from '../../src/build/index.ts';
import { openProgram, sightingOf, tracedProgram } from '../../src/build/traced.ts';
import { check, run } from '../../src/kernel/index.ts';
import type { Policy } from '../../src/policy/index.ts';
import { suite } from '../suite.ts';
import { callsToTry, data } from '../support/samples.ts';

const ALLOW = 0x7fff_0000;
const LOG = 0x7ffc_0000;
const TRACE = 0x7ff0_0000;
const X86 = 0xc000_003e;
const I386 = 0x4000_0003;
const AARCH64 = 0xc000_00b7;
const S390X = 0x8000_0016;
const START = 0x1dec_0de5n;

/** Numbers from the kernel's own tables: ptrace, clone3, seccomp, prctl, clone. */
const CALLS: Readonly<Record<number, readonly (readonly number[])[]>> = {
  [X86]: [
    [101, 435, 317, 157, 56],
    [0x4000_0209, 0x4000_01b3, 0x4000_013d, 0x4000_009d, 0x4000_0038],
  ],
  [I386]: [[26, 435, 354, 172, 120]],
  [AARCH64]: [[117, 435, 277, 167, 220]],
  [S390X]: [[26, 435, 348, 172, 120]],
};
const FAMILIES: readonly (readonly number[])[] = [[X86, I386], [AARCH64], [S390X]];

/** What the piece in front takes, said once more and otherwise. */
function isWatched(own: number, { nr, arch: token, args }: SeccompData): boolean {
  if (!FAMILIES.find((family) => family.includes(own))!.includes(token)) return false;
  return CALLS[token]!.some(([ptrace, clone3, seccomp, prctl, clone]) => {
    const low = (value: bigint) => Number(value & 0xffff_ffffn);
    if ([ptrace, clone3, seccomp].includes(nr)) return true;
    if (nr === prctl) return low(args[0]) === 22;
    return nr === clone && (low(token === S390X ? args[1] : args[0]) & 0x80_0000) !== 0;
  });
}

function profile(rules: readonly object[], arches: readonly ArchName[], defaultAction = 'SCMP_ACT_ERRNO'): Policy {
  return loadPolicy({ name: 'p.json', text: JSON.stringify({ defaultAction, syscalls: rules }) }, { arches });
}

const RULES: readonly object[] = [
  { names: ['read', 'write', 'ptrace', 'seccomp'], action: 'SCMP_ACT_ALLOW' },
  {
    names: ['clone'],
    action: 'SCMP_ACT_ALLOW',
    args: [{ index: 0, value: 0x7e020000, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }],
  },
  { names: ['prctl'], action: 'SCMP_ACT_LOG', args: [{ index: 0, value: 15, op: 'SCMP_CMP_EQ' }] },
  { names: ['openat'], action: 'SCMP_ACT_LOG' },
  { names: ['mount'], action: 'SCMP_ACT_KILL_PROCESS' },
  { names: ['umount2'], action: 'SCMP_ACT_TRAP' },
  { names: ['bpf'], action: 'SCMP_ACT_TRACE', errnoRet: 7 },
];
const WITHOUT_CLONE = RULES.filter((_, i) => i !== 1);

const rows: readonly { readonly name: string; readonly policy: Policy }[] = [
  { name: 'x86_64', policy: profile(RULES, ['x86_64']) },
  { name: 'x86_64, i386 and x32', policy: profile(RULES, ['x86_64', 'i386', 'x32']) },
  { name: 'i386', policy: profile(RULES, ['i386']) },
  { name: 'aarch64', policy: profile(RULES, ['aarch64']) },
  { name: 's390x', policy: profile(WITHOUT_CLONE, ['s390x']) },
  { name: 'x86_64, everything allowed', policy: profile(WITHOUT_CLONE, ['x86_64'], 'SCMP_ACT_ALLOW') },
  { name: 'x86_64, everything killed', policy: profile(RULES, ['x86_64'], 'SCMP_ACT_KILL_PROCESS') },
];

suite('build/traced', (test) => {
  for (const { name, policy } of rows) {
    test(`${name}: TRACE where it is denied or looked at, the filter's own word elsewhere`, () => {
      const program = compile(policy);
      const own = policy.arches[0]!.arch;
      const traced = tracedProgram(program, own)!;
      let tried = 0;
      const compare = (call: SeccompData) => {
        const word = run(program, call);
        const runs = [ALLOW, LOG].includes(word);
        assert.is(run(traced, call), isWatched(own.audit, call) || !runs ? TRACE : word, JSON.stringify(call));
        tried += 1;
      };
      for (const call of callsToTry(policy)) compare(call);
      for (const [token, sets] of Object.entries(CALLS))
        for (const nr of sets.flat())
          for (const value of [0n, 15n, 22n, 0x1_0000_0016n, 0x80_0000n, 0x80_0011n, 0x1_0000_0000n, START])
            for (const args of [[value], [0n, value]]) compare(data(Number(token), nr, args));
      assert.ok(tried > 10_000);
    });
  }

  const own = arch('x86_64');
  const program = compile(profile(RULES, ['x86_64', 'i386']));
  const kindOf = (call: SeccompData, pointed = 0n) => sightingOf(program, call, pointed).kind;
  // biome-ignore format: a table
  const sightings: readonly (readonly [string, string, SeccompData, bigint?])[] = [
    ['the stub', 'start', data(X86, 317, [START, 0n, 0n])],
    ['a denied call', 'denied', data(X86, 41)],
    ['a call of i386', 'denied', data(I386, 102)],
    ['an architecture that is not named', 'denied', data(AARCH64, 0)],
    ['ptrace', 'traces', data(X86, 101)],
    ['ptrace of i386', 'traces', data(I386, 26)],
    ['a filter', 'filters', data(X86, 317, [1n])],
    ['strict mode', 'filters', data(X86, 317, [0n])],
    ['asking what actions there are', 'harmless', data(X86, 317, [2n])],
    ['clone3 without the flag', 'denied', data(X86, 435, [0x7fff_0000n])],
    ['prctl(PR_SET_SECCOMP) that is denied', 'denied', data(X86, 157, [22n])],
    ['clone with CLONE_UNTRACED', 'untraced', data(X86, 56, [0x80_0011n])],
    ['fork', 'harmless', data(X86, 56, [17n])],
  ];
  for (const [name, kind, call, pointed] of sightings)
    test(`what a call shows: ${name}`, () => assert.is(kindOf(call, pointed), kind));
  test('clone3 is judged by the flags that it points to', () => {
    const open = compile(profile([], ['x86_64'], 'SCMP_ACT_ALLOW'));
    const call = data(X86, 435, [0x7fff_0000n, 88n]);
    assert.is(sightingOf(open, call, 0x80_0000n).kind, 'untraced');
    assert.is(sightingOf(open, call, 0x50f00n).kind, 'harmless');
    assert.is(sightingOf(open, data(X86, 157, [22n]), 0n).kind, 'filters');
  });
  test('the word that the filter would have given comes with it', () => {
    assert.equal(sightingOf(program, data(X86, 165), 0n), { kind: 'denied', word: 0x8000_0000 });
    assert.equal(sightingOf(program, data(X86, 321), 0n), { kind: 'denied', word: 0x7ff0_0007 });
  });
  test('no room for the piece in front: no program', () => {
    const insns = [
      ...Array.from({ length: 4095 }, () => ({ code: 0, jt: 0, jf: 0, k: 0 })),
      { code: 6, jt: 0, jf: 0, k: ALLOW },
    ];
    const verdict = check(insns);
    assert.ok(verdict.ok);
    if (verdict.ok) assert.is(tracedProgram(verdict.program, own), undefined);
  });
  test('the filter of a tracer that stops at every call lets everything pass', () => {
    for (const name of ['x86_64', 's390x'] as const) {
      const open = openProgram(arch(name));
      assert.is(open.endian, arch(name).endian);
      for (const token of [X86, I386, S390X, 0])
        for (const nr of [0, 41, 101, 317]) assert.is(run(open, data(token, nr)), ALLOW);
    }
    // But for the page of calls at which it does not stop.
    const at = (instructionPointer: bigint, name: ArchName = 'x86_64') =>
      run(openProgram(arch(name)), { ...data(arch(name).audit, 201), instructionPointer });
    const page = 0xffff_ffff_ff60_0000n;
    assert.equal(
      [page, page + 0x409n, page + 0xfffn].map((ip) => at(ip)),
      [TRACE, TRACE, TRACE],
    );
    assert.equal(
      [page - 1n, page + 0x1000n, 0xff60_0000n, 0n].map((ip) => at(ip)),
      [ALLOW, ALLOW, ALLOW, ALLOW],
    );
    assert.is(at(page, 'aarch64'), ALLOW);
  });
});
