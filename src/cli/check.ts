/** seccompc check: the kernel's verdict on a program. */
import { type Command, Option } from 'commander';
import { errnoName } from '../arch/index.ts';
import { decodeProgram, INSN_SIZE, list as listing } from '../bpf/index.ts';
import { DEFAULT_SECTION } from '../build/index.ts';
import { type Diagnostic, forTerminal } from '../diag/index.ts';
import { type LiveVerdict, liveVerdict } from '../host/probe.ts';
import { check, findings, type Refusal } from '../kernel/index.ts';
import type { Endian } from '../num/index.ts';
import { archesNamedIn, costOf } from '../view/index.ts';
import { costLines, logLines } from './check-report.ts';
import { define, takes } from './definition.ts';
import { list } from './options.ts';
import { readProgram } from './subject.ts';
import { diagnosticsData, Terminal } from './terminal.ts';

interface CheckFlags {
  readonly arch?: readonly string[];
  readonly section: string;
  readonly json?: boolean;
  readonly live?: boolean;
  readonly log?: boolean;
  readonly cost?: boolean;
}

export function refusalDiagnostic(refusal: Refusal, file: string): Diagnostic {
  const { code, pc, message, help } = refusal;
  return { code, severity: 'error', file, pc, message, help };
}

/** The instructions around the one that is refused, that one marked. */
function around(bytes: Uint8Array, endian: Endian, pc: number): readonly string[] {
  if (bytes.length % INSN_SIZE !== 0) return [];
  return listing(decodeProgram(bytes, endian), endian)
    .slice(Math.max(0, pc - 2), pc + 3)
    .map((i) => `${i.pc === pc ? ' ->' : '   '} ${String(i.pc).padStart(5)}: ${i.text}`);
}

const EINVAL = 22;

/**
 * This kernel's own answer beside ours, as text and as data. Exit status 3 when it could not be asked; 1 when it did not
 * install the program, or when the two of us disagree.
 */
function live(terminal: Terminal, answer: LiveVerdict, accepted: boolean): Record<string, unknown> {
  if (!answer.asked) {
    process.exitCode = 3;
    terminal.aside(`this kernel was not asked: ${forTerminal(answer.why)}`);
    return answer;
  }
  const kernel = `this kernel (${forTerminal(answer.release)})`;
  const errno = answer.errno === 0 ? undefined : (errnoName(answer.errno) ?? `errno ${answer.errno}`);
  const agrees = answer.errno === (accepted ? 0 : EINVAL);
  if (agrees) terminal.line(accepted ? `${kernel} accepts it too` : `${kernel} refuses it too: ${errno}`);
  else {
    process.exitCode = 1;
    terminal.aside(
      `DISAGREEMENT: seccompc ${accepted ? 'accepts' : 'refuses'} this program; ${kernel} ${errno ? `gave ${errno}` : 'accepted it'}. One of the two is wrong: please report it with the program.`,
    );
  }
  return { asked: true, kernel: answer.release, accepted: answer.errno === 0, ...(errno && { errno }), agrees };
}

function run(path: string, flags: CheckFlags): void {
  const terminal = new Terminal(flags.json === true);
  const subject = readProgram(path, flags);
  const { name } = subject.input;
  const verdict = check(subject.bytes, { endian: subject.endian });
  const asked = flags.live ? liveVerdict(subject.bytes, subject.endian) : undefined;
  const withLive = () => (asked ? { live: live(terminal, asked, verdict.ok) } : {});
  if (flags.log && subject.bytes.length % INSN_SIZE === 0) {
    for (const text of logLines(decodeProgram(subject.bytes, subject.endian), subject.endian)) terminal.line(text);
  }
  if (verdict.ok) {
    const { program } = verdict;
    const warnings = findings(program).map((d) => ({ ...d, file: name }));
    const cost = flags.cost ? costOf(program, subject.arch ? [subject.arch] : archesNamedIn(program)) : undefined;
    terminal.diagnostics(warnings);
    terminal.line(
      `${forTerminal(name)}: valid by Linux's rules: ${program.length} instructions, ${program.endian}-endian`,
    );
    for (const text of cost ? costLines(cost) : []) terminal.line(text);
    terminal.data({
      ok: true,
      file: name,
      instructions: program.length,
      endian: program.endian,
      ...(cost && { cost }),
      diagnostics: diagnosticsData(warnings),
      ...withLive(),
    });
    return;
  }
  const diagnostic = refusalDiagnostic(verdict, name);
  terminal.diagnostics([diagnostic]);
  for (const text of around(subject.bytes, subject.endian, verdict.pc)) terminal.aside(text);
  terminal.aside(`   the kernel returns ${verdict.errno}`);
  process.exitCode = 1;
  terminal.data({
    ok: false,
    file: name,
    errno: verdict.errno,
    pc: verdict.pc,
    code: verdict.code,
    diagnostics: diagnosticsData([diagnostic]),
    ...withLive(),
  });
}

export function addCheck(program: Command): void {
  const command = program
    .command('check')
    .summary("the kernel's verdict on a program, and what it costs")
    .description('Says whether Linux accepts a program, and if not which rule refuses which instruction.')
    .argument('<file>', "a raw program or an ELF file; '-' is standard input")
    .addOption(
      takes(
        new Option('--arch <name>', 'whose byte order a raw program is in (default: little-endian)').argParser(list),
        'arch',
      ),
    )
    .option('--section <name>', 'the section of an ELF file', DEFAULT_SECTION)
    .option('--log', 'what was checked, instruction by instruction, and which scratch slots are surely stored')
    .option('--cost', 'instructions, converted length, budget, longest path, calls that the kernel caches')
    .option('--live', 'asks the kernel that runs here as well, by installing the program in a child')
    .action(run);
  define(command, {
    group: 'filters',
    result: 'verdict',
    examples: [
      ['check filter.bpf --cost', 'would Linux take it, and what does it cost?'],
      ['check ./operator --live', 'the filter in an ELF file; this kernel is asked too'],
    ],
  });
}
