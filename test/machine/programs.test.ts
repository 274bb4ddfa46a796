import * as assert from 'uvu/assert';
import { arch } from '../../src/arch/index.ts';
import { executable } from '../../src/machine/executable.ts';
import { demoProgram, type MachineTarget } from '../../src/machine/index.ts';
import { suite } from '../suite.ts';

const TARGETS: readonly MachineTarget[] = ['x86_64', 'aarch64'];

suite('machine/programs', (test) => {
  for (const target of TARGETS) {
    test(`${target}: the demo is small and always the same`, () => {
      const once = demoProgram(target);
      assert.ok(once.bytes.length <= 1536, `${once.bytes.length} bytes`);
      assert.equal(demoProgram(target).bytes, once.bytes);
    });
    test(`${target}: the listing's bytes are the code`, () => {
      const { bytes, lines } = demoProgram(target);
      assert.equal(Uint8Array.from(lines.flatMap((line) => [...line.bytes])), bytes);
    });
    test(`${target}: the executable holds the code and states its machine`, () => {
      const code = demoProgram(target);
      const file = executable(arch(target), code);
      const view = new DataView(file.buffer);
      assert.is(view.getUint16(18, true), arch(target).elf.machine);
      assert.equal(file.slice(176, 176 + code.bytes.length), code.bytes);
      assert.equal(Array.from(file.subarray(0, 16)), [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
      assert.is(Number(view.getBigUint64(40, true)) + 4 * 64, file.length, 'nothing follows the section headers');
    });
  }
  test('no executable for a 32-bit or big-endian ABI', () => {
    for (const name of ['i386', 's390x'] as const)
      assert.throws(() => executable(arch(name), demoProgram('x86_64')), /no executable/);
  });
});
