/** The launcher as a file: small, readable by ELF tools, its filter a section. */
import * as assert from 'uvu/assert';
import { arch } from '../../src/arch/index.ts';
import { extractSection, readElf } from '../../src/elf/index.ts';
import {
  CPU_NAMES,
  isCpuName,
  LAUNCHER_SECTION,
  type LauncherFile,
  launcherCode,
  launcherElf,
  listing,
} from '../../src/machine/index.ts';
import { golden } from '../golden.ts';
import { suite } from '../suite.ts';

const program = Uint8Array.from({ length: 24 }, (_, i) => i);

const refusals: readonly (readonly [string, Omit<LauncherFile, 'arch'>])[] = [
  ['an empty program', { program: new Uint8Array(0) }],
  ['half an instruction', { program: program.subarray(0, 12) }],
  ['4097 instructions', { program: new Uint8Array(8 * 4097) }],
  ['TSYNC', { program, flags: 1 }],
  ['NEW_LISTENER', { program, flags: 8 }],
  ['a fraction', { program, flags: 0.5 }],
  ['NEW_LISTENER on a descriptor', { program: 'descriptor', flags: 8 }],
];

suite('machine/launcher', (test) => {
  for (const cpu of CPU_NAMES) {
    test(`${cpu}: the listing`, () => {
      golden(
        `machine/launcher-${cpu}.txt`,
        listing(launcherCode({ arch: cpu, filter: { address: -800, length: 100 } })),
      );
    });
    test(`${cpu}: 1 KB at most, and always the same`, () => {
      for (const named of [false, true]) {
        const own = launcherElf({ arch: cpu, program, named });
        assert.ok(own.length - program.length <= 1024, `${own.length - program.length} bytes`);
        assert.equal(launcherElf({ arch: cpu, program, named }), own);
        const reading = launcherElf({ arch: cpu, program: 'descriptor', named });
        assert.ok(reading.length <= 1400, `${reading.length} bytes`);
      }
    });
    test(`${cpu}: the filter is a section, mapped with the code and nothing writable`, () => {
      const file = launcherElf({ arch: cpu, program, flags: 2 });
      const elf = readElf(file);
      const { machine, class: bits, endian } = arch(cpu).elf;
      assert.equal([elf.machine, elf.class, elf.endian, elf.type], [machine, bits, endian, 2]);
      assert.equal(
        elf.sections.map((s) => s.name),
        ['', LAUNCHER_SECTION, '.text', '.shstrtab'],
      );
      assert.equal(extractSection(file, LAUNCHER_SECTION), program);
      const [load, stack] = elf.segments;
      assert.equal([load?.p_type, load?.p_flags, load?.p_offset], [1, 5, 0n]);
      assert.equal([stack?.p_type, stack?.p_flags], [0x6474_e551, 6]);
      for (const section of elf.sections.slice(1, 3)) {
        assert.is(section.sh_addr - section.sh_offset, load!.p_vaddr, section.name);
        assert.is(section.sh_addr % 8n, 0n);
        assert.ok(section.sh_offset + section.sh_size <= load!.p_filesz);
      }
      assert.is(elf.entry, elf.sections[2]?.sh_addr);
    });
    test(`${cpu}: the code stands as far behind the filter as it says`, () => {
      for (const instructions of [1, 2, 4096]) {
        const bytes = new Uint8Array(8 * instructions);
        const [, rules, text] = readElf(launcherElf({ arch: cpu, program: bytes })).sections;
        const filter = { address: Number(rules!.sh_addr - text!.sh_addr), length: instructions };
        const file = launcherElf({ arch: cpu, program: bytes });
        assert.equal(extractSection(file, '.text'), launcherCode({ arch: cpu, filter }).bytes);
      }
    });
    for (const [name, options] of refusals)
      test(`${cpu}: refuses ${name}`, () => assert.throws(() => launcherElf({ arch: cpu, ...options }), RangeError));
  }
  test('the ABIs that code can be emitted for', () => {
    assert.ok(isCpuName('s390x'));
    assert.not(isCpuName('mips'));
  });
});
