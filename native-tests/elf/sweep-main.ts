/**
 * `npm run sweep [-- --take N] [FOLDER...]`: every ELF program in /usr/bin and /usr/sbin, or in the folders named, or N of
 * them (the same ones each time). Ends with a table; exit status 1 when a program broke, 3 when none could be run.
 */
import { availableParallelism } from 'node:os';
import { installedPrograms, MODES, type Mode, some, sweep } from './sweep.ts';
import { withoutBox } from './sweep-box.ts';

const args = process.argv.slice(2);
const at = args.indexOf('--take');
const take = at < 0 ? undefined : Number(args.splice(at, 2)[1]);

const why = withoutBox();
if (why !== undefined) {
  console.error(`sweep: ${why}`);
  process.exit(3);
}
const programs = installedPrograms(args.length > 0 ? args : ['/usr/bin', '/usr/sbin']);
const chosen = take === undefined ? programs : some(programs, take);
const started = performance.now();
const all = await sweep(chosen, availableParallelism(), ({ path, mode, verdict }) => {
  if (verdict.kind === 'broken') console.log(`BROKEN ${path} (${mode}): ${verdict.why}`);
});
const seconds = Math.round((performance.now() - started) / 1000);

/** The value below which `part` of the sorted numbers lie. */
function quantile(numbers: readonly number[], part: number): number {
  return numbers[Math.min(numbers.length - 1, Math.floor(numbers.length * part))] ?? 0;
}

const KINDS = ['same', 'unsteady', 'refused', 'broken'] as const;
const WIDTH = 12;

function cells(first: string, rest: readonly (string | number)[]): string {
  return first.padEnd(WIDTH) + rest.map((cell) => String(cell).padStart(WIDTH)).join('');
}

function row(mode: Mode): string {
  const rows = all.filter((s) => s.mode === mode);
  const growth = rows.flatMap((s) => s.growth ?? []).sort((a, b) => a - b);
  return cells(mode, [
    ...KINDS.map((kind) => rows.filter((s) => s.verdict.kind === kind).length),
    rows.filter((s) => s.answered).length,
    rows.filter((s) => s.moved).length,
    ...[0.5, 0.99, 1].map((part) => quantile(growth, part)),
  ]);
}

console.log(`\n${chosen.length} programs in ${seconds} s; how many answered, how many tables moved, growth in bytes\n`);
console.log(cells('', [...KINDS, 'answered', 'moved', 'median', '99 %', 'largest']));
for (const mode of MODES) console.log(row(mode));
const refusals = new Map<string, string[]>();
for (const { path, mode, verdict } of all) {
  if (verdict.kind !== 'refused') continue;
  const key = `${mode}: ${verdict.code}`;
  refusals.set(key, [...(refusals.get(key) ?? []), path]);
}
for (const [key, paths] of refusals) console.log(`refused, ${key}: ${paths.length} (${paths.slice(0, 5).join(' ')})`);
process.exitCode = all.some((s) => s.verdict.kind === 'broken') ? 1 : all.length > 0 ? 0 : 3;
