/** The one list of formats. The order decides where two recognise as many lines. */
import type { ReaderKind } from './reader.ts';

export const READERS: readonly ReaderKind[] = [];

export function readerOf(format: string): ReaderKind | undefined {
  return READERS.find((kind) => kind.format === format);
}
