/**
 * container-default and Docker's current default profile give the same answer to every call, as the kernel will understand
 * that call, except socketcall(SYS_SOCKET, ...), which ours denies.
 *
 * "As the kernel will understand it": int parameters cut to their low 32 bits. Docker's compares 64. So where no int
 * parameter has a high bit set the two answers are the same word; where one has, ours is the answer that Docker's gives
 * to the cut call. That is stricter for socket, whose conditions a high bit satisfies; for personality, whose conditions it
 * spoils, ours allows what is an allowed call in the kernel's eyes.
 */
import * as fc from 'fast-check';
import * as assert from 'uvu/assert';
import {
  archesOfAudit,
  compareStrictness,
  isNarrowParameter,
  type SeccompData,
  syscallName,
  syscallNumber,
  syscallsOf,
} from '../../src/arch/index.ts';
import { hex } from '../../src/num/index.ts';
import {
  archPolicyFor,
  evaluate,
  type OciProfile,
  type Policy,
  parseProfile,
  type ResolveOptions,
  resolvePolicy,
} from '../../src/policy/index.ts';
import { suite } from '../suite.ts';
import { argumentsToTry, callsToTry, data } from '../support/samples.ts';
import { sharedText, withoutShared } from '../support/shared.ts';
import { profileText } from './decisions.ts';

const LOW = 0xffff_ffffn;
const EPERM = 0x0005_0001;
const SYS_SOCKET = 1n;

const GROUPS = [
  ['x86_64'],
  ['i386'],
  ['aarch64'],
  ['s390x'],
  ['x86_64', 'i386', 'x32'],
  ['aarch64', 'arm'],
  ['s390x', 's390'],
  ['x32'],
  ['arm'],
  ['s390'],
  ['x86_64', 'i386'],
  ['riscv64'],
  ['loongarch64'],
  ['ppc64le'],
  ['mips64', 'mips', 'mips64n32'],
  ['mipsel64', 'mipsel', 'mipsel64n32'],
];
const WORLDS: readonly ResolveOptions[] = [
  { caps: 'docker' },
  { caps: 'none', kernel: '4.7' },
  { caps: 'none', kernel: '4.8' },
  { caps: 'docker', kernel: '6.12' },
  { caps: 'all' },
  { caps: 'all', kernel: '4.7' },
];
// biome-ignore format: a table
const CAPS = [
  'BPF', 'DAC_READ_SEARCH', 'PERFMON', 'SYSLOG', 'SYS_ADMIN', 'SYS_BOOT', 'SYS_CHROOT', 'SYS_MODULE', 'SYS_NICE',
  'SYS_PACCT', 'SYS_PTRACE', 'SYS_RAWIO', 'SYS_TIME', 'SYS_TTY_CONFIG', 'NET_ADMIN', 'IPC_LOCK',
];

let profiles: { readonly docker: OciProfile; readonly ours: OciProfile } | undefined;

function both(options: ResolveOptions): { readonly docker: Policy; readonly ours: Policy } {
  profiles ??= {
    docker: parseProfile(sharedText('profiles/docker-default.json')),
    ours: parseProfile(profileText('container-default')),
  };
  return { docker: resolvePolicy(profiles.docker, options), ours: resolvePolicy(profiles.ours, options) };
}

/** The call with the bits gone that the kernel drops. */
function asTheKernelSees(policy: Policy, d: SeccompData): SeccompData {
  const arch = archPolicyFor(policy, d.arch, d.nr)?.arch;
  const name = arch && syscallName(arch, d.nr);
  if (arch === undefined || name === undefined) return d;
  const [a, b, c, e, f, g] = d.args.map((v, i) => (isNarrowParameter(arch, name, i) ? v & LOW : v));
  return { ...d, args: [a ?? 0n, b ?? 0n, c ?? 0n, e ?? 0n, f ?? 0n, g ?? 0n] };
}

function nameOf(d: SeccompData): string {
  const names = archesOfAudit(d.arch).map((a) => syscallName(a, d.nr));
  return names.find((n) => n !== undefined) ?? String(d.nr);
}

function shown(d: SeccompData): string {
  return `${hex(d.arch)} ${nameOf(d)} (${d.nr}) ${d.args.map(hex).join(' ')}`;
}

/** True where we differ on purpose. */
function isSocketThroughSocketcall(policy: Policy, d: SeccompData): boolean {
  const arch = archPolicyFor(policy, d.arch, d.nr)?.arch;
  return arch !== undefined && syscallName(arch, d.nr) === 'socketcall' && (d.args[0] & LOW) === SYS_SOCKET;
}

