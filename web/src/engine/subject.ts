/** What was pasted or dropped, told by its first bytes, read as far as it can be: a policy, a program, or both. */
import { ARCHES, type Arch, findArch } from '../../../src/arch/index.ts';
import { assemble, decodeProgram, INSN_SIZE, type RawInsn } from '../../../src/bpf/index.ts';
import { type Compiled, compileProved, elfArch, inspectElf, loadPolicy } from '../../../src/build/index.ts';
import { type Diagnostic, decodeText, fail, forTerminal, SeccompcError, type Source } from '../../../src/diag/index.ts';
import { type ElfFile, kindOf, readElf, sectionBytes } from '../../../src/elf/index.ts';
import { type CheckedProgram, check, findings as oddities } from '../../../src/kernel/index.ts';
import { type Finding, type LintOptions, lint } from '../../../src/lint/index.ts';
import type { Endian } from '../../../src/num/index.ts';
import { type Policy, type ResolveOptions, readProfile } from '../../../src/policy/index.ts';
import { coveredArches, type Proof } from '../../../src/prove/index.ts';
import type { Given, Kind, Options } from '../protocol.ts';
import { ownArches, resolveOptions } from './options.ts';

/** Lets others have their turn: in a Worker nobody waits, in the page the browser draws. */
export type Breathe = () => Promise<void>;

export interface Subject {
  readonly kind: Kind;
  readonly name: string;
  readonly what: string;
  /** The text in the editor, if it is one. */
  readonly text?: string | undefined;
  readonly findings: readonly (Finding | Diagnostic)[];
  readonly notes: readonly string[];
  /** What the profile (or the one beside an ELF's filter) means; absent where it has errors. */
  readonly policy?: Policy | undefined;
  /** Also of a program that the kernel refuses. */
  readonly insns: readonly RawInsn[];
  readonly endian: Endian;
  readonly program?: CheckedProgram | undefined;
  readonly proof?: Proof | undefined;
  readonly arches: readonly Arch[];
  /** For exports: what an ELF file's filter came out of. */
  readonly elf?: ElfFile | undefined;
  readonly section?: string | undefined;
}

/** As the command has them: profiles, programs. ELF files are held in memory whole. */
const MOST_TEXT = 32 << 20;
const MOST_PROGRAM = 1 << 20;
const MOST_ELF = 1 << 30;
const HEAD = 4096;

const isElf = (bytes: Uint8Array): boolean => [0x7f, 0x45, 0x4c, 0x46].every((byte, i) => bytes[i] === byte);

/** What both kinds of text may begin with, and a label of the assembler. */
const BEFORE = /^(?:\s+|\/\/.*|;.*|\/\*[\s\S]*?\*\/|(?:[A-Za-z_]\w*|\d+):)/;
const MNEMONIC =
  /^(?:ldx?|stx?|j(?:a|mp|n?eq|ne|g[te]|l[te]|set)|ret|tax|txa|neg|add|sub|mul|div|and|x?or|[lr]sh|\.insn)\b/;

/** Assembler text has a mnemonic first; a profile a brace. */
function isAssembler(text: string): boolean {
  let rest = text;
  for (let before = BEFORE.exec(rest); before !== null; before = BEFORE.exec(rest)) rest = rest.slice(before[0].length);
  return MNEMONIC.test(rest);
}

