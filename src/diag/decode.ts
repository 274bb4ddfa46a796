/** Bytes to text, or the first byte that is none. */
import { fail } from './collector.ts';
import type { Source } from './diagnostic.ts';

/** @throws SeccompcError JSON_ENCODING with the offset of the first byte that is not UTF-8 */
export function decodeText(bytes: Uint8Array, name: string): Source {
  try {
    return { name, text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    return fail({
      code: 'JSON_ENCODING',
      file: name,
      byteOffset: firstBadByte(bytes),
      message: 'the text is not valid UTF-8',
    });
  }
}

/** Where decoding leniently first differs from the bytes: the end of the longest prefix that is valid. */
function firstBadByte(bytes: Uint8Array): number {
  let good = 0;
  let bad = bytes.length;
  const strict = (end: number): boolean => {
    try {
      // `stream` lets a prefix end inside a character.
      new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, end), { stream: true });
      return true;
    } catch {
      return false;
    }
  };
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (strict(middle)) good = middle;
    else bad = middle;
  }
  return good;
}
