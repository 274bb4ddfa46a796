/** Blocks of C, Go and Rust: their compilers take them, with every warning an error. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { withoutTool } from '../../native-tests/support.ts';
import type { Block } from './blocks.ts';

interface Compiler {
  readonly file: string;
  readonly command: readonly [string, ...string[]];
}

/** Language -> the file that is compiled, and how. A block of Go or Rust is a whole file. */
export const COMPILED: Readonly<Record<string, Compiler>> = {
  c: { file: 'block.c', command: ['gcc', '-std=c99', '-Wall', '-Wextra', '-Werror', '-c', 'block.c', '-o', 'block.o'] },
  go: { file: 'block.go', command: ['go', 'vet', 'block.go'] },
  rust: { file: 'block.rs', command: ['rustc', '-D', 'warnings', '--emit=metadata', '--crate-type=lib', 'block.rs'] },
};

export function compileBlock(block: Block, place: string): void {
  const { file, command } = COMPILED[block.language] as Compiler;
  const [tool, ...args] = command;
  // The mark `needs` makes a named skip of it; without one the compiler has to be there.
  assert.is(withoutTool(tool), undefined);
  const folder = join(place, `line-${block.line}`);
  mkdirSync(folder);
  writeFileSync(join(folder, file), block.text);
  const { status, stdout, stderr } = spawnSync(tool, args, { cwd: folder, encoding: 'utf8' });
  assert.is(status, 0, `${stdout}${stderr}`);
}
