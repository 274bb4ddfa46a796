/** The commands as data for those who complete words: what each takes, told from its definition alone. */
import type { Argument, Command, Option } from 'commander';
import { ARCHES, syscallNames } from '../arch/index.ts';
import { CODES } from '../diag/index.ts';
import { CAPABILITIES } from '../policy/vocabulary.ts';
import { definitionOf, kindOf, type ValueKind } from './definition.ts';

/** What may stand for a value: one of a list (`many`: several, with commas), a file, a command, or nothing known. */
export type Values =
  | { readonly kind: 'list'; readonly words: readonly string[]; readonly many: boolean }
  | { readonly kind: 'files' | 'folders' | 'processes' | 'commands' | 'nothing' };

export interface OptionWords {
  /** '-o', '--output'. */
  readonly names: readonly string[];
  readonly about: string;
  /** Undefined for a switch. `isOptional`: the option may stand without. */
  readonly value: (Values & { readonly isOptional: boolean }) | undefined;
  readonly repeats: boolean;
}

export interface CommandWords {
  /** 'elf', 'add'. */
  readonly path: readonly string[];
  readonly about: string;
  readonly options: readonly OptionWords[];
  /** In their order; the last one repeats where `restRepeats`. */
  readonly args: readonly (Values & { readonly name: string })[];
  readonly restRepeats: boolean;
  /** Behind -- stand the words of another command. */
  readonly runs: boolean;
}

const LISTS: Readonly<Partial<Record<ValueKind, () => Values>>> = {
  arch: () => ({ kind: 'list', words: [...ARCHES.keys()], many: true }),
  capability: () => ({ kind: 'list', words: [...CAPABILITIES], many: true }),
  call: () => ({ kind: 'list', words: syscallNames(), many: false }),
  finding: () => ({ kind: 'list', words: Object.keys(CODES), many: false }),
  process: () => ({ kind: 'processes' }),
  command: () => ({ kind: 'commands' }),
  folder: () => ({ kind: 'folders' }),
};

/** What a value in <> is called, where it is a file. */
const FILES = /^(file|elf|profile|program|path|trace|data|words|a|b)$/;

function valuesOf(word: Option | Argument, name: string): Values {
  if (word.argChoices !== undefined) return { kind: 'list', words: word.argChoices, many: false };
  const kind = kindOf(word);
  return (kind && LISTS[kind]?.()) ?? { kind: FILES.test(name) ? 'files' : 'nothing' };
}

function optionWords(option: Option): OptionWords {
  const name = /[<[]([^>\].]+)/.exec(option.flags)?.[1];
  const value = name === undefined ? undefined : { ...valuesOf(option, name), isOptional: option.optional };
  const names = [option.short, option.long].filter((each) => each !== undefined);
  return { names, about: option.description, value, repeats: option.parseArg !== undefined };
}

function commandWords(command: Command, path: readonly string[]): readonly CommandWords[] {
  const args = command.registeredArguments;
  const own: CommandWords = {
    path,
    about: command.summary(),
    options: [
      ...command.options.map(optionWords),
      { names: ['-h', '--help'], about: 'help for this command', value: undefined, repeats: false },
    ],
    args: args.map((argument) => ({ ...valuesOf(argument, argument.name()), name: argument.name() })),
    restRepeats: args.at(-1)?.variadic === true,
    runs: definitionOf(command)?.runs === true,
  };
  return [own, ...command.commands.flatMap((each) => commandWords(each, [...path, each.name()]))];
}

/** Every command, those of `elf` behind it, in the order of the help. */
export function wordsOf(program: Command): readonly CommandWords[] {
  return program.commands.flatMap((command) => commandWords(command, [command.name()]));
}
