/** What statements mean: rows over a policy whose answers are plain, and a naive judge over edge values. */
import * as fc from 'fast-check';
import * as assert from 'uvu/assert';
import { type ArchName, arch, isNarrowParameter, syscallNumber } from '../../src/arch/index.ts';
import { type AssertOptions, type Outcome, proveAssertions, readStatement } from '../../src/assert/index.ts';
import { assemble } from '../../src/bpf/index.ts';
import { compile } from '../../src/build/index.ts';
import { Diagnostics } from '../../src/diag/index.ts';
import { evaluate, type Policy, parseProfile, type ResolveOptions, resolvePolicy } from '../../src/policy/index.ts';
import { multiplexed } from '../../src/policy/multiplex.ts';
import type { Subject } from '../../src/prove/index.ts';
import { program, sharedPolicy, smallPolicy, THREE } from '../prove/subjects.ts';
import { suite } from '../suite.ts';
import { data } from '../support/samples.ts';
import { withoutShared } from '../support/shared.ts';

function judge(subject: Subject, text: string, options: AssertOptions = {}): Outcome {
  const diagnostics = new Diagnostics();
  const source = { name: 's', text };
  const statement = readStatement({ text, source, span: { start: 0, end: text.length } }, diagnostics);
  diagnostics.throwIfErrors();
  const [outcome] = statement ? proveAssertions(subject, [statement], options) : [];
  assert.ok(outcome);
  return outcome as Outcome;
}

/** 'holds', 'undecided', or the calls that break it: 'x86_64 direct 0x100000026'. */
function said(outcome: Outcome): string | readonly string[] {
  if (outcome.kind !== 'fails') return outcome.kind;
  return outcome.breaches.map(
    ({ arch: abi, form, data: d }) => `${abi?.name ?? 'none'} ${form} 0x${d.args[0].toString(16)}`,
  );
}

const profile = (
  rules: string,
  top = '"defaultAction":"SCMP_ACT_ERRNO"',
  options: ResolveOptions = { arches: THREE },
) => resolvePolicy(parseProfile(`{${top},"syscalls":[${rules}]}`), options);
const rule = (name: string, action: string, args = '') =>
  `{"names":["${name}"],"action":"SCMP_ACT_${action}"${args === '' ? '' : `,"args":[${args}]`}}`;

const notAlg = rule('socket', 'ALLOW', '{"index":0,"op":"SCMP_CMP_NE","value":38}');
const wide = profile(notAlg);
const narrow = profile(notAlg, '"defaultAction":"SCMP_ACT_ERRNO","x-argWidth":"kernel"');
const shut = profile(notAlg, '"defaultAction":"SCMP_ACT_ERRNO","x-argWidth":"kernel","x-multiplexed":"deny"');
const small = smallPolicy();
const denylist = profile(rule('socket', 'ERRNO'), '"defaultAction":"SCMP_ACT_ALLOW"', { arches: ['x86_64'] });
const s390x = profile(
  `${rule('clone', 'ALLOW', '{"index":1,"op":"SCMP_CMP_MASKED_EQ","value":2114060288,"valueTwo":0}')},${rule('mmap', 'ALLOW', '{"index":2,"op":"SCMP_CMP_MASKED_EQ","value":4,"valueTwo":0}')}`,
  undefined,
  { arches: ['s390x'] },
);
const noArchCheck = program(assemble('ld [0]\n jeq #59, bad, ok\nbad: ret #0x50001\nok: ret #0x7fff0000'));
/** Denies n64's getppid and lets its programs make every other call. */
const n64Alone = program(
  assemble(
    'ld [4]\n jeq #0xc0000008, n64, bad\nn64: ld [0]\n jeq #5108, bad, ok\nbad: ret #0x50001\nok: ret #0x7fff0000',
  ),
);
const mipsDenylist = profile(rule('getppid', 'ERRNO'), '"defaultAction":"SCMP_ACT_ALLOW"', {
  arches: ['mipsel64', 'mipsel'],
});
const multiply = program(assemble('ld [24]\n tax\n ld [16]\n mul x\n ret a'));

