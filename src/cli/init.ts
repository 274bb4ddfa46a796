/** seccompc init: a commented profile to begin with, and the schema that an editor explains it by. */
import { type Command, Option } from 'commander';
import { type Arch, findArch } from '../arch/index.ts';
import { fail, forTerminal, quoted } from '../diag/index.ts';
import { profileSchema, STARTER_BASES, type StarterBase, starterProfile } from '../schema/index.ts';
import { define, takes } from './definition.ts';
import { list } from './options.ts';
import { machine } from './replay-side.ts';
import { writeStarter } from './starter.ts';
import { Terminal } from './terminal.ts';

interface InitFlags {
  readonly arch?: readonly string[];
  readonly base: StarterBase;
  readonly force?: boolean;
  /** False under --no-schema. */
  readonly schema: boolean;
  readonly json?: boolean;
}

export const SCHEMA_FILE = 'seccomp.schema.json';

function archesOf({ arch }: InitFlags): readonly Arch[] {
  const found = (arch ?? []).map(
    (name) => findArch(name) ?? fail({ code: 'ARCH_UNKNOWN', message: `${quoted(name)} is no architecture` }),
  );
  if (arch !== undefined && found.length === 0) fail({ code: 'ARCH_MISSING', message: '--arch names no architecture' });
  if (found.some(({ endian }) => endian !== found[0]?.endian))
    fail({ code: 'ARCH_BYTE_ORDER', message: 'a program has one byte order; these architectures have two' });
  return found.length > 0 ? [...new Set(found)] : [machine()];
}

function run(path: string, flags: InitFlags): void {
  const terminal = new Terminal(flags.json === true);
  const isStdout = path === '-';
  const withSchema = flags.schema && !isStdout;
  const arches = archesOf(flags);
  const text = starterProfile({ base: flags.base, arches, schema: withSchema ? `./${SCHEMA_FILE}` : undefined });
  if (isStdout) {
    if (flags.json) terminal.data({ ok: true, profile: text, diagnostics: [] });
    else process.stdout.write(text);
    return;
  }
  const files = writeStarter({
    path,
    text,
    schema: withSchema ? { name: SCHEMA_FILE, json: profileSchema() } : undefined,
    force: flags.force === true,
    help: withSchema ? 'name another file, or --force; --no-schema writes no schema' : 'name another file, or --force',
  });
  const [, schemaPath] = files;
  const file = forTerminal(path);
  terminal.line(`${file}: for ${arches.map(({ name }) => name).join(', ')}, base ${flags.base}`);
  if (schemaPath !== undefined) terminal.line(`${forTerminal(schemaPath)}: what editors explain it by`);
  terminal.line(`next: seccompc trace ${file} -- COMMAND   # would it break the command?`);
  terminal.data({ ok: true, files, arches: arches.map(({ name }) => name), base: flags.base, diagnostics: [] });
}

export function addInit(program: Command): void {
  const command = program
    .command('init')
    .summary('a commented profile to begin with')
    .description(
      'Writes a profile that denies by default and lets an ordinary program run, every group of calls with its reason,\n' +
        `and beside it ${SCHEMA_FILE}, by which editors complete and explain it without network. Nothing is overwritten\n` +
        'without --force. Bases: program reads and writes files; service has threads, children and the network too; empty\n' +
        'only ends.',
    )
    .argument('[file]', "where it goes; '-' is standard output, without schema", 'seccomp.json')
    .addOption(
      takes(new Option('--arch <list>', "the ABIs that it is for (default: this machine's)").argParser(list), 'arch'),
    )
    .addOption(new Option('--base <what>', 'what it lets through').choices(STARTER_BASES).default('program'))
    .option('--force', 'overwrite the files that are there')
    .option('--no-schema', 'write no schema, and no "$schema"')
    .action(run);
  define(command, {
    group: 'profiles',
    result: 'verdict',
    examples: [
      ['init', 'seccomp.json, for a program that reads and writes files'],
      ['init service.jsonc --base service --arch x86_64,aarch64', 'for a service, on two machines'],
      ['init - --base empty', 'to standard output: nothing allowed but ending'],
    ],
  });
}
