/** errno names and numbers: the generic numbering, and the architectures that differ (MIPS, PA-RISC, PowerPC). */
import type { Arch } from './arch.ts';
import { ERRNO_GENERIC, ERRNO_MIPS, ERRNO_PARISC, ERRNO_POWERPC } from './errno.gen.ts';

function unpack(...texts: readonly string[]): ReadonlyMap<string, number> {
  const map = new Map<string, number>();
  for (const text of texts) {
    const words = text.split(' ');
    for (let i = 0; i + 1 < words.length; i += 2) map.set(words[i] as string, Number(words[i + 1]));
  }
  return map;
}

/** What an e_machine numbers differently. */
const DIFFERING: ReadonlyMap<number, string> = new Map([
  [8, ERRNO_MIPS],
  [15, ERRNO_PARISC],
  [20, ERRNO_POWERPC],
  [21, ERRNO_POWERPC],
]);

const unpacked = new Map<string, ReadonlyMap<string, number>>();

function table(arch: Arch | undefined): ReadonlyMap<string, number> {
  const differing = DIFFERING.get(arch?.elf.machine ?? 0) ?? '';
  const known = unpacked.get(differing) ?? unpack(ERRNO_GENERIC, differing);
  unpacked.set(differing, known);
  return known;
}

/** The number of an errno name ('EPERM') on an ABI; undefined when there is none. */
export function errnoNumber(name: string, arch?: Arch): number | undefined {
  return table(arch).get(name);
}

/** The first name of an errno number on an ABI. */
export function errnoName(errno: number, arch?: Arch): string | undefined {
  for (const [name, number] of table(arch)) if (number === errno) return name;
  return undefined;
}

/** Every errno name, generic numbering. */
export function errnoNames(): readonly string[] {
  return [...table(undefined).keys()];
}
