/** Names of temporary files. */
import { closeSync, openSync, readSync } from 'node:fs';

const LENGTH = 8;

/** 16 hexadecimal digits that nobody can foretell. From the kernel where it can be: loading node:crypto takes a tenth of a start. */
export function randomName(): string {
  const bytes = Buffer.alloc(LENGTH);
  try {
    const fd = openSync('/dev/urandom', 'r');
    try {
      if (readSync(fd, bytes) === LENGTH) return bytes.toString('hex');
    } finally {
      closeSync(fd);
    }
  } catch {
    // No such device: another system, or a bare container.
  }
  return process.getBuiltinModule('node:crypto').randomBytes(LENGTH).toString('hex');
}
