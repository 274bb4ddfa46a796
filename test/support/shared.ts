/** The recorded data beside a developer's checkout; absent elsewhere, which makes the tests that need it named skips. */
import { existsSync, readFileSync } from 'node:fs';

const FOLDER = '../shared/data';

export function withoutShared(): string | undefined {
  return existsSync(FOLDER) ? undefined : 'the recorded data (../shared) is not here';
}

export function sharedText(path: string): string {
  return readFileSync(`${FOLDER}/${path}`, 'utf8');
}

export function sharedBytes(path: string): Uint8Array {
  return readFileSync(`${FOLDER}/${path}`);
}
