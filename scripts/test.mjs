/**
 * `npm test [-- WORD...]`: bundles every *.test.ts below test/ and native-tests/ whose path holds one of the words, runs
 * them in one process each folder, and ends with one line of counts. Skips are named; `--expect-skips FILE` (used by CI)
 * fails on any skip that FILE does not list, one per line (a `*` at its end: and what begins so); `--long` runs the
 * campaigns that take minutes.
 */
import { fork } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';
import { ensureBuilt, ensureDependencies, root } from './ensure.mjs';

const args = process.argv.slice(2);
const option = (name) => {
  const at = args.indexOf(name);
  return at < 0 ? undefined : args.splice(at, 2)[1];
};
const flag = (name) => {
  const at = args.indexOf(name);
  return at >= 0 && args.splice(at, 1).length > 0;
};
const expectSkips = option('--expect-skips');
const golden = flag('--golden');
const long = flag('--long');
const noBuild = flag('--no-build');

ensureDependencies();
if (!noBuild) ensureBuilt();

const files = ['test', 'native-tests']
  .flatMap((folder) => readdirSync(join(root, folder), { recursive: true }).map((name) => join(folder, String(name))))
  .filter((name) => name.endsWith('.test.ts') && (args.length === 0 || args.some((word) => name.includes(word))))
  .sort();
if (files.length === 0) {
  console.error(`no test file matches ${args.join(' ')}`);
  process.exit(2);
}

const outdir = join(root, 'build', `test-${process.pid}`);
const { build } = await import('esbuild');
await build({
  entryPoints: files.map((name) => join(root, name)),
  outdir,
  outbase: root,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  splitting: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  target: 'node20',
  sourcemap: 'inline',
  logLevel: 'warning',
});

/** Without NODE_EXTRA_CA_CERTS, for which every start of node reads a certificate store: tests start it thousands of times. */
const { NODE_EXTRA_CA_CERTS: _, ...environment } = process.env;

/** Runs one bundled test file in a process of its own, so that a hang or a crash has a name. */
function runFile(name) {
  return new Promise((resolve) => {
    const child = fork(join(root, 'scripts', 'test-file.mjs'), [join(outdir, name.replace(/\.ts$/, '.mjs'))], {
      cwd: root,
      env: {
        ...environment,
        SECCOMPC_GOLDEN: golden ? '1' : '',
        ...(long && { SECCOMPC_LONG: '1' }),
        NODE_OPTIONS: '--enable-source-maps',
      },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const started = performance.now();
    let output = '';
    let report;
    child.stdout.on('data', (text) => {
      output += text;
    });
    child.stderr.on('data', (text) => {
      output += text;
    });
    child.on('message', (message) => {
      report = message;
    });
    child.on('close', (status) =>
      resolve({ name, status, output, report, seconds: (performance.now() - started) / 1000 }),
    );
  });
}

const queue = [...files];
const results = [];
await Promise.all(
  Array.from({ length: Math.min(availableParallelism(), 4) }, async () => {
    for (let name = queue.shift(); name !== undefined; name = queue.shift()) results.push(await runFile(name));
  }),
);
rmSync(outdir, { recursive: true, force: true });

results.sort((a, b) => (a.name < b.name ? -1 : 1));
let passed = 0;
let failed = 0;
const skipped = [];
for (const { name, status, output, report } of results) {
  const bad = status !== 0 || report === undefined || report.failed > 0 || report.suites === 0;
  // A file that ends without a report has crashed, hung or forgotten its suite: that is a failure, never silence.
  const line = report
    ? `${report.passed} passed, ${report.failed} failed`
    : `ended with status ${status} and no report`;
  const mark = bad ? 'FAIL' : report.passed === 0 ? 'skip' : 'ok  ';
  console.log(`${mark} ${relative(root, join(root, name))}: ${line}`);
  if (bad || long) console.log(output.replace(/^/gm, '     '));
  passed += report?.passed ?? 0;
  failed += report?.failed ?? 0;
  if (bad && !report?.failed) failed += 1;
  skipped.push(...(report?.skipped ?? []));
}

/** Skips by suite and reason; long lists of the same kind are counted, not printed. */
const kinds = new Map();
for (const skip of skipped) {
  const kind = `${skip.name.split(': ')[0]}\0${skip.why}`;
  kinds.set(kind, [...(kinds.get(kind) ?? []), skip.name]);
}
for (const [kind, names] of kinds) {
  const [suite, why] = kind.split('\0');
  const lines = names.length > 3 ? [`${suite}: ${names.length} tests`] : names;
  for (const line of lines) console.log(`skip ${line}: ${why}`);
}

if (expectSkips !== undefined) {
  const expected = readFileSync(expectSkips, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  const isExpected = (name) =>
    expected.some((line) => (line.endsWith('*') ? name.startsWith(line.slice(0, -1)) : name === line));
  const surprising = skipped.filter((skip) => !isExpected(skip.name));
  for (const skip of surprising) console.log(`UNEXPECTED SKIP ${skip.name}: ${skip.why}`);
  failed += surprising.length;
}
// Where the time goes, to keep the whole of it short: of the clock, so a busy machine shows in it.
const slow = results.filter(({ seconds }) => seconds >= 20).sort((a, b) => b.seconds - a.seconds);
if (slow.length > 0) {
  const shown = slow.slice(0, 12).map(({ name, seconds }) => `${name} ${Math.round(seconds)} s`);
  console.log(`longest: ${shown.join(', ')}`);
}
console.log(`${passed} passed, ${failed} failed, ${skipped.length} skipped`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
