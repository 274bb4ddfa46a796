/** Blocks of TypeScript and JavaScript: types as tsc sees them from outside of the package, then run by node. */
import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { transformSync } from 'esbuild';
import * as assert from 'uvu/assert';
import type { Block } from './blocks.ts';

/** Language -> the extension that makes it a module. */
export const PROGRAMS: Readonly<Record<string, '.mts' | '.mjs'>> = { ts: '.mts', js: '.mjs' };

/** Inside of the package, so that its own name leads to it as it is built. */
const folder = resolve('build', `docs-${process.pid}`);
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

const nameOf = ({ file, line, language }: Block): string =>
  `${file.replace(/[/.]/g, '-')}-${line}${PROGRAMS[language]}`;

/** Lines of the file are those of the document. */
const padded = ({ line, text }: Block): string => `${'\n'.repeat(line)}${text}`;

/** One run of tsc over all of them; block -> what is wrong with it. */
export function typeErrors(blocks: readonly Block[]): ReadonlyMap<Block, readonly string[]> {
  mkdirSync(folder, { recursive: true });
  for (const block of blocks) writeFileSync(join(folder, nameOf(block)), padded(block));
  const compilerOptions = {
    module: 'nodenext',
    target: 'es2023',
    lib: ['es2023'],
    types: ['node'],
    strict: true,
    exactOptionalPropertyTypes: true,
    allowJs: true,
    checkJs: true,
    skipLibCheck: true,
    noEmit: true,
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.mts', '*.mjs'] }));
  const tsc = resolve('node_modules/typescript/bin/tsc');
  const { stdout, status } = spawnSync(process.execPath, [tsc, '-p', folder, '--pretty', 'false'], {
    encoding: 'utf8',
    cwd: folder,
  });
  const lines = stdout.split('\n').filter(Boolean);
  const found = new Map(blocks.map((block) => [block, lines.filter((line) => line.startsWith(nameOf(block)))]));
  const told = [...found.values()].flat().length;
  if (status !== 0 && told === 0) throw new Error(`tsc: ${stdout}`);
  return found;
}

/** What it printed, both streams as a terminal shows them. */
export function runProgram(block: Block, place: string, environment: NodeJS.ProcessEnv): string {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `run-${nameOf(block).replace(/\.\w+$/, '.mjs')}`);
  writeFileSync(file, transformSync(padded(block), { loader: 'ts', sourcemap: 'inline' }).code);
  const { NODE_TEST_CONTEXT: _, ...env } = environment;
  const path = `${file}.output`;
  const output = openSync(path, 'w');
  const { status } = spawnSync(process.execPath, [file], { cwd: place, env, stdio: ['ignore', output, output] });
  closeSync(output);
  const printed = readFileSync(path, 'utf8');
  assert.ok(status === 0, `ended with ${status}\n${printed}`);
  return printed;
}
