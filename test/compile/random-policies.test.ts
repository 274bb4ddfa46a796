/**
 * Random policies, any operators and overlaps: the program is proved equal to the policy by `compile`, and it agrees with
 * `evaluate` and with the C oracle on every edge value. `npm run test:long` tries 20,000.
 */
import * as fc from 'fast-check';
import * as assert from 'uvu/assert';
import { loadOracle, seccompDataWords } from '../../native-tests/wasi/oracle.ts';
import type { SeccompData } from '../../src/arch/index.ts';
import { disassemble } from '../../src/bpf/index.ts';
import { compile } from '../../src/build/index.ts';
import { run } from '../../src/kernel/index.ts';
import { hex } from '../../src/num/index.ts';
import { evaluate, parseProfile, resolvePolicy } from '../../src/policy/index.ts';
import { suite } from '../suite.ts';
import { profileArbitrary, profileText } from '../support/profiles.ts';
import { callsToTry } from '../support/samples.ts';

const arches = fc.constantFrom(
  ['x86_64'],
  ['x86_64', 'i386', 'x32'],
  ['x32'],
  ['i386', 'aarch64'],
  ['s390x', 's390'],
  ['mips64', 'mips64n32'],
);

const LONG = process.env.SECCOMPC_LONG !== undefined && process.env.SECCOMPC_LONG !== '';
const RUNS = LONG ? 20_000 : 150;
/** Calls of each policy that the C oracle judges as well. */
const ORACLE_CALLS = 64;
const oracle = await loadOracle();

suite('compile/random policies', (test) => {
  test('the program and the policy agree on every edge value', () => {
    fc.assert(
      fc.property(
        profileArbitrary,
        arches,
        fc.constantFrom('first' as const, 'strictest' as const),
        (made, names, onConflict) => {
          const policy = resolvePolicy(parseProfile(profileText(made)), { arches: names, onConflict });
          const program = compile(policy);
          let left = LONG ? 4_000 : 20_000;
          const judged: SeccompData[] = [];
          for (const call of callsToTry(policy)) {
            if (call.nr > 1100 && call.nr < 0x4000_0000 && (call.nr < 5000 || call.nr > 6500)) continue;
            const hasArguments = call.args.some((a) => a !== 0n);
            if (--left < 0 && !hasArguments) continue;
            if (hasArguments && judged.length < ORACLE_CALLS)
              judged.push({ ...call, args: [...call.args] as unknown as SeccompData['args'] });
            const wanted = evaluate(policy, call);
            const got = run(program, call);
            if (wanted === got) continue;
            const shown = `arch ${hex(call.arch)} nr ${call.nr} args ${call.args.map(hex).join(' ')}`;
            assert.unreachable(
              `${shown}: policy ${hex(wanted)}, program ${hex(got)}\n${profileText(made)}\n${disassemble(program)}`,
            );
          }
          const { bytes, endian } = program;
          for (const call of judged) {
            assert.is(oracle.run(bytes, seccompDataWords(call, endian), endian), evaluate(policy, call), profileText(made));
          }
        },
      ),
      { numRuns: RUNS },
    );
  });
});
