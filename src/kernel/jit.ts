/**
 * A checked program as a function: generated JavaScript, WebAssembly where the page forbids `new Function`, and the
 * interpreter where it forbids both. All three mean the same.
 */
import type { SeccompData } from '../arch/index.ts';
import type { U32 } from '../num/index.ts';
import { runWords } from './interpret.ts';
import { javascriptOf } from './jit-js.ts';
import { wasmFunction } from './jit-wasm.ts';
import { type CheckedProgram, codeOf } from './program.ts';
import { type DataWords, dataWords } from './words.ts';

export type Backend = 'js' | 'wasm' | 'interpreter';

export interface JitOptions {
  /** Which kind of code; by default the first of js, wasm, interpreter that this environment allows. */
  readonly backend?: Backend;
}

/** A program over the sixteen words of seccomp_data. */
export type WordsFunction = (words: DataWords) => U32;

function javascript(program: CheckedProgram): WordsFunction {
  // The text is made of the checked words alone; codeOf refuses anything that `check` did not make.
  return new Function('w', javascriptOf(codeOf(program))) as WordsFunction;
}

function make(program: CheckedProgram, backend: Backend): WordsFunction {
  switch (backend) {
    case 'js':
      return javascript(program);
    case 'wasm':
      return wasmFunction(codeOf(program));
    case 'interpreter':
      return (words) => runWords(program, words);
    default:
      return backend satisfies never;
  }
}

/**
 * The program as a function over words (see `dataWords`).
 * Throws what the environment throws when the asked-for backend is forbidden; without one it falls back.
 */
export function jitWords(program: CheckedProgram, options: JitOptions = {}): WordsFunction {
  codeOf(program);
  if (options.backend !== undefined) return make(program, options.backend);
  for (const backend of ['js', 'wasm'] as const) {
    try {
      return make(program, backend);
    } catch {
      // Forbidden by a content security policy: the next one means the same.
    }
  }
  return make(program, 'interpreter');
}

/**
 * The program as a function of one call: the same words as `run`, several times faster. Throws TypeError for a program
 * that `check` did not make.
 */
export function jit(program: CheckedProgram, options: JitOptions = {}): (data: SeccompData) => U32 {
  const words = jitWords(program, options);
  return (data) => words(dataWords(data, program.endian));
}
