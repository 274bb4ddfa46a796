/** The manual page of the command, packed: man reads it so, and it is a fifth of the size. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { root } from './ensure.mjs';

/** seccompc.1.gz as bytes, the same each time. */
export async function packedManual() {
  const { build } = await import('esbuild');
  const outdir = join(root, 'build', `manual-${process.pid}`);
  mkdirSync(outdir, { recursive: true });
  try {
    const outfile = join(outdir, 'manual.mjs');
    await build({
      entryPoints: [join(root, 'src', 'cli', 'manual.ts')],
      outfile,
      bundle: true,
      packages: 'external',
      platform: 'node',
      format: 'esm',
      logLevel: 'warning',
    });
    const { manualPage } = await import(pathToFileURL(outfile).href);
    const packed = gzipSync(await manualPage(), { level: 9 });
    // The system that packed it, which gzip writes down.
    packed[9] = 255;
    return packed;
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}
