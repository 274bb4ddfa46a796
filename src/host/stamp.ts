/** Tells whether a file is still the one that was read; `fstatSync(fd, { bigint: true })` is one. */
export interface FileStamp {
  readonly dev: bigint;
  readonly ino: bigint;
  /** Bytes. */
  readonly size: bigint;
  /** Nanoseconds. */
  readonly mtimeNs: bigint;
  /** Names of the file. */
  readonly nlink?: bigint;
}

/**
 * The same file with the same bytes, as far as the file system tells; `undefined` is no file. The time of the last
 * change of status is left out: a backup that makes hard links, or a chmod, changes no bytes.
 */
export function isSame(a: FileStamp | undefined, b: FileStamp | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.dev === b.dev && a.ino === b.ino && a.size === b.size && a.mtimeNs === b.mtimeNs;
}
