/** The stub as bytes: its listing, its limits, and that nothing but our own is taken for one. */
import * as assert from 'uvu/assert';
import { CPU_NAMES, type CpuName, decodeStub, enforceStub, listing, type Stub } from '../../src/machine/index.ts';
import { golden } from '../golden.ts';
import { suite } from '../suite.ts';

const stubOf = (arch: CpuName, more: Partial<Stub> = {}): Stub => ({
  arch,
  filterAddress: 512,
  length: 100,
  flags: 1,
  entry: -0x1_2340,
  ...more,
});

/** Bytes, with the entry close by. */
const SIZES: Readonly<Record<CpuName, number>> = { x86_64: 245, i386: 236, aarch64: 245, riscv64: 285, s390x: 240 };

const refusals: readonly (readonly [string, Partial<Stub>])[] = [
  ['no instruction', { length: 0 }],
  ['4097 instructions', { length: 4097 }],
  ['half an instruction', { length: 1.5 }],
  ['a negative length', { length: -1 }],
  ['NEW_LISTENER', { flags: 8 }],
  ['WAIT_KILLABLE_RECV', { flags: 32 }],
  ['an unknown flag', { flags: 64 }],
  ['the highest flag', { flags: 0x8000_0000 }],
  ['a filter on no word', { filterAddress: 2 }],
  ['a filter far away', { filterAddress: 2 ** 19 }],
  ['an entry more than 2 GiB away', { entry: 2 ** 31 }],
  ['an entry more than 2 GiB before', { entry: -(2 ** 31) - 4 }],
  ['no number', { entry: Number.NaN }],
];

suite('machine/enforce-stub', (test) => {
  for (const cpu of CPU_NAMES) {
    test(`${cpu}: the listing`, () => golden(`machine/stub-${cpu}.txt`, listing(enforceStub(stubOf(cpu)))));
    test(`${cpu}: the size does not depend on the filter`, () => {
      for (const more of [{}, { length: 1 }, { length: 4096 }, { filterAddress: -0x8000 }, { flags: 2 }])
        assert.is(enforceStub(stubOf(cpu, more)).bytes.length, SIZES[cpu]);
      // aarch64's b reaches 128 MiB.
      const far = cpu === 'aarch64' ? 16 : 0;
      for (const entry of [0x7fff_0000, -0x7fff_0000, 2 ** 27, -(2 ** 27)])
        assert.is(enforceStub(stubOf(cpu, { entry })).bytes.length, SIZES[cpu] + far);
    });
    test(`${cpu}: what it was made of can be read back`, () => {
      for (const more of [
        {},
        { length: 1, flags: 0 },
        { length: 4096, flags: 0b1_0111 },
        { filterAddress: -32768 },
        { filterAddress: 2 ** 19 - 4 },
        { entry: 2 ** 31 - 2 ** 12 },
        { entry: -(2 ** 31) + 2 ** 12 },
        { entry: 2 ** 27 - 2 ** 16 },
        { entry: 2 ** 27 - 2 ** 16 - 4 },
      ]) {
        const stub = stubOf(cpu, more);
        assert.equal(decodeStub(cpu, enforceStub(stub).bytes), stub);
      }
    });
    test(`${cpu}: one changed byte, and it is not ours`, () => {
      const { bytes } = enforceStub(stubOf(cpu));
      for (let at = 0; at < bytes.length; at++)
        for (const bit of [1, 0x80]) {
          const changed = bytes.slice();
          changed[at] = (changed[at] as number) ^ bit;
          assert.is(decodeStub(cpu, changed), undefined, `byte ${at}`);
        }
    });
    test(`${cpu}: a byte more or less, and it is not ours`, () => {
      const { bytes } = enforceStub(stubOf(cpu));
      assert.is(decodeStub(cpu, bytes.subarray(1)), undefined);
      assert.is(decodeStub(cpu, bytes.subarray(0, -1)), undefined);
      assert.is(decodeStub(cpu, Uint8Array.from([0, ...bytes])), undefined);
      assert.is(decodeStub(cpu, Uint8Array.from([...bytes, 0])), undefined);
      assert.is(decodeStub(cpu, new Uint8Array(0)), undefined);
    });
    test(`${cpu}: one that tells a tracer is for a trial, and not taken for one of a build`, () => {
      const telling = enforceStub(stubOf(cpu), true).bytes;
      assert.ok(telling.length > SIZES[cpu]);
      assert.is(decodeStub(cpu, telling), undefined);
    });
    test(`${cpu}: another CPU's stub is not its own`, () => {
      for (const other of CPU_NAMES)
        if (other !== cpu) assert.is(decodeStub(cpu, enforceStub(stubOf(other)).bytes), undefined);
    });
    for (const [name, more] of refusals)
      test(`${cpu}: refuses ${name}`, () => assert.throws(() => enforceStub(stubOf(cpu, more)), RangeError));
  }
  test('an entry that is no instruction', () => {
    for (const [cpu, entry] of [
      ['aarch64', 2],
      ['riscv64', 1],
      ['s390x', 1],
    ] as const)
      assert.throws(() => enforceStub(stubOf(cpu, { entry })), RangeError);
    for (const cpu of ['x86_64', 'i386'] as const) enforceStub(stubOf(cpu, { entry: 1 }));
    enforceStub(stubOf('riscv64', { entry: 2 }));
  });
});
