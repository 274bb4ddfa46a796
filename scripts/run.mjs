/** `node scripts/run.mjs FILE.ts [ARGUMENT...]`: bundles a program of native-tests and runs it (`npm run zoo`,
 * `npm run sweep`, `npm run test:clients`). */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureBuilt, ensureDependencies, root } from './ensure.mjs';

ensureDependencies();
ensureBuilt();
const { build } = await import('esbuild');
const outfile = join(root, 'build', `run-${process.pid}.mjs`);
process.on('exit', () => rmSync(outfile, { force: true }));
process.chdir(root);
await build({
  entryPoints: [process.argv[2]],
  outfile,
  bundle: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  target: 'node20',
  sourcemap: 'inline',
  logLevel: 'warning',
});
process.argv.splice(1, 2, outfile);
await import(pathToFileURL(outfile).href);
