/** Values of arguments by the names of constants, as people write them: 'AF_ALG', 'CLONE_NEWUSER|CLONE_NEWPID'. */
import { CONSTANTS, isGeneric, parametersOf } from '../arch/constants.ts';
import type { Arch } from '../arch/index.ts';
import { fail, quoted } from '../diag/index.ts';
import { didYouMean } from './vocabulary.ts';

/** The argument that a value stands for, which says what its names may be. */
export interface ConstantPlace {
  /** Undefined for a number without a name: every constant will do. */
  readonly call: string | undefined;
  readonly arch: Arch;
  readonly argIndex: number;
}

/** @throws SeccompcError USAGE for a name that is not known, that has another value there, or that this argument never takes */
export function constantsIn(text: string, { call, arch, argIndex }: ConstantPlace): bigint {
  const usage = (message: string, help?: string): never => fail({ code: 'USAGE', message, help });
  const family = parametersOf(call ?? '', arch)[argIndex]?.family;
  return text.split('|').reduce((all, word) => {
    const name = word.trim();
    const constant = CONSTANTS.get(name);
    if (constant === undefined) {
      const help = didYouMean(name, CONSTANTS.keys()) ?? 'a number will do as well';
      return usage(`${quoted(name)} is no constant that is known here`, help);
    }
    if (!isGeneric(constant.family, arch)) {
      return usage(`${name} has another value on ${arch.name}`, `for ${arch.name} by itself, give the number`);
    }
    if (family !== undefined && constant.family !== family) {
      return usage(`${name} is no value of ${call}'s argument ${argIndex} on ${arch.name}`);
    }
    return all | constant.value;
  }, 0n);
}
