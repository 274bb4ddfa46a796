/**
 * The constants of C headers, as a compiler for each ABI has them: its preprocessor lists the names, its assembler text
 * the values: their low 32 bits, which is what a parameter of flags, numbers or requests has. Nothing is run, so no machine of that kind is needed.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GROUPS } from './symbol-headers.mjs';

const words = (text) => text.trim().split(/\s+/);

/** Whether `command` ('gcc -m32') can be run. */
export function hasCompiler(command) {
  return spawnSync(words(command)[0], ['--version']).status === 0;
}

/** Runs `body` with a compiler that finds empty lists of libc's missing functions: for ABIs whose libc is not here. */
export function withCompiler(command, body) {
  const folder = mkdtempSync(join(tmpdir(), 'seccompc-symbols-'));
  try {
    mkdirSync(join(folder, 'gnu'));
    for (const abi of ['x32', '32', 'o32_soft', 'o32_hard', 'n32_hard', 'n64_hard'])
      writeFileSync(join(folder, 'gnu', `stubs-${abi}.h`), '');
    const [compiler, ...flags] = words(command);
    // Behind the system's own folders, so that what is there is used.
    const own = [...flags, '-idirafter', folder, '-w', '-xc'];
    return body((more, input) =>
      spawnSync(compiler, [...own, ...more, '-'], { input, encoding: 'utf8', maxBuffer: 1 << 28 }),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A header that needs another one, which only some ABIs have. */
const NEEDED = { 'linux/kvm.h': 'asm/kvm.h' };

/** The lines that include what there is of a group's headers. */
export function includesOf({ headers }) {
  const include = (h) => `#if __has_include(<${h}>) && __has_include(<${NEEDED[h] ?? h}>)\n#include <${h}>\n#endif\n`;
  return words(headers).map(include).join('');
}

/** Names that may be constants: macros without parameters, and members of enumerations. */
function candidates(gcc, include, { take, takeDefinedBy, skip }) {
  const macros = [...gcc(['-E', '-dM'], include).stdout.matchAll(/^#define ([A-Z_]\w+) (.+)$/gm)];
  const members = [...gcc(['-E', '-P'], include).stdout.matchAll(/\benum\b[^{;]*\{([^}]*)\}/g)].flatMap(([, list]) =>
    list.split(',').flatMap((member) => /^\s*([A-Z_]\w+)/.exec(member)?.[1] ?? []),
  );
  const named = macros.filter(([, name, text]) => take.test(name) || takeDefinedBy?.test(text)).map(([, name]) => name);
  const all = new Set([...named, ...members.filter((name) => take.test(name))]);
  return [...all].filter((name) => !skip?.test(name) && !/^_+(?!_|IOC_|O_|W)/.test(name)).sort();
}

/** name -> value, those that are no constant left out. */
function values(gcc, include, names) {
  let left = names;
  for (;;) {
    const lines = left.map(
      (name) => `const unsigned V_${name} = (unsigned)(${name}); const char W_${name} = ${isWide(name)};`,
    );
    const offset = include.split('\n').length - 1;
    const made = gcc(['-S', '-O1', '-fmax-errors=0', '-o', '-'], `${include}${lines.join('\n')}\n`);
    if (made.status === 0) return read(made.stdout);
    const bad = new Set(
      [...made.stderr.matchAll(/^<stdin>:(\d+):\d+: error/gm)].map(([, line]) => Number(line) - 1 - offset),
    );
    if (bad.size === 0) throw new Error(made.stderr.slice(0, 500));
    left = left.filter((_, i) => !bad.has(i));
  }
}

/** Whether a constant has more than 32 bits: no value for what is printed of an int. */
const isWide = (name) => `(unsigned long long)(${name}) >> 32 != 0 && (long long)(${name}) >> 31 != -1`;

/** Words of 32 bits, in the assembler's text of each compiler. */
function read(assembler) {
  const found = assembler.matchAll(/^V_(\w+):?\n[ \t]+\.(long|word|4byte|zero|skip|space)[ \t]+(-?\w+)/gm);
  const wide = new Set([...assembler.matchAll(/^W_(\w+):?\n[ \t]+\.byte[ \t]+1\b/gm)].map(([, name]) => name));
  const narrow = [...found].filter(([, name]) => !wide.has(name));
  return new Map(narrow.map(([, name, kind, text]) => [name, /^[zs]/.test(kind) ? 0 : Number(text) >>> 0]));
}

/** Every constant of an ABI. */
export function extractSymbols(command) {
  return withCompiler(command, (gcc) => {
    const all = new Map();
    for (const group of GROUPS) {
      const include = includesOf(group);
      for (const [name, value] of values(gcc, include, candidates(gcc, include, group))) all.set(name, value);
    }
    return all;
  });
}
