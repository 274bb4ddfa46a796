/** What an ELF file says of a filter in it, where its note was written for these very bytes. */
import { type Arch, FILTER_FLAGS, findArch } from '../arch/index.ts';
import type { Diagnostic } from '../diag/index.ts';
import type { ElfFile } from '../elf/index.ts';
import { sha256 } from '../num/index.ts';
import { readNotes } from './inspect-note.ts';

export interface SaidOfFilter {
  /** Absent where no note says so. */
  readonly arches?: readonly Arch[] | undefined;
  /** SECCOMP_FILTER_FLAG_* names. */
  readonly flags: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
}

/** A note that cannot be read, or was written for another filter, says nothing: a warning. */
export function saidOfFilter(elf: ElfFile, section: string, bytes: Uint8Array): SaidOfFilter {
  const { notes, diagnostics } = readNotes(elf);
  const warnings = diagnostics.map((d): Diagnostic => ({ ...d, severity: 'warning' }));
  const note = notes.find((n) => n.section === section);
  if (note === undefined) return { flags: [], diagnostics: warnings };
  const digest = sha256(bytes);
  if (!note.sectionDigest.every((byte, i) => byte === digest[i])) {
    const message = 'the note beside the filter was written for another one: its architectures and flags are not used';
    const warning: Diagnostic = { code: 'INSPECT_DIGEST', severity: 'warning', file: elf.file, message };
    return { flags: [], diagnostics: [...warnings, warning] };
  }
  const arches = note.archNames.flatMap((name) => findArch(name) ?? []);
  const flags = [...FILTER_FLAGS].flatMap(([name, bit]) => ((note.flags & bit) !== 0 ? [name] : []));
  return { ...(arches.length > 0 && { arches }), flags, diagnostics: warnings };
}
