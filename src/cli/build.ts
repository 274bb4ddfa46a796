/** seccompc build: a profile to a program, in a file of its own or in a section of an ELF file. */
import { type Command, Option } from 'commander';
import { type CompileOptions, compileProved, DEFAULT_SECTION, loadPolicy } from '../build/index.ts';
import type { Optimize } from '../compile/index.ts';
import { fail, quoted } from '../diag/index.ts';
import { replaceFile } from '../host/atomic-write.ts';
import { destinationOf, isSameFile, leadsTo } from '../host/destination.ts';
import { type Input, readInput, textOf } from '../host/input.ts';
import type { CheckedProgram } from '../kernel/index.ts';
import { compareVersions, type Policy, parseKernelVersion } from '../policy/index.ts';
import { PROGRAM_FORMATS, type ProgramFormat, programAs } from '../view/index.ts';
import type { Into } from './build-into.ts';
import { type Output, summary, summaryData, writtenLine } from './build-report.ts';
import { define } from './definition.ts';
import { addPolicyOptions, type PolicyFlags, resolveOptions } from './options.ts';
import { checkProgramOutput } from './program-format.ts';
import { addInjectOptions, addWriteOptions, lostLines, type RewriteFlags } from './rewriting.ts';
import { diagnosticsData, Terminal } from './terminal.ts';

export interface BuildFlags extends PolicyFlags, RewriteFlags {
  readonly into?: string;
  readonly section: string;
  readonly format?: ProgramFormat;
  readonly load?: boolean;
  readonly enforce?: boolean;
  readonly dryRun?: boolean;
  readonly everyCall?: boolean;
  readonly embedProfile?: boolean;
  readonly loadProfile?: boolean;
  /** False under --no-prove. */
  readonly prove: boolean;
  readonly optimize: Optimize;
  readonly weights?: readonly string[];
  readonly fast?: boolean;
  readonly tracePasses?: boolean;
}

/** Where the program goes, worked out before anything is written; undefined when only a summary is wanted. */
function planOutput(flags: BuildFlags, program: CheckedProgram, policy: Policy): Output | undefined {
  const path = flags.output ?? (flags.format === undefined ? undefined : '-');
  if (path === undefined) return undefined;
  const architectures = policy.arches.map((a) => a.arch.scmp);
  const bytes = programAs(program, flags.format ?? 'raw', { architectures });
  const write = () => replaceFile(path === '-' ? '/dev/fd/1' : path, bytes);
  return { path, size: bytes.length, what: flags.format ?? 'raw', write };
}

/** Linux remembers always-allowed calls from this version on. */
const FIRST_CACHING: readonly [number, number] = [5, 11];

function cachesCalls(kernel: string | undefined): boolean {
  const version = kernel === undefined ? undefined : parseKernelVersion(kernel);
  return version === undefined || compareVersions(version, FIRST_CACHING) >= 0;
}

async function costOptions(flags: BuildFlags, terminal: Terminal): Promise<CompileOptions> {
  const read = flags.weights && (await (await import('./weights.ts')).readWeights(flags.weights));
  const weights = read?.weights;
  for (const line of read?.told ?? []) terminal.aside(`  weights: ${line}`);
  return {
    prove: flags.prove,
    optimize: flags.optimize,
    search: flags.fast ? 'fast' : 'full',
    ...(weights && { weights, cachedByKernel: cachesCalls(flags.kernel) }),
    ...(flags.tracePasses && {
      trace: (pass, before, after) => terminal.aside(`  pass ${pass}: ${before} -> ${after} instructions`),
    }),
  };
}

/** Options that ask for what cannot be, or for nothing. */
function checkFlags(profilePath: string, words: readonly string[], flags: BuildFlags): void {
  const refuse = (message: string, help?: string): never => fail({ code: 'USAGE', message, help });
  if (words.length > 0 && !flags.dryRun) {
    refuse(
      `${quoted(words[0]!)} is one argument too many: build takes one profile`,
      'arguments of the program go with --dry-run',
    );
  }
  if (flags.everyCall && !flags.dryRun) refuse('--every-call is about how --dry-run watches; it goes with that');
  if (flags.dryRun) {
    if (!flags.enforce)
      refuse('--dry-run runs the program as --enforce would start it', 'give --into and --enforce too');
    if (flags.into === '-' || flags.output === '-') refuse('--dry-run starts a program from a file, not from a stream');
  }
  if (flags.into === undefined) {
    const intoOnly = {
      '--section': flags.section !== DEFAULT_SECTION,
      '--load': flags.load,
      '--enforce': flags.enforce,
      '--embed-profile': flags.embedProfile,
      '--load-profile': flags.loadProfile,
      '--trailing': flags.trailing !== undefined,
      '--max-padding': flags.maxPadding !== undefined,
      '--preserve-timestamps': flags.preserveTimestamps,
    };
    for (const [name, given] of Object.entries(intoOnly)) {
      if (given) refuse(`${name} is about a section of an ELF file; it goes with --into`);
    }
    return;
  }
  if (profilePath === '-' && flags.into === '-') {
    refuse('standard input can be the profile or the ELF file, not both');
  }
  if (flags.into === '-' && flags.output === undefined) {
    refuse('--into - cannot be written in place', 'name the result with -o');
  }
  if (flags.format !== undefined) refuse('--into puts the program into the ELF file; it goes with no --format');
}

