/**
 * `npm run build`: the library and the command as one set of modules that share what they have in common (rolldown), with
 * the types that users can reach (tsc). What the package needs of others is in it, with their licences: installing it
 * brings nothing else.
 */
import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { keepReachable } from './declarations.mjs';
import { ensureDependencies, must, root } from './ensure.mjs';
import { packedManual } from './manual.mjs';

ensureDependencies();
const dist = join(root, 'dist');
rmSync(dist, { recursive: true, force: true });
must(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.build.json']);
const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
/** 'index', 'bpf/index' ...: what `exports` leads to. */
const entries = Object.values(exports).flatMap(({ import: path }) =>
  path === undefined ? [] : [path.replace(/^\.\/dist\/|\.js$/g, '')],
);
keepReachable(dist, entries);

const { rolldown } = await import('rolldown');
/**
 * commander and elf-tools are CommonJS: their require() of node's modules becomes an import, which needs no createRequire.
 * commander loads child_process for commands that are files of their own, which we have none of, and that takes a while.
 */
const requiredByCommonJs = {
  name: 'required-by-common-js',
  resolveId(id, importer) {
    if (!/^(node:.*|os|stream)$/.test(id) || !/\/(commander|elf-tools)\//.test(importer ?? '')) return undefined;
    return `\0${id === 'node:child_process' ? 'nothing' : id}`;
  },
  load(id) {
    if (id === '\0nothing') return 'export {};';
    return id.startsWith('\0node:') || /^\0(os|stream)$/.test(id)
      ? `export * from 'node:${id.replace(/^\0(node:)?/, '')}';`
      : undefined;
  },
};
const bundle = await rolldown({
  cwd: root,
  input: {
    seccompc: join(root, 'src', 'cli', 'main.ts'),
    ...Object.fromEntries(entries.map((name) => [name, join(root, 'src', `${name}.ts`)])),
  },
  platform: 'node',
  transform: { target: 'node20' },
  // jsonc-parser's UMD build hides its requires from the bundler; its ESM build does not.
  resolve: { mainFields: ['module', 'main'] },
  // A command loads the files that it uses, whatever else the index.ts of a room hands out.
  treeshake: { moduleSideEffects: (id) => id.endsWith('/src/cli/main.ts') },
  plugins: [requiredByCommonJs],
  logLevel: 'warn',
});
const { output } = await bundle.write({
  dir: dist,
  format: 'esm',
  entryFileNames: '[name].js',
  chunkFileNames: 'parts/[name]-[hash].js',
  minify: true,
  comments: false,
});
await bundle.close();
const command = join(dist, 'seccompc.mjs');
writeFileSync(command, `#!/usr/bin/env node\n${readFileSync(join(dist, 'seccompc.js'), 'utf8')}`);
rmSync(join(dist, 'seccompc.js'));
chmodSync(command, 0o755);
writeFileSync(join(dist, 'LICENSES.txt'), licences());
writeFileSync(join(dist, 'seccompc.1.gz'), await packedManual());
writeFileSync(join(dist, '.built'), '');

/** Of the packages whose code was bundled: their licence as they ship it, or what their package.json says. */
function licences() {
  const names = output
    .flatMap(({ moduleIds = [] }) => moduleIds)
    .map((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1]);
  const texts = [...new Set(names)]
    .filter(Boolean)
    .sort()
    .map((name) => {
      const folder = join(root, 'node_modules', name);
      const { version, license, author } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
      const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
      const by = typeof author === 'string' ? author : author?.name;
      const text = file ? readFileSync(join(folder, file), 'utf8').trim() : `${license}, by ${by}`;
      return `${name} ${version}\n\n${text}\n`;
    });
  return `What the files of this folder hold of other packages, and its terms.\n\n${texts.join(`\n${'-'.repeat(72)}\n\n`)}`;
}
