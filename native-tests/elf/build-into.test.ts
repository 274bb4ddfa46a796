/**
 * The main job from end to end, judged by others: `seccompc build --into` on real binaries. Each still runs, readelf shows
 * the section, objcopy dumps exactly the compiled bytes, and of the original bytes only three header fields change.
 */
import { chmodSync, copyFileSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from '../../test/suite.ts';
import { withoutShared } from '../../test/support/shared.ts';
import { inFreshFolder, runCommand, seccompc, withoutLinux, withoutTool } from '../support.ts';

/** Docker's own profile where it is at hand, else ours with the same decisions. */
const PROFILE = withoutShared() ? 'profiles/container-default.jsonc' : '../shared/data/profiles/docker-default.json';
const C_SOURCE = '#include <stdio.h>\nint main(void) { puts("hello"); return 7; }\n';
const GO_SOURCE = 'package main\n\nimport "fmt"\n\nfunc main() { fmt.Println("hello") }\n';

interface Kind {
  readonly name: string;
  readonly tools: readonly string[];
  /** Makes the binary; returns the arguments to run it with. */
  readonly make: (folder: string, out: string) => readonly string[];
}

function compileC(flags: readonly string[]): Kind['make'] {
  return (folder, out) => {
    const source = join(folder, 'hello.c');
    writeFileSync(source, C_SOURCE);
    assert.is(runCommand('gcc', [...flags, '-o', out, source]).status, 0);
    return [];
  };
}

const KINDS: readonly Kind[] = [
  {
    name: 'node',
    tools: [],
    make: (_, out) => {
      copyFileSync(process.execPath, out);
      return ['-e', 'console.log(6*7)'];
    },
  },
  {
    name: 'Go',
    tools: ['go'],
    make: (folder, out) => {
      writeFileSync(join(folder, 'hello.go'), GO_SOURCE);
      const env = [`GOCACHE=${join(folder, 'cache')}`, 'GOPROXY=off', 'GO111MODULE=off', 'CGO_ENABLED=0'];
      assert.is(runCommand('env', [...env, 'go', 'build', '-o', out, join(folder, 'hello.go')]).status, 0);
      return [];
    },
  },
  { name: 'glibc PIE', tools: ['gcc'], make: compileC(['-pie', '-fPIE']) },
  { name: 'static', tools: ['gcc'], make: compileC(['-static']) },
];

/** Offsets at which two files differ, as far as the first one goes. */
function changed(before: Buffer, after: Buffer): readonly number[] {
  const found: number[] = [];
  const step = 1 << 16;
  for (let at = 0; at < before.length; at += step) {
    const end = Math.min(at + step, before.length);
    if (before.subarray(at, end).equals(after.subarray(at, end))) continue;
    for (let i = at; i < end; i++) if (before[i] !== after[i]) found.push(i);
  }
  return found;
}

/** e_shoff, e_shnum and e_shstrndx of a 64-bit header. @see gABI 4.1 chapter 4 */
const FIELDS: readonly number[] = [40, 41, 42, 43, 44, 45, 46, 47, 60, 61, 62, 63];

suite('native-tests/elf/build-into', (test) => {
  for (const kind of KINDS) {
    const absent = () =>
      withoutLinux() ?? [...kind.tools, 'readelf', 'objcopy'].map(withoutTool).find((why) => why !== undefined);
    test.needs(absent, `a container profile into ${kind.name}`, () =>
      inFreshFolder((folder) => {
        const [binary, filter, dump] = ['binary', 'filter.bpf', 'dump'].map((name) => join(folder, name)) as [
          string,
          string,
          string,
        ];
        const args = kind.make(folder, binary);
        chmodSync(binary, 0o751);
        const before = readFileSync(binary);
        const ran = runCommand(binary, args);
        assert.is(ran.stderr, '');

        const built = seccompc(['build', PROFILE, '--into', binary]);
        assert.is(built.status, 0, built.stderr);
        const after = readFileSync(binary);
        assert.equal(runCommand(binary, args), ran);
        assert.is(statSync(binary).mode & 0o7777, 0o751);
        const elsewhere = changed(before, after).filter((offset) => !FIELDS.includes(offset));
        assert.equal(elsewhere, []);

        assert.match(
          runCommand('readelf', ['-SW', binary]).stdout,
          /\.seccomp_rules\s+PROGBITS\s+0+ \S+ \S+ 08\s+0\s+0\s+8/,
        );
        assert.is(
          runCommand('objcopy', ['--dump-section', `.seccomp_rules=${dump}`, binary, join(folder, 'copy')]).status,
          0,
        );
        const arch = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
        assert.is(seccompc(['build', PROFILE, '--arch', arch, '-o', filter]).status, 0);
        assert.ok(readFileSync(dump).equals(readFileSync(filter)));

        // A second build gives the same file; the kernel's verdict is read back from the ELF.
        assert.is(seccompc(['build', PROFILE, '--into', binary]).status, 0);
        assert.ok(readFileSync(binary).equals(after));
        assert.is(seccompc(['check', binary]).status, 0);
        assert.is(seccompc(['inspect', binary]).status, 0);

        // Loaded, with the profile: another file, which runs as well; then all of it out again.
        const loaded = seccompc(['build', PROFILE, '--into', binary, '--load', '--embed-profile']);
        assert.is(loaded.status, 0, loaded.stderr);
        assert.equal(runCommand(binary, args), ran);
        assert.match(
          runCommand('readelf', ['-SW', binary]).stdout,
          /\.seccomp_rules\s+PROGBITS\s+(?!0+ )\S+ \S+ \S+ 08\s+A/,
        );
        assert.match(runCommand('readelf', ['-n', binary]).stdout, /\.note\.seccompc\n.*\n\s+seccompc\s+0x/);
        assert.is(seccompc(['inspect', binary]).status, 0);
        assert.is(seccompc(['elf', 'remove', binary]).status, 0);
        assert.ok(readFileSync(binary).equals(before));
      }),
    );
  }
});
