import type { SyscallTable } from '../../src/arch/syscalls.gen.ts';
import type { Group } from './extract-symbols.mjs';
export const GROUPS: readonly Group[];
export const BY_HAND: string;
export const COMPILERS: Readonly<Partial<Record<SyscallTable, string>>>;
