/** seccompc show: what a profile or an ELF's filter allows, by category and ABI; what it costs; a picture of it. */
import type { Command } from 'commander';
import type { Arch } from '../arch/index.ts';
import { compile, DEFAULT_SECTION, loadPolicy } from '../build/index.ts';
import { forTerminal, SeccompcError } from '../diag/index.ts';
import { replaceFile } from '../host/atomic-write.ts';
import { textOf } from '../host/input.ts';
import { type CheckedProgram, check, ebpfLength, longestPath } from '../kernel/index.ts';
import type { Policy } from '../policy/index.ts';
import { coveredArches, Judge } from '../prove/index.ts';
import { rowsOf } from '../view/index.ts';
import { refusalDiagnostic } from './check.ts';
import { define } from './definition.ts';
import { addPolicyOptions, type PolicyFlags, resolveOptions } from './options.ts';
import { toDot, toSvg } from './show-picture.ts';
import { namedArches, readSubject } from './subject.ts';
import { Terminal } from './terminal.ts';

interface ShowFlags extends PolicyFlags {
  readonly section: string;
  readonly svg?: string;
  readonly dot?: boolean;
  readonly json?: boolean;
}

interface Shown {
  readonly program: CheckedProgram;
  readonly policy?: Policy | undefined;
  readonly arches: readonly Arch[];
}

function read(path: string, flags: ShowFlags): Shown {
  const subject = readSubject(path, flags);
  if (subject.kind === 'profile') {
    const policy = loadPolicy(textOf(subject.input), resolveOptions(flags));
    return { program: compile(policy), policy, arches: policy.arches.map(({ arch }) => arch) };
  }
  const verdict = check(subject.bytes, { endian: subject.endian });
  if (!verdict.ok) throw new SeccompcError([refusalDiagnostic(verdict, subject.input.name)]);
  const named = namedArches(flags);
  const own = subject.kind === 'elf' ? [subject.arch] : coveredArches(verdict.program);
  return { program: verdict.program, arches: named.length > 0 ? named : own };
}

function lineOf(word: string, names: readonly string[]): readonly string[] {
  return names.length === 0 ? [] : [`    ${word} (${names.length}): ${names.join(' ')}`];
}

function run(path: string, flags: ShowFlags): void {
  const shown = read(path, flags);
  const { program, policy, arches } = shown;
  if (flags.svg !== undefined) replaceFile(flags.svg, new TextEncoder().encode(toSvg(program)));
  if (flags.dot) {
    process.stdout.write(toDot(program));
    return;
  }
  const terminal = new Terminal(flags.json === true);
  const judge = new Judge(policy ?? program);
  const tables = arches.map((arch) => ({ arch: arch.name, categories: rowsOf(arch, judge, policy) }));
  for (const { arch, categories } of tables) {
    terminal.line(`${arch}:`);
    for (const { category, allowed, conditional, denied } of categories) {
      terminal.line(`  ${category}`);
      for (const line of lineOf('allowed', allowed)) terminal.line(line);
      for (const { name, when } of conditional)
        terminal.line(`    conditional: ${name}${when.length === 0 ? '' : `: ${when.join('; ')}`}`);
      for (const line of lineOf('denied', denied)) terminal.line(line);
    }
  }
  const cost = { instructions: program.length, ebpfLength: ebpfLength(program), longestPath: longestPath(program) };
  terminal.line(
    `${forTerminal(path)}: ${cost.instructions} instructions (${cost.ebpfLength} as eBPF), at most ${cost.longestPath} for one call`,
  );
  terminal.data({ ok: true, ...cost, arches: tables });
}

export function addShow(program: Command): void {
  const command = program
    .command('show')
    .summary('what is allowed, denied or conditional; its cost; a picture')
    .description('Judges every call of each architecture for all argument values, by proof.')
    .argument('<file>', 'a profile, a raw program or an ELF file')
    .option('--section <name>', 'the section of an ELF file', DEFAULT_SECTION)
    .option('--svg <file>', 'the decision tree as a picture')
    .option('--dot', 'the decision tree for Graphviz, on standard output, and nothing else');
  define(addPolicyOptions(command).action(run), {
    group: 'profiles',
    result: 'document',
    examples: [
      ['show seccomp.json --arch x86_64', 'every call by category, for all argument values'],
      ['show ./operator --svg filter.svg', 'the decision tree of the filter in an ELF file, as a picture'],
      ['show seccomp.json --arch x86_64 --dot > filter.dot', 'the same for Graphviz'],
    ],
  });
}
