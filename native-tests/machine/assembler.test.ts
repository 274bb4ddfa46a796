/**
 * GNU as as the judge of our bytes: each instruction from a hand-written line, and whole programs from their listings
 * (which shows that the text beside the bytes says what the bytes do).
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { MachineCode } from '../../src/machine/code.ts';
import {
  CPU_NAMES,
  type CpuName,
  demoProgram,
  enforceStub,
  externalsText,
  filterReaderCode,
  launcherCode,
  MACHINE_TARGETS,
  probeProgram,
  tracerCode,
} from '../../src/machine/index.ts';
import { suite } from '../../test/suite.ts';
import { everyAarch64, everyI386, everyRiscv64, everyS390x, everyX86_64 } from './every-instruction.ts';
import { assembled, withoutToolchain } from './toolchain.ts';

function sourceOf(code: MachineCode): string {
  const externals = externalsText(code).map((line) => `${line}\n`);
  const lines = code.lines.map((line) => `${line.labels.map((name) => `${name}:\n`).join('')}${line.text}\n`);
  return [...externals, ...lines].join('');
}

/** Names the first instruction whose bytes differ. Behind the last one, as may fill a word up. */
function same(code: MachineCode, judged: Uint8Array): void {
  for (const line of code.lines) {
    const theirs = judged.subarray(line.byteOffset, line.byteOffset + line.bytes.length);
    assert.is(Buffer.from(line.bytes).toString('hex'), Buffer.from(theirs).toString('hex'), line.text);
  }
  const filling = judged.length - code.bytes.length;
  assert.ok(filling >= 0 && filling < 4, `${filling} bytes follow`);
}

const here = join(process.cwd(), 'native-tests', 'machine');

const EVERY: Readonly<Record<CpuName, readonly [string, () => MachineCode]>> = {
  x86_64: ['x86-64.s', everyX86_64],
  i386: ['i386.s', everyI386],
  aarch64: ['aarch64.s', everyAarch64],
  riscv64: ['riscv64.s', everyRiscv64],
  s390x: ['s390x.s', everyS390x],
};

/** Entries close by, behind a large .bss, and before. */
const stubs = (arch: CpuName): readonly (readonly [string, MachineCode])[] =>
  [-0x1000, 0x4000_0000, -0x7fff_0000].map((entry) => [
    `stub, entry at ${entry}`,
    enforceStub({ arch, filterAddress: 512, length: 4096, flags: 1, entry }),
  ]);

const launchers = (arch: CpuName): readonly (readonly [string, MachineCode])[] => [
  ['launcher', launcherCode({ arch, filter: { address: -800, length: 100 } })],
  ['launcher, filter from a descriptor', launcherCode({ arch, filter: 'descriptor', flags: 2 })],
  [
    'supervised launcher, argv[0] apart',
    launcherCode({ arch, filter: { address: -800, length: 100 }, named: true, supervise: 3 }),
  ],
];

const tracers = (arch: CpuName): readonly (readonly [string, MachineCode])[] => [
  ['tracer', tracerCode({ arch, tell: 3 })],
  ['tracer of every call', tracerCode({ arch, tell: 3, every: true })],
  ['stub that tells', enforceStub({ arch, filterAddress: 512, length: 4096, flags: 1, entry: -0x1000 }, true)],
];

/** Parameters for a stub written by hand; its `start` is the first byte. */
const STUB = { filterAddress: 512, length: 100, flags: 1, entry: -74560 } as const;

/** FILTER and ENTRY lie outside of the source, as they do outside of the stub. */
const givenTo = (source: string): string =>
  `${source}.set FILTER, start + ${STUB.filterAddress}\n.set ENTRY, start - ${-STUB.entry}\n`;

suite('native/machine/assembler', (test) => {
  for (const name of CPU_NAMES) {
    const missing = withoutToolchain(name);
    const [file, every] = EVERY[name];
    test.needs(missing, `every ${name} instruction, from ${file}`, () => {
      same(every(), assembled(name, readFileSync(join(here, file), 'utf8')));
    });
    test.needs(missing, `the ${name} stub, from stub/${file}, which was written by hand`, () => {
      const source = `.set LENGTH, ${STUB.length}\n.set FLAGS, ${STUB.flags}\n${readFileSync(join(here, 'stub', file), 'utf8')}`;
      const code = enforceStub({ arch: name, ...STUB });
      same(code, assembled(name, givenTo(source)));
    });
    const reader: readonly [string, MachineCode] = ['filter reader', filterReaderCode(name, 5)];
    for (const [title, code] of [...stubs(name), ...launchers(name), ...tracers(name), reader])
      test.needs(missing, `the ${name} ${title}, from its own listing`, () => {
        same(code, assembled(name, sourceOf(code)));
      });
  }
  for (const target of MACHINE_TARGETS)
    for (const [name, program] of [
      ['demo', demoProgram],
      ['probe', probeProgram],
    ] as const)
      test.needs(withoutToolchain(target), `the ${target} ${name}, from its own listing`, () => {
        const code = program(target);
        same(code, assembled(target, sourceOf(code)));
      });
});
