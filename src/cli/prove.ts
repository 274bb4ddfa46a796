/** seccompc prove: is a program equal to a profile, and do assertions hold, for every architecture, number and value? */
import { type Command, Option } from 'commander';
import { type Arch, describeWord, findArch } from '../arch/index.ts';
import { type Assertion, describeCall, readAssertionFile, readStatement, readStatements } from '../assert/index.ts';
import { DEFAULT_SECTION, loadPolicy } from '../build/index.ts';
import { Diagnostics, fail, forTerminal, positionAt, SeccompcError, unreachable } from '../diag/index.ts';
import { readInput, textOf } from '../host/input.ts';
import { isThere } from '../host/output-folder.ts';
import { type CheckedProgram, check, trace } from '../kernel/index.ts';
import type { Endian } from '../num/index.ts';
import { decide, type Policy, readProfile } from '../policy/index.ts';
import { type Disproved, type Outside, type Proof, prove } from '../prove/index.ts';
import { assertionData, showAssertions } from './assert.ts';
import { refusalDiagnostic } from './check.ts';
import { define } from './definition.ts';
import { addPolicyOptions, type PolicyFlags, resolveOptions } from './options.ts';
import { readProgram, readSubject } from './subject.ts';
import { diagnosticsData, Terminal } from './terminal.ts';

interface ProveFlags extends PolicyFlags {
  readonly section: string;
  readonly assert: readonly string[];
  readonly json?: boolean;
}

/** What no proof can speak of. */
export function outsideLine({ numbers }: Outside): string {
  return `  not claimed: x86_64 calls ${numbers.join(' and ')}, which Linux shows to no filter`;
}

function ruleLine(policy: Policy, { counterexample }: Disproved): string {
  const { reason, rule } = decide(policy, counterexample.data);
  if (rule === undefined)
    return `  the profile: ${reason === 'default' ? 'no rule, the default action' : 'an architecture that it does not name'}`;
  const { line, column } = positionAt(policy.source.text, rule.origin.span.start);
  return `  the profile: syscalls[${rule.origin.ruleIndex}] at ${forTerminal(policy.source.name)}:${line}:${column}`;
}

function show(proof: Proof, policy: Policy, program: CheckedProgram, terminal: Terminal): void {
  if (proof.proved) {
    terminal.line(
      `proved: the program and the profile give every call the same word, for all 2^512 inputs (${proof.nodes} nodes)`,
    );
    terminal.line(outsideLine(proof.outside));
    return;
  }
  if (proof.undecided) {
    terminal.line(`undecided: ${proof.why}. This is no proof.`);
    return;
  }
  const { data, words } = proof.counterexample;
  terminal.line(
    `disproved: ${describeCall(data)}: profile says ${describeWord(words[1])}, program says ${describeWord(words[0])}`,
  );
  terminal.line(ruleLine(policy, proof));
  terminal.line(`  the program: instructions ${trace(program, data).pcs.join(' ')}`);
  terminal.line(`  ${proof.count} of 2^512 inputs differ`);
  terminal.line(outsideLine(proof.outside));
}

/** 0 proved, 1 disproved, 3 undecided. */
export function proofStatus(proof: { readonly proved: boolean; readonly undecided?: boolean | undefined }): number {
  if (proof.proved) return 0;
  return proof.undecided ? 3 : 1;
}

/** The two sides of `prove`, as far as they were named. */
interface Sides {
  readonly policy?: Policy | undefined;
  readonly program?: CheckedProgram | undefined;
  /** ABIs that a program is for, where --arch names them. */
  readonly arches?: readonly Arch[] | undefined;
}

function checked(bytes: Uint8Array, endian: Endian, file: string): CheckedProgram {
  const verdict = check(bytes, { endian });
  if (!verdict.ok) throw new SeccompcError([refusalDiagnostic(verdict, file)]);
  return verdict.program;
}

function readSides(subjectPath: string, programPath: string | undefined, flags: ProveFlags): Sides {
  if (programPath === undefined) {
    const subject = readSubject(subjectPath, flags);
    if (subject.kind === 'profile') return { policy: loadPolicy(textOf(subject.input), resolveOptions(flags)) };
    const named = flags.arch?.map((name) => findArch(name)).filter((abi) => abi !== undefined);
    return { program: checked(subject.bytes, subject.endian, subject.input.name), arches: named };
  }
  if (subjectPath === '-' && programPath === '-') {
    fail({ code: 'USAGE', message: 'standard input can be the profile or the program, not both' });
  }
  const subject = readProgram(
    programPath,
    flags,
    'the profile comes first, the program behind it; two profiles are compared by seccompc diff',
  );
  const own = subject.kind === 'elf' ? [subject.arch.name] : undefined;
  const policy = loadPolicy(textOf(readInput(subjectPath)), resolveOptions(flags, own));
  return { policy, program: checked(subject.bytes, policy.endian, subject.input.name) };
}

