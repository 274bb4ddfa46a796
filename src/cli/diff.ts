/** seccompc diff: what changes from one profile, program or ELF file to another, for every call there can be. */
import { type Command, Option } from 'commander';
import { describeCall } from '../assert/index.ts';
import { DEFAULT_SECTION, loadPolicy } from '../build/index.ts';
import { applyIgnores, readIgnoreFile } from '../config/index.ts';
import { type Diagnostic, Diagnostics, fail, forMarkdown, forTerminal, SeccompcError } from '../diag/index.ts';
import { readInput, textOf } from '../host/input.ts';
import { type CheckedProgram, check } from '../kernel/index.ts';
import type { Policy } from '../policy/index.ts';
import { byArch, coveredArches, type Differences, difference } from '../prove/index.ts';
import { changeText, type Group, grouped, tally, whereText } from '../view/index.ts';
import { refusalDiagnostic } from './check.ts';
import { define } from './definition.ts';
import { failOnOption, groupData, groupLines, isFailure } from './diff-show.ts';
import { addPolicyOptions, type PolicyFlags, resolveOptions } from './options.ts';
import { readSubject, type Subject } from './subject.ts';
import { diagnosticsData, Terminal } from './terminal.ts';

type Format = 'text' | 'json' | 'markdown';

interface DiffFlags extends PolicyFlags {
  readonly section: string;
  readonly format: Format;
  readonly json?: boolean;
  readonly ignore: readonly string[];
  readonly failOn?: readonly string[];
}

interface Side {
  readonly name: string;
  /** 'profile', 'raw program', 'ELF file'. */
  readonly what: string;
  readonly subject: Policy | CheckedProgram;
  /** ABIs that it is for. */
  readonly arches: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
}

function policySide(subject: Subject & { kind: 'profile' }, own: string | undefined, flags: DiffFlags): Side {
  const policy = loadPolicy(textOf(subject.input), resolveOptions(flags, own === undefined ? undefined : [own]));
  return {
    name: subject.input.name,
    what: 'profile',
    subject: policy,
    arches: policy.arches.map(({ arch }) => arch.name),
    diagnostics: policy.diagnostics,
  };
}

function programSide(subject: Exclude<Subject, { kind: 'profile' }>, other: Side | undefined, flags: DiffFlags): Side {
  // A raw program does not say its byte order; --arch or a profile on the other side does.
  const beside = other && 'arches' in other.subject ? other.subject.endian : subject.endian;
  const endian = subject.kind === 'elf' || flags.arch ? subject.endian : beside;
  const verdict = check(subject.bytes, { endian });
  if (!verdict.ok) throw new SeccompcError([refusalDiagnostic(verdict, subject.input.name)]);
  return {
    name: subject.input.name,
    what: subject.kind === 'elf' ? `ELF file of ${subject.arch.name}` : 'raw program',
    subject: verdict.program,
    arches: [],
    diagnostics: [],
  };
}

function readSides(paths: readonly [string, string], flags: DiffFlags): readonly [Side, Side] {
  if (paths[0] === '-' && paths[1] === '-')
    fail({ code: 'USAGE', message: 'standard input can be one side, not both' });
  const [a, b] = [readSubject(paths[0], flags), readSubject(paths[1], flags)];
  const own = [a, b].flatMap((s) => (s.kind === 'elf' ? [s.arch.name] : []))[0];
  const left = a.kind === 'profile' ? policySide(a, own, flags) : undefined;
  const right = b.kind === 'profile' ? policySide(b, own, flags) : undefined;
  const of = (subject: Subject, side: Side | undefined, other: Side | undefined) =>
    side ?? (subject.kind === 'profile' ? policySide(subject, own, flags) : programSide(subject, other, flags));
  return [of(a, left, right), of(b, right, left)];
}

/** A program does not say what it is for; the calls that it lets run do. */
function withArches(side: Side): Side {
  return { ...side, arches: coveredArches(side.subject).map(({ name }) => name) };
}

/** What is compared, where the two sides are not for the same ABIs. */
function notesOf([left, right]: readonly [Side, Side]): readonly string[] {
  const only = (a: Side, b: Side, which: string, other: string) => {
    const names = a.arches.filter((name) => !b.arches.includes(name));
    return names.length === 0
      ? []
      : [
          `only ${which} is for ${names.join(', ')}: there it is compared with what ${other} says to architectures not named`,
        ];
  };
  return [...only(left, right, 'A', 'B'), ...only(right, left, 'B', 'A')];
}

function sideText(which: string, { name, what, arches }: Side, escaped: (text: string) => string): string {
  return `${which}: ${escaped(name)} (${what}${arches.length === 0 ? '' : `; ${arches.join(', ')}`})`;
}

interface Result {
  readonly sides: readonly [Side, Side];
  readonly notes: readonly string[];
  /** Those that count. */
  readonly groups: readonly Group[];
  /** Calls that no filter sees. */
  readonly idle: readonly Group[];
  readonly ignored: readonly Group[];
  readonly undecided?: string | undefined;
  readonly count: bigint;
}

function textLines({ sides, notes, groups, idle, ignored, undecided, count }: Result): readonly string[] {
  const head = [
    sideText('A', sides[0], forTerminal),
    sideText('B', sides[1], forTerminal),
    ...notes.map((n) => `note: ${n}`),
  ];
  if (undecided !== undefined) return [...head, `UNDECIDED: ${undecided}. Nothing is claimed.`];
  if (count === 0n) return [...head, 'no difference: every call gets the same word, for all 2^512 inputs'];
  return [
    ...head,
    ...groups.flatMap((g) => ['', ...groupLines(g)]),
    ...idle.flatMap((g) => ['', ...groupLines(g), '  without effect: Linux shows these calls to no filter']),
    ...ignored.flatMap((g) => ['', ...groupLines(g), `  ignored: ${forTerminal(g.ignored?.reason ?? '')}`]),
    '',
    `${tally(groups)}${ignored.length > 0 ? `; ${ignored.length} ignored` : ''}`,
  ];
}

