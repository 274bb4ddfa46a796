/**
 * What a command's definition holds besides what commander keeps of it: the group that it stands in, examples, what
 * --quiet and --json mean, and which values its words take. Help, completions, manual pages and the tests that run every
 * example are made from these definitions and from nothing else.
 */
import type { Argument, Command, Option } from 'commander';

/** In the order of the help. */
export const GROUPS = {
  profiles: 'Profiles:',
  filters: 'Filters:',
  files: 'ELF files:',
  processes: 'Programs that run:',
  around: 'Around it:',
} as const;

/** A command line without 'seccompc', and what it is for. */
export type Example = readonly [line: string, says: string];

const QUIET = {
  verdict: 'nothing where all is well, else what is wrong',
  document: 'the result and errors alone: no warnings, no progress',
} as const;

/** The option's text; or why the command has none. */
export type Manner = string | { readonly none: string };

export interface Definition {
  readonly group: keyof typeof GROUPS;
  /** None for a command that only holds others. */
  readonly examples: readonly Example[];
  /** What stands on standard output: whether all is well, or something that was asked for. */
  readonly result: keyof typeof QUIET;
  readonly quiet?: Manner;
  readonly json?: Manner;
  /** Runs the words behind -- as a command, or hands them to a program. */
  readonly runs?: boolean;
}

const definitions = new WeakMap<Command, Definition>();

export function definitionOf(command: Command): Definition | undefined {
  return definitions.get(command);
}

export function examplesText(examples: readonly Example[]): string {
  return examples.map(([line, says]) => `  # ${says}\n  seccompc ${line}\n`).join('');
}

/** Why an option that every command has is missing here. */
export function missingManners({ quiet, json }: Definition): readonly string[] {
  const why = (name: string, manner: Manner | undefined) =>
    typeof manner === 'object' ? [`No ${name}: ${manner.none}.`] : [];
  return [...why('--quiet', quiet), ...why('--json', json)];
}

function addManner(command: Command, flags: string, manner: Manner): void {
  const long = flags.replace(/^-q, /, '');
  if (typeof manner !== 'string' || command.options.some((option) => option.long === long)) return;
  command.option(flags, manner);
}

/** Adds --quiet and --json with what they mean here, the examples, and the place in the list of commands. */
export function define(command: Command, definition: Definition): Command {
  definitions.set(command, definition);
  const { group, examples, result, quiet = QUIET[result], json = 'the same as JSON' } = definition;
  // Commander breaks lines itself; what is indented stays a line.
  command.description(command.description().replace(/\n(?! )/g, ' '));
  // Those of `elf` stand below it.
  if (command.parent?.parent == null) command.helpGroup(GROUPS[group]);
  if (command.commands.length > 0) return command;
  addManner(command, '-q, --quiet', quiet);
  addManner(command, '--json', json);
  const missing = missingManners(definition);
  if (missing.length > 0) command.addHelpText('after', `\n${missing.join('\n')}`);
  return command.addHelpText('after', `\nExamples:\n${examplesText(examples).trimEnd()}`);
}

/** Kinds of words that a shell can complete, where they are neither files nor choices. */
export type ValueKind = 'arch' | 'capability' | 'call' | 'finding' | 'process' | 'command' | 'folder';

const kinds = new WeakMap<Option | Argument, ValueKind>();

/** Says which values an option or an argument takes. */
export function takes<T extends Option | Argument>(word: T, kind: ValueKind): T {
  kinds.set(word, kind);
  return word;
}

export function kindOf(word: Option | Argument): ValueKind | undefined {
  return kinds.get(word);
}
