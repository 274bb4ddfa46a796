/**
 * What others say of a file: readelf, eu-elflint, objcopy, the kernel through ptrace (programs/mapped.c), and the
 * running program itself (programs/hello.c). Nothing here is shared with src/.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { must, run } from '../tools.ts';
import { program } from './kind.ts';

/** A section as `readelf -S` lists it. */
export interface Listed {
  readonly name: string;
  readonly type: string;
  readonly address: bigint;
  readonly offset: number;
  readonly size: number;
  /** Letters: A for SHF_ALLOC, E for SHF_EXCLUDE. */
  readonly flags: string;
  readonly align: number;
}

/** A PT_LOAD as `readelf -l` lists it. */
export interface ListedLoad {
  readonly offset: bigint;
  readonly address: bigint;
  readonly fileSize: bigint;
  readonly memorySize: bigint;
  readonly flags: string;
  readonly align: bigint;
}

export interface Listing {
  readonly class: 32 | 64;
  readonly entry: bigint;
  readonly phoff: number;
  readonly phentsize: number;
  readonly phnum: number;
  /** In the order of the table; without those that have no name. */
  readonly sections: readonly Listed[];
  readonly loads: readonly ListedLoad[];
  /** What readelf found wrong, each kind of complaint once. */
  readonly complaints: ReadonlySet<string>;
}

/** Complaints that differ in numbers alone are the same one: a section more shifts the indexes that they name. */
function kindsOf(text: string): ReadonlySet<string> {
  const kinds = text.split('\n').map((line) => line.replace(/0x[0-9a-f]+|\d+/gi, 'N').trim());
  return new Set(kinds.filter((line) => line !== '' && line !== 'No errors'));
}

/** The host's readelf reads every machine. */
export function readelf(file: string): Listing {
  const { stdout, stderr } = run(['readelf', '-h', '-l', '-S', '-W', file], { env: { ...process.env, LC_ALL: 'C' } });
  const field = (name: string) => {
    const found = new RegExp(`^ +${name}: +(\\S+)`, 'm').exec(stdout);
    if (found === null) throw new Error(`readelf shows no ${name} of ${file}: ${stderr}`);
    return found[1]!;
  };
  const sections: Listed[] = [];
  // [Nr] Name Type Address Off Size ES Flg Lk Inf Al; Flg may be empty.
  const row = /^ *\[ *\d+\] (\S+) +(\S+) +([0-9a-f]+) ([0-9a-f]+) ([0-9a-f]+) [0-9a-f]+ +([A-Za-z]*) +\d+ +\d+ +(\d+)$/;
  for (const line of stdout.split('\n')) {
    const found = row.exec(line);
    if (found === null) continue;
    const [, name, type, address, offset, size, flags, align] = found;
    sections.push({
      name: name!,
      type: type!,
      address: BigInt(`0x${address}`),
      offset: Number.parseInt(offset!, 16),
      size: Number.parseInt(size!, 16),
      flags: flags!,
      align: Number(align),
    });
  }
  // Type Offset VirtAddr PhysAddr FileSiz MemSiz Flg Align; Flg has three columns.
  const loads = [...stdout.matchAll(/^ +LOAD +(\S+) (\S+) \S+ (\S+) (\S+) (.{3}) (\S+)$/gm)].map((found) => ({
    offset: BigInt(found[1]!),
    address: BigInt(found[2]!),
    fileSize: BigInt(found[3]!),
    memorySize: BigInt(found[4]!),
    flags: found[5]!,
    align: BigInt(found[6]!),
  }));
  return {
    class: field('Class') === 'ELF64' ? 64 : 32,
    entry: BigInt(field('Entry point address')),
    phoff: Number(field('Start of program headers')),
    phentsize: Number(field('Size of program headers')),
    phnum: Number(field('Number of program headers')),
    sections,
    loads,
    complaints: kindsOf(stderr),
  };
}

export function elflint(file: string): ReadonlySet<string> {
  return kindsOf(run(['eu-elflint', '--gnu-ld', file]).stdout);
}

/** The section's bytes, taken out by objcopy; by readelf's hex dump where no objcopy here knows the machine. */
export function dumped(file: string, section: string, binutils: string | undefined, scratch: string): Buffer {
  if (binutils !== undefined) {
    const out = join(scratch, 'section');
    must([`${binutils}objcopy`, '--dump-section', `${section}=${out}`, file, join(scratch, 'copy')]);
    return readFileSync(out);
  }
  const dump = must(['readelf', '-W', '-x', section, file]);
  const words = [...dump.matchAll(/^ +0x[0-9a-f]+ ((?:[0-9a-f]{2,8} )+)/gm)].map((found) => found[1]!);
  return Buffer.from(words.join('').replaceAll(' ', ''), 'hex');
}

/** A place in memory by the file's own addresses. */
export interface Place {
  readonly entry: bigint;
  readonly address: bigint;
  readonly size: number;
}

const hex = (n: bigint | number) => n.toString(16);

export function compileMapped(out: string): void {
  must(['gcc', '-O1', '-Wall', '-Werror', program('mapped.c'), '-o', out]);
}

/** What the kernel has mapped before the program's first instruction. `mapped` is programs/mapped.c, compiled. */
export function kernelMaps(
  mapped: string,
  cls: 32 | 64,
  { entry, address, size }: Place,
  command: readonly string[],
): { readonly phdrs: Buffer; readonly section: Buffer; readonly permissions: string } {
  const said = must([mapped, String(cls), hex(entry), hex(address), hex(size), ...command]);
  const line = (name: string) => new RegExp(`^${name} (.*)$`, 'm').exec(said)?.[1] ?? '';
  return {
    phdrs: Buffer.from(line('phdrs'), 'hex'),
    section: Buffer.from(line('section'), 'hex'),
    permissions: line('permissions'),
  };
}

/** What programs/hello.c reports: `phdrs SIZE SUM` and `section SIZE SUM`. */
export function reported(command: readonly string[], { entry, address, size }: Place): readonly string[] {
  return must([...command, hex(entry), hex(address), hex(size)])
    .trim()
    .split('\n');
}

/** FNV-1a of 32 bits, as programs/hello.c has it. */
export function fnv1a(bytes: Uint8Array): string {
  let hash = 2166136261;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 16777619) >>> 0;
  return hash.toString(16).padStart(8, '0');
}