const ALG = 'socket(AF_ALG, *, *) is denied on every ABI';
const rows: readonly { name: string; on: Subject; text: string; says: string | readonly string[] }[] = [
  {
    name: 'the high half hides a value from 64-bit comparisons',
    on: wide,
    text: ALG,
    says: ['x86_64 direct 0x100000026', 'i386 multiplexed 0x1'],
  },
  { name: 'compared as the kernel does', on: narrow, text: ALG, says: ['i386 multiplexed 0x1'] },
  { name: 'and closed in the multiplexed form', on: shut, text: ALG, says: 'holds' },
  { name: 'the same of the compiled program', on: compile(shut), text: ALG, says: 'holds' },
  {
    name: 'the same hole in the compiled program',
    on: compile(wide),
    text: ALG,
    says: ['x86_64 direct 0x100000026', 'i386 multiplexed 0x1'],
  },
  { name: 'only the ABIs that are named', on: wide, text: 'socket(AF_ALG, *, *) is denied on x32', says: 'holds' },
  {
    name: 'a denial reaches every ABI unsaid',
    on: wide,
    text: 'socket(AF_ALG) is denied',
    says: ['x86_64 direct 0x100000026', 'i386 multiplexed 0x1'],
  },
  {
    name: 'an ABI that is not covered, named',
    on: denylist,
    text: 'read is allowed on aarch64',
    says: ['aarch64 direct 0x0'],
  },
  { name: 'a denylist without x32 and i386 kills there', on: denylist, text: 'socket is denied', says: 'holds' },
  {
    name: 'an errno is asked of covered ABIs, elsewhere a denial is enough',
    on: denylist,
    text: 'socket returns EPERM',
    says: 'holds',
  },
  { name: 'another errno', on: denylist, text: 'socket returns ENOSYS', says: ['x86_64 direct 0x0'] },
  { name: 'allowed with any arguments', on: small, text: 'read is allowed with any arguments', says: 'holds' },
  { name: 'allowed for some values', on: small, text: 'write(0..2) is allowed on i386', says: 'holds' },
  {
    name: 'narrow: a descriptor with a high half is 2 to the kernel',
    on: small,
    text: 'write(0..2) is allowed',
    says: ['x86_64 direct 0x100000000'],
  },
  { name: 'one value too many', on: small, text: 'write(0..3) is allowed on i386', says: ['i386 direct 0x3'] },
  { name: 'flags: none of them', on: small, text: 'clone with no CLONE_NEW* flag is allowed on i386', says: 'holds' },
  { name: 'flags: any of them', on: small, text: 'clone with any CLONE_NEW* flag is denied', says: 'holds' },
  {
    name: 'flags: more than the rule names',
    on: small,
    text: 'clone with any CLONE_NEWUSER|CLONE_THREAD flag is denied',
    says: ['x86_64 direct 0x10000', 'i386 direct 0x10000', 'x32 direct 0x10000'],
  },
  {
    name: 'flags: all of them',
    on: small,
    text: 'clone with all CLONE_THREAD|CLONE_VM flags is allowed on i386',
    says: ['i386 direct 0x30100'],
  },
  { name: 'trapped', on: small, text: 'ioctl(*, 0x100000000..) is trapped on x86_64', says: ['x86_64 direct 0x0'] },
  { name: 'logged', on: small, text: 'ioctl(*, 21505, other than 0) is logged on i386', says: 'holds' },
  { name: 'killed', on: small, text: 'read is killed on aarch64', says: 'holds' },
  {
    name: 's390x has the flags of clone second',
    on: s390x,
    text: 'clone with any CLONE_NEW* flag is denied',
    says: 'holds',
  },
  {
    name: 's390x has the arguments of mmap in memory',
    on: s390x,
    text: 'mmap with any PROT_EXEC is denied',
    says: ['s390x in-memory 0x0'],
  },
  {
    name: 'a program that asks for no architecture',
    on: noArchCheck,
    text: 'execve is denied on x86_64',
    says: 'holds',
  },
  { name: 'nothing that Linux shows to no filter', on: small, text: 'uprobe is denied', says: 'unfiltered' },
  {
    name: 'SOCK_RAW has another number on MIPS',
    on: profile(notAlg, undefined, { arches: ['mips64'] }),
    text: 'socket(*, SOCK_RAW) is denied',
    says: 'undecided',
  },
  {
    name: 'o32 and n32 have other numbers for it, which n64 programs can use',
    on: n64Alone,
    text: 'getppid is denied',
    says: ['mipsel64 other-number 0x0', 'mipsel64 other-number 0x0'],
  },
  {
    name: 'the same where an ABI is named',
    on: n64Alone,
    text: 'getppid is denied on mipsel64',
    says: ['mipsel64 other-number 0x0', 'mipsel64 other-number 0x0'],
  },
  { name: 'a denylist of ours keeps them out', on: mipsDenylist, text: 'getppid is denied', says: 'holds' },
  { name: 'and so does its program', on: compile(mipsDenylist), text: 'getppid is denied', says: 'holds' },
  { name: 'no such call on this ABI', on: denylist, text: 'mmap2 is allowed', says: 'holds' },
];

/** Edge values of an argument whose conditions name these. */
const EDGES = [0n, 1n, 2n, 3n, 8n, 9n, 37n, 38n, 39n, 0x10000n, 0x2_0000n, 0x1000_0000n, 0x7e02_0000n, 0xffff_ffffn];
const edge = fc
  .tuple(fc.constantFrom(...EDGES), fc.constantFrom(0n, 1n << 32n, 0xffff_ffffn << 32n))
  .map(([low, high]) => low | high);

