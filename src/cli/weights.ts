/** The file of `--weights`. */
import { isSyscallName } from '../arch/index.ts';
import { fail, quoted } from '../diag/index.ts';
import { readInput, textOf } from '../host/input.ts';

/** {"openat": 1200, "i386:socket": 3}: how often each call is made. */
export function readWeights(path: string): Readonly<Record<string, number>> {
  const source = textOf(readInput(path));
  const bad = (message: string): never =>
    fail({
      code: 'WEIGHTS',
      file: source.name,
      message,
      help: 'weights are one JSON object: { "openat": 1200, "i386:socket": 3 }',
    });
  let value: unknown;
  try {
    value = JSON.parse(source.text);
  } catch {
    return bad('this is not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return bad('this is no JSON object');
  for (const [name, count] of Object.entries(value)) {
    if (!isSyscallName(name.slice(name.indexOf(':') + 1))) bad(`no system call is named ${quoted(name)}`);
    if (typeof count !== 'number' || count < 0 || !Number.isFinite(count))
      bad(`the weight of ${quoted(name)} is not a number from 0`);
  }
  return value as Readonly<Record<string, number>>;
}
