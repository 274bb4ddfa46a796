/** Our own keys: what is said about mistakes in them, and what they mean, alone and against the options. */
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { compile } from '../../src/build/index.ts';
import { type Code, SeccompcError } from '../../src/diag/index.ts';
import { run } from '../../src/kernel/index.ts';
import { evaluate, parseProfile, type ResolveOptions, readProfile, resolvePolicy } from '../../src/policy/index.ts';
import { suite } from '../suite.ts';
import { data } from '../support/samples.ts';
import { edges, interesting, OPS, passes } from './judge.ts';
import { foundAt, unmarked } from './marked.ts';

const top = (fields: string) => `{ "defaultAction": "SCMP_ACT_KILL", ${fields} }`;
const rule = (fields: string) => top(`"syscalls": [{ "names": ["read"], "action": "SCMP_ACT_ALLOW", ${fields} }]`);
const arg = (fields: string) => rule(`"args": [{ "index": 0, "op": "SCMP_CMP_EQ", "value": 1, ${fields} }]`);

interface Mistake {
  readonly name: string;
  /** « » stand around the place of each finding. */
  readonly text: string;
  readonly found: readonly Code[];
  readonly offers?: string;
}

// biome-ignore format: a table
const mistakes: readonly Mistake[] = [
  { name: 'all of them, rightly', text: '{ "defaultAction": "SCMP_ACT_KILL", "x-argWidth": "oci", "x-multiplexed": "written", "x-ruleOrder": "first-match", "x-unknownArch": "kill", "x-enosysAbove": { "SCMP_ARCH_X32": 1073741824, "SCMP_ARCH_X86": 0, "SCMP_ARCH_ARM": 1073741823 }, "syscalls": [{ "names": ["read"], "action": "SCMP_ACT_ALLOW", "x-architectures": ["x86_64", "SCMP_ARCH_X86"], "args": [{ "index": 0, "op": "SCMP_CMP_EQ", "value": 1, "x-width": 64 }] }] }', found: [] },
  { name: 'null is absent', text: top('"x-ruleOrder": null, "x-unknownArch": null, "x-enosysAbove": null'), found: [] },
  { name: 'an order that nobody has', text: top('"x-ruleOrder": «"last-match"»'), found: ['VALUE_RANGE'] },
  { name: 'an order that is no word', text: top('"x-ruleOrder": «1»'), found: ['TYPE_WRONG'] },
  { name: 'an action for unknown architectures', text: top('"x-unknownArch": «"allow"»'), found: ['VALUE_RANGE'] },
  { name: 'a list of them', text: top('"x-unknownArch": «["kill"]»'), found: ['TYPE_WRONG'] },
  { name: 'multiplexed, neither of three', text: top('"x-multiplexed": «"strip"»'), found: ['VALUE_RANGE'] },
  { name: 'a misspelt key', text: top('«"x-ruleorders"»: "first-match"'), found: ['KEY_UNKNOWN'], offers: 'x-ruleOrder' },
  { name: 'a number for all architectures', text: top('"x-enosysAbove": «334»'), found: ['TYPE_WRONG'] },
  { name: 'a word', text: top('"x-enosysAbove": «"true"»'), found: ['TYPE_WRONG'] },
  { name: 'a list', text: top('"x-enosysAbove": «[]»'), found: ['TYPE_WRONG'] },
  { name: 'an architecture that is none', text: top('"x-enosysAbove": { «"SCMP_ARCH_VAX"»: 1 }'), found: ['ARCH_UNKNOWN'] },
  { name: "one by another's name", text: top('"x-enosysAbove": { «"x86_64"»: 334 }'), found: ['ARCH_UNKNOWN'], offers: 'SCMP_ARCH_X86_64' },
  { name: 'an architecture named __proto__', text: top('"x-enosysAbove": { «"__proto__"»: 1 }'), found: ['ARCH_UNKNOWN'] },
  { name: 'an architecture twice', text: top('"x-enosysAbove": { "SCMP_ARCH_X86": 1, «"SCMP_ARCH_X86"»: 2 }'), found: ['KEY_DUPLICATE'] },
  { name: 'a number in quotes', text: top('"x-enosysAbove": { "SCMP_ARCH_X86": «"334"» }'), found: ['TYPE_WRONG'] },
  { name: 'a negative number', text: top('"x-enosysAbove": { "SCMP_ARCH_X86": «-1» }'), found: ['VALUE_RANGE'] },
  { name: 'a number of x32 without its bit', text: top('"x-enosysAbove": { "SCMP_ARCH_X32": «334» }'), found: ['VALUE_RANGE'] },
  { name: 'a number of x86_64 with that bit', text: top('"x-enosysAbove": { "SCMP_ARCH_X86_64": «1073741824» }'), found: ['VALUE_RANGE'] },
  { name: 'a number above 32 bits', text: top('"x-enosysAbove": { "SCMP_ARCH_S390X": «4294967296» }'), found: ['VALUE_RANGE'] },
  { name: 'a rule for an architecture that is none', text: rule('"x-architectures": [«"SCMP_ARCH_AMD64"»]'), found: ['ARCH_UNKNOWN'], offers: 'SCMP_ARCH_X86_64' },
  { name: 'a rule for one, not in a list', text: rule('"x-architectures": «"SCMP_ARCH_X86"»'), found: ['TYPE_WRONG'] },
  { name: 'architectures in a rule, without x-', text: rule('«"architectures"»: ["SCMP_ARCH_X86"]'), found: ['KEY_UNKNOWN'], offers: 'x-architectures' },
  { name: 'a width of 16 bits', text: arg('"x-width": «16»'), found: ['VALUE_RANGE'] },
  { name: 'a width in quotes', text: arg('"x-width": «"32"»'), found: ['TYPE_WRONG'] },
];

