/** Options change what a program costs, never what it means: random policies under random options, proved. */
import * as fc from 'fast-check';
import * as assert from 'uvu/assert';
import { disassemble } from '../../src/bpf/index.ts';
import { type CompileOptions, compilePolicy } from '../../src/compile/index.ts';
import { check, run } from '../../src/kernel/index.ts';
import { hex } from '../../src/num/index.ts';
import { evaluate, parseProfile, type ResolveOptions, resolvePolicy } from '../../src/policy/index.ts';
import { prove } from '../../src/prove/index.ts';
import { suite } from '../suite.ts';

const NAMES = 'read openat socket clone ioctl personality socketcall semop mmap io_uring_setup mseal execve'.split(' ');
const scmp = (kind: string) => (name: string) => `SCMP_${kind}_${name}`;

/** Values near each other and near what makes 32-bit words special, so that conditions meet, overlap and form cubes. */
const u64 = fc.oneof(
  fc.constantFrom(0n, 1n, 8n, 9n, 0x2_0000n, 0x2_0008n, 38n, 0x7fff_ffffn, 0x8000_0000n, 0xffff_fffen, 0xffff_ffffn),
  fc.constantFrom(1n << 32n, (1n << 32n) + 38n, 0xffff_ffff_0000_0000n, 1n << 63n, (1n << 64n) - 1n),
  fc.bigInt(0n, 20n),
  fc.bigInt(0n, (1n << 64n) - 1n),
);
const condition = fc.record({
  index: fc.constantFrom(0, 0, 0, 1, 1, 2, 3, 4, 5),
  op: fc.constantFrom('NE', 'LT', 'LE', 'EQ', 'EQ', 'EQ', 'GE', 'GT', 'MASKED_EQ').map(scmp('CMP')),
  value: u64,
  valueTwo: u64,
});
/** Few masks and small values: several values under one mask, masks within masks. */
const masked = fc.record({
  index: fc.constantFrom(0, 1),
  op: fc.constant('SCMP_CMP_MASKED_EQ'),
  value: fc.constantFrom(4n, 0xf0n, 0xffn, 0x8000_0000n, 0xffff_ffffn, 0xff_0000_00ffn, (1n << 64n) - 1n),
  valueTwo: fc.bigInt(0n, 40n),
});
const action = fc
  .constantFrom('KILL', 'KILL_PROCESS', 'TRAP', 'ERRNO', 'TRACE', 'ALLOW', 'ALLOW', 'LOG')
  .map(scmp('ACT'));
const rule = fc.record({
  names: fc.array(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 4 }),
  action,
  args: fc.oneof(fc.array(condition, { maxLength: 3 }), fc.array(masked, { maxLength: 2 })),
});
const profile = fc.record({
  defaultAction: action,
  syscalls: fc.array(rule, { maxLength: 14 }),
  'x-argWidth': fc.constantFrom('oci', 'kernel'),
  'x-multiplexed': fc.constantFrom('allow', 'deny'),
});
const arches = fc.constantFrom(
  ['x86_64'],
  ['x86_64', 'i386', 'x32'],
  ['x32'],
  ['x86_64', 'x32'],
  ['i386', 'x86_64'],
  ['s390x', 's390'],
  ['mips64', 'mips64n32', 'mips'],
  ['arm', 'aarch64', 'x86_64', 'x32'],
);
const resolving: fc.Arbitrary<ResolveOptions> = fc.record({
  onConflict: fc.constantFrom('first', 'strictest'),
  unknownArch: fc.constantFrom('kill', 'kill-process', 'errno'),
  enosysAbove: fc.boolean(),
});
const options: fc.Arbitrary<CompileOptions> = fc.record({
  search: fc.constantFrom('full' as const, 'fast' as const),
  optimize: fc.constantFrom('size' as const, 'speed' as const, 'balanced' as const),
  cachedByKernel: fc.boolean(),
  weights: fc.constantFrom(
    undefined,
    { clone: 1000 },
    new Map([
      ['read', 5],
      ['ioctl', 1],
      ['x32:openat', 7],
    ]),
  ),
});

/** JSON with 64-bit integers in full; test/suite.ts gives bigints a JSON form, '38n'. */
function toText(value: unknown): string {
  return JSON.stringify(value).replace(/"(\d+)n"/g, '$1');
}

suite('compile/options', (test) => {
  test('random policies are proved equal to their programs under every option', () => {
    fc.assert(
      fc.property(profile, arches, resolving, options, (p, a, r, o) => {
        const policy = resolvePolicy(parseProfile(toText(p)), { ...r, arches: a });
        const { insns, endian } = compilePolicy(policy, o);
        const verdict = check(insns, { endian });
        assert.ok(verdict.ok);
        if (!verdict.ok) return;
        const proof = prove(verdict.program, policy);
        if (proof.proved) return;
        if (proof.undecided) assert.unreachable(`undecided: ${proof.why}\n${toText(p)}`);
        else {
          const { data } = proof.counterexample;
          assert.unreachable(
            `arch ${hex(data.arch)} nr ${data.nr} args ${data.args.map(hex).join(' ')}: policy ${hex(evaluate(policy, data))}, program ${hex(run(verdict.program, data))}\n${toText(p)}\n${a} ${toText(r)} ${toText(o)}\n${disassemble(verdict.program)}`,
          );
        }
      }),
      { numRuns: 300 },
    );
  });
});
