/**
 * Undo records that are damaged, that no longer fit, and that lie. A record is written here by its layout on paper
 * (src/elf/undo.ts), with a digest by node:crypto.
 */
import { createHash } from 'node:crypto';
import * as assert from 'uvu/assert';
import {
  addSection,
  extractSection,
  injectSections,
  readElf,
  removeSection,
  undoInjection,
  undoOf,
} from '../../src/elf/index.ts';
import { suite, throwsCode } from '../suite.ts';
import { KINDS, type Kind, makeElf, sameBytes } from './image.ts';

const NAME = '.seccomp_rules';
const RECORD = '.seccompc_undo';
const DATA = Uint8Array.from({ length: 24 }, (_, i) => 255 - i);
const section = { name: NAME, data: DATA };
const recordAt = (bytes: Uint8Array) => Number(readElf(bytes).sections.find((s) => s.name === RECORD)!.sh_offset);
const state = (bytes: Uint8Array) => undoOf(readElf(bytes)).state;

/** Changes the record inside an injected file; `seal` makes its own digest right again. */
function withRecord(injected: Uint8Array, change: (view: DataView) => void, seal = true): Uint8Array {
  const bytes = injected.slice();
  const size = Number(readElf(bytes).sections.find((s) => s.name === RECORD)!.sh_size);
  const record = bytes.subarray(recordAt(bytes), recordAt(bytes) + size);
  change(new DataView(record.buffer, record.byteOffset, size));
  if (seal)
    record.set(
      createHash('sha256')
        .update(record.subarray(0, size - 32))
        .digest(),
      size - 32,
    );
  return bytes;
}

const damaged: readonly { name: string; at: number; offset: number }[] = [
  { name: 'the magic', at: 0, offset: 0 },
  { name: 'the version', at: 8, offset: 8 },
  { name: 'the size before', at: 16, offset: 204 },
  { name: 'the ELF header before', at: 70, offset: 204 },
  { name: 'its own digest', at: 210, offset: 204 },
];

/** Records with a right digest that say what is not so. */
const lies: readonly { name: string; change: (view: DataView, little: boolean) => void }[] = [
  { name: 'a smaller file before', change: (v, little) => v.setBigUint64(16, 200n, little) },
  {
    name: 'a smaller file before, and less kept',
    change: (v, little) => [16, 24].map((at) => v.setBigUint64(at, 200n, little)),
  },
  { name: 'nothing kept', change: (v, little) => [16, 24].map((at) => v.setBigUint64(at, 0n, little)) },
  { name: 'a larger file before', change: (v, little) => [16, 24].map((at) => v.setBigUint64(at, 1n << 40n, little)) },
  { name: 'another size after', change: (v, little) => v.setBigUint64(32, 64n, little) },
  { name: 'a program header that is not there', change: (v, little) => v.setUint32(40, 7, little) },
  { name: 'a program header that was not overwritten', change: (v, little) => v.setUint32(40, 0, little) },
  { name: 'the null section', change: (v, little) => v.setUint32(200, 0, little) },
  { name: 'a section of the program', change: (v, little) => v.setUint32(200, 1, little) },
  { name: 'its own section', change: (v, little) => v.setUint32(200, 8, little) },
  { name: 'a section that is not there', change: (v, little) => v.setUint32(200, 99, little) },
  {
    name: 'no such section table',
    change: (v, little) => (v.byteLength > 0 ? setShoff(v, little, 0x7fff_fff0) : undefined),
  },
  { name: 'the section table one header on', change: (v, little) => setShoff(v, little, undefined) },
];

/** e_shoff in the header that the record keeps: a given value, or one section header more than it says. */
function setShoff(v: DataView, little: boolean, value: number | undefined): void {
  const wide = v.getUint16(48 + 52, little) === 64; // e_ehsize of ELFCLASS64
  const at = 48 + (wide ? 40 : 32);
  if (wide) v.setBigUint64(at, value === undefined ? v.getBigUint64(at, little) + 64n : BigInt(value), little);
  else v.setUint32(at, value ?? v.getUint32(at, little) + 40, little);
}

