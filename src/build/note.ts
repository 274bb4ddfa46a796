/**
 * The note that says what a filter section is: an ELF note (SHT_NOTE) of the vendor "seccompc", type 1, in the file's byte
 * order. What a loader written in C needs stands first, at fixed places.
 *
 *      0  format version             u32, 1
 *      4  filter flags               u32, SECCOMP_FILTER_FLAG_* for whoever installs the filter
 *      8  SHA-256 of the section     32 bytes
 *     40  SHA-256 of the policy      32 bytes, of the normalized profile's UTF-8 text (printPolicy)
 *     72  count of architectures     u32
 *     76  AUDIT_ARCH_* of each       u32 each
 *      .  their names, joined by ',' NUL-terminated UTF-8, as the following
 *      .  section name
 *      .  profile name
 *      .  version of seccompc
 *
 * Nothing of time or place: the same profile gives the same note. A note is a claim; whoever reads one recomputes it.
 * @see gABI 4.1 chapter 5, note section
 */
import { type Arch, FILTER_FLAGS } from '../arch/index.ts';
import { fail } from '../diag/index.ts';
import { alignUp, ByteView, type Endian } from '../num/index.ts';

export interface NoteFields {
  /** SECCOMP_FILTER_FLAG_* names. */
  readonly flags: readonly string[];
  readonly sectionDigest: Uint8Array;
  readonly policyDigest: Uint8Array;
  readonly arches: readonly Arch[];
  readonly section: string;
  readonly profileName: string;
  readonly toolVersion: string;
}

/** What a note says. None of it is checked against anything. */
export interface Note {
  /** SECCOMP_FILTER_FLAG_* bits. */
  readonly flags: number;
  readonly sectionDigest: Uint8Array;
  readonly policyDigest: Uint8Array;
  /** AUDIT_ARCH_* values. */
  readonly audits: readonly number[];
  readonly archNames: readonly string[];
  readonly section: string;
  readonly profileName: string;
  readonly toolVersion: string;
}

const VENDOR = new TextEncoder().encode('seccompc\0');
const TYPE = 1;
const VERSION = 1;
const AT = { flags: 4, section: 8, policy: 40, count: 72, audits: 76 };
/** As many as there are ABIs, and then some. */
const ARCHES_MAX = 64;
const STRING_MAX = 4096;

function encoded(text: string): Uint8Array {
  // A NUL inside would end the string early, and the rest would be taken for the next one.
  return new TextEncoder().encode(`${text.replaceAll('\0', '').slice(0, STRING_MAX / 4)}\0`);
}

function decoded(text: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(text);
  } catch {
    return undefined;
  }
}

/** The note as bytes: header, name, description, each padded to 4. */
export function makeNote(fields: NoteFields, endian: Endian): Uint8Array {
  const { arches, section, profileName, toolVersion } = fields;
  const texts = [arches.map((a) => a.name).join(','), section, profileName, toolVersion].map(encoded);
  const size = AT.audits + 4 * arches.length + texts.reduce((sum, text) => sum + text.length, 0);
  const start = 12 + alignUp(VENDOR.length, 4);
  const note = new ByteView(new Uint8Array(start + alignUp(size, 4)), endian);
  note.setU32(0, VENDOR.length);
  note.setU32(4, size);
  note.setU32(8, TYPE);
  note.bytes.set(VENDOR, 12);
  const desc = new ByteView(note.bytes.subarray(start), endian);
  desc.setU32(0, VERSION);
  desc.setU32(
    AT.flags,
    fields.flags.reduce((bits, name) => bits | (FILTER_FLAGS.get(name) ?? 0), 0),
  );
  desc.bytes.set(fields.sectionDigest, AT.section);
  desc.bytes.set(fields.policyDigest, AT.policy);
  desc.setU32(AT.count, arches.length);
  for (const [i, arch] of arches.entries()) desc.setU32(AT.audits + 4 * i, arch.audit);
  let at = AT.audits + 4 * arches.length;
  for (const text of texts) {
    desc.bytes.set(text, at);
    at += text.length;
  }
  return note.bytes;
}

