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

/** 'ALLOW', 'ERRNO(1 EPERM)', 'TRAP(7)', 'unknown action 0x10000': what a result word asks for. */
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
