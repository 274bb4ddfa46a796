/** What a diagnostic comes to: a verdict on the input, a fault of the command line or the outside world, or no evidence. */
import type { Code, Diagnostic } from '../diag/index.ts';

/** Faults of the command line or of the outside world; everything else is a verdict on the input. */
const USAGE: ReadonlySet<Code> = new Set<Code>([
  'USAGE',
  'CONFIG_PATH',
  'INPUT_UNREADABLE',
  'INPUT_TOO_LARGE',
  'OUTPUT_UNWRITABLE',
  'ARCH_MISSING',
  'TRACE_FORMAT',
  'TRACE_EMPTY',
  'TRACE_UNFIT',
  'TRACE_TOO_LARGE',
  'LEARN_EMPTY',
  'FILTER_INDEX',
  'FILTER_SEVERAL',
]);
/** Faults of the command line when they have no place in a text. */
const USAGE_WITHOUT_PLACE: ReadonlySet<Code> = new Set<Code>([
  'ARCH_UNKNOWN',
  'CAP_UNKNOWN',
  'KERNEL_VERSION',
  'SYSCALL_UNKNOWN',
  'ARCH_BYTE_ORDER',
]);

function isUsage(d: Diagnostic): boolean {
  return USAGE.has(d.code) || (USAGE_WITHOUT_PLACE.has(d.code) && d.span === undefined);
}

/** What could not be had: evidence, and nothing else. */
const UNKNOWN: ReadonlySet<Code> = new Set<Code>([
  'PROOF_UNDECIDED',
  'BASE_MISSING',
  'KERNEL_UNASKED',
  'KERNEL_UNABLE',
  'DRY_RUN_UNSEEN',
  'PROCESS_MISSING',
  'PROCESS_ENDED',
  'PROCESS_CHANGED',
  'PROCESS_KERNEL',
  'PROCESS_TRACED',
  'PROCESS_BUSY',
  'PROCESS_DENIED',
  'PROCESS_PRIVILEGE',
  'CALLER_CONFINED',
  'FILTER_EBPF',
  'FILTER_NEWER',
]);

/** 1 for a verdict, 2 for faults of the outside world alone, 3 where the only thing missing is evidence. */
export function exitStatus(errors: readonly Diagnostic[]): number {
  if (errors.every((d) => UNKNOWN.has(d.code))) return 3;
  return errors.every(isUsage) ? 2 : 1;
}
