/**
 * One filter section: what the kernel says to it, where it is mapped, which ABIs it is for, and what stands beside it (its
 * note, its profile). Each thing that is not as it should be becomes a problem.
 */
import { type Arch, describeWord, type SeccompData } from '../arch/index.ts';
import { quoted } from '../diag/index.ts';
import { type ElfFile, type Section, sectionBytes } from '../elf/index.ts';
import { type CheckedProgram, check, findings, run, type Verdict } from '../kernel/index.ts';
import { hex, sha256 } from '../num/index.ts';
import type { ProveOptions } from '../prove/index.ts';
import { describeCall, describeWords } from './describe.ts';
import { type ArchFit, archFit, runningOn } from './inspect-arches.ts';
import { type Mapping, mappingOf } from './inspect-elf.ts';
import { checkNote, type NoteCheck } from './inspect-note.ts';
import { IN_ORDER, INTO, type Problems, sectionNamed } from './inspect-problems.ts';
import { caught, type EmbeddedProfile, hexDigits, proveEmbedded, readEmbedded } from './inspect-profile.ts';
import type { Note } from './note.ts';
import { profileSection } from './sections.ts';

/** A section that is there, once, and readable. */
export interface FilterData {
  readonly index: number;
  readonly byteOffset: bigint;
  readonly size: number;
  /** SHA-256, in hexadecimal digits. */
  readonly digest: string;
  readonly mapping: Mapping;
  readonly verdict: Verdict;
  /** Of a valid filter. */
  readonly fit?: ArchFit | undefined;
}

export interface FilterInspection {
  readonly section: string;
  /** 'unreadable': there twice, or its bytes cannot be had. */
  readonly state: 'found' | 'missing' | 'unreadable';
  /** Of a filter that was found. */
  readonly data?: FilterData | undefined;
  /** Absent where there is none, or no filter to hold it against. */
  readonly note?: NoteCheck | undefined;
  readonly profile: EmbeddedProfile;
}

export interface Context {
  readonly elf: ElfFile;
  /** The file's own ABI. */
  readonly abi: Arch | undefined;
  readonly notes: readonly Note[];
  readonly problems: Problems;
  /** How to put in again what is damaged. */
  readonly cure: string;
  readonly limits: ProveOptions;
}

/** Sections of more bytes are no filter (4096 instructions have 32 KiB). */
const FILTER_MAX = 1 << 20;
const SHF_ALLOC = 2n;

/** A section that says it is loaded, and is not, or not there. */
export function reportMapping(s: Section, mapping: Mapping, problems: Problems): void {
  const name = `section ${s.index} ${quoted(s.name)}`;
  const place = { byteOffset: s.headerOffset };
  if (mapping.kind === 'claimed') {
    const message = `${name} claims to be loaded (SHF_ALLOC), but no PT_LOAD holds it: it is not mapped when the program runs`;
    const help = `a flag alone loads nothing (objcopy --set-section-flags does no more); start from the program as it was, then: ${INTO} --load`;
    problems.add('INSPECT_UNMAPPED', message, help, place);
  }
  if (mapping.kind !== 'mapped' || mapping.agrees) return;
  const isClaimed = (s.sh_flags & SHF_ALLOC) !== 0n;
  const says = isClaimed ? hex(s.sh_addr) : 'that it is not loaded (no SHF_ALLOC)';
  const message = `${name} is mapped at ${hex(mapping.address)} (segment ${mapping.segment}); its header says ${says}`;
  problems.add('INSPECT_ADDRESS', message, IN_ORDER, { ...place, severity: isClaimed ? 'error' : 'warning' });
}

function reportMissing({ elf, problems, cure }: Context, section: string, note: Note | undefined): void {
  const profile = profileSection(section);
  if (elf.sections.length === 0) {
    const message = 'the file has no section header table, so no filter can be found in it';
    problems.add('ELF_NO_SECTIONS', message, `the section headers were stripped (sstrip, UPX); ${IN_ORDER}`);
  } else if (note !== undefined) {
    const message = `the note describes section ${quoted(section)}, which is not there: it was taken out (objcopy --remove-section)`;
    problems.add('INSPECT_NOTE_ORPHAN', message, cure);
  } else if (sectionNamed(elf, profile, problems, cure) !== 'none') {
    const message = `section ${quoted(profile)} holds the profile of section ${quoted(section)}, which is not there`;
    problems.add('INSPECT_NOTE_ORPHAN', message, cure);
  } else {
    const message = `no section is named ${quoted(section)}: the file carries no filter`;
    const help = `put one in: ${INTO}; or name the section that holds it: --section NAME`;
    problems.add('ELF_SECTION_MISSING', message, help);
  }
}

