/** A filter into an ELF file: its instructions, a note that says what they are, and the profile if wanted. */
import { type Arch, archOfElf } from '../arch/index.ts';
import { INSN_SIZE } from '../bpf/index.ts';
import { fail, quoted, SeccompcError } from '../diag/index.ts';
import {
  type Edit,
  type ElfFile,
  findSection,
  type InjectOptions,
  type NewSection,
  planInject,
  sectionBytes,
  undoOf,
} from '../elf/index.ts';
import { type CheckedProgram, check } from '../kernel/index.ts';
import { sha256 } from '../num/index.ts';
import { type Policy, printPolicy } from '../policy/index.ts';
import { ENTRY_SECTION, enforceEntry, refuseOtherEnforced } from './enforce.ts';
import { makeNote, notesOf } from './note.ts';
import { NOTE_SECTION, profileSection } from './sections.ts';

/** The ABI of an ELF file; throws ELF_MACHINE when no filter can be made for it. */
export function elfArch(elf: ElfFile, file: string): Arch {
  const found = archOfElf({ machine: elf.machine, class: elf.class, endian: elf.endian, flags: elf.flags });
  return (
    found ??
    fail({
      code: 'ELF_MACHINE',
      file,
      byteOffset: 18,
      message: `no filter can be made for e_machine ${elf.machine} (${elf.class}-bit, ${elf.endian}-endian)`,
    })
  );
}

/** Throws ARCH_ELF_MISMATCH unless the policy covers the ELF's own ABI, in its byte order. */
export function requireOwnAbi(policy: Policy, own: Arch, file: string): void {
  const named = policy.arches.map((a) => a.arch.name);
  if (named.includes(own.name) && policy.endian === own.endian) return;
  fail({
    code: 'ARCH_ELF_MISMATCH',
    file,
    message: `the file is ${own.name}, the filter is for ${named.join(', ')}: every call of the program would come from an architecture that the filter does not know`,
    help: `add it: --arch ${[own.name, ...named].join(',')}, or leave --arch out to take the file's own`,
  });
}

export interface EmbedOptions extends Pick<InjectOptions, 'trailing' | 'maxPadding'> {
  readonly section: string;
  /** What the note calls the profile: no path, so that the same profile gives the same file everywhere. */
  readonly profileName: string;
  /** The version of seccompc that the note names. */
  readonly version: string;
  /** Map the instructions when the program runs. */
  readonly load?: boolean | undefined;
  /**
   * Make the program install the filter by itself before its first instruction; loads it too. 'telling': and tell a tracer
   * when it has (see traced.ts).
   */
  readonly enforce?: boolean | 'telling' | undefined;
  /** Put the normalized profile in too; 'loaded' maps it as well. */
  readonly embedProfile?: boolean | 'loaded' | undefined;
}

/**
 * The change that puts a program into an ELF file, in a section of its own (entry size and alignment 8), with a note of
 * what it is. What an earlier build put in under the same name is replaced.
 */
export function planEmbed(elf: ElfFile, program: CheckedProgram, policy: Policy, options: EmbedOptions): Edit {
  const { section, embedProfile = false } = options;
  refuseForeign(elf, section);
  const own = elfArch(elf, elf.file ?? '');
  refuseOtherEnforced(elf, own, section);
  const entry = options.enforce
    ? enforceEntry(elf, own, program, policy, { section, tells: options.enforce === 'telling' })
    : undefined;
  const text = new TextEncoder().encode(printPolicy(policy));
  const profile = profileSection(section);
  const note = makeNote(
    {
      flags: policy.flags,
      sectionDigest: sha256(program.bytes),
      policyDigest: sha256(text),
      arches: policy.arches.map((a) => a.arch),
      section,
      profileName: options.profileName,
      toolVersion: options.version,
    },
    elf.endian,
  );
  const load = options.load || entry !== undefined;
  const notes = joined([...otherNotes(elf, section), note]);
  // The note is mapped right behind the filter: a loader finds both by the program headers alone.
  const sections: NewSection[] = [
    { name: section, data: program.bytes, align: INSN_SIZE, entrySize: INSN_SIZE, load },
    { name: NOTE_SECTION, data: notes, type: SHT_NOTE, align: 4, entrySize: 0, load },
  ];
  if (embedProfile !== false) {
    sections.push({ name: profile, data: text, align: 1, entrySize: 0, load: embedProfile === 'loaded' });
  }
  const without = [...(embedProfile === false ? [profile] : []), ...(entry === undefined ? [ENTRY_SECTION] : [])];
  const { trailing, maxPadding } = options;
  return planInject(elf, sections, { trailing, maxPadding, entry, replace: true, without });
}

