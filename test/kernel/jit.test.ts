/** Generated code means what the interpreter means, in every form; nothing forged becomes code. */
import * as fc from 'fast-check';
import * as assert from 'uvu/assert';
import { disassemble, type RawInsn } from '../../src/bpf/index.ts';
import { type Backend, type CheckedProgram, check, jit, jitWords, run, runWords } from '../../src/kernel/index.ts';
import { suite } from '../suite.ts';
import { dataWordsArbitrary, soundProgram } from '../support/programs.ts';

const BACKENDS: readonly Backend[] = ['js', 'wasm', 'interpreter'];
const ret = (k: number): RawInsn => ({ code: 0x06, jt: 0, jf: 0, k });
const ld = (k: number): RawInsn => ({ code: 0x20, jt: 0, jf: 0, k });
const jeq = (k: number, jt: number, jf: number): RawInsn => ({ code: 0x15, jt, jf, k });

function accepted(insns: readonly RawInsn[]): CheckedProgram {
  const verdict = check(insns);
  assert.ok(verdict.ok, verdict.ok ? '' : verdict.message);
  return (verdict as { program: CheckedProgram }).program;
}

function agree(program: CheckedProgram, inputs: readonly Uint32Array[]): void {
  for (const backend of BACKENDS) {
    const f = jitWords(program, { backend });
    for (const words of inputs) {
      const wanted = runWords(program, words);
      const got = f(words);
      if (wanted !== got)
        assert.unreachable(`${backend}: ${got} instead of ${wanted} for ${[...words]}\n${disassemble(program)}`);
    }
  }
}

/** A linear filter such as libseccomp emits: one JEQ per number, shared returns at the end. */
function linear(count: number, gap: number): RawInsn[] {
  const tests = Array.from({ length: count }, (_, i) => jeq(i * gap, Math.min(255, count - i), 0));
  return [ld(0), ...tests, ret(1), ret(2)].map((insn, pc, all) =>
    insn.code === 0x15 && pc + 1 + insn.jt >= all.length ? { ...insn, jt: all.length - pc - 2 } : insn,
  );
}

const words = (nr: number) => Uint32Array.from([nr, 0xc000_003e, ...Array<number>(14).fill(7)]);

suite('kernel/jit', (test) => {
  test('random accepted programs: js = wasm = interpreter', () => {
    fc.assert(
      fc.property(soundProgram, fc.array(dataWordsArbitrary, { minLength: 4, maxLength: 8 }), (insns, inputs) => {
        agree(accepted(insns), inputs);
      }),
      { numRuns: 400 },
    );
  });
  for (const gap of [1, 3, 1000, 0x0100_0001]) {
    test(`a chain of 250 JEQ, ${gap} apart`, () => {
      const inputs = Array.from({ length: 800 }, (_, nr) => words(nr % 3 ? nr : (nr * gap) >>> 0));
      agree(accepted(linear(250, gap)), inputs);
    });
  }
  test('4096 instructions, each a jump target', () => {
    const insns = Array.from({ length: 4095 }, (_, pc) => (pc % 2 ? jeq(pc, 1, 0) : ld(4 * (pc % 16))));
    insns[4093] = ret(5);
    insns[4094] = ret(6);
    agree(accepted([...insns, ret(7)]), [words(1), words(4001), Uint32Array.from(Array<number>(16).fill(3001))]);
  });
  test('of equal keys in a chain the first counts', () => {
    agree(accepted([ld(0), jeq(5, 3, 0), jeq(5, 1, 0), ret(1), ret(2), ret(3)]), [words(5), words(6)]);
  });
  test('a program that is one return', () => agree(accepted([ret(0x7fff_0000)]), [words(0)]));

  test('an object that check did not make is refused by everything that runs programs', () => {
    const real = accepted([ret(1)]);
    const data = { nr: 0, arch: 0, instructionPointer: 0n, args: [0n, 0n, 0n, 0n, 0n, 0n] } as const;
    const evil = { code: 6, jt: 0, jf: 0, k: '0;globalThis.forged=1' };
    const forged = [
      { insns: [evil], endian: 'little', length: 1, bytes: new Uint8Array(8) },
      Object.create(real),
      Object.setPrototypeOf({ insns: [evil] }, Object.getPrototypeOf(real)),
      new Proxy(real, {}),
    ];
    for (const fake of forged) {
      for (const use of [() => run(fake, data), () => jit(fake), () => jit(fake, { backend: 'wasm' })]) {
        assert.throws(use, (error: unknown) => error instanceof TypeError);
      }
    }
    assert.throws(
      () => new (real.constructor as new (...a: unknown[]) => unknown)(Symbol('check'), [evil], 'little'),
      /check/,
    );
    assert.throws(() => Object.assign(real, { endian: 'big' }));
    assert.throws(() => (real.insns as RawInsn[]).push(ret(2)));
    real.bytes.fill(0);
    assert.is(run(real, data), 1);
    assert.is(check([evil as unknown as RawInsn]).ok, false);
    assert.is((globalThis as Record<string, unknown>).forged, undefined);
  });
});
