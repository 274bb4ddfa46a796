/**
 * The command line. Exit status: 0 good; 1 refused, disproved or findings; 2 usage, or input that cannot be read, or output
 * that cannot be written; 3 evidence that could not be had.
 */
import { setFlagsFromString } from 'node:v8';
import type { CommanderError } from 'commander';
import { type Code, type Diagnostic, forTerminal, SeccompcError } from '../diag/index.ts';
import { exitStatus } from './status.ts';
import { diagnosticsData, endQuiet, Terminal } from './terminal.ts';
import { VERSION } from './version.ts';

const isRun = (argv: readonly string[]): boolean => argv[0] === 'run' || argv[0] === 'trace';

/** Of `run` and `trace`, whose other statuses are their command's: those of env(1). */
const RUN_FAILED = 125;
const RUN_STATUS: ReadonlyMap<Code, number> = new Map<Code, number>([
  ['COMMAND_MISSING', 127],
  ['COMMAND_UNABLE', 126],
]);

/** Whose --format says json as well. */
const FORMAT_IS_JSON: ReadonlySet<string> = new Set(['ci', 'diff', 'lint', 'replay']);

/** A failure is data too where data was asked for: --json, and `--format json` of some. */
function wantsJson(argv: readonly string[]): boolean {
  // Behind `run`, `trace` and -- stand the words of another command.
  if (isRun(argv)) return false;
  const end = argv.indexOf('--');
  const own = end < 0 ? argv : argv.slice(0, end);
  const format = own.indexOf('--format');
  const isFormat = own[format + 1] === 'json' || own.includes('--format=json');
  return own.includes('--json') || (isFormat && own.some((word) => FORMAT_IS_JSON.has(word)));
}

/** Commands of which one expects a file. */
const WRITERS: ReadonlySet<string | undefined> = new Set([
  ...['build', 'elf', 'export', 'init', 'intersect', 'launcher', 'learn', 'merge'],
]);

function report(diagnostics: readonly Diagnostic[], argv: readonly string[]): void {
  const terminal = new Terminal(wantsJson(argv));
  terminal.diagnostics(diagnostics);
  const errors = diagnostics.filter((d) => d.severity === 'error');
  if (errors.length > 1)
    terminal.aside(`${errors.length} errors${WRITERS.has(argv[0]) ? '; nothing was written' : ''}`);
  terminal.data({ ok: false, diagnostics: diagnosticsData(diagnostics) });
  process.exitCode = isRun(argv) ? (RUN_STATUS.get(errors[0]?.code ?? 'USAGE') ?? RUN_FAILED) : exitStatus(errors);
}

const isOfCommander = (error: unknown): error is CommanderError =>
  error instanceof Error && 'code' in error && String(error.code).startsWith('commander.');

/** Options behind these, without -- before them, are mostly meant for the program that is to run. */
const RUNNERS: ReadonlyMap<string | undefined, string> = new Map([
  ['run', 'seccompc run PROFILE -- COMMAND --option'],
  ['trace', 'seccompc trace PROFILE -- COMMAND --option'],
  ['build', 'seccompc build PROFILE --into ELF --enforce --dry-run -- --option'],
]);

/** What commander says, as a diagnostic: 'error: MESSAGE', then perhaps '(Did you mean --x?)'. */
function usage(error: CommanderError, argv: readonly string[]): Diagnostic {
  const [message = '', ...more] = error.message.replace(/^error: /, '').split('\n');
  const runner = RUNNERS.get(argv[0]);
  const mayRun = runner !== undefined && (isRun(argv) || argv.includes('--dry-run'));
  if (error.code === 'commander.unknownOption' && mayRun && !argv.includes('--')) {
    const help = `an option of the program that is to run stands behind --, with all that follows: ${runner}`;
    return { code: 'USAGE', severity: 'error', message, help };
  }
  const help = [...more.map((line) => line.replace(/^\(|\)$/g, '')), '--help shows how'].join(' ');
  return { code: 'USAGE', severity: 'error', message, help };
}

/**
 * Negative numbers behind `explain` are arguments of a call, not options: -1 is handed on as the 64-bit word that it
 * stands for. One that does not fit is left for commander to refuse.
 */
function unsignedNumbers(argv: readonly string[]): readonly string[] {
  const from = isRun(argv) ? -1 : argv.indexOf('explain');
  return argv.map((arg, i) => {
    if (from < 0 || i <= from || !/^-(\d{1,19}|0[xX][0-9a-fA-F]{1,16})$/.test(arg)) return arg;
    const value = -BigInt(arg.slice(1));
    return value < -(1n << 63n) ? arg : BigInt.asUintN(64, value).toString();
  });
}

async function main(argv: readonly string[]): Promise<void> {
  // A reader that has seen enough (head) closes the pipe; that is no fault.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit();
    process.stderr.write(`seccompc: standard output cannot be written: ${error.code}\n`);
    process.exit(2);
  });
  process.stderr.on('error', () => {});
  // Without commander, which is half of what there is to load.
  if (argv[0] === '--version' || argv[0] === '-V') {
    process.stdout.write(`${VERSION}\n`);
    return;
  }
  try {
    const { commandLine } = await import('./commands.ts');
    await (await commandLine(argv)).parseAsync([...unsignedNumbers(argv)], { from: 'user' });
  } catch (error) {
    if (error instanceof SeccompcError) report(error.diagnostics, argv);
    else if (isOfCommander(error)) {
      if (error.exitCode === 0) return;
      // Without a command commander has shown the help.
      if (error.code === 'commander.help') process.exitCode = isRun(argv) ? RUN_FAILED : 2;
      else report([usage(error, argv)], argv);
    } else {
      process.stderr.write(`seccompc has a bug, please report it: ${forTerminal((error as Error).message)}\n`);
      if (process.env.SECCOMPC_DEBUG) throw error;
      process.exitCode = isRun(argv) ? RUN_FAILED : 2;
    }
  }
  endQuiet();
}

/**
 * Most commands end within a third of a second, before code that V8 optimizes has paid for the work: a function has to run
 * seven times as long as usual for that. Long proofs and replays do not notice. Later releases have no such flag, and say so
 * on standard error.
 */
if (process.versions.node.startsWith('20.')) setFlagsFromString('--interrupt-budget=1000000');

/** `help COMMAND` is `COMMAND --help`. */
const [word, ...words] = process.argv.slice(2);
await main(word === 'help' ? [...words, '--help'] : process.argv.slice(2));
