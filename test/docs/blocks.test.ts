/**
 * Every code block of the documents is what it says: commands run, programs are type-checked, compiled and run, profiles
 * and other data are read by their readers, outputs are what is printed. What is not run says why, right above it.
 *
 *     SECCOMPC_DOCS=learn npm test -- docs/blocks    # documents with this in their name alone
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import * as assert from 'uvu/assert';
import { withoutLinux, withoutTool } from '../../native-tests/support.ts';
import { golden } from '../golden.ts';
import { suite } from '../suite.ts';
import { type Block, blocksOf, outputDiffers } from './blocks.ts';
import { COMPILED, compileBlock } from './compiled.ts';
import { checkData, DATA } from './data.ts';
import { readersFolder } from './fixtures.ts';
import { type Ran, Shell } from './shell.ts';
import { PROGRAMS, runProgram, typeErrors } from './typescript.ts';

/** Declarations, which are no programs; test/package/api.test.ts holds the file to what the package hands out. */
const DECLARATIONS = 'docs/api.md';

const documents = [
  'README.md',
  ...readdirSync('docs').flatMap((name) => (name.endsWith('.md') ? [`docs/${name}`] : [])),
  'profiles/README.md',
  'examples/README.md',
].filter((name) => name !== DECLARATIONS);

const folder = mkdtempSync(join(tmpdir(), 'seccompc-docs-'));
const shell = new Shell(join(folder, 'shell'));
process.on('exit', () => {
  shell.end();
  rmSync(folder, { recursive: true, force: true });
});

const isRoot = (): string | undefined => (process.getuid?.() === 0 ? undefined : 'this needs root');

/** Why a block cannot be run on this machine. */
function absent(block: Block): string | undefined {
  const isLong = block.marks.has('long') && !process.env.SECCOMPC_LONG;
  if (isLong) return `long: ${block.marks.get('long')}`;
  const needs = (block.marks.get('needs') ?? '').split(', ').filter(Boolean);
  const tools = block.language === 'sh' || isOutput(block) ? ['bash', ...needs] : needs;
  return (
    (tools.length > 0 ? withoutLinux('x64') : undefined) ??
    tools.map((t) => (t === 'root' ? isRoot() : withoutTool(t))).find(Boolean)
  );
}

const isOutput = ({ marks }: Block): boolean => marks.has('output') || marks.has('output of');

/** Commands end with 0, or with what a mark says. */
function statusesHold(block: Block, ran: Ran): void {
  assert.ok(ran.ended === undefined, `ended ${ran.ended}\n${ran.printed}`);
  const expected = (text: string) => [...block.statuses].find(([begin]) => text.startsWith(begin))?.[1] ?? 0;
  for (const { text, status } of ran.commands)
    assert.ok(status === expected(text), `${text}\nended with ${status}\n${ran.printed}`);
  for (const begin of block.statuses.keys())
    assert.ok(
      ran.commands.some(({ text }) => text.startsWith(begin)),
      `no command begins with: ${begin}`,
    );
}

/** A document that cannot be read as blocks fails alone. */
const unreadable: string[] = [];
function readBlocks(name: string): readonly Block[] {
  try {
    return blocksOf(name, readFileSync(name, 'utf8'));
  } catch (error) {
    unreadable.push((error as Error).message);
    return [];
  }
}

const blocks = new Map(documents.map((name) => [name, readBlocks(name)]));
const wrongTypes = typeErrors(
  [...blocks.values()].flat().filter(({ marks, language }) => language in PROGRAMS && !marks.has('not run')),
);

suite('docs/blocks', (test) => {
  for (const [document, all] of blocks) {
    if (!document.includes(process.env.SECCOMPC_DOCS ?? '')) continue;
    const place = join(folder, document.replaceAll('/', '-'));
    /** What the block above printed. */
    let printed: string | undefined;
    if (all.length > 0) readersFolder(place);
    for (const [i, block] of all.entries()) {
      const { language, marks, text } = block;
      if (marks.has('not run')) continue;
      test.needs(absent(block), `${document}:${block.line} ${language}`, () => {
        const before = printed;
        printed = undefined;
        if (marks.has('output of')) {
          const differs = outputDiffers(block, shell.run(place, marks.get('output of') as string).printed);
          return assert.ok(differs === undefined, differs);
        }
        if (marks.has('output')) {
          assert.ok(before !== undefined, 'the block above prints nothing');
          const differs = outputDiffers(block, before as string);
          return assert.ok(differs === undefined, differs);
        }
        const name = marks.get('file');
        if (name !== undefined) {
          mkdirSync(dirname(join(place, name)), { recursive: true });
          writeFileSync(join(place, name), text);
          const isUsed = all
            .slice(i + 1)
            .some((later) => later.text.includes(name.replace(/.*\//, '')) || later.language === 'sh');
          assert.ok(isUsed, `no later block uses ${name}`);
        }
        if (name !== undefined && language === 'text') return;
        if (language === 'sh') {
          const ran = shell.run(place, text);
          printed = ran.printed;
          return statusesHold(block, ran);
        }
        if (language in PROGRAMS) {
          assert.equal(wrongTypes.get(block) ?? [], []);
          if (name !== undefined) return;
          printed = runProgram(block, place, shell.environment());
          return;
        }
        if (language in COMPILED) return name === undefined ? compileBlock(block, place) : undefined;
        if (language in DATA) return checkData(block);
        assert.unreachable(`nothing runs a block of '${language}', and no mark says why`);
      });
    }
  }

  test('every document is fenced and marked as it should be', () => assert.equal(unreadable, []));
  test('what is not run says why; the list has been read', () => {
    const notRun = [...blocks.values()].flat().filter(({ marks }) => marks.has('not run'));
    // Without line numbers, which change with every word above.
    const lines = notRun.map(({ file, language, text, marks }) => {
      const [first = ''] = text.trim().split('\n');
      return `${file} ${language || 'text'} \`${first}\`: ${marks.get('not run')}`;
    });
    const count = [...blocks.values()].flat().length;
    golden('docs/not-run.txt', `${notRun.length} blocks are not run\n${lines.join('\n')}\n`);
    assert.ok(notRun.length < count / 3, `${notRun.length} of ${count}`);
  });
});
