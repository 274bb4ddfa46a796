/** The filter reader as a file, and what it answers as data. */
import * as assert from 'uvu/assert';
import { ARCHES, arch, syscallNumber } from '../../src/arch/index.ts';
import { readElf } from '../../src/elf/index.ts';
import {
  CPU_NAMES,
  decodeReading,
  filterReaderCode,
  filterReaderElf,
  READER_STEPS,
  type ReaderStep,
} from '../../src/machine/index.ts';
import { ByteView, type Endian } from '../../src/num/index.ts';
import { suite } from '../suite.ts';

const ENDIANS: readonly Endian[] = ['little', 'big'];
const program = (length: number): Uint8Array => Uint8Array.from({ length: 8 * length }, (_, i) => (7 * i) & 0xff);

interface Answer {
  readonly step: ReaderStep;
  readonly result: number;
  /** Length (negative: an errno), what the metadata call gave, flags, bytes. */
  readonly records?: readonly (readonly [number, number, number, Uint8Array])[];
}

/** The answer as README.md draws it, written apart from src/machine. */
function answer({ step, result, records = [] }: Answer, endian: Endian): Uint8Array {
  const body = records.flatMap(([length, known, flags, bytes]) => {
    const head = new ByteView(new Uint8Array(16), endian);
    for (const [i, value] of [length, known, flags, 0].entries()) head.setU32(4 * i, value >>> 0);
    return [...head.bytes, ...bytes];
  });
  const head = new ByteView(new Uint8Array(16), endian);
  for (const [i, value] of [READER_STEPS.indexOf(step), result, 0x80057f, body.length].entries())
    head.setU32(4 * i, value >>> 0);
  return Uint8Array.from([...head.bytes, ...body]);
}

suite('machine/filter-reader', (test) => {
  for (const cpu of CPU_NAMES) {
    test(`${cpu}: small, always the same, and a static program`, () => {
      const { bytes, lines } = filterReaderCode(cpu, 5);
      assert.ok(bytes.length <= 2560, `${bytes.length} bytes`);
      assert.equal(filterReaderCode(cpu, 5).bytes, bytes);
      assert.equal(Uint8Array.from(lines.flatMap((line) => [...line.bytes])), bytes);
      const elf = readElf(filterReaderElf(cpu, 5));
      assert.equal([elf.machine, elf.endian], [arch(cpu).elf.machine, arch(cpu).endian]);
    });
    test(`${cpu}: it makes restart_syscall's number its own business, on every ABI of that kernel`, () => {
      const text = filterReaderCode(cpu, 5).lines.find(({ labels }) => labels.includes('restart_calls'))?.text ?? '';
      const words = text.replace('.long ', '').split(', ').map(Number);
      const own = arch(cpu);
      const pairs = words
        .slice(0, -1)
        .map((word, i) => [word, words[i + 1]])
        .filter((_, i) => i % 2 === 0);
      const kernels = [...ARCHES.values()].filter((abi) => abi === own || abi.native === own.name);
      assert.equal(
        pairs.map(String).sort(),
        kernels.map((abi) => String([abi.audit, syscallNumber(abi, 'restart_syscall')])).sort(),
      );
      assert.ok(kernels.includes(own));
      assert.is(words.at(-1), 0);
    });
  }

  for (const endian of ENDIANS) {
    test(`${endian}-endian: filters in the order of installing`, () => {
      const records = [
        [3, 16, 2, program(3)],
        [4096, -5, 0, program(4096)],
        [-124, 16, 0, new Uint8Array(0)],
        [1, 16, 0, program(1)],
      ] as const;
      assert.equal(decodeReading(answer({ step: 'done', result: 0, records }, endian), endian), {
        step: 'done',
        errno: 0,
        filters: [
          { program: program(3), flags: 2 },
          { program: program(4096), flags: undefined },
          { program: { errno: 124 }, flags: 0 },
          { program: program(1), flags: 0 },
        ],
      });
    });
    test(`${endian}-endian: every step that can fail`, () => {
      for (const step of READER_STEPS) {
        assert.equal(decodeReading(answer({ step, result: -13 }, endian), endian), { step, errno: 13, filters: [] });
      }
    });
    test(`${endian}-endian: what is cut short, or says something else, is no answer`, () => {
      const whole = answer({ step: 'done', result: 0, records: [[2, 16, 0, program(2)]] }, endian);
      for (let size = 0; size < whole.length; size++)
        assert.is(decodeReading(whole.subarray(0, size), endian), undefined, `${size} bytes`);
      assert.is(decodeReading(Uint8Array.from([...whole, 0]), endian), undefined);
      const wrong = Uint8Array.from(whole);
      new ByteView(wrong, endian).setU32(0, READER_STEPS.length);
      assert.is(decodeReading(wrong, endian), undefined);
      new ByteView(wrong, endian).setU32(0, READER_STEPS.indexOf('done'));
      new ByteView(wrong, endian).setU32(16, 3);
      assert.is(decodeReading(wrong, endian), undefined, 'a record that is longer than what is there');
    });
    test(`${endian}-endian: where reading failed in the middle, what came before stands`, () => {
      const records = [
        [1, 16, 0, program(1)],
        [2, 16, 0, new Uint8Array(0)],
      ] as const;
      assert.equal(decodeReading(answer({ step: 'filters', result: -3, records }, endian), endian), {
        step: 'filters',
        errno: 3,
        filters: [{ program: program(1), flags: 0 }],
      });
    });
  }
});
