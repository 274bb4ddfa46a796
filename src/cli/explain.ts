/** seccompc explain: what happens to one call, which rule decides, which instructions run. */
import { Argument, type Command } from 'commander';
import { type Arch, describeWord, type SeccompData, UNFILTERED_X86_64 } from '../arch/index.ts';
import { list as listing } from '../bpf/index.ts';
import { describeCall, describeWords } from '../build/describe.ts';
import { compile, DEFAULT_SECTION, loadPolicy } from '../build/index.ts';
import { readNotes } from '../build/inspect-note.ts';
import { readEmbedded } from '../build/inspect-profile.ts';
import { type Diagnostic, fail, forTerminal, positionAt, SeccompcError, unreachable } from '../diag/index.ts';
import { textOf } from '../host/input.ts';
import { type CheckedProgram, check, outcome, trace } from '../kernel/index.ts';
import { hex } from '../num/index.ts';
import { type Decision, decide, describeCondition, type Policy } from '../policy/index.ts';
import { argumentsOf, callNumber, looksPast, nameOf, reasonOf } from '../view/index.ts';
import { refusalDiagnostic } from './check.ts';
import { define, takes } from './definition.ts';
import { addPolicyOptions, type PolicyFlags, resolveOptions } from './options.ts';
import { namedArches, oneArch, readSubject, type Subject } from './subject.ts';
import { diagnosticsData, Terminal } from './terminal.ts';

interface ExplainFlags extends PolicyFlags {
  readonly section: string;
  readonly json?: boolean;
}

interface Explanation {
  readonly arch: Arch;
  readonly nr: number;
  readonly args: SeccompData['args'];
  readonly word: number;
  readonly decision?: Decision | undefined;
  readonly pcs: readonly number[];
  /** The embedded profile says something else about this call, so no rule of it is named. */
  readonly disagreement?: Diagnostic | undefined;
}

function explainOne(arch: Arch, nr: number, args: SeccompData['args'], subject: Subjected): Explanation {
  const { policy, program } = subject;
  const data: SeccompData = { nr, arch: arch.audit, instructionPointer: 0n, args };
  const { word, pcs } = trace(program, data);
  const decision = policy && decide(policy, data);
  if (decision === undefined || decision.word === word) return { arch, nr, args, word, decision, pcs };
  if (!subject.isEmbedded) return unreachable('the compiled program and the policy disagree');
  const message = `the profile does not describe the filter beside it: ${describeCall(data)} gets ${describeWords([word, decision.word])}`;
  const help = "the filter's answer counts; seccompc inspect says what else is wrong";
  const code = 'INSPECT_PROFILE_DIFFERS';
  const disagreement: Diagnostic = { code, severity: 'warning', source: policy?.source, message, help };
  return { arch, nr, args, word, pcs, disagreement };
}

/** 'profile.json:16:5', where a rule stands. */
function placeOf(policy: Policy, offset: number): string {
  const { line, column } = positionAt(policy.source.text, offset);
  return `${forTerminal(policy.source.name)}:${line}:${column}`;
}

/** Which rule decided and why, and which rules for this call do not hold here. */
function ruleLines(policy: Policy, decision: Decision, name: string | undefined): readonly string[] {
  const { reason, rule, because, idle } = reasonOf(decision, name);
  const place = rule && `syscalls[${rule.ruleIndex}] at ${placeOf(policy, rule.span.start)}`;
  return [
    `  decided by: ${place === undefined ? reason : `${place}${reason}`}`,
    ...(because === '' ? [] : [`  because: ${because}`]),
    ...idle.map(
      (r) => `  not in force: syscalls[${r.origin.ruleIndex}] at ${placeOf(policy, r.origin.span.start)} ${r.why}`,
    ),
  ];
}

function showVerdict(e: Explanation, given: number, subject: Subjected, terminal: Terminal): void {
  const { policy, program } = subject;
  const shown = e.args.slice(0, given).map(hex).join(', ');
  const name = nameOf(e.arch, e.nr);
  const number = e.nr > 4096 ? `${e.nr} (${hex(e.nr)})` : String(e.nr);
  terminal.line(`${name ?? 'no call'}(${shown}) on ${e.arch.name}, number ${number}: ${describeWord(e.word, e.arch)}`);
  if (policy && e.decision) for (const text of ruleLines(policy, e.decision, name)) terminal.line(text);
  else if (e.disagreement) terminal.line('  decided by: no rule of the embedded profile, which says something else');
  else terminal.line('  a program does not say which rule it came from: give the profile to see it');
  if (looksPast(program, e.pcs, given))
    terminal.line('  note: the answer depends on arguments that were not given; they are taken as 0');
  const unfiltered = e.arch.name === 'x86_64' ? UNFILTERED_X86_64.get(e.nr) : undefined;
  if (unfiltered) terminal.line(`  note: Linux shows ${unfiltered} (${e.nr}) to no filter: no policy can deny it`);
}

function showInstructions(e: Explanation, { program }: Subjected, terminal: Terminal): void {
  terminal.line(`  ${e.pcs.length} of ${program.length} instructions ran on ${e.arch.name}:`);
  const lines = listing(program.insns, program.endian);
  for (const pc of e.pcs) {
    const { text = '', comment = '' } = lines[pc] ?? {};
    terminal.line(`  ${String(pc).padStart(5)}: ${text.padEnd(32)}${comment === '' ? '' : `; ${comment}`}`.trimEnd());
  }
}

interface Subjected {
  readonly program: CheckedProgram;
  readonly policy?: Policy | undefined;
  /** The policy comes out of the ELF file with the program: it is held against the program, call by call. */
  readonly isEmbedded: boolean;
  readonly arches: readonly Arch[];
  readonly diagnostics: readonly Diagnostic[];
}

