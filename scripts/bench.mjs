/**
 * `npm run bench -- NAME [ARGS...]`: bundles test/bench/NAME.ts and prints what its default export returns. Benchmarks
 * measure ours beside a peer in one run; they are no tests and run by hand, on a quiet machine.
 */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureBuilt, ensureDependencies, root } from './ensure.mjs';

const [name, ...args] = process.argv.slice(2);
const source = join(root, 'test', 'bench', `${name}.ts`);
if (name === undefined || !existsSync(source)) {
  console.error('usage: npm run bench -- cli | compile | elf | enforce | kernel | trace');
  process.exit(2);
}
ensureDependencies();
ensureBuilt();
const { build } = await import('esbuild');
const outfile = join(root, 'build', `bench-${name}-${process.pid}.mjs`);
await build({
  entryPoints: [source],
  outfile,
  bundle: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  target: 'node20',
});
try {
  const { default: bench } = await import(pathToFileURL(outfile).href);
  console.log(await bench(args));
} finally {
  rmSync(outfile, { force: true });
}