suite('policy/x-keys mistakes', (test) => {
  for (const row of mistakes) {
    test(row.name, () => {
      const { text, places } = unmarked(row.text);
      const found = readProfile({ name: 'p.json', text }).diagnostics.sorted;
      foundAt(found, row.found, places, text);
      if (row.offers !== undefined) assert.match(found[0]?.help ?? '', row.offers);
    });
  }
});

const ALLOW = 0x7fff_0000;
const KILL = 0;
const ERRNO = 0x0005_0000;
const ENOSYS = 0x0005_0026;
const X86_64 = 0xc000_003e;
const I386 = 0x4000_0003;
const S390X = 0x8000_0016;
const AARCH64 = 0xc000_00b7;
const HIGH = 1n << 32n;
const X32_BIT = 0x4000_0000;

interface Row {
  readonly name: string;
  /** The fields of a profile that kills by default. */
  readonly fields: string;
  readonly options?: ResolveOptions;
  /** Audit token, number, first arguments, word. */
  readonly calls: readonly (readonly [number, number, readonly bigint[], number])[];
  readonly warns?: readonly Code[];
}

const cond = (index: number, op: string, value: number) =>
  `{ "index": ${index}, "op": "SCMP_CMP_${op}", "value": ${value} }`;
const says = (names: string, action: string, ...more: string[]) =>
  [`{ "names": [${names}]`, `"action": "SCMP_ACT_${action}"`, ...more].join(', ').concat(' }');
const when = (...args: string[]) => `"args": [${args}]`;
const first = (...rules: string[]) => `"x-ruleOrder": "first-match", "syscalls": [${rules}]`;
const rules = (...list: string[]) => `"syscalls": [${list}]`;