interface Place {
  readonly file?: string | undefined;
  /** Where the bytes start in the file, for messages. */
  readonly byteOffset?: number | undefined;
}

/** The notes of ours in a note section, each with its bytes; those of other vendors are passed over. Throws NOTE_DAMAGED, NOTE_VERSION. */
export function notesOf(
  bytes: Uint8Array,
  endian: Endian,
  place: Place = {},
): readonly { readonly note: Note; readonly bytes: Uint8Array }[] {
  const found: { note: Note; bytes: Uint8Array }[] = [];
  const view = new ByteView(bytes, endian);
  const refuse = (at: number, why: string): never =>
    fail({
      code: 'NOTE_DAMAGED',
      file: place.file,
      byteOffset: (place.byteOffset ?? 0) + at,
      message: `the note is damaged: ${why}`,
      help: 'build the file again',
    });
  for (let at = 0; at < bytes.length; ) {
    if (at + 12 > bytes.length) return refuse(at, 'its header is cut short');
    const [nameSize, descSize] = [view.u32(at), view.u32(at + 4)];
    const start = at + 12 + alignUp(nameSize, 4);
    const end = start + alignUp(descSize, 4);
    if (start + descSize > bytes.length) return refuse(at, 'it leaves its section');
    const isOurs = nameSize === VENDOR.length && VENDOR.every((byte, i) => view.u8(at + 12 + i) === byte);
    if (isOurs && view.u32(at + 8) === TYPE) {
      const desc = new ByteView(bytes.subarray(start, start + descSize), endian);
      const note = parse(desc, (offset, why) => refuse(start + offset, why), place, start);
      // Padded also where the section ends without: another note may be put behind it.
      const whole = new Uint8Array(end - at);
      whole.set(bytes.subarray(at, end));
      found.push({ note, bytes: whole });
    }
    at = end;
  }
  return found;
}

function parse(desc: ByteView, refuse: (at: number, why: string) => never, place: Place, start: number): Note {
  const { bytes } = desc;
  // Where another version has what, only that version knows.
  if (bytes.length >= AT.flags && desc.u32(0) !== VERSION) {
    return fail({
      code: 'NOTE_VERSION',
      file: place.file,
      byteOffset: (place.byteOffset ?? 0) + start,
      message: `the note has format version ${desc.u32(0)}; this seccompc reads version ${VERSION}`,
      help: 'use the seccompc that wrote it, or a newer one',
    });
  }
  if (bytes.length < AT.audits) return refuse(0, `its ${bytes.length} bytes are too few`);
  const count = desc.u32(AT.count);
  if (count > ARCHES_MAX || AT.audits + 4 * count > bytes.length) {
    return refuse(AT.count, `it counts ${count} architectures`);
  }
  let at = AT.audits + 4 * count;
  const text = (): string => {
    const end = bytes.indexOf(0, at);
    if (end < 0 || end - at > STRING_MAX) return refuse(at, 'a text has no end');
    const found = decoded(bytes.subarray(at, end)) ?? refuse(at, 'a text is not UTF-8');
    at = end + 1;
    return found;
  };
  const [names, section, profileName, toolVersion] = [text(), text(), text(), text()];
  if (at !== bytes.length) return refuse(at, 'something follows its texts');
  const archNames = names === '' ? [] : names.split(',');
  if (archNames.length !== count) return refuse(AT.count, `${count} architectures have ${archNames.length} names`);
  return {
    flags: desc.u32(AT.flags),
    sectionDigest: bytes.slice(AT.section, AT.policy),
    policyDigest: bytes.slice(AT.policy, AT.count),
    audits: Array.from({ length: count }, (_, i) => desc.u32(AT.audits + 4 * i)),
    archNames,
    section,
    profileName,
    toolVersion,
  };
}
