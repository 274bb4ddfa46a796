/**
 * `npm run gen`: writes src/arch/*.gen.ts. Needs ../shared beside the checkout. The two extracts it reads besides are
 * committed and rarely made anew: `--headers` (Debian header packages) and `--types SOURCE NAME` (a kernel source and
 * this machine's tracefs). `--symbols` writes the constants, with a compiler for each ABI, and needs nothing else; `api` writes docs/api.md (api.mjs). native-tests/gen/README.md says more.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { extractHeaders } from '../native-tests/gen/extract-headers.mjs';
import { extractSymbols } from '../native-tests/gen/extract-symbols.mjs';
import { extractTypes } from '../native-tests/gen/extract-types.mjs';
import { generate } from '../native-tests/gen/generate.mjs';
import { absent, readInputs, readNumbersCsv } from '../native-tests/gen/inputs.mjs';
import { COMPILERS } from '../native-tests/gen/symbol-headers.mjs';
import { writeSymbols } from '../native-tests/gen/symbols.mjs';
import { root } from './ensure.mjs';

if (process.argv[2] === 'api') {
  await import('./api.mjs');
  process.exit();
}
if (process.argv[2] === '--symbols') {
  const byTable = Object.entries(COMPILERS).map(([table, command]) => [table, extractSymbols(command)]);
  const text = writeSymbols(Object.fromEntries(byTable), '6.1');
  writeFileSync(join(root, 'src/arch/symbols.gen.ts'), text);
  console.log(`src/arch/symbols.gen.ts: ${text.length} characters`);
  process.exit(0);
}

const why = absent(root);
if (why !== undefined) {
  console.error(`gen: ${why}`);
  process.exit(2);
}

const [mode, source, sourceName] = process.argv.slice(2);
if (mode === '--headers') {
  save('headers.json', extractHeaders(readNumbersCsv(root)));
} else if (mode === '--types' && sourceName !== undefined) {
  save('types.json', extractTypes(readNumbersCsv(root), source, sourceName));
} else if (mode !== undefined) {
  console.error("usage: gen.mjs [--headers | --types SOURCE 'PACKAGE VERSION' | --symbols | api]");
  process.exit(2);
}

const { files, notes } = generate(readInputs(root));
for (const [path, text] of Object.entries(files)) {
  writeFileSync(join(root, path), text);
  console.log(`${path}: ${text.length} characters`);
}
for (const note of notes) console.log(note);

/** One line per entry, so that a diff shows the calls that changed. */
function save(name, { extract, report }) {
  for (const line of report) console.log(line);
  writeFileSync(join(root, 'native-tests', 'gen', name), `${JSON.stringify(extract, null, 1)}\n`);
}
