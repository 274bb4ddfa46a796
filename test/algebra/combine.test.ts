/**
 * merge and intersect. The judge is `evaluate` on both sides and on the text that comes out, at every edge value of every
 * condition, with the order of actions written down here once more.
 */
import * as fc from 'fast-check';
import * as assert from 'uvu/assert';
import { combine, type How, intersect, merge } from '../../src/algebra/index.ts';
import { SeccompcError } from '../../src/diag/index.ts';
import { evaluate, type Policy, parseProfile, resolvePolicy } from '../../src/policy/index.ts';
import { anyProfile, toText } from '../policy/profiles-arbitrary.ts';
import { suite, throwsCode } from '../suite.ts';
import { callsToTry, data } from '../support/samples.ts';
import { sharedText, withoutShared } from '../support/shared.ts';

const X86_64 = 0xc000_003e;
const I386 = 0x4000_0003;
const KILL = 0x8000_0000;
const ALLOW = 0x7fff_0000;
const errno = (nr: number) => 0x0005_0000 + nr;

/** seccomp(2): strictest first. */
const ORDER = [0x8000_0000, 0x0000_0000, 0x0003_0000, 0x0005_0000, 0x7fc0_0000, 0x7ff0_0000, 0x7ffc_0000, 0x7fff_0000];
const rank = (word: number) => ORDER.indexOf((word & 0xffff_0000) >>> 0);

function wanted(how: How, a: number, b: number): number {
  if (rank(a) === rank(b)) return a;
  return rank(a) > rank(b) === (how === 'merge') ? a : b;
}

interface Rule {
  readonly names: readonly string[];
  readonly action?: string;
  readonly errnoRet?: number;
  readonly args?: readonly Record<string, unknown>[];
}

function policy(rules: readonly Rule[], more: Record<string, unknown> = {}): Policy {
  const profile = {
    defaultAction: 'SCMP_ACT_ERRNO',
    architectures: ['SCMP_ARCH_X86_64'],
    syscalls: rules.map((rule) => ({ action: 'SCMP_ACT_ALLOW', ...rule })),
    ...more,
  };
  return resolvePolicy(parseProfile(JSON.stringify(profile)));
}

const arg = (index: number, op: string, value: number, valueTwo?: number) => ({
  index,
  op: `SCMP_CMP_${op}`,
  value,
  ...(valueTwo !== undefined && { valueTwo }),
});
const socket = (...args: readonly Record<string, unknown>[]): Rule => ({ names: ['socket'], args });

function agrees(how: How, a: Policy, b: Policy, made: Policy): void {
  for (const side of [a, b, made]) {
    for (const call of callsToTry(side)) {
      const [left, right] = [evaluate(a, call), evaluate(b, call)];
      const said = evaluate(made, call);
      if (said !== wanted(how, left, right)) {
        assert.unreachable(
          `${how} of ${left.toString(16)}, ${right.toString(16)} is ${said.toString(16)}: nr ${call.nr}`,
        );
      }
    }
  }
}

