/**
 * A filter for somebody else's hands: source code, an annotation, a runtime's profile, a unit (formats/ writes them). What
 * would fail when it is used is refused here; what does not come across is said.
 */
import { type Arch, actionOf, FILTER_FLAGS, SECCOMP_RET_USER_NOTIF } from '../arch/index.ts';
import { type Diagnostic, fail, SeccompcError } from '../diag/index.ts';
import {
  cIdentifier,
  commentQuoted,
  DEFAULT_NAMES,
  FORMATS,
  type FormatName,
  goArch,
  goPackage,
  isLoaderFormat,
  isProgramFormat,
  type LoaderFormat,
  type ProgramFormat,
  rustCfg,
  rustIdentifier,
  sectionName,
  writeLoader,
  writeProgram,
} from '../formats/index.ts';
import type { CheckedProgram } from '../kernel/index.ts';
import { sha256 } from '../num/index.ts';
import type { OciProfile, Policy } from '../policy/index.ts';
import { coveredArches } from '../prove/index.ts';
import { compile } from './compile.ts';
import { type DialectOptions, exportDialect } from './export-dialect.ts';
import { DEFAULT_SECTION } from './sections.ts';

/** What is exported: a policy, a program made elsewhere, or (for a loader, which takes what it finds) a profile or nothing. */
export interface ExportSource {
  readonly policy?: Policy | undefined;
  readonly program?: CheckedProgram | undefined;
  readonly profile?: OciProfile | undefined;
}

export interface ExportOptions extends DialectOptions {
  /** A prefix in C, a package in Go, a constant in Rust, an object in Kubernetes; each has a default. */
  readonly name?: string | undefined;
  /** The section of an executable, for c-section and the loaders. '.seccomp_rules' unless stated. */
  readonly section?: string | undefined;
  /** A loader that takes this filter and no other. */
  readonly pin?: boolean | undefined;
  /** What a program is for; worked out from what it lets run unless stated. */
  readonly arches?: readonly Arch[] | undefined;
  /** SECCOMP_FILTER_FLAG_* names that go with a program. */
  readonly flags?: readonly string[] | undefined;
  /** What the source is called, for comments. */
  readonly title?: string | undefined;
  /** Prove a compiled program equal to its policy; true unless stated. */
  readonly prove?: boolean | undefined;
}

export interface Exported {
  readonly bytes: Uint8Array;
  /** Warnings about what does not come across; errors are thrown. */
  readonly diagnostics: readonly Diagnostic[];
  /** Of the program, where the format is of one. */
  readonly program?: CheckedProgram | undefined;
}

const TSYNC = 'SECCOMP_FILTER_FLAG_TSYNC';
/** TSYNC, LOG and SPEC_ALLOW: what makes sense without a listener. */
const ALONE = 7;
/** Formats whose text carries the flags. */
const WITH_FLAGS: ReadonlySet<FormatName> = new Set<FormatName>(['c-section', 'c-array', 'go', 'rust']);
const RET_K = 0x06;

const bitsOf = (flags: readonly string[]): number =>
  flags.reduce((bits, name) => bits | (FILTER_FLAGS.get(name) ?? 0), 0);

/** A name by the rules of the format; EXPORT_NAME for one that is none, USAGE where nothing has a name. */
function nameFor(format: FormatName, name: string | undefined): string {
  const chosen = name ?? DEFAULT_NAMES.get(format) ?? '';
  switch (format) {
    case 'c-section':
    case 'c-array':
    case 'c-loader':
      return cIdentifier(chosen);
    case 'go':
    case 'go-loader':
      return goPackage(chosen);
    case 'rust':
      return rustIdentifier(chosen);
    case 'spo':
      return chosen;
    default:
      return name === undefined
        ? chosen
        : fail({ code: 'USAGE', message: `nothing has a name in the format ${format}`, help: 'leave the name out' });
  }
}

/** Throws EXPORT_FLAGS, NOTIFY_UNUSABLE for what needs a listener: who installs the filter alone has none. */
function refuseListener(flags: readonly string[], asks: boolean): void {
  const cannot = flags.filter((name) => ((FILTER_FLAGS.get(name) ?? 0) & ~ALONE) !== 0);
  if (cannot.length > 0) {
    const message = `${cannot.join(', ')} is for a filter with a listener, and a program that installs its own has none`;
    fail({ code: 'EXPORT_FLAGS', severity: 'error', message, help: 'take the flag out of the profile' });
  }
  if (asks) {
    const message = 'the filter asks a listener (SCMP_ACT_NOTIFY), and a program that installs its own has none';
    fail({ code: 'NOTIFY_UNUSABLE', message, help: 'let the rule have another action' });
  }
}

const asksListener = ({ insns }: CheckedProgram): boolean =>
  insns.some(({ code, k }) => code === RET_K && actionOf(k) === SECCOMP_RET_USER_NOTIF);

/** Throws EXPORT_MACHINE where the language compiles for none of the ABIs. */
function checkMachines(format: ProgramFormat, arches: readonly Arch[]): void {
  const known = format === 'go' ? goArch : format === 'rust' ? rustCfg : undefined;
  if (known === undefined || arches.length === 0 || arches.some((a) => known(a) !== undefined)) return;
  const message = `${format === 'go' ? 'Go' : 'Rust'} compiles for none of ${arches.map((a) => a.name).join(', ')}`;
  fail({ code: 'EXPORT_MACHINE', message, help: 'as C it works: --format c-array' });
}