/** Holds one call against the claims in the head of this file. Returns its name when ours is looser on the raw call. */
function compareOne(docker: Policy, ours: Policy, d: SeccompData): string | undefined {
  const got = evaluate(ours, d);
  if (isSocketThroughSocketcall(ours, d)) {
    if (got !== EPERM) assert.unreachable(`${shown(d)}: ours gives ${hex(got)}`);
    return undefined;
  }
  const seen = asTheKernelSees(docker, d);
  const wanted = evaluate(docker, seen);
  if (got !== wanted) assert.unreachable(`${shown(d)}: Docker's gives ${hex(wanted)}, ours ${hex(got)}`);
  return compareStrictness(got, evaluate(docker, d)) > 0 ? nameOf(d) : undefined;
}

/**
 * Argument edges of everything that either profile looks at, in both halves of every argument; and every selector of
 * socketcall and ipc, whether a rule looks at it or not.
 */
function* edgesOf(docker: Policy, ours: Policy): Generator<SeccompData> {
  for (const [i, { arch, calls }] of docker.arches.entries()) {
    for (const nr of ['socketcall', 'ipc'].flatMap((name) => syscallNumber(arch, name) ?? [])) {
      for (let selector = 0n; selector < 32n; selector += 1n) {
        for (const high of [0n, 1n << 16n, 1n << 32n, 1n << 63n]) yield data(arch.audit, nr, [high | selector]);
      }
    }
    const other = ours.arches[i]?.calls;
    for (const nr of new Set([...calls.keys(), ...(other?.keys() ?? [])])) {
      const rules = [...(calls.get(nr)?.rules ?? []), ...(other?.get(nr)?.rules ?? [])];
      const conditions = rules.flatMap((r) => r.conditions);
      if (conditions.length > 0) for (const args of argumentsToTry(conditions)) yield data(arch.audit, nr, args);
    }
  }
}

suite('profiles/docker-equality', (test) => {
  for (const arches of GROUPS) {
    test.needs(withoutShared, `${arches.join('+')}: the same answers, capability sets and kernels apart`, () => {
      for (const world of WORLDS) {
        const { docker, ours } = both({ arches, ...world });
        let tried = 0;
        const looser = new Set<string>();
        for (const calls of [callsToTry(docker), edgesOf(docker, ours)]) {
          for (const d of calls) {
            tried += 1;
            const name = compareOne(docker, ours, d);
            if (name !== undefined) looser.add(name);
          }
        }
        assert.ok(tried > 20_000, `only ${tried} calls were tried`);
        for (const name of looser) assert.is(name, 'personality', 'looser than Docker where high bits are set');
      }
    });
    test.needs(withoutShared, `${arches.join('+')}: the same answers with each capability alone`, () => {
      for (const cap of CAPS) {
        for (const kernel of [undefined, '4.7']) {
          const { docker, ours } = both({ arches, caps: [cap], kernel });
          for (const { arch } of docker.arches) {
            for (const nr of syscallsOf(arch).values()) compareOne(docker, ours, data(arch.audit, nr));
          }
          for (const d of edgesOf(docker, ours)) compareOne(docker, ours, d);
        }
      }
    });
  }
  test.needs(withoutShared, 'the same architectures are named', () => {
    const named = (profile: OciProfile) => [...new Set(profile.arches.map((a) => a.value.name))].sort();
    assert.equal(
      named(parseProfile(profileText('container-default'))),
      named(parseProfile(sharedText('profiles/docker-default.json'))),
    );
  });
  test.needs(withoutShared, 'no high bit opens anything that Docker closes, personality apart', () => {
    const groups = GROUPS.map((arches) => {
      const pair = both({ arches, caps: 'none' });
      const withConditions = new Map<number, Set<number>>();
      for (const d of edgesOf(pair.docker, pair.ours)) {
        withConditions.set(d.arch, (withConditions.get(d.arch) ?? new Set()).add(d.nr));
      }
      return { ...pair, withConditions };
    });
    const call = fc.record({
      group: fc.nat(groups.length - 1),
      abi: fc.nat(2),
      call: fc.nat(),
      args: fc.array(
        fc.oneof(
          fc.bigInt(0n, (1n << 64n) - 1n),
          fc
            .tuple(fc.constantFrom(0n, 1n, 0xffff_ffffn, 1n << 31n), fc.bigInt(0n, 64n))
            .map(([h, l]) => (h << 32n) | l),
        ),
        { minLength: 6, maxLength: 6 },
      ),
    });
    const property = fc.property(call, ({ group, abi, call: pick, args }) => {
      const pair = groups[group];
      const arch = pair?.docker.arches[abi % pair.docker.arches.length]?.arch;
      if (pair === undefined || arch === undefined) return;
      // Half of the picks go to the calls that have conditions.
      const numbers = [...(pick % 2 === 0 ? syscallsOf(arch).values() : (pair.withConditions.get(arch.audit) ?? []))];
      const d = data(arch.audit, numbers[(pick >> 1) % numbers.length] ?? 0, args);
      const name = compareOne(pair.docker, pair.ours, d);
      if (name !== undefined) assert.is(name, 'personality', shown(d));
    });
    fc.assert(property, { numRuns: 2000 });
  });
});
