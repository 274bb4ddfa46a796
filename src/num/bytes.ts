/** Reading and writing integers at byte offsets, with the byte order stated by the caller and bounds checked. */

export type Endian = 'little' | 'big';

/** True when `length` bytes from `byteOffset` lie inside `bytes`; never overflows, since both are checked first. */
export function holds(bytes: Uint8Array, byteOffset: number, length: number): boolean {
  return (
    Number.isSafeInteger(byteOffset) &&
    Number.isSafeInteger(length) &&
    byteOffset >= 0 &&
    length >= 0 &&
    byteOffset <= bytes.length - length
  );
}

/**
 * A window on bytes in one byte order. Offsets outside throw RangeError (DataView's own): callers that read outside
 * input check with `holds` first and report a place.
 */
export class ByteView {
  readonly bytes: Uint8Array;
  readonly endian: Endian;
  readonly #view: DataView;
  readonly #little: boolean;

  constructor(bytes: Uint8Array, endian: Endian) {
    this.bytes = bytes;
    this.endian = endian;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#little = endian === 'little';
  }

  u8(at: number): number {
    return this.#view.getUint8(at);
  }
  u16(at: number): number {
    return this.#view.getUint16(at, this.#little);
  }
  u32(at: number): number {
    return this.#view.getUint32(at, this.#little);
  }
  u64(at: number): bigint {
    return this.#view.getBigUint64(at, this.#little);
  }
  setU8(at: number, value: number): void {
    this.#view.setUint8(at, value);
  }
  setU16(at: number, value: number): void {
    this.#view.setUint16(at, value, this.#little);
  }
  setU32(at: number, value: number): void {
    this.#view.setUint32(at, value, this.#little);
  }
  setU64(at: number, value: bigint): void {
    this.#view.setBigUint64(at, value, this.#little);
  }
}

/** The next multiple of `alignment` (a power of two, at least 1) that is not below `offset`. */
export function alignUp(offset: number, alignment: number): number {
  const rest = offset % alignment;
  return rest === 0 ? offset : offset + alignment - rest;
}