/** What --assert names: a file, or with a blank in it and no such file a statement. */
function statementsOf(given: string, diagnostics: Diagnostics): readonly Assertion[] {
  if (given === '-' || !/\s/.test(given.trim()) || isThere(given)) {
    return readAssertionFile(textOf(readInput(given)), diagnostics);
  }
  const source = { name: '--assert', text: given };
  const assertion = readStatement({ text: given, source, span: { start: 0, end: given.length } }, diagnostics);
  return assertion === undefined ? [] : [assertion];
}

/** Statements of the files named by --assert and of the profile's own `x-assert`; every mistake in them at once. */
function readAssertions({ policy }: Sides, files: readonly string[]): readonly Assertion[] {
  const diagnostics = new Diagnostics();
  const own = policy && readProfile(policy.source).profile;
  const assertions = [
    ...(own ? readStatements(own.source, own.assertions, diagnostics) : []),
    ...files.flatMap((given) => statementsOf(given, diagnostics)),
  ];
  diagnostics.throwIfErrors();
  return assertions;
}

function proofData(proof: Proof): Record<string, unknown> {
  if (proof.proved) return { proved: true, undecided: false };
  if (proof.undecided) return { proved: false, undecided: true, why: proof.why };
  const { data, words } = proof.counterexample;
  const counterexample = {
    call: describeCall(data),
    arch: data.arch,
    nr: data.nr,
    args: data.args.map(String),
    program: describeWord(words[0]),
    profile: describeWord(words[1]),
  };
  return { proved: false, undecided: false, counterexample, count: String(proof.count) };
}

function run(subjectPath: string, programPath: string | undefined, flags: ProveFlags): void {
  const terminal = new Terminal(flags.json === true);
  const sides = readSides(subjectPath, programPath, flags);
  const { policy, program } = sides;
  const assertions = readAssertions(sides, flags.assert);
  const proof = policy && program ? prove(program, policy) : undefined;
  if (proof === undefined && assertions.length === 0 && flags.assert.length === 0) {
    fail({
      code: 'USAGE',
      message: 'there is nothing to prove',
      help: `name a program as well, or statements: --assert FILE, --assert 'execve is denied', or "x-assert" in the profile`,
    });
  }
  terminal.diagnostics(policy?.diagnostics ?? []);
  if (policy && program && proof) show(proof, policy, program, terminal);
  // Equal sides answer alike, so one of them speaks for both; unequal ones have failed already.
  const subject = policy ?? program ?? unreachable('neither a profile nor a program was read');
  const { outcomes, status } = showAssertions(subject, assertions, { policy, arches: sides.arches }, terminal);
  // A gate whose statements have gone must not stay green.
  const isEmpty = assertions.length === 0 && flags.assert.length > 0;
  if (isEmpty) terminal.line('no statement in the assertion files: nothing was proved by them');
  const statuses = [proof ? proofStatus(proof) : 0, isEmpty ? 3 : status];
  const worst = statuses.includes(1) ? 1 : Math.max(...statuses);
  terminal.data({
    ok: worst === 0,
    ...(proof && proofData(proof)),
    assertions: outcomes.map((outcome) => assertionData(outcome, policy)),
    diagnostics: diagnosticsData(policy?.diagnostics ?? []),
  });
  process.exitCode = worst;
}

export function addProve(program: Command): void {
  const command = program
    .command('prove')
    .summary('is a program equal to a profile? do statements hold?')
    .description(
      'Compares exactly, over all architectures, numbers and argument values. With --assert (or "x-assert" in the profile)\n' +
        'statements such as "socket(AF_ALG, *, *) is denied on every ABI" are proved; the program may then be left out, or\n' +
        'stand in place of the profile. Exit status: 0 proved, 1 disproved (with a call that shows it), 3 undecided.',
    )
    .argument('<profile>', "the profile; '-' is standard input; with --assert alone also a program or an ELF file")
    .argument('[program]', 'a raw program or an ELF file')
    .addOption(
      new Option('--assert <file>', 'a file of statements to prove, or one statement (repeatable)')
        .argParser((path: string, before: readonly string[]) => [...before, path])
        .default([], 'none'),
    )
    .option('--section <name>', 'the section of an ELF file', DEFAULT_SECTION);
  define(addPolicyOptions(command).action(run), {
    group: 'filters',
    result: 'verdict',
    examples: [
      ['prove seccomp.json filter.bpf --arch x86_64', 'the same word for every call, or a call that tells them apart'],
      [
        "prove seccomp.json --assert 'socket(AF_ALG, *, *) is denied on every ABI'",
        'a statement, proved for all values',
      ],
      ['prove ./operator --assert assertions.json', 'the statements of a file, of the filter in an ELF file'],
    ],
  });
}
