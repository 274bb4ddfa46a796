/**
 * The profile that stands beside a filter in an ELF file: read as any profile is, and held against the filter by proof.
 * It carries its architectures and everything that options decided; where it names no architecture, the caller's count.
 */
import { type Arch, findArch } from '../arch/index.ts';
import { type Diagnostic, SeccompcError, type Source } from '../diag/index.ts';
import { type ElfFile, findSection, sectionBytes } from '../elf/index.ts';
import type { CheckedProgram } from '../kernel/index.ts';
import { sha256 } from '../num/index.ts';
import { type Policy, printPolicy, readProfile } from '../policy/index.ts';
import { type Proof, type ProveOptions, prove } from '../prove/index.ts';
import { loadPolicy } from './load.ts';
import type { Note } from './note.ts';
import { profileSection } from './sections.ts';

/** Longer than any profile that `parse` takes; what is larger is not read. */
const PROFILE_MAX = 32 << 20;

export type EmbeddedProfile =
  | { readonly state: 'none' }
  | { readonly state: 'unreadable'; readonly diagnostics: readonly Diagnostic[] }
  | {
      readonly state: 'read';
      /** The source is named FILE:SECTION. */
      readonly policy: Policy;
      readonly size: number;
      /** SHA-256 of the normalized text: of the policy as `printPolicy` writes it. */
      readonly digest: string;
      /** The text is not the one that `printPolicy` writes: someone has edited it. */
      readonly isNormal: boolean;
      /** Equal to the filter? Absent where there is no valid filter to hold it against. */
      readonly proof?: Proof | undefined;
    };

/** Bytes as hexadecimal digits. */
export function hexDigits(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** What `body` gives, or the diagnostics that it throws. */
export function caught<T>(body: () => T): { readonly value: T } | { readonly diagnostics: readonly Diagnostic[] } {
  try {
    return { value: body() };
  } catch (error) {
    if (error instanceof SeccompcError) return { diagnostics: error.diagnostics };
    throw error;
  }
}

/** The name under which messages show an embedded text. */
function sourceName(elf: ElfFile, section: string): string {
  return elf.file === undefined ? section : `${elf.file}:${section}`;
}

/** The text of the profile of a filter section; undefined when there is none. Throws what is wrong with the section. */
function profileText(elf: ElfFile, section: string): Source | undefined {
  const name = profileSection(section);
  if (elf.sections.length === 0 || findSection(elf, name) === undefined) return undefined;
  const bytes = sectionBytes(elf, name, PROFILE_MAX);
  const source = sourceName(elf, name);
  try {
    return { name: source, text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    throw new SeccompcError([
      { code: 'JSON_ENCODING', severity: 'error', file: source, message: 'the text is not valid UTF-8' },
    ]);
  }
}

/** What a profile is read for when it names no architecture itself: what its note says, else the file's own ABI. */
export interface Fallback {
  readonly note: Note | undefined;
  readonly abi: Arch | undefined;
}

function archesFrom({ note, abi }: Fallback, { endian }: ElfFile): readonly string[] {
  const noted = (note?.archNames ?? []).filter((name) => findArch(name)?.endian === endian);
  return noted.length > 0 ? noted : abi ? [abi.name] : [];
}

/** Reads the profile beside the filter in `section`. */
export function readEmbedded(elf: ElfFile, section: string, fallback: Fallback): EmbeddedProfile {
  const read = caught(() => {
    const source = profileText(elf, section);
    if (source === undefined) return undefined;
    const isSilent = readProfile(source).profile?.namesArches === false;
    return loadPolicy(source, isSilent ? { arches: archesFrom(fallback, elf) } : {});
  });
  if ('diagnostics' in read) return { state: 'unreadable', diagnostics: read.diagnostics };
  if (read.value === undefined) return { state: 'none' };
  const policy = read.value;
  const text = printPolicy(policy);
  const bytes = new TextEncoder().encode(text);
  return {
    state: 'read',
    policy,
    size: bytes.length,
    digest: hexDigits(sha256(bytes)),
    isNormal: text === policy.source.text,
  };
}

/** `readEmbedded`, held against the filter beside it. */
export function proveEmbedded(
  profile: EmbeddedProfile,
  program: CheckedProgram | undefined,
  options: ProveOptions,
): EmbeddedProfile {
  if (profile.state !== 'read' || program === undefined) return profile;
  return { ...profile, proof: prove(program, profile.policy, options) };
}
