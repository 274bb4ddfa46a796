/**
 * Commands that documents name within a sentence or a table are commands, with options that they have; and the page of
 * commands has them all. (Those in blocks are run.)
 */
import { readdirSync, readFileSync } from 'node:fs';
import type { Command } from 'commander';
import * as assert from 'uvu/assert';
import { wholeCommandLine } from '../../src/cli/commands.ts';
import { suite } from '../suite.ts';

const documents = [
  'README.md',
  'profiles/README.md',
  'examples/README.md',
  ...readdirSync('docs').map((n) => `docs/${n}`),
]
  .filter((name) => name.endsWith('.md'))
  .sort();

/** Spans of code outside of blocks. */
const spansOf = (markdown: string): readonly string[] =>
  [...markdown.replace(/^(```+)[\s\S]*?^\1$/gm, '').matchAll(/`([^`]+)`/g)].map(([, span]) =>
    (span as string).replace(/\s+/g, ' '),
  );

const program = await wholeCommandLine();
const namesOf = (command: Command): readonly string[] => command.commands.map((c) => c.name());

/** The words behind a command and its subcommands, and the command. */
function commandOf(words: readonly string[]): { readonly command: Command; readonly rest: readonly string[] } {
  const next = program.commands.find((c) => c.name() === words[0]);
  const below = next?.commands.find((c) => c.name() === words[1]);
  if (next === undefined) return { command: program, rest: words };
  return below === undefined ? { command: next, rest: words.slice(1) } : { command: below, rest: words.slice(2) };
}

suite('docs/commands', (test) => {
  for (const name of documents)
    test(`${name}: commands in its text are there, with their options`, () => {
      for (const span of spansOf(readFileSync(name, 'utf8'))) {
        const [first, ...words] = span.split(' ');
        if (first !== 'seccompc' || words.length === 0) continue;
        // Behind -- stands another program's command line; behind | and && another command.
        const own = words.slice(0, words.findIndex((word) => /^(--|\||&&|>)$/.test(word)) >>> 0);
        const { command, rest } = commandOf(own);
        const isAny = /^([A-Z]+|\.\.\.|--(help|version))$/.test(own[0] ?? '');
        assert.ok(command !== program || isAny, `${name}: \`${span}\`: no such command`);
        if (command === program) continue;
        for (const word of rest.filter((w) => /^--[a-z]/.test(w))) {
          const option = word.replace(/[=,.)].*$/, '');
          const has = command.options.some(({ long }) => long === option) || option === '--help';
          assert.ok(has, `${name}: \`${span}\`: ${command.name()} has no ${option}`);
        }
      }
    });
  test('docs/commands.md has every command', () => {
    const rows = [...readFileSync('docs/commands.md', 'utf8').matchAll(/^\| (`.*?) \| /gm)].map(
      ([, cell]) => cell as string,
    );
    const missing = namesOf(program).filter((name) => !rows.some((cell) => new RegExp(`\`${name}\\b`).test(cell)));
    assert.equal(
      missing.filter((name) => name !== 'help'),
      [],
    );
  });
});
