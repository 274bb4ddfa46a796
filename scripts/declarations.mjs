/**
 * The declarations that users of the package can reach, and no others: tsc writes one .d.ts for each source file, with
 * every export of it. From the entries on, each statement is kept whose name is reached; the rest goes, files that end up
 * empty too. tsc's output is regular: a statement begins with one of five words in the first column, where nothing else
 * does. Imports get the extension .js, which every resolver follows to the .d.ts.
 */
import { readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const withoutComments = (text) => text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
const words = (text) => new Set(withoutComments(text).match(/[A-Za-z_$][\w$]*/g));

/** The statements of a file, each with the comment before it. */
export function statementsOf(text) {
  const statements = [];
  // A comment in the first column belongs to the next statement, or stands between the members of a union.
  let comment = [];
  let isComment = false;
  for (const line of text.split('\n')) {
    isComment ||= line.startsWith('/*');
    if (isComment || line.startsWith('//')) {
      comment.push(line);
      if (line.endsWith('*/')) isComment = false;
      continue;
    }
    if (/^(import|export|declare|type|interface)\b/.test(line)) statements.push([]);
    statements.at(-1)?.push(...comment, line);
    comment = [];
  }
  return statements
    .map((lines) => lines.join('\n').trimEnd())
    .map((source) => ({ source, ...kindOf(withoutComments(source).trim()) }));
}

/** What stands before a statement. */
export const commentOf = (source) => /^\s*(?:\/\*[\s\S]*?\*\/\s*|\/\/.*\n)*/.exec(source)[0].trim();

/** 'a as b, type C' as [what it is called there, what it is called here] and how it is written. */
function namesOf(list) {
  return list
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((written) => {
      const [there, here = there] = written.replace(/^type /, '').split(' as ');
      return { there, here, written };
    });
}

function kindOf(code) {
  const list = /^(import|export)( type)? \{([^}]*)\}(?: from ['"]([^'"]+)['"])?;?$/.exec(code);
  if (list) return { kind: list[1], type: list[2] ?? '', names: namesOf(list[3]), from: list[4] };
  const all = /^export (?:type )?\* from ['"]([^'"]+)['"];?$/.exec(code);
  if (all) return { kind: 'all', from: all[1], names: [] };
  const space = /^export \* as (\w+) from/.exec(code);
  if (space) return { kind: 'namespace', name: space[1], names: [] };
  const name =
    /^(?:export )?(?:declare )?(?:abstract )?(?:const|let|function\*?|class|interface|type|namespace) ([\w$]+)/.exec(
      code,
    );
  if (name === null) throw new Error(`declarations: not a statement that tsc writes: ${code.slice(0, 200)}`);
  return { kind: 'declaration', name: name[1] };
}

export function keepReachable(dist, entries) {
  const files = new Map();
  const fileOf = (path) => {
    if (!files.has(path)) {
      const statements = statementsOf(readFileSync(path, 'utf8'));
      files.set(path, { statements, names: new Set() });
    }
    return files.get(path);
  };
  const target = (path, from) => join(dirname(path), from.replace(/\.(ts|js)$/, '.d.ts'));

  function reach(path, name) {
    const file = fileOf(path);
    if (file.names.has(name)) return;
    file.names.add(name);
    for (const statement of file.statements) {
      if (statement.kind === 'namespace' && statement.name === name) {
        throw new Error(`declarations: ${path} hands out a whole module as ${name}; follow that here first`);
      } else if (statement.kind === 'declaration' && statement.name === name) {
        for (const word of words(statement.source)) if (word !== name && isNamed(file, word)) reach(path, word);
        for (const [, from, type] of statement.source.matchAll(/import\("([^"]+)"\)\.(\w+)/g))
          reach(target(path, from), type);
      } else if (statement.kind === 'all') {
        if (declares(target(path, statement.from), name)) reach(target(path, statement.from), name);
      } else if (statement.from?.startsWith('.')) {
        const found = statement.names.find(({ here }) => here === name);
        if (found !== undefined) reach(target(path, statement.from), found.there);
      }
    }
  }
  const declares = (path, name) =>
    fileOf(path).statements.some(
      (s) =>
        (s.kind === 'declaration' && s.name === name && s.source.includes('export ')) ||
        (s.kind === 'all' && declares(target(path, s.from), name)) ||
        (s.kind === 'export' && s.names.some(({ here }) => here === name)),
    );
  const isNamed = (file, word) =>
    file.statements.some(({ kind, name, names }) =>
      kind === 'declaration' ? name === word : names.some(({ here }) => here === word),
    );

  for (const entry of entries) {
    const path = join(dist, `${entry}.d.ts`);
    for (const { kind, names } of fileOf(path).statements) {
      if (kind === 'export') for (const { here } of names) reach(path, here);
      if (kind === 'declaration')
        throw new Error(`declarations: ${entry} declares something, and re-exports are expected`);
    }
  }
  for (const path of readdirSync(dist, { recursive: true }).map((name) => join(dist, String(name)))) {
    if (!path.endsWith('.d.ts')) continue;
    const lives = (from) => files.get(target(path, from)).names.size > 0;
    const text = files.has(path) ? written(files.get(path), lives) : '';
    if (text === '') rmSync(path);
    else writeFileSync(path, text);
  }
  removeEmpty(dist);
}

function written({ statements, names }, lives) {
  const kept = statements.flatMap(({ kind, type, name, names: list, from, source }) => {
    if (kind === 'declaration') return names.has(name) ? [source] : [];
    if (kind === 'all') return lives(from) ? [source.replace(/\.ts(?=['"])/, '.js')] : [];
    const wanted = list.filter(({ here }) => names.has(here)).map(({ written }) => written);
    if (wanted.length === 0) return [];
    const comment = source.slice(0, source.search(/^(import|export)/m));
    const place = from === undefined ? '' : ` from '${from.replace(/^(\..*)\.ts$/, '$1.js')}'`;
    return [`${comment}${kind}${type} { ${wanted.join(', ')} }${place};`];
  });
  const text = kept.join('\n').replace(/import\("(\.[^"]+)\.ts"\)/g, 'import("$1.js")');
  // Without an export of its own a file of declarations exports all that it declares.
  return kept.length === 0 ? '' : `${brief(text)}\nexport {};\n`;
}

/** Tabs for spaces, and the members of the table of codes each on one line, without the words that are no use as a type. */
function brief(text) {
  return text
    .replace(/^(?: {4})+/gm, (spaces) => '\t'.repeat(spaces.length / 4))
    .replace(
      /\{\s*(readonly severity: '\w+';)\s*readonly about: (?:'(?:[^'\\]|\\.)*'|"[^"]*");\s*\}/g,
      '{ $1 readonly about: string }',
    );
}

function removeEmpty(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) removeEmpty(join(folder, entry.name));
  }
  if (readdirSync(folder).length === 0) rmdirSync(folder);
}