const digestText = (program: CheckedProgram): string =>
  [...sha256(program.bytes)].map((byte) => byte.toString(16).padStart(2, '0')).join('');

function aboutLines(format: FormatName, title: string | undefined, more: readonly string[]): readonly string[] {
  const from = title === undefined ? '' : ` from ${commentQuoted(title)}`;
  return [`Written by seccompc export --format ${format}${from}.`, ...more];
}

function flagsLost(format: FormatName, flags: readonly string[]): readonly Diagnostic[] {
  const lost = WITH_FLAGS.has(format) ? [] : flags.filter((flag) => flag !== TSYNC);
  if (lost.length === 0) return [];
  const isCrun = format === 'oci-annotation' || format === 'oci-annotation-flag';
  const message = isCrun
    ? `crun takes ${lost.join(', ')} from linux.seccomp.flags, not from the annotation; without those it passes SPEC_ALLOW`
    : `${lost.join(', ')} is not in the bytes: whoever installs the program has to pass it`;
  return [{ code: 'EXPORT_FLAGS', severity: 'warning', message }];
}

function ofProgram(format: ProgramFormat, program: CheckedProgram, options: ExportOptions): Exported {
  const { flags = [], arches = coveredArches(program) } = options;
  const name = nameFor(format, options.name);
  checkMachines(format, arches);
  if (format === 'c-section') refuseListener(flags, asksListener(program));
  const section = sectionName(options.section ?? DEFAULT_SECTION);
  const names = arches.length === 0 ? `${program.endian}-endian machines` : arches.map((a) => a.name).join(', ');
  const about = aboutLines(format, options.title, [
    `${program.length} instructions for ${names}.`,
    `SHA-256 ${digestText(program)}`,
  ]);
  const bytes = writeProgram(format, { program, arches, flags: bitsOf(flags), name, section, about });
  return { bytes, diagnostics: flagsLost(format, flags), program };
}

function ofLoader(format: LoaderFormat, source: ExportSource, options: ExportOptions): Exported {
  const name = nameFor(format, options.name);
  const section = sectionName(options.section ?? DEFAULT_SECTION);
  const { profile } = source;
  const program = source.program ?? (options.pin && source.policy ? compile(source.policy, options) : undefined);
  if (options.pin && program === undefined) {
    const help = 'name the profile, with the same --arch as it will be built for';
    fail({ code: 'USAGE', message: 'a loader can be pinned to a filter only if it is there', help });
  }
  const rules = profile ? [profile.defaultAction, ...profile.rules.map((r) => r.action)] : [];
  const asks = rules.some((r) => r.action === 'SCMP_ACT_NOTIFY') || (program !== undefined && asksListener(program));
  refuseListener(profile?.flags ?? source.policy?.flags ?? options.flags ?? [], asks);
  const digest = options.pin && program ? sha256(program.bytes) : undefined;
  const about = aboutLines(format, options.title, [
    digest === undefined
      ? 'It takes whatever filter seccompc puts into the program.'
      : `It takes the filter with this SHA-256 and no other: ${digestText(program as CheckedProgram)}`,
  ]);
  return { bytes: writeLoader(format, { name, section, digest, about }), diagnostics: [], program };
}

/**
 * A filter in one of the formats of `FORMATS`.
 * @param format one of `FORMATS`
 * @param source a policy; or a program, for formats that are made of one; a loader needs neither
 * @param options names and flags; `lossy` lets losses through
 * @returns the bytes of the file, and what did not come across
 * @throws SeccompcError EXPORT_*, NOTIFY_UNUSABLE, USAGE, and what `compile` throws
 */
export function exportFilter(format: FormatName, source: ExportSource, options: ExportOptions = {}): Exported {
  if (!FORMATS.has(format)) {
    const help = `the formats are ${[...FORMATS.keys()].join(', ')}`;
    fail({ code: 'USAGE', message: 'there is no such format', help });
  }
  const { policy, program } = source;
  const title = options.title ?? policy?.source.name ?? source.profile?.source.name;
  if (isLoaderFormat(format)) return ofLoader(format, source, { ...options, title });
  if (isProgramFormat(format)) {
    if (program !== undefined) return ofProgram(format, program, { ...options, title });
    if (policy === undefined)
      return fail({ code: 'USAGE', message: `name a profile or a program to export as ${format}` });
    const arches = policy.arches.map((a) => a.arch);
    return ofProgram(format, compile(policy, options), { ...options, title, arches, flags: policy.flags });
  }
  if (policy === undefined) {
    throw new SeccompcError([
      {
        code: 'EXPORT_NEEDS_PROFILE',
        severity: 'error',
        message: `${format} is a dialect of profiles, and names and rules cannot be had back from a program`,
        help: 'export the profile; seccompc elf extract --section .seccomp_profile has it, where it was embedded',
      },
    ]);
  }
  nameFor(format, options.name);
  const names = policy.arches.map((a) => a.arch.name).join(', ');
  const { text, diagnostics } = exportDialect(format, policy, options, aboutLines(format, title, [`For ${names}.`]));
  return { bytes: new TextEncoder().encode(text), diagnostics };
}
