/** The fields of seccomp_data as a program loads them, as a policy names them, and as a diagram tests them. */
import { highWordOffset, lowWordOffset, OFFSET_ARCH, OFFSET_IP, OFFSET_NR, type SeccompData } from '../arch/index.ts';
import { unreachable } from '../diag/index.ts';
import {
  type Input,
  LEVEL_ARCH,
  LEVEL_ARGS,
  LEVEL_INSTRUCTION_POINTER,
  LEVEL_NR,
  levelOfArgument,
} from '../diagram/index.ts';
import { type Endian, high32, join64, low32, type U32, u32 } from '../num/index.ts';

/** Level of the first bit of what a load at this byte of seccomp_data yields. The high word of a field comes first. */
export function levelOfOffset(byteOffset: number, endian: Endian): number {
  if (byteOffset === OFFSET_NR) return LEVEL_NR;
  if (byteOffset === OFFSET_ARCH) return LEVEL_ARCH;
  if (byteOffset === OFFSET_IP) return LEVEL_INSTRUCTION_POINTER + (endian === 'big' ? 0 : 32);
  if (byteOffset === OFFSET_IP + 4) return LEVEL_INSTRUCTION_POINTER + (endian === 'big' ? 32 : 0);
  for (let i = 0; i < 6; i++) {
    if (byteOffset === highWordOffset(i, endian)) return levelOfArgument(i);
    if (byteOffset === lowWordOffset(i, endian)) return levelOfArgument(i) + 32;
  }
  return unreachable(`a load at byte ${byteOffset} passed the checker`);
}

export function toInput(data: SeccompData): Input {
  const ip = data.instructionPointer;
  const words = [u32(data.arch), u32(data.nr), high32(ip), low32(ip)];
  for (const value of data.args) words.push(high32(value), low32(value));
  return Uint32Array.from(words);
}

export function toData(input: Input): SeccompData {
  const at = (level: number) => input[level >>> 5] as U32;
  const long = (level: number) => join64(at(level), at(level + 32));
  const arg = (i: number) => long(LEVEL_ARGS + 64 * i);
  return {
    nr: at(LEVEL_NR),
    arch: at(LEVEL_ARCH),
    instructionPointer: long(LEVEL_INSTRUCTION_POINTER),
    args: [arg(0), arg(1), arg(2), arg(3), arg(4), arg(5)],
  };
}
