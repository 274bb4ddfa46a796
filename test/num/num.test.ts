/** Words and halves: JavaScript's signed bitwise results never leak out. */
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import {
  alignUp,
  ByteView,
  checkedU32,
  hex,
  high32,
  holds,
  join64,
  low32,
  s32,
  U64_MAX,
  u32,
} from '../../src/num/index.ts';
import { suite } from '../suite.ts';

suite('num', (test) => {
  const words: readonly (readonly [n: number, unsigned: number, signed: number])[] = [
    [0, 0, 0],
    [-1, 0xffffffff, -1],
    [0x80000000, 0x80000000, -0x80000000],
    [0xffffffff, 0xffffffff, -1],
    [2 ** 32, 0, 0],
    [2 ** 32 + 5, 5, 5],
    [0x7fffffff + 1, 0x80000000, -0x80000000],
  ];
  for (const [n, unsigned, signed] of words) {
    test(`${n} as a word`, () => assert.equal([u32(n), s32(n)], [unsigned, signed]));
  }

  test('checkedU32 takes whole numbers of 32 bits and nothing else', () => {
    for (const n of [0, 1, 0x80000000, 0xffffffff]) assert.is(checkedU32(n), n);
    for (const n of [-1, 2 ** 32, 0.5, Number.NaN, Number.POSITIVE_INFINITY, '1', 1n, null, undefined, {}]) {
      assert.is(checkedU32(n), undefined, String(n));
    }
  });

  test('halves and whole', () => {
    const u64 = fc.bigInt({ min: 0n, max: U64_MAX });
    fc.assert(
      fc.property(u64, (value) => {
        assert.is(join64(high32(value), low32(value)), value);
        assert.is(BigInt(high32(value)) * 2n ** 32n + BigInt(low32(value)), value);
        assert.ok(high32(value) >= 0 && low32(value) >= 0);
      }),
    );
    assert.is(hex(0xc000003e), '0xc000003e');
    assert.is(hex(U64_MAX), '0xffffffffffffffff');
  });

  test('bytes in both orders, against the DataView of the platform', () => {
    const bytes = fc.uint8Array({ minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(bytes, fc.constantFrom('little' as const, 'big' as const), (b, endian) => {
        const view = new ByteView(b, endian);
        const order = endian === 'little' ? [...b].reverse() : [...b];
        const number = (list: readonly number[]) => list.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
        assert.is(view.u64(0), number(order));
        assert.is(BigInt(view.u32(0)), number(endian === 'little' ? order.slice(4) : order.slice(0, 4)));
        assert.is(BigInt(view.u16(0)), number(endian === 'little' ? order.slice(6) : order.slice(0, 2)));
        const copy = new ByteView(new Uint8Array(8), endian);
        copy.setU64(0, view.u64(0));
        assert.equal([...copy.bytes], [...b]);
      }),
    );
  });

  test('holds never overflows', () => {
    const bytes = new Uint8Array(10);
    assert.ok(holds(bytes, 0, 10) && holds(bytes, 10, 0) && holds(bytes, 9, 1));
    for (const [at, length] of [
      [0, 11],
      [10, 1],
      [-1, 1],
      [1, -1],
      [2 ** 53, 1],
      [1, 2 ** 53],
      [0.5, 1],
      [Number.NaN, 0],
      [2 ** 64, 2 ** 64],
    ] as const) {
      assert.not.ok(holds(bytes, at, length), `${at} ${length}`);
    }
  });

  test('alignUp', () => {
    assert.equal(
      [0, 1, 7, 8, 9].map((n) => alignUp(n, 8)),
      [0, 8, 8, 8, 16],
    );
    assert.is(alignUp(5, 1), 5);
  });
});
