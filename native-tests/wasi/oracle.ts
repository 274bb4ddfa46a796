/**
 * The outside judge for tests: our C implementation of Linux's seccomp filters (oracle.c), run in process as WebAssembly.
 * Two forms: `loadOracle()` calls exported functions, for tests that ask often; `runOracleCommand()` is the same C as a
 * program that reads a file and writes a file. Both go through `@wasmer/wasi`, which leaks unless told: `free()` is not
 * optional. Nothing of src/ is used here.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { init, type JSVirtualFile, type MemFS, WASI } from '@wasmer/wasi';

export type OracleEndian = 'little' | 'big';

/** The kernel says EINVAL to all of these; the number is `enum rule` of oracle.h. */
export const ORACLE_RULES: Readonly<Record<number, string>> = {
  1: 'no instruction, or more than 4096',
  2: 'not an opcode of classic BPF',
  3: 'division by the constant 0',
  4: 'shift by a constant of 32 or more',
  5: 'scratch slot 16 or more',
  6: 'ja leaves the program',
  7: 'a conditional jump leaves the program',
  8: 'unknown ancillary load',
  9: 'the last instruction is not ret',
  10: 'scratch slot read before it is written',
  11: 'an opcode of classic BPF that seccomp refuses',
  12: 'load outside seccomp_data or not on a word',
};

export type OracleVerdict =
  | { readonly ok: true }
  | { readonly ok: false; readonly pc: number; readonly rule: number; readonly why: string };

/**
 * Programs are the raw bytes of `struct sock_filter[]` in the byte order `endian` (little unless given). `words` is
 * `struct seccomp_data` as that machine's native u32s, sixteen for each input: `seccompDataWords` makes them.
 * Everything but `check` throws on a program that `check` refuses.
 */
export interface Oracle {
  check(bytes: Uint8Array, endian?: OracleEndian): OracleVerdict;
  /** The result word, unsigned. */
  run(bytes: Uint8Array, words: Uint32Array, endian?: OracleEndian): number;
  /** One result for each sixteen words. */
  runMany(bytes: Uint8Array, words: Uint32Array, endian?: OracleEndian): Uint32Array;
  /** Programs in the order of installing; at least one. */
  runStack(programs: readonly Uint8Array[], words: Uint32Array, endian?: OracleEndian): number;
  /** Instructions of the eBPF program that the kernel makes of this one, its prologue included. */
  ebpfLength(bytes: Uint8Array, endian?: OracleEndian): number;
  /** How many of these filters can be installed, in this order, before one gets ENOMEM for the 32,768 of a stack. */
  stackFits(programs: readonly Uint8Array[], endian?: OracleEndian): number;
  /** Nanoseconds for one evaluation in the C loop, over all inputs in turn; the median of five loops. Takes a second. */
  benchNs(bytes: Uint8Array, words: Uint32Array, endian?: OracleEndian): number;
  /** Program `seed` of the boundary corpus (corpus.c), little-endian; roughly half are acceptable. */
  corpusProgram(seed: number): Uint8Array;
  /** The same without deliberate faults. */
  corpusSoundProgram(seed: number): Uint8Array;
  /** Input `seed`: sixteen words, many of them edge values. */
  corpusWords(seed: number): Uint32Array;
  readonly corpusOpcodeCount: number;
  /** Every opcode with every edge value, by number: one instruction under test between writes and RETs. */
  corpusOpcode(index: number): Uint8Array;
  /** FNV-1a over the verdicts (1 accepted, 0 refused) of `count` programs of a corpus, starting with `first`. */
  corpusProgramDigest(first: number, count: number): number;
  corpusOpcodeDigest(first: number, count: number): number;
  /** The oracle is not usable afterwards. */
  free(): void;
}

// What this file needs of the WebAssembly global, whose types only lib "dom" has; lib "dom" in one file would give every
// file of the project a `window`.
interface WasmApi {
  compile(bytes: Uint8Array): Promise<object>;
}
const wasm = (globalThis as unknown as { WebAssembly: WasmApi }).WebAssembly;

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  _initialize(): void;
  oracle_input(): number;
  oracle_lens(): number;
  oracle_data(): number;
  oracle_results(): number;
  oracle_input_insns(): number;
  oracle_input_programs(): number;
  oracle_input_data(): number;
  oracle_check(len: number, big: number): number;
  oracle_run(len: number, big: number, words: number): number;
  oracle_run_many(len: number, big: number, count: number): void;
  oracle_stack(count: number, big: number, words: number): number;
  oracle_stack_fits(count: number, big: number): number;
  oracle_ebpf_len(len: number, big: number): number;
  oracle_bench(len: number, big: number, count: number, n: number): number;
  corpus_program(seed: number, sound: number): number;
  corpus_words(seed: number): void;
  corpus_opcode_count(): number;
  corpus_opcode(index: number): number;
  corpus_program_digest(first: number, count: number): number;
  corpus_opcode_digest(first: number, count: number): number;
}

