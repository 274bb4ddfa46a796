/**
 * Our reading of the dialect, judged by crun and runc: the programs that they load, against ours, for all inputs. What is
 * known to differ is tried by itself, so that docs/runtime-cases.md stays true.
 */
import * as assert from 'uvu/assert';
import { type ArchName, arch, describeWord, type SeccompData, syscallNumber } from '../../src/arch/index.ts';
import { run } from '../../src/kernel/index.ts';
import { evaluate } from '../../src/policy/index.ts';
import { suite } from '../../test/suite.ts';
import { ABIS } from './calls.ts';
import { dialectProfile, judgeDialect } from './dialect.ts';
import { CRUN, crun, RUNC, runc } from './each/oci.ts';
import { policyOf } from './material.ts';
import { Session, withoutClient } from './session.ts';
import { checked } from './their-program.ts';

const SHORT = 12;
const given = Number(process.env.SECCOMPC_SEED);
const seed = Number.isInteger(given) && given > 0 ? given : Math.floor(Math.random() * 2 ** 31);
const RUNTIMES = [
  { client: CRUN, runtime: crun },
  { client: RUNC, runtime: runc },
] as const;

const denied = (errnoRet: number, ...args: readonly object[]) => [
  { names: ['keyctl'], action: 'SCMP_ACT_ERRNO', errnoRet, args },
];
const when = (index: number, op: string, value: bigint, valueTwo = 0n) => ({
  index,
  op: `SCMP_CMP_${op}`,
  value,
  valueTwo,
});

/** Allowed when the first argument is large, or when it is small and the fourth is. */
const MISCOMPILED = [
  { names: ['keyctl'], action: 'SCMP_ACT_ALLOW', args: [when(0, 'GT', 100n)] },
  { names: ['keyctl'], action: 'SCMP_ACT_ALLOW', args: [when(0, 'LE', 4n), when(3, 'GE', 1000n)] },
];

interface Different {
  readonly name: string;
  readonly defaultAction?: string;
  readonly syscalls: readonly object[];
  readonly arches: readonly ArchName[];
  readonly args: readonly bigint[];
  readonly theirs: string;
  readonly ours: string;
}

/** keyctl(2) with these arguments gets one answer in the kernel and another one as we read the profile. */
const DIFFERENT: readonly Different[] = [
  {
    name: 'valueTwo beyond the mask: libseccomp cuts it, here nothing matches',
    syscalls: denied(5, when(0, 'MASKED_EQ', 9n, 24n)),
    arches: ABIS.slice(0, 1),
    args: [8n],
    theirs: 'ERRNO(5 EIO)',
    ours: 'ALLOW',
  },
  {
    name: 'libseccomp compares the wrong argument, and allows what no rule allows',
    defaultAction: 'SCMP_ACT_ERRNO',
    syscalls: MISCOMPILED,
    arches: ABIS.slice(0, 1),
    args: [0n, 0n, 0n, 500n],
    theirs: 'ALLOW',
    ours: 'ERRNO(1 EPERM)',
  },
  {
    name: 'more than 32 bits on a 32-bit ABI: libseccomp cuts the value, here nothing matches',
    syscalls: denied(5, when(0, 'EQ', 0x1_0000_0008n)),
    arches: ABIS.slice(0, 2),
    args: [8n],
    theirs: 'ERRNO(5 EIO)',
    ours: 'ALLOW',
  },
];

function call(abi: ArchName, args: readonly bigint[]): SeccompData {
  const words = Array.from({ length: 6 }, (_, i) => args[i] ?? 0n) as unknown as SeccompData['args'];
  return { nr: syscallNumber(arch(abi), 'keyctl') ?? -1, arch: arch(abi).audit, instructionPointer: 0n, args: words };
}

suite('native/clients/dialect', (test) => {
  for (const { client, runtime } of RUNTIMES) {
    const absent = withoutClient(client);
    test.needs(absent, `${client.name}: random profiles`, async () => {
      const { equal, equalBut, wrong } = await judgeDialect(client, runtime, SHORT, seed);
      assert.equal(wrong, [], `SECCOMPC_SEED=${seed}`);
      assert.ok(equal + equalBut > 0, `SECCOMPC_SEED=${seed}: every profile contradicted itself`);
    });
    for (const { name, defaultAction = 'SCMP_ACT_ALLOW', syscalls, arches, args, theirs, ours } of DIFFERENT) {
      test.needs(absent, `${client.name}: ${name}`, () =>
        Session.with(client, async (session) => {
          const seccomp = dialectProfile(defaultAction, syscalls, arches);
          const { filters } = await session.observe((to) => runtime(to, { seccomp }), []);
          const data = call(arches.at(-1)!, args);
          assert.is(describeWord(run(checked(filters[0]!), data)), theirs);
          assert.is(describeWord(evaluate(policyOf({ name, text: seccomp, arches }), data)), ours);
        }),
      );
    }
    test.needs(absent, `${client.name}: errno 4094 is the largest that it takes; here it is 4095`, () =>
      Session.with(client, async (session) => {
        const profile = (errno: number) => dialectProfile('SCMP_ACT_ALLOW', denied(errno), ABIS.slice(0, 1));
        const load = (errno: number) => session.observe((to) => runtime(to, { seccomp: profile(errno) }), []);
        assert.is((await load(4094)).filters.length, 1);
        const said = await load(4095).then(
          () => 'accepted',
          (error) => String(error),
        );
        assert.match(said, /seccomp_rule_add|adding seccomp/);
        const own = call(ABIS[0]!, []);
        const word = evaluate(policyOf({ name: 'errno', text: profile(4095), arches: ABIS.slice(0, 1) }), own);
        assert.is(word, 0x0005_0fff);
      }),
    );
  }
});
