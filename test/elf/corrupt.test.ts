/**
 * Files cut at every byte, with every header field set to telling values, and with random bytes changed. Each verb
 * either refuses with a code or gives a file that passes the same checks as one made from a good file; never another
 * exception.
 */
import * as assert from 'uvu/assert';
import { SeccompcError } from '../../src/diag/error.ts';
import { addSection, extractSection, readElf, removeSection } from '../../src/elf/index.ts';
import { suite } from '../suite.ts';
import { differences, KINDS, type Kind, makeElf, sameBytes } from './image.ts';

const NAME = '.seccomp_rules';
const DATA = Uint8Array.from({ length: 16 }, (_, i) => 0xa0 + i);

/** The result, or undefined for a refusal with a code and help. */
function outcome<T>(body: () => T): T | undefined {
  try {
    return body();
  } catch (error) {
    if (!(error instanceof SeccompcError)) throw error;
    assert.ok(error.diagnostics.every((d) => d.code.startsWith('ELF_') && d.help !== undefined));
    return undefined;
  }
}

/** Every verb on these bytes; how many gave a result. */
function tryAll(bytes: Uint8Array, kind: Kind): number {
  const before = bytes.slice();
  const elf = outcome(() => readElf(bytes));
  for (const s of elf?.sections ?? []) outcome(() => s.name);
  const added = outcome(() => addSection(bytes, { name: '.new', data: DATA }));
  if (added !== undefined) {
    assert.equal(differences(bytes, added, kind), [], 'add moved a byte');
    sameBytes(extractSection(added, '.new'), DATA);
    // A file whose broken sh_link names the next free section now names ours, and then it is not replaced.
    const again = outcome(() => addSection(added, { name: '.new', data: DATA }, { replace: true }));
    if (again !== undefined) sameBytes(extractSection(again, '.new'), DATA);
  }
  const replaced = outcome(() => addSection(bytes, { name: NAME, data: DATA }, { replace: true }));
  if (replaced !== undefined) {
    sameBytes(extractSection(replaced, NAME), DATA);
    // What every other section holds is the same as before. The name table may have moved, with a name more, and a
    // section over the ELF header shows the three fields that changed.
    for (const s of elf?.sections ?? []) {
      const name = outcome(() => s.name);
      if (name === undefined || name === NAME || s.index === elf!.shstrndx || s.sh_offset < 64n) continue;
      const old = outcome(() => extractSection(bytes, name));
      if (old !== undefined) sameBytes(extractSection(replaced, name), old, `replace: section ${name}`);
    }
  }
  const removed = outcome(() => removeSection(bytes, NAME));
  if (removed !== undefined) {
    outcome(() => extractSection(removed, NAME));
    outcome(() => addSection(removed, { name: '.new', data: DATA }));
  }
  outcome(() => extractSection(bytes, NAME));
  sameBytes(bytes, before, 'the input was written to');
  return [added, replaced, removed].filter((result) => result !== undefined).length;
}

/** xorshift32: the same numbers in every run. */
function random(seed: number): (below: number) => number {
  let x = seed;
  return (below) => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) % below;
  };
}

suite('elf/corrupt', (test) => {
  for (const kind of KINDS) {
    const good = makeElf(kind);
    const injected = addSection(good.bytes, { name: NAME, data: DATA });

    test(`${kind.name}: cut at every byte`, () => {
      for (let length = 0; length < good.bytes.length; length++) {
        assert.is(tryAll(good.bytes.subarray(0, length), kind), 0, `accepted when cut at ${length}`);
      }
      for (let length = 0; length < injected.length; length++) tryAll(injected.subarray(0, length), kind);
    });

    for (const names of ['own', 'shared', 'loaded'] as const) {
      test(`${kind.name}, names ${names}: every field of every header`, () => {
        const image = makeElf({ ...kind, names });
        const size = BigInt(image.bytes.length);
        for (const field of image.fields) {
          const max = (1n << BigInt(field.size * 8)) - 1n;
          const values = [
            0n,
            1n,
            2n,
            3n,
            7n,
            0xff00n,
            0xffffn,
            size - 1n,
            size,
            size + 1n,
            max >> 1n,
            (max >> 1n) + 1n,
            max - 1n,
            max,
          ];
          for (const value of values) tryAll(image.with({ [field.name]: value & max }), kind);
        }
      });
    }

    test(`${kind.name}: every byte of an injected file, turned over`, () => {
      for (let at = 0; at < injected.length; at++) {
        for (const mask of [0x01, 0x80, 0xff]) tryAll(injected.with(at, injected[at]! ^ mask), kind);
      }
    });

    test(`${kind.name}: random bytes`, () => {
      const next = random(0x5ecc0 + kind.cls + (kind.endian === 'big' ? 1 : 0));
      for (let round = 0; round < 3000; round++) {
        const bytes = injected.slice();
        for (let n = next(6); n >= 0; n--) bytes[next(bytes.length)] = [0, 1, 0x7f, 0x80, 0xff, next(256)][next(6)]!;
        tryAll(bytes, kind);
      }
    });
  }
});