const INSN_BYTES = 8;
const DATA_WORDS = 16;

/** Bundled tests run from a build folder, so files are found from the project root, which is their working directory. */
export const ORACLE_FOLDER: string = join(process.cwd(), 'native-tests', 'wasi');

const compiled = new Map<string, Promise<object>>();

async function compileModule(name: string): Promise<object> {
  await init(); // idempotent
  let module = compiled.get(name);
  if (module === undefined) {
    module = wasm.compile(readFileSync(join(ORACLE_FOLDER, name)));
    compiled.set(name, module);
  }
  return module;
}

/** `struct seccomp_data` as sixteen native words: of each 64-bit field the low word first on little-endian machines. */
export function seccompDataWords(
  data: {
    readonly nr: number;
    readonly arch: number;
    readonly instructionPointer: bigint;
    readonly args: readonly bigint[];
  },
  endian: OracleEndian = 'little',
): Uint32Array {
  const words = new Uint32Array(DATA_WORDS);
  words[0] = data.nr;
  words[1] = data.arch;
  const wide = [data.instructionPointer, ...data.args];
  wide.forEach((value, i) => {
    const low = Number(value & 0xffff_ffffn);
    const high = Number((value >> 32n) & 0xffff_ffffn);
    words[2 + 2 * i] = endian === 'little' ? low : high;
    words[3 + 2 * i] = endian === 'little' ? high : low;
  });
  return words;
}

/** The same program for a machine of the other byte order. */
export function swapProgram(bytes: Uint8Array): Uint8Array {
  const out = bytes.slice();
  for (let at = 0; at < out.length; at += INSN_BYTES) {
    out.subarray(at, at + 2).reverse();
    out.subarray(at + 4, at + 8).reverse();
  }
  return out;
}

export async function loadOracle(): Promise<Oracle> {
  const module = await compileModule('oracle.wasm');
  // instantiate() throws on a module that imports nothing of WASI; this one asks for the clock, in oracle_bench().
  const wasi = new WASI({});
  const exports = (wasi.instantiate(module, {}) as { exports: Exports }).exports;
  exports._initialize(); // start() is for commands and fails on a reactor

  const input = exports.oracle_input();
  const dataAt = exports.oracle_data();
  const inputInsns = exports.oracle_input_insns();
  const inputPrograms = exports.oracle_input_programs();
  const inputData = exports.oracle_input_data();
  // The reactor allocates nothing, so its memory never grows and these stay valid.
  const memory = new Uint8Array(exports.memory.buffer);
  const view = new DataView(exports.memory.buffer);
  const big = (endian: OracleEndian = 'little') => (endian === 'big' ? 1 : 0);

  function insnCount(bytes: Uint8Array): number {
    if (bytes.length % INSN_BYTES !== 0)
      throw new RangeError(`${bytes.length} bytes are no whole number of instructions`);
    if (bytes.length / INSN_BYTES > inputInsns) throw new RangeError(`more than ${inputInsns} instructions`);
    return bytes.length / INSN_BYTES;
  }

  function writeWords(words: Uint32Array): void {
    for (let i = 0; i < words.length; i++) view.setUint32(dataAt + 4 * i, words[i]!, true);
  }

  function readWords(at: number, count: number): Uint32Array {
    return Uint32Array.from({ length: count }, (_, i) => view.getUint32(at + 4 * i, true));
  }

  function oneInput(words: Uint32Array): void {
    if (words.length !== DATA_WORDS) throw new RangeError(`${words.length} words instead of ${DATA_WORDS}`);
    writeWords(words);
  }

  function check(bytes: Uint8Array, endian?: OracleEndian): OracleVerdict {
    const len = insnCount(bytes);
    memory.set(bytes, input);
    const packed = exports.oracle_check(len, big(endian)) >>> 0;
    if (packed === 0) return { ok: true };
    const rule = packed >>> 16;
    return { ok: false, pc: packed & 0xffff, rule, why: ORACLE_RULES[rule] ?? `rule ${rule}` };
  }

  /** Puts an acceptable program into the input. The C side would trap, and a trap says nothing. */
  function accepted(bytes: Uint8Array, endian?: OracleEndian): number {
    const verdict = check(bytes, endian);
    if (!verdict.ok) throw new Error(`the oracle refuses this program: instruction ${verdict.pc}: ${verdict.why}`);
    return insnCount(bytes);
  }

  function acceptedStack(programs: readonly Uint8Array[], endian?: OracleEndian): number {
    if (programs.length > inputPrograms) throw new RangeError(`more than ${inputPrograms} programs`);
    for (const bytes of programs) accepted(bytes, endian);
    let at = 0;
    programs.forEach((bytes, i) => {
      if (at + bytes.length > inputInsns * INSN_BYTES) throw new RangeError(`more than ${inputInsns} instructions`);
      memory.set(bytes, input + at);
      view.setUint32(exports.oracle_lens() + 4 * i, insnCount(bytes), true);
      at += bytes.length;
    });
    return programs.length;
  }

  function runMany(bytes: Uint8Array, words: Uint32Array, endian?: OracleEndian): Uint32Array {
    if (words.length % DATA_WORDS !== 0) throw new RangeError(`${words.length} words are no whole number of inputs`);
    const len = accepted(bytes, endian);
    const results = new Uint32Array(words.length / DATA_WORDS);
    for (let done = 0; done < results.length; done += inputData) {
      const count = Math.min(inputData, results.length - done);
      writeWords(words.subarray(done * DATA_WORDS, (done + count) * DATA_WORDS));
      exports.oracle_run_many(len, big(endian), count);
      results.set(readWords(exports.oracle_results(), count), done);
    }
    return results;
  }

  function benchNs(bytes: Uint8Array, words: Uint32Array, endian?: OracleEndian): number {
    const count = words.length / DATA_WORDS;
    if (!Number.isInteger(count) || count < 1 || count > inputData) throw new RangeError(`${words.length} words`);
    const len = accepted(bytes, endian);
    writeWords(words);
    // The WASI clock counts in milliseconds here: a loop must be long for its time to mean something.
    const enough = 100e6;
    let n = 1024;
    while (exports.oracle_bench(len, big(endian), count, n) < enough && n < 2 ** 30) n *= 2;
    const times = Array.from({ length: 5 }, () => exports.oracle_bench(len, big(endian), count, n) / n);
    return times.sort((a, b) => a - b)[2]!;
  }

  const inputProgram = (len: number) => memory.slice(input, input + len * INSN_BYTES);

  return {
    check,
    run(bytes, words, endian) {
      const len = accepted(bytes, endian);
      oneInput(words);
      return exports.oracle_run(len, big(endian), dataAt) >>> 0;
    },
    runMany,
    runStack(programs, words, endian) {
      if (programs.length === 0) throw new RangeError('a stack has at least one filter');
      const count = acceptedStack(programs, endian);
      oneInput(words);
      return exports.oracle_stack(count, big(endian), dataAt) >>> 0;
    },
    ebpfLength: (bytes, endian) => exports.oracle_ebpf_len(accepted(bytes, endian), big(endian)),
    stackFits: (programs, endian) => exports.oracle_stack_fits(acceptedStack(programs, endian), big(endian)),
    benchNs,
    corpusProgram: (seed) => inputProgram(exports.corpus_program(seed, 0)),
    corpusSoundProgram: (seed) => inputProgram(exports.corpus_program(seed, 1)),
    corpusWords(seed) {
      exports.corpus_words(seed);
      return readWords(dataAt, DATA_WORDS);
    },
    corpusOpcodeCount: exports.corpus_opcode_count() >>> 0,
    corpusOpcode: (index) => inputProgram(exports.corpus_opcode(index)),
    corpusProgramDigest: (first, count) => exports.corpus_program_digest(first, count) >>> 0,
    corpusOpcodeDigest: (first, count) => exports.corpus_opcode_digest(first, count) >>> 0,
    free: () => wasi.free(),
  };
}

