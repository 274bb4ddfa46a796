/**
 * Exported loaders, compiled and run: each installs the filter that its own executable carries on all threads, and refuses
 * everything that is not that filter as seccompc put it in.
 */
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { type Arch, arch as archNamed } from '../../src/arch/index.ts';
import { makeNote, type NoteFields, planEmbed } from '../../src/build/index.ts';
import { applyEdit, injectSections, type NewSection, readElf } from '../../src/elf/index.ts';
import { sha256 } from '../../src/num/index.ts';
import { suite } from '../../test/suite.ts';
import { run } from '../elf/tools.ts';
import { inFreshFolder, withoutLinux, withoutTool } from '../support.ts';
import {
  compileC,
  compileGo,
  compileRust,
  DENIED,
  exportText,
  OWN,
  policyFor,
  programOf,
  writeProgram,
} from './support.ts';

const own = archNamed(OWN);
const policy = policyFor(OWN);
const program = programOf(policy);
const other = programOf(policyFor(OWN, 5));
const REFUSED = 159;
const RULES = '.seccomp_rules';
const NOTE = '.note.seccompc';

/** As `seccompc build --into` does it. */
function embedded(bare: Uint8Array, load: boolean, arch: Arch = own): Uint8Array {
  const target = arch === own ? policy : policyFor(arch.name);
  const elf = readElf(bare);
  const options = { section: RULES, profileName: 'p.json', version: '0', load };
  return applyEdit(bare, planEmbed(elf, programOf(target), target, options));
}

function noteFor(rules: Uint8Array, fields: Partial<NoteFields> = {}): Uint8Array {
  return makeNote(
    {
      flags: [],
      sectionDigest: sha256(rules),
      policyDigest: new Uint8Array(32),
      arches: [own],
      section: RULES,
      profileName: 'p.json',
      toolVersion: '0',
      ...fields,
    },
    own.endian,
  );
}

const rulesSection = (data: Uint8Array, name = RULES): NewSection => ({ name, data, align: 8, entrySize: 8 });
const noteSection = (data: Uint8Array): NewSection => ({ name: NOTE, data, type: 7, align: 4, entrySize: 0 });

/** Bytes of other instructions under a note that vouches for them. */
const vouched = (rules: Uint8Array, fields: Partial<NoteFields> = {}): readonly NewSection[] => [
  rulesSection(rules),
  noteSection(noteFor(rules, fields)),
];

const flipped = (bytes: Uint8Array, at: number): Uint8Array => bytes.map((b, i) => (i === at ? b ^ 1 : b));
/** The same records in the other byte order. */
function swapped(bytes: Uint8Array): Uint8Array {
  const order = [1, 0, 2, 3, 7, 6, 5, 4];
  return bytes.map((_, i) => bytes[(i & ~7) + (order[i & 7] as number)] as number);
}

/** What must not be installed, and words of what each loader says about it. */
const wrong: readonly { readonly name: string; readonly sections: readonly NewSection[]; readonly says: RegExp }[] = [
  { name: 'no filter', sections: [], says: /no filter|no section/ },
  { name: 'no note', sections: [rulesSection(program.bytes)], says: /no note|no section \.note/ },
  {
    name: 'one bit damaged',
    sections: [rulesSection(flipped(program.bytes, 60)), noteSection(noteFor(program.bytes))],
    says: /not the one that its note/,
  },
  {
    name: 'replaced by another filter',
    sections: [rulesSection(other.bytes), noteSection(noteFor(program.bytes))],
    says: /not the one that its note/,
  },
  { name: 'the other byte order', sections: vouched(swapped(program.bytes)), says: /byte order/ },
  { name: 'too long', sections: vouched(new Uint8Array(4097 * 8).fill(6, 0, 1)), says: /more than 4096|too long/ },
  { name: 'cut short', sections: vouched(program.bytes.subarray(0, 76)), says: /ends inside/ },
  { name: 'empty', sections: vouched(new Uint8Array(0)), says: /empty/ },
  {
    name: 'for another machine',
    sections: vouched(program.bytes, { arches: [archNamed('s390x')] }),
    says: /not for this machine/,
  },
  {
    name: 'a flag for a listener',
    sections: vouched(program.bytes, { flags: ['SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV'] }),
    says: /flag/,
  },
  {
    name: 'a note of another section',
    sections: vouched(program.bytes, { section: '.seccomp_rules2' }),
    says: /no note/,
  },
  {
    name: 'a note that is cut short',
    sections: [rulesSection(program.bytes), noteSection(noteFor(program.bytes).subarray(0, 90))],
    says: /damaged/,
  },
  {
    name: 'a program that the kernel refuses',
    sections: vouched(flipped(program.bytes, program.bytes.length - 8)),
    says: /kernel did not take|Invalid argument|invalid argument/,
  },
];

interface Language {
  readonly name: string;
  readonly tools: readonly string[];
  readonly compile: (folder: string, pinned: boolean) => Uint8Array;
  readonly diverges: boolean;
}

