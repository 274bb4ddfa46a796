/** Completion for fish: a line for each word, with the condition under which it is offered. */
import type { CommandWords, OptionWords, Values } from './words.ts';

const quoted = (text: string): string => `'${text.replace(/['\\]/g, '\\$&')}'`;

/** Options of `complete` that offer these values. */
function offer(values: Values, lists: Map<string, string>): string {
  switch (values.kind) {
    case 'list': {
      const words = values.words.join(' ');
      if (!values.many && values.words.length < 8) return `-x -a ${quoted(words)}`;
      const name = lists.get(words) ?? `__seccompc_list${lists.size}`;
      lists.set(words, name);
      return `-x -a ${quoted(`(${values.many ? `__fish_append , (${name})` : name})`)}`;
    }
    case 'files':
      return '-r -F';
    case 'folders':
      return "-x -a '(__fish_complete_directories)'";
    case 'processes':
      return "-x -a '(__fish_complete_pids)'";
    case 'commands':
      return "-x -a '(__fish_complete_command)'";
    case 'nothing':
      return '-x';
    default:
      return values satisfies never;
  }
}

function optionLine(at: string, { names, about, value }: OptionWords, lists: Map<string, string>): string {
  const spelt = names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`)).join(' ');
  const takes = value === undefined || value.isOptional ? '' : ` ${offer(value, lists)}`;
  return `complete -c seccompc -n ${quoted(at)} ${spelt}${takes} -d ${quoted(about)}`;
}

function operandLines({ path, args, restRepeats }: CommandWords, lists: Map<string, string>): readonly string[] {
  return args.map((arg, i) => {
    const isRest = restRepeats && i === args.length - 1;
    const at = `__seccompc_at ${path.join(' ')}; and __seccompc_operand ${path.length} ${i} ${isRest ? 'on' : 'only'}`;
    const how = offer(arg, lists);
    // Words without a switch before them take no argument of their own.
    return `complete -c seccompc -n ${quoted(at)} ${how.replace(/^-x ?/, '').replace(/^-r /, '')}`.trimEnd();
  });
}

export function fishCompletion(commands: readonly CommandWords[]): string {
  const lists = new Map<string, string>();
  const names = (length: number, before: readonly string[]) =>
    commands.filter(({ path }) => path.length === length && before.every((word, i) => path[i] === word));
  const commandLine = (at: string, { path, about }: CommandWords) =>
    `complete -c seccompc -n ${quoted(at)} -a ${path.at(-1)} -d ${quoted(about)}`;
  const lines = [
    ...names(1, []).map((command) => commandLine('__seccompc_bare', command)),
    ...commands.flatMap((command) => {
      const { path, options } = command;
      const own = names(path.length + 1, path);
      const at = `__seccompc_at ${path.join(' ')}`;
      if (own.length > 0)
        return own.map((each) => commandLine(`${at}; and __seccompc_operand ${path.length} 0 only`, each));
      return [...options.map((option) => optionLine(at, option, lists)), ...operandLines(command, lists)];
    }),
  ];
  const takesOne = ({ value }: OptionWords) => value !== undefined && !value.isOptional;
  const valued = [
    ...new Set(commands.flatMap(({ options }) => options.filter(takesOne).flatMap(({ names }) => names))),
  ];
  const functions = [...lists].map(([words, name]) => `function ${name}; string split ' ' -- ${quoted(words)}; end`);
  return `# Completion of seccompc for fish; made by \`seccompc completion fish\`.

function __seccompc_bare
    test (count (commandline -opc)) -eq 1
end

# The command line begins with these words.
function __seccompc_at
    set -l words (commandline -opc)
    test (count $words) -gt (count $argv); or return 1
    for i in (seq (count $argv))
        test $words[(math $i + 1)] = $argv[$i]; or return 1
    end
    not contains -- -- $words
end

# The cursor is on operand $argv[2] behind $argv[1] words of command; 'on': or on a later one. Words that begin with - are
# none, nor are values of options.
function __seccompc_operand
    set -l operands 0
    set -l is_value 0
    set -l words (commandline -opc)
    for word in $words[(math $argv[1] + 2)..-1]
        if test $is_value = 1
            set is_value 0
        else if contains -- $word ${valued.join(' ')}
            set is_value 1
        else if not string match -q -- '-*' $word
            set operands (math $operands + 1)
        end
    end
    test $operands -eq $argv[2]; or begin
        test $argv[3] = on; and test $operands -gt $argv[2]
    end
end

${functions.join('\n')}

complete -c seccompc -f
${lines.join('\n')}
`;
}
