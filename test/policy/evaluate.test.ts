/** Random rule lists for one call: the reference meaning and the conflict report against the second opinion. */
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { SeccompcError } from '../../src/diag/index.ts';
import { evaluate, parseProfile, type ResolveOptions, resolvePolicy } from '../../src/policy/index.ts';
import { suite } from '../suite.ts';
import { alternatives, edges, firstWord, interesting, matches, OPS, type Rule, settled, type Test } from './judge.ts';

/** Result words and the actions that have them. */
const ACTIONS = [
  { word: 0x7fff0000, fields: { action: 'SCMP_ACT_ALLOW' } },
  { word: 0x00050001, fields: { action: 'SCMP_ACT_ERRNO' } },
  { word: 0x00050007, fields: { action: 'SCMP_ACT_ERRNO', errnoRet: 7 } },
  { word: 0x80000000, fields: { action: 'SCMP_ACT_KILL_PROCESS' } },
] as const;

/** mmap on x86_64, every parameter of which has 64 bits. */
const MMAP = { nr: 9, arch: 0xc000003e, instructionPointer: 0n };

const tests: fc.Arbitrary<Test> = fc.oneof(
  fc.record({ index: fc.nat(2), op: fc.constantFrom(...OPS), value: interesting, valueTwo: interesting }),
  fc
    .record({ index: fc.nat(2), op: fc.constant('MASKED_EQ' as const), value: interesting, valueTwo: interesting })
    .map((t) => ({ ...t, valueTwo: t.value & t.valueTwo })),
);
const rule: fc.Arbitrary<Rule> = fc.record({
  word: fc.constantFrom(...ACTIONS).map((a) => a.word),
  tests: fc.array(tests, { maxLength: 3 }),
});
/** Mostly conditional rules: one without tests hides all others. */
const rules = fc.array(
  fc.oneof({ weight: 9, arbitrary: rule.filter((r) => r.tests.length > 0) }, { weight: 1, arbitrary: rule }),
  { maxLength: 5 },
);
const defaults = fc.constantFrom(...ACTIONS).map((a) => a.word);

const fieldsOf = (word: number) => ACTIONS.find((a) => a.word === word)!.fields;

function profileText(list: readonly Rule[], otherwise: number): string {
  const condition = (t: Test) =>
    `{"index":${t.index},"value":${t.value},"valueTwo":${t.valueTwo},"op":"SCMP_CMP_${t.op}"}`;
  const one = (r: Rule) =>
    `{"names":["mmap"],${JSON.stringify(fieldsOf(r.word)).slice(1, -1)},"args":[${r.tests.map(condition)}]}`;
  const { action, ...data } = fieldsOf(otherwise) as { action: string; errnoRet?: number };
  return `{"defaultAction":"${action}","defaultErrnoRet":${data.errnoRet ?? null},"syscalls":[${list.map(one)}]}`;
}

const resolved = (list: readonly Rule[], otherwise: number, options: ResolveOptions) =>
  resolvePolicy(parseProfile(profileText(list, otherwise)), { arches: ['x86_64'], ...options });

/** Argument triples at which some rule changes its mind, a bounded number of them. */
function triples(list: readonly Rule[]): readonly (readonly bigint[])[] {
  const values = [0, 1, 2].map((i) => [
    ...new Set([0n, ...list.flatMap((r) => r.tests.filter((t) => t.index === i).flatMap(edges))]),
  ]);
  const made: bigint[][] = [];
  const [a = [], b = [], c = []] = values;
  const longest = Math.max(a.length, b.length, c.length);
  for (let i = 0; i < longest; i++) {
    for (const j of [0, 1, 3, 7])
      made.push([a[i % a.length]!, b[(i * 5 + j) % b.length]!, c[(i * 11 + j * 3) % c.length]!]);
  }
  return made;
}

const asArgs = (t: readonly bigint[]) => [t[0] ?? 0n, t[1] ?? 0n, t[2] ?? 0n, 0n, 0n, 0n] as const;

suite('policy/evaluate', (test) => {
  test('first: the second opinion agrees', () => {
    fc.assert(
      fc.property(rules, defaults, (list, otherwise) => {
        const policy = resolved(list, otherwise, { onConflict: 'first' });
        for (const t of triples(list)) {
          assert.is(
            evaluate(policy, { ...MMAP, args: asArgs(t) }),
            firstWord(list, otherwise, t),
            profileText(list, otherwise),
          );
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('strictest: of all that match, none is stricter; KILL_PROCESS, then ERRNO, then ALLOW', () => {
    const rank = (word: number) => (word >= 0x80000000 ? word - 2 ** 32 : word) & ~0xffff;
    fc.assert(
      fc.property(rules, defaults, (list, otherwise) => {
        const policy = resolved(list, otherwise, { onConflict: 'strictest' });
        const { always, conditional } = settled(list, otherwise);
        for (const t of triples(list)) {
          const word = evaluate(policy, { ...MMAP, args: asArgs(t) });
          const candidates = always ? [always.word] : conditional.filter((r) => matches(r, t)).map((r) => r.word);
          if (candidates.length === 0) assert.is(word, otherwise);
          else {
            assert.ok(candidates.includes(word));
            for (const c of candidates) assert.ok(rank(word) <= rank(c));
          }
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('RULE_CONFLICT: reported when two rules meet at any edge, and its example is a call that both match', () => {
    let conflicts = 0;
    let clean = 0;
    fc.assert(
      fc.property(rules, defaults, (list, otherwise) => {
        const { conditional } = settled(list, otherwise);
        const meets = triples(list).some(
          (t) => new Set(conditional.filter((r) => matches(r, t)).map((r) => r.word)).size > 1,
        );
        try {
          resolved(list, otherwise, {});
          assert.not.ok(meets, `not reported: ${profileText(list, otherwise)}`);
          clean += 1;
        } catch (error) {
          if (!(error instanceof SeccompcError)) throw error;
          conflicts += 1;
          for (const d of error.diagnostics.filter((found) => found.severity === 'error')) {
            assert.is(d.code, 'RULE_CONFLICT');
            const example = (/mmap\(([^)]*)\)/.exec(d.message)?.[1] ?? '').split(', ').map(BigInt);
            // The two rules that are named, found again by their places.
            const starts = [d.span?.start, d.related?.[0]?.span?.start];
            const text = profileText(list, otherwise);
            const named = starts.map((start) => list[text.slice(0, start).split('{"names"').length - 1]!);
            const [later, earlier] = named as [Rule, Rule];
            assert.is.not(later.word, earlier.word);
            for (const r of named)
              assert.ok(
                alternatives(r).some((a) => matches(a, example)),
                `${d.message} in ${text}`,
              );
          }
        }
      }),
      { numRuns: 2000 },
    );
    // The generator makes enough of both for this to mean something.
    assert.ok(conflicts > 100 && clean > 100, `${conflicts} conflicts, ${clean} without`);
  });
});
