/** seccompc export: a profile or a program in the form that somebody else takes. */
import { type Command, Option } from 'commander';
import {
  DEFAULT_SECTION,
  type ExportOptions,
  type ExportSource,
  exportFilter,
  loadPolicy,
  saidOfFilter,
} from '../build/index.ts';
import { type Diagnostic, fail, forTerminal, SeccompcError } from '../diag/index.ts';
import { FORMATS, type FormatName, isLoaderFormat, type Lossy, shellWord } from '../formats/index.ts';
import { replaceFile } from '../host/atomic-write.ts';
import { destinationOf, isSameFile } from '../host/destination.ts';
import { textOf } from '../host/input.ts';
import { check } from '../kernel/index.ts';
import { type OciProfile, parseProfile } from '../policy/index.ts';
import { refusalDiagnostic } from './check.ts';
import { define } from './definition.ts';
import { addPolicyOptions, type PolicyFlags, resolveOptions } from './options.ts';
import { lostLines } from './rewriting.ts';
import { namedArches, readSubject, type Subject } from './subject.ts';
import { diagnosticsData, Terminal } from './terminal.ts';

interface ExportFlags extends PolicyFlags {
  readonly format: FormatName;
  readonly output: string;
  readonly name?: string;
  readonly section: string;
  readonly pin?: boolean;
  readonly lossy: Lossy;
  /** False under --no-prove. */
  readonly prove: boolean;
  readonly json?: boolean;
}

interface Prepared {
  readonly source: ExportSource;
  readonly options: ExportOptions;
  readonly diagnostics: readonly Diagnostic[];
}

function ofProfile(subject: Extract<Subject, { kind: 'profile' }>, flags: ExportFlags): Prepared {
  const { name, text } = textOf(subject.input);
  // A loader is for any architecture; what it will be given is not known yet.
  if (isLoaderFormat(flags.format) && !flags.pin) {
    const profile: OciProfile = parseProfile(text, { file: name });
    return { source: { profile }, options: {}, diagnostics: profile.diagnostics };
  }
  const policy = loadPolicy({ name, text }, resolveOptions(flags));
  return { source: { policy }, options: {}, diagnostics: policy.diagnostics };
}

function ofProgram(subject: Exclude<Subject, { kind: 'profile' }>, flags: ExportFlags): Prepared {
  const verdict = check(subject.bytes, { endian: subject.endian });
  if (!verdict.ok) throw new SeccompcError([refusalDiagnostic(verdict, subject.input.name)]);
  const { program } = verdict;
  const named = namedArches(flags);
  const said = subject.kind === 'elf' ? saidOfFilter(subject.elf, subject.section, subject.bytes) : undefined;
  const own = subject.kind === 'elf' ? [subject.arch] : undefined;
  const arches = named.length > 0 ? named : (said?.arches ?? own);
  return {
    source: { program },
    options: { arches, flags: said?.flags ?? [], title: subject.input.name },
    diagnostics: said?.diagnostics ?? [],
  };
}

function prepared(path: string | undefined, flags: ExportFlags): Prepared {
  if (path === undefined) {
    if (isLoaderFormat(flags.format)) return { source: {}, options: {}, diagnostics: [] };
    return fail({ code: 'USAGE', message: `name a profile or a program to export as ${flags.format}` });
  }
  const subject = readSubject(path, flags);
  return subject.kind === 'profile' ? ofProfile(subject, flags) : ofProgram(subject, flags);
}

function checkFlags(path: string | undefined, flags: ExportFlags): void {
  const refuse = (message: string, help: string): never => fail({ code: 'USAGE', message, help });
  const { isStdout, isTerminal } = destinationOf(flags.output);
  const file = 'name a file with -o';
  if (isTerminal && flags.format === 'bwrap') refuse('the program is binary; it is not written to a terminal', file);
  if (isStdout && flags.json) refuse('--json and the export cannot both go to standard output', file);
  if (path !== undefined && isSameFile(flags.output, path)) {
    refuse('the export would overwrite what it is made of', 'name another file with -o');
  }
  if (flags.pin && !isLoaderFormat(flags.format)) refuse('--pin is for a loader', 'leave it out');
  const hasSection = isLoaderFormat(flags.format) || flags.format === 'c-section';
  // Of an ELF file the option says which section to read.
  if (flags.section !== DEFAULT_SECTION && !hasSection && path === undefined)
    refuse('there is no section', 'leave it out');
}

