/** What a filter sees of one call, as sixteen native 32-bit words: word i is what a load at byte 4 * i yields. */
import { highWordOffset, lowWordOffset, OFFSET_IP, SECCOMP_DATA_SIZE, type SeccompData } from '../arch/index.ts';
import { type Endian, high32, low32, u32 } from '../num/index.ts';

export type DataWords = Uint32Array;

/** The words for a filter of this byte order: of a u64 the low word comes first only on little-endian machines. */
export function dataWords(data: SeccompData, endian: Endian): DataWords {
  const words = new Uint32Array(SECCOMP_DATA_SIZE / 4);
  words[0] = u32(data.nr);
  words[1] = u32(data.arch);
  const ip = OFFSET_IP / 4;
  words[ip + (endian === 'big' ? 1 : 0)] = low32(data.instructionPointer);
  words[ip + (endian === 'big' ? 0 : 1)] = high32(data.instructionPointer);
  data.args.forEach((value, i) => {
    words[lowWordOffset(i, endian) / 4] = low32(value);
    words[highWordOffset(i, endian) / 4] = high32(value);
  });
  return words;
}
