/** Verdicts of three: the running kernel, the C oracle, `check`. */
import { check } from '../../src/kernel/index.ts';
import type { Oracle } from '../wasi/oracle.ts';
import { disagreement, EINVAL, errnosOf, type Report, Tally } from './ask.ts';

const AT_ONCE = 16_384;

function compareAll(oracle: Oracle, numbers: Iterable<number>, make: (n: number) => Uint8Array, name: string): Report {
  const tally = new Tally();
  let accepted = 0;
  let chunk: { readonly number: number; readonly bytes: Uint8Array }[] = [];
  const flush = () => {
    const kernel = errnosOf(chunk.map(({ bytes }) => bytes));
    chunk.forEach(({ number, bytes }, i) => {
      const ours = check(bytes);
      const other = oracle.check(bytes);
      const errno = kernel[i];
      accepted += errno === 0 ? 1 : 0;
      tally.compare(errno === (ours.ok ? 0 : EINVAL) && ours.ok === other.ok, () =>
        disagreement(
          `kernel: errno ${errno}; check: ${ours.ok ? 'accepted' : `${ours.code} at ${ours.pc}`}; oracle: ${other.ok ? 'accepted' : `${other.why} at ${other.pc}`}`,
          `${name} ${number}`,
          [bytes],
        ),
      );
    });
    chunk = [];
  };
  for (const number of numbers) {
    chunk.push({ number, bytes: make(number) });
    if (chunk.length === AT_ONCE) flush();
  }
  flush();
  return tally.report(`${accepted} accepted`);
}

// corpusOpcode(index) of native-tests/wasi/corpus.c: opcode, then value of k, then skips (jt, jf), then scratch.
const SCRATCH = 2;
const SKIPS = 5;

/**
 * Every opcode of `from` to `to` with every edge value of k, with and without written scratch words. The pairs of jt and
 * jf take turns; below 0x100, where the opcodes that mean something are, each is tried.
 */
function* opcodeNumbers(oracle: Oracle, from: number, to: number): Generator<number> {
  const values = oracle.corpusOpcodeCount / 0x10000 / SCRATCH / SKIPS;
  for (let code = from; code < to; code++) {
    for (let value = 0; value < values; value++) {
      const first = (code * values + value) * SKIPS * SCRATCH;
      if (code < 0x100) for (let i = 0; i < SKIPS * SCRATCH; i++) yield first + i;
      else for (let i = 0; i < SCRATCH; i++) yield first + ((code + value) % SKIPS) * SCRATCH + i;
    }
  }
}

export function compareOpcodes(oracle: Oracle, from: number, to: number): Report {
  return compareAll(oracle, opcodeNumbers(oracle, from, to), oracle.corpusOpcode, 'opcode corpus');
}

/** The opcodes of seccomp, and a sample of everything else. */
export function compareSomeOpcodes(oracle: Oracle, count: number, seed: number): Report {
  function* numbers(): Generator<number> {
    const step = 2 * Math.floor(oracle.corpusOpcodeCount / count / 2) + 1;
    for (let i = 0, at = seed % step; i < count && at < oracle.corpusOpcodeCount; i++, at += step) yield at;
    yield* opcodeNumbers(oracle, 0, 0x100);
  }
  return compareAll(oracle, numbers(), oracle.corpusOpcode, 'opcode corpus');
}

/** Random programs near the boundary of the rules. */
export function compareBoundary(oracle: Oracle, count: number, seed: number): Report {
  const numbers = Array.from({ length: count }, (_, i) => (seed + i) >>> 0);
  return compareAll(oracle, numbers, oracle.corpusProgram, 'boundary corpus');
}
