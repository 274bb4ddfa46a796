/** A program as the bytes of one of the formats that are handed out. */
import { disassemble, type RawInsn } from '../bpf/index.ts';
import type { Endian } from '../num/index.ts';

export const PROGRAM_FORMATS = ['raw', 'asm', 'json'] as const;
export type ProgramFormat = (typeof PROGRAM_FORMATS)[number];

interface Program {
  readonly bytes: Uint8Array;
  readonly insns: readonly RawInsn[];
  readonly endian: Endian;
}

/** `beside`: what the JSON form says before the program. */
export function programAs(program: Program, format: ProgramFormat, beside: Record<string, unknown> = {}): Uint8Array {
  switch (format) {
    case 'raw':
      return program.bytes;
    case 'asm':
      return new TextEncoder().encode(disassemble(program));
    case 'json': {
      const data = { ...beside, endian: program.endian, instructions: program.insns };
      return new TextEncoder().encode(`${JSON.stringify(data)}\n`);
    }
    default:
      return format satisfies never;
  }
}