function markdownLines({ sides, notes, groups, idle, ignored, undecided, count }: Result): readonly string[] {
  const head = [
    '# seccompc diff',
    '',
    `- ${sideText('A', sides[0], forMarkdown)}`,
    `- ${sideText('B', sides[1], forMarkdown)}`,
    ...notes.map((n) => `- ${forMarkdown(n)}`),
    '',
  ];
  if (undecided !== undefined) return [...head, `**UNDECIDED**: ${forMarkdown(undecided)}. Nothing is claimed.`];
  if (count === 0n) return [...head, 'No difference: every call gets the same word, for all 2^512 inputs.'];
  const row = (g: Group, remark: string) => {
    const cells = [g.arches.join(', '), g.callsText, whereText(g.where), changeText(g)].map(forMarkdown);
    return `| **${g.kind}** | ${cells.join(' | ')} | ${forMarkdown(describeCall(g.example.data))} | ${remark} |`;
  };
  return [
    ...head,
    '| class | architectures | calls | where | change | such as | remark |',
    '|--|--|--|--|--|--|--|',
    ...groups.map((g) => row(g, '')),
    ...idle.map((g) => row(g, 'without effect: no filter sees these calls')),
    ...ignored.map((g) => row(g, `ignored: ${forMarkdown(g.ignored?.reason ?? '')}`)),
    '',
    `${tally(groups)}${ignored.length > 0 ? `; ${ignored.length} ignored` : ''}.`,
  ];
}

function resultData(result: Result, status: number, diagnostics: readonly Diagnostic[]): Record<string, unknown> {
  const { sides, notes, groups, idle, ignored, undecided, count } = result;
  return {
    ok: status === 0,
    equal: undecided === undefined && count === 0n,
    class: undecided !== undefined ? 'UNDECIDED' : count === 0n ? 'EQUAL' : 'DIFFERENT',
    ...(undecided !== undefined && { why: undecided }),
    a: { file: sides[0].name, what: sides[0].what, architectures: sides[0].arches },
    b: { file: sides[1].name, what: sides[1].what, architectures: sides[1].arches },
    notes,
    changes: [...groups, ...idle, ...ignored].map(groupData),
    count: String(count),
    diagnostics: diagnosticsData(diagnostics),
  };
}

function resultOf(sides: readonly [Side, Side], flags: DiffFlags, diagnostics: Diagnostics): Result {
  const entries = flags.ignore.flatMap((path) => readIgnoreFile(textOf(readInput(path)), diagnostics));
  diagnostics.throwIfErrors();
  const found = difference(sides[0].subject, sides[1].subject);
  const none = { sides, notes: [], groups: [], idle: [], ignored: [], count: 0n };
  if (found.undecided) return { ...none, undecided: found.why };
  const known: readonly [Side, Side] = [withArches(sides[0]), withArches(sides[1])];
  const all = grouped(applyIgnores(byArch(found satisfies Differences), entries, diagnostics));
  return {
    ...none,
    sides: known,
    notes: notesOf(known),
    groups: all.filter((g) => !g.outside && g.ignored === undefined),
    idle: all.filter((g) => g.outside),
    ignored: all.filter((g) => !g.outside && g.ignored !== undefined),
    count: found.count,
  };
}

function run(a: string, b: string, given: DiffFlags): void {
  const flags = given.json ? { ...given, format: 'json' as const } : given;
  const terminal = new Terminal(flags.format === 'json');
  const sides = readSides([a, b], flags);
  const diagnostics = new Diagnostics();
  const result = resultOf(sides, flags, diagnostics);
  const all = [...sides.flatMap((side) => side.diagnostics), ...diagnostics.sorted];
  // Undecided never passes.
  const status = result.undecided !== undefined ? 3 : isFailure(result.groups, flags.failOn) ? 1 : 0;
  terminal.diagnostics(all);
  const lines = flags.format === 'markdown' ? markdownLines(result) : textLines(result);
  for (const text of lines) terminal.line(text);
  terminal.data(resultData(result, status, all));
  process.exitCode = status;
}

export function addDiff(program: Command): void {
  const command = program
    .command('diff')
    .summary('what one filter allows or denies and another does not, exactly')
    .description(
      'Compares any two of profile, raw program and ELF file, exactly. LOOSENED: B is less strict than A; TIGHTENED: more;\n' +
        'CHANGED: the same action with other data. Exit status: 0 nothing of the classes in --fail-on, 1 something, 3\n' +
        'undecided, which never passes.',
    )
    .argument('<a>', "the old side: a profile, a raw program or an ELF file; '-' is standard input")
    .argument('<b>', 'the new side')
    .addOption(new Option('--format <format>', 'of the result').choices(['text', 'json', 'markdown']).default('text'))
    .addOption(failOnOption())
    .addOption(
      new Option('--ignore <file>', 'known differences with their reasons (repeatable)')
        .argParser((path: string, before: readonly string[]) => [...before, path])
        .default([], 'none'),
    )
    .option('--section <name>', 'the section of an ELF file', DEFAULT_SECTION);
  define(addPolicyOptions(command).action(run), {
    group: 'filters',
    result: 'document',
    json: 'the same as --format json',
    examples: [
      ['diff seccomp.json new.json', 'what the new profile allows, denies or changes'],
      ['diff ./operator new.json --fail-on loosened --format markdown', 'fails only where more becomes allowed'],
    ],
  });
}
