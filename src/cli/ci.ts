/** seccompc ci: everything that a configuration says of its profiles, in one run, one report and one status. */
import { existsSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { configSchema, readConfig, starterConfig } from '../config/index.ts';
import { Diagnostics, fail, forTerminal, SeccompcError, type Source } from '../diag/index.ts';
import { replaceFile } from '../host/atomic-write.ts';
import { baseOfCi, mergeBase } from '../host/git.ts';
import { readInput, textOf } from '../host/input.ts';
import { CHECKS_FORMATS, type Checks, type ChecksFormat, renderChecks, statusOf } from '../report/checks.ts';
import { before } from './ci/base.ts';
import { Guard } from './ci/guard.ts';
import { Places } from './ci/places.ts';
import { type Compared, runChecks } from './ci/run.ts';
import { failed } from './ci/step.ts';
import { define } from './definition.ts';
import { writeStarter } from './starter.ts';
import { isColoured, Terminal } from './terminal.ts';
import { VERSION } from './version.ts';

const DEFAULT = 'seccompc.config.jsonc';
const SCHEMA_FILE = 'seccompc.config.schema.json';

interface Report {
  readonly format: ChecksFormat;
  readonly path: string;
}

interface CiFlags {
  readonly config?: string;
  /** False under --no-base. */
  readonly base?: string | false;
  readonly root?: string;
  readonly format: ChecksFormat;
  readonly output?: string;
  readonly report: readonly Report[];
  readonly write?: boolean;
  readonly init?: boolean;
  readonly json?: boolean;
}

/** The file of that name here, or in a folder above, as git looks for its own. */
function findConfig(): string {
  for (let folder = resolve('.'); ; folder = dirname(folder)) {
    if (existsSync(join(folder, DEFAULT))) return relative('.', join(folder, DEFAULT));
    if (existsSync(join(folder, '.git')) || dirname(folder) === folder) break;
  }
  return fail({
    code: 'INPUT_UNREADABLE',
    file: DEFAULT,
    message: 'there is no such file here, nor above up to the top of the repository',
    help: 'seccompc ci --init writes one; --config names another',
  });
}

/** --base, else what the CI service says, else the configuration. Asked for and not there is an error, never silence. */
function comparedWith(flags: CiFlags, configured: string | undefined, places: Places, config: Source): Compared {
  if (flags.base === false) return { none: 'left out (--no-base)' };
  const ref = flags.base ?? baseOfCi(process.env)?.ref ?? configured;
  if (ref === undefined) return { none: 'no base: --base REF names one' };
  try {
    return { before: before(mergeBase(places.folder, ref), config) };
  } catch (error) {
    if (error instanceof SeccompcError) return { error };
    throw error;
  }
}

function write(reports: readonly Report[], checks: Checks): void {
  for (const { format, path } of reports) {
    const text = renderChecks(format, checks, path === '-' && isColoured(process.stdout));
    if (path === '-' && format === 'text') new Terminal(false).line(text.trimEnd());
    else if (path === '-') process.stdout.write(text);
    else replaceFile(path, new TextEncoder().encode(text));
  }
}

async function run(flags: CiFlags): Promise<void> {
  if (flags.init) {
    init(flags);
    return;
  }
  const source = textOf(readInput(flags.config ?? findConfig()));
  const diagnostics = new Diagnostics();
  const config = readConfig(source, diagnostics);
  const places = new Places(source, flags.root);
  const guard = new Guard(source, config, places);
  for (const { path } of reportsOf(flags)) guard.report(path);
  if (config === undefined) {
    // Nothing has been checked, and every report says so.
    const outcome = failed(diagnostics.sorted, 'it has mistakes, so nothing was checked');
    const check = { profile: source.name, step: 'configuration', ...outcome, standing: 'unreadable' as const };
    finish(flags, { version: VERSION, config: source, notes: [], checks: [check], status: 2 });
    return;
  }
  const compared = comparedWith(flags, config.base?.value, places, source);
  const checks = await runChecks({ config, places, guard, compared, write: flags.write === true });
  const all: Checks = {
    version: VERSION,
    config: source,
    base: 'before' in compared ? compared.before.base : undefined,
    notes: 'before' in compared ? compared.before.notes : [],
    checks,
    status: statusOf(checks),
  };
  finish(flags, all);
}

function finish(flags: CiFlags, all: Checks): void {
  write(reportsOf(flags), all);
  process.exitCode = all.status;
}

const reportsOf = (flags: CiFlags): readonly Report[] => [
  { format: isJson(flags) ? 'json' : flags.format, path: flags.output ?? '-' },
  ...flags.report,
];

const isJson = ({ json, format }: CiFlags): boolean => json === true || format === 'json';

/** Where a profile is found beside the configuration, it is the one that is named. */
function init({ config = DEFAULT }: CiFlags): void {
  const profile = ['seccomp.json', 'seccomp.jsonc', 'profile.json'].find((name) =>
    existsSync(join(dirname(config), name)),
  );
  const isStdout = config === '-';
  const text = starterConfig(profile ?? 'seccomp.json', isStdout ? undefined : `./${SCHEMA_FILE}`);
  if (isStdout) {
    process.stdout.write(text);
    return;
  }
  const help = 'name another with --config, or take away what is there';
  const json = configSchema();
  const [, schema = ''] = writeStarter({ path: config, text, schema: { name: SCHEMA_FILE, json }, force: false, help });
  const terminal = new Terminal(false);
  terminal.line(`${forTerminal(config)}: what seccompc ci checks`);
  terminal.line(`${forTerminal(schema)}: what editors explain it by`);
  terminal.line(profile === undefined ? 'next: seccompc init   # a profile to begin with' : 'next: seccompc ci');
}

function reportOf(text: string, earlier: readonly Report[]): readonly Report[] {
  const [, format, path] = /^([a-z]+)=(.+)$/s.exec(text) ?? [];
  const known = CHECKS_FORMATS.find((name) => name === format);
  if (known === undefined || path === undefined)
    throw new InvalidArgumentError(`A report is FORMAT=FILE, FORMAT one of ${CHECKS_FORMATS.join(', ')}.`);
  return [...earlier, { format: known, path }];
}

export function addCi(program: Command): void {
  const command = program
    .command('ci')
    .summary('everything a configuration says of its profiles, in one report')
    .description(
      'Reads seccompc.config.jsonc (docs/ci.md): its profiles are linted, compiled, checked, proved, held against statements\n' +
        'and recorded traces, and compared with the merge base. Every check is made, whatever became of the others, without\n' +
        'network. Exit status: 0 all is well, 1 findings, 2 a mistake in the configuration or a file that cannot be read,\n' +
        '3 evidence is missing (undecided, no base in a shallow clone).',
    )
    .option('--config <file>', `the configuration (default: ${DEFAULT}, here or above)`)
    .option(
      '--base <ref>',
      "branch or commit to compare with (default: what the CI service names, else the configuration's base)",
    )
    .option('--no-base', 'compare with nothing')
    .option('--root <folder>', "the folder that the configuration's paths may not leave (default: its own)")
    .addOption(new Option('--format <format>', 'of the report').choices(CHECKS_FORMATS).default('text'))
    .option('-o, --output <file>', 'where the report goes')
    .addOption(
      new Option('--report <format=file>', 'a further report, such as sarif=seccompc.sarif (repeatable)')
        .argParser(reportOf)
        .default([], 'none'),
    )
    .option('--write', 'write the outputs that the configuration names, where nothing else is wrong')
    .option('--init', 'write a commented configuration to begin with');
  define(command.action(run), {
    group: 'profiles',
    result: 'verdict',
    json: 'the same as --format json',
    examples: [
      ['ci', 'every check that seccompc.config.jsonc names'],
      ['ci --base origin/main --report sarif=ci.sarif', 'compared with a branch; a second report for a code scanner'],
      ['ci --init --config new.config.jsonc', 'a commented configuration to begin with'],
    ],
  });
}
