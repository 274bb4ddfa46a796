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
import { callsToTry } from '../support/samples.ts';

const u64 = fc.oneof(
  fc.constantFrom(
    0n,
    1n,
    2n,
    38n,
    0x7fff_ffffn,
    0x8000_0000n,
    0xffff_ffffn,
    1n << 32n,
    (1n << 32n) + 38n,
    1n << 63n,
    (1n << 64n) - 1n,
  ),
  fc.bigInt(0n, 300n),
  fc.bigInt(0n, (1n << 64n) - 1n),
);
const condition = fc.record({
  index: fc.integer({ min: 0, max: 5 }),
  op: fc.constantFrom('NE', 'LT', 'LE', 'EQ', 'GE', 'GT', 'MASKED_EQ').map((op) => `SCMP_CMP_${op}`),
  value: u64,
  valueTwo: u64,
});
const action = fc
  .constantFrom('KILL', 'KILL_PROCESS', 'TRAP', 'ERRNO', 'TRACE', 'ALLOW', 'LOG')
  .map((a) => `SCMP_ACT_${a}`);
const rule = fc.record({
  names: fc.array(
    fc.constantFrom('read', 'openat', 'socket', 'clone', 'ioctl', 'personality', 'socketcall', 'semop', 'mmap'),
    {
      minLength: 1,
      maxLength: 4,
    },
  ),
  action,
  args: fc.array(condition, { maxLength: 3 }),
});
const profile = fc.record({
  defaultAction: action,
  syscalls: fc.array(rule, { maxLength: 12 }),
  'x-argWidth': fc.constantFrom('oci', 'kernel'),
  'x-multiplexed': fc.constantFrom('allow', 'deny'),
});
const arches = fc.constantFrom(
  ['x86_64'],
  ['x86_64', 'i386', 'x32'],
  ['x32'],
  ['i386', 'aarch64'],
  ['s390x', 's390'],
  ['mips64', 'mips64n32'],
);

/** JSON with 64-bit integers in full; test/suite.ts gives bigints a JSON form, '38n'. */
function toText(value: unknown): string {
  return JSON.stringify(value).replace(/"(\d+)n"/g, '$1');
}

const LONG = process.env.SECCOMPC_LONG !== undefined && process.env.SECCOMPC_LONG !== '';
const RUNS = LONG ? 20_000 : 150;
/** Calls of each policy that the C oracle judges as well. */
const ORACLE_CALLS = 64;
const oracle = await loadOracle();

suite('compile/random policies', (test) => {
  test('the program and the policy agree on every edge value', () => {
    fc.assert(
      fc.property(
        profile,
        arches,
        fc.constantFrom('first' as const, 'strictest' as const),
        (made, names, onConflict) => {
          const policy = resolvePolicy(parseProfile(toText(made)), { arches: names, onConflict });
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
              `${shown}: policy ${hex(wanted)}, program ${hex(got)}\n${toText(made)}\n${disassemble(program)}`,
            );
          }
          const { bytes, endian } = program;
          for (const call of judged) {
            assert.is(oracle.run(bytes, seccompDataWords(call, endian), endian), evaluate(policy, call), toText(made));
          }
        },
      ),
      { numRuns: RUNS },
    );
  });
});
