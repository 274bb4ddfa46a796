/**
 * The undo record (`.seccompc_undo`) seen from outside: where its fields stand, and its own SHA-256 written anew, so that
 * a record that lies is not refused for a wrong digest. The layout is the one that src/elf/undo.ts documents, written
 * down a second time: when one of the two is wrong, the seeds' records are refused and the seeds are not made.
 */
import { createHash } from 'node:crypto';
import { ehdrFields, type Field, getField, named, phdrFields, type Range, rangeOf, type View } from './reader.ts';

export const UNDO = '.seccompc_undo';
const LIST = 200;
const DIGEST = 32;

/** Where the record stands in a file that has one. */
export function recordRange(view: View): Range | undefined {
  const [section] = named(view, UNDO);
  const range = section && rangeOf(view, section);
  return range !== undefined && range.to - range.from >= LIST + DIGEST ? range : undefined;
}

/** Every field of the record: its own, the ELF header and the program header from before, digest, list. */
export function recordFields({ cls }: View, { from, to }: Range): readonly Field[] {
  const own = (name: string, at: number, size: Field['size']): Field => ({ name: `undo.${name}`, at: from + at, size });
  const list = Array.from({ length: (to - from - DIGEST - LIST) >> 2 }, (_, i) => own(`list[${i}]`, LIST + 4 * i, 4));
  return [
    own('magic', 0, 8),
    own('version', 8, 4),
    own('trailing', 12, 4),
    own('before', 16, 8),
    own('keep', 24, 8),
    own('after', 32, 8),
    own('slot', 40, 4),
    own('count', 44, 4),
    ...ehdrFields('undo.', from + 48 + 16, cls),
    ...phdrFields('undo.', from + 112, cls),
    own('digest', 168, 8),
    ...list,
  ];
}

/** The indexes of the injected sections, as a record that nobody has damaged lists them. */
export function recordList(view: View): readonly number[] {
  const range = recordRange(view);
  if (range === undefined) return [];
  const list = recordFields(view, range).filter((f) => f.name.startsWith('undo.list'));
  return list.map((f) => Number(getField(view.bytes, view.little, f)));
}

/** Writes the record's own digest, in place. */
export function sign(bytes: Uint8Array, { from, to }: Range): void {
  if (to > bytes.length) return;
  bytes.set(
    createHash('sha256')
      .update(bytes.subarray(from, to - DIGEST))
      .digest(),
    to - DIGEST,
  );
}
