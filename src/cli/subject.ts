/** What a file is: an ELF with a filter in it, a profile, or a raw program; told by its first bytes. */
import { type Arch, BPF_MAXINSNS, findArch } from '../arch/index.ts';
import { INSN_SIZE } from '../bpf/index.ts';
import { DEFAULT_SECTION, elfArch } from '../build/index.ts';
import { fail, quoted } from '../diag/index.ts';
import { type ElfFile, readElfFrom, sectionBytes } from '../elf/index.ts';
import { type OpenedElf, openElf } from '../host/elf-file.ts';
import { type Input, isElf, isPlainText, looksLikeText, readAll } from '../host/input.ts';
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
      readonly input: { readonly name: string };
      /** Read in pieces, from a file that stays open as long as the command runs. */
      readonly elf: ElfFile;
      readonly section: string;
      /** The section's. */
      readonly bytes: Uint8Array;
      readonly endian: Endian;
      readonly arch: Arch;
    };

export interface SubjectFlags {
  readonly arch?: readonly string[];
  readonly section?: string;
}

/** A program of too many instructions is still one to look at; a film is not. */
const MAX_PROGRAM = 1 << 20;
const MAGIC_SIZE = 4;

/** All architectures named by --arch. */
function archesIn(flags: SubjectFlags): readonly Arch[] {
  return (flags.arch ?? []).map(
    (name) => findArch(name) ?? fail({ code: 'ARCH_UNKNOWN', message: `${quoted(name)} is no architecture` }),
  );
}

/** The one architecture named by --arch; undefined when none is. */
export function oneArch(flags: SubjectFlags): Arch | undefined {
  const [name, second] = flags.arch ?? [];
  if (name === undefined) return undefined;
  if (second !== undefined)
    fail({ code: 'USAGE', message: 'name one architecture: a program runs on one machine at a time' });
  return archesIn(flags)[0];
}

/** All architectures named by --arch, which must share a byte order. */
export function namedArches(flags: SubjectFlags): readonly Arch[] {
  const arches = archesIn(flags);
  if (arches.some((a) => a.endian !== arches[0]?.endian)) {
    fail({ code: 'USAGE', message: 'a program has one byte order; these architectures have two' });
  }
  return arches;
}

/** All bytes of what is no ELF file; those of a file have not been read yet. Throws INPUT_TOO_LARGE. */
function wholeInput(opened: OpenedElf): Input {
  const { name, source, fd } = opened;
  return { name, bytes: fd === undefined ? source.read(0, source.size) : readAll(fd, name) };
}

export function readSubject(path: string, flags: SubjectFlags): Subject {
  const opened = openElf(path);
  const { name, source } = opened;
  if (isElf(source.read(0, Math.min(MAGIC_SIZE, source.size)))) {
    const elf = readElfFrom(source, { file: name });
    const arch = elfArch(elf, name);
    const section = flags.section ?? DEFAULT_SECTION;
    return {
      kind: 'elf',
      input: { name },
      elf,
      section,
      bytes: sectionBytes(elf, section, MAX_PROGRAM),
      endian: elf.endian,
      arch,
    };
  }
  const input = wholeInput(opened);
  opened.close();
  if (looksLikeText(input.bytes)) return { kind: 'profile', input };
  if (input.bytes.length > MAX_PROGRAM) {
    return fail({
      code: 'INPUT_TOO_LARGE',
      file: input.name,
      message: `${input.bytes.length} bytes are no program; the longest has ${BPF_MAXINSNS * INSN_SIZE}`,
    });
  }
  const [arch, second] = namedArches(flags);
  if (isPlainText(input.bytes)) {
    return fail({
      code: 'USAGE',
      file: input.name,
      message: 'this is text, and no profile: a profile is a JSON object',
      help: 'a source file? What is compiled from it carries the filter: name the ELF file',
    });
  }
  return {
    kind: 'program',
    input,
    bytes: input.bytes,
    endian: arch?.endian ?? 'little',
    arch: second === undefined ? arch : undefined,
  };
}

/** A subject that must be a program, raw or in an ELF; `help` is for those who give a profile. */
export function readProgram(
  path: string,
  flags: SubjectFlags,
  help = 'is it a profile? Build it first: seccompc build PROFILE --arch x86_64 -o filter.bpf',
): Exclude<Subject, { kind: 'profile' }> {
  const subject = readSubject(path, flags);
  if (subject.kind !== 'profile') return subject;
  if (subject.input.bytes.length === 0) {
    return { kind: 'program', input: subject.input, bytes: subject.input.bytes, endian: 'little' };
  }
  return fail({
    code: 'USAGE',
    file: subject.input.name,
    message: 'this is text, not a program or an ELF file',
    help,
  });
}
