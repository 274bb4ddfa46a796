/**
 * `node scripts/gen.mjs --types SOURCE`: reads the parameter types of every call from the SYSCALL_DEFINE lines of an
 * unpacked kernel source (Debian package linux-source-6.1) for the eight 64-bit ABIs, and from this machine's tracefs
 * (sys_enter_*, x86_64 only, mounted, as root), which has the newer calls. Returns what types.json keeps. Needs gcc.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { readNumbers } from './syscalls.mjs';
import { maskOf } from './widths.mjs';

const TRACE = '/sys/kernel/tracing/events/syscalls';

/** Per 64-bit table: its folder below arch/, and where the table of its entry points is ('' the generic header). */
const ABIS = {
  x86_64: ['x86', 'entry/syscalls/syscall_64.tbl', ['common', '64']],
  aarch64: ['arm64', ''],
  mips64: ['mips', 'kernel/syscalls/syscall_n64.tbl', ['n64']],
  ppc64: ['powerpc', 'kernel/syscalls/syscall.tbl', ['common', '64', 'nospu']],
  s390x: ['s390', 'kernel/syscalls/syscall.tbl', ['common', '64']],
  riscv64: ['riscv', ''],
  loongarch64: ['loongarch', ''],
  parisc64: ['parisc', 'kernel/syscalls/syscall.tbl', ['common', '64']],
};
const GENERIC_FOLDERS = [
  'block',
  'drivers/char',
  'drivers/pci',
  'fs',
  'init',
  'io_uring',
  'ipc',
  'kernel',
  'lib',
  'mm',
  'net',
  'security',
];

/** Entry points that the kernel renames after the table: arch/arm64/kernel/sys.c, arch/parisc/kernel/entry.S. */
const ENTRY = (table, entry) =>
  table === 'aarch64' && entry === 'sys_personality' ? 'sys_arm64_personality' : entry.replace(/_wrapper$/, '');

/** `name -> entry point` from a syscall.tbl. */
function fromTable(text, abis) {
  return new Map(
    text
      .split('\n')
      .map((line) => line.split(/\s+/))
      .filter(
        ([number, abi, , entry]) => /^\d+$/.test(number) && abis.includes(abi) && entry !== undefined && entry !== '-',
      )
      .map(([, , name, entry]) => [name, entry]),
  );
}

/** `name -> entry point` from asm-generic/unistd.h as one architecture includes it. arm64's uapi folder lends bitsperlong.h. */
function fromGenericHeader(source, folder, numbers) {
  const output = execFileSync(
    'gcc',
    [
      ...[
        '-E',
        '-undef',
        '-nostdinc',
        '-D__LP64__',
        '-D__SIZEOF_POINTER__=8',
        '-D__SYSCALL(number, entry)=@@ number entry',
      ],
      ...[`arch/${folder}/include/uapi`, 'include/uapi', 'arch/arm64/include/uapi'].flatMap((path) => [
        '-I',
        join(source, path),
      ]),
      '-',
    ],
    { input: '#include <asm/unistd.h>\n', encoding: 'utf8' },
  );
  const names = new Map([...numbers].map(([name, number]) => [number, name]));
  const found = new Map();
  for (const [, expression, entry] of output.matchAll(/^@@ (.*) (\w+)$/gm)) {
    const number = expression
      .replace(/[()]/g, '')
      .split('+')
      .reduce((sum, part) => sum + Number(part), 0);
    const name = names.get(number);
    if (name !== undefined) found.set(name, entry);
  }
  return found;
}

