import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Kind } from './kind.ts';

/** Makes one kind in `folder`, which is there, under its name; returns the file's path. Throws with the tool's words. */
export function buildKind(kind: Kind, folder: string): string {
  const file = join(resolve(folder), kind.name);
  const scratch = mkdtempSync(join(tmpdir(), 'seccompc-zoo-'));
  try {
    kind.make(file, scratch);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  chmodSync(file, 0o755);
  return file;
}
