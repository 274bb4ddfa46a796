/** seccompc inspect: what an ELF file is, and what filter it carries. Everything is worked out from the bytes. */
import type { Command } from 'commander';
import { archOfElf } from '../arch/index.ts';
import { DEFAULT_SECTION } from '../build/index.ts';
import { type Diagnostic, forTerminal, quoted, SeccompcError } from '../diag/index.ts';
import { type ElfFile, readElf, sectionBytes } from '../elf/index.ts';
import { readInput } from '../host/input.ts';
import { check } from '../kernel/index.ts';
import { refusalDiagnostic } from './check.ts';
import { diagnosticsData, Terminal } from './terminal.ts';

interface InspectFlags {
  readonly section: string;
  readonly json?: boolean;
}

const TYPES: ReadonlyMap<number, string> = new Map([
  [1, 'relocatable object'],
  [2, 'executable'],
  [3, 'shared object or position-independent executable'],
]);

/** The section's bytes, or why there are none. */
function filterOf(
  elf: ElfFile,
  section: string,
): { readonly bytes?: Uint8Array; readonly diagnostics: readonly Diagnostic[] } {
  try {
    return { bytes: sectionBytes(elf, section), diagnostics: [] };
  } catch (error) {
    if (error instanceof SeccompcError) return { diagnostics: error.diagnostics };
    throw error;
  }
}

function run(path: string, flags: InspectFlags): void {
  const terminal = new Terminal(flags.json === true);
  const input = readInput(path);
  const elf = readElf(input.bytes, { file: input.name });
  const arch = archOfElf(elf);
  const { bytes, diagnostics: missing } = filterOf(elf, flags.section);
  const verdict = bytes && check(bytes, { endian: elf.endian });
  const diagnostics = verdict && !verdict.ok ? [refusalDiagnostic(verdict, input.name)] : missing;

  terminal.line(
    `${forTerminal(input.name)}: ${TYPES.get(elf.type) ?? `e_type ${elf.type}`}, ${elf.class}-bit, ${elf.endian}-endian`,
  );
  terminal.line(`  ABI: ${arch?.name ?? `none that a filter can be made for (e_machine ${elf.machine})`}`);
  terminal.line(`  ${elf.sections.length} sections, ${elf.segments.length} segments, ${input.bytes.length} bytes`);
  if (verdict?.ok) {
    terminal.line(
      `  ${quoted(flags.section)}: ${verdict.program.length} instructions, valid by Linux's rules; not mapped at run time`,
    );
  } else
    terminal.line(
      `  ${quoted(flags.section)}: ${bytes ? `${bytes.length} bytes, refused by Linux's rules` : 'no such section'}`,
    );
  terminal.diagnostics(diagnostics);
  terminal.data({
    ok: verdict?.ok === true,
    file: input.name,
    type: elf.type,
    class: elf.class,
    endian: elf.endian,
    machine: elf.machine,
    arch: arch?.name ?? null,
    sections: elf.sections.length,
    segments: elf.segments.length,
    section: flags.section,
    instructions: verdict?.ok ? verdict.program.length : null,
    diagnostics: diagnosticsData(diagnostics),
  });
  if (verdict?.ok !== true) process.exitCode = 1;
}

export function addInspect(program: Command): void {
  program
    .command('inspect')
    .summary('what an ELF file is and which filter it carries')
    .description(
      'Shows class, ABI and the filter section of an ELF file; exit status 1 when it carries no acceptable filter.',
    )
    .argument('<elf>', "an ELF file; '-' is standard input")
    .option('--section <name>', 'the section that holds the filter', DEFAULT_SECTION)
    .option('--json', 'the same as JSON')
    .action(run);
}
