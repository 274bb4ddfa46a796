/** strace's symbolic arguments, back to what the registers held, as far as the text tells it. */
import type { Arch } from '../arch/index.ts';
import { plainNumber } from './numbers.ts';
import type { TracedArg } from './types.ts';

/** '3</etc/hosts>' and the like: what -y adds. */
const DECORATION = /^(-?\d+)<.*>$/s;

/**
 * Registers 0 to 5 of a call from its arguments as strace prints them, in the order of printing. Undefined: nothing is
 * known of it.
 */
export function symbolicArguments(
  arch: Arch | undefined,
  _name: string,
  texts: readonly string[],
): readonly (TracedArg | undefined)[] {
  return texts.slice(0, 6).map((text) => plainNumber(arch, DECORATION.exec(text)?.[1] ?? text));
}
