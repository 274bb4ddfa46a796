/** Who may import whom: the table of the house, held against every import of src/. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from './suite.ts';

const BELOW_ARCH = ['arch', 'diag', 'num'];
const BELOW_BPF = ['bpf', ...BELOW_ARCH];

/** Room -> rooms it may import, besides itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  diag: [],
  num: [],
  arch: ['diag', 'num'],
  bpf: BELOW_ARCH,
  kernel: BELOW_BPF,
  policy: BELOW_ARCH,
  diagram: ['num', 'diag'],
  schema: ['policy', ...BELOW_ARCH],
  prove: ['policy', 'kernel', 'diagram', ...BELOW_BPF],
  compile: ['policy', ...BELOW_BPF],
  trace: ['prove', 'kernel', 'policy', 'diagram', ...BELOW_BPF],
  // of trace/ the types alone (TYPES_ONLY)
  report: ['trace', 'policy', ...BELOW_ARCH],
  lint: ['prove', 'kernel', 'policy', 'diagram', ...BELOW_BPF],
  algebra: ['trace', 'prove', 'kernel', 'policy', 'diagram', ...BELOW_BPF],
  assert: ['prove', 'policy', ...BELOW_ARCH],
  elf: ['diag', 'num'],
  machine: BELOW_ARCH,
  formats: ['kernel', 'policy', ...BELOW_BPF],
  build: ['compile', 'prove', 'kernel', 'policy', 'formats', 'elf', 'machine', ...BELOW_BPF],
  view: ['assert', 'prove', 'diagram', 'kernel', 'policy', ...BELOW_BPF],
  // of compile, view and trace the names and types
  config: ['assert', 'lint', 'trace', 'compile', 'view', 'prove', 'policy', ...BELOW_ARCH],
  // probe.ts runs what machine/ emits; elf-file.ts applies what elf/ plans.
  host: ['machine', 'elf', ...BELOW_ARCH],
  cli: [
    'config',
    'view',
    'algebra',
    'assert',
    'build',
    'formats',
    'launcher',
    'lint',
    'compile',
    'prove',
    'diagram',
    'kernel',
    'policy',
    'elf',
    'machine',
    'host',
    'report',
    'schema',
    'trace',
    ...BELOW_BPF,
  ],
  // seccompc/launcher: bytes only, for a browser as well
  launcher: ['machine', 'prove', 'kernel', 'elf', ...BELOW_BPF],
  // seccompc/harness: reads files, through host/
  harness: ['trace', 'report', 'assert', 'build', 'prove', 'kernel', 'policy', 'elf', 'host', ...BELOW_BPF],
  // src/index.ts
  '.': [
    'report',
    'algebra',
    'trace',
    'assert',
    'build',
    'formats',
    'lint',
    'compile',
    'prove',
    'diagram',
    'kernel',
    'policy',
    'elf',
    'machine',
    ...BELOW_BPF,
  ],
};

/** Room -> rooms above it, of which it may take types and no code. */
const TYPES_ONLY: Readonly<Record<string, readonly string[]>> = { algebra: ['trace'], report: ['trace'] };

/** Packages -> the files that may import them. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  'jsonc-parser': ['policy/json.ts', 'lint/edit.ts', 'lint/ignore.ts'],
  commander: ['cli/'],
  'elf-tools': ['machine/executable.ts'],
  '@noble/hashes/sha2.js': ['num/sha256.ts'],
  'node:': ['host/', 'cli/'],
};

const files = readdirSync('src', { recursive: true })
  .map(String)
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'));

function importsOf(file: string): readonly string[] {
  // Comments, and the text of programs in other languages that formats/ writes.
  const text = readFileSync(join('src', file), 'utf8')
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/`(?:[^`\\]|\\[\s\S])*`/g, '');
  const statements = /(?:^|\n)(?:(?:import|export)\b[^;=('"]*?\bfrom\s+|import\s+)['"]([^'"]+)['"]/g;
  const dynamic = /\b(?:import|require)\(\s*['"]([^'"]+)['"]/g;
  return [...text.matchAll(statements), ...text.matchAll(dynamic)].map((m) => m[1] as string);
}

const room = (file: string): string => (file.includes('/') ? (file.split('/')[0] as string) : '.');

/** Rooms that only a process has; a page has none of them. */
const NOT_IN_A_PAGE: ReadonlySet<string> = new Set(['host', 'cli', 'harness', 'launcher', '.']);

suite('layers', (test) => {
  for (const file of files) {
    test(`${file} imports only what its room may`, () => {
      const allowed = MAY_IMPORT[room(file)];
      assert.ok(allowed, `the room ${room(file)} is not in the table`);
      for (const name of importsOf(file)) {
        if (!name.startsWith('.')) {
          const entry = Object.entries(PACKAGES).find(
            ([pack]) => name === pack || (pack.endsWith(':') && name.startsWith(pack)),
          );
          assert.ok(
            entry?.[1].some((place) => file.startsWith(place)),
            `${file} may not import ${name}`,
          );
          continue;
        }
        const target = room(normalize(join(dirname(file), name)));
        assert.ok(target === room(file) || allowed.includes(target), `${file} may not import ${target}/`);
      }
    });
  }
  for (const [name, above] of Object.entries(TYPES_ONLY)) {
    test(`${name}/ takes only types from ${above.join(', ')}`, () => {
      for (const file of files.filter((f) => room(f) === name)) {
        const text = readFileSync(join('src', file), 'utf8');
        for (const [statement, target] of text.matchAll(/^(?:import|export)\b[^;]*?from '\.\.\/([a-z]+)\//gm))
          assert.ok(
            !above.includes(target as string) || /^(import|export) type /.test(statement),
            `${file}: ${statement}`,
          );
      }
    });
  }
  test('web/ takes rooms that run in a browser, and of packages nothing; its page takes types and no code', () => {
    const pages = readdirSync('web/src', { recursive: true })
      .map(String)
      .filter((name) => name.endsWith('.ts'));
    assert.ok(pages.length > 20);
    for (const file of pages) {
      for (const name of importsOf(join('..', 'web', 'src', file))) {
        assert.ok(name.startsWith('.'), `web/src/${file} may not import ${name}`);
        const target = normalize(join('web', 'src', dirname(file), name));
        if (!target.startsWith('src/')) continue;
        assert.not.ok(NOT_IN_A_PAGE.has(room(target.slice('src/'.length))), `web/src/${file} may not import ${target}`);
      }
      const text = readFileSync(join('web', 'src', file), 'utf8');
      if (file.startsWith('page/')) assert.not.match(text, /^import (?!type )[^;]*from '[^']*\/(src|engine)\//m, file);
      assert.not.match(text, /\b(innerHTML|outerHTML|insertAdjacentHTML|localStorage|sessionStorage|fetch\()/, file);
    }
  });
  test('every room has a README', () => {
    const rooms = new Set(files.map(room));
    for (const name of rooms)
      assert.ok(readFileSync(join('src', name === '.' ? '' : name, 'README.md'), 'utf8').length > 100, name);
  });
});
