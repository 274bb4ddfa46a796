/** The committed tables are what the generator writes, hold together, and agree with this machine's headers. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { ERRNO_GENERIC, ERRNO_MIPS, ERRNO_PARISC, ERRNO_POWERPC } from '../../src/arch/errno.gen.ts';
import {
  SYSCALL_NAMES,
  SYSCALL_NUMBERS,
  SYSCALL_REMOVED,
  SYSCALL_SINCE,
  type SyscallTable,
} from '../../src/arch/syscalls.gen.ts';
import { NARROW_PARAMETERS } from '../../src/arch/widths.gen.ts';
import { suite } from '../../test/suite.ts';
import { generate } from './generate.mjs';
import { absent, readInputs } from './inputs.mjs';

// The tests run bundled elsewhere; scripts/test.mjs starts each in the project's folder.
const root = process.cwd();
const names = SYSCALL_NAMES.split(' ');
const tables = Object.keys(SYSCALL_NUMBERS) as SyscallTable[];

function numbersOf(table: SyscallTable): ReadonlyMap<string, number> {
  const texts = SYSCALL_NUMBERS[table].split(',');
  assert.is(texts.length, names.length, `columns of ${table}`);
  return new Map(
    names.map((name, i) => [name, texts[i]!] as const).flatMap(([n, t]) => (t === '' ? [] : [[n, Number(t)]])),
  );
}

function pairsOf(text: string): ReadonlyMap<string, number> {
  const words = text.split(' ');
  assert.is(words.length % 2, 0);
  const pairs = words.flatMap((word, i) => (i % 2 === 0 ? [[word, Number(words[i + 1])] as const] : []));
  const map = new Map(pairs);
  assert.is(map.size, pairs.length, 'a name twice');
  return map;
}

/** `#define PREFIXname value` lines; value is a number, or x32's `(__X32_SYSCALL_BIT + n)`. */
function defines(file: string, prefix: string): ReadonlyMap<string, number> {
  const line = new RegExp(`^#define\\s+${prefix}(\\w+)\\s+(\\(__X32_SYSCALL_BIT \\+ )?(\\d+)`, 'gm');
  const found = [...readFileSync(file, 'utf8').matchAll(line)];
  return new Map(found.map(([, name, x32, digits]) => [name!, Number(digits) + (x32 === undefined ? 0 : 0x40000000)]));
}

const include = ['/usr/include/x86_64-linux-gnu/asm', '/usr/include/asm'].find((folder) =>
  existsSync(join(folder, 'unistd_64.h')),
);
const profiles = join(root, '..', 'shared', 'data', 'profiles');

/** Every string under "names", "name" and "syscall", at any depth. */
function namesIn(value: unknown): readonly string[] {
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    if (['names', 'name', 'syscall'].includes(key)) return [inner].flat().filter((name) => typeof name === 'string');
    return namesIn(inner);
  });
}

