/** seccompc explain: what happens to one call, which rule decides, which instructions run. */
import type { Command } from 'commander';
import {
  type Arch,
  describeWord,
  isSyscallName,
  type SeccompData,
  syscallName,
  syscallNames,
  syscallNumber,
  UNFILTERED_X86_64,
} from '../arch/index.ts';
import { list as listing } from '../bpf/index.ts';
import { compile, DEFAULT_SECTION, loadPolicy } from '../build/index.ts';
import { fail, forTerminal, positionAt, quoted, SeccompcError, unreachable } from '../diag/index.ts';
import { textOf } from '../host/input.ts';
import { type CheckedProgram, check, trace } from '../kernel/index.ts';
import { hex, U64_MAX } from '../num/index.ts';
import { type Decision, decide, describeCondition, type Policy } from '../policy/index.ts';
import { didYouMean } from '../policy/vocabulary.ts';
import { refusalDiagnostic } from './check.ts';
import { addPolicyOptions, type PolicyFlags, resolveOptions } from './options.ts';
import { oneArch, readSubject, type Subject } from './subject.ts';
import { diagnosticsData, Terminal } from './terminal.ts';

interface ExplainFlags extends PolicyFlags {
  readonly section: string;
  readonly json?: boolean;
}

function numberOf(text: string, what: string): bigint {
  if (!/^-?(0[xX][0-9a-fA-F]{1,16}|\d{1,20})$/.test(text)) {
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

function argumentsOf(texts: readonly string[]): SeccompData['args'] {
  if (texts.length > 6) fail({ code: 'USAGE', message: `a system call has six arguments, not ${texts.length}` });
  const values = texts.map((text, i) => numberOf(text, `argument ${i}`));
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
  readonly word: number;
  readonly decision?: Decision | undefined;
  readonly pcs: readonly number[];
}

function explainOne(
  arch: Arch,
  nr: number,
  args: SeccompData['args'],
  policy: Policy | undefined,
  program: CheckedProgram,
): Explanation {
  const data: SeccompData = { nr, arch: arch.audit, instructionPointer: 0n, args };
  const { word, pcs } = trace(program, data);
  const decision = policy && decide(policy, data);
  if (decision && decision.word !== word) unreachable('the compiled program and the policy disagree');
  return { arch, nr, word, decision, pcs };
}

/** The rule as it stands in the profile: where, its first line, and the conditions that held. */
function ruleLines(policy: Policy, decision: Decision): readonly string[] {
  if (decision.reason === 'unknown-arch') return ['  decided by: no rule; the policy does not name this architecture'];
  if (decision.reason === 'default' || decision.rule === undefined) {
    const why = decision.call ? 'its rules look at arguments, and none matches these' : 'no rule names this call';
    return [`  decided by: the default action (${why})`];
  }
  const { rule } = decision;
  const { line, column } = positionAt(policy.source.text, rule.origin.span.start);
  const held = rule.conditions.map(describeCondition).join(' and ');
  const via = rule.origin.via === undefined ? '' : ` through the rule for ${rule.origin.via}`;
  return [
    `  decided by: rule ${rule.origin.ruleIndex} at ${forTerminal(policy.source.name)}:${line}:${column}${via}`,
    ...(held === '' ? [] : [`  because: ${held}`]),
  ];
}

function show(
  e: Explanation,
  given: number,
  args: SeccompData['args'],
  policy: Policy | undefined,
  program: CheckedProgram,
  terminal: Terminal,
): void {
  const shown = args.slice(0, given).map(hex).join(', ');
  const name = syscallName(e.arch, e.nr) ?? `call ${e.nr}`;
  terminal.line(`${name}(${shown}) on ${e.arch.name}, number ${e.nr}: ${describeWord(e.word, e.arch)}`);
  if (policy && e.decision) for (const text of ruleLines(policy, e.decision)) terminal.line(text);
  const looksAtMore = e.pcs.some((pc) => {
    const insn = program.insns[pc];
    return insn?.code === 0x20 && insn.k >= 16 + 8 * given;
  });
  if (looksAtMore) terminal.line(`  note: the answer depends on arguments that were not given; they are taken as 0`);
  const bypass = e.arch.name === 'x86_64' ? UNFILTERED_X86_64.get(e.nr) : undefined;
  if (bypass)
    terminal.line(
      `  note: Linux never shows ${bypass} (${e.nr}) to a filter (${e.nr === 336 ? '6.18' : '6.11'} and later): no policy can deny it`,
    );
  terminal.line(`  ${e.pcs.length} of ${program.length} instructions ran:`);
  const lines = listing(program.insns, program.endian);
  for (const pc of e.pcs) {
    const i = lines[pc];
    if (i)
      terminal.line(
        `  ${String(pc).padStart(5)}: ${i.text.padEnd(32)}${i.comment === '' ? '' : `; ${i.comment}`}`.trimEnd(),
      );
  }
}

function subjectProgram(
  subject: Subject,
  flags: ExplainFlags,
): { readonly program: CheckedProgram; readonly policy?: Policy; readonly arches: readonly Arch[] } {
  if (subject.kind === 'profile') {
    const policy = loadPolicy(textOf(subject.input), resolveOptions(flags));
    return { program: compile(policy), policy, arches: policy.arches.map((a) => a.arch) };
  }
  const verdict = check(subject.bytes, { endian: subject.endian });
  if (!verdict.ok) throw new SeccompcError([refusalDiagnostic(verdict, subject.input.name)]);
  const arch = oneArch(flags) ?? subject.arch;
  if (arch === undefined) {
    return fail({
      code: 'ARCH_MISSING',
      message: 'on which architecture? A raw program does not say',
      help: 'name it: --arch x86_64',
    });
  }
  return { program: verdict.program, arches: [arch] };
}

function run(path: string, call: string, argTexts: readonly string[], flags: ExplainFlags): void {
  const terminal = new Terminal(flags.json === true);
  const args = argumentsOf(argTexts);
  const { program, policy, arches } = subjectProgram(readSubject(path, flags), flags);
  const found = arches.map((arch) => ({ arch, nr: callNumber(arch, call) }));
  const explained: Explanation[] = [];
  for (const { arch, nr } of found) {
    if (nr === undefined) terminal.line(`${forTerminal(call)} on ${arch.name}: this architecture has no such call`);
    else {
      const e = explainOne(arch, nr, args, policy, program);
      explained.push(e);
      show(e, argTexts.length, args, policy, program, terminal);
    }
  }
  terminal.data({
    ok: true,
    file: path,
    call,
    args: args.map(String),
    results: explained.map((e) => ({
      arch: e.arch.name,
      nr: e.nr,
      word: e.word,
      action: describeWord(e.word, e.arch),
      ...(e.decision && { reason: e.decision.reason, rule: e.decision.rule?.origin ?? null }),
      pcs: e.pcs,
    })),
    diagnostics: diagnosticsData(policy?.diagnostics ?? []),
  });
}

export function addExplain(program: Command): void {
  const command = program
    .command('explain')
    .summary('what happens to one call, which rule decides, which instructions run')
    .description(
      'Answers for a profile, a raw program or an ELF file. CALL is a name or a number; arguments are decimal or\n' +
        'hexadecimal, arguments not given are 0.',
    )
    .argument('<file>', "a profile, a raw program or an ELF file; '-' is standard input")
    .argument('<call>', 'the system call')
    .argument('[args...]', 'its arguments')
    .option('--section <name>', 'the section of an ELF file', DEFAULT_SECTION);
  addPolicyOptions(command).option('--json', 'the same as JSON').action(run);
}