const SHT_NOTE = 7;
/** Notes are small; a section of more is none of ours. */
const NOTES_MAX = 1 << 20;

/** The notes of other filters in the same file, as they are. */
function otherNotes(elf: ElfFile, section: string): readonly Uint8Array[] {
  if (findSection(elf, NOTE_SECTION) === undefined) return [];
  return notesIn(elf)
    .filter((n) => n.note.section !== section)
    .map((n) => n.bytes);
}

/** The notes in a file. Damaged ones of our own injection count for nothing: they are about to be written anew. */
function notesIn(elf: ElfFile): ReturnType<typeof notesOf> {
  try {
    return notesOf(sectionBytes(elf, NOTE_SECTION, NOTES_MAX), elf.endian, { file: elf.file });
  } catch (error) {
    if (error instanceof SeccompcError && injectedNames(elf).includes(NOTE_SECTION)) return [];
    throw error;
  }
}

function injectedNames(elf: ElfFile): readonly string[] {
  const undo = undoOf(elf);
  return undo.state === 'intact' ? undo.injection.sections.map((s) => s.name) : [];
}

/**
 * The change that takes one filter out, with its note and its profile; the others stay as they are. Undefined when the
 * section was not injected, or no note says that it is a filter.
 */
export function planRemoveFilter(elf: ElfFile, section: string): Edit | undefined {
  const ours = injectedNames(elf);
  if (!ours.includes(section) || !ours.includes(NOTE_SECTION)) return undefined;
  const notes = notesIn(elf);
  const others = notes.filter((n) => n.note.section !== section);
  if (others.length === notes.length) return undefined;
  const without = [section, profileSection(section), NOTE_SECTION];
  const data = joined(others.map((n) => n.bytes));
  const note: NewSection = { name: NOTE_SECTION, data, type: SHT_NOTE, align: 4, entrySize: 0 };
  return others.length === 0
    ? planInject(elf, [], { without })
    : planInject(elf, [note], { replace: true, without: without.slice(0, 2) });
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Above any filter: what is larger is not one. */
const PROGRAM_MAX = 1 << 20;

/**
 * What seccompc did not put there is not replaced: --section .symtab would be the end of it. A filter of another origin
 * (objcopy's) is.
 */
function refuseForeign(elf: ElfFile, section: string): void {
  const ours = injectedNames(elf);
  const refuse = (name: string, holds: string): never =>
    fail({
      code: 'ELF_SECTION_EXISTS',
      file: elf.file,
      byteOffset: findSection(elf, name)!.headerOffset,
      message: `section ${quoted(name)} is there and holds ${holds}, so it is not replaced`,
      help: 'choose another name with --section, or take that section out first (seccompc elf remove --section)',
    });
  const there = (name: string) => elf.sections.length > 0 && findSection(elf, name) !== undefined;
  if (
    there(section) &&
    !ours.includes(section) &&
    !check(sectionBytes(elf, section, PROGRAM_MAX), { endian: elf.endian }).ok
  ) {
    refuse(section, 'no filter');
  }
  const profile = profileSection(section);
  if (there(NOTE_SECTION)) {
    const others = notesIn(elf).map((n) => n.note.section);
    if (others.includes(profile)) refuse(profile, 'another filter');
    if (others.some((other) => profileSection(other) === section)) refuse(section, "another filter's profile");
  }
  if (there(profile) && !ours.includes(profile) && undoOf(elf).state !== 'stale') {
    refuse(profile, 'what seccompc did not put there');
  }
}
