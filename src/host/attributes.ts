/**
 * What a new file takes over from the old one besides its bytes: owner, permissions, extended attributes, times.
 *
 * Node knows nothing of extended attributes, so GNU cp copies them, from descriptor to descriptor: it opens what
 * /proc/self/fd/N leads to and needs no path, which could lead elsewhere by then. Another cp is not asked: that of
 * busybox has no --attributes-only, that of uutils works on paths.
 */
import { type BigIntStats, fchmodSync, fchownSync, fstatSync, futimesSync } from 'node:fs';
import { codeOf } from './unwritable.ts';

export interface OldFile {
  readonly stat: BigIntStats;
  /** Open for reading; undefined when this process may not read it. */
  readonly fd: number | undefined;
}

export interface Kept {
  /** False when the old file had an owner or group that this process may not give; set-id bits are dropped then. */
  readonly ownerKept: boolean;
  /** Attributes that could not be taken over, in words; ACLs go silently with an owner that is not kept. */
  readonly lost?: string;
}

const ANY = 'extended attributes, if it had any (file capabilities, access control lists)';

/**
 * Gives the new file, which holds its bytes already, what the old one had. Writing and changing the owner drop file
 * capabilities, changing the owner clears the set-id bits, and cp must be able to open the file for writing: hence this
 * order. Until the end the file is 0600, so nobody reads or runs it early.
 */
export function takeOver(fd: number, old: OldFile, mode: number | undefined): Kept {
  const { ownerKept, bits } = takeOwner(fd, old.stat);
  // To cp, access control lists are part of the mode; set-id bits come with it, so not for another owner.
  const lost = copyAttributes(old.fd, fd, ownerKept ? 'mode,xattr' : 'xattr');
  fchmodSync(fd, mode ?? bits);
  return { ownerKept, ...(lost !== undefined && { lost }) };
}

/** Access and modification time. cp has nanoseconds; Node's own call rounds to about a quarter of a microsecond. */
export function takeTimes(fd: number, from: number): void {
  if (process.platform === 'linux' && copyAttributes(from, fd, 'timestamps') === undefined) return;
  const { atimeMs, mtimeMs } = fstatSync(from);
  futimesSync(fd, atimeMs / 1000, mtimeMs / 1000);
}

/** What the old owner or group could do must not pass to another one, so their bits go when they cannot be kept. */
function takeOwner(fd: number, old: BigIntStats): { ownerKept: boolean; bits: number } {
  const mine = fstatSync(fd);
  const [uid, gid] = [Number(old.uid), Number(old.gid)];
  if (mine.uid !== uid || mine.gid !== gid) tryOwner(fd, uid, gid) || tryOwner(fd, mine.uid, gid);
  const now = fstatSync(fd);
  let bits = Number(old.mode & 0o7777n);
  if (now.uid !== uid) bits &= ~0o4000;
  if (now.gid !== gid) bits = (bits & ~0o2070) | ((bits & 0o007) << 3);
  return { ownerKept: now.uid === uid && now.gid === gid, bits };
}

/** EPERM: not ours to give; EINVAL: no such id in this user namespace. */
function tryOwner(fd: number, uid: number, gid: number): boolean {
  try {
    fchownSync(fd, uid, gid);
    return true;
  } catch (error) {
    if (['EPERM', 'EINVAL'].includes(codeOf(error))) return false;
    throw error;
  }
}

/**
 * Undefined when all is copied, also when there was nothing or the file system has no such attributes: cp tells both
 * apart from failing. Only Linux is asked; elsewhere nothing is said.
 */
function copyAttributes(from: number | undefined, to: number, what: string): string | undefined {
  if (process.platform !== 'linux') return undefined;
  const cp = gnuCp();
  if (from === undefined || cp === undefined) return ANY;
  const args = ['--attributes-only', `--preserve=${what}`, '--', '/proc/self/fd/3', '/proc/self/fd/4'];
  const done = childProcess().spawnSync(cp, args, { ...QUIETLY, stdio: ['ignore', 'ignore', 'pipe', from, to] });
  if (done.status === 0) return undefined;
  const named = [...String(done.stderr).matchAll(/setting attribute '([\w.-]+)'/g)].map((m) => m[1]);
  return named.length === 0 ? ANY : `the extended attributes ${[...new Set(named)].join(', ')}`;
}

/** Loaded when a file is replaced, not when one is made: it takes time. */
const childProcess = () => process.getBuiltinModule('node:child_process');

/** A process group of its own: Ctrl-C at the terminal must not end it, for we go on too. */
const QUIETLY = {
  env: { PATH: process.env.PATH, LC_ALL: 'C' },
  detached: true,
  timeout: 20_000,
  killSignal: 'SIGKILL',
} as const;

let found: { readonly name: string | undefined } | undefined;

/** GNU cp; Ubuntu calls it gnucp where uutils has taken the name. */
function gnuCp(): string | undefined {
  found ??= {
    name: ['cp', 'gnucp'].find((name) => {
      const { stdout } = childProcess().spawnSync(name, ['--version'], {
        ...QUIETLY,
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      return /^\S+ \(GNU coreutils\) /.test(String(stdout));
    }),
  };
  return found.name;
}