// biome-ignore format: a table
const rows: readonly Row[] = [
  // x-ruleOrder. mmap is 9 on x86_64
  { name: 'first match: a rule without conditions comes last', fields: first(says('"mmap"', 'ERRNO', when(cond(0, 'EQ', 1))), says('"mmap"', 'ALLOW')), calls: [[X86_64, 9, [1n], ERRNO | 1], [X86_64, 9, [2n], ALLOW]] },
  { name: 'the same in the order of the dialect', fields: first(says('"mmap"', 'ERRNO', when(cond(0, 'EQ', 1))), says('"mmap"', 'ALLOW')), options: { ruleOrder: 'oci' }, calls: [[X86_64, 9, [1n], ALLOW]], warns: ['RULE_SHADOWED'] },
  { name: 'an option asks for it', fields: rules(says('"mmap"', 'ERRNO', when(cond(0, 'EQ', 1))), says('"mmap"', 'ALLOW')), options: { ruleOrder: 'first-match' }, calls: [[X86_64, 9, [1n], ERRNO | 1], [X86_64, 9, [2n], ALLOW]] },
  { name: 'a rule that says the default action counts', fields: first(says('"mmap"', 'KILL', when(cond(0, 'EQ', 1))), says('"mmap"', 'ALLOW')), calls: [[X86_64, 9, [1n], KILL], [X86_64, 9, [2n], ALLOW]] },
  { name: 'an argument twice: both must hold', fields: first(says('"mmap"', 'ALLOW', when(cond(0, 'GE', 10), cond(0, 'LE', 20)))), calls: [[X86_64, 9, [9n], KILL], [X86_64, 9, [10n], ALLOW], [X86_64, 9, [20n], ALLOW], [X86_64, 9, [21n], KILL]] },
  { name: 'overlaps are no conflict', fields: first(says('"mmap"', 'LOG', when(cond(0, 'LT', 5))), says('"mmap"', 'ALLOW', when(cond(0, 'LT', 9)))), calls: [[X86_64, 9, [4n], 0x7ffc_0000], [X86_64, 9, [5n], ALLOW]] },
  { name: 'of two rules without conditions the first counts', fields: first(says('"mmap"', 'ALLOW'), says('"mmap"', 'ERRNO')), calls: [[X86_64, 9, [], ALLOW]], warns: ['RULE_SHADOWED'] },
  { name: 'a rule behind one that always holds does nothing', fields: first(says('"mmap"', 'ALLOW'), says('"mmap"', 'ERRNO', when(cond(0, 'EQ', 1)))), calls: [[X86_64, 9, [1n], ALLOW]], warns: ['RULE_SHADOWED'] },
  { name: 'carried over to socketcall at its own place', fields: first(says('"socket"', 'ERRNO'), says('"socketcall"', 'ALLOW')), options: { arches: ['i386'] }, calls: [[I386, 102, [1n], ERRNO | 1], [I386, 102, [2n], ALLOW], [I386, 359, [], ERRNO | 1]] },
  { name: 'carried over behind the rule for socketcall', fields: first(says('"socketcall"', 'ALLOW'), says('"socket"', 'ERRNO')), options: { arches: ['i386'] }, calls: [[I386, 102, [1n], ALLOW]], warns: ['RULE_SHADOWED'] },
  { name: 'the same rule carried over twice: the earlier place counts', fields: first(says('"socket"', 'ALLOW'), says('"socketcall"', 'ERRNO', when(cond(0, 'LT', 5))), says('"socketcall"', 'ALLOW', when(cond(0, 'EQ', 1)))), options: { arches: ['i386'] }, calls: [[I386, 102, [1n], ALLOW], [I386, 102, [2n], ERRNO | 1]] },
  { name: 'conditions carried over are dropped', fields: first(says('"socket"', 'ALLOW', when(cond(0, 'EQ', 1)))), options: { arches: ['i386'] }, calls: [[I386, 102, [1n], ALLOW], [I386, 359, [1n], ALLOW], [I386, 359, [2n], KILL]], warns: ['SOCKETCALL_BYPASS'] },
  { name: 'or deny the multiplexed form, in front of all', fields: first(says('"socketcall"', 'ALLOW'), says('"socket"', 'ALLOW', when(cond(0, 'EQ', 1)))), options: { arches: ['i386'], multiplexed: 'deny' }, calls: [[I386, 102, [1n], KILL], [I386, 102, [2n], ALLOW]] },

  // x-multiplexed
  { name: 'written: socket says nothing of socketcall', fields: `"x-multiplexed": "written", ${rules(says('"socket", "accept"', 'ALLOW'))}`, options: { arches: ['i386'] }, calls: [[I386, 359, [], ALLOW], [I386, 102, [1n], KILL], [I386, 102, [5n], KILL]] },
  { name: 'written: socketcall says it', fields: `"x-multiplexed": "written", ${rules(says('"socketcall"', 'ALLOW', when(cond(0, 'EQ', 1))))}`, options: { arches: ['i386'] }, calls: [[I386, 359, [], KILL], [I386, 102, [1n], ALLOW], [I386, 102, [2n], KILL]] },
  { name: 'an option wins over the key', fields: `"x-multiplexed": "written", ${rules(says('"socket"', 'ALLOW'))}`, options: { arches: ['i386'], multiplexed: 'allow' }, calls: [[I386, 102, [1n], ALLOW]] },

  // x-unknownArch
  { name: 'kill', fields: '"x-unknownArch": "kill"', calls: [[I386, 0, [], KILL], [X86_64, X32_BIT, [], KILL]] },
  { name: 'errno', fields: '"x-unknownArch": "errno"', calls: [[I386, 0, [], ERRNO | 1]] },
  { name: 'an option wins', fields: '"x-unknownArch": "errno"', options: { unknownArch: 'kill-process' }, calls: [[I386, 0, [], 0x8000_0000]] },

  // x-enosysAbove
  { name: 'true: above the largest number that the rules name', fields: `"x-enosysAbove": true, ${rules(says('"mmap"', 'ALLOW'))}`, calls: [[X86_64, 8, [], KILL], [X86_64, 9, [], ALLOW], [X86_64, 10, [], ENOSYS]] },
  { name: 'numbers, for the architectures that have one', fields: `"x-enosysAbove": { "SCMP_ARCH_X86_64": 300 }, ${rules(says('"mmap"', 'ALLOW'))}`, options: { arches: ['x86_64', 'i386'] }, calls: [[X86_64, 300, [], KILL], [X86_64, 301, [], ENOSYS], [I386, 301, [], KILL], [X86_64, X32_BIT, [], 0x8000_0000]] },
  { name: 'a rule above the number does nothing', fields: `"x-enosysAbove": { "SCMP_ARCH_X86_64": 8 }, ${rules(says('"read", "mmap"', 'ALLOW'))}`, calls: [[X86_64, 0, [], ALLOW], [X86_64, 9, [], ENOSYS]] },
  { name: 'x32 by its own numbers', fields: '"x-enosysAbove": { "SCMP_ARCH_X32": 1073741833 }', options: { arches: ['x86_64', 'x32'] }, calls: [[X86_64, X32_BIT + 9, [], KILL], [X86_64, X32_BIT + 10, [], ENOSYS], [X86_64, 1000, [], KILL]] },
  { name: 's390x: number 0 too', fields: '"x-enosysAbove": { "SCMP_ARCH_S390X": 9 }', options: { arches: ['s390x'] }, calls: [[S390X, 0, [], ENOSYS], [S390X, 1, [], KILL], [S390X, 10, [], ENOSYS]] },
  { name: 'an option takes it away', fields: '"x-enosysAbove": { "SCMP_ARCH_X86_64": 9 }', options: { enosysAbove: false }, calls: [[X86_64, 10, [], KILL]] },
  { name: 'an option takes the place from the rules', fields: `"x-enosysAbove": { "SCMP_ARCH_X86_64": 300 }, ${rules(says('"mmap"', 'ALLOW'))}`, options: { enosysAbove: true }, calls: [[X86_64, 10, [], ENOSYS]] },

  // x-architectures: includes.arches speaks of machines, this of ABIs
  { name: 'a rule for i386 beside x86_64', fields: rules(says('"getpid"', 'ALLOW', '"x-architectures": ["SCMP_ARCH_X86"]')), options: { arches: ['x86_64', 'i386'] }, calls: [[X86_64, 39, [], KILL], [I386, 20, [], ALLOW]] },
  { name: 'both restrictions must hold', fields: rules(says('"getpid"', 'ALLOW', '"x-architectures": ["SCMP_ARCH_X86", "SCMP_ARCH_AARCH64"]', '"includes": { "arches": ["arm64"] }')), options: { arches: ['x86_64', 'i386', 'aarch64'] }, calls: [[I386, 20, [], KILL], [AARCH64, 172, [], ALLOW]] },
  { name: 'an empty list restricts nothing', fields: rules(says('"getpid"', 'ALLOW', '"x-architectures": []')), calls: [[X86_64, 39, [], ALLOW]] },

  // x-width. personality takes an int: 135 on x86_64, 136 on i386
  { name: '32 bits of a 64-bit parameter', fields: rules(says('"mmap"', 'ALLOW', when('{ "index": 0, "op": "SCMP_CMP_NE", "value": 5, "x-width": 32 }'))), calls: [[X86_64, 9, [HIGH + 5n], KILL], [X86_64, 9, [6n], ALLOW]] },
  { name: '64 bits of an int, in kernel width', fields: `"x-argWidth": "kernel", ${rules(says('"personality"', 'ALLOW', when('{ "index": 0, "op": "SCMP_CMP_EQ", "value": 8, "x-width": 64 }')))}`, calls: [[X86_64, 135, [HIGH + 8n], KILL], [X86_64, 135, [8n], ALLOW]] },
  { name: '64 bits on a 32-bit ABI', fields: rules(says('"personality"', 'ALLOW', when('{ "index": 0, "op": "SCMP_CMP_EQ", "value": 8, "x-width": 64 }'))), options: { arches: ['i386'] }, calls: [[I386, 136, [HIGH + 8n], KILL], [I386, 136, [8n], ALLOW]] },
  { name: 'an option does not reach it', fields: rules(says('"personality"', 'ALLOW', when('{ "index": 0, "op": "SCMP_CMP_EQ", "value": 8, "x-width": 32 }'))), options: { argWidth: 'oci' }, calls: [[X86_64, 135, [HIGH + 8n], ALLOW]] },
];