suite('elf/undo', (test) => {
  for (const kind of KINDS as readonly (Kind & { name: string })[]) {
    const before = makeElf(kind).bytes;
    const injected = addSection(before, section);
    const little = kind.endian === 'little';

    test(`${kind.name}: the record is a section that linkers drop, and says what was`, () => {
      const s = readElf(injected).sections.find((one) => one.name === RECORD)!;
      assert.is(s.sh_flags, 0x8000_0000n);
      const record = extractSection(injected, RECORD);
      const view = new DataView(record.buffer, record.byteOffset);
      assert.is(new TextDecoder().decode(record.subarray(0, 8)), 'seccompc');
      assert.is(view.getUint32(8, little), 1);
      assert.is(view.getBigUint64(16, little), BigInt(before.length));
      assert.is(view.getBigUint64(24, little), BigInt(before.length));
      assert.is(view.getBigUint64(32, little), BigInt(injected.length));
      assert.is(view.getUint32(40, little), 0xffff_ffff);
      assert.is(view.getUint32(44, little), 1);
      const ehsize = kind.cls === 64 ? 64 : 52;
      sameBytes(record.subarray(48 + 16, 48 + ehsize), before.subarray(16, ehsize));
      sameBytes(record.subarray(168, 200), createHash('sha256').update(DATA).digest());
      assert.is(view.getUint32(200, little), 7);
    });

    for (const r of damaged) {
      test(`${kind.name}: ${r.name} damaged is refused, at its place`, () => {
        const bytes = withRecord(injected, (v) => v.setUint8(r.at, v.getUint8(r.at) ^ 1), false);
        for (const verb of [
          () => removeSection(bytes, NAME),
          () => undoInjection(bytes),
          () => addSection(bytes, section, { replace: true }),
        ]) {
          throwsCode(verb, 'ELF_UNDO');
          try {
            verb();
          } catch (error) {
            const [d] = (error as { diagnostics: readonly { byteOffset: number }[] }).diagnostics;
            assert.is(d!.byteOffset, recordAt(bytes) + r.offset);
          }
        }
        sameBytes(extractSection(bytes, NAME), DATA);
      });
    }

    for (const r of lies) {
      test(`${kind.name}: ${r.name}: the record counts for nothing`, () => {
        const bytes = withRecord(injected, (v) => r.change(v, little));
        assert.is(state(bytes), 'stale');
        throwsCode(() => undoInjection(bytes), 'ELF_UNDO_MISSING');
        // The file counts as one that was never injected: what it has stays, and comes back.
        const again = addSection(bytes, { name: '.new', data: DATA });
        sameBytes(again.subarray(64, bytes.length), bytes.subarray(64));
        sameBytes(removeSection(again, '.new'), bytes);
      });
    }

    test(`${kind.name}: header fields that the record may not change`, () => {
      // A later change of e_flags, e_entry and e_type is another tool's: it stays.
      const edited = injected.slice();
      const view = new DataView(edited.buffer);
      const flags = kind.cls === 64 ? 48 : 36;
      view.setUint32(flags, 0x5678, little);
      const back = removeSection(edited, NAME);
      assert.is(readElf(back).flags, 0x5678);
      const expected = before.slice();
      new DataView(expected.buffer).setUint32(flags, 0x5678, little);
      sameBytes(back, expected);
    });

    test(`${kind.name}: a record that would cut off a trailer counts for nothing`, () => {
      const trailer = Uint8Array.from({ length: 27 }, (_, i) => i + 1);
      const file = makeElf({ ...kind, trailing: trailer }).bytes;
      const kept = addSection(file, section, { trailing: 'keep-offset' });
      const end = BigInt(file.length - trailer.length);
      const lying = withRecord(kept, (v) => [16, 24].map((at) => v.setBigUint64(at, end, little)));
      assert.is(state(kept), 'intact');
      assert.is(state(lying), 'stale');
    });

    test(`${kind.name}: a slot together with another table counts for nothing`, () => {
      const file = makeElf({ ...kind, segments: 2 }).bytes;
      const loaded = addSection(file, { ...section, load: true });
      assert.is(state(loaded), 'intact');
      const wide = kind.cls === 64;
      const lying = withRecord(loaded, (v) => {
        if (wide) v.setBigUint64(48 + 32, 200n, little);
        else v.setUint32(48 + 28, 200, little);
      });
      assert.is(state(lying), 'stale');
    });

    test(`${kind.name}: what could not be read again is not written`, () => {
      const many = Array.from({ length: 1025 }, (_, i) => ({ name: `.s${i}`, data: DATA }));
      throwsCode(() => injectSections(before, many), 'ELF_TOO_LARGE');
      const most = injectSections(before, many.slice(1));
      assert.is(state(most), 'intact');
      throwsCode(() => addSection(most, section), 'ELF_TOO_LARGE');
      sameBytes(undoInjection(most), before);
    });

    test(`${kind.name}: bytes behind an injected file make the record stale`, () => {
      const longer = new Uint8Array(injected.length + 16);
      longer.set(injected);
      assert.is(state(longer), 'stale');
      throwsCode(() => undoInjection(longer), 'ELF_UNDO_MISSING');
      const again = addSection(longer, { name: NAME, data: DATA.subarray(8) }, { replace: true });
      assert.is(state(again), 'intact');
      sameBytes(extractSection(again, NAME), DATA.subarray(8));
      sameBytes(removeSection(again, NAME), longer);
    });
  }
});
