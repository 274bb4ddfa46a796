/**
 * Ours and the C oracle's, in process and without a compiler: the same verdict on every program of the corpora, the same
 * word on every input in every form, the same converted length and budget.
 */
import * as assert from 'uvu/assert';
import { decodeProgram, disassemble, encodeProgram } from '../../src/bpf/index.ts';
import {
  type Backend,
  type CheckedProgram,
  check,
  ebpfLength,
  jitWords,
  runStack,
  runWords,
  stackFits,
} from '../../src/kernel/index.ts';
import { suite } from '../../test/suite.ts';
import { loadOracle, swapProgram } from './oracle.ts';

const oracle = await loadOracle();
const BACKENDS: readonly Backend[] = ['js', 'wasm'];
const shown = (bytes: Uint8Array) => disassemble({ insns: decodeProgram(bytes, 'little'), endian: 'little' });

function sameVerdict(bytes: Uint8Array, what: string): boolean {
  const ours = check(bytes);
  const theirs = oracle.check(bytes);
  // A byte-swapped program is refused by both; only the place differs, and the kernel has no place to compare.
  if (ours.ok !== theirs.ok) assert.unreachable(`${what}: ours ${ours.ok}, oracle ${theirs.ok}\n${shown(bytes)}`);
  return ours.ok;
}

function accepted(bytes: Uint8Array): CheckedProgram {
  const verdict = check(bytes);
  if (!verdict.ok) throw new Error(verdict.message);
  return verdict.program;
}

/** Programs of the sound corpus that are accepted, by both; a few read a slot that is not surely stored. */
function* soundPrograms(
  first: number,
  count: number,
): Generator<{ readonly bytes: Uint8Array; readonly seed: number }> {
  let left = count;
  for (let seed = first; left > 0; seed++) {
    const bytes = oracle.corpusSoundProgram(seed);
    if (!sameVerdict(bytes, `sound program ${seed}`)) continue;
    left -= 1;
    yield { bytes, seed };
  }
}

/** A program whose `swapProgram` is given to a big-endian machine: the words are the same, only the bytes turn. */
function sameWords(bytes: Uint8Array, seed: number): void {
  const program = accepted(bytes);
  const swapped = check(swapProgram(bytes), { endian: 'big' });
  assert.ok(swapped.ok);
  const inputs = Array.from({ length: 8 }, (_, i) => oracle.corpusWords(seed * 8 + i));
  const forms = BACKENDS.map((backend) => ({ backend, f: jitWords(program, { backend }) }));
  for (const words of inputs) {
    const wanted = oracle.run(bytes, words);
    assert.is(runWords(program, words), wanted, `interpreter, seed ${seed}\n${shown(bytes)}`);
    if (swapped.ok) assert.is(runWords(swapped.program, words), wanted, `big-endian, seed ${seed}`);
    for (const { backend, f } of forms) assert.is(f(words), wanted, `${backend}, seed ${seed}\n${shown(bytes)}`);
  }
  assert.is(ebpfLength(program), oracle.ebpfLength(bytes), `converted length, seed ${seed}`);
}

suite('native-tests/wasi/agree', (test) => {
  test('20,000 boundary programs: the same verdict, and where accepted the same words and lengths', () => {
    let accepts = 0;
    for (let seed = 1_000_000; seed < 1_020_000; seed++) {
      const bytes = oracle.corpusProgram(seed);
      if (!sameVerdict(bytes, `seed ${seed}`)) continue;
      accepts += 1;
      if (seed % 8 === 0) sameWords(bytes, seed);
    }
    assert.ok(accepts > 5_000 && accepts < 15_000, `${accepts} accepted`);
  });
  test('1,500 sound programs x 8 inputs: interpreter = js = wasm = oracle, both byte orders', () => {
    for (const { bytes, seed } of soundPrograms(2_000_000, 1500)) sameWords(bytes, seed);
  });
  test('opcodes with edge values: a walk through all of them', () => {
    const count = oracle.corpusOpcodeCount;
    // A step prime to the count visits every opcode and every edge value, in different company.
    for (let i = 0, at = 0; i < 60_000; i++, at = (at + 7_919) % count)
      sameVerdict(oracle.corpusOpcode(at), `opcode case ${at}`);
  });
  test('stacks of 2 to 6 filters', () => {
    for (let seed = 0; seed < 1_500; seed++) {
      const stack = [...soundPrograms(3_000_000 + seed * 16, 2 + (seed % 5))].map((p) => p.bytes);
      const words = oracle.corpusWords(seed);
      const data = dataOf(words);
      assert.is(runStack(stack.map(accepted), data), oracle.runStack(stack, words), `stack ${seed}`);
    }
  });
  test('the budget of a stack, to one instruction', () => {
    const fill = (length: number) =>
      encodeProgram(
        Array.from({ length }, (_, pc) =>
          pc === length - 1 ? { code: 0x16, jt: 0, jf: 0, k: 0 } : { code: 0, jt: 0, jf: 0, k: pc },
        ),
        'little',
      );
    // 3 + n converted, 4 more for each installed: 7 x 4099 + 7 x 4 + (3 + n) <= 32768 holds up to n = 4044.
    for (const [last, fits] of [
      [4044, true],
      [4045, false],
    ] as const) {
      const stack = [...Array.from({ length: 7 }, () => fill(4096)), fill(last)];
      assert.is(stackFits(stack.map(accepted)), fits, `last of ${last}`);
      assert.is(oracle.stackFits(stack) === stack.length, fits, `oracle, last of ${last}`);
    }
  });
});

function dataOf(words: Uint32Array) {
  const u64 = (i: number) => (BigInt(words[i + 1] ?? 0) << 32n) | BigInt(words[i] ?? 0);
  const args = [u64(4), u64(6), u64(8), u64(10), u64(12), u64(14)] as const;
  return { nr: words[0] ?? 0, arch: words[1] ?? 0, instructionPointer: u64(2), args };
}
