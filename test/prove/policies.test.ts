/** The meaning of a policy: at every call worth trying it is what `evaluate` says. */
import * as fc from 'fast-check';
import * as assert from 'uvu/assert';
import { Words } from '../../src/diagram/index.ts';
import { hex } from '../../src/num/index.ts';
import { evaluate, type Policy, parseProfile, resolvePolicy } from '../../src/policy/index.ts';
import { toInput } from '../../src/prove/data.ts';
import { meaningAt, meaningOfPolicy } from '../../src/prove/index.ts';
import { suite } from '../suite.ts';
import { callsToTry } from '../support/samples.ts';
import { withoutShared } from '../support/shared.ts';
import { sharedPolicy, smallPolicy, THREE, u64 } from './subjects.ts';

function compareAll(policy: Policy, most = Number.POSITIVE_INFINITY): void {
  const words = new Words();
  const meaning = meaningOfPolicy(policy, words);
  let left = most;
  for (const call of callsToTry(policy)) {
    if (--left < 0 && call.args.every((a) => a === 0n)) continue;
    const wanted = evaluate(policy, call);
    const got = meaningAt(words, meaning, toInput(call));
    if (wanted !== got) {
      const shown = `arch ${hex(call.arch)} nr ${call.nr} args ${call.args.map(hex).join(' ')}`;
      assert.unreachable(`${shown}: evaluates to ${hex(wanted)}, means ${hex(got)}`);
    }
  }
}

const ARCHES = [
  ['x86_64'],
  ['x32'],
  THREE,
  ['i386', 'x32'],
  ['x86_64', 'aarch64', 'arm'],
  ['s390x', 's390'],
  ['mips64', 'mips64n32', 'mips'],
];

suite('prove/policies', (test) => {
  for (const arches of ARCHES) {
    test(`a small policy on ${arches.join('+')}`, () => compareAll(smallPolicy({ arches })));
    test.needs(withoutShared, `docker-default on ${arches.join('+')}`, () => {
      compareAll(sharedPolicy('docker-default', { arches, argWidth: 'kernel', unknownArch: 'errno' }));
    });
  }

  test('random conditions of every operator', () => {
    const condition = fc.record({
      index: fc.nat({ max: 5 }),
      op: fc.constantFrom('NE', 'LT', 'LE', 'EQ', 'GE', 'GT', 'MASKED_EQ').map((op) => `SCMP_CMP_${op}`),
      value: u64,
      valueTwo: u64,
    });
    const rule = fc.record({
      names: fc.subarray(['read', 'socket', 'clone', 'ioctl', 'socketcall'], { minLength: 1 }),
      action: fc.constantFrom('KILL', 'TRAP', 'ERRNO', 'ALLOW', 'LOG').map((a) => `SCMP_ACT_${a}`),
      args: fc.array(condition, { maxLength: 3 }),
    });
    const profile = fc.record({
      defaultAction: fc.constantFrom('SCMP_ACT_ERRNO', 'SCMP_ACT_ALLOW'),
      syscalls: fc.array(rule, { maxLength: 8 }),
      'x-argWidth': fc.constantFrom('oci', 'kernel'),
    });
    fc.assert(
      fc.property(profile, fc.constantFrom(...ARCHES), (made, arches) => {
        // test/suite.ts gives bigints a JSON form, '38n'.
        const text = JSON.stringify(made).replace(/"(\d+)n"/g, '$1');
        compareAll(resolvePolicy(parseProfile(text), { arches, onConflict: 'first' }), 2000);
      }),
      { numRuns: 60 },
    );
  });
});
