/**
 * `node scripts/gen.mjs --headers`: downloads Debian's kernel header packages (apt-get download), has the C preprocessor
 * list the macros of <asm/unistd.h> and <linux/errno.h> for every ABI, and returns what headers.json keeps: the names that
 * the number table lacks, and the errno lists. Needs apt-get, dpkg-deb and gcc.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readNumbers } from './syscalls.mjs';

const mips = (abi) => ['_MIPS_SIM_ABI32=1', '_MIPS_SIM_NABI32=2', '_MIPS_SIM_ABI64=3', `_MIPS_SIM=${abi}`];

/**
 * Per table: the Debian architecture of its package, and the macros by which <asm/unistd.h> tells the ABIs apart.
 * Debian 12 has no loongarch64 package; Linux 6.1 arch/loongarch/include/uapi/asm/unistd.h is the generic header with
 * these three macros, so any package's generic header serves.
 */
const ABIS = {
  x86_64: ['amd64', ['__x86_64__']],
  i386: ['i386', ['__i386__']],
  x32: ['x32', ['__x86_64__', '__ILP32__']],
  arm: ['armhf', ['__ARM_EABI__']],
  aarch64: ['arm64', ['__LP64__']],
  mips: ['mips', mips(1)],
  mips64: ['mips64', mips(3)],
  mips64n32: ['mipsn32', mips(2)],
  ppc: ['powerpc', []],
  ppc64: ['ppc64', ['__powerpc64__']],
  s390: ['s390x', []],
  s390x: ['s390x', ['__s390x__']],
  riscv64: ['riscv64', ['__LP64__', '__SIZEOF_POINTER__=8']],
  loongarch64: [
    'riscv64',
    ['__LP64__', '__SIZEOF_POINTER__=8', '__ARCH_WANT_NEW_STAT', '__ARCH_WANT_SYS_CLONE', '__ARCH_WANT_SYS_CLONE3'],
    'asm-generic/unistd.h',
  ],
  parisc: ['hppa', []],
  parisc64: ['hppa', ['__LP64__']],
  m68k: ['m68k', []],
  sh: ['sh4', []],
};

/** Macros that start like a call's but name none: bases, limits, masks, and numbers that MIPS keeps free. */
const BOOKKEEPING =
  /^(syscalls|arch_specific_syscall|(OABI_)?SYSCALL_BASE|SYSCALL_MASK|BASE|\w*Linux(_syscalls)?|(un)?reserved\d+|unused\d+)$/;

/** Every macro after `#include <header>`, as text. Nothing of this machine's own headers or compiler leaks in. */
function macros(include, header, defines) {
  const args = ['-E', '-dM', '-undef', '-nostdinc', '-I', include, ...defines.map((define) => `-D${define}`), '-'];
  const output = execFileSync('gcc', args, { input: `#include <${header}>\n`, encoding: 'utf8', maxBuffer: 1 << 26 });
  return new Map([...output.matchAll(/^#define (\w+)[ \t]+(.+)$/gm)].map(([, name, value]) => [name, value]));
}

/** The value of a macro such as `(__X32_SYSCALL_BIT + 5)`: sums of numbers and other macros. */
function evaluate(all, text) {
  return text
    .replace(/\/\*.*?\*\//g, '')
    .replace(/[()]/g, '')
    .split('+')
    .map((part) => part.trim())
    .reduce((sum, part) => {
      if (/^(0x[\da-f]+|\d+)$/i.test(part)) return sum + Number(part);
      const value = all.get(part);
      if (value === undefined) throw new Error(`cannot evaluate the macro ${text}`);
      return sum + evaluate(all, value);
    }, 0);
}

/** 'EPERM 1 ENOENT 2 ...': those with a number of their own first, by number, then the aliases. */
function errnoList(include) {
  const all = macros(include, 'linux/errno.h', []);
  const rows = [...all]
    .filter(([name]) => /^E[A-Z\d]+$/.test(name))
    .map(([name, text]) => ({ name, number: evaluate(all, text), alias: !/^\d/.test(text) }));
  rows.sort((a, b) => Number(a.alias) - Number(b.alias) || a.number - b.number || (a.name < b.name ? -1 : 1));
  return rows.map(({ name, number }) => `${name} ${number}`).join(' ');
}

/** Returns the extract, and counts for the operator to see. */
export function extractHeaders(numbersCsv) {
  const scratch = mkdtempSync(join(tmpdir(), 'seccompc-headers-'));
  try {
    const debian = [...new Set(Object.values(ABIS).map(([arch]) => arch))];
    const packages = debian.map((arch) => `linux-libc-dev-${arch}-cross`);
    execFileSync('apt-get', ['download', '-qq', ...packages], {
      cwd: scratch,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    const include = {};
    const versions = {};
    for (const file of readdirSync(scratch)) {
      const [name, version] = file.split('_');
      const arch = name.slice('linux-libc-dev-'.length, -'-cross'.length);
      execFileSync('dpkg-deb', ['-x', file, arch], { cwd: scratch });
      const usr = join(scratch, arch, 'usr');
      const triplet = readdirSync(usr).find((folder) => folder !== 'share');
      include[arch] = join(usr, triplet, 'include');
      versions[arch] = `${name} ${version}`;
    }

    const known = readNumbers(numbersCsv);
    const names = {};
    const report = [];
    for (const [table, [arch, defines, header = 'asm/unistd.h']] of Object.entries(ABIS)) {
      const all = macros(include[arch], header, defines);
      const calls = [...all]
        .map(([macro, text]) => [/^__(?:ARM_)?NR_(\w+)$/.exec(macro)?.[1], text])
        .filter(([name]) => name !== undefined && !BOOKKEEPING.test(name))
        .map(([name, text]) => [name, evaluate(all, text)])
        .sort(([a], [b]) => (a < b ? -1 : 1));
      const disagreeing = calls.filter(([name, number]) => (known.get(table).get(name) ?? number) !== number);
      names[table] = Object.fromEntries(calls.filter(([name, number]) => known.get(table).get(name) !== number));
      report.push(
        `${table}: ${calls.length} calls in the headers, ${Object.keys(names[table]).length} not in the number table`,
        ...disagreeing.map(
          ([name, number]) => `  DISAGREE ${name}: ${known.get(table).get(name)} in the table, ${number} here`,
        ),
      );
    }

    const errno = Object.fromEntries(
      Object.entries({ generic: 'amd64', mips: 'mips', parisc: 'hppa', powerpc: 'ppc64' }).map(([which, arch]) => [
        which,
        errnoList(include[arch]),
      ]),
    );
    for (const arch of debian) {
      if (!Object.values(errno).includes(errnoList(include[arch])))
        throw new Error(`${arch} has an errno list of its own`);
    }

    const extract = {
      comment:
        'Written by `node scripts/gen.mjs --headers`: what the number table lacks, from user-space kernel headers.',
      packages: Object.fromEntries(Object.entries(ABIS).map(([table, [arch]]) => [table, versions[arch]])),
      names,
      errno,
    };
    return { extract, report };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