export interface OracleRecord {
  readonly bytes: Uint8Array;
  readonly endian?: OracleEndian;
  /** Sixteen words for each input; none when absent. */
  readonly words?: Uint32Array;
}

/** Runs oracle-cmd.wasm over these programs; one line of text for each, see command.c. */
export async function runOracleCommand(records: readonly OracleRecord[]): Promise<readonly string[]> {
  const module = await compileModule('oracle-cmd.wasm');
  const parts: Uint8Array[] = [];
  for (const { bytes, endian, words = new Uint32Array(0) } of records) {
    const head = new DataView(new ArrayBuffer(12 + words.length * 4));
    head.setUint32(0, bytes.length / INSN_BYTES, true);
    head.setUint32(4, endian === 'big' ? 1 : 0, true);
    head.setUint32(8, words.length / DATA_WORDS, true);
    for (let i = 0; i < words.length; i++) head.setUint32(12 + 4 * i, words[i]!, true);
    parts.push(new Uint8Array(head.buffer, 0, 12), bytes, new Uint8Array(head.buffer, 12));
  }

  const wasi = new WASI({ args: ['oracle-cmd', '/in', '/out'], preopens: { '/': '/' } });
  const files: JSVirtualFile[] = [];
  let fs: MemFS | undefined;
  try {
    wasi.instantiate(module, {});
    fs = wasi.fs; // a new handle at each reading, to be freed
    const input = fs.open('/in', { read: true, write: true, create: true });
    files.push(input);
    input.write(Buffer.concat(parts));
    const status = wasi.start();
    if (status !== 0) throw new Error(`oracle-cmd ended with status ${status}`);
    const output = fs.open('/out', { read: true });
    files.push(output);
    const text = output.readString();
    return text === '' ? [] : text.trimEnd().split('\n');
  } finally {
    for (const file of files) file.free();
    fs?.free();
    wasi.free();
  }
}
