/** Where the bytes of a program may not go. */
import { fail } from '../diag/index.ts';
import { destinationOf } from '../host/destination.ts';

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
