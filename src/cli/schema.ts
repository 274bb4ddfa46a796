/** seccompc schema: the JSON schema of profiles, for editors. */
import type { Command } from 'commander';
import { profileSchema } from '../schema/index.ts';
import { define } from './definition.ts';

export function addSchema(program: Command): void {
  const command = program
    .command('schema')
    .summary('the JSON schema of profiles, for editors')
    .description(
      'Prints it: what may stand where, what it means, and every system call with what it does and the Linux that brought\n' +
        'it. `seccompc init` writes it beside the profile; else name it in the profile, or in the settings of the editor:\n' +
        '  "$schema": "./seccomp.schema.json"',
    )
    .option('--config', 'that of seccompc.config.jsonc instead')
    .action(async ({ config }: { readonly config?: boolean }) => {
      const schema = config ? (await import('../config/index.ts')).configSchema() : profileSchema();
      process.stdout.write(`${JSON.stringify(schema, null, 1)}\n`);
    });
  define(command, {
    group: 'profiles',
    result: 'document',
    quiet: { none: 'it prints nothing else' },
    json: { none: 'it is JSON' },
    examples: [
      ['schema > seccomp.schema.json', 'into a file beside the profiles'],
      ['schema --config > config.schema.json', 'that of the configuration of seccompc ci'],
    ],
  });
}
