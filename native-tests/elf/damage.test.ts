/**
 * What other tools do to a file after the injection, and whether `seccompc inspect` names it. The files are gcc's, the
 * damage is done by the real tools (strip, objcopy and their relatives of LLVM and elfutils, dd, patchelf), and the kernel
 * is the judge where a program is said to be broken: it must not end as it did before, and any other must.
 */
import { chmodSync, copyFileSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from '../../test/suite.ts';
import { inFreshFolder, seccompc, withoutLinux } from '../support.ts';
import { absent, must, run } from './tools.ts';

/** Writes all of its .bss; prints memory (hexadecimal address from the program's start, count) where asked to. */
const SOURCE = `#include <stdio.h>
#include <stdlib.h>
#include <string.h>
extern char __executable_start[];
static char zeros[40000];
int main(int argc, char **argv) {
  memset(zeros, 1, sizeof zeros);
  if (argc < 4) return 7;
  char *base = strcmp(argv[3], "pie") == 0 ? __executable_start : 0;
  fwrite(base + strtoul(argv[1], 0, 16), 1, atoi(argv[2]), stdout);
  return 0;
}
`;
const PROFILE = `{
  "defaultAction": "SCMP_ACT_ERRNO",
  "syscalls": [{ "names": ["read", "write", "exit_group"], "action": "SCMP_ACT_ALLOW" }]
}
`;
const OTHER = '{ "defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{ "names": ["read"], "action": "SCMP_ACT_ALLOW" }] }';
const RULES = '.seccomp_rules';
const NOTE = '.note.seccompc';

/** Appended; loaded through a header to spare; loaded with the headers moved, there being none. */
type How = 'appended' | 'loaded' | 'moved';

interface Files {
  readonly folder: string;
  /** A program with a filter, note and profile. */
  readonly file: string;
  /** Another filter, as bytes. */
  readonly other: string;
}

/** Renames PT_GNU_PROPERTY, which makes the PT_NOTE that repeats it one that counts: no header is free. */
function withoutSpare(path: string): void {
  const bytes = readFileSync(path);
  const [table, count] = [Number(bytes.readBigUInt64LE(32)), bytes.readUInt16LE(56)];
  for (let i = 0; i < count; i++) {
    if (bytes.readUInt32LE(table + 56 * i) === 0x6474e553) bytes.writeUInt32LE(0x6474e5ff, table + 56 * i);
  }
  writeFileSync(path, bytes);
}

/** What gcc makes of the source with these flags, made once. */
const made = new Map<string, Uint8Array>();

function compiled(source: string, out: string, flags: readonly string[]): Uint8Array {
  const key = flags.join(' ');
  if (!made.has(key)) must(['gcc', '-O1', ...flags, '-o', out, source]);
  const bytes = made.get(key) ?? readFileSync(out);
  made.set(key, bytes);
  return bytes;
}

function make(folder: string, how: How, flags: readonly string[] = ['-pie', '-fPIE'], strip = false): Files {
  const paths = { folder, file: join(folder, 'program'), other: join(folder, 'other.bpf') };
  const [source, profile] = [join(folder, 'program.c'), join(folder, 'profile.json')];
  writeFileSync(source, SOURCE);
  writeFileSync(profile, PROFILE);
  writeFileSync(join(folder, 'other.json'), OTHER);
  writeFileSync(paths.file, compiled(source, paths.file, flags), { mode: 0o755 });
  if (strip) must(['strip', paths.file]);
  if (how === 'moved') withoutSpare(paths.file);
  const load = how === 'appended' ? [] : ['--load'];
  const built = seccompc(['build', profile, '--into', paths.file, '--embed-profile', ...load]);
  assert.is(built.status, 0, built.stderr);
  const arch = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
  assert.is(seccompc(['build', join(folder, 'other.json'), '--arch', arch, '-o', paths.other]).status, 0);
  chmodSync(paths.file, 0o755);
  return paths;
}

interface Inspected {
  readonly ok: boolean;
  readonly kind: string;
  readonly interpreter: string | null;
  readonly filters: readonly {
    readonly state: string;
    readonly bytes: number;
    readonly byteOffset: string;
    readonly mapping: { readonly kind: string; readonly address: string };
  }[];
  readonly undo: { readonly state: string; readonly size: number };
  readonly diagnostics: readonly { readonly code: string; readonly help?: string }[];
}

/** What `inspect` says, as data; its exit status agrees. */
function inspect(file: string): Inspected {
  const done = seccompc(['inspect', file, '--json']);
  assert.is(done.stderr, '');
  const data = JSON.parse(done.stdout) as Inspected;
  assert.equal([done.status, data.ok], [data.ok ? 0 : 1, data.ok]);
  return data;
}

const offsetOf = (file: string): number => Number(inspect(file).filters[0]!.byteOffset);

interface Damage {
  readonly name: string;
  readonly needs: readonly string[];
  readonly how: How;
  readonly tool: (f: Files) => readonly (readonly string[])[];
  /** Sorted; each once. */
  readonly codes: readonly string[];
}

const copyOver = (from: string, to: string) => ['dd', `if=${from}`, `of=${to}`, 'conv=notrunc', 'status=none', 'bs=1'];

// biome-ignore format: a table
const damages: readonly Damage[] = [
  { name: 'strip', needs: ['strip'], how: 'appended', tool: (f) => [['strip', f.file]], codes: ['INSPECT_UNDO_STALE'] },
  { name: 'strip', needs: ['strip'], how: 'loaded', tool: (f) => [['strip', f.file]], codes: ['INSPECT_UNDO_STALE'] },
  { name: 'strip', needs: ['strip'], how: 'moved', tool: (f) => [['strip', f.file]], codes: ['INSPECT_HEADERS', 'INSPECT_UNDO_STALE'] },
  { name: 'strip -g', needs: ['strip'], how: 'appended', tool: (f) => [['strip', '-g', f.file]], codes: ['INSPECT_UNDO_STALE'] },
  { name: 'llvm-strip, which takes out all that is not loaded', needs: ['llvm-strip'], how: 'appended', tool: (f) => [['llvm-strip', f.file]], codes: ['ELF_SECTION_MISSING'] },
  { name: 'llvm-strip, which leaves the mapped note', needs: ['llvm-strip'], how: 'moved', tool: (f) => [['llvm-strip', f.file]], codes: ['INSPECT_HEADERS', 'INSPECT_UNDO_GONE'] },
  { name: 'eu-strip, which leaves the note', needs: ['eu-strip'], how: 'appended', tool: (f) => [['eu-strip', f.file]], codes: ['INSPECT_NOTE_ORPHAN', 'INSPECT_UNDO_GONE'] },
  { name: 'eu-strip', needs: ['eu-strip'], how: 'moved', tool: (f) => [['eu-strip', f.file]], codes: ['INSPECT_HEADERS', 'INSPECT_UNDO_GONE', 'INSPECT_UNMAPPED'] },
  { name: 'objcopy --remove-section, the filter', needs: ['objcopy'], how: 'appended', tool: (f) => [['objcopy', '--remove-section', RULES, f.file]], codes: ['INSPECT_NOTE_ORPHAN', 'INSPECT_UNDO_STALE'] },
  { name: 'objcopy --remove-section, the note', needs: ['objcopy'], how: 'appended', tool: (f) => [['objcopy', '--remove-section', NOTE, f.file]], codes: ['INSPECT_UNDO_STALE'] },
  { name: 'objcopy --remove-section, the undo record', needs: ['objcopy'], how: 'appended', tool: (f) => [['objcopy', '--remove-section', '.seccompc_undo', f.file]], codes: ['INSPECT_UNDO_GONE'] },
  { name: 'objcopy --update-section', needs: ['objcopy'], how: 'appended', tool: (f) => [['objcopy', '--update-section', `${RULES}=${f.other}`, f.file]], codes: ['INSPECT_DIGEST', 'INSPECT_PROFILE_DIFFERS', 'INSPECT_UNDO_STALE'] },
  { name: 'objcopy --set-section-flags alloc,load', needs: ['objcopy'], how: 'appended', tool: (f) => [['objcopy', '--set-section-flags', `${RULES}=alloc,load`, f.file]], codes: ['INSPECT_UNDO_STALE', 'INSPECT_UNMAPPED'] },
  { name: 'llvm-objcopy --strip-sections', needs: ['llvm-objcopy'], how: 'appended', tool: (f) => [['llvm-objcopy', '--strip-sections', f.file]], codes: ['ELF_NO_SECTIONS'] },
  { name: 'dd with another filter', needs: ['dd'], how: 'appended', tool: (f) => [[...copyOver(f.other, f.file), `seek=${offsetOf(f.file)}`, `count=${statSync(f.other).size}`]], codes: ['INSPECT_DIGEST', 'INSPECT_PROFILE_DIFFERS'] },
  { name: 'dd with zeros', needs: ['dd'], how: 'loaded', tool: (f) => [[...copyOver('/dev/zero', f.file), `seek=${offsetOf(f.file)}`, 'count=16']], codes: ['INSPECT_ARCHES', 'INSPECT_DIGEST', 'INSPECT_PROFILE_DIFFERS'] },
  { name: 'dd with one byte of text', needs: ['dd'], how: 'appended', tool: (f) => [[...copyOver(join(f.folder, 'profile.json'), f.file), `seek=${offsetOf(f.file)}`, 'count=1']], codes: ['INSN_OPCODE', 'INSPECT_DIGEST'] },
  { name: 'bytes behind the file', needs: [], how: 'appended', tool: (f) => [['sh', '-c', 'echo more >> "$1"', 'sh', f.file]], codes: ['INSPECT_UNDO_STALE'] },
  { name: 'patchelf --set-rpath', needs: ['patchelf'], how: 'appended', tool: (f) => [['patchelf', '--set-rpath', '/a/longer/path/than/there/is/room/for', f.file]], codes: ['INSPECT_UNDO_STALE'] },
];

suite('elf/damage', (test) => {
  const without =
    (...tools: readonly string[]) =>
    () =>
      withoutLinux('x64') ?? absent('gcc', ...tools);

  for (const how of ['appended', 'loaded', 'moved'] as const) {
    for (const flags of [['-pie', '-fPIE'], ['-no-pie'], ['-static'], ['-static-pie']]) {
      test.needs(without('readelf'), `${how}, ${flags[0]}: whole, and mapped where it says`, () =>
        inFreshFolder((folder) => {
          const { file } = make(folder, how, flags);
          const i = inspect(file);
          assert.equal([i.diagnostics, i.ok, i.undo.state], [[], true, 'intact']);
          assert.is(i.kind, flags[0]?.endsWith('pie') && flags[0] !== '-no-pie' ? 'pie' : 'program');
          const requested = /program interpreter: ([^\]]+)\]/.exec(must(['readelf', '-lW', file]))?.[1];
          assert.is(i.interpreter, requested ?? null);
          assert.is(run([file]).status, 7);
          const [filter] = i.filters;
          assert.is(filter?.mapping.kind, how === 'appended' ? 'unmapped' : 'mapped');
          if (how === 'appended' || filter === undefined) return;
          // The program itself looks there.
          const address = filter.mapping.address.replace('0x', '');
          const dump = join(folder, 'dump');
          must(['sh', '-c', '"$1" "$2" "$3" "$4" > "$5"', 'sh', file, address, `${filter.bytes}`, i.kind, dump]);
          assert.is(seccompc(['elf', 'extract', file, '-o', join(folder, 'extracted')]).status, 0);
          assert.ok(readFileSync(dump).equals(readFileSync(join(folder, 'extracted'))));
        }),
      );
    }
  }

  for (const d of damages) {
    test.needs(without(...d.needs), `${d.how}: ${d.name}`, () =>
      inFreshFolder((folder) => {
        const files = make(folder, d.how);
        assert.equal(inspect(files.file).diagnostics, []);
        for (const command of d.tool(files)) must(command);
        const i = inspect(files.file);
        assert.equal([...new Set(i.diagnostics.map((one) => one.code))].sort(), d.codes);
        assert.not(i.ok);
        for (const one of i.diagnostics) assert.ok(one.help, `${one.code} says what to do`);
        // The kernel's word on whether the program itself is broken.
        assert.is(run([files.file]).status !== 7, d.codes.includes('INSPECT_HEADERS'));
        const text = seccompc(['inspect', files.file]);
        for (const code of d.codes) assert.match(text.stderr, ` error ${code} `);
      }),
    );
  }

  test.needs(without('strip'), 'the cure for all that strip does: strip first, inject last', () =>
    inFreshFolder((folder) => {
      for (const how of ['appended', 'loaded', 'moved'] as const) {
        const { file } = make(folder, how, undefined, true);
        assert.equal([inspect(file).diagnostics, run([file]).status], [[], 7]);
      }
    }),
  );

  test.needs(without('objcopy', 'dd'), 'the cure for a filter that was changed: remove, and put in again', () =>
    inFreshFolder((folder) => {
      const files = make(folder, 'loaded');
      must([...copyOver('/proc/version', files.file), `seek=${offsetOf(files.file)}`, 'count=9']);
      assert.ok(inspect(files.file).diagnostics.every((d) => d.help?.includes('seccompc elf remove')));
      const { size } = inspect(files.file).undo;
      assert.is(seccompc(['elf', 'remove', files.file]).status, 0);
      assert.is(statSync(files.file).size, size);
      assert.is(seccompc(['build', join(folder, 'profile.json'), '--into', files.file, '--load']).status, 0);
      assert.equal([inspect(files.file).diagnostics, run([files.file]).status], [[], 7]);
    }),
  );

  test.needs(without('objcopy'), "objcopy's own section is a filter like any other; its flags alone load nothing", () =>
    inFreshFolder((folder) => {
      const { file, other } = make(folder, 'appended');
      assert.is(seccompc(['elf', 'remove', file]).status, 0);
      const [plain, claiming] = [join(folder, 'plain'), join(folder, 'claiming')];
      must(['objcopy', '--add-section', `${RULES}=${other}`, file, plain]);
      const i = inspect(plain);
      assert.equal([i.diagnostics, i.ok, i.undo.state, i.filters[0]?.mapping.kind], [[], true, 'none', 'unmapped']);
      must([
        'objcopy',
        '--add-section',
        `${RULES}=${other}`,
        '--set-section-flags',
        `${RULES}=alloc,load`,
        file,
        claiming,
      ]);
      assert.equal(
        inspect(claiming).diagnostics.map((d) => d.code),
        ['INSPECT_UNMAPPED'],
      );
    }),
  );

  const cross = 'aarch64-linux-gnu-gcc';
  test.needs(
    without(cross, 'aarch64-linux-gnu-strip', 'qemu-aarch64-static'),
    'aarch64: moved headers, then strip',
    () =>
      inFreshFolder((folder) => {
        const files = make(folder, 'appended');
        must([cross, '-static', '-o', files.file, join(folder, 'program.c')]);
        assert.is(seccompc(['build', join(folder, 'profile.json'), '--into', files.file, '--load']).status, 0);
        assert.equal([inspect(files.file).diagnostics, run(['qemu-aarch64-static', files.file]).status], [[], 7]);
        must(['aarch64-linux-gnu-strip', files.file]);
        const codes = inspect(files.file).diagnostics.map((d) => d.code);
        assert.equal(codes.sort(), ['INSPECT_HEADERS', 'INSPECT_UNDO_STALE']);
        assert.is.not(run(['qemu-aarch64-static', files.file]).status, 7);
      }),
  );

  test.needs(without('gcc'), "a filter of another machine's", () =>
    inFreshFolder((folder) => {
      const { file } = make(folder, 'appended');
      const [foreign, copy] = [join(folder, 'foreign.bpf'), join(folder, 'copy')];
      copyFileSync(file, copy);
      assert.is(seccompc(['build', join(folder, 'profile.json'), '--arch', 'riscv64', '-o', foreign]).status, 0);
      assert.is(seccompc(['elf', 'replace', copy, foreign]).status, 0);
      const codes = inspect(copy).diagnostics.map((d) => d.code);
      assert.equal(codes.sort(), ['INSPECT_ARCHES', 'INSPECT_DIGEST', 'INSPECT_FOREIGN', 'INSPECT_PROFILE_DIFFERS']);
    }),
  );
});
