/** Random profiles of every kind: all actions and operators, overlaps, filters, and our own keys. */
import * as fc from 'fast-check';

export interface MadeRule {
  readonly names: readonly string[];
  readonly action: string;
  readonly errnoRet?: number | undefined;
  readonly errno?: string | undefined;
  readonly args?: readonly object[] | undefined;
}

export interface Made {
  readonly defaultAction: string;
  readonly syscalls?: readonly MadeRule[] | undefined;
}

const u64 = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(0n, 1n, 2n, 38n, 0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn, 1n << 32n) },
  { weight: 1, arbitrary: fc.constantFrom((1n << 32n) + 38n, 1n << 63n, (1n << 64n) - 1n) },
  { weight: 2, arbitrary: fc.bigInt(0n, 30n) },
  { weight: 1, arbitrary: fc.bigInt(0n, (1n << 64n) - 1n) },
);
const condition = fc.record({
  index: fc.nat({ max: 2 }),
  op: fc.constantFrom('NE', 'LT', 'LE', 'EQ', 'EQ', 'GE', 'GT', 'MASKED_EQ').map((op) => `SCMP_CMP_${op}`),
  value: u64,
  valueTwo: u64,
});
const action = fc
  .constantFrom('KILL', 'KILL_PROCESS', 'TRAP', 'ERRNO', 'TRACE', 'ALLOW', 'LOG')
  .map((a) => `SCMP_ACT_${a}`);

/** Some that all ABIs have, some that are multiplexed in places, one pair with one number on arm. */
// biome-ignore format: a list
const NAMES = [
  'read', 'openat', 'clone', 'ioctl', 'personality', 'mmap', 'mmap2', 'socket', 'accept', 'send', 'socketcall', 'ipc',
  'semop', 'shmat', 'sync_file_range2', 'arm_sync_file_range',
];

const rule = fc.record(
  {
    names: fc.array(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 5 }),
    action,
    errnoRet: fc.constantFrom(undefined, undefined, 0, 38, 4095),
    errno: fc.constantFrom(undefined, undefined, undefined, 'ENOSYS'),
    args: fc.oneof(fc.constant([]), fc.array(condition, { maxLength: 3 })),
    includes: fc.record({ arches: fc.subarray(['amd64', 'arm64', '386', 's390x', 'mips64', 'mipsel']) }),
    'x-architectures': fc.subarray(['SCMP_ARCH_X86', 'SCMP_ARCH_X86_64', 'SCMP_ARCH_S390', 'SCMP_ARCH_AARCH64']),
  },
  { requiredKeys: ['names', 'action', 'args'] },
);

const clean = ({ errnoRet, errno, ...rest }: MadeRule): MadeRule => {
  const takes = rest.action.endsWith('ERRNO') || rest.action.endsWith('TRACE');
  return !takes ? rest : errno === undefined ? { ...rest, errnoRet } : { ...rest, errno };
};

export const anyProfile: fc.Arbitrary<Made> = fc
  .record(
    {
      defaultAction: action,
      defaultErrno: fc.constantFrom('ENOSYS', 'EPERM'),
      syscalls: fc.array(rule, { maxLength: 12 }),
      flags: fc.shuffledSubarray(['SECCOMP_FILTER_FLAG_LOG', 'SECCOMP_FILTER_FLAG_SPEC_ALLOW']),
      'x-argWidth': fc.constantFrom('oci', 'kernel'),
      'x-multiplexed': fc.constantFrom('allow', 'deny', 'written'),
      'x-ruleOrder': fc.constantFrom('oci', 'oci', 'first-match'),
      'x-unknownArch': fc.constantFrom('kill-process', 'kill', 'errno'),
      'x-enosysAbove': fc.constantFrom(true, false, { SCMP_ARCH_X86_64: 200, SCMP_ARCH_X86: 0, SCMP_ARCH_MIPS: 4300 }),
    },
    { requiredKeys: ['defaultAction', 'syscalls'] },
  )
  .map(({ defaultErrno, ...made }) => ({
    ...made,
    ...(/ERRNO|TRACE/.test(made.defaultAction) && defaultErrno && { defaultErrno }),
    syscalls: made.syscalls?.map(clean),
  }));

/** JSON with 64-bit integers in full; test/suite.ts gives bigints a JSON form, '38n'. */
export function toText(value: unknown, indent = 0): string {
  return JSON.stringify(value, null, indent).replace(/"(\d+)n"/g, '$1');
}
