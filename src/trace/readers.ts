/** The one list of formats. The order decides where two recognise as many lines. */
import { AUDIT } from './audit.ts';
import { JOURNAL_EXPORT, JOURNAL_JSON } from './journal.ts';
import { JSONL } from './jsonl.ts';
import { KERNEL_LOG } from './kernel-log.ts';
import { BPFTRACE, FTRACE, PERF_SCRIPT } from './raw-syscalls.ts';
import type { ReaderKind } from './reader.ts';
import { STRACE } from './strace.ts';
import type { TraceFormat } from './types.ts';

export const READERS: readonly ReaderKind[] = [
  STRACE,
  AUDIT,
  KERNEL_LOG,
  JOURNAL_JSON,
  JOURNAL_EXPORT,
  PERF_SCRIPT,
  FTRACE,
  BPFTRACE,
  JSONL,
];

export function readerOf(format: string): ReaderKind | undefined {
  return READERS.find((kind) => kind.format === format);
}

/** Every format that can be named. */
export const TRACE_FORMATS: readonly TraceFormat[] = READERS.map(({ format }) => format);