/** Refuses a destination that would swallow the result, or destroy the profile. */
function checkOutput(flags: BuildFlags, output: Output, profile: Input): void {
  if (leadsTo(output.path, profile.stamp)) {
    const message = 'the result would overwrite the profile';
    fail({ code: 'USAGE', file: output.path, message, help: 'name another' });
  }
  if (flags.weights?.some((path) => isSameFile(output.path, path))) {
    const message = 'the result would overwrite the weights';
    fail({ code: 'USAGE', file: output.path, message, help: 'name another' });
  }
  checkProgramOutput(output.path, {
    isBinary: flags.into !== undefined || (flags.format ?? 'raw') === 'raw',
    json: flags.json === true,
  });
}

async function build(profilePath: string, words: readonly string[], flags: BuildFlags): Promise<void> {
  checkFlags(profilePath, words, flags);
  if (flags.into === undefined) {
    await buildFor(profilePath, words, flags, undefined);
    return;
  }
  // What knows ELF files is loaded for them alone.
  const { openInto } = await import('./build-into.ts');
  const into = openInto(flags.into, flags);
  try {
    await buildFor(profilePath, words, flags, into);
  } finally {
    into.close();
  }
}

async function buildFor(
  profilePath: string,
  words: readonly string[],
  flags: BuildFlags,
  into: Into | undefined,
): Promise<void> {
  const terminal = new Terminal(flags.json === true);
  const profile = readInput(profilePath);
  const source = textOf(profile);
  const policy = loadPolicy(source, resolveOptions(flags, into && [into.own.name]));
  into?.requireOwnAbi(policy);
  const compiled = compileProved(policy, await costOptions(flags, terminal));
  const { program } = compiled;
  const output = into ? into.plan(program, policy) : planOutput(flags, program, policy);
  if (output) checkOutput(flags, output, profile);
  const start = into?.start(program);
  const diagnostics = [...policy.diagnostics, ...(start?.diagnostics ?? [])];
  if (flags.dryRun && into) {
    await into.dryRun({ program, policy, words, diagnostics }, terminal);
    return;
  }
  const isStdout = output !== undefined && destinationOf(output.path).isStdout;
  const written = output?.write();
  terminal.diagnostics(diagnostics);
  summary(policy, compiled, terminal, !isStdout);
  if (output === undefined) terminal.line('  nothing written: -o takes the program, --into puts it into an ELF file');
  else if (!isStdout) {
    for (const text of into ? into.lines(output, policy, start) : [writtenLine(output)]) terminal.line(text);
  }
  const warnings = written ? lostLines(written) : [];
  for (const text of warnings) terminal.aside(`  warning: ${text}`);
  const data = {
    ok: true,
    ...summaryData(policy, program),
    proved: compiled.proof !== undefined,
    output: output?.path ?? null,
    section: flags.into === undefined ? null : flags.section,
    loaded: flags.load === true || flags.enforce === true,
    enforced: flags.enforce === true,
    ...(start && { start: start.data }),
    warnings,
  };
  terminal.data({ ...data, diagnostics: diagnosticsData(diagnostics) });
}

export function addBuild(program: Command): void {
  const command = program
    .command('build')
    .summary('compile a profile; write the filter, or put it into an ELF file')
    .description(
      'Compiles a seccomp profile (OCI, Docker or podman dialect; JSON with comments) to classic BPF.\n' +
        'With --into the program becomes a section of the ELF file (in place unless -o names another);\n' +
        'else -o takes the program itself (with --format asm or json alone it goes to standard output).\n' +
        'Without any of them, only the summary is printed.',
    )
    .argument('<profile>', "the profile; '-' is standard input")
    .argument('[arguments...]', 'of the program that --dry-run runs, behind --')
    .option('--into <elf>', 'put the program into this ELF file')
    .option('--section <name>', 'name of the section', DEFAULT_SECTION)
    .option('--load', 'map the section, read-only, when the program runs')
    .option('--enforce', 'make the program install the filter by itself, before its first instruction')
    .option('--dry-run', 'write nothing: run the program that way, deny nothing, and tell what would have been denied')
    .option('--every-call', 'with --dry-run: stop at every call, to see those too that another filter denies; slow')
    .option('--embed-profile', 'put the normalized profile in too, so that explain can name the rule that decides')
    .option('--load-profile', 'map the embedded profile too')
    .addOption(new Option('--format <format>', 'of the program (default: raw)').choices(PROGRAM_FORMATS));
  addPolicyOptions(addWriteOptions(addInjectOptions(command)))
    .addOption(
      new Option('--optimize <what>', 'what to spend on: few instructions or few steps')
        .choices(['size', 'speed', 'balanced'])
        .default('balanced'),
    )
    .addOption(
      new Option(
        '--weights <file>',
        'how often each call is made: a recorded trace, or JSON { "openat": 1200, ... }; may be repeated',
      ).argParser((path: string, before: readonly string[] = []) => [...before, path]),
    )
    .option('--fast', 'compile without the search for masks: about a millisecond, a few more instructions')
    .option('--trace-passes', 'instructions before and after each pass of the compiler')
    .option('--no-prove', 'skip the proof that the program equals the profile')
    .action((profile: string, words: readonly string[], flags: BuildFlags) => build(profile, words, flags));
  define(command, {
    group: 'filters',
    runs: true,
    result: 'verdict',
    examples: [
      ['build seccomp.json --into ./operator', 'into a section of the program, for its own ABI'],
      ['build seccomp.json --into ./operator --enforce', 'and the program installs it by itself when it starts'],
      [
        'build seccomp.json --into ./operator --enforce --dry-run -- --port 80',
        'nothing written: runs it and tells what would have been denied',
      ],
      ['build seccomp.json --arch x86_64 -o filter.bpf', 'the program alone, for bubblewrap and others'],
    ],
  });
}
