/**
 * What an ELF file carries, and whether it is still whole. Nothing in the file is believed: each claim of a note, of a
 * section header or of the undo record is worked out again, and one that does not hold becomes a problem, with what to do
 * about it. What cannot be worked out (the profile's name, the tool's version, the filter flags) is shown as a claim.
 *
 *     filter section  -> valid?  for which ABIs? (inspect-arches)  the note's SHA-256? (inspect-note)
 *     profile section -> readable?  the note's SHA-256?  proved equal to the filter? (inspect-profile)
 *     program headers -> where is it mapped?  do they still hold? (inspect-elf)
 *     undo record     -> what does removal give back?
 *
 * Weak spot: nothing is signed. A file whose filter, note, profile and record were all written anew by someone who wants
 * to deceive is whole; this finds accidents, and tools that did not know better.
 */
import { type Arch, archOfElf } from '../arch/index.ts';
import { type Diagnostic, quoted } from '../diag/index.ts';
import {
  type ElfClass,
  type ElfFile,
  type FileKind,
  findSection,
  interpreterOf,
  kindOf,
  type Undo,
  undoOf,
} from '../elf/index.ts';
import { type Endian, sha256 } from '../num/index.ts';
import type { ProveOptions } from '../prove/index.ts';
import { headerFault, mappingOf } from './inspect-elf.ts';
import { type Enforcement, inspectEnforcement } from './inspect-enforce.ts';
import { type Context, type FilterInspection, inspectFilter, reportMapping } from './inspect-filter.ts';
import { readNotes } from './inspect-note.ts';
import { anew, IN_ORDER, Problems, sectionNamed } from './inspect-problems.ts';
import { caught, hexDigits } from './inspect-profile.ts';
import { DEFAULT_SECTION, NOTE_SECTION } from './sections.ts';

export interface InspectOptions extends ProveOptions {
  /** The filter's section; '.seccomp_rules', or those that notes name, unless stated. */
  readonly section?: string | undefined;
}

export type UndoInspection =
  | { readonly state: 'none' }
  /** Removal gives back `size` bytes, the file without `sections`. */
  | { readonly state: 'intact'; readonly size: number; readonly sections: readonly string[] }
  | { readonly state: 'stale'; readonly why: string }
  | { readonly state: 'damaged' };

export interface Inspection {
  readonly file: string | undefined;
  readonly size: number;
  readonly class: ElfClass;
  readonly endian: Endian;
  readonly machine: number;
  /** e_type. */
  readonly type: number;
  readonly kind: FileKind;
  /** Absent: a static program, or none. */
  readonly interpreter: string | undefined;
  /** Absent: a machine that no filter can be made for. */
  readonly abi: Arch | undefined;
  readonly sections: number;
  readonly segments: number;
  readonly notes: 'none' | 'read' | 'unreadable';
  /** The one asked for, and every one that a note names. */
  readonly filters: readonly FilterInspection[];
  readonly undo: UndoInspection;
  /** Absent: whoever starts the program installs the filter. */
  readonly enforced: Enforcement | undefined;
  readonly problems: readonly Diagnostic[];
  /** There is a filter, it is valid, and no problem is an error. */
  readonly ok: boolean;
}

/** Nobody puts so many filters into a file. */
const FILTERS_MOST = 16;
/** Injected data is compared with the undo record's digest up to so many bytes. */
const INJECTED_MAX = 64n << 20n;
/** e_machine in the ELF header. */
const AT_MACHINE = 18;

/** The one asked for, and those that notes name; the usual one, unless a note names another and it is not there. */
function filterNames({ elf, notes, problems }: Context, asked: string | undefined): readonly string[] {
  const noted = [...new Set(notes.map((n) => n.section))];
  const usual = caught(() => (elf.sections.length === 0 ? undefined : findSection(elf, DEFAULT_SECTION)));
  const isUsual = noted.length === 0 || !('value' in usual) || usual.value !== undefined;
  const names = [...new Set([asked ?? (isUsual ? [DEFAULT_SECTION] : []), noted].flat())];
  if (names.length > FILTERS_MOST) {
    const message = `the notes name ${noted.length} filters; ${FILTERS_MOST} are looked at`;
    problems.add('MORE', message, 'name others with --section', { severity: 'note' });
  }
  return names.slice(0, FILTERS_MOST);
}

/** True when the injected data is what the undo record was written for; too much of it is not read. */
function isAsInjected(elf: ElfFile, { injection }: Extract<Undo, { state: 'intact' }>): boolean {
  if (injection.sections.reduce((sum, s) => sum + s.sh_size, 0n) > INJECTED_MAX) return true;
  const hash = sha256.create();
  for (const s of injection.sections) hash.update(elf.source.read(Number(s.sh_offset), Number(s.sh_size)));
  return hexDigits(hash.digest()) === hexDigits(injection.record.digest);
}

