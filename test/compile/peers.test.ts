/**
 * Outside judges: programs that other compilers made of the same profiles, recorded. They and ours must decide alike on
 * every edge value, apart from names that the peer's version did not know.
 */
import * as assert from 'uvu/assert';
import { type ArchName, arch, syscallName } from '../../src/arch/index.ts';
import { compile } from '../../src/build/index.ts';
import { check, run } from '../../src/kernel/index.ts';
import { parseProfile, resolvePolicy } from '../../src/policy/index.ts';
import { suite } from '../suite.ts';
import { callsToTry } from '../support/samples.ts';
import { sharedBytes, sharedText, withoutShared } from '../support/shared.ts';

const X32_BIT = 0x4000_0000;

/** Names that Debian 12's libseccomp does not know: it gives them the default action, ours the profile's. */
const NEWER = 'getxattrat listmount listxattrat mseal removexattrat setxattrat statmount'.split(' ');
const NEWER_3_ABIS = [
  ...NEWER.flatMap((name) => ['x86_64', 'i386', 'x32'].map((abi) => `${abi}:${name}`)),
  'x86_64:uretprobe',
  'x32:uretprobe',
  'x32:map_shadow_stack',
];
/** Named twice with different actions: the first counts, as libseccomp has it; these peers took the last. */
const SETNS = ['x86_64:setns'];
const NEWER_X86_64 = [...NEWER, 'uretprobe'].map((name) => `x86_64:${name}`);

interface Row {
  readonly peer: string;
  readonly profile: string;
  readonly arches: readonly ArchName[];
  /** Calls that the peer is known to decide otherwise. */
  readonly differing: readonly string[];
  /** Numbers that the peer reads otherwise, all of them without a call in any kernel. */
  readonly otherwise: (nr: number) => boolean;
}

/** libseccomp calls every number from 0x40000000 on an x32 one; we, as the kernel, those with bit 30. */
const bit31Alone = (nr: number) => nr >= 0x8000_0000 && (nr & X32_BIT) === 0;
/** Peers without x32 give its numbers the default action; ours are of an unknown architecture. */
const x32 = (nr: number) => (nr & X32_BIT) !== 0;
const never = () => false;

const DOCKER = { profile: 'docker-default', arches: ['x86_64'] as const };
const PODMAN = { profile: 'podman-containers-common', arches: ['x86_64'] as const };
const THREE = { profile: 'docker-default', arches: ['x86_64', 'i386', 'x32'] as const };

// biome-ignore format: a table
const rows: readonly Row[] = [
  { peer: 'docker-default.libseccomp-deb.o1', ...THREE, differing: NEWER_3_ABIS, otherwise: never },
  { peer: 'docker-default.libseccomp-deb.o2', ...THREE, differing: NEWER_3_ABIS, otherwise: never },
  { peer: 'docker-default-x64.libseccomp-deb.o1', ...DOCKER, differing: NEWER_X86_64, otherwise: bit31Alone },
  { peer: 'docker-default-x64.libseccomp-deb.o2', ...DOCKER, differing: NEWER_X86_64, otherwise: bit31Alone },
  { peer: 'docker-default-x64.gvisor', ...DOCKER, differing: [], otherwise: x32 },
  { peer: 'docker-default-x64.gvisor-hot', ...DOCKER, differing: [], otherwise: x32 },
  { peer: 'docker-default-x64.kafel', ...DOCKER, differing: [], otherwise: x32 },
  { peer: 'docker-default-x64.minijail-bst', ...DOCKER, differing: [], otherwise: x32 },
  { peer: 'docker-default-x64.minijail-linear', ...DOCKER, differing: [], otherwise: x32 },
  { peer: 'podman-containers-common-x64.libseccomp-deb.o2', ...PODMAN, differing: [], otherwise: bit31Alone },
  { peer: 'podman-containers-common-x64.gvisor', ...PODMAN, differing: SETNS, otherwise: x32 },
  { peer: 'podman-containers-common-x64.kafel', ...PODMAN, differing: SETNS, otherwise: x32 },
];

suite('compile/peers', (test) => {
  for (const row of rows) {
    test.needs(withoutShared, `${row.peer} decides like ours`, () => {
      const verdict = check(sharedBytes(`peers/${row.peer}.bpf`));
      assert.ok(verdict.ok);
      if (!verdict.ok) return;
      const profile = parseProfile(sharedText(`profiles/${row.profile}.json`));
      const policy = resolvePolicy(profile, { arches: row.arches, unknownArch: 'kill' });
      const ours = compile(policy);
      const found = new Set<string>();
      for (const call of callsToTry(policy)) {
        if (run(verdict.program, call) === run(ours, call)) continue;
        if (call.arch === 0xc000_003e && row.otherwise(call.nr)) continue;
        const abi = policy.arches.find(
          (a) => a.arch.audit === call.arch && (a.arch.name === 'x32') === ((call.nr & X32_BIT) !== 0),
        );
        found.add(
          `${abi?.arch.name ?? call.arch.toString(16)}:${(abi && syscallName(arch(abi.arch.name), call.nr)) ?? call.nr.toString(16)}`,
        );
      }
      assert.equal([...found].sort(), [...row.differing].sort());
    });
  }
});
