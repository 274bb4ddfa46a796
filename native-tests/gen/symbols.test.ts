/**
 * Constants against the compilers of this machine: each is handed to the compiler of its ABI as a statement that must be
 * true ("TIOCSTI is 0x5412"). A header that is newer than the table may have more names; what the table says must hold.
 */
import * as assert from 'uvu/assert';
import { ARCHES, symbolValue } from '../../src/arch/index.ts';
import { symbolNames } from '../../src/arch/symbols.ts';
import type { SyscallTable } from '../../src/arch/syscalls.gen.ts';
import { suite } from '../../test/suite.ts';
import { hasCompiler, includesOf, withCompiler } from './extract-symbols.mjs';
import { COMPILERS, GROUPS } from './symbol-headers.mjs';

/** Lines that the compiler refuses, by their number in `text`. */
function refused(command: string, text: string): ReadonlySet<number> {
  return withCompiler(command, (gcc) => {
    const { status, stderr } = gcc(['-fsyntax-only', '-fmax-errors=0', '-fno-diagnostics-show-caret'], text);
    const lines = new Set([...stderr.matchAll(/^<stdin>:(\d+):\d+: error/gm)].map(([, line]) => Number(line)));
    assert.ok(status === 0 || lines.size > 0, stderr.slice(0, 300));
    return lines;
  });
}

/** The groups that a name may be of: by how it begins, else the requests of ioctl, which are taken by their definition. */
function groupsOf(name: string): readonly (typeof GROUPS)[number][] {
  const named = GROUPS.filter(({ take, skip }) => take.test(name) && !skip?.test(name));
  return named.length > 0 ? named : GROUPS.slice(-1);
}

/** Names that no group of headers confirms with these values. */
function wrong(command: string, values: ReadonlyMap<string, number>): readonly string[] {
  const open = new Set(values.keys());
  for (const group of GROUPS) {
    const include = includesOf(group);
    const offset = include.split('\n').length;
    // An unknown name costs the compiler a search for similar ones: only what may be of the group.
    const names = [...open].filter((name) => groupsOf(name).includes(group));
    const statements = names.map((name) => `_Static_assert((unsigned)(${name}) == ${values.get(name)}u, "");`);
    const bad = refused(command, `${include}${statements.join('\n')}\n`);
    for (const [i, name] of names.entries()) if (!bad.has(offset + i)) open.delete(name);
  }
  return [...open];
}

suite('native/symbols', (test) => {
  for (const [table, command] of Object.entries(COMPILERS) as [SyscallTable, string][]) {
    const absent = () => (hasCompiler(command) ? undefined : `${command.split(' ')[0]} is not installed`);
    test.needs(absent, `${table}: every constant is what the compiler says`, () => {
      const arch = [...ARCHES.values()].find((a) => a.table === table);
      assert.ok(arch);
      const known = symbolNames().flatMap((name) => {
        const value = symbolValue(arch, name);
        return value === undefined ? [] : [[name, value] as const];
      });
      assert.ok(known.length > 2500, `${known.length} constants`);
      assert.equal(wrong(command, new Map(known)), []);
      const some = known.filter((_, i) => i % 150 === 0);
      const changed = new Map(some.map(([name, value]) => [name, (value ^ 1) >>> 0] as const));
      assert.is(wrong(command, changed).length, some.length, 'a wrong value was not refused');
    });
  }
});
