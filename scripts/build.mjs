/** `npm run build`: the library as plain ESM with types (tsc), the command bundled in one file for each command (esbuild). */
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensureDependencies, must, root } from './ensure.mjs';

ensureDependencies();
rmSync(join(root, 'dist'), { recursive: true, force: true });
must(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.build.json']);
const esbuild = await import('esbuild');
/** commander loads child_process for commands that are files of their own, which we have none of. It takes a while. */
const withoutChildProcess = {
  name: 'without-child-process',
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /^node:child_process$/ }, ({ importer, path }) =>
      importer.includes('/commander/') ? { path, namespace: 'nothing' } : undefined,
    );
    onLoad({ filter: /./, namespace: 'nothing' }, () => ({ contents: 'module.exports = {};' }));
  },
};
const out = join(root, 'dist', 'seccompc.mjs');
await esbuild.build({
  entryPoints: { seccompc: join(root, 'src', 'cli', 'main.ts') },
  outdir: join(root, 'dist'),
  outExtension: { '.js': '.mjs' },
  chunkNames: 'command/[name]-[hash]',
  bundle: true,
  splitting: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  // jsonc-parser's UMD build hides its requires from the bundler; its ESM build does not.
  mainFields: ['module', 'main'],
  // commander is CommonJS and asks for node's own modules by require().
  banner: {
    js: "#!/usr/bin/env node\nimport { createRequire as __createRequire } from 'node:module';\nconst require = __createRequire(import.meta.url);",
  },
  minifySyntax: true,
  minifyWhitespace: true,
  plugins: [withoutChildProcess],
  legalComments: 'none',
  logLevel: 'warning',
});
chmodSync(out, 0o755);
writeFileSync(join(root, 'dist', '.built'), '');
