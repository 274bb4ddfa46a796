/** Random profiles. */
import * as fc from 'fast-check';

const u64 = fc.oneof(
  fc.constantFrom(
    0n,
    1n,
    2n,
    38n,
    0x7fff_ffffn,
    0x8000_0000n,
    0xffff_ffffn,
    1n << 32n,
    (1n << 32n) + 38n,
    1n << 63n,
    (1n << 64n) - 1n,
  ),
  fc.bigInt(0n, 300n),
  fc.bigInt(0n, (1n << 64n) - 1n),
);
const condition = fc.record({
  index: fc.integer({ min: 0, max: 5 }),
  op: fc.constantFrom('NE', 'LT', 'LE', 'EQ', 'GE', 'GT', 'MASKED_EQ').map((op) => `SCMP_CMP_${op}`),
  value: u64,
  valueTwo: u64,
});
const action = fc
  .constantFrom('KILL', 'KILL_PROCESS', 'TRAP', 'ERRNO', 'TRACE', 'ALLOW', 'LOG')
  .map((a) => `SCMP_ACT_${a}`);
const rule = fc.record({
  names: fc.array(
    fc.constantFrom('read', 'openat', 'socket', 'clone', 'ioctl', 'personality', 'socketcall', 'semop', 'mmap'),
    {
      minLength: 1,
      maxLength: 4,
    },
  ),
  action,
  args: fc.array(condition, { maxLength: 3 }),
});
/** Any operators, overlaps and contradictions. */
export const profileArbitrary: fc.Arbitrary<unknown> = fc.record({
  defaultAction: action,
  syscalls: fc.array(rule, { maxLength: 12 }),
  'x-argWidth': fc.constantFrom('oci', 'kernel'),
  'x-multiplexed': fc.constantFrom('allow', 'deny'),
});
/** JSON with 64-bit integers in full. */
export function profileText(value: unknown): string {
  const marked = JSON.stringify(value, (_key, v: unknown) => (typeof v === 'bigint' ? `${v}n` : v));
  return marked.replace(/"(\d+)n"/g, '$1');
}
