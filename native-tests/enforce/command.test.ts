/**
 * `seccompc build --enforce` as a person meets it, on this kernel: what is denied, what happens when the filter cannot be
 * installed, what is refused, and what inspect says when somebody has been at the file.
 */
import { chmodSync, copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { readElf } from '../../src/elf/index.ts';
import { suite } from '../../test/suite.ts';
import { absent, must, run } from '../elf/tools.ts';
import { inFreshFolder, seccompc, withoutI386, withoutLinux } from '../support.ts';

const SOURCE = `
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
int main(void) {
  int s = socket(AF_INET, SOCK_STREAM, 0);
  printf("socket: %s\\n", s < 0 ? strerror(errno) : "open");
  return 7;
}
`;
const DENY =
  '{ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{ "names": ["socket"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1 }] }';
/** A library whose constructor starts a thread: it asks for a socket before the program starts, and again when that lets it. */
const EARLY_THREAD = `
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
static sem_t asked, go;
static pthread_t thread;
static void ask(const char *when) {
  int s = socket(AF_INET, SOCK_STREAM, 0);
  printf("%s: %s\\n", when, s < 0 ? strerror(errno) : "open");
}
static void *run(void *x) { ask("before"); sem_post(&asked); sem_wait(&go); ask("after"); return x; }
__attribute__((constructor)) static void early(void) {
  sem_init(&asked, 0, 0); sem_init(&go, 0, 0); pthread_create(&thread, 0, run, 0); sem_wait(&asked);
}
int ask_again(void) { sem_post(&go); return pthread_join(thread, 0); }
`;
const MESSAGE = 'seccompc: the filter could not be installed; not started\n';

interface Made {
  readonly folder: string;
  readonly file: string;
  readonly profile: string;
  readonly build: (...more: readonly string[]) => ReturnType<typeof seccompc>;
}

/** A program of SOURCE in a fresh folder, and a profile. */
function withProgram(flags: readonly string[], body: (made: Made) => void, profile = DENY, gcc = 'gcc'): Promise<void> {
  return inFreshFolder((folder) => {
    const [file, path] = [join(folder, 'program'), join(folder, 'profile.json')];
    must([gcc, '-x', 'c', '-', '-o', file, ...flags], { input: SOURCE });
    writeFileSync(path, profile);
    body({ folder, file, profile: path, build: (...more) => seccompc(['build', path, '--into', file, ...more]) });
  });
}

const ok = (r: ReturnType<typeof seccompc>) => {
  assert.is(r.status, 0, r.stderr);
  return r;
};
const refused = (r: ReturnType<typeof seccompc>, code: string) => {
  assert.is(r.status, 1, r.stdout);
  assert.match(r.stderr, new RegExp(`error ${code}\\b`));
};

/** Where a section stands in the file. */
function placeOf(
  file: string,
  name: string,
): { readonly offset: number; readonly size: number; readonly header: number } {
  const s = readElf(readFileSync(file)).sections.find((one) => one.name === name)!;
  return { offset: Number(s.sh_offset), size: Number(s.sh_size), header: s.headerOffset };
}

function change(file: string, body: (bytes: Buffer) => void): void {
  const bytes = readFileSync(file);
  body(bytes);
  writeFileSync(file, bytes);
}

/** What somebody did to an enforced file, what inspect calls it, and whether the program still starts. */
const tampered = [
  {
    name: 'a filter that the kernel refuses',
    at: (file: string, bytes: Buffer) => bytes.writeUInt16LE(0xffff, placeOf(file, '.seccomp_rules').offset),
    code: 'INSN_OPCODE',
    status: 159,
  },
  {
    name: 'a byte of the stub',
    at: (file: string, bytes: Buffer) => {
      const { offset, size } = placeOf(file, '.seccomp_entry');
      bytes[offset + size - 30]! ^= 1;
    },
    code: 'INSPECT_STUB',
    status: 7,
  },
  {
    name: 'an entry that goes round the stub',
    at: (file: string, bytes: Buffer) => {
      const elf = readElf(bytes);
      const code = elf.sections.find((s) => s.name === '.seccomp_entry')!;
      const { offset, size } = placeOf(file, '.seccomp_entry');
      bytes.writeBigUInt64LE(code.sh_addr + BigInt(bytes.readInt32LE(offset + size - 4)), 24);
    },
    code: 'INSPECT_STUB_UNUSED',
    status: 7,
  },
  {
    name: 'a section header that shows another filter',
    at: (file: string, bytes: Buffer) => {
      const { header, size } = placeOf(file, '.seccomp_rules');
      bytes.writeBigUInt64LE(BigInt(size - 8), header + 32);
    },
    code: 'INSPECT_STUB_FILTER',
    status: 7,
  },
  {
    // Segments are mapped by whole pages: 16 bytes behind the stub bring a page that lies over it.
    name: "a segment of other bytes of the stub's page",
    at: (file: string, bytes: Buffer) => {
      const elf = readElf(bytes);
      const { offset, size } = placeOf(file, '.seccomp_entry');
      const { sh_addr } = elf.sections.find((s) => s.name === '.seccomp_entry')!;
      const entry = bytes.readInt32LE(offset + size - 4);
      const stack = elf.segments.findIndex((p) => p.p_type === 0x6474e551);
      const ours = elf.segments.find((p) => p.p_type === 1 && p.p_vaddr <= sh_addr && sh_addr < p.p_vaddr + p.p_memsz)!;
      // The page goes over names of symbols, which nobody reads at run time.
      const page = Math.ceil(placeOf(file, '.strtab').offset / 4096) * 4096;
      const at = page + Number(sh_addr % 4096n);
      bytes[at] = 0xe9;
      bytes.writeInt32LE(entry - 5, at + 1);
      const address = ours.p_vaddr + ours.p_memsz;
      const header = 64 + 56 * stack;
      bytes.writeUInt32LE(1, header);
      bytes.writeUInt32LE(5, header + 4);
      for (const [i, value] of [BigInt(page) + (address % 4096n), address, address, 16n, 16n, 4096n].entries())
        bytes.writeBigUInt64LE(value, header + 8 + 8 * i);
    },
    code: 'INSPECT_STUB',
    status: 7,
  },
] as const;

suite('enforce/command', (test) => {
  const needs = () => withoutLinux('x64') ?? absent('gcc');
  for (const flags of [['-static'], ['-static-pie'], ['-pie', '-fPIE'], ['-no-pie'], ['-m32', '-static']]) {
    const gcc = flags[0] === '-m32' ? 'i686-linux-gnu-gcc' : 'gcc';
    const more = flags.filter((flag) => flag !== '-m32');
    test.needs(
      () => needs() ?? absent(gcc) ?? (flags[0] === '-m32' ? withoutI386() : undefined),
      `${gcc} ${more.join(' ')}: denied, inspected, rebuilt and taken out`,
      () =>
        withProgram(
          more,
          ({ file, build }) => {
            const before = readFileSync(file);
            assert.equal([run([file]).stdout, run([file]).status], ['socket: open\n', 7]);
            assert.match(ok(build('--enforce')).stdout, /before its first instruction/);
            // i386 reaches socket(2) through socketcall as well, which the profile leaves open.
            if (gcc === 'gcc') assert.is(run([file]).stdout, 'socket: Operation not permitted\n');
            assert.is(run([file]).status, 7);
            assert.match(ok(seccompc(['inspect', file])).stdout, /installed by the program itself/);
            const once = readFileSync(file);
            ok(build('--enforce'));
            assert.ok(readFileSync(file).equals(once));
            refused(seccompc(['elf', 'add', file, '/dev/null', '--section', '.more']), 'ELF_ENFORCED');
            refused(build('--section', '.second'), 'ELF_ENFORCED');
            ok(build());
            assert.is(run([file]).stdout, 'socket: open\n');
            ok(build('--enforce'));
            ok(seccompc(['elf', 'remove', file]));
            assert.ok(readFileSync(file).equals(before));
          },
          DENY,
          gcc,
        ),
    );
  }

  for (const r of tampered) {
    test.needs(needs, `${r.name}: inspect says ${r.code}, the program ends with ${r.status}`, () =>
      withProgram(['-static'], ({ file, build }) => {
        ok(build('--enforce'));
        change(file, (bytes) => r.at(file, bytes));
        const said = seccompc(['inspect', file]);
        assert.is(said.status, 1);
        assert.match(said.stderr, new RegExp(`error ${r.code}\\b`));
        const { status, stdout, stderr } = run([file]);
        assert.is(status, r.status);
        if (r.status === 159) assert.equal([stdout, stderr], ['', MESSAGE]);
      }),
    );
  }

  test.needs(needs, 'a kernel that refuses seccomp, as an outer filter makes it: it does not start', () =>
    withProgram(['-static'], ({ folder, file, build }) => {
      ok(build('--enforce'));
      const outer = join(folder, 'outer.json');
      const inner = join(folder, 'shell');
      writeFileSync(outer, DENY.replace('"socket"', '"seccomp"'));
      copyFileSync('/bin/sh', inner);
      chmodSync(inner, 0o755);
      ok(seccompc(['build', outer, '--into', inner, '--enforce']));
      const { status, stdout, stderr } = run([inner, '-c', `exec ${file}`]);
      assert.equal([status, stdout, stderr], [159, '', MESSAGE]);
    }),
  );

  test.needs(
    () => needs() ?? absent('bash-static'),
    'execve denied from inside: the shell runs, and starts nothing',
    () =>
      inFreshFolder((folder) => {
        const [shell, profile] = [join(folder, 'shell'), join(folder, 'profile.json')];
        copyFileSync(must(['sh', '-c', 'command -v bash-static']).trim(), shell);
        chmodSync(shell, 0o755);
        writeFileSync(profile, DENY.replace('"socket"', '"execve", "execveat"'));
        ok(seccompc(['build', profile, '--into', shell, '--enforce']));
        const { stdout, stderr } = run([shell, '-c', 'echo inside; /bin/echo outside; echo $?']);
        assert.is(stdout, 'inside\n126\n');
        assert.match(stderr, /Operation not permitted/);
      }),
  );

  for (const cpu of ['aarch64', 'riscv64', 's390x']) {
    const gcc = `${cpu}-linux-gnu-gcc`;
    test.needs(
      () => absent(gcc, `qemu-${cpu}-static`),
      `${cpu}: without seccomp (qemu-user) it does not start`,
      () =>
        withProgram(
          ['-static'],
          ({ file, build }) => {
            assert.is(run([`qemu-${cpu}-static`, file]).status, 7);
            ok(build('--enforce'));
            const { status, stdout, stderr } = run([`qemu-${cpu}-static`, file]);
            assert.equal([status, stdout, stderr], [159, '', MESSAGE]);
            ok(seccompc(['inspect', file]));
          },
          DENY,
          gcc,
        ),
    );
  }

  const flagged = (...flags: readonly string[]) =>
    DENY.replace('{ "defaultAction"', `{ "flags": ${JSON.stringify(flags)}, "defaultAction"`);
  const passed: readonly (readonly [how: string, flags: readonly string[], seen: string])[] = [
    ['-static', [], '0'],
    ['-static', ['SECCOMP_FILTER_FLAG_SPEC_ALLOW'], 'SECCOMP_FILTER_FLAG_SPEC_ALLOW'],
    ['-static', ['SECCOMP_FILTER_FLAG_LOG'], 'SECCOMP_FILTER_FLAG_LOG'],
    ['-static', ['SECCOMP_FILTER_FLAG_TSYNC'], 'SECCOMP_FILTER_FLAG_TSYNC'],
    ['-pie', [], 'SECCOMP_FILTER_FLAG_TSYNC'],
    ['-pie', ['SECCOMP_FILTER_FLAG_LOG'], 'SECCOMP_FILTER_FLAG_TSYNC|SECCOMP_FILTER_FLAG_LOG'],
  ];
  for (const [how, flags, seen] of passed)
    test.needs(
      () => needs() ?? absent('strace'),
      `${how}, the profile's flags ${flags.join(', ') || 'none'}: the kernel gets ${seen}`,
      () =>
        withProgram(
          [how, '-fPIE'],
          ({ file, build }) => {
            ok(build('--enforce'));
            const { stderr } = run(['strace', '-e', 'trace=seccomp', file]);
            assert.is(/^seccomp\(SECCOMP_SET_MODE_FILTER, ([^,]+), .* = 0$/m.exec(stderr)?.[1], seen, stderr);
          },
          flagged(...flags),
        ),
    );

  test.needs(needs, "a thread that a library's constructor has started is confined too", () =>
    inFreshFolder((folder) => {
      const [file, library, profile] = ['program', 'libearly.so', 'profile.json'].map((name) => join(folder, name));
      must(['gcc', '-x', 'c', '-', '-shared', '-fPIC', '-pthread', '-o', library!], { input: EARLY_THREAD });
      const main = 'int ask_again(void); int main(void) { return ask_again(); }';
      must(['gcc', '-x', 'c', '-', '-o', file!, `-L${folder}`, '-learly', `-Wl,-rpath,${folder}`], { input: main });
      writeFileSync(profile!, DENY);
      assert.is(run([file!]).stdout, 'before: open\nafter: open\n');
      ok(seccompc(['build', profile!, '--into', file!, '--enforce']));
      assert.is(run([file!]).stdout, 'before: open\nafter: Operation not permitted\n');
    }),
  );

  const cannot = [
    {
      name: 'NOTIFY',
      profile: DENY.replace('SCMP_ACT_ERRNO', 'SCMP_ACT_NOTIFY').replace(', "errnoRet": 1', ''),
      code: 'ENFORCE_NOTIFY',
    },
    {
      name: 'a flag for a listener',
      profile: flagged('SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV'),
      code: 'ENFORCE_FLAGS',
    },
    { name: 'a library', flags: ['-shared', '-fPIC'], code: 'ELF_NOT_PROGRAM' },
    { name: 'an object', flags: ['-c'], code: 'ELF_NOT_PROGRAM' },
  ];
  for (const { name, flags = ['-static'], profile = DENY, code } of cannot) {
    test.needs(needs, `${name} is refused`, () =>
      withProgram(
        flags,
        ({ file, build }) => {
          const before = readFileSync(file);
          refused(build('--enforce'), code);
          assert.ok(readFileSync(file).equals(before));
        },
        profile,
      ),
    );
  }

  /** What cannot be started by itself, and starts that lead nowhere. */
  const E_ENTRY = 24;
  const entries: readonly (readonly [string, (elf: ReturnType<typeof readElf>) => bigint])[] = [
    ['none', () => 0n],
    ['in no segment', () => 0x10n],
    [
      'in a segment that is not executable',
      (elf) => elf.segments.find((p) => p.p_type === 1 && (p.p_flags & 1) === 0)!.p_vaddr,
    ],
  ];
  for (const [name, at] of entries)
    test.needs(needs, `an entry ${name} is refused`, () =>
      withProgram(['-static'], ({ file, build }) => {
        change(file, (bytes) => bytes.writeBigUInt64LE(at(readElf(bytes)), E_ENTRY));
        const before = readFileSync(file);
        refused(build('--enforce'), 'ELF_ENTRY');
        assert.ok(readFileSync(file).equals(before));
      }),
    );
  for (const path of ['/lib64/ld-linux-x86-64.so.2', '/lib/x86_64-linux-gnu/libc.so.6'])
    test.needs(
      () => needs() ?? (existsSync(path) ? undefined : `there is no ${path}`),
      `${path} is refused`,
      () =>
        withProgram(['-static'], ({ file, build }) => {
          writeFileSync(file, readFileSync(path));
          refused(build('--enforce'), 'ELF_NOT_PROGRAM');
          assert.ok(readFileSync(file).equals(readFileSync(path)));
        }),
    );
  test.needs(needs, 'a filter for other architectures is refused', () =>
    withProgram(['-static'], ({ build }) => {
      for (const arches of ['aarch64', 'i386', 'x32,i386'])
        refused(build('--enforce', '--arch', arches), 'ARCH_ELF_MISMATCH');
      ok(build('--enforce', '--arch', 'x86_64,i386'));
    }),
  );
  test.needs(
    () => needs() ?? absent('mips-linux-gnu-gcc'),
    'a machine without such code is refused, and named',
    () =>
      withProgram(
        ['-static'],
        ({ build }) => {
          refused(build('--enforce'), 'ENFORCE_MACHINE');
          assert.match(build('--enforce').stderr, /program of mips cannot .*\n.*x86_64, i386, aarch64, riscv64, s390x/);
        },
        DENY,
        'mips-linux-gnu-gcc',
      ),
  );
});
