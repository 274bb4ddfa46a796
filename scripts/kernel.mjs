/**
 * `npm run test:kernel [-- WORD...]`: the whole comparison with the kernel that runs here (native-tests/kernel), its parts
 * dealt to as many processes as there are processors. SECCOMPC_SEED repeats a run.
 * `npm run test:qemu [-- WORD...]` (--qemu): kernels of other machines, each booted under qemu-system, two at a time: what
 * they say to compiled profiles and to the corpora, and programs with a stub on them. Ends with a table.
 * Exit status 1 for a disagreement, 3 when no kernel could be asked.
 */
import { spawn, spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { ensureDependencies, root } from './ensure.mjs';

const words = process.argv.slice(2).filter((word) => word !== '--qemu');
const qemu = process.argv.includes('--qemu');
ensureDependencies();
const { build } = await import('esbuild');
const outfile = join(root, 'build', `kernel-${process.pid}.mjs`);
await build({
  entryPoints: [join(root, 'native-tests', 'kernel', 'campaign.ts')],
  outfile,
  bundle: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  target: 'node20',
  sourcemap: 'inline',
  logLevel: 'warning',
});
process.on('exit', () => rmSync(outfile, { force: true }));

const node = ['--enable-source-maps', outfile];
const first = spawnSync(process.execPath, node, { cwd: root, encoding: 'utf8' });
if (first.status !== 0) {
  console.error(first.stderr);
  process.exit(1);
}
const { why, lengths, parts, machines } = JSON.parse(first.stdout);
if (why !== undefined && !qemu) {
  console.error(`test:kernel: this kernel cannot be asked: ${why}`);
  process.exit(3);
}
const given = Number(process.env.SECCOMPC_SEED);
const seed = process.env.SECCOMPC_SEED && Number.isInteger(given) ? given >>> 0 : Math.floor(Math.random() * 2 ** 32);
if (!qemu) console.log(`seed ${seed} (SECCOMPC_SEED=${seed} repeats this run)`);

/** One part in a process of its own. */
function runPart(name) {
  return new Promise((resolve) => {
    const started = performance.now();
    const child = spawn(process.execPath, [...node, name, String(seed)], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    let err = '';
    child.stdout.on('data', (text) => {
      out += text;
    });
    child.stderr.on('data', (text) => {
      err += text;
    });
    child.on('close', (status) => {
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      const report =
        status === 0 ? JSON.parse(out) : { compared: 0, disagreed: 1, note: '', disagreements: [err || out] };
      if (report.skipped !== undefined) {
        console.log(`skip ${name}: ${report.skipped}`);
        resolve(undefined);
        return;
      }
      console.log(
        `${report.disagreed === 0 ? 'ok  ' : 'FAIL'} ${name}: ${report.compared} compared, ${report.disagreed} disagree (${seconds} s). ${report.note}`,
      );
      for (const text of report.disagreements) console.log(text.replace(/^/gm, '     '));
      resolve(report);
    });
  });
}

const started = performance.now();
const queue = (qemu ? machines : parts).filter(
  (name) => words.length === 0 || words.some((word) => name.includes(word)),
);
let compared = 0;
let disagreed = 0;
let ran = 0;
const rows = [];
await Promise.all(
  Array.from({ length: Math.min(availableParallelism(), qemu ? 2 : 8) }, async () => {
    for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
      if (lengths !== undefined && (name === 'budget' || name === 'full stacks')) {
        console.log(`skip ${name}: ${lengths}`);
        continue;
      }
      const report = await runPart(name);
      if (report === undefined) continue;
      const [machine, question] = name.split(': ');
      const uptime = report.seconds?.toFixed(1) ?? '-';
      rows.push([machine, question, report.kernel ?? 'stopped', uptime, report.compared, report.disagreed].map(String));
      ran += 1;
      compared += report.compared;
      disagreed += report.disagreed;
    }
  }),
);
if (qemu && rows.length > 0) {
  rows.sort((a, b) => machines.indexOf(`${a[0]}: ${a[1]}`) - machines.indexOf(`${b[0]}: ${b[1]}`));
  const table = [['machine', 'asked', 'kernel', 'seconds', 'compared', 'disagree'], ...rows];
  const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)));
  const padded = (text, column) => (column < 3 ? text.padEnd(widths[column]) : text.padStart(widths[column]));
  for (const row of table) console.log(row.map(padded).join('  '));
}
const seconds = ((performance.now() - started) / 1000).toFixed(1);
console.log(`${compared} compared, ${disagreed} disagree, ${ran} parts in ${seconds} s`);
process.exitCode = disagreed > 0 ? 1 : ran > 0 ? 0 : 3;
