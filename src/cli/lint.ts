/** seccompc lint: what is odd in a profile, and what of it can be mended. */
import { type Command, Option } from 'commander';
import { fail, forTerminal, type Severity } from '../diag/index.ts';
import { replaceFile } from '../host/atomic-write.ts';
import { readInput, textOf } from '../host/input.ts';
import { type Finding, fixProfile, type LintOptions, lint, lintSarif } from '../lint/index.ts';
import { define, takes } from './definition.ts';
import { explainCode } from './lint-explain.ts';
import { addPolicyOptions, type PolicyFlags, resolveOptions } from './options.ts';
import { diagnosticsData, Terminal } from './terminal.ts';
import { VERSION } from './version.ts';

interface LintFlags extends PolicyFlags {
  readonly fix?: boolean;
  readonly explain?: string;
  readonly format?: 'text' | 'json' | 'sarif';
  readonly level?: Severity;
  readonly json?: boolean;
}

/** Findings as data: what diagnostics have, and the fix. */
function data(findings: readonly Finding[]): readonly Record<string, unknown>[] {
  const plain = diagnosticsData(findings);
  return findings.map(({ fix }, i) => ({ ...plain[i], ...(fix && { fix }) }));
}

function counts(findings: readonly Finding[]): string {
  const of = (severity: Severity, word: string) => {
    const n = findings.filter((f) => f.severity === severity).length;
    return `${n} ${word}${n === 1 ? '' : 's'}`;
  };
  return [of('error', 'error'), of('warning', 'warning'), of('note', 'note')].join(', ');
}

function run(path: string | undefined, flags: LintFlags): void {
  const format = flags.format ?? (flags.json ? 'json' : 'text');
  if (flags.json && format !== 'json')
    fail({ code: 'USAGE', message: `--json and --format ${format} exclude each other` });
  const terminal = new Terminal(format !== 'text');
  if (flags.explain !== undefined) {
    if (path !== undefined || format === 'sarif')
      fail({ code: 'USAGE', message: '--explain is about a code; it goes with no profile and no --format sarif' });
    explainCode(flags.explain, terminal);
    return;
  }
  if (path === undefined) {
    fail({
      code: 'USAGE',
      message: 'which profile?',
      help: 'seccompc lint PROFILE, or seccompc lint --explain CODE',
    });
  }
  const input = readInput(path);
  const source = textOf(input);
  const { onConflict: _, ...resolving } = resolveOptions(flags);
  const options: LintOptions = { ...resolving, file: source.name, level: flags.level };
  if (flags.fix && path === '-') {
    fail({ code: 'USAGE', message: 'standard input cannot be mended in place', help: 'name a file' });
  }
  // Fixes are made whatever is shown.
  const fixed = flags.fix ? fixProfile(source.text, { ...options, level: 'note' }) : undefined;
  if (fixed && fixed.text !== source.text) {
    replaceFile(path, new TextEncoder().encode(fixed.text), { expected: input.stamp });
  }
  const findings = lint(fixed?.text ?? source.text, options);
  const fails = flags.level === undefined ? findings.filter((f) => f.severity !== 'note') : findings;
  if (format === 'sarif') process.stdout.write(lintSarif(findings, source.name, VERSION));
  for (const made of fixed?.made ?? []) terminal.aside(`fixed ${made.code}: ${forTerminal(made.fix?.title ?? '')}`);
  terminal.diagnostics(findings);
  const mendable = findings.filter((f) => f.fix !== undefined).length;
  terminal.line(
    `${forTerminal(source.name)}: ${counts(findings)}${mendable > 0 ? `; ${mendable} can be mended by --fix` : ''}`,
  );
  if (format === 'json') {
    const made = fixed?.made.map(({ code, fix }) => ({ code, title: fix?.title, sameMeaning: fix?.sameMeaning }));
    terminal.data({ ok: fails.length === 0, ...(made && { fixed: made }), diagnostics: data(findings) });
  }
  process.exitCode = fails.length === 0 ? 0 : 1;
}

export function addLint(program: Command): void {
  const command = program
    .command('lint')
    .summary('mistakes, dangers, ways round a denial; --fix mends')
    .description(
      'Judges a profile for every architecture that it names. docs/lint.md has a section for each code;\n' +
        '`// seccompc-ignore CODE reason` in the profile silences one. Exit status: 0 nothing above a note, 1 errors or\n' +
        'warnings (with --level: anything that is shown), 2 usage or unreadable input.',
    )
    .argument('[profile]', "the profile; '-' is standard input")
    .option(
      '--fix',
      'mend in place what can be mended safely; comments stay, and what should mean the same is proved to',
    )
    .addOption(takes(new Option('--explain <code>', 'what a code means; reads no profile'), 'finding'))
    .addOption(new Option('--format <name>', 'how findings are written').choices(['text', 'json', 'sarif']))
    .addOption(
      new Option('--level <severity>', 'the least that is shown, and fails').choices(['error', 'warning', 'note']),
    );
  define(addPolicyOptions(command).action(run), {
    group: 'profiles',
    result: 'verdict',
    json: 'the same as --format json',
    examples: [
      ['lint seccomp.json', 'every finding, with its place and what to do'],
      ['lint seccomp.json --fix --level error', 'mends what is safe; what is left of errors is shown'],
      ['lint --explain FALLBACK_ERRNO', 'what a finding means, and what to do'],
      ['lint seccomp.json --kernel 5.4 --format sarif > lint.sarif', 'for a code scanner, judged for Linux 5.4'],
    ],
  });
}
