/**
 * `seccompc build --enforce` as a person meets it, on this kernel: what is denied, what happens when the filter cannot be
 * installed, what is refused, and what inspect says when somebody has been at the file.
 */
import { chmodSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs';
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

  const cannot = [
    {
      name: 'NOTIFY',
      profile: DENY.replace('SCMP_ACT_ERRNO', 'SCMP_ACT_NOTIFY').replace(', "errnoRet": 1', ''),
      code: 'ENFORCE_NOTIFY',
    },
    {
      name: 'a flag for a listener',
      profile: DENY.replace(
        '{ "defaultAction"',
        '{ "flags": ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"], "defaultAction"',
      ),
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
});
