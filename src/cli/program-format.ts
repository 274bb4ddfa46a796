/** A program as the bytes of one of the formats that commands write. */
import { disassemble, type RawInsn } from '../bpf/index.ts';
import { fail } from '../diag/index.ts';
import { destinationOf } from '../host/destination.ts';
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

/** Refuses a program where it would be of no use: its bytes on a terminal, or in the midst of --json. */
export function checkProgramOutput(path: string, { isBinary, json }: { isBinary: boolean; json: boolean }): void {
  const { isStdout, isTerminal } = destinationOf(path);
  if (isTerminal && isBinary) {
    const help = 'name a file with -o, or choose --format asm';
    fail({ code: 'USAGE', message: 'the program is binary; it is not written to a terminal', help });
  }
  if (isStdout && json) {
    const help = 'name a file with -o';
    fail({ code: 'USAGE', message: '--json and the program cannot both go to standard output', help });
  }
}
