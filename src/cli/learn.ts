/** seccompc learn: a profile from recorded traces. */
import { type Command, Option } from 'commander';
import { type Learned, Learning, learnedText, merge, type Runtime } from '../algebra/index.ts';
import { actionOf, findArch, SECCOMP_RET_ALLOW } from '../arch/index.ts';
import { loadPolicy } from '../build/index.ts';
import { fail, forTerminal, quoted, unreachable, withoutCommands } from '../diag/index.ts';
import { destinationOf } from '../host/destination.ts';
import { readInput, textOf } from '../host/input.ts';
import { openTrace } from '../host/trace-file.ts';
import type { Policy } from '../policy/index.ts';
import { Decider, inReadingOrder, readTrace } from '../trace/index.ts';
import { extensionsLine, writeProfile } from './combine.ts';
import { define, takes } from './definition.ts';
import { list, maxBytesOption } from './options.ts';
import { watched } from './progress.ts';
import { Terminal } from './terminal.ts';

interface LearnFlags {
  readonly arch?: readonly string[];
  readonly args: readonly string[];
  readonly base?: string;
  readonly name?: string;
  readonly runtime: Runtime;
  readonly output?: string;
  readonly maxBytes?: number;
  readonly strict?: boolean;
  readonly json?: boolean;
}

function argsOf(words: readonly string[]): 'auto' | 'none' | readonly string[] {
  const [word] = words;
  if (word !== 'auto' && word !== 'none') {
    const mixed = words.find((w) => w === 'auto' || w === 'none');
    return mixed === undefined ? words : fail({ code: 'USAGE', message: `--args ${mixed} stands alone` });
  }
  return words.length === 1 ? word : fail({ code: 'USAGE', message: `--args ${word} stands alone` });
}

async function learn(traces: readonly string[], flags: LearnFlags): Promise<{ learned: Learned; learning: Learning }> {
  const arches = flags.arch?.map(
    (name) => findArch(name) ?? fail({ code: 'ARCH_UNKNOWN', message: `${quoted(name)} is no architecture` }),
  );
  const learning = new Learning({ args: argsOf(flags.args), runtime: flags.runtime, arches });
  for (const { path, ofSet } of inReadingOrder(traces)) {
    const file = openTrace(path, { maxBytes: flags.maxBytes });
    const stream = readTrace(watched(file), { file: path, arch: arches?.[0], wanted: learning.wanted, ofSet });
    for await (const batch of stream.batches()) learning.add(batch, path);
    const { report } = stream;
    if (report.calls === 0 && ofSet === undefined) {
      fail({ code: 'TRACE_EMPTY', file: path, message: `not one of ${report.lines} lines is a call` });
    }
    learning.source(report);
  }
  return { learned: learning.result(), learning };
}

/** What was recorded must be allowed by what was learned from it: else the mistake is ours, and nothing is written. */
function checkAllowed(policy: Policy, { calls }: Learning, { seen }: Learned): void {
  const decider = new Decider(policy);
  for (const call of calls) {
    if (!seen.some((s) => s.name === call.name && s.arches.some((a) => a === call.arch))) continue;
    const verdict = decider.decide(call);
    if (verdict?.possible.some((word) => actionOf(word) === SECCOMP_RET_ALLOW) !== true) {
      unreachable(`the learned profile denies ${call.name}, which was recorded`);
    }
  }
}

