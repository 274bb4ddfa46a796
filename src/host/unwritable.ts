/** Every way in which writing fails, in words that say what to do. */
import { fail } from '../diag/collector.ts';

const WHY: ReadonlyMap<string, readonly [message: string, help: string]> = new Map([
  ['ENOENT', ['cannot be created: its folder does not exist', 'create the folder first']],
  ['ENOTDIR', ['cannot be created: a part of its path is no folder', 'check the path']],
  ['EISDIR', ['is a folder', 'name a file']],
  ['EACCES', ['cannot be written: permission denied', 'the folder must be writable too: the file is replaced whole']],
  ['EPERM', ['cannot be replaced: not permitted', 'it may be immutable, or in a sticky folder that another user owns']],
  ['EROFS', ['is on a read-only file system', 'write to another place']],
  ['ENOSPC', ['cannot be written: no space left', 'old and new file need space at the same time; make room']],
  [
    'EDQUOT',
    ['cannot be written: the disk quota is used up', 'old and new file need space at the same time; make room'],
  ],
  [
    'EFBIG',
    ['cannot be written: larger than the limit on files', 'raise the limit (ulimit -f) or write to another place'],
  ],
  ['EBUSY', ['cannot be replaced: it is a mount point', 'write to another place, then copy']],
  ['ELOOP', ['cannot be reached: too many symbolic links', 'check the links']],
  ['ENAMETOOLONG', ['has a name longer than its file system takes', 'choose a shorter name']],
  ['EPIPE', ['has no reader any more', 'the command at the other end of the pipe has ended']],
]);

export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** OUTPUT_UNWRITABLE for what the system said; anything else is our own bug and goes on as it is. */
export function refuse(path: string, error: unknown): never {
  const known = WHY.get(codeOf(error));
  if (known !== undefined) unwritable(path, ...known);
  if (!(error instanceof Error && 'syscall' in error)) throw error;
  return unwritable(path, `cannot be written: ${codeOf(error)}`, 'see errno(3)');
}

export function unwritable(path: string, message: string, help: string): never {
  fail({ code: 'OUTPUT_UNWRITABLE', file: path, message: `the output ${message}`, help });
}
