/**
 * `npm run build:web`: web/ as one HTML file, web/dist/seccompc.html, which needs nothing but itself. The page's script and
 * the engine's (which runs in a Worker made of it) stand in the file as text; the page's policy lets these two run and that
 * one style, by their digests, and loads nothing from anywhere.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensureDependencies, root } from './ensure.mjs';

ensureDependencies();
const esbuild = await import('esbuild');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** Browsers of 2023. */
const TARGET = ['chrome110', 'firefox115', 'safari16.4'];

async function script(entry) {
  const { outputFiles } = await esbuild.build({
    entryPoints: [join(root, 'web', 'src', entry)],
    bundle: true,
    minify: true,
    write: false,
    platform: 'browser',
    // A classic script: a file opened from disk loads no modules.
    format: 'iife',
    target: TARGET,
    mainFields: ['module', 'main'],
    loader: { '.jsonc': 'text' },
    define: { SECCOMPC_VERSION: JSON.stringify(version) },
    legalComments: 'none',
    charset: 'utf8',
    logLevel: 'warning',
  });
  const text = outputFiles[0].text.trim();
  // What would end the script, or change how the rest of the page is read.
  if (/<\/script|<script|<!--/i.test(text)) throw new Error(`${entry}: holds markup of scripts`);
  return text;
}

/** Sheets in the order of their names. */
async function style() {
  const folder = join(root, 'web', 'style');
  const sheets = readdirSync(folder).sort();
  const text = sheets.map((name) => readFileSync(join(folder, name), 'utf8')).join('');
  return (await esbuild.transform(text, { loader: 'css', minify: true, target: TARGET })).code.trim();
}

const parts = {
  STYLE: await style(),
  ENGINE: await script('engine/main.ts'),
  SCRIPT: await script('page/main.ts'),
};
const digest = (text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
parts.CSP = [
  "default-src 'none'",
  `script-src ${digest(parts.SCRIPT)} ${digest(parts.ENGINE)}`,
  `style-src ${digest(parts.STYLE)}`,
  'worker-src blob:',
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');
const page = readFileSync(join(root, 'web', 'page.html'), 'utf8').replace(
  /%([A-Z]+)%|\/\*([A-Z]+)\*\//g,
  (_, word, comment) => parts[word ?? comment],
);
const folder = join(root, 'web', 'dist');
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, 'seccompc.html'), page);
console.log(`web/dist/seccompc.html: ${page.length} characters`);
