/** Exported C sources with the filter inside: it is in force for all threads, and is not installed once it was touched. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { readElf } from '../../src/elf/index.ts';
import { suite } from '../../test/suite.ts';
import { must, run } from '../elf/tools.ts';
import { inFreshFolder, seccompc, withoutLinux, withoutTool } from '../support.ts';
import { compileC, DENIED, exportText, OWN, policyFor, programOf, writeFiles, writeProgram } from './support.ts';

const REFUSED = 159;
const SECTION = '.seccomp_rules';
const compilers: readonly (readonly string[])[] = [
  ['gcc', '-std=c99'],
  ['musl-gcc', '-std=c99', '-static'],
  ['g++', '-xc++', '-std=c++98'],
];
const FOREIGN = [
  { arch: 'i386', compiler: 'i686-linux-gnu-gcc', qemu: 'qemu-i386-static' },
  { arch: 's390x', compiler: 's390x-linux-gnu-gcc', qemu: 'qemu-s390x-static' },
] as const;

const without = (tools: readonly string[]) => () =>
  withoutLinux() ?? tools.map(withoutTool).find((why) => why !== undefined);

suite('native/formats/section', (test) => {
  const policy = policyFor(OWN);
  const source = exportText('c-section', policy);
  const answers = ['first', 'second'].map((who) => `${who} getppid ${-DENIED}\n${who} getpid 0\n`).join('');

  for (const compiler of compilers) {
    const [tool = ''] = compiler;
    test.needs(without([tool]), `${compiler.join(' ')}: denies what the profile denies, and nothing once touched`, () =>
      inFreshFolder((folder) => {
        const bytes = compileC(compiler, source, folder);
        const start = (file: Uint8Array, ...args: string[]) => run([writeProgram(join(folder, 'p'), file), ...args]);
        const ran = start(bytes);
        assert.equal([ran.status, ran.stdout, ran.stderr], [0, answers, '']);
        // The section is the program itself, where other tools look for it.
        const section = readElf(bytes).sections.find((s) => s.name === SECTION);
        assert.is(Number(section?.sh_size), programOf(policy).bytes.length);
        assert.is(seccompc(['check', join(folder, 'p')]).status, 0);

        const damaged = bytes.slice();
        damaged.fill(0xff, Number(section?.sh_offset) + 4, Number(section?.sh_offset) + 5);
        const refused = start(damaged);
        assert.equal([refused.status, refused.stdout], [REFUSED, '']);
        assert.match(refused.stderr, /not the one that this program was compiled with/);
        const diverging = start(bytes, 'diverge');
        assert.equal([diverging.status, diverging.stdout], [REFUSED, '']);
        assert.match(diverging.stderr, /has a filter of its own/);
      }),
    );
  }

  test.needs(without(['gcc', 'objcopy']), 'replaced by objcopy with another good filter: refused', () =>
    inFreshFolder((folder) => {
      const path = writeProgram(join(folder, 'p'), compileC(['gcc', '-std=c99'], source, folder));
      writeFileSync(join(folder, 'other'), programOf(policyFor(OWN, 5)).bytes);
      must(['objcopy', '--update-section', `${SECTION}=${join(folder, 'other')}`, path]);
      assert.is(seccompc(['check', path]).status, 0);
      assert.is(run([path]).status, REFUSED);
    }),
  );

  for (const { arch, compiler, qemu } of FOREIGN) {
    test.needs(without([compiler, qemu]), `${arch} under ${qemu}: checked, and ends where seccomp is not there`, () =>
      inFreshFolder((folder) => {
        const text = exportText('c-section', policyFor(arch));
        const bytes = compileC([compiler, '-std=c99', '-static'], text, folder);
        const ran = run([qemu, writeProgram(join(folder, 'p'), bytes)]);
        assert.equal([ran.status, ran.stdout], [REFUSED, '']);
        assert.match(ran.stderr, /the kernel did not take the filter/);
      }),
    );
  }

  test.needs(without(['gcc', 's390x-linux-gnu-gcc']), 'compiles for no machine that the filter is not for', () =>
    inFreshFolder((folder) => {
      writeFiles(folder, { 'f.c': exportText('c-section', policyFor('s390x')), 'f.h': exportText('c-array', policy) });
      for (const [compiler, file] of [
        ['gcc', 'f.c'],
        ['s390x-linux-gnu-gcc', 'f.h'],
      ] as const) {
        const ran = run([compiler, '-fsyntax-only', join(folder, file)]);
        assert.is.not(ran.status, 0);
        assert.match(ran.stderr, /#error "this filter is for/);
      }
    }),
  );
});
