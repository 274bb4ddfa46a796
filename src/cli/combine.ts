/** seccompc merge, intersect: two profiles as one, exactly, proved before it is written. */
import { type Command, Option } from 'commander';
import { type Combined, combine, type How } from '../algebra/index.ts';
import { loadPolicy } from '../build/index.ts';
import { Diagnostics, fail, forTerminal, SeccompcError, withoutCommands } from '../diag/index.ts';
import { replaceFile } from '../host/atomic-write.ts';
import { destinationOf, isSameFile } from '../host/destination.ts';
import { readInput, textOf } from '../host/input.ts';
import type { Policy } from '../policy/index.ts';
import { define } from './definition.ts';
import { addPolicyOptions, type PolicyFlags, resolveOptions } from './options.ts';
import { diagnosticsData, Terminal } from './terminal.ts';

interface CombineFlags extends PolicyFlags {
  readonly output?: string;
  readonly extensions?: boolean;
  readonly json?: boolean;
}

/** Mistakes in both profiles come in one report. */
function load(paths: readonly [string, string], flags: CombineFlags): readonly [Policy, Policy] {
  if (paths[0] === '-' && paths[1] === '-')
    fail({ code: 'USAGE', message: 'standard input can be one profile, not both' });
  const errors = new Diagnostics();
  const policies = paths.map((path) => {
    try {
      return loadPolicy(textOf(readInput(path)), resolveOptions(flags));
    } catch (error) {
      if (!(error instanceof SeccompcError)) throw error;
      errors.addAll(error.diagnostics);
      return undefined;
    }
  });
  errors.throwIfErrors();
  return policies as [Policy, Policy];
}

const SAYS: Readonly<Record<How, string>> = {
  merge: 'allows what either allows',
  intersect: 'allows what both allow',
};

function headed(how: How, paths: readonly [string, string], text: string): string {
  const [a, b] = paths.map((path) => forTerminal(path));
  return `${withoutCommands(`// seccompc ${how}: ${SAYS[how]} of\n//   ${a}\n//   ${b}`)}\n${text}`;
}

/** Writes a profile's text to a file or standard output, and never over what it is made of. */
export function writeProfile(text: string, output: string, sources: readonly string[]): { readonly isStdout: boolean } {
  const source = sources.find((path) => isSameFile(output, path));
  if (source !== undefined) {
    const message = 'the profile would overwrite what it is made of';
    fail({ code: 'USAGE', file: output, message, help: 'name another file with -o' });
  }
  const { isStdout } = destinationOf(output);
  replaceFile(output === '-' ? '/dev/fd/1' : output, new TextEncoder().encode(text), {});
  return { isStdout };
}

export function extensionsLine({ extensions }: Pick<Combined, 'extensions'>): string | undefined {
  if (extensions.length === 0) return undefined;
  return `  note: ${extensions.join(', ')}: keys that only seccompc reads; build the filter with it, or see docs/semantics.md`;
}

function run(how: How, a: string, b: string, flags: CombineFlags): void {
  const terminal = new Terminal(flags.json === true);
  const output = flags.output ?? '-';
  if (flags.json === true && destinationOf(output).isStdout && flags.output !== undefined)
    fail({ code: 'USAGE', message: '--json and the profile cannot both go to standard output' });
  const [left, right] = load([a, b], flags);
  const made = combine(how, left, right, { extensions: flags.extensions });
  const text = headed(how, [a, b], made.text);
  const diagnostics = [...left.diagnostics, ...right.diagnostics];
  if (flags.json !== true || flags.output !== undefined) writeProfile(text, output, [a, b]);
  terminal.diagnostics(diagnostics);
  const arches = made.policy.arches.map(({ arch }) => arch.name);
  terminal.aside(`${how}: for ${arches.join(', ')}; proved for all 2^512 inputs`);
  const note = extensionsLine(made);
  if (note !== undefined) terminal.aside(note);
  terminal.data({
    ok: true,
    how,
    arches,
    extensions: made.extensions,
    ...(flags.output === undefined ? { profile: text } : { output }),
    diagnostics: diagnosticsData(diagnostics),
  });
}

function addCombine(program: Command, how: How, more: string): void {
  const command = program
    .command(how)
    .summary(`one profile that ${SAYS[how]}`)
    .description(
      `Writes the profile that ${SAYS[how]}, for every architecture, number and argument value, and proves it.\n${more}`,
    )
    .argument('<a>', "a profile; '-' is standard input")
    .argument('<b>', 'another one')
    .addOption(new Option('-o, --output <file>', "where the profile goes ('-', standard output, unless given)"))
    .option('--extensions', 'write with "x-ruleOrder" what the dialect has no words for, instead of refusing it');
  addPolicyOptions(command).action((a: string, b: string, flags: CombineFlags) => run(how, a, b, flags));
  define(command, {
    group: 'profiles',
    result: 'document',
    examples: [[`${how} seccomp.json new.json -o both.jsonc`, `the profile that ${SAYS[how]}, into a file`]],
  });
}

export function addMerge(program: Command): void {
  addCombine(program, 'merge', 'Of two actions the looser one counts; of two errnos that of A.');
}

export function addIntersect(program: Command): void {
  addCombine(program, 'intersect', 'Of two actions the stricter one counts; of two errnos that of A.');
}