const SOCKET = 41;
const rows: readonly {
  readonly name: string;
  readonly how: How;
  readonly a: Policy;
  readonly b: Policy;
  readonly gives: readonly (readonly [nr: number, args: readonly bigint[], word: number, arch?: number])[];
}[] = [
  {
    name: 'values of one argument are put together',
    how: 'merge',
    a: policy([socket(arg(0, 'EQ', 1))]),
    b: policy([socket(arg(0, 'EQ', 2))]),
    gives: [
      [SOCKET, [1n], ALLOW],
      [SOCKET, [2n], ALLOW],
      [SOCKET, [3n], errno(1)],
    ],
  },
  {
    name: 'conditions on different arguments both hold',
    how: 'intersect',
    a: policy([socket(arg(0, 'EQ', 2))]),
    b: policy([socket(arg(1, 'MASKED_EQ', 15, 1))]),
    gives: [
      [SOCKET, [2n, 0x80001n], ALLOW],
      [SOCKET, [2n, 3n], errno(1)],
      [SOCKET, [1n, 1n], errno(1)],
    ],
  },
  {
    name: 'a value within a range is that value',
    how: 'intersect',
    a: policy([socket(arg(0, 'EQ', 2))]),
    b: policy([socket(arg(0, 'LT', 10))]),
    gives: [
      [SOCKET, [2n], ALLOW],
      [SOCKET, [1n], errno(1)],
    ],
  },
  {
    name: 'a mask and a value',
    how: 'merge',
    a: policy([{ names: ['clone'], args: [arg(0, 'MASKED_EQ', 0x7e02_0000, 0)] }]),
    b: policy([{ names: ['clone'], args: [arg(0, 'EQ', 0x1000_0011)] }]),
    gives: [
      [56, [0x11n], ALLOW],
      [56, [0x1000_0011n], ALLOW],
      [56, [0x1000_0012n], errno(1)],
    ],
  },
  {
    name: 'of two errnos the first one’s counts, of two actions the looser',
    how: 'merge',
    a: policy([
      { names: ['read'], action: 'SCMP_ACT_ERRNO', errnoRet: 5 },
      { names: ['write'], action: 'SCMP_ACT_TRAP' },
    ]),
    b: policy([
      { names: ['read'], action: 'SCMP_ACT_ERRNO', errnoRet: 6 },
      { names: ['write'], action: 'SCMP_ACT_LOG' },
    ]),
    gives: [
      [0, [], errno(5)],
      [1, [], 0x7ffc_0000],
    ],
  },
  {
    name: 'of two actions the stricter',
    how: 'intersect',
    a: policy([{ names: ['read', 'write'] }]),
    b: policy([
      { names: ['read'], action: 'SCMP_ACT_TRAP' },
      { names: ['write'], action: 'SCMP_ACT_KILL_PROCESS' },
    ]),
    gives: [
      [0, [], 0x0003_0000],
      [1, [], KILL],
    ],
  },
  {
    name: 'an architecture that one side lacks is kept by merge',
    how: 'merge',
    a: policy([{ names: ['read'] }], { defaultAction: 'SCMP_ACT_KILL_PROCESS' }),
    b: policy([{ names: ['write'] }], {
      defaultAction: 'SCMP_ACT_KILL_PROCESS',
      architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86'],
    }),
    gives: [
      [0, [], ALLOW],
      [4, [], ALLOW, I386],
      [3, [], KILL, I386],
    ],
  },
  {
    name: 'and goes with intersect',
    how: 'intersect',
    a: policy([{ names: ['read', 'write'] }]),
    b: policy([{ names: ['write'] }], { architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86'] }),
    gives: [
      [0, [], errno(1)],
      [1, [], ALLOW],
      [4, [], KILL, I386],
    ],
  },
  {
    name: 'ENOSYS for numbers above',
    how: 'merge',
    a: policy([{ names: ['read'] }], { 'x-enosysAbove': { SCMP_ARCH_X86_64: 400 } }),
    b: policy([{ names: ['write', 'statx'] }]),
    gives: [
      [0, [], ALLOW],
      [332, [], ALLOW],
      [500, [], errno(38)],
      [399, [], errno(1)],
    ],
  },
];

const between = (from: number, to: number) =>
  policy([{ names: ['socket'], args: [arg(0, 'GE', from), arg(0, 'LE', to)] }], { 'x-ruleOrder': 'first-match' });

suite('algebra/combine', (test) => {
  for (const { name, how, a, b, gives } of rows) {
    test(`${how}: ${name}`, () => {
      const made = combine(how, a, b);
      for (const [nr, args, word, arch = X86_64] of gives) {
        assert.is(evaluate(made.policy, data(arch, nr, args)).toString(16), word.toString(16), `${nr}(${args})`);
      }
      agrees(how, a, b, made.policy);
      assert.not(made.extensions.includes('x-ruleOrder'), made.text);
    });
  }

  test('a range is no rule of the dialect: refused by the name of the call, unless extensions are asked for', () => {
    const a = between(2, 20);
    const b = policy([socket(arg(0, 'GE', 10))]);
    throwsCode(() => intersect(a, b), 'COMBINE_INEXPRESSIBLE');
    try {
      intersect(a, b);
    } catch (error) {
      assert.match((error as SeccompcError).diagnostics[0]?.message ?? '', 'socket on x86_64');
    }
    const made = intersect(a, b, { extensions: true });
    assert.ok(made.extensions.includes('x-ruleOrder'));
    agrees('intersect', a, b, made.policy);
  });

  test('two default actions that no one profile can have', () => {
    const a = policy([{ names: ['read'] }]);
    const b = policy([{ names: ['read'] }], {
      defaultAction: 'SCMP_ACT_KILL_PROCESS',
      architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86'],
    });
    throwsCode(() => merge(a, b), 'COMBINE_INEXPRESSIBLE');
  });

  test('nothing in common: refused, since no profile without architectures says so', () => {
    const b = policy([{ names: ['read'] }], { architectures: ['SCMP_ARCH_AARCH64'] });
    throwsCode(() => intersect(policy([{ names: ['read'] }]), b), 'COMBINE_EMPTY');
  });

  test('two byte orders', () => {
    throwsCode(() => merge(policy([]), policy([], { architectures: ['SCMP_ARCH_S390X'] })), 'ARCH_BYTE_ORDER');
  });

  test('a supervisor is not handed on in silence', () => {
    const b = policy([{ names: ['openat'], action: 'SCMP_ACT_NOTIFY' }]);
    throwsCode(() => merge(policy([]), b), 'COMBINE_INEXPRESSIBLE');
  });

  for (const how of ['merge', 'intersect'] as const) {
    test(`${how}: any two profiles give what evaluate says, or are refused by name`, () => {
      let made = 0;
      fc.assert(
        fc.property(anyProfile, anyProfile, (left, right) => {
          let a: Policy;
          let b: Policy;
          try {
            [a, b] = [left, right].map((p) =>
              resolvePolicy(parseProfile(toText(p)), { arches: ['x86_64', 'i386'] }),
            ) as [Policy, Policy];
          } catch (error) {
            if (error instanceof SeccompcError) return;
            throw error;
          }
          try {
            agrees(how, a, b, combine(how, a, b, { extensions: true }).policy);
            made += 1;
          } catch (error) {
            if (!(error instanceof SeccompcError)) throw error;
            assert.equal(new Set(error.diagnostics.map(({ code }) => code)), new Set(['COMBINE_INEXPRESSIBLE']));
          }
        }),
        { numRuns: 15 },
      );
      assert.ok(made >= 3, `${made} of 15 were made`);
    });
  }

  test.needs(withoutShared, 'Docker’s default and podman’s: what both allow, and what either does', () => {
    const arches = { arches: ['x86_64', 'i386', 'x32'] };
    const [a, b] = ['docker-default', 'podman-containers-common'].map((name) =>
      resolvePolicy(parseProfile(sharedText(`profiles/${name}.json`)), arches),
    ) as [Policy, Policy];
    for (const how of ['merge', 'intersect'] as const) {
      const options = { extensions: true };
      agrees(how, a, b, combine(how, a, b, options).policy);
      // Either one with itself is itself.
      assert.is(combine(how, a, a, options).text, combine(how, combine(how, a, a, options).policy, a, options).text);
    }
  });
});
