/** Every command, in the order of the help; each one's module is loaded when it is asked for. */
import { Command } from 'commander';
import { definitionOf } from './definition.ts';
import { startProgress } from './progress.ts';
import { startQuiet } from './terminal.ts';
import { VERSION } from './version.ts';

/** A command that rewrites a file needs no compiler. */
const COMMANDS = {
  init: async () => (await import('./init.ts')).addInit,
  learn: async () => (await import('./learn.ts')).addLearn,
  lint: async () => (await import('./lint.ts')).addLint,
  show: async () => (await import('./show.ts')).addShow,
  explain: async () => (await import('./explain.ts')).addExplain,
  merge: async () => (await import('./combine.ts')).addMerge,
  intersect: async () => (await import('./combine.ts')).addIntersect,
  ci: async () => (await import('./ci.ts')).addCi,
  schema: async () => (await import('./schema.ts')).addSchema,
  build: async () => (await import('./build.ts')).addBuild,
  prove: async () => (await import('./prove.ts')).addProve,
  diff: async () => (await import('./diff.ts')).addDiff,
  check: async () => (await import('./check.ts')).addCheck,
  disasm: async () => (await import('./disasm.ts')).addDisasm,
  export: async () => (await import('./export.ts')).addExport,
  inspect: async () => (await import('./inspect.ts')).addInspect,
  elf: async () => (await import('./elf.ts')).addElf,
  run: async () => (await import('./run.ts')).addRun,
  launcher: async () => (await import('./launcher.ts')).addLauncher,
  trace: async () => (await import('./trace.ts')).addTrace,
  replay: async () => (await import('./replay.ts')).addReplay,
  dump: async () => (await import('./dump.ts')).addDump,
  verify: async () => (await import('./verify.ts')).addVerify,
  doctor: async () => (await import('./doctor.ts')).addDoctor,
  completion: async () => (await import('./completion.ts')).addCompletion,
} as const;

type Name = keyof typeof COMMANDS;

const isCommand = (word: string | undefined): word is Name => word !== undefined && Object.hasOwn(COMMANDS, word);

/** Made from the definitions of all others. */
const OF_ALL: ReadonlySet<Name> = new Set<Name>(['completion']);

/** Of what takes long without reading a stream: proofs, and files of gigabytes. */
async function watchWork(command: Command): Promise<void> {
  const { quiet = false } = command.opts<{ quiet?: boolean }>();
  const progress = startProgress(!quiet);
  if (progress === undefined) return;
  const { watchSteps } = await import('../diagram/index.ts');
  const { onBytesWritten } = await import('../host/sink.ts');
  watchSteps((steps) => progress.tick((s) => `seccompc ${command.name()}: ${s} s, ${steps} steps of proof`));
  onBytesWritten((bytes) => progress.tick(() => `seccompc ${command.name()}: ${bytes >> 20} MB written`));
}

async function begin(command: Command): Promise<void> {
  const definition = definitionOf(command);
  const { quiet } = command.opts<{ quiet?: boolean }>();
  // Whoever says what else --quiet means sees to it.
  if (quiet && definition?.quiet === undefined) startQuiet(definition?.result === 'verdict');
  await watchWork(command);
}

function bare(): Command {
  return (
    new Command('seccompc')
      .description(
        'seccomp profiles to classic BPF that the kernel accepts: checked, proved, explained, put into ELF files.',
      )
      .version(VERSION)
      .exitOverride()
      // One line each.
      .configureHelp({ subcommandTerm: (command) => command.name() })
      .helpCommand(false)
      // Errors are caught by main and shown as all others are.
      .configureOutput({ outputError: () => {} })
      .hook('preAction', (_, command) => begin(command))
  );
}

/** The command line with all its commands: what help, completions and manual pages are made from. */
export async function wholeCommandLine(): Promise<Command> {
  const program = bare();
  for (const name of Object.keys(COMMANDS) as Name[]) (await COMMANDS[name]())(program);
  return program;
}

const EXAMPLES = `  seccompc build seccomp.json --into ./operator
  seccompc build seccomp.json --arch x86_64 -o filter.bpf
  seccompc explain seccomp.json socket 38 --arch x86_64,i386
  seccompc check filter.bpf --cost
`;

/** With the command that the arguments name alone, or with all where they name none: help and mistakes list them. */
export async function commandLine([word]: readonly string[]): Promise<Command> {
  if (isCommand(word)) {
    if (OF_ALL.has(word)) return wholeCommandLine();
    const program = bare();
    (await COMMANDS[word]())(program);
    return program;
  }
  const program = await wholeCommandLine();
  const { ARCHES } = await import('../arch/index.ts');
  const arches = [...ARCHES.keys()].join(', ').replace(/(.{60,74},) /g, '$1\n  ');
  const more = `\nArchitectures:\n  ${arches}\n\nExamples:\n${EXAMPLES}\nseccompc COMMAND --help says more of each.`;
  return program.addHelpText('after', more);
}
