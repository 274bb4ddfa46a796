/**
 * A filter that its own program installs: the enforce stub (machine/) as the code that runs first, next to the filter in
 * the same segment. What cannot work is refused here, with the reason; what fails at run time ends the program (159).
 */
import { type Arch, FILTER_FLAGS, SECCOMP_RET_USER_NOTIF } from '../arch/index.ts';
import type { Code } from '../diag/codes.ts';
import { fail, quoted } from '../diag/index.ts';
import { type ElfFile, type EntryCode, type Section, sectionBytes } from '../elf/index.ts';
import type { CheckedProgram } from '../kernel/index.ts';
import { CPU_NAMES, decodeStub, enforceStub, isCpuName, STUB_FLAGS, type Stub } from '../machine/index.ts';
import type { Policy } from '../policy/index.ts';

/** The section that holds the code that runs first. */
export const ENTRY_SECTION = '.seccomp_entry';
const PT_INTERP = 3;
const TSYNC = 1;
const RET_ACTION = 0xffff_0000;
const BPF_RET_K = 0x06;
/** More than any stub. */
const STUB_MAX = 4096;

/** True when a loader runs before the program: ld.so, constructors, LD_PRELOAD. */
export function isDynamic(elf: ElfFile): boolean {
  return elf.segments.some((p) => p.p_type === PT_INTERP);
}

/**
 * The SECCOMP_FILTER_FLAG_* bits that the stub passes: the profile's, and TSYNC where a loader has run, whose
 * constructors may have started threads. Throws ENFORCE_FLAGS for a flag that needs a listener.
 */
export function stubFlags(policy: Policy, elf: ElfFile): number {
  const bits = policy.flags.reduce((all, name) => all | (FILTER_FLAGS.get(name) ?? 0), 0);
  const cannot = policy.flags.filter((name) => ((FILTER_FLAGS.get(name) ?? 0) & ~STUB_FLAGS) !== 0);
  if (cannot.length > 0) {
    fail({
      code: 'ENFORCE_FLAGS',
      file: elf.file,
      message: `${cannot.join(', ')} is for a listener, and a program that confines itself has none`,
      help: 'take the flag out of the profile',
    });
  }
  return isDynamic(elf) ? bits | TSYNC : bits;
}

/** Throws ENFORCE_NOTIFY for a filter that asks a listener: nobody would ever answer. */
function refuseNotify(elf: ElfFile, program: CheckedProgram): void {
  const asks = program.insns.some((i) => i.code === BPF_RET_K && (i.k & RET_ACTION) >>> 0 === SECCOMP_RET_USER_NOTIF);
  if (!asks) return;
  const message = 'the filter hands calls to a listener (SCMP_ACT_NOTIFY), and a program that confines itself has none';
  fail({
    code: 'ENFORCE_NOTIFY',
    file: elf.file,
    message,
    help: 'such a filter is for a container runtime with an agent',
  });
}

export interface EnforceOptions {
  /** The section that holds the filter. */
  readonly section: string;
  /** For a tracer: the code says that the filter is in force (see machine/enforce-stub.ts). */
  readonly tells?: boolean | undefined;
}

/** The code for `planInject`. Throws ENFORCE_MACHINE, ENFORCE_NOTIFY, ENFORCE_FLAGS; when it is made, ENFORCE_REACH. */
export function enforceEntry(
  elf: ElfFile,
  own: Arch,
  program: CheckedProgram,
  policy: Policy,
  { section, tells }: EnforceOptions,
): EntryCode {
  const arch = own.name;
  if (!isCpuName(arch)) {
    const message = `a program of ${arch} cannot be made to install its filter`;
    const help = `there is code for ${CPU_NAMES.join(', ')}; leave --enforce out and let a launcher install the filter`;
    return fail({ code: 'ENFORCE_MACHINE', file: elf.file, byteOffset: 18, message, help });
  }
  refuseNotify(elf, program);
  const flags = stubFlags(policy, elf);
  return {
    name: ENTRY_SECTION,
    align: 16,
    make: ({ address, entry, addressOf }) => {
      const stub: Stub = {
        arch,
        filterAddress: Number(addressOf(section) - address),
        length: program.length,
        flags,
        entry: Number(entry - address),
      };
      try {
        return enforceStub(stub, tells).bytes;
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        return tooFar(elf, stub, error);
      }
    },
  };
}

function tooFar(elf: ElfFile, stub: Stub, error: RangeError): never {
  const code: Code = 'ENFORCE_REACH';
  const message = `the code that installs the filter would start ${-stub.entry} bytes from the program's own start: ${error.message}`;
  return fail({ code, file: elf.file, byteOffset: 24, message, help: 'link the program into less than 2 GiB' });
}

/** The stub that an ELF starts in, decoded from its bytes; undefined when the section there is none of ours. */
export function stubOf(elf: ElfFile, own: Arch | undefined, section: Section): Stub | undefined {
  if (own === undefined || !isCpuName(own.name)) return undefined;
  return decodeStub(own.name, sectionBytes(elf, section.name, STUB_MAX));
}

/** The filter section that the stub in the file installs; undefined when there is no stub, throws nothing. */
export function enforcedSection(elf: ElfFile, own: Arch): Section | undefined {
  const code = elf.sections.find((s) => s.index > 0 && s.name === ENTRY_SECTION);
  const stub = code && stubOf(elf, own, code);
  if (code === undefined || stub === undefined) return undefined;
  const address = code.sh_addr + BigInt(stub.filterAddress);
  return elf.sections.find((s) => s.index !== code.index && s.sh_addr === address && s.sh_size > 0n);
}

/** Where the program's own first instruction is: behind the stub, in a file that has one. */
export function programEntry(elf: ElfFile, own: Arch): bigint {
  const code = elf.sections.find((s) => s.index > 0 && s.name === ENTRY_SECTION);
  const stub = code && stubOf(elf, own, code);
  return code !== undefined && stub !== undefined && elf.entry === code.sh_addr
    ? code.sh_addr + BigInt(stub.entry)
    : elf.entry;
}

/** Refuses to build one filter into a program that enforces another: the first would silently no longer be installed. */
export function refuseOtherEnforced(elf: ElfFile, own: Arch, section: string): void {
  const other = enforcedSection(elf, own);
  if (other === undefined || other.name === section) return;
  fail({
    code: 'ELF_ENFORCED',
    file: elf.file,
    byteOffset: other.headerOffset,
    message: `the program enforces the filter in ${quoted(other.name)}, and there is one start to a program`,
    help: 'remove it first (seccompc elf remove), or build into the same section',
  });
}