suite('policy/x-keys meaning', (test) => {
  for (const row of rows) {
    test(row.name, () => {
      const policy = resolvePolicy(parseProfile(top(row.fields)), { arches: ['x86_64'], ...row.options });
      const loud = policy.diagnostics.filter((d) => d.severity !== 'note').map((d) => d.code);
      assert.equal(loud, row.warns ?? []);
      const program = compile(policy);
      for (const [arch, nr, args, word] of row.calls) {
        const call = data(arch, nr, args);
        assert.is(evaluate(policy, call), word, `${nr}(${args.join(', ')})`);
        assert.is(run(program, call), word);
      }
    });
  }

  test('options that no type checker has seen', () => {
    const profile = parseProfile('{"defaultAction":"SCMP_ACT_ALLOW"}');
    for (const option of [{ ruleOrder: 'last' }, { ruleOrder: '__proto__' }, { multiplexed: 'none' }]) {
      assert.throws(
        () => resolvePolicy(profile, { arches: ['x86_64'], ...(option as ResolveOptions) }),
        (e: unknown) => e instanceof SeccompcError && e.diagnostics[0]?.code === 'USAGE',
      );
    }
  });
});

/** Result words and the fields that have them. */
const WORDS: ReadonlyMap<number, string> = new Map([
  [ALLOW, '"action":"SCMP_ACT_ALLOW"'],
  [ERRNO | 7, '"action":"SCMP_ACT_ERRNO","errnoRet":7'],
  [KILL, '"action":"SCMP_ACT_KILL"'],
]);

