import { chmodSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { addSection, extractSection, removeSection } from '../../src/elf/index.ts';
import { suite } from '../../test/suite.ts';
import { inFreshFolder, withoutI386 } from '../support.ts';
import { absent, must, run } from './tools.ts';

const NAME = '.seccomp_rules';
/** As long as a real filter, with every byte value in it. */
const RULES = Uint8Array.from({ length: 8 * 300 }, (_, i) => (i * 37) & 0xff);
const OTHER = Uint8Array.from({ length: 8 * 7 }, (_, i) => 255 - i);

const HELLO = '#include <stdio.h>\nint main(int argc, char **argv) { printf("hello %d\\n", argc); return 7; }\n';
const GO = 'package main\nimport "os"\nfunc main() { println(len(os.Args)); os.Exit(7) }\n';

interface Row {
  readonly name: string;
  readonly needs: readonly string[];
  /** Makes the ELF at `path`. */
  readonly make: (path: string, folder: string) => void;
  /** The command that shows that the file still works; `path` is the file. */
  readonly use?: (path: string, folder: string) => readonly string[];
  /** Prefix of the binutils that know the machine. */
  readonly binutils?: string;
}

const compile = (cc: string, flags: readonly string[]) => (path: string) => {
  must([cc, '-x', 'c', '-', '-o', path, ...flags], { input: HELLO });
};
const itself = (path: string) => [path, 'x'];
const under = (qemu: string) => (path: string) => [qemu, path, 'x'];

/** One C program, statically linked, for a machine that qemu-user runs. */
const foreign = (name: string, triplet: string, qemu: string): Row => ({
  name,
  needs: [`${triplet}-gcc`, `${triplet}-objcopy`, qemu],
  make: compile(`${triplet}-gcc`, ['-static']),
  use: under(qemu),
  binutils: `${triplet}-`,
});

const rows: readonly Row[] = [
  { name: 'node', needs: [], make: (path) => copyFileSync(process.execPath, path), use: (path) => [path, '--version'] },
  {
    name: 'ls, a PIE of the distribution',
    needs: ['ls'],
    make: (path) => copyFileSync('/bin/ls', path),
    use: (path) => [path, '/'],
  },
  { name: 'C, PIE', needs: ['gcc'], make: compile('gcc', ['-pie', '-fPIE']), use: itself },
  { name: 'C, no PIE', needs: ['gcc'], make: compile('gcc', ['-no-pie']), use: itself },
  { name: 'C, stripped', needs: ['gcc'], make: compile('gcc', ['-s']), use: itself },
  { name: 'C, with debug sections', needs: ['gcc'], make: compile('gcc', ['-g']), use: itself },
  { name: 'C, static', needs: ['gcc'], make: compile('gcc', ['-static']), use: itself },
  { name: 'C, static PIE', needs: ['gcc'], make: compile('gcc', ['-static-pie']), use: itself },
  {
    name: 'Go',
    needs: ['go'],
    make: (path, folder) => {
      writeFileSync(join(folder, 'hello.go'), GO);
      const env = { ...process.env, GOFLAGS: '-mod=mod', GOPROXY: 'off', GO111MODULE: 'off', CGO_ENABLED: '0' };
      must(['go', 'build', '-o', path, 'hello.go'], { cwd: folder, env });
    },
    use: itself,
  },
  {
    name: 'an object, linked afterwards',
    needs: ['gcc'],
    make: compile('gcc', ['-c']),
    use: (path, folder) => ['sh', '-c', `gcc ${path} -o ${folder}/linked && ${folder}/linked`],
  },
  {
    name: 'a shared library, preloaded',
    needs: ['gcc'],
    make: (path) => {
      must(['gcc', '-x', 'c', '-', '-o', path, '-shared', '-fPIC'], { input: 'int isatty(int fd) { return 1; }\n' });
    },
    use: (path) => ['env', `LD_PRELOAD=${path}`, 'sh', '-c', 'test -t 0 && echo preloaded'],
  },
  {
    ...foreign('i386, 32 bit', 'i686-linux-gnu', 'qemu-i386-static'),
    ...(withoutI386() === undefined && { use: itself }),
  },
  foreign('s390x, big-endian', 's390x-linux-gnu', 'qemu-s390x-static'),
  foreign('mips, 32 bit and big-endian', 'mips-linux-gnu', 'qemu-mips-static'),
  foreign('aarch64', 'aarch64-linux-gnu', 'qemu-aarch64-static'),
];

/** e_shoff, and e_shnum with e_shstrndx, of either class: all that may differ among the original bytes. */
function otherChanges(before: Uint8Array, after: Uint8Array): number[] {
  const allowed = before[4] === 2 ? [[40, 48] as const, [60, 64] as const] : [[32, 36] as const, [48, 52] as const];
  const masked = (bytes: Uint8Array) => {
    const copy = Buffer.from(bytes.subarray(0, before.length));
    for (const [from, to] of allowed) copy.fill(0, from, to);
    return copy;
  };
  const [old, now] = [masked(before), masked(after)];
  return Buffer.compare(old, now) === 0 ? [] : [old.findIndex((byte, i) => byte !== now[i])];
}

/** What readelf and objcopy say about the section. */
function binutilsAgree(path: string, data: Uint8Array, binutils: string): void {
  const listing = must([`${binutils}readelf`, '-S', '-W', path]);
  const lines = listing.split('\n').filter((line) => line.includes(` ${NAME} `));
  assert.is(lines.length, 1, listing);
  // [Nr] Name Type Address Off Size ES (Flg) Lk Inf Al
  const words = lines[0]!.replace(/^ *\[ *\d+\] */, '').split(/ +/);
  assert.equal(words.slice(0, 2), [NAME, 'PROGBITS']);
  assert.is(Number.parseInt(words[2]!, 16), 0);
  assert.is(Number.parseInt(words[3]!, 16) % 8, 0);
  assert.is(Number.parseInt(words[4]!, 16), data.length);
  assert.equal(words.slice(5), ['08', '0', '0', '8']);
  const warnings = run([`${binutils}readelf`, '-a', '-W', path]).stderr;
  assert.not.match(warnings, /section header|seccomp/i);

  must([`${binutils}objcopy`, '--dump-section', `${NAME}=${path}.dump`, path, `${path}.copy`]);
  assert.is(Buffer.compare(readFileSync(`${path}.dump`), data), 0, 'objcopy dumps other bytes');
}

suite('elf/append', (test) => {
  const elflint = absent('eu-elflint') === undefined;
  for (const r of rows) {
    test.needs(absent('readelf', 'objcopy', ...r.needs), `${r.name}: still works, and others find the section`, () =>
      inFreshFolder((folder) => {
        const path = join(folder, 'program');
        const write = (bytes: Uint8Array) => {
          writeFileSync(path, bytes);
          chmodSync(path, 0o755);
        };
        const result = () => {
          const { status, signal, stdout, stderr } = run(r.use!(path, folder));
          return { status, signal, stdout, stderr };
        };
        // The section adds one to every index that eu-elflint names behind it, so only new kinds of complaint count.
        const complaints = () => {
          const said = elflint ? run(['eu-elflint', '--gnu-ld', path]).stdout.split('\n') : [];
          return [...new Set(said.map((line) => line.replace(/\d+/g, 'N')))].filter((line) => line !== 'No errors');
        };

        r.make(path, folder);
        const before = readFileSync(path);
        const [worked, knownComplaints] = [result(), complaints()];
        assert.is(worked.signal, null);

        const added = addSection(before, { name: NAME, data: RULES });
        write(added);
        assert.equal(otherChanges(before, added), []);
        assert.equal(result(), worked, 'added');
        binutilsAgree(path, RULES, r.binutils ?? '');
        assert.equal(
          complaints().filter((line) => !knownComplaints.includes(line)),
          [],
        );

        const replaced = addSection(added, { name: NAME, data: OTHER }, { replace: true });
        write(replaced);
        assert.equal(otherChanges(before, replaced), []);
        assert.ok(replaced.length < added.length, 'replacing by less data grew the file');
        assert.equal(result(), worked, 'replaced');
        binutilsAgree(path, OTHER, r.binutils ?? '');

        const removed = removeSection(replaced, NAME);
        write(removed);
        assert.equal(otherChanges(before, removed), []);
        assert.equal(result(), worked, 'removed');
        assert.not.match(must([`${r.binutils ?? ''}readelf`, '-S', '-W', path]), /seccomp/);
      }),
    );
  }

  test.needs(absent('gcc', 'objcopy'), 'a section that objcopy added is found and replaced', () =>
    inFreshFolder((folder) => {
      const path = join(folder, 'program');
      compile('gcc', [])(path);
      writeFileSync(join(folder, 'rules'), RULES);
      must(['objcopy', '--add-section', `${NAME}=${join(folder, 'rules')}`, path]);
      const before = readFileSync(path);
      assert.is(Buffer.compare(extractSection(before, NAME), RULES), 0);
      writeFileSync(path, addSection(before, { name: NAME, data: OTHER }, { replace: true }));
      binutilsAgree(path, OTHER, '');
      assert.is(run([path]).status, 7);
    }),
  );

  test.needs(absent('gcc', 'strip', 'objcopy'), 'strip and objcopy keep a section that was added', () =>
    inFreshFolder((folder) => {
      const path = join(folder, 'program');
      compile('gcc', ['-g'])(path);
      writeFileSync(path, addSection(readFileSync(path), { name: NAME, data: RULES }));
      must(['strip', path]);
      assert.is(Buffer.compare(extractSection(readFileSync(path), NAME), RULES), 0);
      assert.is(run([path]).status, 7);
    }),
  );
});
