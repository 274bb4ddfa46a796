/** Every profile that we ship reads without a warning, compiles, and is named in the folder's table. */
import { readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { compile } from '../../src/build/index.ts';
import { parseProfile } from '../../src/policy/index.ts';
import { suite, throwsCode } from '../suite.ts';
import { PROFILES, policyOf, profileText } from './decisions.ts';

const GROUPS = [
  ['x86_64'],
  ['aarch64'],
  ['x86_64', 'i386', 'x32'],
  ['aarch64', 'arm'],
  ['s390x', 's390'],
  ['i386'],
  ['riscv64'],
  ['loongarch64'],
];

/** Compiled for the architectures that they name themselves. */
const NAME_THEIR_OWN: Readonly<Record<string, string>> = {
  'node-service': 'x86_64 aarch64',
  'go-service': 'x86_64 aarch64',
  'no-network': 'x86_64 i386 aarch64 arm',
};

suite('profiles/parse', (test) => {
  test('the four of the issue are here', () => {
    for (const name of ['container-default', 'node-service', 'go-service', 'no-network']) {
      assert.ok(PROFILES.includes(name), name);
    }
  });
  for (const name of PROFILES) {
    for (const arches of GROUPS) {
      test(`${name} for ${arches.join('+')}: no warning, and it compiles`, () => {
        for (const caps of ['none', 'docker', 'all'] as const) {
          for (const kernel of [undefined, '4.4', '6.12']) {
            const policy = policyOf(name, { arches, caps, kernel, strict: true });
            assert.equal(
              policy.diagnostics.map((d) => `${d.code}: ${d.message}`),
              [],
            );
            assert.is(policy.argWidth, 'kernel');
            assert.is(policy.multiplexed, 'deny');
            assert.ok(compile(policy).bytes.length > 0);
          }
        }
      });
    }
    test(`${name}: each rule says in a comment what it is for`, () => {
      for (const rule of parseProfile(profileText(name)).rules) assert.ok(rule.comment, `rule ${rule.index}`);
    });
    test(`${name}: no rule repeats a name, no unconditional allow is given twice`, () => {
      const profile = parseProfile(profileText(name));
      const always = new Set<string>();
      for (const rule of profile.rules) {
        const names = rule.names.map((n) => n.value);
        assert.is(new Set(names).size, names.length, rule.comment);
        const { includes, excludes, conditions } = rule;
        const filters = [includes, excludes].flatMap((f) => [...f.arches, ...f.caps, ...(f.minKernel ?? [])]);
        if (conditions.length > 0 || filters.length > 0) continue;
        for (const one of names) {
          assert.not.ok(always.has(one), `${one} stands in two rules`);
          always.add(one);
        }
      }
    });
    test(`${name} has its line in the folder's README`, () => {
      assert.match(readFileSync('profiles/README.md', 'utf8'), `[${name}](${name}.jsonc)`);
    });
  }
  for (const [name, arches] of Object.entries(NAME_THEIR_OWN)) {
    test(`${name} without --arch: one program for ${arches}`, () => {
      const policy = policyOf(name, {});
      assert.is(policy.arches.map((a) => a.arch.name).join(' '), arches);
      assert.equal(policy.diagnostics, []);
      assert.ok(compile(policy).bytes.length > 0);
    });
  }
  test('container-default without --arch is refused: its machines differ in byte order', () => {
    throwsCode(() => policyOf('container-default', {}), 'ARCH_BYTE_ORDER');
  });
});
