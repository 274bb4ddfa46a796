/** `npm run gen:lint`: writes docs/lint.md from the table of findings. */
import { writeFileSync } from 'node:fs';
import { lintPage } from '../src/lint/index.ts';

writeFileSync('docs/lint.md', lintPage());
