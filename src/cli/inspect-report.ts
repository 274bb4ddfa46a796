/** What `seccompc inspect` says of a file: the lines for people, and the same as data. */
import { type Arch, describeWord, FILTER_FLAGS } from '../arch/index.ts';
import { describeCall } from '../build/index.ts';
import type { Inspection } from '../build/inspect.ts';
import { type ArchFit, runningOn } from '../build/inspect-arches.ts';
import type { Mapping } from '../build/inspect-elf.ts';
import type { FilterData, FilterInspection } from '../build/inspect-filter.ts';
import type { Claim, NoteCheck } from '../build/inspect-note.ts';
import { type EmbeddedProfile, hexDigits } from '../build/inspect-profile.ts';
import { profileSection } from '../build/sections.ts';
import { forTerminal, quoted } from '../diag/index.ts';
import { hex } from '../num/index.ts';
import { diagnosticsData } from './terminal.ts';

const KINDS = {
  program: 'program',
  pie: 'position-independent program',
  library: 'shared library',
  object: 'object file',
} as const;

const namesOf = (arches: readonly Arch[]): readonly string[] => arches.map((a) => a.name);

const counted = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;

/** 'a: x86_64 program, static; 64-bit, little-endian; 31 sections, 10 segments, 780616 bytes'. */
function fileLine(i: Inspection, name: string): string {
  const abi = i.abi?.name ?? `e_machine ${i.machine}`;
  const isProgram = i.kind === 'program' || i.kind === 'pie';
  const how = i.interpreter === undefined ? (isProgram ? ', static' : '') : `, loaded by ${quoted(i.interpreter)}`;
  const counts = [counted(i.sections, 'section'), counted(i.segments, 'segment'), counted(i.size, 'byte')].join(', ');
  return `${forTerminal(name)}: ${abi} ${KINDS[i.kind]}${how}; ${i.class}-bit, ${i.endian}-endian; ${counts}`;
}

function fitLine(fit: ArchFit): string {
  const runs = runningOn(fit);
  const how =
    fit.how === 'proved'
      ? 'proved for every known call and all arguments'
      : 'each known call was run once, with arguments of 0';
  const blind = fit.looks ? '' : '; it does not look at the architecture';
  if (runs.length === 0) return `for no architecture: it lets no call run (${how})`;
  if (runs.length === fit.fits.size) return `for every architecture of its byte order${blind} (${how})`;
  return `for ${namesOf(runs).join(', ')}${blind} (${how})`;
}

function mappingLine(mapping: Mapping, isMovable: boolean): string {
  switch (mapping.kind) {
    case 'unmapped':
      return 'not mapped at run time: whoever installs it reads it from the file';
    case 'object':
      return 'in an object file: the linker decides where it goes';
    case 'claimed':
      return 'claims to be loaded, but is not mapped at run time';
    case 'mapped': {
      const from = isMovable ? " from the program's start" : '';
      const access = mapping.writable ? 'writable' : 'read-only';
      return `mapped ${access} at ${hex(mapping.address)}${from} (segment ${mapping.segment})`;
    }
    default:
      return mapping satisfies never;
  }
}

/** The filter flags, and who says so: nothing in the instructions does. */
function flagsOf({ note, profile }: FilterInspection): { readonly names: readonly string[]; readonly from: string } {
  const fromProfile = profile.state === 'read' ? profile.policy.flags : undefined;
  if (note === undefined) return fromProfile ? { names: fromProfile, from: 'profile' } : { names: [], from: 'nobody' };
  return { names: note.flagNames, from: note.flags === 'holds' ? 'note and profile' : 'note' };
}

function flagsLine(filter: FilterInspection): string {
  const { names, from } = flagsOf(filter);
  if (from === 'nobody') return 'filter flags to install it with: nothing in the file says';
  const flags = names.length === 0 ? 'none' : names.map((n) => forTerminal(n)).join(', ');
  return `filter flags to install it with: ${flags} (according to ${from})`;
}

