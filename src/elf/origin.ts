/**
 * Which C library and which language a program was made of, as far as the file shows it, and by what. Each piece of
 * evidence outlives strip: the loader's name, notes that are mapped, the first instructions, names of sections that hold
 * code or data, and texts inside them.
 *
 * Weak spots: what a C library's own start code is not recognised for is left open, and a program of one language that
 * holds a library of another may look like the other (a C program with Rust in it).
 */
import { ByteView } from '../num/bytes.ts';
import { interpreterOf, neededLibraries } from './dynamic.ts';
import { PT_DYNAMIC, PT_INTERP, PT_LOAD, PT_NOTE } from './format.ts';
import { memoryAt } from './memory.ts';
import type { ElfFile } from './read.ts';
import { inFile } from './source.ts';

export interface Origin {
  /** A loader runs first. */
  readonly isDynamic: boolean;
  /** 'none': the program uses no C library. Undefined: none that is known here. */
  readonly libc: 'glibc' | 'musl' | 'none' | undefined;
  /** Of a static glibc: since 2.35 it registers restartable sequences, and more, at the start. */
  readonly hasRseq: boolean;
  /** Undefined: C, or a language that leaves no trace. */
  readonly language: 'go' | 'rust' | undefined;
  /** [1, 24] for go1.24.4, where the file says so. */
  readonly goVersion: readonly [major: number, minor: number] | undefined;
  /** In words, each a reason for what is said above. */
  readonly evidence: readonly string[];
}

/** Bytes with gaps (undefined), from the entry on. */
type Pattern = readonly (number | undefined)[];

function pattern(text: string): Pattern {
  return text.split(' ').map((byte) => (byte === '..' ? undefined : Number.parseInt(byte, 16)));
}

/**
 * The start of musl's `_start` by e_machine: it hands the stack and _DYNAMIC to `_start_c`. The same in crt1.o, Scrt1.o
 * and rcrt1.o. @see musl arch/<cpu>/crt_arch.h; measured on 1.2.2 to 1.2.5
 */
const MUSL_START: ReadonlyMap<number, Pattern> = new Map([
  // i386: xor ebp, ebp; mov eax, esp; and esp, -16; push eax; push eax; call
  [3, pattern('31 ed 89 e0 83 e4 f0 50 50 e8')],
  // x86_64: xor rbp, rbp; mov rdi, rsp; lea rsi, _DYNAMIC; and rsp, -16; call
  [62, pattern('48 31 ed 48 89 e7 48 8d 35 .. .. .. .. 48 83 e4 f0 e8')],
  // aarch64: mov x29, 0; mov x30, 0; mov x0, sp; two that the linker may rewrite; and sp, x0, -16
  [183, pattern('1d 00 80 d2 1e 00 80 d2 e0 03 00 91 .. .. .. .. .. .. .. .. 1f ec 7c 92')],
  // s390x: lgr r2, r15; larl r3; agf r3, 0(r3); aghi r15, -160; lghi r0, 0; stg r0, 0(r15)
  [22, pattern('b9 04 00 2f c0 30 .. .. .. .. e3 30 30 00 00 18 a7 fb ff 60 a7 09 00 00 e3 00 f0 00 00 24')],
  // riscv64: auipc gp; addi gp, gp; mv a0, sp (two bytes)
  [243, pattern('97 .. .. .. 93 81 .. .. 0a 85')],
]);

/** Names of loaders by what they come with. */
const LOADERS: readonly (readonly ['glibc' | 'musl', RegExp])[] = [
  ['musl', /^ld-musl-[\w.-]+\.so\.1$/],
  ['glibc', /^ld-linux[\w-]*\.so\.\d+$|^ld64\.so\.\d+$|^ld\.so\.1$/],
];
const LIBRARIES: readonly (readonly ['glibc' | 'musl', RegExp])[] = [
  ['glibc', /^libc\.so\.6(\.1)?$/],
  ['musl', /^libc\.so$|^libc\.musl-[\w.-]+\.so\.1$/],
];

interface Note {
  readonly name: string;
  readonly type: number;
}

