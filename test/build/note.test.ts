/**
 * The note of a filter section: what is written is read back, at the places that docs/note.md gives (read here with a
 * DataView, as a loader would), and no damaged one is taken or brings the reader down.
 */
import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import * as assert from 'uvu/assert';
import { ARCHES, type Arch, arch } from '../../src/arch/index.ts';
import { makeNote, type NoteFields, notesOf } from '../../src/build/index.ts';
import { SeccompcError } from '../../src/diag/index.ts';
import type { Endian } from '../../src/num/index.ts';
import { suite } from '../suite.ts';

const digest = (text: string) => new Uint8Array(createHash('sha256').update(text).digest());

const X86: readonly Arch[] = [arch('x86_64'), arch('i386'), arch('x32')];
const FIELDS: NoteFields = {
  flags: ['SECCOMP_FILTER_FLAG_LOG', 'SECCOMP_FILTER_FLAG_SPEC_ALLOW'],
  sectionDigest: digest('filter'),
  policyDigest: digest('policy'),
  arches: X86,
  section: '.seccomp_rules',
  profileName: 'naïve 🐧.json',
  toolVersion: '1.2.3',
};
const ORDERS: readonly Endian[] = ['little', 'big'];

/** What a note with these fields is read as. */
const readAs = (fields: NoteFields, flags: number) => ({
  flags,
  sectionDigest: fields.sectionDigest,
  policyDigest: fields.policyDigest,
  audits: fields.arches.map((a) => a.audit as number),
  archNames: fields.arches.map((a) => a.name as string),
  section: fields.section,
  profileName: fields.profileName,
  toolVersion: fields.toolVersion,
});

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** A note of someone else, padded. */
function foreign(vendor: string, type: number, desc: readonly number[], endian: Endian): Uint8Array {
  const name = Buffer.from(vendor);
  const padded = (size: number) => Math.ceil(size / 4) * 4;
  const bytes = new Uint8Array(12 + padded(name.length) + padded(desc.length));
  const view = new DataView(bytes.buffer);
  [name.length, desc.length, type].forEach((value, i) => {
    view.setUint32(4 * i, value, endian === 'little');
  });
  bytes.set(name, 12);
  bytes.set(desc, 12 + padded(name.length));
  return bytes;
}

const codesOf = (body: () => unknown): readonly string[] => {
  try {
    body();
    return [];
  } catch (error) {
    if (!(error instanceof SeccompcError)) throw error;
    return error.diagnostics.map((d) => `${d.code} ${d.byteOffset}`);
  }
};

