/**
 * strace's symbolic arguments, back to what the registers held, as far as the text tells it: names of constants for the
 * parameters that filters look at (arch/constants.ts), and numbers anywhere.
 *
 * What is not known here is left open rather than guessed: a name of another family, or one whose value the ABI has
 * otherwise, leaves the whole argument unknown.
 */

import { CONSTANTS, type Family, isGeneric, parametersOf } from '../arch/constants.ts';
import type { Arch } from '../arch/index.ts';
import { plainNumber, whatIsKnown } from './numbers.ts';
import type { TracedArg } from './types.ts';

/** '3</etc/hosts>' and the like: what -y adds. */
const DECORATION = /^(-?\d+)<.*>$/s;
/** '0x3 /* PROT_READ|PROT_WRITE *\/': the number is the register's. */
const COMMENT = /\s*\/\*.*\*\/$/s;
/** 'flags=CLONE_VM|SIGCHLD' of clone, which has its arguments by name. */
const NAMED = /^([a-z_]+)=(.*)$/s;
const CLONE_FAMILY: Family = 'CLONE';
/** The lowest byte of clone's flags is a signal, whose number depends on the ABI. */
const SIGNAL_BYTE = 0xffn;

/**
 * Registers 0 to 5 of a call from its arguments as strace prints them, in the order of printing. Undefined: nothing is
 * known of it.
 */
export function symbolicArguments(
  arch: Arch | undefined,
  name: string,
  texts: readonly string[],
): readonly (TracedArg | undefined)[] {
  const parameters = arch === undefined ? [] : parametersOf(name, arch);
  if (name === 'clone') return cloneArguments(arch, texts);
  return texts.slice(0, 6).map((text, i) => argument(arch, parameters[i]?.family, text));
}

function argument(arch: Arch | undefined, family: Family | undefined, printed: string): TracedArg | undefined {
  const text = printed.replace(COMMENT, '');
  const number = plainNumber(arch, DECORATION.exec(text)?.[1] ?? text);
  if (number !== undefined || family === undefined || arch === undefined) return number;
  return constants(arch, family, text);
}

/** clone's flags, wherever its ABI has them; of the others the printed order says nothing about registers. */
function cloneArguments(arch: Arch | undefined, texts: readonly string[]): readonly (TracedArg | undefined)[] {
  const flags = texts.map((text) => NAMED.exec(text)).find((found) => found?.[1] === 'flags')?.[2];
  if (arch === undefined || flags === undefined) return [];
  return parametersOf('clone', arch).map(({ family }) =>
    family === CLONE_FAMILY ? argument(arch, family, flags) : undefined,
  );
}

/** 'SOCK_STREAM|SOCK_CLOEXEC|0x10'. */
function constants(arch: Arch, family: Family, text: string): TracedArg | undefined {
  let value = 0n;
  let open = 0n;
  for (const word of text.split('|')) {
    const constant = CONSTANTS.get(word);
    const number = plainNumber(arch, word);
    if (constant?.family === family && isGeneric(family, arch)) value |= constant.value;
    else if (number !== undefined) value |= number.value;
    else if (family === CLONE_FAMILY && /^SIG[A-Z0-9]+$/.test(word)) open |= SIGNAL_BYTE;
    else return undefined;
  }
  const { known } = whatIsKnown(arch, value);
  return { known: known & ~open, value: value & known & ~open };
}
