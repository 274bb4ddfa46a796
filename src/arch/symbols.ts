/** What constants of C headers are worth on each ABI: the names that tracers print for arguments. */
import type { Arch } from './arch.ts';
import { SYMBOLS, SYMBOLS_BY_HAND, SYMBOLS_DIFFERING } from './symbols.gen.ts';
import type { SyscallTable } from './syscalls.gen.ts';

const HEX = 16;
const byTable = new Map<SyscallTable, ReadonlyMap<string, number>>();

function unpack(text: string, into: Map<string, number>, radix: number): void {
  const words = text.split(' ');
  for (let i = 0; i + 1 < words.length; i += 2) {
    const value = Number.parseInt(words[i + 1] as string, radix);
    // '-': this ABI has no such name.
    if (Number.isNaN(value)) into.delete(words[i] as string);
    else into.set(words[i] as string, value);
  }
}

function tableOf({ table }: Arch): ReadonlyMap<string, number> {
  const known = byTable.get(table);
  if (known !== undefined) return known;
  const made = new Map<string, number>();
  unpack(SYMBOLS_BY_HAND, made, 10);
  unpack(SYMBOLS, made, HEX);
  for (const [tables, text] of Object.entries(SYMBOLS_DIFFERING)) {
    if (tables.split(' ').includes(table)) unpack(text, made, HEX);
  }
  byTable.set(table, made);
  return made;
}

/**
 * The low 32 bits of a constant ('O_CLOEXEC', 'TIOCSTI') on an ABI; undefined where its headers have no such name.
 * @see native-tests/gen/README.md for the headers
 */
export function symbolValue(arch: Arch, name: string): number | undefined {
  return tableOf(arch).get(name);
}
