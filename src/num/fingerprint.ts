import { sha256 } from './sha256.ts';

/** 128 bits of a text's SHA-256 as hexadecimal digits: the same for the same text, of two texts never the same. */
export function fingerprint(text: string): string {
  const digest = sha256(new TextEncoder().encode(text));
  return [...digest.subarray(0, 16)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
