/** A program into an ELF file, as a section that holds exactly its sock_filter records. */
import { type Arch, archOfElf } from '../arch/index.ts';
import { INSN_SIZE } from '../bpf/index.ts';
import { fail, quoted } from '../diag/index.ts';
import { addSection, type ElfFile, readElf, sectionBytes } from '../elf/index.ts';
import { type CheckedProgram, check } from '../kernel/index.ts';
import type { Policy } from '../policy/index.ts';

/** The ABI of an ELF file; throws ELF_MACHINE when no filter can be made for it. */
export function elfArch(elf: ElfFile, file: string): Arch {
  const found = archOfElf({ machine: elf.machine, class: elf.class, endian: elf.endian, flags: elf.flags });
  return (
    found ??
    fail({
      code: 'ELF_MACHINE',
      file,
      byteOffset: 18,
      message: `no filter can be made for e_machine ${elf.machine} (${elf.class}-bit, ${elf.endian}-endian)`,
    })
  );
}

/** Throws ARCH_ELF_MISMATCH unless the policy covers the ELF's own ABI, in its byte order. */
export function requireOwnAbi(policy: Policy, own: Arch, file: string): void {
  const named = policy.arches.map((a) => a.arch.name);
  if (named.includes(own.name) && policy.endian === own.endian) return;
  fail({
    code: 'ARCH_ELF_MISMATCH',
    file,
    message: `the file is ${own.name}, the filter is for ${named.join(', ')}: every call of the program would come from an architecture that the filter does not know`,
    help: `add it: --arch ${[own.name, ...named].join(',')}, or leave --arch out to take the file's own`,
  });
}

/**
 * The ELF file with the program in a section of its own (entry size and alignment 8); a section of that name from an
 * earlier build is replaced. Nothing else changes but e_shoff, e_shnum and e_shstrndx.
 */
export function embed(
  elf: Uint8Array,
  program: CheckedProgram,
  options: { readonly section: string; readonly file: string },
): Uint8Array {
  refuseForeign(elf, options);
  const section = { name: options.section, data: program.bytes, align: INSN_SIZE, entrySize: INSN_SIZE };
  return addSection(elf, section, { file: options.file, replace: true });
}

/** A section that holds something else than a filter is never replaced: --section .symtab would be the end of it. */
function refuseForeign(elf: Uint8Array, { section, file }: { readonly section: string; readonly file: string }): void {
  const read = readElf(elf, { file });
  const old = read.sections.find((s) => s.index > 0 && s.name === section);
  if (old === undefined || check(sectionBytes(read, section), { endian: read.endian }).ok) return;
  fail({
    code: 'ELF_SECTION_EXISTS',
    file,
    byteOffset: old.headerOffset,
    message: `section ${quoted(section)} is there and holds no filter, so it is not replaced`,
    help: 'choose another name with --section',
  });
}
