/**
 * Between the last look at a file and the rename that replaces it, another seccompc could replace it too, and its change
 * would be lost. So whoever replaces a version of a file (name, inode, size, time of change) claims that version first:
 * a symbolic link beside the file, made exclusively, whose text says which process made it. It is there for microseconds.
 *
 *     .seccompc-3f9a61c2d07be845.0.claim -> "4242 81723 pid:[4026531836] 0b9c..."
 *                version         rank         process, its start, its PID namespace, this boot
 *
 * A dead process leaves its claim behind. Removing it would be a race: of two that find it, the second could remove the
 * fresh claim of the first. So nothing is removed; the successor makes the claim of the next rank. Why two never hold
 * the same version:
 *  1. A claim is made exclusively, so each rank has one maker.
 *  2. While the version is current, a claim is removed by its maker alone. Rank n+1 is made only by who has seen the
 *     maker of rank n dead and then its claim still there; a dead maker removes nothing, so rank n stays taken. Hence
 *     whoever makes a rank finds all makers below it dead, and whoever comes later finds it alive.
 *  3. The holder looks at the file again before it renames. After the rename the version is gone and stays gone: claims
 *     on it say nothing any more, the successor removes the dead ones, and who makes one now finds another version.
 * Losing a claim needs no waiting: its holder is about to replace the version, so the loser's work is void.
 *
 * Weak spots: where links cannot be made (vfat) there is no claim. A maker in another PID namespace or on another
 * machine cannot be asked; its claim counts for ten minutes, so a process stopped for longer in between is overtaken.
 */
import { lstatSync, readFileSync, readlinkSync, symlinkSync, unlinkSync } from 'node:fs';
import { sha256 } from '../num/index.ts';
import type { Folder } from './folder.ts';
import type { FileStamp } from './stamp.ts';
import { codeOf } from './unwritable.ts';

/** Milliseconds after which a claim counts no more, whoever made it. */
const OLD = 10 * 60_000;
/** More dead claims on one version than any accident leaves. */
const MOST = 64;
/** The file system has no symbolic links, or this process may make none. */
const NO_LINKS: readonly string[] = ['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EINVAL'];

/** The names of the claims on one version of a file, without their rank. */
export function claimPrefix(base: string, version: FileStamp): string {
  const { dev, ino, size, mtimeNs } = version;
  const hash = sha256(new TextEncoder().encode(`${base}\0${dev}:${ino}:${size}:${mtimeNs}`));
  return `.seccompc-${Buffer.from(hash).toString('hex', 0, 8)}`;
}

/**
 * Runs `act`, which replaces this version of the file or throws, while no other process may.
 * @returns undefined, or the name of the claim that another process holds, and then `act` was not run
 */
export function claimed(folder: Folder, base: string, version: FileStamp, act: () => void): string | undefined {
  const prefix = claimPrefix(base, version);
  const nameOf = (rank: number) => `${prefix}.${rank}.claim`;
  const me = thisProcess();
  for (let rank = 0; rank < MOST; rank++) {
    const path = folder.at(nameOf(rank));
    try {
      symlinkSync(me, path);
    } catch (error) {
      if (NO_LINKS.includes(codeOf(error))) {
        act();
        return undefined;
      }
      if (codeOf(error) !== 'EEXIST') throw error;
      if (!isAbandoned(path)) return nameOf(rank);
      continue;
    }
    try {
      act();
      for (let below = 0; below < rank; below++) tryRemove(folder.at(nameOf(below)));
    } finally {
      tryRemove(path);
    }
    return undefined;
  }
  return nameOf(MOST - 1);
}

/** The file is replaced by then: a claim that stays is litter, not a failure. */
function tryRemove(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // ENOENT above all.
  }
}

/** True when the claim's maker is dead and the claim is there all the same. */
function isAbandoned(path: string): boolean {
  try {
    const maker = readlinkSync(path);
    if (Date.now() - lstatSync(path).mtimeMs < OLD && !isDead(maker)) return false;
    return readlinkSync(path) === maker;
  } catch {
    // ENOENT: its maker was alive a moment ago. EINVAL: no link, so none of ours.
    return false;
  }
}

/** The text of this process's claims. */
export function thisProcess(): string {
  return [process.pid, startOf(process.pid), ...countedIn()].join(' ');
}

/** What a process number counts in: PID namespace and boot. Empty where there is no /proc. */
function countedIn(): readonly [namespace: string, boot: string] {
  try {
    return [readlinkSync('/proc/self/ns/pid'), readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()];
  } catch {
    return ['', ''];
  }
}

/** When a process began, in ticks since boot, for numbers are given again; '-' when that cannot be seen. */
function startOf(pid: number): string {
  try {
    // pid (comm) state ...: comm may hold anything. starttime is field 22, state field 3. @see proc_pid_stat(5)
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? 'ended' : (fields[19] ?? '-');
  } catch {
    return '-';
  }
}

/** False when it is not known: a maker that is counted elsewhere, or text that no seccompc wrote. */
function isDead(maker: string): boolean {
  const [number, start, namespace, boot] = maker.split(' ');
  const pid = Number(number);
  const [ownNamespace, ownBoot] = countedIn();
  if (!Number.isSafeInteger(pid) || pid <= 0 || namespace !== ownNamespace || boot !== ownBoot) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return codeOf(error) === 'ESRCH';
  }
  const now = startOf(pid);
  return start !== '-' && now !== '-' && now !== start;
}
