/**
 * The constants of seccomp(2) and the layout of what a filter reads.
 * @see Linux include/uapi/linux/seccomp.h
 */
import { type Endian, s32, type U32 } from '../num/index.ts';

/** Upper half of a result word: the action. */
export const SECCOMP_RET_ACTION_FULL = 0xffff_0000 as U32;
/** Lower half: errno, trap or trace data. */
export const SECCOMP_RET_DATA = 0x0000_ffff as U32;

export const SECCOMP_RET_KILL_PROCESS = 0x8000_0000 as U32;
export const SECCOMP_RET_KILL_THREAD = 0x0000_0000 as U32;
export const SECCOMP_RET_TRAP = 0x0003_0000 as U32;
export const SECCOMP_RET_ERRNO = 0x0005_0000 as U32;
export const SECCOMP_RET_USER_NOTIF = 0x7fc0_0000 as U32;
export const SECCOMP_RET_TRACE = 0x7ff0_0000 as U32;
export const SECCOMP_RET_LOG = 0x7ffc_0000 as U32;
export const SECCOMP_RET_ALLOW = 0x7fff_0000 as U32;

/** The eight actions that the kernel knows, by the upper half of the word. */
export const ACTION_NAMES: ReadonlyMap<number, string> = new Map([
  [SECCOMP_RET_KILL_PROCESS, 'KILL_PROCESS'],
  [SECCOMP_RET_KILL_THREAD, 'KILL_THREAD'],
  [SECCOMP_RET_TRAP, 'TRAP'],
  [SECCOMP_RET_ERRNO, 'ERRNO'],
  [SECCOMP_RET_USER_NOTIF, 'USER_NOTIF'],
  [SECCOMP_RET_TRACE, 'TRACE'],
  [SECCOMP_RET_LOG, 'LOG'],
  [SECCOMP_RET_ALLOW, 'ALLOW'],
]);

/** The largest errno that a filter can return; larger data is capped. @see Linux kernel/seccomp.c __seccomp_filter() */
export const MAX_ERRNO = 4095;

/** Upper half of a result word. */
export function actionOf(word: number): U32 {
  return ((word & SECCOMP_RET_ACTION_FULL) >>> 0) as U32;
}

/** Lower half of a result word, 0 to 65535. */
export function dataOf(word: number): number {
  return word & SECCOMP_RET_DATA;
}

/**
 * Negative when the kernel prefers `a` over `b` (the stricter one wins over a stack), by the signed action half.
 * @see Linux kernel/seccomp.c seccomp_run_filters(), ACTION_ONLY()
 */
export function compareStrictness(a: number, b: number): number {
  return s32(actionOf(a)) - s32(actionOf(b));
}

/** Filter flags of seccomp(2) that a profile may name. */
export const FILTER_FLAGS: ReadonlyMap<string, number> = new Map([
  ['SECCOMP_FILTER_FLAG_TSYNC', 1],
  ['SECCOMP_FILTER_FLAG_LOG', 2],
  ['SECCOMP_FILTER_FLAG_SPEC_ALLOW', 4],
  ['SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV', 32],
]);

/** At most this many instructions in one filter. @see Linux include/uapi/linux/bpf_common.h BPF_MAXINSNS */
export const BPF_MAXINSNS = 4096;

/** struct seccomp_data: int nr; u32 arch; u64 instruction_pointer; u64 args[6]. */
export const SECCOMP_DATA_SIZE = 64;
export const OFFSET_NR = 0;
export const OFFSET_ARCH = 4;
export const OFFSET_IP = 8;
export const OFFSET_ARGS = 16;

/** Byte offset of bits 0 to 31 of an argument (index 0 to 5): a u64 keeps its low word last on big-endian machines. */
export function lowWordOffset(argIndex: number, endian: Endian): number {
  return OFFSET_ARGS + 8 * argIndex + (endian === 'big' ? 4 : 0);
}

/** Byte offset of bits 32 to 63 of an argument. */
export function highWordOffset(argIndex: number, endian: Endian): number {
  return OFFSET_ARGS + 8 * argIndex + (endian === 'big' ? 0 : 4);
}

/** What the kernel hands to a filter for one call. 32-bit unsigned `nr` and `arch`, 64-bit unsigned the rest. */
export interface SeccompData {
  readonly nr: number;
  /** AUDIT_ARCH_*. */
  readonly arch: number;
  readonly instructionPointer: bigint;
  readonly args: readonly [bigint, bigint, bigint, bigint, bigint, bigint];
}

/**
 * x86_64 calls that the kernel shows to no filter, with the version from which it does so: no policy can deny them.
 * @see Linux kernel/seccomp.c seccomp_uprobe_exception()
 */
export const UNFILTERED_X86_64: ReadonlyMap<number, string> = new Map([
  [335, 'uretprobe'],
  [336, 'uprobe'],
]);
