/** Texts that a person has read and approved, in test/golden/. `npm run golden` rewrites them; the diff is reviewed. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as assert from 'uvu/assert';

/** `text` is what test/golden/NAME holds; under `npm run golden` it becomes that. */
export function golden(name: string, text: string): void {
  const path = join('test', 'golden', name);
  if (process.env.SECCOMPC_GOLDEN === '1') {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    return;
  }
  let approved: string;
  try {
    approved = readFileSync(path, 'utf8');
  } catch {
    assert.unreachable(`${path} is missing: npm run golden writes it`);
    return;
  }
  assert.fixture(text, approved, `${path} differs: npm run golden rewrites it, git diff shows how`);
}