suite('native-tests/gen', (test) => {
  test.needs(
    () => absent(root),
    'the committed tables are what the generator writes',
    () => {
      for (const [path, text] of Object.entries(generate(readInputs(root)).files))
        assert.ok(readFileSync(join(root, path), 'utf8') === text, `${path} differs: npm run gen`);
    },
  );

  test('names are sorted and unique, every table has one column per name', () => {
    assert.equal(names, [...new Set(names)].sort());
    assert.is(tables.length, 18);
    for (const table of tables) assert.ok(numbersOf(table).size > 300, table);
    for (const versions of [SYSCALL_SINCE, SYSCALL_REMOVED]) {
      assert.is(versions.split(',').length, names.length);
      for (const version of versions.split(',')) assert.match(version, /^(\d+\.\d+(\.\d+)?)?$/);
    }
  });

  test('every name has a number somewhere, in the range of its ABI', () => {
    const ranges: Partial<Record<SyscallTable, readonly [number, number]>> = {
      x32: [0x40000000, 0x400003ff],
      mips: [4000, 4999],
      mips64: [5000, 5999],
      mips64n32: [6000, 6999],
      arm: [0, 0xfffff],
    };
    const seen = new Set<string>();
    for (const table of tables) {
      const [low, high] = ranges[table] ?? [0, 999];
      for (const [name, nr] of numbersOf(table)) {
        seen.add(name);
        assert.ok(nr >= low && nr <= high, `${name} ${nr} on ${table}`);
      }
    }
    assert.equal([...seen].sort(), names);
  });

  test('names that share a number are known aliases', () => {
    for (const table of tables) {
      const byNumber = new Map<number, string>();
      for (const [name, nr] of numbersOf(table)) {
        const other = byNumber.get(nr);
        if (other !== undefined) assert.is(`${table} ${other} ${name}`, 'arm arm_sync_file_range sync_file_range2');
        byNumber.set(nr, name);
      }
    }
  });

  test('widths name calls and tables that exist, and at most six parameters', () => {
    for (const [key, mask] of pairsOf(NARROW_PARAMETERS)) {
      const [name, table] = key.split('@');
      assert.ok(names.includes(name!), key);
      assert.ok(table === undefined || numbersOf(table as SyscallTable).has(name!), key);
      assert.ok(mask >= (table === undefined ? 1 : 0) && mask < 64, `${key} ${mask}`);
    }
  });

  test('widths of well-known calls', () => {
    const masks = pairsOf(NARROW_PARAMETERS);
    const rows = [
      ['socket', 0b111],
      ['personality', 0b1],
      ['prctl', 0b1],
      ['ioctl', 0b11],
      ['fcntl', 0b11],
      ['read', 0b1],
      ['clone', 0b1],
      ['clone@s390x', 0b10],
      ['mmap', 0b10000],
      ['ptrace', 0b10],
      ['clone3', undefined],
      ['mount', undefined],
      ['unshare', undefined],
    ] as const;
    for (const [key, mask] of rows) assert.is(masks.get(key), mask, key);
  });

  test('errno lists overlay one another', () => {
    const generic = pairsOf(ERRNO_GENERIC);
    assert.is(generic.get('ENOSYS'), 38);
    assert.is(generic.get('ENOTSUP'), generic.get('EOPNOTSUPP'));
    for (const [list, nosys] of [
      [ERRNO_MIPS, 89],
      [ERRNO_PARISC, 251],
      [ERRNO_POWERPC, undefined],
    ] as const) {
      const own = pairsOf(list);
      assert.is(own.get('ENOSYS'), nosys);
      for (const [name, errno] of own) assert.is.not(generic.get(name), errno, name);
      for (const errno of own.values()) assert.ok(errno > 0 && errno < 4096);
    }
  });

  test.needs(
    () => (existsSync(profiles) ? undefined : '../shared/data/profiles is not beside this checkout'),
    'every name in the real profiles is known on some ABI',
    () => {
      const unknown = readdirSync(profiles)
        .filter((file) => file.endsWith('.json'))
        .flatMap((file) => namesIn(JSON.parse(readFileSync(join(profiles, file), 'utf8'))))
        .filter((name) => !names.includes(name));
      assert.equal([...new Set(unknown)], []);
    },
  );

  for (const [file, table] of [
    ['unistd_64.h', 'x86_64'],
    ['unistd_32.h', 'i386'],
    ['unistd_x32.h', 'x32'],
  ] as const) {
    test.needs(
      () => (include === undefined ? 'no x86 kernel headers in /usr/include' : undefined),
      `this machine's asm/${file} has the same numbers`,
      () => {
        const ours = numbersOf(table);
        const theirs = defines(join(include!, file), '__NR_');
        assert.ok(theirs.size > 300);
        const highest = Math.max(...ours.values());
        // A header newer than the tables may hold calls with higher numbers, nothing else that we lack.
        for (const [name, nr] of theirs)
          if (ours.has(name) || nr <= highest) assert.is(ours.get(name), nr, `${name} on ${table}`);
      },
    );
  }

  const errnoHeaders = ['errno-base.h', 'errno.h'].map((file) => join('/usr/include/asm-generic', file));
  test.needs(
    () => (errnoHeaders.every((file) => existsSync(file)) ? undefined : 'no asm-generic/errno.h in /usr/include'),
    "this machine's asm-generic/errno.h has the same numbers",
    () => {
      const ours = pairsOf(ERRNO_GENERIC);
      for (const file of errnoHeaders)
        for (const [name, errno] of defines(file, '(?=E)')) assert.is(ours.get(name), errno, name);
    },
  );
});