interface Random {
  readonly call: string;
  readonly text: string;
  readonly holds: (value: bigint) => boolean;
}
const value = fc.constantFrom(...EDGES.filter((v) => v !== 0n));
const argument: fc.Arbitrary<{ text: string; holds: (v: bigint) => boolean }> = fc.oneof(
  value.map((k) => ({ text: `${k}`, holds: (v: bigint) => v === k })),
  value.map((k) => ({ text: `other than ${k} or 0`, holds: (v: bigint) => v !== k && v !== 0n })),
  value.map((k) => ({ text: `any ${k}`, holds: (v: bigint) => (v & k) !== 0n })),
  value.map((k) => ({ text: `all ${k}`, holds: (v: bigint) => (v & k) === k })),
  value.map((k) => ({ text: `no ${k}`, holds: (v: bigint) => (v & k) === 0n })),
  value.map((k) => ({ text: `${k}..`, holds: (v: bigint) => v >= k })),
  value.map((k) => ({ text: `0..${k}`, holds: (v: bigint) => v <= k })),
  value.map((k) => ({ text: `& 15 == ${k & 15n}`, holds: (v: bigint) => (v & 15n) === (k & 15n) })),
);
const random: fc.Arbitrary<Random> = fc
  .tuple(fc.constantFrom('write', 'clone', 'socket', 'personality', 'ioctl', 'read', 'mount'), argument)
  .map(([call, one]) => ({ call, ...one }));

function isDenied(word: number): boolean {
  return ![0x7fff_0000, 0x7ffc_0000, 0x7ff0_0000, 0x7fc0_0000].includes((word & 0xffff_0000) >>> 0);
}

/** Does a call of the edge values break "CALL(TEST) is denied"? By evaluation of one call after the other. */
function brokenByEdges(policy: Policy, { call, holds }: Random, values: readonly bigint[]): boolean {
  return THREE.some((name) => {
    const abi = arch(name as ArchName);
    const nr = syscallNumber(abi, call);
    const other = multiplexed(abi, call);
    const direct = values.some((v) => {
      const seen = isNarrowParameter(abi, call, 0) ? v & 0xffff_ffffn : v;
      return nr !== undefined && holds(seen) && !isDenied(evaluate(policy, data(abi.audit, nr, [v])));
    });
    const through = other && !isDenied(evaluate(policy, data(abi.audit, other.nr, [BigInt(other.selector)])));
    return direct || through === true;
  });
}

suite('assert/assertions', (test) => {
  for (const { name, on, text, says } of rows) {
    test(`${name}: ${text}`, () => assert.equal(said(judge(on, text)), says));
  }

  test('a program that asks for no architecture lets calls of unknown ones run', () => {
    const outcome = judge(noArchCheck, 'execve is denied');
    assert.ok(outcome.kind === 'fails' && outcome.breaches.some(({ form }) => form === 'unknown-arch'));
  });

  test('what takes too much work is undecided, and no proof', () => {
    assert.is(judge(multiply, 'read is denied on x86_64', { nodeLimit: 50_000 }).kind, 'undecided');
  });

  test('nothing to say about a call that no ABI here has', () => {
    const outcome = judge(denylist, 'mmap2 is allowed');
    assert.ok(outcome.kind === 'holds' && outcome.vacuous);
  });

  test('random statements: none holds that an edge value breaks, and every breach is one', () => {
    fc.assert(
      fc.property(random, fc.array(edge, { minLength: 20, maxLength: 40 }), (one, values) => {
        const outcome = judge(small, `${one.call}(${one.text}) is denied`);
        assert.ok(outcome.kind === 'holds' || outcome.kind === 'fails');
        if (brokenByEdges(small, one, values)) assert.is(outcome.kind, 'fails', `${one.call}(${one.text})`);
        for (const b of outcome.kind === 'fails' ? outcome.breaches : []) {
          assert.is(evaluate(small, b.data), b.word);
          assert.not.ok(isDenied(b.word));
          const seen =
            b.arch && isNarrowParameter(b.arch, one.call, 0) ? b.data.args[0] & 0xffff_ffffn : b.data.args[0];
          if (b.form === 'direct') assert.ok(one.holds(seen), `${one.call}(${one.text}) ${seen}`);
        }
      }),
      { numRuns: 150 },
    );
  });

  test.needs(withoutShared(), "Docker's default lets AF_ALG in by a high bit, and through socketcall", () => {
    const docker = sharedPolicy('docker-default', { arches: THREE });
    assert.equal(said(judge(docker, ALG)), ['x86_64 direct 0x100000026', 'i386 multiplexed 0x1']);
    assert.equal(said(judge(compile(docker), ALG)), ['x86_64 direct 0x100000026', 'i386 multiplexed 0x1']);
  });
});