/** Bytes of a program are hardly ever all text; a profile with a few bytes that are none is still one. */
function isText(head: Uint8Array): boolean {
  const text = new TextDecoder().decode(head);
  const odd = [...text].filter((c) => c === '\ufffd' || (c < ' ' && !/\s/.test(c)) || c === '\x7f').length;
  // The last character may be cut.
  return odd <= 1 || (odd * 50 < text.length && /^[\s\ufeff]*[{[/]/.test(text));
}

/** What the editor shows: the text itself, or the profile that an ELF file carries. */
export function editorText({ text, kind, policy }: Subject): string | undefined {
  return text ?? (kind === 'elf' ? policy?.source.text : undefined);
}

export async function bytesOf(file: Blob, name: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await file.arrayBuffer());
  } catch (error) {
    const message = `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
    return fail({
      code: 'INPUT_UNREADABLE',
      file: name,
      message,
      help: 'was it changed or moved since it was chosen? choose it again',
    });
  }
}

function tooLarge(name: string, size: number, most: number, what: string): never {
  const megabytes = (bytes: number) => `${Math.max(1, Math.round(bytes / (1 << 20)))} MB`;
  const message = `${megabytes(size)} are no ${what}; more than ${megabytes(most)} are not read`;
  return fail({ code: 'INPUT_TOO_LARGE', file: name, message });
}

/** `beside`: the ABIs of what it is compared with. */
export async function readSubject(
  given: Given,
  options: Options,
  breathe: Breathe,
  beside: readonly Arch[] = [],
): Promise<Subject> {
  const { name } = given;
  if (given.kind === 'text') return ofText({ name, text: given.text }, options, breathe, beside);
  const { file } = given;
  const head = await bytesOf(file.slice(0, HEAD), name);
  if (isElf(head)) {
    if (file.size > MOST_ELF) tooLarge(name, file.size, MOST_ELF, 'ELF file for a page');
    return ofElf(readElf(await bytesOf(file, name), { file: name }), name);
  }
  if (isText(head)) {
    if (file.size > MOST_TEXT) tooLarge(name, file.size, MOST_TEXT, 'profile');
    return ofText(decodeText(await bytesOf(file, name), name), options, breathe, beside);
  }
  if (file.size > MOST_PROGRAM) tooLarge(name, file.size, MOST_PROGRAM, 'program');
  const named = findArch(options.arches[0] ?? '');
  return ofBytes(await bytesOf(file, name), named?.endian, name, options);
}

async function ofText(source: Source, options: Options, breathe: Breathe, beside: readonly Arch[]): Promise<Subject> {
  return isAssembler(source.text) ? ofAssembler(source, options) : ofProfile(source, options, breathe, beside);
}

/** What `body` gives, or what is wrong. */
function caught<T>(body: () => T): { readonly value?: T; readonly diagnostics: readonly Diagnostic[] } {
  try {
    return { value: body(), diagnostics: [] };
  } catch (error) {
    if (error instanceof SeccompcError) return { diagnostics: error.diagnostics };
    throw error;
  }
}

async function ofProfile(
  source: Source,
  options: Options,
  breathe: Breathe,
  beside: readonly Arch[],
): Promise<Subject> {
  const base = {
    kind: 'profile',
    name: source.name,
    what: 'profile',
    text: source.text,
    insns: [],
    endian: 'little',
    arches: [],
  } as const;
  const resolving = caught(() => resolveOptions(options));
  if (resolving.value === undefined) return { ...base, findings: resolving.diagnostics, notes: [] };
  const chosen = resolving.value;
  const { onConflict: _, ...judging } = chosen;
  const linted = caught(() => lint(source.text, { ...judging, file: source.name } satisfies LintOptions));
  const found: readonly (Finding | Diagnostic)[] = (linted.value ?? linted.diagnostics).map((d) => ({
    ...d,
    source: d.source && source,
  }));
  await breathe();
  const { profile } = readProfile(source);
  const own = chosen.arches === undefined && profile !== undefined ? ownArches(profile, beside) : undefined;
  const notes = own === undefined || own.note === '' ? [] : [own.note];
  const made = caught(() => built(source, { ...chosen, arches: own?.arches ?? chosen.arches }));
  const all = [...found.filter((d) => !(own && isArchChoice(d))), ...unsaid(made.diagnostics, found)];
  // What keeps the profile from being built comes first.
  const findings = [...all.filter(isError), ...all.filter((d) => !isError(d))];
  if (made.value === undefined) {
    // A profile that cannot be built has an error, whatever lint thinks of it.
    return { ...base, findings, notes };
  }
  const { policy, program, proof } = made.value;
  return {
    ...base,
    findings,
    notes,
    policy,
    program,
    proof,
    insns: program.insns,
    endian: program.endian,
    arches: policy.arches.map(({ arch }) => arch),
  };
}

const isError = ({ severity }: Diagnostic): boolean => severity === 'error';
/** The note of `ownArches` says it in other words. */
const isArchChoice = ({ code, severity }: Diagnostic): boolean => code === 'ARCH_MISSING' && severity === 'note';

function built(source: Source, options: ResolveOptions): Compiled & { readonly policy: Policy } {
  const policy = loadPolicy(source, options);
  return { policy, ...compileProved(policy) };
}

/** Those that are not among what was found before. */
function unsaid(later: readonly Diagnostic[], before: readonly Diagnostic[]): readonly Diagnostic[] {
  const said = new Set(before.map(({ code, span }) => `${code} ${span?.start}`));
  return later.filter(({ code, span }) => !said.has(`${code} ${span?.start}`));
}

function ofAssembler(source: Source, options: Options): Subject {
  const made = caught(() => assemble(source.text, { file: source.name }));
  const base = { kind: 'assembler', name: source.name, text: source.text, notes: [] } as const;
  if (made.value === undefined) {
    const findings = made.diagnostics.map((d) => ({ ...d, source: d.source && source }));
    return { ...base, what: 'assembler text', findings, insns: [], endian: 'little', arches: [] };
  }
  const endian = findArch(options.arches[0] ?? '')?.endian ?? 'little';
  return {
    ...base,
    ...ofInsns(made.value, endian, source.name, options),
    what: `assembler text, ${made.value.length} instructions`,
  };
}

/** A raw program does not say its byte order: where nobody does, the one that Linux takes it in. */
function ofBytes(bytes: Uint8Array, named: Endian | undefined, name: string, options: Options): Subject {
  const isBig = named === undefined && !check(bytes).ok && check(bytes, { endian: 'big' }).ok;
  const endian = named ?? (isBig ? 'big' : 'little');
  const notes = isBig ? ['Read as big-endian: in little-endian order Linux would refuse it.'] : [];
  const base = { kind: 'program', name, notes } as const;
  if (bytes.length === 0 || bytes.length % INSN_SIZE !== 0) {
    const verdict = check(bytes, { endian });
    const findings = verdict.ok ? [] : [refusal(verdict, name)];
    return { ...base, what: `${bytes.length} bytes`, findings, insns: [], endian, arches: [] };
  }
  const insns = decodeProgram(bytes, endian);
  return { ...base, what: `raw program, ${insns.length} instructions`, ...ofInsns(insns, endian, name, options) };
}

function refusal(verdict: Extract<ReturnType<typeof check>, { ok: false }>, file: string): Diagnostic {
  const { code, pc, message, help } = verdict;
  return { code, severity: 'error', file, pc, message: `Linux refuses the program (EINVAL): ${message}`, help };
}

function ofInsns(
  insns: readonly RawInsn[],
  endian: Endian,
  name: string,
  options: Pick<Options, 'arches'>,
): Pick<Subject, 'insns' | 'endian' | 'findings' | 'program' | 'arches'> {
  const verdict = check(insns, { endian });
  if (!verdict.ok) return { insns, endian, findings: [refusal(verdict, name)], arches: [] };
  const { program } = verdict;
  const named = [...ARCHES.values()].filter((a) => options.arches.includes(a.name) && a.endian === endian);
  const findings = oddities(program).map((d) => ({ ...d, file: name }));
  return { insns, endian, findings, program, arches: named.length > 0 ? named : coveredArches(program) };
}

function elfText(elf: ElfFile): string {
  const abi = caught(() => elfArch(elf, elf.file ?? '')).value;
  return `ELF file${abi === undefined ? '' : ` of ${abi.name}`}, ${elf.class}-bit ${kindOf(elf)}`;
}

function ofElf(elf: ElfFile, name: string): Subject {
  const inspection = inspectElf(elf);
  const base = { name, what: elfText(elf), insns: [], endian: elf.endian, arches: [], elf, notes: [] } as const;
  const filter = inspection.filters.find(({ state }) => state !== 'missing');
  if (filter === undefined) {
    const findings = inspection.problems.filter(({ code }) => code !== 'ELF_SECTION_MISSING');
    return { ...base, kind: 'bare-elf', findings };
  }
  const { section } = filter;
  const bytes = caught(() => sectionBytes(elf, section, MOST_PROGRAM)).value ?? new Uint8Array(0);
  const insns = bytes.length % INSN_SIZE === 0 ? decodeProgram(bytes, elf.endian) : [];
  const found = { ...base, kind: 'elf', findings: inspection.problems, insns, section } as const;
  const verdict = filter.data?.verdict;
  if (!verdict?.ok) return found;
  const { program } = verdict;
  const profile = filter.profile.state === 'read' ? filter.profile : undefined;
  // A profile that does not describe the filter would name rules that do not decide.
  const policy = profile?.proof?.proved ? profile.policy : undefined;
  const own = policy?.arches.map(({ arch }) => arch) ?? (inspection.abi === undefined ? [] : [inspection.abi]);
  return {
    ...found,
    notes: [placeText(section, filter.data?.mapping.kind === 'mapped', inspection.enforced?.section === section)],
    program,
    policy,
    proof: profile?.proof,
    arches: own.length > 0 ? own : coveredArches(program),
  };
}

function placeText(section: string, isMapped: boolean, isEnforced: boolean): string {
  const how = isEnforced
    ? 'the program installs it by itself before its first instruction'
    : isMapped
      ? 'mapped when the program runs; installed by nobody unless the program does it'
      : 'not mapped when the program runs: data for whoever installs it';
  return `The filter is in section ${forTerminal(section)}: ${how}.`;
}