function subjectProgram(subject: Subject, flags: ExplainFlags): Subjected {
  if (subject.kind === 'profile') {
    const policy = loadPolicy(textOf(subject.input), resolveOptions(flags));
    const arches = policy.arches.map((a) => a.arch);
    return { program: compile(policy), policy, isEmbedded: false, arches, diagnostics: policy.diagnostics };
  }
  const verdict = check(subject.bytes, { endian: subject.endian });
  if (!verdict.ok) throw new SeccompcError([refusalDiagnostic(verdict, subject.input.name)]);
  const { program } = verdict;
  if (subject.kind === 'elf') return { program, ...embedded(subject, flags) };
  const arch = oneArch(flags) ?? subject.arch;
  if (arch === undefined) {
    return fail({
      code: 'ARCH_MISSING',
      message: 'on which architecture? A raw program does not say',
      help: 'name it: --arch x86_64',
    });
  }
  return { program, isEmbedded: false, arches: [arch], diagnostics: [] };
}

/** The profile that stands beside the filter; one that cannot be read is a warning, since the filter answers anyway. */
function embedded(subject: Subject & { kind: 'elf' }, flags: ExplainFlags): Omit<Subjected, 'program'> {
  const { elf, section, arch } = subject;
  const named = namedArches(flags);
  const arches = named.length > 0 ? named : [arch];
  const note = readNotes(elf).notes.find((n) => n.section === section);
  const profile = readEmbedded(elf, section, { note, abi: arch });
  if (profile.state === 'read') return { policy: profile.policy, isEmbedded: true, arches, diagnostics: [] };
  if (profile.state === 'none') return { isEmbedded: false, arches, diagnostics: [] };
  const first =
    profile.diagnostics.find((d) => d.severity === 'error') ?? unreachable('an unreadable profile says why');
  const message = `the profile beside the filter cannot be read: ${first.message}`;
  const help = 'the filter answers without it; seccompc inspect says what else is wrong';
  return { isEmbedded: false, arches, diagnostics: [{ ...first, severity: 'warning', message, help }] };
}

/** One answer as data; the place of the rule as line and column besides its offsets. */
function resultData(e: Explanation, policy: Policy | undefined): Record<string, unknown> {
  const { decision } = e;
  const origin = decision?.rule?.origin;
  const place = policy && origin && positionAt(policy.source.text, origin.span.start);
  return {
    arch: e.arch.name,
    nr: e.nr,
    name: nameOf(e.arch, e.nr) ?? null,
    word: e.word,
    action: describeWord(e.word, e.arch),
    outcome: outcome(e.word),
    ...(decision && { reason: decision.reason, because: decision.rule?.conditions.map(describeCondition) ?? [] }),
    ...(decision && { rule: origin && place ? { ...origin, line: place.line, column: place.column } : null }),
    pcs: e.pcs,
  };
}

function run(path: string, call: string, argTexts: readonly string[], flags: ExplainFlags): void {
  const terminal = new Terminal(flags.json === true);
  if (argTexts.length > 6) fail({ code: 'USAGE', message: `a system call has six arguments, not ${argTexts.length}` });
  const subject = subjectProgram(readSubject(path, flags), flags);
  const { policy, arches } = subject;
  terminal.diagnostics(subject.diagnostics);
  // All of them before the first is shown: a constant that one of the ABIs has otherwise leaves no answer cut short.
  const answers = arches.map((arch): Explanation | Arch => {
    const nr = callNumber(arch, call);
    return nr === undefined ? arch : explainOne(arch, nr, argumentsOf(argTexts, nameOf(arch, nr), arch), subject);
  });
  const explained = answers.filter((answer) => 'word' in answer);
  for (const answer of answers) {
    if ('word' in answer) showVerdict(answer, argTexts.length, subject, terminal);
    else terminal.line(`${forTerminal(call)} on ${answer.name}: this architecture has no such call`);
  }
  const disagreements = explained.flatMap((e) => e.disagreement ?? []);
  terminal.diagnostics(disagreements);
  for (const e of explained) showInstructions(e, subject, terminal);
  terminal.data({
    ok: explained.length > 0,
    file: path,
    call,
    args: (explained[0]?.args ?? []).map(String),
    results: explained.map((e) => resultData(e, policy)),
    profile: policy?.source.name ?? null,
    diagnostics: diagnosticsData([...subject.diagnostics, ...disagreements]),
  });
  if (explained.length === 0) process.exitCode = 1;
}

export function addExplain(program: Command): void {
  const command = program
    .command('explain')
    .summary('what happens to one call, and which rule decides')
    .description(
      'Answers for a profile, a raw program or an ELF file. CALL is a name or a number; arguments are decimal,\n' +
        "hexadecimal or constants (AF_ALG, 'CLONE_NEWUSER|CLONE_NEWPID'), arguments not given are 0. The exit status is\n" +
        '0 whatever the answer, 1 when no architecture asked about has the call.',
    )
    .argument('<file>', "a profile, a raw program or an ELF file; '-' is standard input")
    .addArgument(takes(new Argument('<call>', 'the system call'), 'call'))
    .argument('[args...]', 'its arguments')
    .option('--section <name>', 'the section of an ELF file', DEFAULT_SECTION);
  define(addPolicyOptions(command).action(run), {
    group: 'profiles',
    result: 'document',
    examples: [
      ['explain seccomp.json socket AF_ALG --arch x86_64', 'what a profile does with socket(AF_ALG)'],
      ['explain ./operator openat', 'what the filter in an ELF file does with openat'],
    ],
  });
}