/** What the filter makes of the file's own ABI. */
function reportFit(program: CheckedProgram, fit: ArchFit, { abi, problems }: Context, section: string): void {
  const ownFit = abi && fit.fits.get(abi);
  if (abi === undefined || ownFit === 'runs') return;
  const name = `the filter in ${quoted(section)}`;
  const runs = runningOn(fit);
  if (runs.length === 0) {
    const message = `${name} lets no call run, of any ABI`;
    problems.add('INSPECT_DENIES_ALL', message, 'is that what the profile means?', { severity: 'warning' });
    return;
  }
  const data: SeccompData = { nr: 0, arch: abi.audit, instructionPointer: 0n, args: [0n, 0n, 0n, 0n, 0n, 0n] };
  const gets =
    ownFit === 'unknown'
      ? `each of its calls gets ${describeWord(run(program, data))}, as from an architecture that the filter does not know`
      : 'it denies each of its calls';
  const message = `${name} is for ${runs.map((a) => a.name).join(', ')}; this file is ${abi.name}: ${gets}`;
  problems.add('INSPECT_FOREIGN', message, `build it for this file: ${INTO} takes the file's own architecture`);
}

function reportProfile({ elf, problems, cure }: Context, section: string, profile: EmbeddedProfile): void {
  const name = profileSection(section);
  const s = sectionNamed(elf, name, problems, cure);
  if (typeof s === 'object') reportMapping(s, mappingOf(elf, s), problems);
  if (profile.state === 'unreadable') problems.addAll(profile.diagnostics);
  if (profile.state !== 'read' || profile.proof === undefined || profile.proof.proved) return;
  const { proof } = profile;
  if (proof.undecided) {
    const message = `the profile in ${quoted(name)} could not be held against the filter: ${proof.why}`;
    const help = 'nothing is known to be wrong; seccompc explain holds single calls against it';
    problems.add('PROOF_UNDECIDED', message, help, { severity: 'warning' });
    return;
  }
  const { data, words } = proof.counterexample;
  const message = `the profile in ${quoted(name)} does not describe the filter: ${describeCall(data)} gets ${describeWords(words)}`;
  problems.add('INSPECT_PROFILE_DIFFERS', message, `the filter is what counts; ${cure} --embed-profile`);
}

/** The section's bytes and what they are as a filter; undefined, with a problem, when they cannot be had. */
function inspectData(ctx: Context, s: Section): FilterData | undefined {
  const { elf, problems, limits, cure } = ctx;
  const read = caught(() => sectionBytes(elf, s.name, FILTER_MAX));
  if ('diagnostics' in read) {
    problems.addAll(read.diagnostics);
    return undefined;
  }
  const bytes = read.value;
  const mapping = mappingOf(elf, s);
  reportMapping(s, mapping, problems);
  const verdict = check(bytes, { endian: elf.endian });
  const digest = hexDigits(sha256(bytes));
  const data = { index: s.index, byteOffset: s.sh_offset, size: bytes.length, digest, mapping, verdict };
  if (!verdict.ok) {
    const message = `section ${quoted(s.name)} holds no filter that Linux takes (EINVAL): ${verdict.message}`;
    problems.add(verdict.code, message, `overwritten, or made for another machine; ${cure}`, { pc: verdict.pc });
    return data;
  }
  const { program } = verdict;
  problems.addAll(findings(program).map((d) => ({ ...d, file: elf.file })));
  const fit = archFit(program, limits);
  reportFit(program, fit, ctx, s.name);
  return { ...data, fit };
}

export function inspectFilter(ctx: Context, section: string): FilterInspection {
  const { elf, abi, problems, limits, cure } = ctx;
  const [note, second] = ctx.notes.filter((n) => n.section === section);
  if (second !== undefined) {
    const message = `several notes describe section ${quoted(section)}; the first one is shown`;
    problems.add('INSPECT_NOTE_TWICE', message, cure);
  }
  const s = sectionNamed(elf, section, problems, cure);
  if (s === 'none') reportMissing(ctx, section, note);
  const data = typeof s === 'object' ? inspectData(ctx, s) : undefined;
  const state = data ? 'found' : s === 'none' ? 'missing' : 'unreadable';

  const program = data?.verdict.ok ? data.verdict.program : undefined;
  const profile = proveEmbedded(readEmbedded(elf, section, { note, abi }), program, limits);
  reportProfile(ctx, section, profile);
  if (note === undefined || data === undefined) return { section, state, data, profile };
  const checked = checkNote(note, { digest: data.digest, fit: data.fit, profile }, problems, cure);
  return { section, state, data, note: checked, profile };
}
