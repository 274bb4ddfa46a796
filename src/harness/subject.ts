/** What a test is about: a filter from a file, a text, bytes, or a value of the API. */
import { ARCHES, type Arch, findArch } from '../arch/index.ts';
import type { RawInsn } from '../bpf/index.ts';
import { DEFAULT_SECTION, elfArch, loadPolicy } from '../build/index.ts';
import { fail, quoted, type Source } from '../diag/index.ts';
import { readElf, sectionBytes } from '../elf/index.ts';
import { type Input, isElf, looksLikeText, readInput, textOf } from '../host/input.ts';
import { type CheckedProgram, check } from '../kernel/index.ts';
import { type OciProfile, type Policy, type ResolveOptions, resolvePolicy } from '../policy/index.ts';
import { coveredArches } from '../prove/index.ts';

/**
 * A path (of a profile, a raw program or an ELF file), a profile's text (recognised by its brace, or by line breaks), its
 * bytes, a profile as JSON.parse gives it, or what the API makes of one.
 */
export type HarnessSubject =
  | string
  | Uint8Array
  | { readonly defaultAction: string }
  | OciProfile
  | Policy
  | CheckedProgram
  | readonly RawInsn[];

export interface HarnessOptions extends ResolveOptions {
  /** The name that a profile given as text or as bytes is shown under. */
  readonly file?: string | undefined;
  /** The section of an ELF file; '.seccomp_rules' when absent. */
  readonly section?: string | undefined;
}

export interface Side {
  readonly name: string;
  readonly filter: Policy | CheckedProgram;
  /** Absent for a program: there are no rules to show. */
  readonly policy?: Policy | undefined;
  /** The ABIs that statements are about. */
  readonly arches: readonly Arch[];
}

const isPath = (text: string): boolean => !/^\s*\{/.test(text) && !text.includes('\n');
const isProgram = (value: object): value is CheckedProgram => 'insns' in value && 'endian' in value;

/**
 * @throws SeccompcError what is wrong with the profile or the program, INPUT_UNREADABLE; ARCH_MISSING where nothing tells
 *   the ABI; USAGE for what is no filter
 */
export function sideOf(subject: HarnessSubject, options: HarnessOptions): Side {
  if (typeof subject === 'string') {
    if (isPath(subject)) return fromBytes(readInput(subject), options);
    return ofPolicy(loadPolicy({ name: options.file ?? '<profile>', text: subject }, options));
  }
  if (subject instanceof Uint8Array) {
    return fromBytes({ name: options.file ?? '<bytes>', bytes: subject }, options);
  }
  if (Array.isArray(subject)) return ofProgram(checked('<program>', subject, options), '<program>', options);
  if (typeof subject === 'object' && subject !== null) {
    if (isProgram(subject)) return ofProgram(subject, '<program>', options);
    if ('unknownArch' in subject && 'profileArches' in subject) return ofPolicy(narrowed(subject, options));
    if ('rules' in subject && 'source' in subject) return ofPolicy(resolvePolicy(subject, options));
    if ('defaultAction' in subject) return ofPolicy(loadPolicy(asText(subject, options), options));
  }
  return fail({ code: 'USAGE', message: 'this is no profile, no policy and no program' });
}

/** A policy means what it was resolved to: an option that would change it is a mistake. */
function narrowed(policy: Policy, { file: _, section: __, ...meaning }: HarnessOptions): Policy {
  const set = Object.entries(meaning).find(([, value]) => value !== undefined);
  if (set === undefined) return policy;
  const message = `${quoted(set[0])} has no effect on a policy: it is resolved already`;
  return fail({ code: 'USAGE', message, help: "resolvePolicy takes it; .on('x86_64') chooses ABIs" });
}

function asText(profile: object, { file = '<profile>' }: HarnessOptions): Source {
  return { name: file, text: JSON.stringify(profile, null, 2) };
}

function ofPolicy(policy: Policy): Side {
  return { name: policy.source.name, filter: policy, policy, arches: policy.arches.map(({ arch }) => arch) };
}

function fromBytes(input: Input, options: HarnessOptions): Side {
  const { name, bytes } = input;
  if (isElf(bytes)) {
    const elf = readElf(bytes, { file: name });
    const own = elfArch(elf, name);
    const section = sectionBytes(elf, options.section ?? DEFAULT_SECTION);
    return ofProgram(checked(name, section, { arches: [own.name], ...options }), name, options, own);
  }
  if (looksLikeText(bytes)) return ofPolicy(loadPolicy(textOf(input), options));
  return ofProgram(checked(name, bytes, options), name, options);
}

function namedArches({ arches }: HarnessOptions): readonly Arch[] | undefined {
  return arches?.map(
    (name) => findArch(name) ?? fail({ code: 'ARCH_UNKNOWN', message: `${quoted(name)} is no architecture` }),
  );
}

function checked(file: string, program: Uint8Array | readonly RawInsn[], options: HarnessOptions): CheckedProgram {
  const verdict = check(program, { endian: namedArches(options)?.[0]?.endian ?? 'little' });
  if (verdict.ok) return verdict.program;
  const { code, pc, message } = verdict;
  return fail({ code, file, pc, message: `the kernel refuses it: ${message}` });
}

function ofProgram(program: CheckedProgram, name: string, options: HarnessOptions, own?: Arch): Side {
  const possible = [...ARCHES.values()].filter(({ endian }) => endian === program.endian);
  const covered = () => coveredArches(program).filter((arch) => possible.includes(arch));
  const arches = namedArches(options) ?? (own === undefined ? covered() : [own]);
  const other = arches.find(({ endian }) => endian !== program.endian);
  if (other !== undefined) {
    const message = `the program is ${program.endian}-endian, and ${other.name} is not`;
    fail({ code: 'ARCH_BYTE_ORDER', file: name, message });
  }
  if (arches.length === 0 || (options.arches === undefined && arches.length === possible.length)) {
    const message = 'for which ABI? The program does not tell: it answers all of them alike';
    fail({ code: 'ARCH_MISSING', file: name, message, help: "{ arches: ['x86_64'] }" });
  }
  return { name, filter: program, arches };
}
