/**
 * The command line. Exit status: 0 good; 1 refused, disproved or findings; 2 usage, or input that cannot be read, or output
 * that cannot be written; 3 evidence that could not be had.
 */
import type { Command, CommanderError } from 'commander';
import { type Code, type Diagnostic, forTerminal, SeccompcError } from '../diag/index.ts';
import { diagnosticsData, Terminal } from './terminal.ts';
import { VERSION } from './version.ts';

/** Faults of the command line or of the outside world; everything else is a verdict on the input. */
const USAGE: ReadonlySet<Code> = new Set<Code>([
  'USAGE',
  'INPUT_UNREADABLE',
  'INPUT_TOO_LARGE',
  'OUTPUT_UNWRITABLE',
  'ARCH_MISSING',
  'TRACE_FORMAT',
  'TRACE_EMPTY',
  'TRACE_UNFIT',
  'TRACE_TOO_LARGE',
  'LEARN_EMPTY',
  'FILTER_INDEX',
  'FILTER_SEVERAL',
]);
/** Faults of the command line when they have no place in a text. */
const USAGE_WITHOUT_PLACE: ReadonlySet<Code> = new Set<Code>([
  'ARCH_UNKNOWN',
  'CAP_UNKNOWN',
  'KERNEL_VERSION',
  'SYSCALL_UNKNOWN',
  'ARCH_BYTE_ORDER',
]);

function isUsage(d: Diagnostic): boolean {
  return USAGE.has(d.code) || (USAGE_WITHOUT_PLACE.has(d.code) && d.span === undefined);
}

const isRun = (argv: readonly string[]): boolean => argv[0] === 'run' || argv[0] === 'trace';

/** Of `run` and `trace`, whose other statuses are their command's: those of env(1). */
const RUN_FAILED = 125;
const RUN_STATUS: ReadonlyMap<Code, number> = new Map<Code, number>([
  ['COMMAND_MISSING', 127],
  ['COMMAND_UNABLE', 126],
]);

/** A failure is data too where data was asked for: --json, and `--format json` of diff and lint. */
function wantsJson(argv: readonly string[]): boolean {
  // Behind `run`, `trace` and -- stand the words of another command.
  if (isRun(argv)) return false;
  const end = argv.indexOf('--');
  const own = end < 0 ? argv : argv.slice(0, end);
  const format = own.indexOf('--format');
  const isDiff =
    (own.includes('diff') || own.includes('lint')) && (own[format + 1] === 'json' || own.includes('--format=json'));
  return own.includes('--json') || isDiff;
}

/** What could not be had: evidence, and nothing else. */
const UNKNOWN: ReadonlySet<Code> = new Set<Code>([
  'PROOF_UNDECIDED',
  'KERNEL_UNASKED',
  'KERNEL_UNABLE',
  'DRY_RUN_UNSEEN',
  'PROCESS_MISSING',
  'PROCESS_ENDED',
  'PROCESS_CHANGED',
  'PROCESS_KERNEL',
  'PROCESS_TRACED',
  'PROCESS_BUSY',
  'PROCESS_DENIED',
  'PROCESS_PRIVILEGE',
  'CALLER_CONFINED',
  'FILTER_EBPF',
  'FILTER_NEWER',
]);

/** 3 where the only thing missing is evidence. */
function exitStatus(errors: readonly Diagnostic[]): number {
  if (errors.every((d) => UNKNOWN.has(d.code))) return 3;
  return errors.every(isUsage) ? 2 : 1;
}

function report(diagnostics: readonly Diagnostic[], argv: readonly string[]): void {
  const terminal = new Terminal(wantsJson(argv));
  terminal.diagnostics(diagnostics);
  const errors = diagnostics.filter((d) => d.severity === 'error');
  if (errors.length > 1) terminal.aside(`${errors.length} errors; nothing was written`);
  terminal.data({ ok: false, diagnostics: diagnosticsData(diagnostics) });
  process.exitCode = isRun(argv) ? (RUN_STATUS.get(errors[0]?.code ?? 'USAGE') ?? RUN_FAILED) : exitStatus(errors);
}

