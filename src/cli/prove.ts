/** seccompc prove: is a program equal to a profile, for every architecture, number and argument value? */
import type { Command } from 'commander';
import { describeWord } from '../arch/index.ts';
import { DEFAULT_SECTION, describeCall, loadPolicy } from '../build/index.ts';
import { forTerminal, positionAt, SeccompcError } from '../diag/index.ts';
import { readInput, textOf } from '../host/input.ts';
import { type CheckedProgram, check, trace } from '../kernel/index.ts';
import { decide, type Policy } from '../policy/index.ts';
import { type Disproved, type Outside, type Proof, prove } from '../prove/index.ts';
import { refusalDiagnostic } from './check.ts';
import { addPolicyOptions, type PolicyFlags, resolveOptions } from './options.ts';
import { readProgram } from './subject.ts';
import { diagnosticsData, Terminal } from './terminal.ts';

interface ProveFlags extends PolicyFlags {
  readonly section: string;
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
    `disproved: ${describeCall(data)}: the profile says ${describeWord(words[1])}, the program says ${describeWord(words[0])}`,
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

function run(profilePath: string, programPath: string, flags: ProveFlags): void {
  const terminal = new Terminal(flags.json === true);
  const subject = readProgram(programPath, flags);
  const own = subject.kind === 'elf' ? [subject.arch.name] : undefined;
  const policy = loadPolicy(textOf(readInput(profilePath)), resolveOptions(flags, own));
  const verdict = check(subject.bytes, { endian: policy.endian });
  if (!verdict.ok) throw new SeccompcError([refusalDiagnostic(verdict, subject.input.name)]);
  const proof = prove(verdict.program, policy);
  terminal.diagnostics(policy.diagnostics);
  show(proof, policy, verdict.program, terminal);
  terminal.data({
    ok: proof.proved,
    proved: proof.proved,
    undecided: !proof.proved && proof.undecided === true,
    ...(!proof.proved && proof.undecided && { why: proof.why }),
    ...(!proof.proved &&
      !proof.undecided && {
        counterexample: {
          call: describeCall(proof.counterexample.data),
          arch: proof.counterexample.data.arch,
          nr: proof.counterexample.data.nr,
          args: proof.counterexample.data.args.map(String),
          program: describeWord(proof.counterexample.words[0]),
          profile: describeWord(proof.counterexample.words[1]),
        },
        count: String(proof.count),
      }),
    diagnostics: diagnosticsData(policy.diagnostics),
  });
  process.exitCode = proofStatus(proof);
}

export function addProve(program: Command): void {
  const command = program
    .command('prove')
    .summary('is a program equal to a profile, for every call there can be?')
    .description(
      'Compares exactly, over all architectures, numbers and argument values. Exit status: 0 proved, 1 disproved (with a\n' +
        'call that tells them apart), 3 undecided.',
    )
    .argument('<profile>', "the profile; '-' is standard input")
    .argument('<program>', 'a raw program or an ELF file')
    .option('--section <name>', 'the section of an ELF file', DEFAULT_SECTION);
  addPolicyOptions(command).option('--json', 'the same as JSON').action(run);
}
