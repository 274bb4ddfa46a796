/** seccompc disasm: a program as assembler text. */
import { type Command, Option } from 'commander';
import { decodeProgram, disassemble } from '../bpf/index.ts';
import { DEFAULT_SECTION } from '../build/index.ts';
import { check } from '../kernel/index.ts';
import { refusalDiagnostic } from './check.ts';
import { define, takes } from './definition.ts';
import { list } from './options.ts';
import { readProgram } from './subject.ts';
import { diagnosticsData, Terminal } from './terminal.ts';

interface DisasmFlags {
  readonly arch?: readonly string[];
  readonly section: string;
  readonly json?: boolean;
}

function run(path: string, flags: DisasmFlags): void {
  const terminal = new Terminal(flags.json === true);
  const subject = readProgram(path, flags);
  const { endian } = subject;
  const insns = decodeProgram(subject.bytes, endian);
  const verdict = check(subject.bytes, { endian });
  const diagnostics = verdict.ok ? [] : [refusalDiagnostic(verdict, subject.input.name)];
  terminal.line(disassemble({ insns, endian }).trimEnd());
  terminal.diagnostics(diagnostics);
  terminal.data({
    ok: verdict.ok,
    file: subject.input.name,
    endian,
    instructions: insns,
    diagnostics: diagnosticsData(diagnostics),
  });
  if (!verdict.ok) process.exitCode = 1;
}

export function addDisasm(program: Command): void {
  const command = program
    .command('disasm')
    .summary('a program as assembler text')
    .description(
      'Prints a program as text that the assembler reads back; exit status 1 when the kernel would refuse it.',
    )
    .argument('<file>', "a raw program or an ELF file; '-' is standard input")
    .addOption(
      takes(
        new Option('--arch <name>', 'whose byte order a raw program is in (default: little-endian)').argParser(list),
        'arch',
      ),
    )
    .option('--section <name>', 'the section of an ELF file', DEFAULT_SECTION)
    .action(run);
  define(command, {
    group: 'filters',
    result: 'document',
    json: 'the records as JSON',
    examples: [
      ['disasm filter.bpf', 'a raw program'],
      ['disasm ./operator', 'the filter in an ELF file'],
    ],
  });
}
