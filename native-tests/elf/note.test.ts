/**
 * The note of a filter section in real files, judged by binutils: readelf names its owner and its size and has nothing to
 * warn of, objcopy dumps its bytes, and a C program that knows nothing but the offsets of docs/note.md reads it.
 */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { arch } from '../../src/arch/index.ts';
import { makeNote, notesOf } from '../../src/build/index.ts';
import { addSection, extractSection } from '../../src/elf/index.ts';
import { suite } from '../../test/suite.ts';
import { inFreshFolder } from '../support.ts';
import { absent, must, run } from './tools.ts';

const NAME = '.note.seccompc';
const SHT_NOTE = 7;

/** The example of the document. */
const EXAMPLE = /```c\n([\s\S]*?)```/.exec(readFileSync('docs/note.md', 'utf8'))?.[1] ?? '';

/** Prints the note in the file named on the command line, by offsets and <elf.h>'s note header alone. */
const LOADER = `${EXAMPLE}
#include <elf.h>
#include <stdio.h>
#include <string.h>
int main(int argc, char **argv) {
  static unsigned char bytes[4096] __attribute__((aligned(4)));
  FILE *f = fopen(argv[1], "rb");
  size_t size = fread(bytes, 1, sizeof bytes, f);
  Elf32_Nhdr *header = (Elf32_Nhdr *)bytes;
  if (size < sizeof *header || header->n_type != 1) return 1;
  unsigned char *desc = bytes + sizeof *header + (header->n_namesz + 3) / 4 * 4;
  unsigned *words = (unsigned *)desc;
  printf("%ld %s %u %u", seccompc_flags(bytes, size), bytes + sizeof *header, words[0], words[1]);
  for (int i = 0; i < 64; i++) printf("%s%02x", i % 32 ? "" : " ", desc[8 + i]);
  for (unsigned i = 0; i < words[18]; i++) printf(" %x", words[19 + i]);
  char *text = (char *)(words + 19 + words[18]);
  for (int i = 0; i < 4; i++, text += strlen(text) + 1) printf(" %s", text);
  return 0;
}
`;

interface Row {
  readonly name: string;
  readonly prefix: string;
  readonly endian: 'little' | 'big';
  readonly arches: readonly ('x86_64' | 'i386' | 'x32' | 's390x' | 's390' | 'mips')[];
  /** What runs a program for it. */
  readonly emulator?: string;
}

// biome-ignore format: a table
const rows: readonly Row[] = [
  { name: 'x86_64', prefix: '', endian: 'little', arches: ['x86_64', 'i386', 'x32'] },
  { name: 's390x, big-endian', prefix: 's390x-linux-gnu-', endian: 'big', arches: ['s390x', 's390'], emulator: 'qemu-s390x-static' },
  { name: 'mips, 32 bit and big-endian', prefix: 'mips-linux-gnu-', endian: 'big', arches: ['mips'], emulator: 'qemu-mips-static' },
];

suite('elf/note', (test) => {
  for (const { name, prefix, endian, arches, emulator } of rows) {
    const tools = ['gcc', 'readelf', 'objcopy'].map((tool) => prefix + tool);
    const sectionDigest = Uint8Array.from({ length: 32 }, (_, i) => i);
    const policyDigest = Uint8Array.from({ length: 32 }, (_, i) => 255 - i);
    const fields = {
      flags: ['SECCOMP_FILTER_FLAG_LOG', 'SECCOMP_FILTER_FLAG_SPEC_ALLOW'],
      sectionDigest,
      policyDigest,
      arches: arches.map(arch),
      section: '.seccomp_rules',
      profileName: 'web.json',
      toolVersion: '1.2.3',
    };
    const note = makeNote(fields, endian);
    const descSize = new DataView(note.buffer).getUint32(4, endian === 'little');

    const readelfAgrees = (path: string) => {
      const shown = run([`${prefix}readelf`, '-n', '-W', path]);
      assert.is(shown.status, 0);
      assert.is(shown.stderr, '');
      assert.not.match(shown.stdout, /warning|corrupt/i);
      const [, ours = ''] = shown.stdout.split(/Displaying notes found in: \.note\.seccompc\n/);
      assert.match(
        ours,
        new RegExp(`^\\s*Owner\\s+Data size[^\\n]*\\n\\s*seccompc\\s+0x0*${descSize.toString(16)}\\s`),
        shown.stdout,
      );
      const listed = must([`${prefix}readelf`, '-S', '-W', path])
        .split('\n')
        .find((line) => line.includes(NAME));
      assert.match(listed ?? '', /\.note\.seccompc\s+NOTE\s/);
    };

    test.needs(absent(...tools), `${name}: readelf shows the note, objcopy dumps it, and objcopy's own is read`, () =>
      inFreshFolder((folder) => {
        const [object, ours, theirs, bytes, dump] = ['o', 'ours', 'theirs', 'note', 'dump'].map((f) =>
          join(folder, f),
        ) as [string, string, string, string, string];
        must([`${prefix}gcc`, '-x', 'c', '-', '-c', '-o', object], { input: 'int x = 1;\n' });
        writeFileSync(bytes, note);

        const section = { name: NAME, data: note, type: SHT_NOTE, align: 4, entrySize: 0 };
        writeFileSync(ours, addSection(readFileSync(object), section));
        readelfAgrees(ours);
        must([`${prefix}objcopy`, '--dump-section', `${NAME}=${dump}`, ours, join(folder, 'copy')]);
        assert.is(Buffer.compare(readFileSync(dump), note), 0);

        copyFileSync(object, theirs);
        must([`${prefix}objcopy`, '--add-section', `${NAME}=${bytes}`, theirs]);
        readelfAgrees(theirs);
        const [found] = notesOf(extractSection(readFileSync(theirs), NAME), endian);
        assert.is(found?.note.profileName, 'web.json');
      }),
    );

    test.needs(absent(`${prefix}gcc`, ...(emulator ? [emulator] : [])), `${name}: a C loader reads it by offsets`, () =>
      inFreshFolder((folder) => {
        const [loader, bytes] = [join(folder, 'loader'), join(folder, 'note')];
        must([`${prefix}gcc`, '-x', 'c', '-', '-Wall', '-Werror', '-static', '-o', loader], { input: LOADER });
        writeFileSync(bytes, note);
        const hex = (digest: Uint8Array) => Buffer.from(digest).toString('hex');
        const tokens = fields.arches.map((a) => a.audit.toString(16));
        const texts = [arches.join(','), '.seccomp_rules', 'web.json', '1.2.3'];
        const wanted = ['6 seccompc 1 6', hex(sectionDigest), hex(policyDigest), ...tokens, ...texts].join(' ');
        assert.is(must([...(emulator ? [emulator] : []), loader, bytes]), wanted);
      }),
    );
  }
});
