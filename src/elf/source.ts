/**
 * A file as something that is read in pieces. Reading and planning ask for the header and the tables only, so a file
 * handle can take the place of memory and a file of any size costs no more than its tables.
 */
export interface ElfSource {
  /** Bytes in the file. */
  readonly size: number;
  /**
   * The bytes [byteOffset, byteOffset + length), which the caller has checked to lie in the file. What comes back may
   * be the source's own memory: it is never written to.
   */
  read(byteOffset: number, length: number): Uint8Array;
}

/**
 * Bytes in memory as a source; nothing is copied.
 * @param bytes the file. A Buffer is read as plain bytes: its slice() would not copy
 * @returns the source. Never throws; nor does it write to the bytes.
 */
export function sourceOf(bytes: Uint8Array): ElfSource {
  const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  return {
    size: plain.length,
    read: (byteOffset, length) => plain.subarray(byteOffset, byteOffset + length),
  };
}

/** True when [offset, offset + length) lies in a file of `size` bytes. In bigint, so no sum can wrap. */
export function inFile(size: number, offset: bigint, length: bigint): boolean {
  return offset + length <= BigInt(size);
}
