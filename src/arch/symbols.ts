/** What constants of C headers are worth on each ABI: the names that tracers print for arguments. */
import type { Arch } from './arch.ts';
import { SYMBOLS, SYMBOLS_BY_HAND, SYMBOLS_DIFFERING } from './symbols.gen.ts';
import type { SyscallTable } from './syscalls.gen.ts';

const HEX = 16;
const BASE = 36;

interface Names {
  /** In the order of the table. */
  readonly names: readonly string[];
  /** As most ABIs have them. */
  readonly values: readonly string[];
}

let all: Names | undefined;
const byTable = new Map<SyscallTable, ReadonlyMap<string, number>>();

function* pairs(text: string): Generator<readonly [string, string]> {
  const words = text.split(' ');
  for (let i = 0; i + 1 < words.length; i += 2) yield [words[i] as string, words[i + 1] as string];
}

function usual(): Names {
  if (all !== undefined) return all;
  const names: string[] = [];
  const values: string[] = [];
  let before = '';
  for (const [coded, value] of pairs(SYMBOLS)) {
    before = before.slice(0, Number.parseInt(coded.charAt(0), BASE)) + coded.slice(1);
    names.push(before);
    values.push(value);
  }
  all = { names, values };
  return all;
}

function tableOf({ table }: Arch): ReadonlyMap<string, number> {
  const known = byTable.get(table);
  if (known !== undefined) return known;
  const { names, values } = usual();
  const own = [...values];
  for (const [tables, text] of Object.entries(SYMBOLS_DIFFERING)) {
    if (!tables.split(' ').includes(table)) continue;
    let place = -1;
    for (const [distance, value] of pairs(text)) {
      place += Number.parseInt(distance, BASE);
      own[place] = value;
    }
  }
  const made = new Map<string, number>();
  for (const [name, value] of pairs(SYMBOLS_BY_HAND)) made.set(name, Number(value));
  for (const [i, name] of names.entries()) {
    const value = Number.parseInt(own[i] as string, HEX);
    // '-': this ABI has no such name.
    if (Number.isNaN(value)) made.delete(name);
    else made.set(name, value);
  }
  byTable.set(table, made);
  return made;
}

/** Every name that some ABI has a value for. */
export function symbolNames(): readonly string[] {
  return usual().names;
}

/**
 * The low 32 bits of a constant ('O_CLOEXEC', 'TIOCSTI') on an ABI; undefined where its headers have no such name.
 * @see native-tests/gen/README.md for the headers
 */
export function symbolValue(arch: Arch, name: string): number | undefined {
  return tableOf(arch).get(name);
}
