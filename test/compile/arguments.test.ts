/** How many instructions a call's rules take, and that policies of absurd size end soon. */
import * as assert from 'uvu/assert';
import { compilePolicy } from '../../src/compile/index.ts';
import { check, run } from '../../src/kernel/index.ts';
import { evaluate, type Policy, parseProfile, resolvePolicy } from '../../src/policy/index.ts';
import { prove } from '../../src/prove/index.ts';
import { suite, thrownCodes } from '../suite.ts';
import { callsToTry } from '../support/samples.ts';
import { processorClock } from '../support/time.ts';

type Args = readonly (readonly [index: number, op: string, value: number | string, valueTwo?: number | string])[];

/** Each list of conditions is one rule that allows ioctl. Values as strings are 64-bit numbers in full. */
function policyOf(rules: readonly Args[]): Policy {
  const syscalls = rules.map((args) => {
    const conditions = args.map(
      ([index, op, value, valueTwo = 0]) =>
        `{"index":${index},"op":"SCMP_CMP_${op}","value":${value},"valueTwo":${valueTwo}}`,
    );
    return `{"names":["ioctl"],"action":"SCMP_ACT_ALLOW","args":[${conditions}]}`;
  });
  const text = `{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[${syscalls}]}`;
  return resolvePolicy(parseProfile(text), { arches: ['x86_64'] });
}

/** Beside what ioctl's arguments need: ld arch, jeq, ld nr, tests and returns. */
const AROUND = 10;
const values = (op: string, ...list: readonly number[]): readonly Args[] => list.map((v) => [[1, op, v]]);
const LOW = 0xffff_ffff;

// biome-ignore format: a table
const rows: readonly { readonly name: string; readonly rules: readonly Args[]; readonly insns: number }[] = [
  { name: 'one value: two halves', rules: values('EQ', 7), insns: 4 },
  { name: 'a cube with 0 is one JSET', rules: values('EQ', 0, 8, 0x20000, 0x20008), insns: 4 },
  { name: 'a cube with 0, and one more value', rules: values('EQ', 0, 1, 128, 129, 137), insns: 5 },
  { name: 'neighbours are one range', rules: values('EQ', 5, 6, 7, 8, 9), insns: 5 },
  { name: 'pairs fold into one value each', rules: values('EQ', 0x10, 0x11, 0x30, 0x31, 0x50, 0x51), insns: 7 },
  { name: 'exceptions come first', rules: [[[0, 'LT', 38]], [[0, 'EQ', 39]], [[0, 'GT', 40]]], insns: 5 },
  { name: 'the high words are tested once', rules: values('EQ', 3, 90, 700, 5000, 60000), insns: 8 },
  { name: 'values under one mask share the AND', rules: [4, 8, 9, 12].map((v) => [[1, 'MASKED_EQ', 15, v]]), insns: 6 },
  { name: 'a mask of zero allows always', rules: [[[1, 'MASKED_EQ', 0, 0]]], insns: 0 },
  { name: 'contradictions vanish', rules: [[[1, 'MASKED_EQ', 15, 16]], [[2, 'LT', 0]]], insns: 0 },
  { name: 'what another rule covers vanishes', rules: [[[1, 'EQ', 7]], [[1, 'EQ', 7], [2, 'EQ', 8]]], insns: 4 },
  { name: 'one check behind several values', rules: [1, 34, 50].map((v) => [[3, 'MASKED_EQ', LOW, v], [2, 'MASKED_EQ', 4, 0]]), insns: 6 },
];

/** Numbers without pattern, the same every time. */
function* noise(): Generator<number> {
  for (let seed = 1; ; seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0) yield seed;
}
const random = noise();
const word = () => random.next().value as number;
const u64 = () => String((BigInt(word()) << 32n) | BigInt(word()));
const OPS = ['NE', 'LT', 'LE', 'EQ', 'GE', 'GT', 'MASKED_EQ'];
const many = (count: number, rule: (i: number) => Args) => Array.from({ length: count }, (_, i) => rule(i));

// biome-ignore format: a table
const large: readonly { readonly name: string; readonly rules: readonly Args[]; readonly fits: boolean }[] = [
  { name: '4,000 values', rules: many(4000, (i) => [[1, 'EQ', i * 7]]), fits: false },
  { name: '3,500 values', rules: many(3500, (i) => [[1, 'EQ', i * 7]]), fits: true },
  { name: '1,200 values of 64 bits', rules: many(1200, () => [[1, 'EQ', u64()]]), fits: true },
  { name: '4,000 neighbours', rules: many(4000, (i) => [[1, 'EQ', i]]), fits: true },
  { name: '4,000 pairs of values', rules: many(4000, (i) => [[1, 'EQ', i % 63], [2, 'EQ', Math.floor(i / 63)]]), fits: true },
  { name: '4,000 masks', rules: many(4000, () => [[1, 'MASKED_EQ', word(), 0]]), fits: true },
  { name: '500 values under one mask', rules: many(500, (i) => [[1, 'MASKED_EQ', 0xff0_0ff0, i * 16]]), fits: true },
  { name: '4,000 overlapping ranges', rules: many(4000, (i) => [[1, 'GT', i * 10], [2, 'LT', i * 20]]), fits: false },
  { name: '10,000 conditions', rules: many(3334, () => [0, 2, 4].map((i) => [i, OPS[word() % 7] as string, u64(), u64()])), fits: false },
];

suite('compile/arguments', (test) => {
  for (const { name, rules, insns } of rows) {
    test(`${name}: ${insns} instructions`, () => {
      const policy = policyOf(rules);
      const verdict = check(compilePolicy(policy).insns);
      assert.ok(verdict.ok && prove(verdict.program, policy).proved);
      const length = verdict.ok ? verdict.program.insns.length : 0;
      assert.ok(length <= insns + AROUND, `${length - AROUND}`);
    });
  }
  for (const { name, rules, fits } of large) {
    test(`${name} ${fits ? 'fit' : 'are refused by name'}`, () => {
      const policy = policyOf(rules);
      const taken = processorClock();
      if (!fits) {
        assert.equal(
          thrownCodes(() => compilePolicy(policy)),
          ['COMPILE_TOO_LONG'],
        );
      } else {
        const verdict = check(compilePolicy(policy).insns);
        assert.ok(verdict.ok);
        let left = 500;
        for (const call of callsToTry(policy)) {
          if (call.nr !== 16 || !verdict.ok) continue;
          if (--left < 0) break;
          assert.is(run(verdict.program, call), evaluate(policy, call), String(call.args));
        }
      }
      assert.ok(taken() < 20_000);
    });
  }
});
