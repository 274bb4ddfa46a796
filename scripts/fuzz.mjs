/**
 * `npm run fuzz -- elf|trace [--cases N] [--seed S] [--case N]`: damaged ELF files through the reader and every verb that
 * writes, or damaged logs through every reader of traces (test/fuzz), in as many processes as there are processors. A
 * seed gives the same cases in every run; `--case` repeats one of them. Files that fail are written to build/fuzz/. Exit
 * status 1 when a case fails, or when a process of the trace campaign holds more memory than a reader may.
 */
import { fork } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureDependencies, root } from './ensure.mjs';

/** Cases that a process is given at a time, and how many there are unless stated. A trace's case has dozens of lines. */
const STRETCH = { elf: 1000, trace: 100 };
const CASES = { elf: 1_000_000, trace: 8000 };
/** MiB that a process of the trace campaign may hold, Node and the campaign itself included. */
const MOST_RSS = 400;
/** A process whose case number stands still for so long is in a loop without an end. */
const STILL_MS = 60_000;
/** MiB of JS objects that a process may hold: a verb that makes more ends it. */
const HEAP = 96;
const SHOWN = 20;

function usage(why) {
  console.error(`${why}\nusage: npm run fuzz -- elf|trace [--cases N] [--seed S] [--case N]`);
  process.exit(2);
}

const { values, positionals } = (() => {
  const text = { type: 'string' };
  try {
    return parseArgs({ options: { cases: text, seed: text, case: text }, allowPositionals: true });
  } catch (error) {
    return usage(error.message);
  }
})();
const number = (name) => {
  if (values[name] === undefined) return undefined;
  return /^\d{1,15}$/.test(values[name]) ? Number(values[name]) : usage(`--${name} takes a number`);
};
const [what = ''] = positionals;
if (positionals.length !== 1 || !Object.hasOwn(STRETCH, what)) usage('what is there to fuzz: elf, trace');
const seed = (number('seed') ?? 1) >>> 0;
const only = number('case');

ensureDependencies();
const { build } = await import('esbuild');
const folder = join(root, 'build', 'fuzz');
mkdirSync(folder, { recursive: true });
const outfile = join(root, 'build', `fuzz-${process.pid}.mjs`);
await build({
  entryPoints: [join(root, 'test', 'fuzz', 'campaign.ts')],
  outfile,
  bundle: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  target: 'node20',
  sourcemap: 'inline',
  logLevel: 'warning',
});
const started = performance.now();
const temporary = [outfile];
const children = new Set();
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
  for (const path of temporary) rmSync(path, { force: true });
});
process.on('SIGINT', () => process.exit(130));

const sum = { cases: 0, lines: 0, changed: 0, calls: 0, failed: 0, cpu: 0, maxRSS: 0, mostAsked: 0 };
const [families, codes, roads] = [new Map(), new Map(), new Map()];
let plan;
let next = only ?? 0;
let end = only === undefined ? number('cases') : only + 1;

function fail({ number: n, what: why, recipe, bytes }) {
  sum.failed += 1;
  const path = join(folder, `${what}-${seed}-${n}.${what === 'elf' ? 'elf' : 'log'}`);
  if (bytes !== undefined && sum.failed <= SHOWN) writeFileSync(path, Buffer.from(bytes, 'base64'));
  if (sum.failed === SHOWN + 1) console.log('and more');
  if (sum.failed > SHOWN) return;
  console.log(`FAIL case ${n} of seed ${seed}: ${why}`);
  for (const step of recipe) console.log(`     ${step}`);
  if (bytes !== undefined) console.log(`     ${relative(root, path)}`);
  console.log(`     npm run fuzz -- ${what} --seed ${seed} --case ${n}`);
}

function add(report) {
  sum.cases += report.cases;
  sum.lines += report.lines;
  sum.changed += report.changed;
  for (const [family, { cases, accepted }] of report.families) {
    const old = families.get(family) ?? { cases: 0, accepted: 0 };
    families.set(family, { cases: old.cases + cases, accepted: old.accepted + accepted });
  }
  for (const [code, count] of report.codes) codes.set(code, (codes.get(code) ?? 0) + count);
  for (const [road, count] of report.roads) roads.set(road, (roads.get(road) ?? 0) + count);
  for (const failure of report.failures) fail(failure);
  sum.maxRSS = Math.max(sum.maxRSS, report.maxRSS);
  sum.mostAsked = Math.max(sum.mostAsked, report.mostAsked);
  if (only !== undefined && report.failures.length === 0) console.log(`case ${only}: ${report.recipe.join('\n     ')}`);
}

/** Stretches that a process has left half done. */
const left = [];

function takeStretch() {
  if (left.length > 0) return left.shift();
  if (next >= end) return undefined;
  const from = next;
  next = Math.min(end, from + STRETCH[what]);
  return { seed, from, to: next };
}

