/** Completion for zsh, in the words of its own _arguments: descriptions are shown, values come from functions below. */
import type { CommandWords, OptionWords, Values } from './words.ts';

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
/** Inside a specification of _arguments, where colons and brackets part. */
const escaped = (text: string): string => text.replace(/[[\]:\\]/g, '\\$&');

/** The action of _arguments that offers these values. Long lists are functions, once. */
function action(values: Values, lists: Map<string, string>): string {
  switch (values.kind) {
    case 'list': {
      const words = values.words.join(' ');
      if (values.words.length < 8 && !values.many) return `(${words})`;
      const name = lists.get(words) ?? `_seccompc_list${lists.size}`;
      lists.set(words, name);
      return values.many ? `{ _sequence ${name} }` : name;
    }
    case 'files':
      return '_files';
    case 'folders':
      return '_files -/';
    case 'processes':
      return '_seccompc_pids';
    case 'commands':
      return '_command_names -e';
    case 'nothing':
      return ' ';
    default:
      return values satisfies never;
  }
}

function optionSpecs({ names, about, value, repeats }: OptionWords, lists: Map<string, string>): readonly string[] {
  const others = repeats ? '*' : names.length > 1 ? `(${names.join(' ')})` : '';
  return names.map((name) => {
    const isLong = name.startsWith('--');
    const takes = value === undefined ? '' : `:${value.isOptional ? ':' : ''}value:${action(value, lists)}`;
    return quoted(`${others}${name}${value === undefined ? '' : isLong ? '=' : '+'}[${escaped(about)}]${takes}`);
  });
}

function commandCase({ path, options, args, restRepeats, runs }: CommandWords, lists: Map<string, string>): string {
  const operands = args.map((arg, i) => {
    const isRest = restRepeats && i === args.length - 1;
    // Behind -- stands a command of its own.
    return quoted(`${isRest ? '*' : i + 1}:${escaped(arg.name)}:${isRest && runs ? '_files' : action(arg, lists)}`);
  });
  const specs = [...options.flatMap((option) => optionSpecs(option, lists)), ...operands];
  return `        ${path.at(-1)})\n          _arguments -s \\\n            ${specs.join(' \\\n            ')} ;;`;
}

const described = (commands: readonly CommandWords[]): string =>
  commands.map(({ path, about }) => `      ${quoted(`${path.at(-1)}:${about.replaceAll(':', '\\:')}`)}`).join('\n');

function walk(name: string, commands: readonly CommandWords[], cases: readonly string[]): string {
  return `${name}() {
  local context state state_descr line ret=1
  typeset -A opt_args
  _arguments -C '(-)'{-h,--help}'[help]' '1:command:->command' '*::argument:->argument' && ret=0
  case $state in
    command)
      local -a commands=(
${described(commands)}
      )
      _describe -t commands command commands && ret=0 ;;
    argument)
      case $words[1] in
${cases.join('\n')}
      esac && ret=0 ;;
  esac
  return ret
}`;
}

export function zshCompletion(commands: readonly CommandWords[]): string {
  const lists = new Map<string, string>();
  const top = commands.filter(({ path }) => path.length === 1);
  const below = (name: string | undefined) => commands.filter(({ path }) => path.length > 1 && path[0] === name);
  const cases = top.map((command) => {
    const [name] = command.path;
    return below(name).length > 0 ? `        ${name}) _seccompc_${name} ;;` : commandCase(command, lists);
  });
  const nested = top.flatMap(({ path: [name] }) => {
    const own = below(name);
    return own.length === 0
      ? []
      : [
          walk(
            `_seccompc_${name}`,
            own,
            own.map((command) => commandCase(command, lists)),
          ),
        ];
  });
  const functions = [...lists].map(([words, name]) => `${name}() { compadd "$@" -- ${words} }`);
  return `#compdef seccompc
# Completion of seccompc for zsh; made by \`seccompc completion zsh\`.

${functions.join('\n')}
_seccompc_pids() { compadd "$@" -- /proc/<->(N:t) }

${[...nested, walk('_seccompc', top, cases)].join('\n\n')}

if [ "$funcstack[1]" = "_seccompc" ]; then _seccompc "$@"; else compdef _seccompc seccompc; fi
`;
}
