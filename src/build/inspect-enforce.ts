/**
 * What a program that enforces its own filter will really install: the stub's bytes are decoded, and the filter is read
 * from where the stub says in memory, by the program headers alone. Section headers are claims that are held against it.
 */
import type { Arch } from '../arch/index.ts';
import { INSN_SIZE } from '../bpf/index.ts';
import { quoted } from '../diag/index.ts';
import { type ElfFile, isMappedTwice, loadAt, memoryAt, type Section } from '../elf/index.ts';
import { ENTRY_SECTION, isDynamic, stubOf } from './enforce.ts';
import type { Problems } from './inspect-problems.ts';
import { caught } from './inspect-profile.ts';

export interface Enforcement {
  /** The section that holds what is installed; undefined when none does, or the stub cannot be decoded. */
  readonly section: string | undefined;
  /** Instructions that the stub installs; undefined when it cannot be decoded. */
  readonly length: number | undefined;
  /** SECCOMP_FILTER_FLAG_* bits that it passes. */
  readonly flags: number;
  /** A loader and constructors run first. */
  readonly isDynamic: boolean;
}

const PF_X = 1;
const CURE = 'take out what was injected and build again: seccompc elf remove FILE, then build --into FILE --enforce';
/** e_entry in the ELF header, in both classes. */
const AT_ENTRY = 24;

/** Undefined for a file that does not say that it enforces anything. */
export function inspectEnforcement(elf: ElfFile, own: Arch | undefined, problems: Problems): Enforcement | undefined {
  const named = caught(() => elf.sections.find((s) => s.index > 0 && s.name === ENTRY_SECTION));
  const code = 'value' in named ? named.value : undefined;
  if (code === undefined) return undefined;
  const byteOffset = code.headerOffset;
  const stub = caught(() => stubOf(elf, own, code));
  const unknown = { section: undefined, length: undefined, flags: 0, isDynamic: isDynamic(elf) };
  if (!('value' in stub) || stub.value === undefined) {
    const message = `section ${quoted(ENTRY_SECTION)} holds code that seccompc did not write: what it does is not known`;
    problems.add('INSPECT_STUB', message, CURE, { byteOffset });
    return unknown;
  }
  const { filterAddress, length, flags, entry } = stub.value;
  checkStart(elf, code, code.sh_addr + BigInt(entry), problems);

  const address = code.sh_addr + BigInt(filterAddress);
  const size = length * INSN_SIZE;
  const bytes = standingAt(elf, address, size);
  const filter = elf.sections.find((s) => s.index !== code.index && s.sh_addr === address && s.sh_size > 0n);
  const section = filter && Number(filter.sh_size) === size && sameBytes(elf, filter, bytes) ? filter.name : undefined;
  if (section === undefined) {
    const message = `the program installs ${length} instructions from address 0x${address.toString(16)}, which is no section as a whole: the filter shown is not the one that it installs`;
    problems.add('INSPECT_STUB_FILTER', message, CURE, { byteOffset });
  }
  return { section, length, flags, isDynamic: isDynamic(elf) };
}

/** What the program finds there; undefined where that is not in the file, or several segments are laid over each other. */
function standingAt(elf: ElfFile, address: bigint, size: number): Uint8Array | undefined {
  return isMappedTwice(elf, address, BigInt(size)) ? undefined : memoryAt(elf, address, size);
}

function sameBytes(elf: ElfFile, filter: Section, memory: Uint8Array | undefined): boolean {
  if (memory === undefined || filter.sh_offset + filter.sh_size > BigInt(elf.source.size)) return false;
  const bytes = elf.source.read(Number(filter.sh_offset), Number(filter.sh_size));
  return bytes.every((byte, i) => byte === memory[i]);
}

/** The program has to start in the stub, the stub has to be code, and what it goes on to has to be code too. */
function checkStart(elf: ElfFile, code: Section, next: bigint, problems: Problems): void {
  const isCode = (address: bigint, size: bigint) => ((loadAt(elf, address, size)?.p_flags ?? 0) & PF_X) !== 0;
  if (elf.entry !== code.sh_addr) {
    const message = `the program starts at 0x${elf.entry.toString(16)}, not in ${quoted(ENTRY_SECTION)}: its filter is never installed`;
    problems.add('INSPECT_STUB_UNUSED', message, CURE, { byteOffset: AT_ENTRY });
  } else if (!isCode(code.sh_addr, code.sh_size) || !isCode(next, 1n)) {
    const message = `the program starts in ${quoted(ENTRY_SECTION)}, or goes on from there, where nothing executable is mapped: it does not start`;
    problems.add('INSPECT_STUB_UNUSED', message, CURE, { byteOffset: AT_ENTRY });
  }
  const stubBytes = caught(() => elf.source.read(Number(code.sh_offset), Number(code.sh_size)));
  const memory = standingAt(elf, code.sh_addr, Number(code.sh_size));
  const isSame = 'value' in stubBytes && memory !== undefined && memory.every((byte, i) => byte === stubBytes.value[i]);
  if (!isSame) {
    const message = `what is mapped where ${quoted(ENTRY_SECTION)} claims to be is something else`;
    problems.add('INSPECT_STUB', message, CURE, { byteOffset: code.headerOffset });
  }
}
