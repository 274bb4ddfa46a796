/** Result words in words. */
import type { Arch } from './arch.ts';
import { errnoName } from './errno.ts';
import {
  ACTION_NAMES,
  actionOf,
  dataOf,
  MAX_ERRNO,
  SECCOMP_RET_ERRNO,
  SECCOMP_RET_TRACE,
  SECCOMP_RET_TRAP,
} from './seccomp.ts';

/**
 * What a result word asks for: 'ALLOW', 'ERRNO(1 EPERM)', 'TRAP(7)', 'unknown action 0x10000'.
 * @param word 32 bits: the action above, 16 bits of data below
 * @param arch for names of errno values, which differ on MIPS, PA-RISC and PowerPC
 * @returns text of ASCII. Never throws.
 * @see Linux v6.12 include/uapi/linux/seccomp.h SECCOMP_RET_*
 */
export function describeWord(word: number, arch?: Arch): string {
  const action = actionOf(word);
  const data = dataOf(word);
  const name = ACTION_NAMES.get(action);
  if (name === undefined) return `unknown action 0x${(word >>> 0).toString(16)} (the kernel kills the process)`;
  if (action === SECCOMP_RET_ERRNO) {
    const errno = Math.min(data, MAX_ERRNO);
    const symbol = errnoName(errno, arch);
    return symbol === undefined ? `ERRNO(${errno})` : `ERRNO(${errno} ${symbol})`;
  }
  if (action === SECCOMP_RET_TRACE || action === SECCOMP_RET_TRAP) return `${name}(${data})`;
  return name;
}