/** What the undo record is worth; `undo` is it, or undefined where it is damaged. */
function inspectUndo(
  { elf, notes, problems, cure }: Context,
  undo: Undo | undefined,
  filters: readonly FilterInspection[],
): UndoInspection {
  const isLoaded = filters.some((f) => f.data?.mapping.kind === 'mapped');
  const isThere = filters.some((f) => f.data !== undefined);
  const help =
    isThere && !isLoaded ? `the filter itself is still there; to be able to remove it, ${IN_ORDER}` : IN_ORDER;
  switch (undo?.state) {
    case undefined:
      return { state: 'damaged' };
    case 'none':
      if (notes.length > 0) {
        const message = 'a note is there and no undo record: a linker leaves it out, as do eu-strip and objcopy';
        problems.add('INSPECT_UNDO_GONE', message, help);
      }
      return { state: 'none' };
    case 'stale': {
      const message = `the file was rewritten after the injection (strip, objcopy): ${undo.why}`;
      problems.add('INSPECT_UNDO_STALE', message, help, { byteOffset: undo.section.headerOffset });
      return { state: 'stale', why: undo.why };
    }
    case 'intact': {
      const { record, sections } = undo.injection;
      const names = sections.map((s) => s.name);
      if (!problems.has('INSPECT_DIGEST', 'INSPECT_PROFILE_DIGEST') && !isAsInjected(elf, undo)) {
        const message = `the data of ${names.map((n) => quoted(n)).join(', ')} was changed after the injection: the SHA-256 in the undo record differs`;
        problems.add('INSPECT_DIGEST', message, cure);
      }
      return { state: 'intact', size: record.sizeBefore, sections: names };
    }
    default:
      return undo satisfies never;
  }
}

/**
 * Looks at all that a file carries of ours. Never throws for what is in the file: what cannot be read is a problem.
 * Reads headers, tables, the sections in question (filters up to 1 MiB each, notes 1 MiB, profiles 32 MiB) and what else
 * was injected, up to 64 MiB.
 */
export function inspectElf(elf: ElfFile, options: InspectOptions = {}): Inspection {
  const { section, ...limits } = options;
  const problems = new Problems(elf.file);
  const { notes, diagnostics } = readNotes(elf);
  problems.addAll(diagnostics);
  const undo = caught(() => undoOf(elf));
  if ('diagnostics' in undo) problems.addAll(undo.diagnostics);
  const record = 'value' in undo ? undo.value : undefined;
  const isNoted = notes.length > 0 || diagnostics.length > 0;
  const cure = anew(record?.state ?? 'damaged', isNoted);
  const ctx: Context = { elf, abi: archOfElf(elf), notes, problems, limits, cure };
  if (ctx.abi === undefined) {
    const message = `no filter can be made for e_machine ${elf.machine} (${elf.class}-bit, ${elf.endian}-endian)`;
    problems.add('ELF_MACHINE', message, 'Linux has no seccomp for this machine, or seccompc does not know it', {
      byteOffset: AT_MACHINE,
    });
  }
  const filters = filterNames(ctx, section).map((name) => inspectFilter(ctx, name));
  const removal = inspectUndo(ctx, record, filters);
  const note = sectionNamed(elf, NOTE_SECTION, problems, cure);
  if (typeof note === 'object') reportMapping(note, mappingOf(elf, note), problems);
  // Firmware and other files that Linux never starts have headers of their own kind; they carry nothing of ours.
  const isOurs = removal.state !== 'none' || filters.some((f) => f.state === 'found');
  const broken = isOurs ? headerFault(elf) : undefined;
  if (broken !== undefined) problems.addAll([broken]);

  const enforced = inspectEnforcement(elf, ctx.abi, problems);
  const isValid = filters.length > 0 && filters.every((f) => f.data?.verdict.ok === true);
  return {
    file: elf.file,
    size: elf.source.size,
    class: elf.class,
    endian: elf.endian,
    machine: elf.machine,
    type: elf.type,
    kind: kindOf(elf),
    interpreter: interpreterOf(elf),
    abi: ctx.abi,
    sections: elf.sections.length,
    segments: elf.segments.length,
    notes: diagnostics.length > 0 ? 'unreadable' : notes.length > 0 ? 'read' : 'none',
    filters,
    undo: removal,
    enforced,
    problems: problems.list,
    ok: isValid && !problems.list.some((d) => d.severity === 'error'),
  };
}