/** A program has few notes, and they are small. */
const NOTES_MAX = 1 << 16;
/** So much of a program is searched for a text. */
const SEARCHED = 1n << 26n;
const PIECE = 1 << 20;
const COMMENT_MAX = 1n << 14n;

function notesIn(elf: ElfFile): readonly Note[] {
  return elf.segments.flatMap((p) => {
    if (p.p_type !== PT_NOTE || p.p_filesz > BigInt(NOTES_MAX) || !inFile(elf.source.size, p.p_offset, p.p_filesz))
      return [];
    const view = new ByteView(elf.source.read(Number(p.p_offset), Number(p.p_filesz)), elf.endian);
    // Linkers put notes of either alignment into one segment (mold).
    return [...notesAligned(view, 4), ...notesAligned(view, 8)];
  });
}

function notesAligned(view: ByteView, align: 4 | 8): readonly Note[] {
  const upTo = (n: number) => Math.ceil(n / align) * align;
  const notes: Note[] = [];
  for (let at = 0; at + 12 <= view.bytes.length; ) {
    const [nameSize, descSize, type] = [view.u32(at), view.u32(at + 4), view.u32(at + 8)];
    const name = new TextDecoder('latin1').decode(view.bytes.subarray(at + 12, at + 12 + nameSize));
    notes.push({ name: name.replace(/\0+$/, ''), type });
    at = upTo(at + 12 + nameSize) + upTo(descSize);
  }
  return notes;
}

function startsWith(bytes: Uint8Array | undefined, wanted: Pattern): boolean {
  return bytes !== undefined && wanted.every((byte, i) => byte === undefined || byte === bytes[i]);
}

/** Whether what is mapped from the file holds this text. */
function holdsText(elf: ElfFile, text: string): boolean {
  const wanted = new TextEncoder().encode(text);
  let left = SEARCHED;
  for (const p of elf.segments) {
    if (p.p_type !== PT_LOAD || !inFile(elf.source.size, p.p_offset, p.p_filesz)) continue;
    const end = Number(p.p_offset + (p.p_filesz < left ? p.p_filesz : left));
    left -= BigInt(end) - p.p_offset;
    // Pieces overlap, so that none cuts the text in two.
    for (let at = Number(p.p_offset); at < end; at += PIECE) {
      if (isIn(elf.source.read(at, Math.min(PIECE + wanted.length, end - at)), wanted)) return true;
    }
  }
  return false;
}

/** Horspool's search: most positions are never looked at. */
function isIn(bytes: Uint8Array, wanted: Uint8Array): boolean {
  const last = wanted.length - 1;
  const skip = new Uint8Array(256).fill(wanted.length);
  for (let i = 0; i < last; i++) skip[wanted[i] as number] = last - i;
  for (let end = last; end < bytes.length; end += skip[bytes[end] as number] as number) {
    let i = last;
    while (i >= 0 && bytes[end - last + i] === wanted[i]) i--;
    if (i < 0) return true;
  }
  return false;
}

function sectionText(elf: ElfFile, name: string, most: bigint): string | undefined {
  const s = elf.sections.find((one) => one.index > 0 && one.name === name);
  if (s === undefined || s.sh_size > most || !inFile(elf.source.size, s.sh_offset, s.sh_size)) return undefined;
  return new TextDecoder('latin1').decode(elf.source.read(Number(s.sh_offset), Number(s.sh_size)));
}

const NT_GNU_ABI_TAG = 1;
const NT_GO_BUILD_ID = 4;

/** Up to 2.37 some of its tables are sections; what reads its tunables is in every program since 2.26. */
function partOfGlibc(elf: ElfFile): string | undefined {
  if (elf.sections.some((s) => s.name === '__libc_IO_vtables')) return 'a section of its own (__libc_IO_vtables)';
  return holdsText(elf, 'GLIBC_TUNABLES') ? 'a variable of its own (GLIBC_TUNABLES)' : undefined;
}

