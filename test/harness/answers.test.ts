/**
 * What expectations say, against outsiders: of a call whose arguments are all given, the compiled program run by the
 * kernel's rules and by the C oracle, and the plain meaning of the policy; of one that leaves arguments open, every edge
 * value tried by brute force.
 */
import * as fc from 'fast-check';
import * as assert from 'uvu/assert';
import { loadOracle, seccompDataWords } from '../../native-tests/wasi/oracle.ts';
import { arch, type SeccompData, syscallNumber } from '../../src/arch/index.ts';
import { compile } from '../../src/build/index.ts';
import { type Harness, HarnessError, harness } from '../../src/harness/index.ts';
import { outcome, run } from '../../src/kernel/index.ts';
import { evaluate, type Policy, parseProfile, resolvePolicy } from '../../src/policy/index.ts';
import { suite } from '../suite.ts';
import { data, edgeValues } from '../support/samples.ts';

const NAMES = ['read', 'socket', 'clone', 'ioctl', 'mmap', 'personality'];
const ABIS = ['x86_64', 'i386', 'x32'] as const;
const u64 = fc.oneof(
  fc.constantFrom(0n, 1n, 38n, 0x8000_0000n, 0xffff_ffffn, 1n << 32n, (1n << 32n) + 38n, 1n << 63n, (1n << 64n) - 1n),
  fc.bigInt(0n, 64n),
);
const condition = fc.record({
  index: fc.integer({ min: 0, max: 2 }),
  op: fc.constantFrom('NE', 'LT', 'LE', 'EQ', 'GE', 'GT', 'MASKED_EQ').map((op) => `SCMP_CMP_${op}`),
  value: u64,
  valueTwo: u64,
});
const action = fc.constantFrom('KILL', 'KILL_PROCESS', 'TRAP', 'ERRNO', 'TRACE', 'ALLOW', 'ALLOW', 'LOG');
const profile = fc.record({
  defaultAction: action.map((a) => `SCMP_ACT_${a}`),
  syscalls: fc.array(
    fc.record({
      names: fc.array(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 3 }),
      action: action.map((a) => `SCMP_ACT_${a}`),
      args: fc.array(condition, { maxLength: 2 }),
    }),
    { maxLength: 8 },
  ),
  'x-argWidth': fc.constantFrom('oci', 'kernel'),
});
const wanted = fc.array(fc.option(u64, { nil: undefined }), { maxLength: 3 });

/** test/suite.ts writes bigints as "38n". */
const text = (value: unknown) => JSON.stringify(value).replace(/"(\d+)n"/g, '$1');

/** True: it holds. Whatever is thrown besides failed expectations is a failure of the test. */
function holds(body: () => unknown): boolean {
  try {
    body();
    return true;
  } catch (error) {
    if (error instanceof HarnessError) return false;
    throw error;
  }
}

/** The two ways to put it, and what a word must be for each. */
const QUESTIONS: readonly (readonly [
  string,
  (h: Harness, call: string, args: readonly (bigint | undefined)[]) => unknown,
  (word: number) => boolean,
])[] = [
  ['allows', (h, call, args) => h.allows(call, args), (word) => outcome(word).kind === 'executed'],
  [
    'denies',
    (h, call, args) => h.denies(call, args),
    (word) => !['executed', 'notify', 'trace'].includes(outcome(word).kind),
  ],
  ['denies with EPERM', (h, call, args) => h.denies(call, args, 'EPERM'), (word) => word === 0x50001],
  ['kills', (h, call, args) => h.denies(call, args, 'kill-process'), (word) => outcome(word).kind === 'kill-process'],
];

/** Completions of what is open: the edges of each condition of the call, and zero. */
function completions(policy: Policy, name: string, given: readonly (bigint | undefined)[]): readonly bigint[][] {
  const conditions = policy.arches
    .flatMap(({ calls }) => [...calls.values()].filter((call) => call.name === name))
    .flatMap(({ rules }) => rules.flatMap((r) => r.conditions));
  return [0, 1, 2].reduce<readonly bigint[][]>(
    (lists, i) => {
      const fixed = given[i];
      const values =
        fixed === undefined
          ? [...new Set([0n, ...conditions.filter((c) => c.argIndex === i).flatMap((c) => edgeValues(c).slice(0, 24))])]
          : [fixed];
      return lists.flatMap((list) => values.map((value) => [...list, value]));
    },
    [[]],
  );
}

const oracle = await loadOracle();

suite('harness/answers', (test) => {
  test('all arguments given: the program, the oracle and the plain meaning say the same', () => {
    fc.assert(
      fc.property(profile, fc.constantFrom(...NAMES), fc.tuple(u64, u64, u64), (drawn, call, args) => {
        const policy = resolvePolicy(parseProfile(text(drawn)), { arches: ABIS, onConflict: 'first' });
        const program = compile(policy);
        const all = [...args, 0n, 0n, 0n];
        for (const [h, judge] of [
          [harness(policy), (d: SeccompData) => evaluate(policy, d)],
          [harness(program, { arches: ABIS }), (d: SeccompData) => run(program, d)],
        ] as const) {
          for (const name of ABIS) {
            const abi = arch(name);
            const d = data(abi.audit, syscallNumber(abi, call) as number, all);
            const word = judge(d);
            assert.is(oracle.run(program.bytes, seccompDataWords(d, program.endian)), word);
            for (const [question, ask, isWanted] of QUESTIONS) {
              assert.is(
                holds(() => ask(h.on(name), call, all)),
                isWanted(word),
                `${name} ${call} ${question}`,
              );
            }
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  test('arguments left open: it holds only where no value breaks it, and the witness does', () => {
    fc.assert(
      fc.property(profile, fc.constantFrom(...NAMES), wanted, (drawn, call, given) => {
        const policy = resolvePolicy(parseProfile(text(drawn)), { arches: ['x86_64'], onConflict: 'first' });
        const program = compile(policy);
        const abi = arch('x86_64');
        const nr = syscallNumber(abi, call) as number;
        const words = completions(policy, call, given).map((args) => run(program, data(abi.audit, nr, args)));
        for (const h of [harness(policy), harness(program, { arches: ['x86_64'] })]) {
          for (const [question, ask, isWanted] of QUESTIONS) {
            let witness: SeccompData | undefined;
            try {
              ask(h, call, given);
            } catch (error) {
              if (!(error instanceof HarnessError)) throw error;
              witness = error.witnesses[0];
              assert.ok(witness);
            }
            if (witness === undefined)
              assert.ok(words.every(isWanted), `${call} ${question} holds, and a value breaks it`);
            else {
              assert.not(isWanted(run(program, witness)), `${call} ${question}: the witness breaks nothing`);
              given.forEach((value, i) => {
                if (value !== undefined) assert.is(witness?.args[i], value);
              });
            }
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});