/** `function -> [{ folder, types }]` of every SYSCALL_DEFINE below the given folders. */
function definitions(source) {
  const found = new Map();
  const folders = [...GENERIC_FOLDERS, ...Object.values(ABIS).map(([folder]) => `arch/${folder}`)];
  for (const folder of folders) {
    for (const file of readdirSync(join(source, folder), { recursive: true })) {
      if (!String(file).endsWith('.c')) continue;
      const text = readFileSync(join(source, folder, String(file)), 'utf8');
      for (const [line, count, inside] of text.matchAll(/^SYSCALL_DEFINE(\d)\(([^{;]*?)\)\s*[{;\n]/gm)) {
        const [name, ...rest] = inside
          .replace(/\/\*.*?\*\//gs, '')
          .split(',')
          .map((part) => part.trim());
        const types = rest.filter((_, i) => i % 2 === 0).map(plain);
        if (types.length !== Number(count)) throw new Error(`${folder}/${file}: cannot read ${line}`);
        found.set(name, [...(found.get(name) ?? []), { folder, types }]);
      }
    }
  }
  return found;
}

/** A C type as types.json has it: '*' for every pointer, no qualifiers. */
function plain(type) {
  const text = type
    .replace(/\b(const|__user)\b/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  if (text.includes('*') || /^(cap_user_(header|data)_t|__sighandler_t)$/.test(text)) return '*';
  return text.startsWith('enum ') ? 'enum' : text;
}

/** Where a function has several definitions under #ifdef: the parameters all have, each with the widest of its types. */
function widest(candidates) {
  const length = Math.min(...candidates.map((types) => types.length));
  return Array.from({ length }, (_, i) => {
    const types = candidates.map((candidate) => candidate[i]);
    return types.find((type) => maskOf(type) === 0) ?? types[0];
  });
}

/** `function -> types` of this machine's kernel. */
function fromTrace() {
  if (!existsSync(TRACE)) throw new Error('no tracefs: mount -t tracefs nodev /sys/kernel/tracing (as root)');
  const found = new Map();
  for (const folder of readdirSync(TRACE).filter((name) => name.startsWith('sys_enter_'))) {
    const format = readFileSync(join(TRACE, folder, 'format'), 'utf8');
    // Offsets below 16 hold the common header and the call's number.
    const fields = [...format.matchAll(/^\tfield:(.*?)\s*\b\w+;\toffset:(\d+);/gm)].filter(
      ([, , offset]) => Number(offset) >= 16,
    );
    found.set(
      folder.slice('sys_enter_'.length),
      fields.map(([, type]) => plain(type)),
    );
  }
  return found;
}

/** Returns the extract, and notes for the operator to see. `sourceName` is the Debian package and version. */
export function extractTypes(numbersCsv, source, sourceName) {
  const numbers = readNumbers(numbersCsv);
  const defined = definitions(source);
  const report = [];
  /** name -> Map(table -> signature) */
  const signatures = new Map();
  const put = (name, table, types) =>
    signatures.set(name, (signatures.get(name) ?? new Map()).set(table, types.join(',')));

  let x86Entries = new Map();
  for (const [table, [folder, file, abis]] of Object.entries(ABIS)) {
    const entries =
      file === ''
        ? fromGenericHeader(source, folder, numbers.get(table))
        : fromTable(readFileSync(join(source, 'arch', folder, file), 'utf8'), abis);
    if (table === 'x86_64') x86Entries = entries;
    for (const [name, entry] of entries) {
      if (entry === 'sys_ni_syscall') continue;
      const all = defined.get(ENTRY(table, entry).replace(/^(__)?sys_/, '')) ?? [];
      const own = all.filter((definition) => definition.folder === `arch/${folder}`);
      const candidates = (
        own.length > 0 ? own : all.filter((definition) => !definition.folder.startsWith('arch/'))
      ).map((definition) => definition.types);
      if (candidates.length > 0) put(name, table, widest(candidates));
      else put(name, table, ['?']);
    }
  }

  const trace = fromTrace();
  for (const name of numbers.get('x86_64').keys()) {
    const traced = trace.get((x86Entries.get(name) ?? `sys_${name}`).replace(/^sys_/, ''));
    if (traced === undefined) continue;
    const known = signatures.get(name)?.get('x86_64');
    if (known === undefined || known === '?') put(name, 'x86_64', traced);
    else if (known.split(',').length !== Math.max(traced.length, 1) || maskOf(known) !== maskOf(traced.join(',')))
      throw new Error(`${name}: ${known} in the source, ${traced} in this kernel`);
  }

  const calls = {};
  for (const [name, tables] of [...signatures].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if ([...tables.values()].every((signature) => signature === '?')) {
      report.push(`no signature: ${name}`);
      continue;
    }
    const usual = [...tables.values()].find((signature) => signature !== '?');
    calls[name] = usual;
    for (const [table, signature] of tables)
      if (maskOf(signature) !== maskOf(usual)) calls[`${name}@${table}`] = signature;
  }
  const extract = {
    comment: 'Written by `node scripts/gen.mjs --types`: parameter types; * is any pointer, ? an unknown signature.',
    sources: { source: sourceName, trace: `tracefs sys_enter_* of Linux ${release().split('-')[0]} on x86_64` },
    calls,
  };
  return { extract, report };
}
