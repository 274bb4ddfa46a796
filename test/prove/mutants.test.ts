/**
 * Programs with one field changed. Whatever sampling finds to behave differently must be disproved, and every witness of
 * a disproof must be real. Sampling knows nothing of diagrams: it runs both programs. `npm run test:long` tries 1,000
 * mutants of each of twenty programs.
 */
import { readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import type { SeccompData } from '../../src/arch/index.ts';
import { disassemble, type RawInsn } from '../../src/bpf/index.ts';
import { compile } from '../../src/build/index.ts';
import { type CheckedProgram, check, run } from '../../src/kernel/index.ts';
import { type Policy, parseProfile, resolvePolicy } from '../../src/policy/index.ts';
import { prove } from '../../src/prove/index.ts';
import { suite } from '../suite.ts';
import { OPCODES } from '../support/programs.ts';
import { callsToTry } from '../support/samples.ts';
import { withoutShared } from '../support/shared.ts';
import { peer, sharedPolicy, smallPolicy, THREE } from './subjects.ts';

/** A generator that gives the same mutants each time. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function mutated(insn: RawInsn, next: (below: number) => number): RawInsn {
  const bit = 2 ** next(32);
  switch (next(6)) {
    case 0:
      return { ...insn, code: OPCODES[next(OPCODES.length)] as number };
    case 1:
      return { ...insn, jt: Math.max(0, insn.jt + next(3) - 1) };
    case 2:
      return { ...insn, jf: Math.max(0, insn.jf + next(3) - 1) };
    case 3:
      return { ...insn, k: (insn.k + 1) >>> 0 };
    case 4:
      return { ...insn, k: (insn.k - 1) >>> 0 };
    default:
      return { ...insn, k: (insn.k ^ bit) >>> 0 };
  }
}

/** Every call with arguments that matter, and an even choice of the others. */
function sample(policy: Policy, most: number): readonly SeccompData[] {
  const calls = [...callsToTry(policy)];
  const stride = Math.ceil(calls.length / most);
  return calls.filter((call, i) => i % stride === 0 || call.args.some((a) => a !== 0n));
}

interface Tried {
  /** Disproved, each with a witness that was run. */
  readonly differing: number;
  /** Of those, the ones that sampling did not see. */
  readonly missed: number;
  readonly undecided: number;
}

function tryMutants(original: CheckedProgram, policy: Policy, count: number): Tried {
  const calls = sample(policy, 4000);
  const wanted = calls.map((call) => run(original, call));
  const next = numbers(original.length);
  let differing = 0;
  let missed = 0;
  let undecided = 0;
  for (let i = 0; i < count; i++) {
    const pc = next(original.length);
    const insns = original.insns.map((insn, at) => (at === pc ? mutated(insn, next) : insn));
    const verdict = check(insns, { endian: original.endian });
    if (!verdict.ok) continue;
    const mutant = verdict.program;
    const sampled = calls.some((call, at) => run(mutant, call) !== wanted[at]);
    const proof = prove(original, mutant);
    const shown = () => `instruction ${pc} of\n${disassemble(mutant)}`;
    if (proof.proved) {
      assert.not(sampled, `a change was called equal: ${shown()}`);
      continue;
    }
    // A mutant may multiply an argument by 2^32-1, say: undecided is a rejection too, only not one with a witness.
    if (proof.undecided) {
      undecided += 1;
      continue;
    }
    const { data, words } = proof.counterexample;
    assert.equal([run(original, data), run(mutant, data)], words);
    assert.is.not(words[0], words[1], shown());
    assert.ok(proof.count > 0n);
    differing += 1;
    if (!sampled) missed += 1;
  }
  assert.ok(undecided < count / 50, `${undecided} of ${count} undecided`);
  return { differing, missed, undecided };
}

const CAMPAIGN: readonly (readonly [string, readonly string[]])[] = [
  ['docker-default', ['x86_64']],
  ['docker-default', THREE],
  ['docker-default', ['aarch64', 'arm']],
  ['docker-default', ['s390x', 's390']],
  ['docker-default', ['mips64', 'mips64n32', 'mips']],
  ['docker-default', ['ppc64le']],
  ['podman-containers-common', ['x86_64']],
  ['podman-containers-common', THREE],
  ['podman-containers-common', ['aarch64', 'arm']],
  ['firecracker-vmm.oci', ['x86_64']],
  ['firecracker-api.oci', ['x86_64']],
  ['firecracker-vcpu.oci', ['x86_64']],
  ['firecracker-vcpu.oci', ['aarch64']],
  ['container-default.jsonc', THREE],
  ['container-default.jsonc', ['s390x', 's390']],
  ['node-service.jsonc', ['x86_64', 'aarch64']],
  ['go-service.jsonc', ['x86_64', 'aarch64']],
  ['no-network.jsonc', ['x86_64', 'i386', 'aarch64', 'arm']],
  ['node-service.jsonc', ['riscv64']],
  ['go-service.jsonc', ['s390x']],
];

suite('prove/mutants', (test) => {
  for (const arches of [['x86_64'], THREE, ['s390x', 's390']]) {
    test(`a small policy on ${arches.join('+')}`, () => {
      const policy = smallPolicy({ arches });
      const { differing } = tryMutants(compile(policy), policy, 250);
      assert.ok(differing > 60, `only ${differing} differ`);
    });
  }

  test.needs(withoutShared, 'docker-default, ours', () => {
    const policy = sharedPolicy('docker-default', { arches: THREE });
    assert.ok(tryMutants(compile(policy), policy, 120).differing > 40);
  });

  test.needs(withoutShared, "firecracker's vmm by gVisor", () => {
    const policy = sharedPolicy('firecracker-vmm.oci', { arches: ['x86_64'] });
    assert.ok(tryMutants(peer('firecracker-vmm.gvisor'), policy, 150).differing > 40);
  });

  const notLong = () => (process.env.SECCOMPC_LONG ? undefined : 'takes minutes: npm run test:long');
  for (const [file, arches] of CAMPAIGN) {
    test.needs(
      () => notLong() ?? withoutShared(),
      `1,000 mutants of ${file} on ${arches.join('+')}`,
      () => {
        const ours = file.endsWith('.jsonc');
        const policy = ours
          ? resolvePolicy(parseProfile(readFileSync(`profiles/${file}`, 'utf8')), { arches })
          : sharedPolicy(file, { arches });
        const { differing, missed } = tryMutants(compile(policy), policy, 1000);
        console.log(`${file} ${arches.join('+')}: ${differing} of 1000 differ, ${missed} of them unseen by sampling`);
        assert.ok(differing > 300, `only ${differing} differ`);
      },
    );
  }
});
