/** What a file is: an ELF with a filter in it, a profile, or a raw program; told by its first bytes. */
import { type Arch, findArch } from '../arch/index.ts';
import { DEFAULT_SECTION, elfArch } from '../build/index.ts';
import { fail, quoted } from '../diag/index.ts';
import { type ElfFile, readElf, sectionBytes } from '../elf/index.ts';
import { type Input, isElf, readInput } from '../host/input.ts';
import type { Endian } from '../num/index.ts';

export type Subject =
  | { readonly kind: 'profile'; readonly input: Input }
  | {
      readonly kind: 'program';
      readonly input: Input;
      readonly bytes: Uint8Array;
      readonly endian: Endian;
      readonly arch?: Arch | undefined;
    }
  | {
      readonly kind: 'elf';
      readonly input: Input;
      readonly elf: ElfFile;
      readonly bytes: Uint8Array;
      readonly endian: Endian;
      readonly arch: Arch;
    };

export interface SubjectFlags {
  readonly arch?: readonly string[];
  readonly section?: string;
}

/** Profiles begin with a brace or a comment; the opcode bytes of a program never do so with text behind. */
function looksLikeText(bytes: Uint8Array): boolean {
  const head = new TextDecoder().decode(bytes.subarray(0, 512)).trimStart();
  return head === ''
    ? bytes.length === 0
    : head.startsWith('{') || head.startsWith('//') || head.startsWith('/*') || head.startsWith('[');
}

/** The one architecture named by --arch; undefined when none is. */
export function oneArch(flags: SubjectFlags): Arch | undefined {
  const [name, second] = flags.arch ?? [];
  if (name === undefined) return undefined;
  if (second !== undefined)
    fail({ code: 'USAGE', message: 'name one architecture: a program runs on one machine at a time' });
  return findArch(name) ?? fail({ code: 'ARCH_UNKNOWN', message: `${quoted(name)} is no architecture` });
}

export function readSubject(path: string, flags: SubjectFlags): Subject {
  const input = readInput(path);
  if (isElf(input.bytes)) {
    const elf = readElf(input.bytes, { file: input.name });
    const arch = elfArch(elf, input.name);
    const bytes = sectionBytes(elf, flags.section ?? DEFAULT_SECTION);
    return { kind: 'elf', input, elf, bytes, endian: elf.endian, arch };
  }
  if (looksLikeText(input.bytes)) return { kind: 'profile', input };
  const arch = flags.arch?.length === 1 ? oneArch(flags) : undefined;
  const endian = arch?.endian ?? (flags.arch?.[0] ? findArch(flags.arch[0])?.endian : undefined) ?? 'little';
  return { kind: 'program', input, bytes: input.bytes, endian, arch };
}

/** A subject that must be a program, raw or in an ELF. */
export function readProgram(path: string, flags: SubjectFlags): Exclude<Subject, { kind: 'profile' }> {
  const subject = readSubject(path, flags);
  if (subject.kind !== 'profile') return subject;
  if (subject.input.bytes.length === 0) {
    return { kind: 'program', input: subject.input, bytes: subject.input.bytes, endian: 'little' };
  }
  return fail({
    code: 'USAGE',
    file: subject.input.name,
    message: 'this is text, not a program or an ELF file',
    help: 'is it a profile? Build it first: seccompc build PROFILE --arch x86_64 -o filter.bpf',
  });
}
