/**
 * `npm run zoo [-- FOLDER [WORD...]]`: makes all kinds, or those whose names hold a word, in FOLDER (build/zoo unless
 * stated), for whoever wants to try something on them. Lists them with their sizes; what lacks a tool is named.
 */
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { buildKind } from './build.ts';
import { withoutNeeds } from './kind.ts';
import { KINDS } from './rows.ts';

const [folder = join('build', 'zoo'), ...words] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
const wanted = KINDS.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)));
let made = 0;
for (const kind of wanted) {
  const why = withoutNeeds(kind.needs);
  if (why !== undefined) {
    console.log(`skip ${kind.name}: ${why}`);
    continue;
  }
  const started = performance.now();
  const { size } = statSync(buildKind(kind, folder));
  made += 1;
  console.log(`${kind.name}: ${size} bytes (${Math.round(performance.now() - started)} ms)`);
}
console.log(`${made} of ${wanted.length} kinds in ${folder}`);
process.exitCode = made > 0 ? 0 : 1;
