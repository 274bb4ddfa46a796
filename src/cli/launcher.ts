/** seccompc launcher: an executable that installs a filter and becomes another program. */
import type { Command } from 'commander';
import type { Arch } from '../arch/index.ts';
import { compileProved, DEFAULT_SECTION, loadPolicy } from '../build/index.ts';
import { type Diagnostic, fail, forTerminal, SeccompcError } from '../diag/index.ts';
import { replaceFile } from '../host/atomic-write.ts';
import { destinationOf, isSameFile } from '../host/destination.ts';
import { textOf } from '../host/input.ts';
import { type CheckedProgram, check } from '../kernel/index.ts';
import { chooseArch, DESCRIPTOR_USAGE, descriptorLauncher, LAUNCHER_USAGE, launcher } from '../launcher/index.ts';
import { coveredArches } from '../prove/index.ts';
import { refusalDiagnostic } from './check.ts';
import { define } from './definition.ts';
import { addPolicyOptions, type PolicyFlags, resolveOptions } from './options.ts';
import { lostLines } from './rewriting.ts';
import { oneArch, readSubject, type Subject } from './subject.ts';
import { diagnosticsData, Terminal } from './terminal.ts';

interface LauncherFlags extends PolicyFlags {
  readonly section: string;
  readonly descriptor?: boolean;
  /** False under --no-prove. */
  readonly prove: boolean;
  readonly output?: string;
  readonly json?: boolean;
}

interface Made {
  readonly arch: string;
  readonly bytes: Uint8Array;
  /** Instructions; absent for the form that reads its filter. */
  readonly length?: number | undefined;
  readonly flags: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
}

const EXECUTABLE = 0o755;

function programOf(subject: Exclude<Subject, { kind: 'profile' }>): CheckedProgram {
  const verdict = check(subject.bytes, { endian: subject.endian });
  if (!verdict.ok) throw new SeccompcError([refusalDiagnostic(verdict, subject.input.name)]);
  return verdict.program;
}

/** What a program is for: what --arch says, the ELF file's own ABI, or what it lets run. */
function archesOf(subject: Exclude<Subject, { kind: 'profile' }>, program: CheckedProgram): readonly Arch[] {
  return subject.arch === undefined ? coveredArches(program) : [subject.arch];
}

function make(subject: Subject, flags: LauncherFlags): Made {
  if (subject.kind === 'profile') {
    const policy = loadPolicy(textOf(subject.input), resolveOptions(flags));
    const arch = chooseArch(policy.arches.map((a) => a.arch));
    const { program } = compileProved(policy, { prove: flags.prove });
    const bytes = launcher(program, { arch, flags: policy.flags });
    return { arch, bytes, length: program.length, flags: policy.flags, diagnostics: policy.diagnostics };
  }
  const program = programOf(subject);
  const arch = chooseArch(archesOf(subject, program));
  return { arch, bytes: launcher(program, { arch }), length: program.length, flags: [], diagnostics: [] };
}

function makeReader(flags: LauncherFlags): Made {
  const arch = oneArch(flags);
  const own = chooseArch(arch === undefined ? [] : [arch]);
  return { arch: own, bytes: descriptorLauncher({ arch: own }), flags: [], diagnostics: [] };
}

function checkFlags(path: string | undefined, flags: LauncherFlags): void {
  const refuse = (message: string, help?: string): never => fail({ code: 'USAGE', message, help });
  if (flags.descriptor && path !== undefined)
    refuse(
      'with --descriptor the launcher reads its filter when it runs; no profile goes in',
      'build the filter apart: seccompc build PROFILE -o FILTER',
    );
  if (!flags.descriptor && path === undefined)
    refuse('name a profile or a program', 'or --descriptor: the filter then comes from a descriptor at each start');
  const { isStdout, isTerminal } = destinationOf(flags.output ?? '-');
  if (isTerminal) refuse('an ELF file is binary; it is not written to a terminal', 'name a file with -o');
  if (isStdout && flags.json)
    refuse('--json and the ELF file cannot both go to standard output', 'name a file with -o');
}

function run(path: string | undefined, flags: LauncherFlags): void {
  checkFlags(path, flags);
  const terminal = new Terminal(flags.json === true);
  const subject = path === undefined ? undefined : readSubject(path, flags);
  const output = flags.output ?? '-';
  if (path !== undefined && isSameFile(output, path)) {
    const message = 'the launcher would overwrite what it is made of';
    fail({ code: 'USAGE', file: output, message, help: 'name another file with -o' });
  }
  const { arch, bytes, length, flags: filterFlags, diagnostics } = subject ? make(subject, flags) : makeReader(flags);
  const { isStdout } = destinationOf(output);
  const written = replaceFile(output === '-' ? '/dev/fd/1' : output, bytes, { mode: EXECUTABLE });
  terminal.diagnostics(diagnostics);
  const say = (text: string) => (isStdout ? terminal.aside(text) : terminal.line(text));
  const filter = length === undefined ? 'its filter comes from a descriptor' : `a filter of ${length} instructions`;
  say(`launcher for ${arch}: ${bytes.length} bytes, ${filter}`);
  const usage = length === undefined ? DESCRIPTOR_USAGE : LAUNCHER_USAGE;
  if (isStdout) say(`  make the file executable (chmod 755), then: FILE ${usage}`);
  else say(`  written: ${forTerminal(output)}; it takes ${usage}`);
  const warnings = lostLines(written);
  for (const text of warnings) terminal.aside(`  warning: ${text}`);
  terminal.data({
    ok: true,
    architecture: arch,
    bytes: bytes.length,
    instructions: length ?? null,
    flags: filterFlags,
    output,
    warnings,
    diagnostics: diagnosticsData(diagnostics),
  });
}

export function addLauncher(program: Command): void {
  const command = program
    .command('launcher')
    .summary('an executable that installs a filter and becomes a program')
    .description(
      'Writes a static executable of 1 KB and the filter: FILE PATH [ARGUMENT...] sets no_new_privs, installs the filter\n' +
        'and becomes PATH, on any machine of that architecture, without anything else installed. Its own failures end\n' +
        'with 125, a command that cannot be run with 126, one that is not there with 127.',
    )
    .argument('[profile]', "a profile, a raw program or an ELF file with a filter; '-' is standard input")
    .option('--descriptor', 'no filter inside: FILE FD PATH [ARGUMENT...] reads it from the descriptor FD')
    .option('-o, --output <file>', "where the launcher goes, mode 0755 ('-', standard output, unless given)")
    .option('--section <name>', 'the section of an ELF file', DEFAULT_SECTION)
    .option('--no-prove', 'skip the proof that the program equals the profile');
  define(addPolicyOptions(command).action(run), {
    group: 'processes',
    result: 'verdict',
    examples: [
      ['launcher seccomp.json --arch x86_64 -o confined', './confined /bin/ls runs ls under the profile'],
      ['launcher --descriptor --arch x86_64 -o confined', './confined 3 /bin/ls 3<filter.bpf: any filter'],
    ],
  });
}
