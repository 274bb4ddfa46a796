/**
 * A build script: whatever imports a profile (NAME.seccomp.jsonc) gets its filter as bytes. A profile with mistakes, or with
 * findings of lint above a note, fails the build at its place; what is bundled is checked and proved equal to it.
 *
 *     node build.mjs && node dist/app.mjs
 */
import { readFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { build } from 'esbuild';
import { compile, lint, parseProfile, resolvePolicy, SeccompcError } from 'seccompc';

/** A diagnostic as esbuild shows its own: line and column of the offset that it stands at. */
function message({ code, message: text, span, help }, file, content) {
  const before = content.slice(0, span?.start ?? 0).split('\n');
  const line = content.split('\n')[before.length - 1];
  const location = {
    file,
    line: before.length,
    column: before.at(-1).length,
    lineText: line,
    length: (span?.end ?? 0) - (span?.start ?? 0),
  };
  return { id: code, text: `${code} ${text}`, location, notes: help === undefined ? [] : [{ text: help }] };
}

const seccomp = (options) => ({
  name: 'seccomp',
  setup({ onLoad }) {
    onLoad({ filter: /\.seccomp\.jsonc$/ }, async ({ path }) => {
      const content = await readFile(path, 'utf8');
      const file = relative('.', path);
      const found = lint(content, { ...options, file, level: 'warning' });
      if (found.length > 0) return { errors: found.map((finding) => message(finding, file, content)) };
      try {
        const policy = resolvePolicy(parseProfile(content, { file }), options);
        return { contents: compile(policy).bytes, loader: 'binary' };
      } catch (error) {
        if (!(error instanceof SeccompcError)) throw error;
        return { errors: error.diagnostics.map((found) => message(found, file, content)) };
      }
    });
  },
});

try {
  await build({
    entryPoints: ['app.mjs'],
    outdir: 'dist',
    outExtension: { '.js': '.mjs' },
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    plugins: [seccomp({ arches: ['x86_64'] })],
  });
} catch {
  // esbuild has said what is wrong, and written nothing.
  process.exitCode = 1;
}
