/**
 * The code blocks of a Markdown file, each with the marks that stand in HTML comments right above it:
 *
 *     not run: WHY        nothing can run it here; counted, and listed in test/golden/docs/not-run.txt
 *     long: WHY           run by `npm test -- --long docs` alone
 *     needs: go, root     a named skip where one of these is absent
 *     file: NAME          the block is this file, in the folder in which the later ones run
 *     output              what the block above prints; with `numbers differ` every number, and the blanks that it
 *                         leaves behind it, counts as the same
 *     output of: COMMAND  what this command prints
 *     status 1: COMMAND   the commands of the block that begin so end with this status, and all others with 0
 *
 * In an output a line `...` stands for any number of lines.
 */
export interface Block {
  readonly file: string;
  /** Of the fence, 1-based. */
  readonly line: number;
  /** The word behind the fence; '' where there is none. */
  readonly language: string;
  readonly text: string;
  readonly marks: ReadonlyMap<string, string>;
  /** From the beginning of a command to its exit status. */
  readonly statuses: ReadonlyMap<string, number>;
}

const MARKS: ReadonlySet<string> = new Set(['not run', 'long', 'needs', 'file', 'output', 'output of']);

/** Throws where a fence is not closed, a mark is not known, or code is indented instead of fenced. */
export function blocksOf(file: string, markdown: string): readonly Block[] {
  const lines = markdown.split('\n');
  const blocks: Block[] = [];
  let comments: string[] = [];
  for (let i = 0; i < lines.length; i += 1) {
    const line = lines[i] as string;
    const where = `${file}:${i + 1}`;
    if (/^( {4}|\t)\S/.test(line) && /^\s*$/.test(lines[i - 1] ?? ''))
      throw new Error(`${where}: code without a fence`);
    const fence = /^(```+)(\S*)/.exec(line);
    if (fence === null) {
      const comment = /^<!-- (.*) -->$/.exec(line);
      // Above a comment of another kind, and above text, nothing belongs to the next block.
      comments = comment === null ? [] : [...comments, comment[1] as string];
      continue;
    }
    const end = lines.findIndex((other, at) => at > i && other === fence[1]);
    if (end < 0) throw new Error(`${where}: the fence is not closed`);
    const text = lines
      .slice(i + 1, end)
      .map((l) => `${l}\n`)
      .join('');
    blocks.push({ file, line: i + 1, language: fence[2] as string, text, ...marksOf(comments, where) });
    comments = [];
    i = end;
  }
  return blocks;
}

function marksOf(comments: readonly string[], where: string): Pick<Block, 'marks' | 'statuses'> {
  const marks = new Map<string, string>();
  const statuses = new Map<string, number>();
  for (const comment of comments) {
    const status = /^status (\d+): (.+)$/.exec(comment);
    if (status !== null) {
      statuses.set(status[2] as string, Number(status[1]));
      continue;
    }
    const [, name, rest] = /^([a-z ]+?)(?:[:,] (.+))?$/.exec(comment) ?? [];
    if (name === undefined || !MARKS.has(name)) throw new Error(`${where}: no mark is called '${comment}'`);
    if (name !== 'output' && rest === undefined) throw new Error(`${where}: '${name}' needs to be told more`);
    marks.set(name, rest ?? '');
  }
  return { marks, statuses };
}

/** Why what was printed is not what the block shows; undefined where it is. */
export function outputDiffers(block: Block, printed: string): string | undefined {
  const numbersDiffer = [...block.marks.values()].includes('numbers differ');
  const plain = (text: string) =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => (numbersDiffer ? line.replace(/\d+ */g, '0 ') : line).trimEnd());
  const pattern = plain(block.text)
    .map((line) => (line.trim() === '...' ? '(?:.*\\n)*' : `${line.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}\\n`))
    .join('');
  if (new RegExp(`^${pattern}$`).test(`${plain(printed).join('\n')}\n`)) return undefined;
  return `shown:\n${block.text}\nprinted:\n${printed}`;
}