/** What a static program shows of its C library. */
function staticLibc(
  elf: ElfFile,
  entry: bigint,
  notes: readonly Note[],
  evidence: string[],
): 'glibc' | 'musl' | undefined {
  // Other start code brings that note too (Free Pascal's): glibc itself has to be in the file.
  const hasNote = notes.some(({ name, type }) => name === 'GNU' && type === NT_GNU_ABI_TAG);
  const part = hasNote ? partOfGlibc(elf) : undefined;
  if (part !== undefined) {
    evidence.push(`the note that glibc's start code brings (NT_GNU_ABI_TAG)`, part);
    return 'glibc';
  }
  const start = MUSL_START.get(elf.machine);
  if (start !== undefined && startsWith(memoryAt(elf, entry, start.length), start)) {
    evidence.push("the code at its entry is musl's");
    return 'musl';
  }
  return undefined;
}

/** What a dynamic program shows of it: its loader; of Go's, which may have a loader and no library, the library. */
function dynamicLibc(elf: ElfFile, isGo: boolean, evidence: string[]): Origin['libc'] {
  const path = interpreterOf(elf) ?? '';
  const loader = path.slice(path.lastIndexOf('/') + 1);
  const needed = neededLibraries(elf);
  const library = needed.find((name) => LIBRARIES.some(([, form]) => form.test(name)));
  if (isGo && library === undefined) {
    evidence.push('it asks for a loader and for no C library');
    return 'none';
  }
  const found = LOADERS.find(([, form]) => form.test(loader))?.[0];
  if (found !== undefined) evidence.push(`its loader is ${loader}`);
  return found;
}

/** A text that Go keeps at a fixed place in .go.buildinfo since 1.18: 32 bytes of header, then its length and itself. */
function goVersion(elf: ElfFile): Origin['goVersion'] {
  const found = /^\xff Go buildinf:[\s\S]{18}[\x05-\x40](?:go|devel go)(\d+)\.(\d+)/.exec(
    sectionText(elf, '.go.buildinfo', 1n << 20n) ?? '',
  );
  return found === null ? undefined : [Number(found[1]), Number(found[2])];
}

function languageOf(elf: ElfFile, notes: readonly Note[], evidence: string[]): Origin['language'] {
  const goSection = ['.gopclntab', '.go.buildinfo'].find((name) => elf.sections.some((s) => s.name === name));
  if (notes.some(({ name, type }) => name === 'Go' && type === NT_GO_BUILD_ID)) evidence.push('a Go build ID');
  else if (goSection !== undefined) evidence.push(`a section ${goSection}`);
  else {
    const rustc = /rustc version [\w.-]+/.exec(sectionText(elf, '.comment', COMMENT_MAX) ?? '')?.[0];
    if (rustc !== undefined) evidence.push(`its .comment names ${rustc}`);
    else if (holdsText(elf, 'RUST_BACKTRACE')) evidence.push("a variable of Rust's library (RUST_BACKTRACE)");
    else return undefined;
    return 'rust';
  }
  return 'go';
}

/**
 * How a program was made: C library, language, and by what in the file that is seen.
 * @param elf what `readElf` gave
 * @param entry where the program's own first instruction is (e_entry may lead to an enforce stub)
 * @returns what is known; undefined fields are not
 * @throws SeccompcError ELF_NAME* and ELF_SHSTRNDX where names of sections cannot be read
 */
export function originOf(elf: ElfFile, entry: bigint = elf.entry): Origin {
  const evidence: string[] = [];
  const notes = notesIn(elf);
  const language = languageOf(elf, notes, evidence);
  const isDynamic = elf.segments.some((p) => p.p_type === PT_INTERP);
  const isGo = language === 'go';
  const libc = isDynamic ? dynamicLibc(elf, isGo, evidence) : staticLibc(elf, entry, notes, evidence);
  if (!isDynamic) {
    const isPie = elf.segments.some((p) => p.p_type === PT_DYNAMIC);
    evidence.push(isPie ? 'it asks for no loader (static PIE)' : 'it asks for no loader');
  }
  const hasRseq = !isDynamic && libc === 'glibc' && holdsText(elf, 'pthread.rseq');
  if (hasRseq) evidence.push('a tunable that glibc has since 2.35 (glibc.pthread.rseq)');
  return {
    isDynamic,
    // Go's own linker brings start code of its own, and no C library.
    libc: isGo && !isDynamic && libc === undefined ? 'none' : libc,
    hasRseq,
    language,
    goVersion: isGo ? goVersion(elf) : undefined,
    evidence,
  };
}
