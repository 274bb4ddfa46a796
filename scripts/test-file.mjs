/** Runs one bundled test file under uvu and reports its counts to the parent (test.mjs). */
import { pathToFileURL } from 'node:url';
import { run } from 'uvu/run';

const file = process.argv[2];
await run([{ name: file, file: pathToFileURL(file).pathname.slice(1) }], { bail: false });
const counts = globalThis[Symbol.for('seccompc.tests')] ?? { suites: 0, passed: 0, failed: 0, skipped: [] };
process.send(counts, () => process.disconnect());
