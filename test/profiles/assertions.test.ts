/** Each profile's own assertions, proved on the machines that it is for: of the policy, and of the compiled program. */
import { existsSync, readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { proveAssertions, readAssertionFile } from '../../src/assert/index.ts';
import { compile } from '../../src/build/index.ts';
import { Diagnostics } from '../../src/diag/index.ts';
import type { ResolveOptions } from '../../src/policy/index.ts';
import type { Subject } from '../../src/prove/index.ts';
import { suite } from '../suite.ts';
import { PROFILES, policyOf } from './decisions.ts';

const X86 = ['x86_64', 'i386', 'x32'];
const SERVICE = [['x86_64', 'aarch64'], ['x86_64'], ['aarch64']];

/** Architectures in one program, by profile. go-service is not for i386, where mmap's arguments lie in memory. */
const MACHINES: Readonly<Record<string, readonly (readonly string[])[]>> = {
  'container-default': [['x86_64'], X86, ['aarch64', 'arm'], ['s390x', 's390'], ['riscv64'], ['loongarch64']],
  'node-service': [...SERVICE, X86, ['aarch64', 'arm'], ['s390x']],
  'go-service': [...SERVICE, ['x86_64', 'x32'], ['aarch64', 'arm']],
  'no-network': [['x86_64', 'i386', 'aarch64', 'arm'], ['x86_64'], X86, ['aarch64'], ['s390x', 's390']],
};

function assertionsOf(name: string) {
  const path = `profiles/${name}.assert.jsonc`;
  const diagnostics = new Diagnostics();
  const assertions = readAssertionFile({ name: path, text: readFileSync(path, 'utf8') }, diagnostics);
  assert.equal(diagnostics.sorted, []);
  return assertions;
}

/** What does not hold, in words. */
function failing(name: string, subject: Subject): readonly string[] {
  return proveAssertions(subject, assertionsOf(name))
    .filter(({ kind }) => kind !== 'holds')
    .map(({ kind, assertion }) => `${kind}: ${assertion.written.text}`);
}

suite('profiles/assertions', (test) => {
  test('every profile has assertions, machines to prove them on, and a place in the list', () => {
    for (const name of PROFILES) assert.ok(existsSync(`profiles/${name}.assert.jsonc`), name);
    assert.equal(Object.keys(MACHINES).sort(), PROFILES);
  });

  for (const name of PROFILES) {
    for (const arches of MACHINES[name] ?? []) {
      test(`${name} on ${arches.join(', ')}`, () => assert.equal(failing(name, policyOf(name, { arches })), []));
    }
    test(`${name}, compiled`, () => {
      const arches = MACHINES[name]?.[0] ?? [];
      assert.equal(failing(name, compile(policyOf(name, { arches }))), []);
    });
  }

  const ALG = 'socket(AF_ALG, *, *) is denied on every ABI';
  test(`all of them: ${ALG}`, () => {
    for (const name of PROFILES) {
      const text = JSON.stringify({ assert: [ALG] });
      const [assertion] = readAssertionFile({ name: 'alg', text }, new Diagnostics());
      assert.ok(assertion);
      if (assertion === undefined) return;
      for (const arches of MACHINES[name] ?? []) {
        assert.is(proveAssertions(policyOf(name, { arches }), [assertion])[0]?.kind, 'holds', `${name} ${arches}`);
      }
    }
  });

  const weakened: readonly { readonly profile: string; readonly options: ResolveOptions; readonly fails: string }[] = [
    { profile: 'container-default', options: { arches: X86, argWidth: 'oci' }, fails: ALG },
    { profile: 'container-default', options: { arches: X86, multiplexed: 'allow' }, fails: ALG },
    {
      profile: 'container-default',
      options: { arches: X86, caps: ['SYS_ADMIN'] },
      fails: 'unshare and setns are denied',
    },
    { profile: 'go-service', options: { arches: X86 }, fails: 'mmap with all PROT_WRITE|PROT_EXEC is denied' },
    {
      profile: 'no-network',
      options: { arches: ['x86_64', 'i386'], argWidth: 'oci' },
      fails: 'ioctl(*, TIOCSTI or TIOCLINUX, ...) is denied',
    },
  ];
  for (const { profile, options, fails } of weakened) {
    const { arches: _, ...rest } = options;
    test(`${profile} weakened by ${JSON.stringify(rest)}: ${fails} fails`, () => {
      assert.ok(failing(profile, policyOf(profile, options)).includes(`fails: ${fails}`));
    });
  }
});
