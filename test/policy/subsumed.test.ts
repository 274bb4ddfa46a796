/** Rules that another one with the same action makes superfluous are named, and only those. */
import * as assert from 'uvu/assert';
import { parseProfile, resolvePolicy } from '../../src/policy/index.ts';
import { suite } from '../suite.ts';

const arg = (op: string, value: number, valueTwo = 0, index = 1) => ({ index, op: `SCMP_CMP_${op}`, value, valueTwo });
const rule = (action: string, ...args: object[]) => ({ names: ['ioctl'], action: `SCMP_ACT_${action}`, args });

// biome-ignore format: a table
const rows: readonly { readonly name: string; readonly rules: readonly object[]; readonly superfluous: number }[] = [
  { name: 'a value inside a range', rules: [rule('ALLOW', arg('EQ', 5)), rule('ALLOW', arg('LT', 9))], superfluous: 1 },
  { name: 'a value outside a range', rules: [rule('ALLOW', arg('EQ', 9)), rule('ALLOW', arg('LT', 9))], superfluous: 0 },
  { name: 'more conditions are narrower', rules: [rule('ALLOW', arg('EQ', 5), arg('EQ', 1, 0, 2)), rule('ALLOW', arg('EQ', 5))], superfluous: 1 },
  { name: 'a mask inside a mask', rules: [rule('ALLOW', arg('MASKED_EQ', 7, 3)), rule('ALLOW', arg('MASKED_EQ', 3, 3))], superfluous: 1 },
  { name: 'a mask around a mask', rules: [rule('ALLOW', arg('MASKED_EQ', 3, 3)), rule('ALLOW', arg('MASKED_EQ', 12, 0))], superfluous: 0 },
  { name: 'the same said twice in other words: the later one', rules: [rule('ALLOW', arg('LT', 9)), rule('ALLOW', arg('LE', 8))], superfluous: 1 },
  { name: 'another action', rules: [rule('ALLOW', arg('EQ', 5)), rule('LOG', arg('GT', 9))], superfluous: 0 },
];

suite('policy/subsumed', (test) => {
  for (const { name, rules, superfluous } of rows) {
    test(name, () => {
      const text = JSON.stringify({ defaultAction: 'SCMP_ACT_ERRNO', syscalls: rules });
      const { diagnostics } = resolvePolicy(parseProfile(text), { arches: ['x86_64'] });
      assert.is(diagnostics.filter((d) => d.code === 'RULE_SUBSUMED').length, superfluous);
    });
  }
});
