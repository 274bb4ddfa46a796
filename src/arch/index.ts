export {
  ARCHES,
  type Arch,
  type ArchName,
  arch,
  archesOfAudit,
  archOfElf,
  archOfNode,
  type ElfIdentity,
  findArch,
  type NumberRange,
  X32_SYSCALL_BIT,
} from './arch.ts';
export { CATEGORIES, type Category, categoryOf } from './categories.ts';
export { DANGERS, type Danger } from './danger.ts';
export { describeWord } from './describe.ts';
export { errnoName, errnoNames, errnoNumber } from './errno.ts';
export * from './seccomp.ts';
export { symbolValue } from './symbols.ts';
export {
  isNarrowParameter,
  isPointerParameter,
  isSyscallName,
  syscallName,
  syscallNames,
  syscallNumber,
  syscallRemoved,
  syscallSince,
  syscallsOf,
} from './syscalls.ts';
