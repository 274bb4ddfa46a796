/**
 * Machine code as a static ELF executable, laid out by elf-tools. Needs Node (Buffer): the only file of this room that a
 * browser cannot load, so `index.ts` does not export it.
 *
 *     ELF header, two program headers, .text (the code, mapped R and X from file offset 0), .shstrtab, four section headers
 *
 * elf-tools 1.1.2 takes defaults from the machine it runs on, does not know every machine, writes an empty writable
 * segment that some loaders refuse, and calls ident bytes by the wrong names. What it should have written is stated here
 * once, written over its output where it may differ, and then the whole header is compared.
 */
import elfTools from 'elf-tools';
import type { Arch } from '../arch/index.ts';
import { unreachable } from '../diag/index.ts';
import { ByteView } from '../num/index.ts';
import type { MachineCode } from './code.ts';

// Elf64_Ehdr, Elf64_Phdr, Elf64_Shdr: sizes and byte offsets. @see System V gABI, "Object Files" and "Program Loading"
const EHDR_SIZE = 64;
const PHDR_SIZE = 56;
const SHDR_SIZE = 64;
const E_MACHINE = 18;
const PT_LOAD = 1;
const PT_GNU_STACK = 0x6474_e551;
const PF_R_W = 6;

/** Program headers: the code, and the stack's permissions. Section headers: null, .text, .data (empty), .shstrtab. */
const PHNUM = 2;
const SHNUM = 4;
const SHSTRNDX = 3;
const BASE_ADDRESS = 0x40_0000;
const CODE_OFFSET = EHDR_SIZE + PHNUM * PHDR_SIZE;

/** A file that the kernel of `arch` runs: 64-bit little-endian ABIs only. */
export function executable(arch: Arch, code: MachineCode): Uint8Array {
  const { machine, class: elfClass, endian } = arch.elf;
  if (elfClass !== 64 || endian !== 'little') unreachable(`no executable for ${arch.name}`);
  const built = elfTools.build({
    code: Buffer.from(code.bytes),
    elf_header: { class: '64', endian: 'lsb', machine: 'none', type: 'exec', flags: 0 },
  });
  const elf = new ByteView(Uint8Array.from(built), endian);
  // e_ident: class 64, little-endian, version 1, then OSABI (System V), ABI version and padding, all 0.
  elf.bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  elf.setU16(E_MACHINE, machine);
  replaceEmptySegment(elf, EHDR_SIZE + PHDR_SIZE);
  verify(elf, machine);
  return elf.bytes;
}

/** The empty writable PT_LOAD lies in the code's page. In its place: a stack that is not executable. */
function replaceEmptySegment(elf: ByteView, at: number): void {
  const memsz = elf.u64(at + 40);
  if (elf.u32(at) !== PT_LOAD || memsz !== 0n) unreachable('elf-tools wrote another second segment');
  elf.bytes.fill(0, at, at + PHDR_SIZE);
  elf.setU32(at, PT_GNU_STACK);
  elf.setU32(at + 4, PF_R_W);
  elf.setU64(at + 48, 16n);
}

/** Every field of the header, and that nothing follows the section headers: another release may write something else. */
function verify(elf: ByteView, machine: number): void {
  const shoff = elf.bytes.length - SHNUM * SHDR_SIZE;
  // biome-ignore format: a table
  const fields: readonly (readonly [string, bigint | number, bigint | number])[] = [
    ['e_type', elf.u16(16), 2], ['e_machine', elf.u16(E_MACHINE), machine], ['e_version', elf.u32(20), 1],
    ['e_entry', elf.u64(24), BigInt(BASE_ADDRESS + CODE_OFFSET)], ['e_phoff', elf.u64(32), BigInt(EHDR_SIZE)],
    ['e_shoff', elf.u64(40), BigInt(shoff)], ['e_flags', elf.u32(48), 0], ['e_ehsize', elf.u16(52), EHDR_SIZE],
    ['e_phentsize', elf.u16(54), PHDR_SIZE], ['e_phnum', elf.u16(56), PHNUM],
    ['e_shentsize', elf.u16(58), SHDR_SIZE], ['e_shnum', elf.u16(60), SHNUM], ['e_shstrndx', elf.u16(62), SHSTRNDX],
  ];
  for (const [name, found, wanted] of fields)
    if (found !== wanted) unreachable(`elf-tools wrote ${name} = ${found}, not ${wanted}`);
}
