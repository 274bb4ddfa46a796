/** What programs may cost: instructions and exact steps over the assigned x86_64 numbers with zero arguments. */
import * as assert from 'uvu/assert';
import { type CompileOptions, compilePolicy } from '../../src/compile/index.ts';
import { type CheckedProgram, check } from '../../src/kernel/index.ts';
import { type Policy, parseProfile, resolvePolicy } from '../../src/policy/index.ts';
import { prove } from '../../src/prove/index.ts';
import { constAllow, costOf, steps, X86_64 } from '../bench/measure.ts';
import { suite } from '../suite.ts';
import { sharedText, withoutShared } from '../support/shared.ts';

interface Row {
  readonly name: string;
  readonly profile: string;
  readonly arches?: readonly string[];
  readonly options?: CompileOptions;
  readonly insns: number;
  readonly average: number;
  readonly longest: number;
  readonly clone?: number;
}

// biome-ignore format: a table
const rows: readonly Row[] = [
  { name: 'docker', profile: 'docker-default', insns: 62, average: 9.05, longest: 14 },
  { name: 'docker, fast', profile: 'docker-default', options: { search: 'fast' }, insns: 68, average: 9.2, longest: 14 },
  { name: 'docker, clone weighted', profile: 'docker-default', options: { weights: { clone: 1000 } }, insns: 62, average: 9.2, longest: 14, clone: 8 },
  { name: 'docker, 3 ABIs', profile: 'docker-default', arches: ['x86_64', 'i386', 'x32'], insns: 179, average: 9.1, longest: 14 },
  { name: 'podman', profile: 'podman-containers-common', insns: 56, average: 8.4, longest: 14 },
  { name: 'firecracker vmm', profile: 'firecracker-vmm.oci', insns: 109, average: 9.1, longest: 18 },
  { name: 'firecracker api', profile: 'firecracker-api.oci', insns: 68, average: 8.55, longest: 14 },
  { name: 'firecracker vcpu', profile: 'firecracker-vcpu.oci', insns: 75, average: 8.5, longest: 15 },
];

export function checked(policy: Policy, options?: CompileOptions): CheckedProgram {
  const { insns, endian } = compilePolicy(policy, options);
  const verdict = check(insns, { endian });
  if (!verdict.ok) throw new Error(verdict.message);
  return verdict.program;
}

suite('compile/cost', (test) => {
  const policyOf = ({ profile, arches = ['x86_64'] }: Pick<Row, 'profile' | 'arches'>) =>
    resolvePolicy(parseProfile(sharedText(`profiles/${profile}.json`)), { arches });

  for (const row of rows) {
    test.needs(withoutShared, `${row.name}: at most ${row.insns} instructions, ${row.average} steps on average`, () => {
      const policy = policyOf(row);
      const program = checked(policy, row.options);
      const numbers = sharedText('peers/t64.txt')
        .trim()
        .split('\n')
        .map((line) => Number.parseInt(line, 10));
      const cost = costOf(program, numbers);
      assert.ok(cost.insns <= row.insns, `${cost.insns} instructions`);
      assert.ok(cost.average <= row.average, `${cost.average} steps on average`);
      assert.ok(cost.longest <= row.longest, `${cost.longest} steps`);
      if (row.clone !== undefined) assert.ok(steps(program, 56) <= row.clone, `clone takes ${steps(program, 56)}`);
      assert.ok(prove(program, policy).proved);
    });
  }

  test.needs(withoutShared, 'every always-allowed native call is found by the kernel’s emulation', () => {
    for (const row of rows) {
      const policy = policyOf(row);
      const { insns } = checked(policy, row.options);
      for (const { arch, calls } of policy.arches) {
        if (arch.name === 'x32') continue;
        for (const { nr, rules } of calls.values()) {
          const always = rules[0]?.conditions.length === 0 && rules[0].action === 0x7fff_0000;
          assert.is(constAllow(insns, nr, arch.audit), always, `${row.name}: ${arch.name} ${nr}`);
        }
      }
    }
    assert.is(X86_64, 0xc000_003e);
  });

  test.needs(withoutShared, 'the same policy gives the same bytes', () => {
    for (const row of rows)
      assert.equal(checked(policyOf(row), row.options).insns, checked(policyOf(row), row.options).insns);
  });

  test.needs(withoutShared, 'trace hears of the passes, each from what the one before it left', () => {
    const heard: [string, number, number][] = [];
    const options: CompileOptions = { trace: (...pass) => heard.push(pass) };
    const { length } = checked(policyOf({ profile: 'firecracker-vmm.oci' }), options).insns;
    assert.equal(
      heard.map(([name]) => name),
      ['arguments', 'masks', 'share'],
    );
    heard.slice(1).forEach(([, before], i) => {
      assert.is(before, heard[i]?.[2]);
    });
    assert.is(heard.at(-1)?.[2], length);
    assert.ok((heard[0]?.[1] ?? 0) > (heard[0]?.[2] ?? 0));
  });
});
