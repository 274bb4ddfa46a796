/**
 * The notes of a file, each held against what it is about: the section's bytes, the ABIs that the filter is for, the
 * profile beside it. A note that is right says nothing new but its names, the tool's version and the filter flags.
 */
import { type Arch, FILTER_FLAGS, findArch } from '../arch/index.ts';
import { type Code, type Diagnostic, quoted } from '../diag/index.ts';
import { type ElfFile, findSection, sectionBytes } from '../elf/index.ts';
import { hex } from '../num/index.ts';
import { type ArchFit, runningOn } from './inspect-arches.ts';
import type { Problems } from './inspect-problems.ts';
import { caught, type EmbeddedProfile, hexDigits } from './inspect-profile.ts';
import { type Note, notesOf } from './note.ts';
import { NOTE_SECTION, profileSection } from './sections.ts';

/** A claim of a note beside what was worked out; 'unchecked' where there is nothing to hold it against. */
export type Claim = 'holds' | 'fails' | 'unchecked';

export interface NoteCheck {
  readonly note: Note;
  /** Names of the filter flags; a bit without a name as a number. */
  readonly flagNames: readonly string[];
  readonly sectionDigest: Claim;
  readonly policyDigest: Claim;
  readonly arches: Claim;
  readonly flags: Claim;
}

/** Notes of dozens of filters have a few KiB. */
const NOTES_MAX = 1 << 20;

/** All notes of ours, and what is wrong with the section that holds them. */
export function readNotes(elf: ElfFile): {
  readonly notes: readonly Note[];
  readonly diagnostics: readonly Diagnostic[];
} {
  const read = caught(() => {
    const section = elf.sections.length === 0 ? undefined : findSection(elf, NOTE_SECTION);
    if (section === undefined) return [];
    const bytes = sectionBytes(elf, NOTE_SECTION, NOTES_MAX);
    const place = { file: elf.file, byteOffset: Number(section.sh_offset) };
    return notesOf(bytes, elf.endian, place).map(({ note }) => note);
  });
  return 'value' in read ? { notes: read.value, diagnostics: [] } : { notes: [], diagnostics: read.diagnostics };
}

function flagNamesOf(bits: number): readonly string[] {
  const known = [...FILTER_FLAGS].filter(([, bit]) => (bits & bit) !== 0);
  const rest = known.reduce((left, [, bit]) => left & ~bit, bits) >>> 0;
  return [...known.map(([name]) => name), ...(rest === 0 ? [] : [hex(rest)])];
}

/** What the note of a filter is held against. */
export interface NoteSubject {
  /** SHA-256 of the section's bytes. */
  readonly digest: string;
  /** Absent where the section holds no valid filter. */
  readonly fit?: ArchFit | undefined;
  readonly profile: EmbeddedProfile;
}

export function checkNote(
  note: Note,
  { digest, fit, profile }: NoteSubject,
  problems: Problems,
  cure: string,
): NoteCheck {
  const name = quoted(note.section);
  const fails = (code: Code, message: string): Claim => {
    problems.add(code, message, cure);
    return 'fails';
  };

  const sectionDigest: Claim =
    hexDigits(note.sectionDigest) === digest
      ? 'holds'
      : fails(
          'INSPECT_DIGEST',
          `section ${name} is not the filter that its note was written for: the SHA-256 differs, so it was changed afterwards`,
        );
  const read = profile.state === 'read' ? profile : undefined;
  let policyDigest: Claim = 'unchecked';
  let flags: Claim = 'unchecked';
  if (read !== undefined) {
    const section = quoted(profileSection(note.section));
    policyDigest =
      hexDigits(note.policyDigest) === read.digest
        ? 'holds'
        : fails(
            'INSPECT_PROFILE_DIGEST',
            `section ${section} is not the profile that the note of ${name} was written for: the SHA-256 differs`,
          );
    const wanted = read.policy.flags.reduce((bits, flag) => bits | (FILTER_FLAGS.get(flag) ?? 0), 0);
    flags =
      wanted === note.flags
        ? 'holds'
        : fails(
            'INSPECT_FLAGS',
            `the note of ${name} asks for the filter flags ${hex(note.flags)}, the profile for ${hex(wanted)}`,
          );
  }
  const why = archesFault(note, fit, read);
  if (why) problems.add('INSPECT_ARCHES', `the note of ${name} ${why.message}`, cure, { severity: why.severity });
  const isChecked = fit !== undefined || read?.proof?.proved === true;
  const arches: Claim = why?.severity === 'error' ? 'fails' : isChecked ? 'holds' : 'unchecked';
  return { note, flagNames: flagNamesOf(note.flags), sectionDigest, policyDigest, arches, flags };
}

const namesOf = (arches: readonly Arch[]): string => arches.map((a) => a.name).join(', ');

/** What is wrong with a note's list of architectures, as the end of a sentence. */
function archesFault(
  note: Note,
  fit: ArchFit | undefined,
  profile: Extract<EmbeddedProfile, { state: 'read' }> | undefined,
): { readonly severity: 'error' | 'warning'; readonly message: string } | undefined {
  const claimed = note.archNames.map((name, i) => {
    const abi = findArch(name);
    return abi !== undefined && abi.audit === note.audits[i] ? abi : undefined;
  });
  if (claimed.length !== note.audits.length || claimed.includes(undefined)) {
    return { severity: 'error', message: 'names architectures that are none, or are not the ones that it numbers' };
  }
  const named = new Set(claimed as readonly Arch[]);
  if (profile?.proof?.proved) {
    const own = profile.policy.arches.map((a) => a.arch);
    if (own.length === named.size && own.every((a) => named.has(a))) return undefined;
    return { severity: 'error', message: `names ${namesOf([...named])}; the profile is for ${namesOf(own)}` };
  }
  if (fit === undefined) return undefined;
  const more = runningOn(fit).filter((a) => !named.has(a));
  if (more.length > 0) {
    return {
      severity: 'error',
      message: `names ${namesOf([...named])}; the filter lets calls of ${namesOf(more)} run as well`,
    };
  }
  // A policy may give an ABI nothing but what unknown architectures get, so this alone proves nothing.
  const idle = [...named].filter((a) => (fit.fits.get(a) ?? 'unknown') === 'unknown');
  if (idle.length === 0) return undefined;
  return {
    severity: 'warning',
    message: `also names ${namesOf(idle)}, whose calls get what unknown architectures get`,
  };
}