/** A process that takes stretches until there are none; when it dies, the case at fault is known and left out. */
function work(slot) {
  return new Promise((resolve, reject) => {
    const place = join(root, 'build', `fuzz-${process.pid}-${slot}.case`);
    temporary.push(place);
    // Places in the sources cost time at every refusal, so only the repetition of one case shows them.
    const traces = only === undefined ? [] : ['--enable-source-maps'];
    const child = fork(outfile, [what, place], { cwd: root, execArgv: [`--max-old-space-size=${HEAP}`, ...traces] });
    children.add(child);
    let stretch;
    let sums = { calls: 0, cpu: 0 };
    let still = 0;
    let last;
    /** The case at hand; undefined before the process has opened its file. */
    const where = () => {
      const bytes = existsSync(place) ? readFileSync(place) : [];
      return bytes.length < 8 ? undefined : bytes.readDoubleLE(0);
    };
    const watch = setInterval(() => {
      const at = stretch === undefined ? undefined : where();
      still = at === last ? still + 1000 : 0;
      last = at;
      if (at !== undefined && still >= STILL_MS) child.kill('SIGKILL');
    }, 1000);
    const give = () => {
      stretch = takeStretch();
      child.send(stretch ?? 'end');
    };
    child.on('message', ({ ready, done }) => {
      plan ??= ready;
      if (ready !== undefined) end ??= Math.max(CASES[what], ready.enough);
      if (done !== undefined) {
        add(done);
        sums = done;
      }
      give();
    });
    child.on('close', (status, signal) => {
      clearInterval(watch);
      children.delete(child);
      sum.calls += sums.calls;
      sum.cpu += sums.cpu;
      if (stretch === undefined) return status === 0 ? resolve() : reject(new Error(`a process ended with ${status}`));
      const at = where() ?? stretch.from;
      const why = still >= STILL_MS ? `no end in ${STILL_MS / 1000} s` : `the process ended (${signal ?? status})`;
      fail({ number: at, what: why, recipe: [`the ${at - stretch.from} cases before it are not counted below`] });
      left.push({ seed, from: at + 1, to: stretch.to });
      work(slot).then(resolve, reject);
    });
  });
}

const processes = only === undefined ? availableParallelism() : 1;
try {
  await Promise.all(Array.from({ length: processes }, (_, slot) => work(slot)));
} catch (error) {
  console.error(`fuzz: ${error.message}`);
  process.exit(1);
}

const seconds = (performance.now() - started) / 1000;
const count = (n) => n.toLocaleString('en-US');
if (only === undefined) {
  if (what === 'elf') {
    const { handMade, compiled, counted, enough } = plan;
    console.log(`seed ${seed}; ${handMade} files made by hand, ${compiled} of gcc`);
    const all = end >= enough ? 'all of them' : `all of them in ${count(enough)} cases`;
    console.log(`${count(counted)} mutations counted out (${all}), the others drawn\n`);
  } else {
    console.log(`seed ${seed}; lines of ${plan.handMade} kinds written by hand, ${plan.recorded} recorded logs`);
    console.log(`${count(sum.lines)} lines, ${count(sum.changed)} of them changed\n`);
  }
  const table = (title, rows) => {
    console.log(title);
    for (const [name, text] of rows) console.log(`  ${name.padEnd(26)} ${text}`);
  };
  table(
    what === 'elf' ? 'mutations: cases, of which some verb gave a file' : 'mutations: cases, of which some gave calls',
    [...families].map(([name, f]) => [name, `${count(f.cases).padStart(10)} ${count(f.accepted).padStart(10)}`]),
  );
  const sorted = (map) => [...map].sort((a, b) => b[1] - a[1]);
  table(
    what === 'elf' ? 'files that a road gave and the judge took' : 'read as',
    sorted(roads).map(([name, n]) => [name, count(n).padStart(10)]),
  );
  table(
    'refusals',
    sorted(codes).map(([name, n]) => [name, count(n).padStart(10)]),
  );
  const rate = count(Math.round(sum.cases / sum.cpu));
  const asked = `, ${(sum.mostAsked / 2 ** 20).toFixed(1)} MiB of buffers in one call`;
  const memory = `peak ${sum.maxRSS >> 10} MiB resident${what === 'elf' ? asked : ''}`;
  const times = `${seconds.toFixed(0)} s in ${processes} processes, ${rate} cases a second of processor time`;
  console.log(`\n${times}${what === 'elf' ? `, ${count(sum.calls)} calls` : ''}; ${memory}`);
}
if (what === 'trace' && sum.maxRSS >> 10 > MOST_RSS) {
  sum.failed += 1;
  console.log(`FAIL ${sum.maxRSS >> 10} MiB resident: more than ${MOST_RSS}`);
}
console.log(`${count(sum.cases)} cases, ${sum.failed} failed`);
process.exitCode = sum.failed > 0 ? 1 : 0;