function filterLines(i: Inspection, filter: FilterInspection): readonly string[] {
  const name = `filter ${quoted(filter.section)}`;
  const { data } = filter;
  if (filter.state === 'missing') return [`no filter: there is no section ${quoted(filter.section)}`];
  if (data === undefined) return [`${name}: cannot be read`];
  const { verdict, fit } = data;
  if (!verdict.ok) return [`${name}: ${data.size} bytes, refused by Linux's rules`];
  const enforced = enforcementLine(i, filter.section);
  return [
    `${name}: valid by Linux's rules, ${counted(verdict.program.length, 'instruction')}`,
    ...(fit ? [`  ${fitLine(fit)}`] : []),
    `  ${mappingLine(data.mapping, i.kind === 'pie' || i.kind === 'library')}`,
    ...(enforced.length > 0 ? enforced : [`  ${flagsLine(filter)}`]),
  ];
}

/** Who installs the filter, and what runs before that. */
function enforcementLine({ enforced }: Inspection, section: string): readonly string[] {
  if (enforced === undefined || enforced.section !== section) return [];
  const flags = [...FILTER_FLAGS].filter(([, bit]) => (enforced.flags & bit) !== 0).map(([name]) => name);
  const how = flags.length === 0 ? '' : ` with ${flags.join(', ')}`;
  const first = enforced.isDynamic ? '; its loader and constructors run before that, unfiltered' : '';
  return [`  installed by the program itself${how}, before its first instruction, or it does not start${first}`];
}

function noteLine(i: Inspection, { note }: FilterInspection): string {
  if (note === undefined) return i.notes === 'unreadable' ? '  note: cannot be read' : '  note: none';
  const says: Readonly<Record<Claim, string>> = { holds: 'right', fails: 'WRONG', unchecked: 'not checked' };
  const { toolVersion, profileName } = note.note;
  const checks = [
    `filter's SHA-256 ${says[note.sectionDigest]}`,
    `profile's SHA-256 ${says[note.policyDigest]}`,
    `architectures ${says[note.arches]}`,
  ];
  const claims = `made by seccompc ${quoted(toolVersion, 24)} from ${quoted(profileName)}`;
  return `  note: says that it was ${claims}; checked: ${checks.join(', ')}`;
}

function profileLine({ section, profile }: FilterInspection): string {
  const name = `  profile ${quoted(profileSection(section))}`;
  switch (profile.state) {
    case 'none':
      return '  profile: none embedded';
    case 'unreadable':
      return `${name}: cannot be read`;
    case 'read': {
      const { proof } = profile;
      if (proof === undefined) return `${name}: readable, but there is no valid filter to hold it against`;
      if (proof.proved) return `${name}: proved equal to the filter, for every call`;
      return proof.undecided ? `${name}: neither proved equal nor different` : `${name}: DIFFERS from the filter`;
    }
    default:
      return profile satisfies never;
  }
}

function removalLine({ undo }: Inspection): string {
  switch (undo.state) {
    case 'none':
      return 'removal: no undo record; seccompc elf remove --section NAME takes away a section alone';
    case 'intact': {
      const names = undo.sections.map((n) => quoted(n)).join(', ');
      return `removal: seccompc elf remove gives back the file of ${undo.size} bytes, without ${names}`;
    }
    case 'stale':
      return `removal: not any more: ${forTerminal(undo.why)}`;
    case 'damaged':
      return 'removal: not possible, the undo record is damaged';
    default:
      return undo satisfies never;
  }
}

export function inspectionLines(i: Inspection, name: string): readonly string[] {
  const lines = [fileLine(i, name)];
  for (const filter of i.filters) {
    lines.push(...filterLines(i, filter));
    if (filter.data === undefined) continue;
    lines.push(noteLine(i, filter), profileLine(filter));
  }
  if (i.undo.state !== 'none' || i.filters.some((f) => f.state !== 'missing')) lines.push(removalLine(i));
  return [...lines, closingLine(i)];
}

