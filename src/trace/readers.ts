/** The one list of formats. The order decides where two recognise as many lines. */
import type { ReaderKind } from './reader.ts';
import { STRACE } from './strace.ts';

export const READERS: readonly ReaderKind[] = [STRACE];

export function readerOf(format: string): ReaderKind | undefined {
  return READERS.find((kind) => kind.format === format);
}
