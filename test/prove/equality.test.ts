/** Whole filters: ours against their policies, other compilers' against each other and against ours. */
import * as assert from 'uvu/assert';
import { ARCHES, arch, SECCOMP_RET_ALLOW, syscallName } from '../../src/arch/index.ts';
import { compile } from '../../src/build/index.ts';
import { run } from '../../src/kernel/index.ts';
import { evaluate, type ResolveOptions } from '../../src/policy/index.ts';
import { type Change, callsNamed, difference, holdsFor, prove } from '../../src/prove/index.ts';
import { suite } from '../suite.ts';
import { withoutShared } from '../support/shared.ts';
import { peer, sharedPolicy, smallPolicy, THREE } from './subjects.ts';

const rows: readonly { readonly file: string; readonly options: ResolveOptions }[] = [
  ...['docker-default', 'podman-containers-common'].flatMap((file) => [
    ...[...ARCHES.keys()].map((name) => ({ file, options: { arches: [name] } })),
    { file, options: { arches: THREE } },
    { file, options: { arches: THREE, caps: 'all' as const } },
    { file, options: { arches: ['i386', 'x32'], argWidth: 'kernel' as const, multiplexed: 'deny' as const } },
    { file, options: { arches: ['mips64', 'mips64n32', 'mips'], unknownArch: 'errno' as const } },
    { file, options: { arches: ['s390x', 's390'], argWidth: 'kernel' as const } },
  ]),
  ...['vmm', 'api', 'vcpu'].map((part) => ({ file: `firecracker-${part}.oci`, options: { arches: ['x86_64'] } })),
];

/** 'x86_64:mseal', or a bare range for what has no name. */
function named(change: Change): readonly string[] {
  if (change.nr.kind !== 'range' || change.arch.kind !== 'range') return ['?'];
  const { first, last } = change.nr;
  const audit = Number(change.arch.first);
  if (last - first > 100n) return [`${first.toString(16)}-${last.toString(16)}`];
  return Array.from({ length: Number(last - first) + 1 }, (_, i) => {
    const nr = Number(first) + i;
    const abi = audit === 0x4000_0003 ? 'i386' : (nr & 0x4000_0000) !== 0 ? 'x32' : 'x86_64';
    return `${abi}:${syscallName(arch(abi), nr) ?? nr}`;
  });
}

const NEWER = 'getxattrat listmount listxattrat mseal removexattrat setxattrat statmount'.split(' ');
const X32_NUMBERS = ['40000000-7fffffff', 'c0000000-fffffffe'];
const NEWER_X64 = [...NEWER.map((name) => `x86_64:${name}`), 'x86_64:uretprobe', '80000000-bfffffff'];
const NEWER_THREE = [
  ...NEWER.flatMap((name) => ['x86_64', 'i386', 'x32'].map((abi) => `${abi}:${name}`)),
  'x86_64:uretprobe',
  'x32:uretprobe',
  'x32:map_shadow_stack',
];
/** Everything, for all values, in which a recorded program differs from the profile that it was made of. */
const peers: readonly {
  readonly name: string;
  readonly arches: readonly string[];
  readonly differing: readonly string[];
}[] = [
  { name: 'docker-default.libseccomp-deb.o1', arches: THREE, differing: NEWER_THREE },
  { name: 'docker-default.libseccomp-deb.o2', arches: THREE, differing: NEWER_THREE },
  { name: 'docker-default-x64.libseccomp-deb.o1', arches: ['x86_64'], differing: NEWER_X64 },
  { name: 'docker-default-x64.libseccomp-deb.o2', arches: ['x86_64'], differing: NEWER_X64 },
  { name: 'docker-default-x64.gvisor', arches: ['x86_64'], differing: X32_NUMBERS },
  { name: 'docker-default-x64.gvisor-hot', arches: ['x86_64'], differing: X32_NUMBERS },
  { name: 'docker-default-x64.kafel', arches: ['x86_64'], differing: X32_NUMBERS },
  { name: 'docker-default-x64.minijail-bst', arches: ['x86_64'], differing: X32_NUMBERS },
  { name: 'docker-default-x64.minijail-linear', arches: ['x86_64'], differing: X32_NUMBERS },
];

suite('prove/equality', (test) => {
  test('a small policy is what it compiles to, on every ABI', () => {
    for (const name of ARCHES.keys()) {
      const policy = smallPolicy({ arches: [name] });
      assert.is(prove(compile(policy), policy).proved, true, name);
    }
  });

  for (const { file, options } of rows) {
    test.needs(withoutShared, `${file} is what it compiles to: ${JSON.stringify(options)}`, () => {
      const policy = sharedPolicy(file, options);
      assert.is(prove(compile(policy), policy).proved, true);
    });
  }

  test.needs(withoutShared, "libseccomp's two optimizations of docker-default are equal", () => {
    const proof = prove(peer('docker-default.libseccomp-deb.o1'), peer('docker-default.libseccomp-deb.o2'));
    assert.is(proof.proved, true);
    if (proof.proved) assert.equal(proof.outside, { arch: 0xc000_003e, numbers: [335, 336], equal: true });
  });

  for (const { name, arches, differing } of peers) {
    test.needs(
      withoutShared,
      `${name} differs from its profile in ${differing.length} known places, for all values`,
      () => {
        const policy = sharedPolicy('docker-default', { arches, unknownArch: 'kill' });
        const found = difference(peer(name), policy);
        assert.not(found.undecided);
        if (found.undecided) return;
        assert.equal(found.changes.flatMap(named).sort(), [...differing].sort());
        const total = found.changes.reduce((sum, change) => sum + change.count, 0n);
        const proof = prove(peer(name), policy);
        assert.ok(!proof.proved && !proof.undecided && proof.count === total && found.count === total);
        for (const { example, words } of found.changes) {
          assert.equal([run(peer(name), example.data), evaluate(policy, example.data)], [...(words ?? [])]);
        }
      },
    );
  }

  test.needs(withoutShared, 'socket(AF_ALG) passes docker-default with a bit set that the kernel ignores', () => {
    const narrow = { argIndex: 0, op: 'eq' as const, value: 38n, mask: (1n << 64n) - 1n, narrow: true };
    const region = { calls: callsNamed('socket', [arch('x86_64')]), conditions: [narrow] };
    const denied = { region, predicate: (word: number) => word !== SECCOMP_RET_ALLOW };
    const wide = { ...denied, region: { ...region, conditions: [{ ...narrow, narrow: false }] } };
    const oci = sharedPolicy('docker-default', { arches: THREE });
    const [loose, exact] = holdsFor(compile(oci), [denied, wide]);
    assert.equal(exact, { holds: true });
    assert.ok(loose && !loose.holds && !loose.undecided);
    if (loose?.holds === false && !loose.undecided) {
      assert.is(loose.data.args[0], 0x1_0000_0026n);
      assert.is(loose.count, (1n << 416n) - (1n << 384n));
    }
    const kernel = sharedPolicy('docker-default', { arches: THREE, argWidth: 'kernel' });
    assert.equal(holdsFor(kernel, [denied]), [{ holds: true }]);
  });
});
