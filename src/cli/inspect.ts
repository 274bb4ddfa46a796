/** seccompc inspect: what an ELF file is, what it carries, and whether that is still whole. */
import type { Command } from 'commander';
import { inspectElf } from '../build/inspect.ts';
import { readElfFrom } from '../elf/index.ts';
import { openElf } from '../host/elf-file.ts';
import { define } from './definition.ts';
import { inspectionData, inspectionLines } from './inspect-report.ts';
import { Terminal } from './terminal.ts';

interface InspectFlags {
  readonly section?: string;
  readonly json?: boolean;
}

function run(path: string, flags: InspectFlags): void {
  const terminal = new Terminal(flags.json === true);
  const opened = openElf(path);
  try {
    const elf = readElfFrom(opened.source, { file: opened.name });
    const inspection = inspectElf(elf, { section: flags.section });
    for (const text of inspectionLines(inspection, opened.name)) terminal.line(text);
    terminal.diagnostics(inspection.problems);
    terminal.data(inspectionData(inspection, opened.name));
    const isOpen = inspection.problems.some((d) => d.code === 'PROOF_UNDECIDED');
    process.exitCode = inspection.ok ? (isOpen ? 3 : 0) : 1;
  } finally {
    opened.close();
  }
}

export function addInspect(program: Command): void {
  const command = program
    .command('inspect')
    .summary('which filter an ELF file carries: valid? mapped? damaged?')
    .description(
      'Shows what an ELF file is, the filter in it (valid? mapped? for which architectures?), its note and profile held\n' +
        'against it, whether it can be removed, and each damage with its cure. Nothing in the file is believed.\n' +
        'Exit status: 0 a valid filter and nothing damaged; 1 otherwise; 2 the file cannot be read; 3 whole, but the\n' +
        'profile could not be held against the filter.',
    )
    .argument('<elf>', "an ELF file; '-' is standard input")
    .option('--section <name>', 'the section that holds the filter (default: .seccomp_rules, or what a note names)')
    .action(run);
  define(command, {
    group: 'files',
    result: 'document',
    examples: [
      ['inspect ./operator', 'what is in there, and whether it is whole'],
      ['inspect ./operator --json', 'the same for a script'],
    ],
  });
}