const condition = fc.record({
  index: fc.nat({ max: 2 }),
  op: fc.constantFrom(...OPS),
  value: interesting,
  valueTwo: interesting,
  width: fc.constantFrom(64, 64, 32),
});
const anyRule = fc.record({
  word: fc.constantFrom(...WORDS.keys()),
  tests: fc.array(condition, { maxLength: 4 }),
});

suite('policy/x-keys first match', (test) => {
  // Widths of any mixture, which no other key leads to.
  test('the first rule of which every test passes decides: the second opinion agrees, and so does the program', () => {
    let calls = 0;
    fc.assert(
      fc.property(fc.array(anyRule, { maxLength: 6 }), (list) => {
        const text = list.map((r) => {
          const args = r.tests.map(
            (t) =>
              `{"index":${t.index},"op":"SCMP_CMP_${t.op}","value":${t.value},"valueTwo":${t.valueTwo},"x-width":${t.width}}`,
          );
          return `{"names":["mmap"],${WORDS.get(r.word)},"args":[${args}]}`;
        });
        const policy = resolvePolicy(parseProfile(top(first(...text))), { arches: ['x86_64'] });
        const program = compile(policy);
        const values = [0, 1, 2].map((i) => [
          0n,
          ...list.flatMap((r) => r.tests.filter((t) => t.index === i).flatMap(edges)),
        ]);
        for (let i = 0; i < 60; i++) {
          const args = values.map((v, k) => v[(i * (2 * k + 1)) % v.length] as bigint);
          const seen = (t: { index: number; width: number }) =>
            t.width === 32 ? args[t.index]! & 0xffff_ffffn : args[t.index]!;
          const wanted = list.find((r) => r.tests.every((t) => passes(t, seen(t))))?.word ?? KILL;
          const call = data(X86_64, 9, args);
          assert.is(evaluate(policy, call), wanted, text.join('\n'));
          assert.is(run(program, call), wanted, text.join('\n'));
          if (wanted !== KILL) calls += 1;
        }
      }),
      { numRuns: 200 },
    );
    assert.ok(calls > 1000);
  });
});
