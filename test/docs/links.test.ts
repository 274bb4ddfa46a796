/**
 * What the documents point to is there: files and headings behind links, paths and npm scripts that they name. Of the web
 * nothing is asked.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from '../suite.ts';

const FOLDERS = ['docs', 'profiles', 'examples', 'src', 'native-tests', 'web'];
const documents = [
  'README.md',
  'CHANGELOG.md',
  ...FOLDERS.filter((name) => existsSync(name)).flatMap((name) =>
    readdirSync(name, { recursive: true }).map((below) => join(name, String(below))),
  ),
]
  .filter((name) => name.endsWith('.md') && !name.includes('node_modules'))
  .sort();

const text = (name: string): string => readFileSync(name, 'utf8');
const withoutCode = (markdown: string): string => markdown.replace(/^(```+)[\s\S]*?^\1$/gm, '');

/** Headings as GitHub names them: small letters, blanks as hyphens, no other punctuation; a second one has -1 behind it. */
export function anchorsOf(markdown: string): ReadonlySet<string> {
  const seen = new Map<string, number>();
  const anchors = new Set<string>();
  for (const [, heading] of withoutCode(markdown).matchAll(/^#{1,6} (.+)$/gm)) {
    const name = (heading as string)
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replace(/ /g, '-');
    const before = seen.get(name) ?? 0;
    seen.set(name, before + 1);
    anchors.add(before === 0 ? name : `${name}-${before}`);
  }
  return anchors;
}

/** Targets of links and images: Markdown's, and those of the few HTML tags. */
const linksOf = (markdown: string): readonly string[] =>
  [
    ...withoutCode(markdown)
      .replace(/`[^`\n]*`/g, '')
      .matchAll(/\]\(([^)\s]+)\)|\b(?:src|href)="([^"]+)"/g),
  ].map(([, link, attribute]) => (link ?? attribute) as string);

/** A path in code, `src/prove` or `test/golden/machine/stub-*.txt`, as a pattern of the files that it may mean. */
function pathExists(path: string): boolean {
  if (!path.includes('*')) return existsSync(path);
  const folder = dirname(path.slice(0, path.indexOf('*') + 1));
  const pattern = new RegExp(`^${path.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '[^/]*')}$`);
  return existsSync(folder) && readdirSync(folder).some((name) => pattern.test(join(folder, name)));
}

const { scripts } = JSON.parse(text('package.json')) as { scripts: Record<string, string> };

const tests = ['test', 'native-tests'].flatMap((folder) =>
  readdirSync(folder, { recursive: true })
    .map((below) => join(folder, String(below)))
    .filter((path) => path.endsWith('.test.ts')),
);

suite('docs/links', (test) => {
  test('anchors are named as GitHub does', () => {
    const markdown = '# One & two\n```\n# no heading\n```\n## `prove`, it is\n## [A](b.md) name_d\n## One & two\n';
    assert.equal([...anchorsOf(markdown)], ['one--two', 'prove-it-is', 'a-name_d', 'one--two-1']);
  });
  for (const name of documents) {
    test(`${name}: links lead somewhere`, () => {
      for (const link of linksOf(text(name))) {
        if (/^[a-z]+:/.test(link)) continue;
        const [path = '', anchor] = link.split('#');
        const target = path === '' ? name : normalize(join(dirname(name), path));
        assert.ok(existsSync(target), `${name}: ${link}`);
        if (anchor !== undefined) assert.ok(anchorsOf(text(target)).has(anchor), `${name}: ${link}: no such heading`);
      }
    });
    test(`${name}: paths and npm scripts that it names exist`, () => {
      const markdown = text(name);
      for (const [, path] of markdown.matchAll(
        /`((?:src|test|native-tests|scripts|docs|profiles|examples)\/[\w./*-]+)`/g,
      ))
        assert.ok(pathExists(path as string), `${name}: ${path}`);
      // A word that picks no test would be a test that is not there.
      for (const [, word] of markdown.matchAll(/\bnpm test -- (?:--[\w-]+ )*([\w./-]+)/g))
        assert.ok(
          tests.some((path) => path.includes(word as string)),
          `${name}: npm test -- ${word}`,
        );
      for (const [, script] of markdown.matchAll(/\bnpm run ([a-z:]+)/g))
        assert.ok(Object.hasOwn(scripts, script as string), `${name}: npm run ${script}`);
    });
  }
});
