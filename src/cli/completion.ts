/** seccompc completion: what a shell needs to complete commands, options and their values. */
import { Argument, type Command } from 'commander';
import { bashCompletion } from './completion-bash.ts';
import { fishCompletion } from './completion-fish.ts';
import { zshCompletion } from './completion-zsh.ts';
import { define } from './definition.ts';
import { wordsOf } from './words.ts';

const SHELLS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const;

/** The command line that `completion` stands in holds all commands (commands.ts). */
function run(shell: keyof typeof SHELLS, _: unknown, command: Command): void {
  process.stdout.write(SHELLS[shell](wordsOf(command.parent as Command)));
}

export function addCompletion(program: Command): void {
  const command = program
    .command('completion')
    .summary('completion of commands, options and values in a shell')
    .description(
      'Prints it for bash, zsh or fish: commands, options, files, formats, architectures, capabilities, system calls. It\n' +
        'starts nothing when it completes. For good: the output into the file that the shell reads, which is\n' +
        '  ~/.local/share/bash-completion/completions/seccompc\n' +
        '  a file _seccompc in a folder of $fpath\n' +
        '  ~/.config/fish/completions/seccompc.fish',
    )
    .addArgument(new Argument('<shell>', 'which one').choices(Object.keys(SHELLS)))
    .action(run);
  define(command, {
    group: 'around',
    result: 'document',
    quiet: { none: 'it prints nothing else' },
    json: { none: 'it is a script' },
    examples: [
      ['completion bash > seccompc.bash', 'then: source seccompc.bash'],
      ['completion zsh > _seccompc', 'into a folder of $fpath, before compinit'],
      ['completion fish > seccompc.fish', 'then: source seccompc.fish'],
    ],
  });
}
