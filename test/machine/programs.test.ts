import * as assert from 'uvu/assert';
import { arch } from '../../src/arch/index.ts';
import { addSection, extractSection, readElf } from '../../src/elf/index.ts';
import { executable } from '../../src/machine/executable.ts';
import {
  answerSize,
  decodeAnswers,
  demoProgram,
  encodeBatch,
  MACHINE_TARGETS,
  type ProbeGroup,
  probeProgram,
} from '../../src/machine/index.ts';
import { suite } from '../suite.ts';

const PROGRAMS = [
  { name: 'demo', program: demoProgram, most: 1536 },
  { name: 'probe', program: probeProgram, most: 1024 },
];

suite('machine/programs', (test) => {
  for (const target of MACHINE_TARGETS)
    for (const { name, program, most } of PROGRAMS) {
      test(`${target} ${name}: small and always the same`, () => {
        const once = program(target);
        assert.ok(once.bytes.length <= most, `${once.bytes.length} bytes`);
        assert.equal(program(target).bytes, once.bytes);
      });
      test(`${target} ${name}: the listing's bytes are the code`, () => {
        const { bytes, lines } = program(target);
        assert.equal(Uint8Array.from(lines.flatMap((line) => [...line.bytes])), bytes);
      });
      test(`${target} ${name}: the executable holds the code, states its machine and takes a section`, () => {
        const code = program(target);
        const file = executable(arch(target), code);
        const view = new DataView(file.buffer);
        assert.is(view.getUint16(18, true), arch(target).elf.machine);
        assert.equal(file.slice(176, 176 + code.bytes.length), code.bytes);
        assert.equal(Array.from(file.subarray(0, 16)), [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        assert.is(Number(view.getBigUint64(40, true)) + 4 * 64, file.length, 'nothing follows the section headers');
        const data = Uint8Array.from([6, 0, 0, 0, 0, 0, 0xff, 0x7f]);
        assert.equal(extractSection(addSection(file, { name: '.seccomp_rules', data }), '.seccomp_rules'), data);
        assert.is(readElf(file).sections.length, 4);
      });
    }
  test('no executable for a 32-bit or big-endian ABI', () => {
    for (const name of ['i386', 's390x'] as const)
      assert.throws(() => executable(arch(name), demoProgram('x86_64')), /no executable/);
  });

  const ret = Uint8Array.from([6, 0, 0, 0, 0, 0, 0xff, 0x7f]);
  const groups: readonly ProbeGroup[] = [
    {
      programs: [ret, new Uint8Array(0)],
      flags: 2,
      calls: [{ nr: -1, args: [2n ** 64n - 1n], compat: true }, { nr: 5000 }],
    },
    { programs: [] },
  ];
  test('a batch is laid out as the README draws it', () => {
    const bytes = encodeBatch(groups);
    const words = Array.from(new BigUint64Array(bytes.buffer));
    const header = [304n, 256n, 40n, 256n, 0n];
    const first = [184n, 2n, 2n, 2n, 1n, 0x7fff_0000_0000_0006n, 0n];
    const calls = [2n ** 64n - 1n, 1n, 2n ** 64n - 1n, 0n, 0n, 0n, 0n, 0n, 5000n, 0n, 0n, 0n, 0n, 0n, 0n, 0n];
    const none = 2n ** 63n - 1n;
    assert.equal(words.slice(0, 5), header);
    assert.equal(words.slice(5, 5 + 23), [...first, ...calls]);
    assert.equal(words.slice(28, 32), [32n, 0n, 0n, 0n]);
    assert.equal(words.slice(32), [0n, none, none, none, none, 0n]);
  });
  test('answers come back by group', () => {
    const words = BigInt64Array.from([0x84n, 0n, -22n, -38n, 2n ** 63n - 1n, 256n]);
    assert.is(answerSize(groups), 48);
    assert.equal(decodeAnswers(groups, new Uint8Array(words.buffer)), [
      { installs: [0, -22], results: [-38n, undefined], signal: 4 },
      { installs: [], results: [], signal: 0 },
    ]);
    assert.throws(() => decodeAnswers(groups, new Uint8Array(40)), RangeError);
  });
  test('a program of a broken or inexpressible length', () => {
    for (const length of [4, 8 * 65536])
      assert.throws(() => encodeBatch([{ programs: [new Uint8Array(length)] }]), RangeError);
  });
});
