/** The tracer as a file: its listing, its size, and that it is always the same. What it does is for native-tests/machine. */
import * as assert from 'uvu/assert';
import { readElf } from '../../src/elf/index.ts';
import { CPU_NAMES, listing, tracerCode, tracerElf } from '../../src/machine/index.ts';
import { golden } from '../golden.ts';
import { suite } from '../suite.ts';

suite('machine/tracer', (test) => {
  for (const cpu of CPU_NAMES) {
    test(`${cpu}: the listing`, () => golden(`machine/tracer-${cpu}.txt`, listing(tracerCode({ arch: cpu, tell: 3 }))));
    test(`${cpu}: small, and the same each time`, () => {
      for (const every of [false, true]) {
        const file = tracerElf({ arch: cpu, tell: 3, every });
        assert.ok(file.length <= 2048, `${file.length} bytes`);
        assert.equal(tracerElf({ arch: cpu, tell: 3, every }), file);
        assert.is(readElf(file).segments[0]?.p_flags, 5);
      }
    });
  }
});