const isOfCommander = (error: unknown): error is CommanderError =>
  error instanceof Error && 'code' in error && String(error.code).startsWith('commander.');

/** What commander says, as a diagnostic: 'error: MESSAGE', then perhaps '(Did you mean --x?)'. */
function usage(error: CommanderError): Diagnostic {
  const [message = '', ...more] = error.message.replace(/^error: /, '').split('\n');
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

const EXAMPLES = `  seccompc build seccomp.json --into ./operator
  seccompc build seccomp.json --arch x86_64 -o filter.bpf
  seccompc explain seccomp.json socket 38 --arch x86_64,i386
  seccompc check filter.bpf --cost
`;

/** Each command's module is loaded when it is asked for: a command that rewrites a file needs no compiler. */
const COMMANDS = {
  build: async () => (await import('./build.ts')).addBuild,
  check: async () => (await import('./check.ts')).addCheck,
  disasm: async () => (await import('./disasm.ts')).addDisasm,
  inspect: async () => (await import('./inspect.ts')).addInspect,
  elf: async () => (await import('./elf.ts')).addElf,
  explain: async () => (await import('./explain.ts')).addExplain,
  prove: async () => (await import('./prove.ts')).addProve,
  diff: async () => (await import('./diff.ts')).addDiff,
  show: async () => (await import('./show.ts')).addShow,
  lint: async () => (await import('./lint.ts')).addLint,
  merge: async () => (await import('./combine.ts')).addMerge,
  intersect: async () => (await import('./combine.ts')).addIntersect,
  export: async () => (await import('./export.ts')).addExport,
  learn: async () => (await import('./learn.ts')).addLearn,
  launcher: async () => (await import('./launcher.ts')).addLauncher,
  run: async () => (await import('./run.ts')).addRun,
  dump: async () => (await import('./dump.ts')).addDump,
  verify: async () => (await import('./verify.ts')).addVerify,
  replay: async () => (await import('./replay.ts')).addReplay,
  trace: async () => (await import('./trace.ts')).addTrace,
} as const;

const isCommand = (word: string | undefined): word is keyof typeof COMMANDS =>
  word !== undefined && Object.hasOwn(COMMANDS, word);

/** With the command that the arguments name alone, or with all where they name none: help and mistakes list them. */
async function commandLine([word]: readonly string[]): Promise<Command> {
  const { Command } = await import('commander');
  const program = new Command('seccompc')
    .description('seccomp profiles to classic BPF that the kernel accepts, checked, explained and put into ELF files')
    .version(VERSION)
    .exitOverride()
    // Errors are caught below and shown as all others are.
    .configureOutput({ outputError: () => {} });
  for (const name of isCommand(word) ? [word] : (Object.keys(COMMANDS) as (keyof typeof COMMANDS)[])) {
    (await COMMANDS[name]())(program);
  }
  if (isCommand(word)) return program;
  const { ARCHES } = await import('../arch/index.ts');
  program.addHelpText('after', `\nArchitectures: ${[...ARCHES.keys()].join(', ')}\n\nExamples:\n${EXAMPLES}`);
  return program;
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
    await (await commandLine(argv)).parseAsync([...unsignedNumbers(argv)], { from: 'user' });
  } catch (error) {
    if (error instanceof SeccompcError) report(error.diagnostics, argv);
    else if (isOfCommander(error)) {
      if (error.exitCode === 0) return;
      // Without a command commander has shown the help.
      if (error.code === 'commander.help') process.exitCode = isRun(argv) ? RUN_FAILED : 2;
      else report([usage(error)], argv);
    } else {
      process.stderr.write(`seccompc has a bug, please report it: ${forTerminal((error as Error).message)}\n`);
      if (process.env.SECCOMPC_DEBUG) throw error;
      process.exitCode = isRun(argv) ? RUN_FAILED : 2;
    }
  }
}

await main(process.argv.slice(2));