/** What to do with the file. */
function nextSteps(flags: ExportFlags): readonly string[] {
  const file = flags.output === '-' ? 'FILE' : shellWord(flags.output);
  switch (flags.format) {
    case 'bwrap':
      return [`bwrap --ro-bind / / --dev /dev --proc /proc --seccomp 10 COMMAND 10<${file}`];
    case 'oci-annotation-flag':
      return [`podman --runtime crun run "$(cat ${file})" IMAGE`];
    case 'c-loader':
    case 'go-loader':
    case 'rust-loader':
      return ['compile it into the program, then: seccompc build PROFILE --into PROGRAM'];
    case 'oci':
      return [`docker run --security-opt seccomp=${file} IMAGE (podman too); or linux.seccomp of an OCI bundle`];
    case 'k8s-localhost':
      return [
        'on every node below /var/lib/kubelet/seccomp; in the pod: seccompProfile: {type: Localhost, localhostProfile: NAME}',
      ];
    case 'spo':
      return [`kubectl apply -f ${file}`];
    case 'systemd':
      return [`install it as /etc/systemd/system/UNIT.service.d/seccomp.conf, then: systemctl daemon-reload`];
    default:
      return [];
  }
}

function run(path: string | undefined, flags: ExportFlags): void {
  checkFlags(path, flags);
  const terminal = new Terminal(flags.json === true);
  const { source, options, diagnostics: before } = prepared(path, flags);
  const { name, section, pin, lossy, prove } = flags;
  const result = exportFilter(flags.format, source, { ...options, name, section, pin, lossy, prove });
  const { isStdout } = destinationOf(flags.output);
  const written = replaceFile(flags.output === '-' ? '/dev/fd/1' : flags.output, result.bytes);
  const diagnostics = [...before, ...result.diagnostics];
  terminal.diagnostics(diagnostics);
  const say = (text: string) => (isStdout ? terminal.aside(text) : terminal.line(text));
  const steps = nextSteps(flags);
  if (!isStdout) say(`written: ${forTerminal(flags.output)} (${flags.format}, ${result.bytes.length} bytes)`);
  for (const step of steps) say(`  ${forTerminal(step)}`);
  const warnings = lostLines(written);
  for (const text of warnings) terminal.aside(`  warning: ${text}`);
  terminal.data({
    ok: true,
    format: flags.format,
    output: flags.output,
    bytes: result.bytes.length,
    instructions: result.program?.length ?? null,
    next: steps,
    warnings,
    diagnostics: diagnosticsData(diagnostics),
  });
}

function formatList(): string {
  const width = Math.max(...[...FORMATS.keys()].map((name) => name.length));
  return [...FORMATS].map(([name, { about }]) => `  ${name.padEnd(width)}  ${about}`).join('\n');
}

export function addExport(program: Command): void {
  const command = program
    .command('export')
    .summary('as source code, or for container runtimes, Kubernetes, systemd')
    .description(
      'Writes a profile, a raw program or the filter of an ELF file in the form that somebody else takes. What a dialect\n' +
        'cannot say is refused, or reported with its direction; nothing is ever allowed that the profile denies, unless\n' +
        '--lossy looser asks for it. A loader takes its filter at run time and needs no profile here.',
    )
    .argument('[profile]', "a profile, a raw program or an ELF file with a filter; '-' is standard input")
    .addOption(new Option('--format <name>', 'one of those below').choices([...FORMATS.keys()]).makeOptionMandatory())
    .option('-o, --output <file>', 'where it goes', '-')
    .option(
      '--name <name>',
      'what it is called: a prefix in C, a package in Go, a constant in Rust, a Kubernetes object',
    )
    .option('--section <name>', 'the section of an executable', DEFAULT_SECTION)
    .option('--pin', 'a loader that takes the filter of this profile, program or ELF file and no other')
    .addOption(
      new Option('--lossy <direction>', 'what to say where a dialect lacks words: deny more, or allow more')
        .choices(['stricter', 'looser'])
        .default('stricter'),
    )
    .option('--no-prove', 'skip the proof that a compiled program equals the profile');
  addPolicyOptions(command).addHelpText('after', `\nFormats:\n${formatList()}`).action(run);
  define(command, {
    group: 'filters',
    result: 'document',
    examples: [
      ['export seccomp.json --arch x86_64 --format c-array --name app -o filter.c', 'as an array in C'],
      ['export --format go-loader --name main -o seccomp_linux.go', 'a loader for what build --into puts in'],
    ],
  });
}