for (const endian of ORDERS) {
  const little = endian === 'little';
  const note = makeNote(FIELDS, endian);
  const view = new DataView(note.buffer, note.byteOffset, note.byteLength);
  const u32 = (at: number) => view.getUint32(at, little);
  const changed = (at: number, value: number): Uint8Array => {
    const copy = note.slice();
    new DataView(copy.buffer).setUint32(at, value, little);
    return copy;
  };

  suite(`build/note ${endian}-endian`, (test) => {
    test('what is written is read back', () => {
      assert.equal(notesOf(note, endian), [{ note: readAs(FIELDS, 6), bytes: note }]);
    });

    test('everything stands where a loader finds it', () => {
      assert.equal([u32(0), u32(8)], [9, 1]);
      assert.is(Buffer.from(note.subarray(12, 24)).toString('latin1'), 'seccompc\0\0\0\0');
      assert.is(u32(24), 1);
      assert.is(u32(28), 6);
      assert.equal(note.slice(32, 64), FIELDS.sectionDigest);
      assert.equal(note.slice(64, 96), FIELDS.policyDigest);
      assert.equal([u32(96), u32(100), u32(104), u32(108)], [3, 0xc000_003e, 0x4000_0003, 0xc000_003e]);
      const texts = 'x86_64,i386,x32\0.seccomp_rules\0naïve 🐧.json\x001.2.3\0';
      assert.is(Buffer.from(note.subarray(112, 24 + u32(4))).toString('utf8'), texts);
      assert.is(u32(4), 88 + Buffer.byteLength(texts));
      assert.is(note.length % 4, 0);
      assert.ok(note.length - 24 - u32(4) < 4);
    });

    test('the same fields give the same bytes', () => {
      assert.equal(makeNote({ ...FIELDS, arches: [...X86] }, endian), note);
    });

    test('any fields', () => {
      // Lone surrogates have no UTF-8, and a NUL would end the text.
      const text = fc.string({ unit: 'grapheme', maxLength: 100 }).filter((s) => !s.includes('\0'));
      const fields = fc.record({
        flags: fc.subarray(['SECCOMP_FILTER_FLAG_TSYNC', 'SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV']),
        sectionDigest: fc.uint8Array({ minLength: 32, maxLength: 32 }),
        policyDigest: fc.uint8Array({ minLength: 32, maxLength: 32 }),
        arches: fc.subarray([...ARCHES.values()]),
        section: text,
        profileName: text,
        toolVersion: text,
      });
      fc.assert(
        fc.property(fields, (made) => {
          const flags = made.flags.reduce((bits, name) => bits | (name.endsWith('TSYNC') ? 1 : 32), 0);
          assert.equal(
            notesOf(makeNote(made, endian), endian).map((n) => n.note),
            [readAs(made, flags)],
          );
        }),
      );
    });

    test('notes of other vendors, and of other types, are passed over', () => {
      const gnu = foreign('GNU\0', 3, [1, 2, 3, 4, 5], endian);
      const others = [
        gnu,
        foreign('seccompd\0', 1, [1], endian),
        foreign('seccompc', 1, [], endian),
        foreign('seccompc\0', 2, [9], endian),
        foreign('', 0, [], endian),
      ];
      assert.equal(notesOf(joined(...others), endian), []);
      const second = makeNote({ ...FIELDS, section: '.other' }, endian);
      const found = notesOf(joined(gnu, note, ...others, second), endian);
      assert.equal(
        found.map((n) => n.note.section),
        ['.seccomp_rules', '.other'],
      );
      assert.equal(
        found.map((n) => n.bytes),
        [note, second],
      );
      assert.equal(notesOf(new Uint8Array(), endian), []);
    });

    test('a last note without its padding is whole, and is handed out padded', () => {
      const bare = note.subarray(0, 24 + u32(4));
      assert.ok(bare.length < note.length);
      assert.equal(
        notesOf(bare, endian).map((n) => n.bytes),
        [note],
      );
    });

    const end = 24 + u32(4);
    // biome-ignore format: a table
    const rows = [
      { name: 'a name that leaves the section', bytes: changed(0, 0xffff_ffff), says: 'NOTE_DAMAGED 0' },
      { name: 'a description that leaves the section', bytes: changed(4, u32(4) + 4), says: 'NOTE_DAMAGED 0' },
      { name: 'the largest description', bytes: changed(4, 0xffff_ffff), says: 'NOTE_DAMAGED 0' },
      { name: 'a second header that is cut short', bytes: joined(note, new Uint8Array(11)), says: `NOTE_DAMAGED ${note.length}` },
      { name: 'nothing in it', bytes: foreign('seccompc\0', 1, [], endian), says: 'NOTE_DAMAGED 24' },
      { name: 'a newer version', bytes: changed(24, 2), says: 'NOTE_VERSION 24' },
      { name: 'a newer version, shorter than ours', bytes: foreign('seccompc\0', 1, [2, 2, 2, 2], endian), says: 'NOTE_VERSION 24' },
      { name: 'version 0', bytes: changed(24, 0), says: 'NOTE_VERSION 24' },
      { name: 'more architectures than there is room for', bytes: changed(96, 0xffff_ffff), says: 'NOTE_DAMAGED 96' },
      { name: 'more than any filter has', bytes: changed(96, 65), says: 'NOTE_DAMAGED 96' },
      { name: 'fewer architectures than names', bytes: changed(96, 2), says: 'NOTE_DAMAGED' },
      { name: 'a text without end', bytes: changed(4, u32(4) - 1), says: `NOTE_DAMAGED ${end - 6}` },
      { name: 'something behind the texts', bytes: joined(changed(4, u32(4) + 4), new Uint8Array(4)), says: `NOTE_DAMAGED ${end}` },
      { name: 'a text that is no UTF-8', bytes: (() => { const copy = note.slice(); copy[112] = 0xff; return copy; })(), says: 'NOTE_DAMAGED 112' },
    ];
    for (const row of rows) {
      test(`refused: ${row.name}`, () => {
        const [found, ...more] = codesOf(() => notesOf(row.bytes, endian));
        assert.equal(more, []);
        assert.is((found ?? 'taken').slice(0, row.says.length), row.says);
      });
    }

    test('places count from where the section lies in the file', () => {
      assert.equal(
        codesOf(() => notesOf(changed(24, 2), endian, { byteOffset: 1000 })),
        ['NOTE_VERSION 1024'],
      );
    });

    test('read in the other byte order it is damaged', () => {
      assert.ok(codesOf(() => notesOf(note, little ? 'big' : 'little')).length > 0);
    });

    test('cut at any length: never taken but without padding, never anything but a refusal', () => {
      for (let length = 1; length < note.length; length++) {
        const found = codesOf(() => notesOf(note.subarray(0, length), endian));
        assert.is(found.length, length < end ? 1 : 0, `${length} bytes`);
      }
    });

    test('every byte changed in every way: taken as something else or refused, never anything worse', () => {
      let taken = 0;
      for (let at = 0; at < end; at++) {
        // What the vendor's name is padded with means nothing.
        if (at >= 21 && at < 24) continue;
        for (let by = 1; by < 256; by++) {
          const copy = note.slice();
          copy[at] = copy[at]! ^ by;
          try {
            for (const { note: read } of notesOf(copy, endian)) {
              taken += 1;
              assert.not.equal(read, readAs(FIELDS, 6), `byte ${at} ^ ${by} makes no difference`);
            }
          } catch (error) {
            if (!(error instanceof SeccompcError)) throw error;
          }
        }
      }
      assert.ok(taken > 0);
    });

    test('any bytes', () => {
      const bytes = fc.oneof(
        fc.uint8Array({ maxLength: 200 }),
        fc.uint8Array({ maxLength: 200 }).map((desc) => foreign('seccompc\0', 1, [...desc], endian)),
      );
      fc.assert(
        fc.property(bytes, (any) => {
          codesOf(() => notesOf(any, endian));
        }),
        { numRuns: 5000 },
      );
    });
  });
}

suite('build/note texts', (test) => {
  test('a NUL cannot make two texts of one, and a long name is cut', () => {
    const made = makeNote({ ...FIELDS, section: 'a\0b', profileName: 'x'.repeat(100_000) }, 'little');
    const [found] = notesOf(made, 'little');
    assert.equal([found?.note.section, found?.note.toolVersion], ['ab', '1.2.3']);
    assert.is(found?.note.profileName, 'x'.repeat(1024));
  });
});
