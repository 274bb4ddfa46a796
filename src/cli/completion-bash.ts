/**
 * Completion for bash: one function, which walks the words before the cursor to find the command and how many operands
 * stand there, then offers options, or the values of the option or operand that the cursor is on. Bash cuts words at '=',
 * and puts no word behind a comma, so both are seen to here.
 */
import type { CommandWords, OptionWords, Values } from './words.ts';

/** In single quotes: no word of ours holds one, but descriptions of others might. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** The statement that offers these values. */
function offer(values: Values): string {
  switch (values.kind) {
    case 'list':
      return `${values.many ? '_seccompc_many' : '_seccompc_words'} ${quoted(values.words.join(' '))}`;
    case 'files':
      return '_seccompc_files -f';
    case 'folders':
      return '_seccompc_files -d';
    case 'processes':
      return '_seccompc_words "$(cd /proc 2>/dev/null && echo [0-9]*)"';
    case 'commands':
      return '_seccompc_files -c';
    case 'nothing':
      return ':';
    default:
      return values satisfies never;
  }
}

const takesOne = ({ value }: OptionWords): boolean => value !== undefined && !value.isOptional;

function commandCase(command: CommandWords): string {
  const { path, options, args, restRepeats } = command;
  const valued = options.filter(takesOne);
  const names = options.flatMap((option) => option.names).join(' ');
  const cases = valued.map(
    (option) => `          ${option.names.join('|')}) ${offer(option.value as Values)}; return ;;`,
  );
  const operands = args.map((arg, i) => {
    const isLast = i === args.length - 1;
    return `          ${isLast && restRepeats ? '*' : i}) ${offer(arg)} ;;`;
  });
  return `      ${quoted(path.join(' '))})
        case "$before" in
${cases.join('\n')}
        esac
        if [[ "$cur" == -* ]]; then _seccompc_words ${quoted(names)}; return; fi
        case "$operands" in
${operands.join('\n')}
          *) : ;;
        esac ;;`;
}

export function bashCompletion(commands: readonly CommandWords[]): string {
  const top = commands.filter(({ path }) => path.length === 1).map(({ path }) => path[0]);
  const holders = [...new Set(commands.flatMap(({ path }) => (path.length > 1 ? [path[0]] : [])))];
  const nested = holders.map(
    (name) =>
      `        ${name}) words=${quoted(commands.flatMap(({ path }) => (path[0] === name && path[1]) || []).join(' '))} ;;`,
  );
  const valued = [
    ...new Set(commands.flatMap(({ options }) => options.filter(takesOne).flatMap(({ names }) => names))),
  ];
  const runners = commands.filter(({ runs }) => runs).map(({ path }) => path.join(' '));
  return `# Completion of seccompc for bash; made by \`seccompc completion bash\`.

_seccompc_words() { COMPREPLY=($(compgen -W "$1" -- "$cur")); }

# The last of several words with commas between them.
_seccompc_many() {
  local head=
  [[ "$cur" == *,* ]] && head="\${cur%,*},"
  COMPREPLY=($(compgen -P "$head" -W "$1" -- "\${cur##*,}"))
}

_seccompc_files() {
  local IFS=$'\\n'
  compopt -o filenames 2>/dev/null
  COMPREPLY=($(compgen "$1" -- "$cur"))
  [[ "$1" == -c ]] && COMPREPLY+=($(compgen -f -- "$cur"))
}

_seccompc() {
  local cur=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} command= operands=0 words= i
  COMPREPLY=()
  # --option=value comes as three words.
  if [[ "$cur" == = ]]; then cur=; elif [[ "$before" == = ]]; then before=\${COMP_WORDS[COMP_CWORD-2]}; fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${COMP_WORDS[i]}" in
      --)
        case "$command" in
          ${runners.map(quoted).join('|')}) if ((i == COMP_CWORD - 1)); then _seccompc_files -c; else _seccompc_files -f; fi ;;
        esac
        return ;;
      ${valued.join('|')}) ((i++)); [[ "\${COMP_WORDS[i]}" == = ]] && ((i++)) ;;
      -?*|=) ;;
      *)
        case "$command" in
          '') command=\${COMP_WORDS[i]} ;;
          ${holders.join('|')}) command="$command \${COMP_WORDS[i]}" ;;
          *) ((operands++)) ;;
        esac ;;
    esac
  done
  case "$command" in
      '')
        if [[ "$cur" == -* ]]; then _seccompc_words '--help --version'; else _seccompc_words ${quoted(`${top.join(' ')} help`)}; fi ;;
      help) _seccompc_words ${quoted(top.join(' '))} ;;
      ${holders.join('|')})
        case "$command" in
${nested.join('\n')}
        esac
        _seccompc_words "$words" ;;
${commands
  .filter(({ path }) => path.length > 1 || !holders.includes(path[0]))
  .map(commandCase)
  .join('\n')}
  esac
}
complete -F _seccompc seccompc
`;
}
