/**
 * What `npm run demo` and `npm test` do first on a fresh clone: bring in the locked dependencies and build, each only
 * when it is needed. (`.npmrc` turns install scripts off, and with them npm's pre/post scripts.)
 */
import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Runs a command in the project's folder; ends this process with its status when it fails. */
export function must(command, args, options = {}) {
  const done = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options });
  if (done.error) throw done.error;
  if (done.status !== 0) process.exit(done.status ?? 1);
}

export function ensureDependencies() {
  // Dependencies shared with another checkout are that one's business: npm ci would empty them.
  if (lstatSync(join(root, 'node_modules'), { throwIfNoEntry: false })?.isSymbolicLink()) return;
  const installed = join(root, 'node_modules', '.package-lock.json');
  const locked = join(root, 'package-lock.json');
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(locked).mtimeMs) return;
  process.stderr.write('seccompc: installing the locked dependencies (npm ci)\n');
  must('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  });
}

function newest(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return readdirSync(path).reduce((latest, name) => Math.max(latest, newest(join(path, name))), stat.mtimeMs);
}

export function ensureBuilt() {
  const stamp = join(root, 'dist', '.built');
  const inputs = [
    'src',
    'package.json',
    'tsconfig.json',
    'tsconfig.build.json',
    'scripts/build.mjs',
    'scripts/declarations.mjs',
    'scripts/manual.mjs',
  ];
  const wanted = Math.max(...inputs.map((name) => newest(join(root, name))));
  if (existsSync(stamp) && statSync(stamp).mtimeMs >= wanted) return;
  process.stderr.write('seccompc: building\n');
  must(process.execPath, ['scripts/build.mjs', 'scripts/declarations.mjs']);
}