async function run(traces: readonly string[], flags: LearnFlags): Promise<void> {
  const terminal = new Terminal(flags.json === true);
  const output = flags.output ?? '-';
  if (flags.json === true && flags.output !== undefined && destinationOf(output).isStdout)
    fail({ code: 'USAGE', message: '--json and the profile cannot both go to standard output' });
  const { learned, learning } = await learn(traces, flags);
  const arches = learned.arches.map((a) => a.name);
  let text = learnedText(learned, flags.name ?? 'learned');
  let policy = loadPolicy({ name: '<learned>', text }, { arches });
  checkAllowed(policy, learning, learned);
  if (flags.base !== undefined) {
    const base = loadPolicy(textOf(readInput(flags.base)), { arches });
    const made = merge(base, policy);
    const head = [
      `// ${forTerminal(flags.name ?? 'learned')}: allows what ${forTerminal(flags.base)} allows, and what was recorded in`,
      ...traces.map((path) => `//   ${forTerminal(path)}`),
      ...learned.incomplete.map((why) => `// INCOMPLETE: ${forTerminal(why)}`),
      ...learned.left.map((what) => `// LEFT OUT: ${forTerminal(what)}`),
    ];
    text = `${withoutCommands(head.join('\n'))}\n${made.text}`;
    policy = made.policy;
  }
  const warnings = [
    ...learned.incomplete.map((why) => `incomplete: ${why}`),
    ...learned.left.map((w) => `left out: ${w}`),
  ];
  const isRefused = flags.strict === true && warnings.length > 0;
  if (!isRefused && (flags.json !== true || flags.output !== undefined))
    writeProfile(text, output, [...traces, ...(flags.base === undefined ? [] : [flags.base])]);
  const extensions = [...new Set([...text.matchAll(/"(x-[A-Za-z]+)":/g)].map(([, key]) => key as string))];
  const added = learned.added.reduce((n, group) => n + group.names.length, 0);
  terminal.aside(
    `learned for ${arches.join(', ')}: ${learned.seen.length} calls seen, ${added} allowed besides, ${learned.enosys.length} answered with ENOSYS`,
  );
  for (const text of warnings) terminal.aside(`  warning: ${forTerminal(text)}`);
  if (isRefused) terminal.aside('  --strict: nothing was written');
  const note = extensionsLine({ extensions });
  if (note !== undefined && !isRefused) terminal.aside(note);
  terminal.data({
    ok: !isRefused,
    arches,
    seen: learned.seen.map(({ name, count, first, arches: on, narrowed, free }) => ({
      name,
      count,
      first,
      arches: on.map((a) => a.name),
      narrowed: narrowed && {
        argIndex: narrowed.argIndex,
        what: narrowed.what,
        alternatives: narrowed.alternatives.map(({ mask, value }) => ({
          mask: mask?.toString(),
          value: value.toString(),
        })),
      },
      free,
    })),
    added: learned.added.map(({ why, names, arches: on }) => ({ why, names, arches: on.map((a) => a.name) })),
    enosys: learned.enosys,
    warnings,
    ...(isRefused ? {} : flags.output === undefined ? { profile: text } : { output }),
  });
  if (isRefused) process.exitCode = 3;
}

export function addLearn(program: Command): void {
  const command = program
    .command('learn')
    .summary('a profile from recorded traces')
    .description(
      'Writes a commented profile that allows what the traces hold, with what no trace can show: the calls that libraries\n' +
        'make instead on other systems, and those that depend on timing. Best recorded by\n' +
        '  strace -f -n -e raw=all -e quiet=attach,path-resolution,thread-execve -o FILE CMD',
    )
    .argument('<trace...>', "recordings, packed or not; '-' is standard input")
    .addOption(
      takes(
        new Option('--arch <list>', 'learn for these architectures only (needed where traces do not tell)').argParser(
          list,
        ),
        'arch',
      ),
    )
    .addOption(
      new Option('--args <list>', 'calls to narrow by argument values: socket,clone,ioctl ..., auto or none').argParser(
        (text: string, before: readonly string[] = []) => list(text, before),
      ),
    )
    .option('--base <profile>', 'allow also what this profile allows')
    .option('--name <text>', 'what the profile is for, in its first line')
    .addOption(
      new Option('--runtime <name>', 'allow what a container runtime does behind the filter')
        .choices(['none', 'runc', 'crun'])
        .default('none'),
    )
    .addOption(maxBytesOption())
    .addOption(new Option('-o, --output <file>', "where the profile goes ('-', standard output, unless given)"))
    .option('--strict', 'where calls may be missing or were left out, write nothing and end with status 3')
    .action((traces: readonly string[], flags: Partial<LearnFlags> & { readonly runtime: Runtime }) =>
      run(traces, { ...flags, args: flags.args ?? ['auto'] }),
    );
  define(command, {
    group: 'profiles',
    result: 'document',
    examples: [
      ['learn app.strace -o learned.jsonc', 'a profile that lets through what was recorded'],
      [
        'learn app.strace --base seccomp.json -o learned.jsonc',
        'what a profile allows already, and what was recorded besides',
      ],
    ],
  });
}