const source = (format: 'c-loader' | 'go-loader' | 'rust-loader', pin: boolean) => exportText(format, policy, { pin });
const inC = (name: string, compiler: readonly string[]): Language => ({
  name,
  tools: [compiler[0] as string],
  compile: (folder, pin) => compileC(compiler, source('c-loader', pin), folder),
  diverges: true,
});
const languages: readonly Language[] = [
  inC('C', ['gcc', '-std=c99']),
  inC('C with musl', ['musl-gcc', '-std=c99', '-static']),
  inC('C++', ['g++', '-xc++', '-std=c++11']),
  {
    name: 'Go',
    tools: ['go'],
    compile: (folder, pin) => compileGo(source('go-loader', pin), folder),
    diverges: true,
  },
  {
    name: 'Rust',
    tools: ['rustc'],
    compile: (folder, pin) => compileRust(source('rust-loader', pin), folder),
    diverges: false,
  },
];

const without = (tools: readonly string[]) => () =>
  withoutLinux() ?? tools.map(withoutTool).find((why) => why !== undefined);

/** qemu's user mode has no seccomp(2): it answers ENOSYS. */
const FOREIGN = [
  { arch: 'i386', compiler: 'i686-linux-gnu-gcc', qemu: 'qemu-i386-static' },
  { arch: 'aarch64', compiler: 'aarch64-linux-gnu-gcc', qemu: 'qemu-aarch64-static' },
  { arch: 'riscv64', compiler: 'riscv64-linux-gnu-gcc', qemu: 'qemu-riscv64-static' },
  { arch: 's390x', compiler: 's390x-linux-gnu-gcc', qemu: 'qemu-s390x-static' },
] as const;

/** The file without section headers, as sstrip leaves it. */
function withoutSections(bytes: Uint8Array): Uint8Array {
  const bare = bytes.slice();
  bare.fill(0, 40, 48);
  bare.fill(0, 60, 64);
  return bare;
}

suite('native/formats/loaders', (test) => {
  for (const { name, tools, compile, diverges } of languages) {
    test.needs(without(tools), `${name}: installs what was put in, and nothing else`, () =>
      inFreshFolder((folder) => {
        const bare = compile(folder, false);
        const start = (bytes: Uint8Array, ...args: string[]) => run([writeProgram(join(folder, 'p'), bytes), ...args]);
        const answers = ['first', 'second'].map((who) => `${who} getppid ${-DENIED}\n${who} getpid 0\n`).join('');
        for (const load of [false, true]) {
          const file = embedded(bare, load);
          const ran = start(file);
          assert.equal([ran.status, ran.stdout, ran.stderr], [0, answers, ''], `load: ${load}`);
          assert.is(start(file, 'try').stdout, 'confined\n');
          const stripped = start(withoutSections(file));
          assert.equal([stripped.status, stripped.stdout], load ? [0, answers] : [REFUSED, ''], stripped.stderr);
        }
        for (const { name: what, sections, says } of wrong) {
          const file = sections.length === 0 ? bare : injectSections(bare, sections);
          const ran = start(file);
          assert.equal([ran.status, ran.stdout], [REFUSED, ''], `${what}: ${ran.stderr}`);
          assert.match(ran.stderr, says, what);
          const tried = start(file, 'try');
          assert.is(tried.status, 3, what);
          assert.match(tried.stdout, says, what);
        }
        if (diverges) {
          const ran = start(embedded(bare, false), 'diverge');
          assert.equal([ran.status, ran.stdout], [REFUSED, '']);
          assert.match(ran.stderr, /has a filter of its own/);
        }
      }),
    );
  }

  const pinnable = languages.filter(({ name }) => ['C', 'Go', 'Rust'].includes(name));
  for (const { name, tools, compile } of pinnable) {
    test.needs(without(tools), `${name}, pinned: its own filter and no other that is good`, () =>
      inFreshFolder((folder) => {
        const bare = compile(folder, true);
        const start = (bytes: Uint8Array) => run([writeProgram(join(folder, 'p'), bytes), 'try']);
        assert.is(start(embedded(bare, false)).stdout, 'confined\n');
        const ran = start(injectSections(bare, vouched(other.bytes)));
        assert.is(ran.status, 3);
        assert.match(ran.stdout, /not the one that this program was compiled for/);
      }),
    );
  }

  for (const { arch, compiler, qemu } of FOREIGN) {
    const name = `C on ${arch} under ${qemu}: finds and checks its filter, and ends where seccomp is not there`;
    test.needs(without([compiler, qemu]), name, () =>
      inFreshFolder((folder) => {
        const text = exportText('c-loader', policyFor(arch));
        const bare = compileC([compiler, '-std=c99', '-static'], text, folder);
        const start = (bytes: Uint8Array) => run([qemu, writeProgram(join(folder, 'p'), bytes)]);
        const file = embedded(bare, false, archNamed(arch));
        const mapped = embedded(bare, true, archNamed(arch));
        for (const bytes of [file, mapped]) {
          const ran = start(bytes);
          assert.equal([ran.status, ran.stdout], [REFUSED, ''], ran.stderr);
          assert.match(ran.stderr, /the kernel did not take the filter/);
        }
        const section = readElf(file).sections.find((s) => s.name === RULES);
        const ran = start(flipped(file, Number(section?.sh_offset) + 4));
        assert.is(ran.status, REFUSED);
        assert.match(ran.stderr, /not the one that its note/);
        assert.match(start(bare).stderr, /no filter/);
      }),
    );
  }
});
