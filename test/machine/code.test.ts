import * as assert from 'uvu/assert';
import { CodeBuffer, fitsSigned, listing } from '../../src/machine/code.ts';
import { Aarch64, S390x, X86_64 } from '../../src/machine/index.ts';
import { suite } from '../suite.ts';

const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** `jmp there`, `filler` bytes of ret, `there: ret`. */
function jumpOver(filler: number): Uint8Array {
  const code = new X86_64();
  code.jmp('there');
  for (let i = 0; i < filler; i++) code.ret();
  code.label('there');
  code.ret();
  return code.finish().bytes;
}

/** `there: ret`, `filler` bytes of ret, `jmp there`. */
function jumpBack(filler: number): Uint8Array {
  const code = new X86_64();
  code.label('there');
  for (let i = 0; i < filler; i++) code.ret();
  code.jmp('there');
  return code.finish().bytes;
}

suite('machine/code', (test) => {
  test('a forward jump is short up to 127 bytes', () => {
    assert.is(hexOf(jumpOver(127).subarray(0, 2)), 'eb7f');
    assert.is(hexOf(jumpOver(128).subarray(0, 5)), 'e980000000');
  });
  test('a backward jump is short down to -128 bytes, its own two included', () => {
    assert.is(hexOf(jumpBack(126).subarray(126)), 'eb80');
    assert.is(hexOf(jumpBack(127).subarray(127)), 'e97cffffff');
  });
  test('a jump that grows makes others grow', () => {
    const code = new X86_64();
    code.jmp('b');
    for (let i = 0; i < 122; i++) code.ret();
    code.jmp('far');
    code.label('b');
    for (let i = 0; i < 200; i++) code.ret();
    code.label('far');
    code.ret();
    const { bytes, labels } = code.finish();
    // With a short `jmp far` the first jump spans 124 bytes; with the long one exactly 127.
    assert.is(hexOf(bytes.subarray(0, 2)), 'eb7f');
    assert.is(hexOf(bytes.subarray(124, 129)), 'e9c8000000');
    assert.is(labels.get('b'), 129);
    assert.is(labels.get('far'), 329);
  });
  test('conditional jumps, to the next instruction and to themselves', () => {
    const code = new X86_64();
    code.jcc('ne', 'next');
    code.label('next');
    code.jcc('l', 'next');
    assert.is(hexOf(code.finish().bytes), '75007cfe');
  });
  test('aarch64 branches reach 1 MiB, and say when they do not', () => {
    for (const [words, fits] of [
      [2 ** 18 - 2, true],
      [2 ** 18 - 1, false],
    ] as const) {
      const code = new Aarch64();
      code.bCond('eq', 'far');
      for (let i = 0; i < words; i++) code.ret();
      code.label('far');
      code.ret();
      if (fits) assert.is(hexOf(code.finish().bytes.subarray(0, 4)), 'e0ff7f54');
      else assert.throws(() => code.finish(), /does not reach/);
    }
  });
  test('a label placed twice, never, or on nothing', () => {
    const twice = new CodeBuffer();
    twice.label('a');
    assert.throws(() => twice.label('a'), /placed twice/);
    assert.throws(() => new CodeBuffer().label('A-b'), /no label/);
    const never = new X86_64();
    never.jmp('nowhere');
    assert.throws(() => never.finish(), /never placed/);
    const end = new X86_64();
    end.ret();
    end.label('end');
    assert.throws(() => end.finish(), /nothing follows/);
  });
  test('a branch to something that is no aarch64 instruction', () => {
    const code = new Aarch64();
    code.b('text');
    code.ascii('pad', 'x');
    code.ascii('text', 'y');
    assert.throws(() => code.finish(), /not on an instruction/);
  });
  test('the listing shows offset, bytes and text side by side', () => {
    const code = new X86_64();
    code.leaLabel('rsi', 'words');
    code.label('again');
    code.syscall();
    code.jmp('again');
    code.ascii('words', 'say "hi"\n\0');
    assert.is(
      listing(code.finish()),
      [
        '     0  48 8d 35 04 00 00 00        lea rsi, [rip + words]',
        'again:',
        '     7  0f 05                       syscall',
        '     9  eb fc                       jmp again',
        'words:',
        '     b  73 61 79 20 22 68 69 22 ..  .ascii "say \\"hi\\"\\n\\0"',
        '',
      ].join('\n'),
    );
  });
  test('labels outside of the code, before and behind it', () => {
    const code = new X86_64();
    code.external('filter', 256);
    code.external('entry', -4096);
    code.leaLabel('rsi', 'filter');
    code.jmp('entry');
    const { bytes, labels, externals } = code.finish();
    assert.is(hexOf(bytes), '488d35f9000000e9f4efffff');
    assert.equal([...labels], []);
    assert.equal(
      [...externals],
      [
        ['filter', 256],
        ['entry', -4096],
      ],
    );
    assert.is(listing(code.finish()).split('\n').slice(0, 2).join(), 'filter = . + 256,entry = . - 4096');
  });
  test('a label outside has one place, and one within reach of 32 bits', () => {
    const code = new X86_64();
    code.external('entry', 0);
    assert.throws(() => code.label('entry'), /placed twice/);
    assert.throws(() => code.external('other', 2 ** 31), /bytes away/);
    assert.throws(() => code.distanceOf('other'), /no external label/);
  });
  test('integers as data are in the byte order of the CPU', () => {
    const [x86, s390x] = [new X86_64(), new S390x()];
    for (const code of [x86, s390x]) code.words('two', [1, -2]);
    assert.is(hexOf(x86.finish().bytes), '01000000feffffff');
    assert.is(hexOf(s390x.finish().bytes), '00000001fffffffe');
  });
  test('signed ranges', () => {
    assert.equal(
      [-129, -128, 127, 128, 0.5].map((n) => fitsSigned(n, 8)),
      [false, true, true, false, false],
    );
  });
});
