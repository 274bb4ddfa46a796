/** seccompc explain: what happens to one call, which rule decides, which instructions run. */
import type { Command } from 'commander';
import {
  ARCHES,
  type Arch,
  describeWord,
  isSyscallName,
  type SeccompData,
  syscallName,
  syscallNames,
  syscallNumber,
  UNFILTERED_X86_64,
  X32_SYSCALL_BIT,
} from '../arch/index.ts';
import { list as listing } from '../bpf/index.ts';
import { describeCall, describeWords } from '../build/describe.ts';
import { compile, DEFAULT_SECTION, loadPolicy } from '../build/index.ts';
import { readNotes } from '../build/inspect-note.ts';
import { readEmbedded } from '../build/inspect-profile.ts';
import { type Diagnostic, fail, forTerminal, positionAt, quoted, SeccompcError, unreachable } from '../diag/index.ts';
import { textOf } from '../host/input.ts';
import { type CheckedProgram, check, outcome, trace } from '../kernel/index.ts';
import { hex, U64_MAX } from '../num/index.ts';
import { constantsIn } from '../policy/constants.ts';
import { type Decision, decide, describeCondition, type Policy } from '../policy/index.ts';
import { didYouMean } from '../policy/vocabulary.ts';
import { refusalDiagnostic } from './check.ts';
import { addPolicyOptions, type PolicyFlags, resolveOptions } from './options.ts';
import { namedArches, oneArch, readSubject, type Subject } from './subject.ts';
import { diagnosticsData, Terminal } from './terminal.ts';

interface ExplainFlags extends PolicyFlags {
  readonly section: string;
  readonly json?: boolean;
}

function numberOf(text: string, what: string): bigint {
  if (!/^-?(0[xX][0-9a-fA-F]{1,16}|0|[1-9]\d{0,19})$/.test(text)) {
    return fail({
      code: 'USAGE',
      message: `${what} is a number, not ${quoted(text)}`,
      help: 'decimal or hexadecimal (0x26), up to 64 bits; -1 is all ones',
    });
  }
  const value = text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text);
  if (value > U64_MAX || value < -(1n << 63n)) {
    return fail({ code: 'USAGE', message: `${what} has 64 bits; ${quoted(text)} does not fit` });
  }
  return BigInt.asUintN(64, value);
}

/** Numbers, and names of constants with their values on this ABI; an ABI that numbers them otherwise is refused. */
function argumentsOf(texts: readonly string[], call: string | undefined, arch: Arch): SeccompData['args'] {
  const values = texts.map((text, argIndex) =>
    /^[A-Z]/.test(text) ? constantsIn(text, { call, arch, argIndex }) : numberOf(text, `argument ${argIndex}`),
  );
  const at = (i: number) => values[i] ?? 0n;
  return [at(0), at(1), at(2), at(3), at(4), at(5)];
}

/** The number of a call on an ABI; undefined when the ABI lacks it. */
function callNumber(arch: Arch, call: string): number | undefined {
  if (/^-?(0x[0-9a-f]+|\d+)$/i.test(call)) {
    const nr = numberOf(call, 'the call');
    // A negative int arrives here as the 64 bits that it stands for.
    if (nr <= 0xffff_ffffn || nr >= U64_MAX - 0x7fff_ffffn) return Number(BigInt.asUintN(32, nr));
    return fail({ code: 'USAGE', message: `a call number has 32 bits; ${quoted(call)} does not fit` });
  }
  if (isSyscallName(call)) return syscallNumber(arch, call);
  return fail({
    code: 'SYSCALL_UNKNOWN',
    message: `no system call is named ${quoted(call)} on any architecture`,
    help: didYouMean(call, syscallNames()),
  });
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
function ruleLines(
  policy: Policy,
  { reason, rule, arch, call }: Decision,
  name: string | undefined,
): readonly string[] {
  if (arch === undefined) return ['  decided by: no rule; the policy does not name this architecture'];
  if (reason === 'unknown-arch')
    return ['  decided by: no rule; the number is a call of another MIPS ABI, which the kernel makes for this one too'];
  const idle = arch.inactive
    .filter((r) => name !== undefined && r.names.includes(name))
    .map((r) => `  not in force: syscalls[${r.origin.ruleIndex}] at ${placeOf(policy, r.origin.span.start)} ${r.why}`);
  if (rule === undefined) {
    const why = call ? 'its rules look at arguments, and none matches these' : 'no rule in force names this call';
    return [`  decided by: the default action (${why})`, ...idle];
  }
  const held = rule.conditions.map(describeCondition).join(' and ');
  const via = rule.origin.via === undefined ? '' : ` through the rule for ${rule.origin.via}`;
  return [
    `  decided by: syscalls[${rule.origin.ruleIndex}] at ${placeOf(policy, rule.origin.span.start)}${via}`,
    ...(held === '' ? [] : [`  because: ${held}`]),
    ...idle,
  ];
}

/** A call's name; a number with bit 30 on x86_64 is an x32 call. */
function nameOf(arch: Arch, nr: number): string | undefined {
  if (arch.name !== 'x86_64' || (nr & X32_SYSCALL_BIT) === 0) return syscallName(arch, nr);
  const x32 = ARCHES.get('x32');
  const name = x32 && syscallName(x32, nr);
  return name === undefined ? undefined : `x32 ${name}`;
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
  const looksAtMore = e.pcs.some((pc) => {
    const insn = program.insns[pc];
    return insn?.code === 0x20 && insn.k >= 16 + 8 * given;
  });
  if (looksAtMore) terminal.line('  note: the answer depends on arguments that were not given; they are taken as 0');
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
    .summary('what happens to one call, which rule decides, which instructions run')
    .description(
      'Answers for a profile, a raw program or an ELF file. CALL is a name or a number; arguments are decimal,\n' +
        "hexadecimal or constants (AF_ALG, 'CLONE_NEWUSER|CLONE_NEWPID'), arguments not given are 0. The exit status is\n" +
        '0 whatever the answer, 1 when no architecture asked about has the call.',
    )
    .argument('<file>', "a profile, a raw program or an ELF file; '-' is standard input")
    .argument('<call>', 'the system call')
    .argument('[args...]', 'its arguments')
    .option('--section <name>', 'the section of an ELF file', DEFAULT_SECTION);
  addPolicyOptions(command).option('--json', 'the same as JSON').action(run);
}
