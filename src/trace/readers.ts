/** The one list of formats. The order decides where two recognise as many lines. */
import type { ReaderKind } from './reader.ts';
import { STRACE } from './strace.ts';
import type { TraceFormat } from './types.ts';

export const READERS: readonly ReaderKind[] = [STRACE];

export function readerOf(format: string): ReaderKind | undefined {
  return READERS.find((kind) => kind.format === format);
}

/** Every format that can be named. */
export const TRACE_FORMATS: readonly TraceFormat[] = READERS.map(({ format }) => format);
