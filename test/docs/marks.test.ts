/** That the tests of documents can fail: blocks, marks, outputs and shells on texts that are wrong. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { withoutTool } from '../../native-tests/support.ts';
import { suite } from '../suite.ts';
import { blocksOf, outputDiffers } from './blocks.ts';
import { commandsOf, Shell } from './shell.ts';

const folder = mkdtempSync(join(tmpdir(), 'seccompc-docs-'));
const shell = new Shell(join(folder, 'shell'));
process.on('exit', () => {
  shell.end();
  rmSync(folder, { recursive: true, force: true });
});

const refused = [
  { name: 'a fence that is not closed', markdown: '```sh\nls\n', message: 'not closed' },
  { name: 'code that is indented', markdown: 'Text\n\n    ls\n', message: 'without a fence' },
  {
    name: 'a mark that nobody knows',
    markdown: '<!-- not ran: no -->\n```sh\nls\n```\n',
    message: 'no mark is called',
  },
  { name: 'a mark without its reason', markdown: '<!-- not run: -->\n```sh\nls\n```\n', message: 'no mark is called' },
];

const outputs = [
  { name: 'the same', mark: 'output', shown: 'a\nb\n', printed: 'a\nb\n', same: true },
  { name: 'a line more', mark: 'output', shown: 'a\n', printed: 'a\nb\n', same: false },
  { name: 'lines left out', mark: 'output', shown: 'a\n...\n', printed: 'a\nb\nc\n', same: true },
  {
    name: 'lines left out, and one that is not there',
    mark: 'output',
    shown: '...\nd\n',
    printed: 'a\nb\n',
    same: false,
  },
  { name: 'another number', mark: 'output', shown: 'pid 7\n', printed: 'pid 4711\n', same: false },
  {
    name: 'numbers that may differ',
    mark: 'output, numbers differ',
    shown: 'pid 7\n',
    printed: 'pid 4711\n',
    same: true,
  },
  { name: 'words that may not', mark: 'output, numbers differ', shown: 'pid 7\n', printed: 'tid 7\n', same: false },
  { name: 'no pattern', mark: 'output', shown: 'a.c (x|y)\n', printed: 'abc x\n', same: false },
] as const;

suite('docs/marks', (test) => {
  for (const { name, markdown, message } of refused)
    test(`${name} is refused`, () => assert.throws(() => blocksOf('a.md', markdown), new RegExp(message)));

  test('marks belong to the block right below', () => {
    const [first, second] = blocksOf(
      'a.md',
      '<!-- needs: go -->\n<!-- status 1: b -->\n```sh\na\n```\n\n```sh\nb\n```\n',
    );
    assert.equal([...(first?.marks ?? [])], [['needs', 'go']]);
    assert.equal([...(first?.statuses ?? [])], [['b', 1]]);
    assert.equal([first?.line, second?.line, second?.marks.size], [3, 7, 0]);
  });

  for (const { name, mark, shown, printed, same } of outputs)
    test(`an output: ${name}`, () => {
      const [block] = blocksOf('a.md', `<!-- ${mark} -->\n\`\`\`text\n${shown}\`\`\`\n`);
      assert.is(outputDiffers(block as never, printed) === undefined, same);
    });

  test('a command may take several lines', () => {
    assert.equal(commandsOf('# no command\na \\\n  b\nc "d\ne"\ncat <<X\nf\nX\n'), [
      'a \\\n  b',
      'c "d\ne"',
      'cat <<X\nf\nX',
    ]);
    assert.throws(() => commandsOf('a "b\n'), /does not end/);
  });

  const absent = withoutTool('bash') ?? withoutTool('mkfifo') ?? withoutTool('timeout');
  test.needs(absent, 'each command has its status, and what both streams say is in order', () => {
    writeFileSync(join(folder, 'p.json'), '{ "defaultAction": "SCMP_ACT_ERRNO" }');
    const ran = shell.run(
      folder,
      'echo one\nfalse\nls no-such | cat\nseccompc build p.json\nseccompc check p.json 2>&1 | wc -l\necho two >&2\n',
    );
    assert.equal(
      ran.commands.map(({ status }) => status),
      [0, 1, 2, 2, 2, 0],
    );
    assert.match(ran.printed, /^one\n[\s\S]*no-such[\s\S]*error ARCH_MISSING[\s\S]*\d+\ntwo\n$/);
    assert.is(ran.ended, undefined);
  });
  test.needs(absent, 'a block that ends early is seen', () => {
    assert.is(shell.run(folder, 'echo one\nexit 0\necho two\n').ended, 'after 1 of 3 commands');
  });
});
