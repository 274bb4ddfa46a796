/**
 * The manual page, in the man macros of roff, made from the commands' definitions. The build writes it
 * (scripts/manual.mjs); the command itself never loads this.
 */
import type { Command, Option } from 'commander';
import { wholeCommandLine } from './commands.ts';
import { definitionOf, GROUPS, missingManners } from './definition.ts';
import { POLICY_HEADING } from './options.ts';
import { RELEASED, VERSION } from './version.ts';

/** Text as roff prints it letter by letter: no escape, no request, no hyphen that turns into another character. */
function plain(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll('`', '\\(ga')
    .replaceAll('^', '\\(ha')
    .replaceAll('~', '\\(ti')
    .replace(/^([.])/gm, '\\&$1');
}

/** Paragraphs; lines that are indented stand as they are. */
function prose(text: string): string {
  return text
    .split('\n')
    .map((line) => (line.startsWith(' ') ? `.br\n${plain(line.trim())}` : plain(line)))
    .join('\n');
}

const nameOf = (command: Command): string =>
  command.parent?.parent ? `${nameOf(command.parent)} ${command.name()}` : command.name();

const endsOf = (command: Command): readonly Command[] =>
  command.commands.length === 0 ? [command] : command.commands.flatMap(endsOf);

function optionText(option: Option): string {
  const { argChoices, defaultValue, defaultValueDescription } = option;
  const list = Array.isArray(defaultValue) ? defaultValue.join(',') : defaultValue;
  const byDefault = defaultValueDescription ?? (typeof list === 'string' && list !== '' ? list : undefined);
  const more = [
    ...(argChoices === undefined ? [] : [`one of ${argChoices.join(', ')}`]),
    ...(byDefault === undefined ? [] : [`${byDefault} unless given`]),
  ];
  return `.TP\n.B ${plain(option.flags)}\n${plain(option.description)}${more.length === 0 ? '' : plain(` (${more.join('; ')})`)}`;
}

const isMeaning = (option: Option): boolean => option.helpGroupHeading === POLICY_HEADING;

/** Of the options that say what a profile means, those that this command has in the words of all are told once. */
function sectionOf(command: Command, shared: ReadonlyMap<string, string>): string {
  const own = command.options.filter((option) => !isMeaning(option) || shared.get(option.flags) !== option.description);
  const hasShared = own.length < command.options.length;
  const definition = definitionOf(command);
  const examples = definition?.examples ?? [];
  const missing = definition === undefined ? [] : missingManners(definition);
  return [
    `.SS ${plain(nameOf(command))}`,
    `.B seccompc ${plain(nameOf(command))}\n${plain(command.usage())}`,
    `.PP\n${prose(command.description())}`,
    ...command.registeredArguments.map(
      (argument) => `.TP\n.I ${plain(argument.name())}\n${plain(argument.description)}`,
    ),
    ...own.map(optionText),
    ...(hasShared ? ['.PP\nAlso the options of WHAT THE PROFILE MEANS.'] : []),
    ...(missing.length === 0 ? [] : [`.PP\n${plain(missing.join(' '))}`]),
    ...examples.flatMap(([line, says]) => [`.PP\n${plain(says)}:`, `.PP\n.EX\n  seccompc ${plain(line)}\n.EE`]),
  ].join('\n');
}

const EXIT_STATUS = `.TP
.B 0
good
.TP
.B 1
refused, disproved, or findings
.TP
.B 2
usage, or input that cannot be read, or output that cannot be written
.TP
.B 3
evidence that could not be had
.PP
.B run
and
.B trace
end as their command does; their own failures are 125, a command that cannot be run 126, one that is not there 127.`;

const ENVIRONMENT = `.TP
.B NO_COLOR
set to anything: no colours
.TP
.B FORCE_COLOR
set to anything but 0 or false: colours, on a terminal or not
.TP
.B SECCOMPC_DEBUG
set to anything: where a bug was met, the stack`;

/** seccompc(1), the same bytes each time. */
export async function manualPage(): Promise<string> {
  const program = await wholeCommandLine();
  const build = program.commands.find((command) => command.name() === 'build');
  const meaning = build?.options.filter(isMeaning) ?? [];
  const shared = new Map(meaning.map((option) => [option.flags, option.description]));
  const groups = Object.values(GROUPS).map((heading) => {
    const commands = program.commands.filter((command) => command.helpGroup() === heading);
    const lines = commands.map((command) => `.TP\n.B ${plain(command.name())}\n${plain(command.summary())}`);
    return `.SS ${plain(heading.replace(/:$/, ''))}\n${lines.join('\n')}`;
  });
  return `.\\" Made by npm run build from the definitions of the commands.
.TH SECCOMPC 1 ${RELEASED} "seccompc ${VERSION}" "User Commands"
.SH NAME
seccompc \\- seccomp profiles to classic BPF: checked, proved, put into ELF files
.SH SYNOPSIS
.B seccompc
.I command
.RI [ options ]
.I arguments
.br
.B seccompc
.I command
.B \\-\\-help
.SH DESCRIPTION
${prose(program.description())}
.SH COMMANDS
${groups.join('\n')}
.SH EACH COMMAND
${program.commands
  .flatMap(endsOf)
  .map((command) => sectionOf(command, shared))
  .join('\n')}
.SH WHAT THE PROFILE MEANS
Options of every command that reads a profile.
${meaning.map(optionText).join('\n')}
.SH EXIT STATUS
${EXIT_STATUS}
.SH ENVIRONMENT
${ENVIRONMENT}
.SH SEE ALSO
.BR seccomp (2),
.BR bpf (2),
.BR strace (1)
`;
}