function closingLine({ problems }: Inspection): string {
  const errors = problems.filter((d) => d.severity === 'error').length;
  const others = problems.length - errors;
  const found = errors === 0 ? 'no problem found' : counted(errors, 'problem');
  return others === 0 ? found : `${found}, ${counted(others, 'warning')}`;
}

function mappingData(mapping: Mapping): Record<string, unknown> {
  return mapping.kind === 'mapped' ? { ...mapping, address: hex(mapping.address) } : { ...mapping };
}

function fitData({ how, looks, fits }: ArchFit): Record<string, unknown> {
  return { how, looks, fits: Object.fromEntries([...fits].map(([abi, fit]) => [abi.name, fit])) };
}

function noteData({ note, flagNames, ...claims }: NoteCheck): Record<string, unknown> {
  return {
    toolVersion: note.toolVersion,
    profileName: note.profileName,
    section: note.section,
    architectures: note.archNames,
    audits: note.audits.map(hex),
    flags: flagNames,
    flagBits: hex(note.flags),
    sectionDigest: hexDigits(note.sectionDigest),
    policyDigest: hexDigits(note.policyDigest),
    claims,
  };
}

function profileData(section: string, profile: EmbeddedProfile): Record<string, unknown> {
  const base = { section: profileSection(section), state: profile.state };
  if (profile.state !== 'read') return base;
  const { policy, digest, isNormal, proof } = profile;
  const read = { ...base, sha256: digest, isNormal, architectures: policy.arches.map((a) => a.arch.name) };
  if (proof === undefined) return { ...read, proof: 'no filter' };
  if (proof.proved) return { ...read, proof: 'equal' };
  if (proof.undecided) return { ...read, proof: 'undecided', why: proof.why };
  const { data, words } = proof.counterexample;
  const counterexample = {
    call: describeCall(data),
    arch: data.arch,
    nr: data.nr,
    args: data.args.map(hex),
    program: describeWord(words[0]),
    profile: describeWord(words[1]),
  };
  return { ...read, proof: 'different', counterexample, count: hex(proof.count) };
}

function dataOf({ verdict, mapping, fit, byteOffset, ...rest }: FilterData): Record<string, unknown> {
  return {
    index: rest.index,
    byteOffset: hex(byteOffset),
    bytes: rest.size,
    sha256: rest.digest,
    valid: verdict.ok,
    instructions: verdict.ok ? verdict.program.length : null,
    ...(!verdict.ok && { code: verdict.code, pc: verdict.pc, errno: verdict.errno }),
    mapping: mappingData(mapping),
    architectures: fit ? fitData(fit) : null,
  };
}

/** All of it; numbers that may not fit a double are hexadecimal text. */
export function inspectionData(i: Inspection, name: string): Record<string, unknown> {
  const [first] = i.filters;
  const verdict = first?.data?.verdict;
  return {
    ok: i.ok,
    file: name,
    size: i.size,
    type: i.type,
    kind: i.kind,
    interpreter: i.interpreter ?? null,
    class: i.class,
    endian: i.endian,
    machine: i.machine,
    arch: i.abi?.name ?? null,
    sections: i.sections,
    segments: i.segments,
    // The first filter's, for those who know of one only.
    section: first?.section ?? null,
    instructions: verdict?.ok ? verdict.program.length : null,
    filters: i.filters.map((f) => ({
      section: f.section,
      state: f.state,
      ...(f.data && dataOf(f.data)),
      flags: flagsOf(f),
      note: f.note ? noteData(f.note) : null,
      profile: profileData(f.section, f.profile),
    })),
    notes: i.notes,
    undo: i.undo,
    diagnostics: diagnosticsData(i.problems),
  };
}
