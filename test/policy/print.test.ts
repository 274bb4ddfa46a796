/**
 * The normalized text of a policy. The judge is prove/, which compares two policies for every possible call: the text,
 * read back, must mean exactly what the policy means, and print as itself. Then: what makes no difference in a profile
 * makes none in the text.
 */
import { readdirSync, readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import * as assert from 'uvu/assert';
import { ARCHES, type ArchName, SECCOMP_RET_LOG, SECCOMP_RET_TRAP } from '../../src/arch/index.ts';
import { compile } from '../../src/build/index.ts';
import {
  type ArchPolicy,
  type Policy,
  parseProfile,
  printPolicy,
  type ResolveOptions,
  resolvePolicy,
} from '../../src/policy/index.ts';
import { difference } from '../../src/prove/index.ts';
import { golden } from '../golden.ts';
import { suite } from '../suite.ts';
import { sharedText, withoutShared } from '../support/shared.ts';
import { processorClock } from '../support/time.ts';
import { anyProfile, type Made, toText } from './profiles-arbitrary.ts';

/** The text of a policy, after it was read back, proved equal, and printed again. */
function proved(policy: Policy): string {
  const text = printPolicy(policy);
  const arches = policy.arches.map((a) => a.arch.name);
  for (const options of [{}, { arches }]) {
    const again = resolvePolicy(parseProfile(text), options);
    const compared = difference(policy, again);
    assert.is(compared.undecided, undefined, text);
    assert.ok(!compared.undecided && compared.equal, `not equal:\n${text}`);
    assert.is(printPolicy(again), text);
    assert.equal([...again.flags].sort(), [...new Set(policy.flags)].sort());
  }
  assert.ok(
    text.split('\n').every((line) => line.length <= 120),
    text,
  );
  return text;
}

const OWN = readdirSync('profiles').filter((name) => name.endsWith('.jsonc') && !name.includes('.assert.'));
const SHARED = [
  'conditional_include',
  'default-old-format',
  'docker-default',
  'firecracker-api.oci',
  'firecracker-vcpu.oci',
  'firecracker-vmm.oci',
  'podman-containers-common',
];

const ARCH_SETS: readonly (readonly ArchName[])[] = [
  ['x86_64'],
  ['x86_64', 'i386', 'x32'],
  ['aarch64', 'arm'],
  ['s390x', 's390'],
  ['mips'],
];

/** For each architecture set one of these in turn, so that all meet all without a run for each pair. */
const OPTIONS: readonly ResolveOptions[] = [
  {},
  { caps: 'all', runtime: 'runc', unknownArch: 'kill' },
  { caps: 'none', kernel: '4.0', argWidth: 'kernel', multiplexed: 'deny' },
  { caps: ['SYS_ADMIN', 'NET_ADMIN'], kernel: '5.10', enosysAbove: true, multiplexed: 'allow', unknownArch: 'errno' },
  { argWidth: 'oci', multiplexed: 'written', onConflict: 'strictest' },
];

const texts = [
  ...OWN.map((name) => ({ name, absent: undefined, read: () => readFileSync(`profiles/${name}`, 'utf8') })),
  ...SHARED.map((name) => ({ name, absent: withoutShared(), read: () => sharedText(`profiles/${name}.json`) })),
];

suite('policy/print real profiles', (test) => {
  for (const { name, absent, read } of texts) {
    for (const arches of ARCH_SETS) {
      test.needs(absent, `${name} on ${arches.join('+')}: the text means the same and prints as itself`, () => {
        const profile = parseProfile(read());
        for (const options of OPTIONS) proved(resolvePolicy(profile, { ...options, arches }));
      });
    }
  }

  test('a text is what it was', () => {
    const of = (file: string, options: ResolveOptions) =>
      proved(resolvePolicy(parseProfile(readFileSync(`profiles/${file}.jsonc`, 'utf8')), options));
    golden('policy/normalized-no-network.json', of('no-network', {}));
    golden('policy/normalized-container-default.json', of('container-default', { arches: ['x86_64', 'i386', 'x32'] }));
  });
});

const policyOf = (made: Made, options: ResolveOptions): Policy => resolvePolicy(parseProfile(toText(made)), options);

const arches = fc.constantFrom<readonly ArchName[]>(
  ['x86_64'],
  ['x86_64', 'i386', 'x32'],
  ['x32'],
  ['i386', 'aarch64', 'arm'],
  ['s390x', 's390'],
  ['mips64', 'mips64n32', 'mips'],
  ['mipsel', 'x86_64'],
);
const options: fc.Arbitrary<ResolveOptions> = fc.record(
  {
    onConflict: fc.constantFrom('first', 'strictest'),
    runtime: fc.constantFrom('none', 'runc'),
    unknownArch: fc.constantFrom('kill-process', 'kill', 'errno'),
    multiplexed: fc.constantFrom('allow', 'deny', 'written'),
    argWidth: fc.constantFrom('oci', 'kernel'),
    enosysAbove: fc.boolean(),
    ruleOrder: fc.constantFrom('oci', 'first-match'),
  },
  { requiredKeys: ['onConflict'] },
);

const LONG = process.env.SECCOMPC_LONG !== undefined && process.env.SECCOMPC_LONG !== '';
const runs = (normal: number) => ({ numRuns: LONG ? normal * 50 : normal });

suite('policy/print random policies', (test) => {
  test('any profile under any options', () => {
    const keys = new Map<string, number>();
    fc.assert(
      fc.property(anyProfile, arches, options, (made, names, how) => {
        const text = proved(policyOf(made, { ...how, arches: names }));
        for (const [key] of text.matchAll(/"x-\w+"|"includes"/g)) keys.set(key, (keys.get(key) ?? 0) + 1);
      }),
      runs(400),
    );
    // Nothing of this is proved if it never occurs.
    const wanted = ['argWidth', 'multiplexed', 'ruleOrder', 'unknownArch', 'enosysAbove', 'architectures'];
    assert.equal([...keys.keys()].sort(), ['"includes"', ...wanted.map((k) => `"x-${k}"`)].sort());
  });

  test('policies that no profile leads to: widths of any mixture, ABIs from different profiles', () => {
    let widths = 0;
    fc.assert(
      fc.property(
        fc.tuple(anyProfile, anyProfile, anyProfile),
        arches,
        fc.infiniteStream(fc.boolean()),
        ([a, b, c], names, coins) => {
          const policies = [a, b, c].map((made) =>
            policyOf({ ...made, defaultAction: 'SCMP_ACT_TRAP' }, { arches: names, onConflict: 'first' }),
          );
          const flip = (arch: ArchPolicy): ArchPolicy => {
            const calls = [...arch.calls].map(([nr, call]) => {
              const rules = call.rules.map((rule) => {
                const conditions = rule.conditions.map((x) => ({ ...x, narrow: coins.next().value ?? x.narrow }));
                return { ...rule, conditions };
              });
              return [nr, { ...call, rules }] as const;
            });
            return { ...arch, calls: new Map(calls) };
          };
          const mixed = names.map((_, i) => flip(policies[i % 3]!.arches[i]!));
          if (proved({ ...policies[0]!, arches: mixed }).includes('"x-width"')) widths += 1;
        },
      ),
      runs(100),
    );
    assert.ok(widths > 10, `${widths}`);
  });

  test('what the text says can be compiled, and the program is proved', () => {
    fc.assert(
      fc.property(anyProfile, arches, options, (made, names, how) => {
        compile(resolvePolicy(parseProfile(printPolicy(policyOf(made, { ...how, arches: names })))));
      }),
      runs(60),
    );
  });
});

/** Another text of the same profile: order, repetition, layout and comments are other ones. */
function rewritten(made: Made, random: () => number): string {
  const shuffled = <T>(list: readonly T[]): T[] =>
    list
      .map((value) => ({ value, at: random() }))
      .sort((a, b) => a.at - b.at)
      .map(({ value }) => value);
  const reordered = (value: object) => Object.fromEntries(shuffled(Object.entries(value)));
  const rules = (made.syscalls ?? []).flatMap((rule) => {
    const names = shuffled([...rule.names, ...rule.names.filter(() => random() < 0.3)]);
    const args = shuffled(rule.args ?? []).map(reordered);
    const cut = Math.floor(random() * names.length);
    const parts = random() < 0.5 && cut > 0 ? [names.slice(0, cut), names.slice(cut)] : [names];
    return parts.map((part) => reordered({ ...rule, names: part, args, comment: `c${random()}` }));
  });
  const again = rules.filter(() => random() < 0.2);
  const text = toText(reordered({ ...made, syscalls: shuffled([...rules, ...again]) }), random() < 0.5 ? 0 : 3);
  return `// ${random()}\n${text.replaceAll('[', '[ /* here */ ')}\n`;
}

/** Profiles in which the order of rules decides nothing: no conflict, no contradiction, one errno. */
function isOrderFree(policy: Policy): boolean {
  return policy.diagnostics.every((d) => d.code !== 'RULE_DUPLICATE' && d.code !== 'RULE_SHADOWED');
}

suite('policy/print is canonical', (test) => {
  test('order, repetition, layout, comments and file names make no difference', () => {
    let compared = 0;
    fc.assert(
      fc.property(anyProfile, arches, fc.infiniteStream(fc.nat({ max: 1 << 30 })), (drawn, names, stream) => {
        const random = () => (stream.next().value ?? 0) / (1 << 30);
        const made = {
          ...drawn,
          'x-ruleOrder': 'oci',
          syscalls: drawn.syscalls?.map(({ errnoRet: _, errno: __, ...rule }) => rule),
        };
        let policy: Policy;
        try {
          policy = policyOf(made, { arches: names });
        } catch {
          return; // RULE_CONFLICT
        }
        if (!isOrderFree(policy)) return;
        compared += 1;
        const other = rewritten(made, random);
        const reversed = { arches: [...names].reverse() };
        const again = resolvePolicy(parseProfile(other, { file: '/some/where/else.json' }), reversed);
        assert.is(printPolicy(again), printPolicy(policy), other);
      }),
      runs(400),
    );
    assert.ok(compared > 100, `${compared}`);
  });

  const errno = (names: string, more = '') => `{"names":[${names}],"action":"SCMP_ACT_ERRNO","errnoRet":9${more}}`;
  const allow = (names: string, more = '') => `{"names":[${names}],"action":"SCMP_ACT_ALLOW"${more}}`;
  const when = (...args: string[]) =>
    `,"args":[${args.map((a) => a.replace(/^(\d) (\w+) (\d+)$/, '{"index":$1,"op":"SCMP_CMP_$2","value":$3}')).join()}]`;
  const kill = (...rules: string[]) => `{"defaultAction":"SCMP_ACT_KILL","syscalls":[${rules.join()}]}`;

  interface Row {
    readonly name: string;
    readonly arches?: readonly string[];
    /** Each gives the same text. */
    readonly same: readonly (readonly [text: string, options?: ResolveOptions])[];
  }

  // biome-ignore format: a table
  const rows: readonly Row[] = [
    { name: 'an option and a key', same: [[kill(allow('"read"')), { unknownArch: 'errno', enosysAbove: true }], [`${kill(allow('"read"')).slice(0, -1)},"x-unknownArch":"errno","x-enosysAbove":true}`]] },
    { name: 'a capability that is held and none', same: [[kill(allow('"read"', ',"includes":{"caps":["CAP_KILL"],"minKernel":"4.8"}'))], [kill(allow('"read"'))]] },
    { name: 'one that is not and no rule', same: [[kill(allow('"read"', ',"includes":{"caps":["CAP_BPF"]}'), allow('"write"'))], [kill(allow('"write"'))]] },
    { name: 'two names of KILL', same: [[kill(allow('"read"'))], [kill(allow('"read"')).replace('KILL', 'KILL_THREAD')]] },
    { name: 'EPERM said and unsaid', same: [['{"defaultAction":"SCMP_ACT_ERRNO"}'], ['{"defaultAction":"SCMP_ACT_ERRNO","defaultErrnoRet":1}'], ['{"defaultAction":"SCMP_ACT_ERRNO","defaultErrno":"EPERM"}']] },
    { name: 'argument width where no rule looks at arguments', same: [[kill(allow('"read"')), { argWidth: 'kernel' }], [kill(allow('"read"')), { argWidth: 'oci' }]] },
    { name: 'argument width where the parameter has 64 bits', same: [[kill(allow('"mmap"', when('0 EQ 5'))), { argWidth: 'kernel' }], [kill(allow('"mmap"', when('0 EQ 5'))), { argWidth: 'oci' }]] },
    { name: 'the multiplexed form where there is none', same: [[kill(allow('"socket"', when('0 EQ 1'))), { multiplexed: 'deny' }], [kill(allow('"socket"', when('0 EQ 1'))), { multiplexed: 'allow' }]] },
    { name: 'rules that say what would happen anyway', same: [[kill('{"names":["read"],"action":"SCMP_ACT_KILL"}', allow('"write"'))], [kill(allow('"write"'))]] },
    { name: 'a rule behind one that always holds', same: [[kill(allow('"read"'), allow('"read"', when('0 EQ 1')))], [kill(allow('"read"'))]] },
    { name: 'calls that the architecture lacks', same: [[kill(allow('"read","socketcall","set_tls","mmap2"'))], [kill(allow('"read"'))]] },
    { name: 'a first match that the dialect would have as well', same: [[`{"x-ruleOrder":"first-match",${kill(errno('"read"', when('0 EQ 1')), allow('"read"', when('0 EQ 2'))).slice(1)}`], [kill(allow('"read"', when('0 EQ 2')), errno('"read"', when('0 EQ 1')))]] },
    { name: 'a first match in another order of what does not touch', same: [
      [kill(errno('"read"', when('0 LT 5')), allow('"read"', when('0 LT 9')), errno('"read"', when('0 EQ 70')), allow('"read"', when('0 EQ 60'))), { onConflict: 'first' }],
      [kill(allow('"read"', when('0 EQ 60')), errno('"read"', when('0 EQ 70')), errno('"read"', when('0 LT 5')), allow('"read"', when('0 LT 9'))), { onConflict: 'first' }],
      [kill(allow('"read"', when('0 LT 9')), errno('"read"', when('0 EQ 70')), allow('"read"', when('0 EQ 60')), errno('"read"', when('0 LT 5'))), { onConflict: 'strictest' }]] },
    { name: 'alternatives in one rule and in several', same: [[kill(allow('"read"', when('0 EQ 1', '0 EQ 2')))], [kill(allow('"read"', when('0 EQ 2')), allow('"read"', when('0 EQ 1')))]] },
    { name: 'socketcall by way of socket and for itself', arches: ['i386'], same: [[kill(allow('"socket"'))], [kill(allow('"socket"'), allow('"socketcall"', when('0 EQ 1'))), { multiplexed: 'written' }]] },
    { name: 'a machine included, and its ABIs by name', arches: ['x86_64', 'i386', 'aarch64'], same: [[kill(allow('"read"', ',"includes":{"arches":["amd64"]}'))], [kill(allow('"read"', ',"excludes":{"arches":["arm64"]}'))], [kill(allow('"read"', ',"x-architectures":["SCMP_ARCH_X86","SCMP_ARCH_X86_64"]'))]] },
    { name: 'two names of one number', arches: ['arm'], same: [[kill(allow('"sync_file_range2"'))], [kill(allow('"arm_sync_file_range"'))]] },
  ];
  for (const row of rows) {
    test(row.name, () => {
      const printed = row.same.map(([text, options]) =>
        proved(resolvePolicy(parseProfile(text), { arches: row.arches ?? ['x86_64'], ...options })),
      );
      for (const text of printed) assert.is(text, printed[0]);
    });
  }

  interface Shape {
    readonly name: string;
    readonly arches: readonly string[];
    readonly text: string;
    /** How often each stands in the text. */
    readonly counts: readonly (readonly [text: string, count: number])[];
  }

  const firstMatch = (...rules: string[]) => `{"x-ruleOrder":"first-match",${kill(...rules).slice(1)}`;
  // biome-ignore format: a table
  const shapes: readonly Shape[] = [
    { name: 'a rule that is one of several in an order elsewhere', arches: ['x86_64', 'i386'], text: firstMatch(errno('"mmap"', `${when('0 GE 1')},"x-architectures":["SCMP_ARCH_X86"]`), allow('"mmap"', when('0 EQ 1'))), counts: [['x-ruleOrder', 1], ['x-architectures', 3], ['"mmap"', 3]] },
    { name: 'a call that ENOSYS hides elsewhere splits no rule', arches: ['x86_64', 'aarch64'], text: `{"x-enosysAbove":{"SCMP_ARCH_AARCH64":100},${kill(allow('"read","bind"')).slice(1)}`, counts: [['includes', 0], ['"bind"', 1]] },
    { name: 'a call that ENOSYS hides elsewhere, where its conditions would contradict each other', arches: ['s390x', 's390'], text: `{"x-enosysAbove":{"SCMP_ARCH_S390X":3},${kill(allow('"clone"', `${when('0 GE 4294967334')},"x-architectures":["SCMP_ARCH_S390"]`), errno('"clone"', `${when('0 NE 0')},"x-architectures":["SCMP_ARCH_S390"]`)).slice(1)}`, counts: [['x-ruleOrder', 0], ['x-architectures', 2]] },
    { name: 'a call that one ABI lacks splits no rule', arches: ['x86_64', 'i386', 'aarch64'], text: kill(allow('"read","mmap2","arch_prctl"')), counts: [['includes', 0], ['"names"', 1]] },
    { name: 'errno numbers that differ', arches: ['x86_64', 'mipsel'], text: kill('{"names":["read"],"action":"SCMP_ACT_ERRNO","errno":"ENOSYS"}'), counts: [['"arches": ["amd64"]', 1], ['"arches": ["mipsle"]', 1]] },
    { name: 'a default errno that is numbered differently', arches: ['mipsel', 'x86_64'], text: '{"defaultAction":"SCMP_ACT_ERRNO","defaultErrno":"ENOSYS"}', counts: [['"defaultErrno": "ENOSYS"', 1]] },
    { name: '64-bit values in full', arches: ['x86_64'], text: kill(allow('"mmap"', when('0 EQ 18446744073709551615', '1 NE 9007199254740993'))), counts: [['"value": 18446744073709551615', 1], ['"value": 9007199254740993', 1]] },
  ];
  for (const { name, arches, text, counts } of shapes) {
    test(name, () => {
      const printed = proved(resolvePolicy(parseProfile(text), { arches }));
      for (const [part, count] of counts) assert.is(printed.split(part).length - 1, count, `${part} in\n${printed}`);
    });
  }

  test('what stands behind a rule that always holds, and what stands there twice, is not printed', () => {
    const policy = resolvePolicy(parseProfile(kill(allow('"mmap"', when('0 EQ 1')))), { arches: ['x86_64'] });
    const [arch] = policy.arches as [ArchPolicy];
    const [[nr, call] = []] = [...arch.calls];
    const [rule] = call!.rules;
    const always = { ...rule!, action: SECCOMP_RET_LOG, conditions: [] };
    const doubled = { ...rule!, conditions: [...rule!.conditions, ...rule!.conditions] };
    const printed = [
      [rule!, always],
      [rule!, doubled, rule!, always, { ...rule!, action: SECCOMP_RET_TRAP }, always],
    ].map((rules) => proved({ ...policy, arches: [{ ...arch, calls: new Map([[nr!, { ...call!, rules }]]) }] }));
    assert.is(printed[1], printed[0]);
  });

  test('every word of a policy is in the text: a change of any gives another one', () => {
    const base = kill(errno('"socket"', when('0 EQ 1')));
    const variants: readonly (readonly [string, ResolveOptions?])[] = [
      [base],
      [base.replace('KILL', 'TRAP')],
      [base.replace('9', '10')],
      [base.replace('socket', 'bind')],
      [base.replace('EQ', 'NE')],
      [base.replace('"value":1', '"value":2')],
      [base.replace('"index":0', '"index":1')],
      [base, { arches: ['x86_64', 'i386'] }],
      [base, { arches: ['i386'] }],
      [base, { argWidth: 'kernel' }],
      [base, { unknownArch: 'kill' }],
      [base, { enosysAbove: true }],
      [`{"flags":["SECCOMP_FILTER_FLAG_LOG"],${base.slice(1)}`],
    ];
    const printed = variants.map(([text, o]) =>
      proved(resolvePolicy(parseProfile(text), { arches: ['x86_64'], ...o })),
    );
    assert.is(new Set(printed).size, variants.length);
  });
});

suite('policy/print limits', (test) => {
  const rule = (action: string, op: string, value: number) =>
    `{"names":["ioctl"],"action":"SCMP_ACT_${action}","args":[{"index":1,"op":"SCMP_CMP_${op}","value":${value}}]}`;
  const many = (count: number, one: (i: number) => string) =>
    `{"defaultAction":"SCMP_ACT_KILL","syscalls":[${Array.from({ length: count }, (_, i) => one(i))}]}`;

  /** Printing again needs no proof: the rules of the call are the same, one by one. */
  function readBack(text: string): readonly unknown[] {
    const taken = processorClock();
    const policy = resolvePolicy(parseProfile(text), { arches: ['x86_64'], onConflict: 'first' });
    const printed = printPolicy(policy);
    const again = resolvePolicy(parseProfile(printed));
    assert.is(printPolicy(again), printed);
    assert.ok(taken() < 20_000, 'took too long');
    const rules = (p: Policy) => p.arches[0]?.calls.get(16)?.rules.map((r) => [r.action, r.conditions]) ?? [];
    return [rules(policy), rules(again), printed.includes('first-match')];
  }

  test('10,000 rules of one call that do not touch', () => {
    const [before, after, ordered] = readBack(many(10_000, (i) => rule(i % 2 ? 'ALLOW' : 'LOG', 'EQ', i)));
    assert.equal(after, before);
    assert.is(ordered, false);
  });

  test('1,000 rules of one call that all contradict each other stay in their order', () => {
    const [before, after, ordered] = readBack(many(1000, (i) => rule(i % 2 ? 'ALLOW' : 'LOG', 'GE', 5000 - i)));
    assert.equal(after, before);
    assert.is(ordered, true);
  });

  test('every architecture, alone', () => {
    for (const name of ARCHES.keys()) {
      const text = readFileSync('profiles/container-default.jsonc', 'utf8');
      proved(resolvePolicy(parseProfile(text), { arches: [name], caps: 'all' }));
    }
  });
});
