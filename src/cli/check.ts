/** seccompc check: the kernel's verdict on a program. */
import type { Command } from 'commander';
import { decodeProgram, list as listing } from '../bpf/index.ts';
import { DEFAULT_SECTION } from '../build/index.ts';
import { type Diagnostic, forTerminal } from '../diag/index.ts';
import { check, type Refusal } from '../kernel/index.ts';
import type { Endian } from '../num/index.ts';
import { list } from './options.ts';
import { readProgram } from './subject.ts';
import { diagnosticsData, Terminal } from './terminal.ts';

interface CheckFlags {
  readonly arch?: readonly string[];
  readonly section: string;
  readonly json?: boolean;
}

export function refusalDiagnostic(refusal: Refusal, file: string): Diagnostic {
  const { code, pc, message, help } = refusal;
  return { code, severity: 'error', file, pc, message, help };
}

/** The instructions around the one that is refused, that one marked. */
function around(bytes: Uint8Array, endian: Endian, pc: number): readonly string[] {
  if (bytes.length % 8 !== 0) return [];
  return listing(decodeProgram(bytes, endian), endian)
    .slice(Math.max(0, pc - 2), pc + 3)
    .map((i) => `${i.pc === pc ? ' ->' : '   '} ${String(i.pc).padStart(5)}: ${i.text}`);
}

function run(path: string, flags: CheckFlags): void {
  const terminal = new Terminal(flags.json === true);
  const subject = readProgram(path, flags);
  const { name } = subject.input;
  const verdict = check(subject.bytes, { endian: subject.endian });
  if (verdict.ok) {
    const { program } = verdict;
    terminal.line(
      `${forTerminal(name)}: the kernel accepts it: ${program.length} instructions, ${program.endian}-endian`,
    );
    terminal.data({ ok: true, file: name, instructions: program.length, endian: program.endian });
    return;
  }
  const diagnostic = refusalDiagnostic(verdict, name);
  terminal.diagnostics([diagnostic]);
  for (const text of around(subject.bytes, subject.endian, verdict.pc)) terminal.aside(text);
  terminal.aside(`   the kernel returns ${verdict.errno}`);
  terminal.data({
    ok: false,
    file: name,
    errno: verdict.errno,
    pc: verdict.pc,
    code: verdict.code,
    diagnostics: diagnosticsData([diagnostic]),
  });
  process.exitCode = 1;
}

export function addCheck(program: Command): void {
  program
    .command('check')
    .summary("the kernel's verdict on a program, raw or in an ELF file")
    .description('Says whether Linux accepts a program, and if not which rule refuses which instruction.')
    .argument('<file>', "a raw program or an ELF file; '-' is standard input")
    .option('--arch <name>', 'whose byte order a raw program is in (default: little-endian)', list)
    .option('--section <name>', 'the section of an ELF file', DEFAULT_SECTION)
    .option('--json', 'the verdict as JSON')
    .action(run);
}
